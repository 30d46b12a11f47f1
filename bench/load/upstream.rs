//! What stands for Graph: the same page of eight requests for whoever has the token, with the header fields that Graph sends.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpListener;

use crate::Fallible;
use crate::message::request_end;
use crate::sockets::{Connection, Sockets};

/// Eight made-up requests.
pub(crate) fn page() -> String {
    let request = |number: u32| {
        let (id, user) =
            (format!("TUFERS1VUC1JRC0wMDAwMDAwMDAwMDAwMDAwMDA{number}"), format!("1555010000{number}"));
        format!(
            r#"{{"join_request_id":"{id}","wa_id":"{user}","creation_timestamp":{}}}"#,
            1_755_548_877 + number * 61
        )
    };
    let requests = (0..8).map(request).collect::<Vec<_>>().join(",");
    let cursors = r#"{"before":"QVFIUmx1WTBpMGpJWXprYzVYaVhabW9","after":"QVFIUjRtc2dNMEFYc1d0Mk9xUm"}"#;
    format!(r#"{{"data":[{requests}],"paging":{{"cursors":{cursors}}}}}"#)
}

/// What Graph states beside its answers, made up.
pub(crate) const FIELDS: [(&str, &str); 13] = [
    ("vary", "Origin, Accept-Encoding"),
    ("x-app-usage", r#"{"call_count":3,"total_cputime":1,"total_time":1}"#),
    ("content-type", "application/json"),
    ("etag", "\"3f2a9c1b7d5e4f60812a3b4c5d6e7f8091a2b3c4\""),
    ("facebook-api-version", "v23.0"),
    ("strict-transport-security", "max-age=15552000; preload"),
    ("pragma", "no-cache"),
    ("x-fb-request-id", "AMadeUpRequestIdOfGraph"),
    ("x-fb-trace-id", "HMadeUpTrac"),
    ("x-fb-rev", "1019876543"),
    ("cache-control", "private, no-cache, no-store, must-revalidate"),
    ("expires", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("access-control-allow-origin", "*"),
];

const REFUSAL: &str =
    "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

/// The upstream, on sockets of its own.
#[derive(Debug)]
pub(crate) struct Upstream {
    listener: TcpListener,
    listening: usize,
    connections: HashMap<usize, Connection>,
    accepted: u64,
    requests: u64,
    refused: u64,
    bearer: String,
    answer: Vec<u8>,
    delay: Duration,
    /// To be given then, on this connection; true: the page.
    due: VecDeque<(Instant, usize, bool)>,
}

impl Upstream {
    pub(crate) fn new(at: SocketAddr, token: &str, delay: Duration, sockets: &mut Sockets) -> Fallible<Self> {
        let mut listener = TcpListener::bind(at)?;
        let body = page();
        let fields = FIELDS.map(|(name, value)| format!("{name}: {value}\r\n")).concat();
        let date = "date: Mon, 23 Nov 2026 12:00:00 GMT";
        Ok(Self {
            listening: sockets.watch(&mut listener)?,
            listener,
            connections: HashMap::new(),
            accepted: 0,
            requests: 0,
            refused: 0,
            bearer: format!("Bearer {token}"),
            answer: format!(
                "HTTP/1.1 200 OK\r\n{fields}{date}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .into(),
            delay,
            due: VecDeque::new(),
        })
    }

    pub(crate) const fn requests(&self) -> u64 {
        self.requests
    }

    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) const fn connections(&self) -> u64 {
        self.accepted
    }

    /// Serves the socket if it is one of its own.
    pub(crate) fn serve(&mut self, number: usize, buffer: &mut [u8], sockets: &mut Sockets) -> Fallible<()> {
        if number == self.listening {
            while let Ok((mut stream, _)) = self.listener.accept() {
                stream.set_nodelay(true)?;
                self.accepted += 1;
                self.connections.insert(sockets.watch(&mut stream)?, Connection::new(stream));
            }
            return Ok(());
        }
        let Some(connection) = self.connections.get_mut(&number) else { return Ok(()) };
        let open = connection.take(buffer);
        while let Some(end) = request_end(&connection.received) {
            let accepted =
                contains(connection.received.get(..end).unwrap_or_default(), self.bearer.as_bytes());
            connection.received.drain(..end);
            self.requests += 1;
            self.refused += u64::from(!accepted);
            self.due.push_back((Instant::now() + self.delay, number, accepted));
        }
        if !open {
            self.connections.remove(&number);
        }
        Ok(())
    }

    /// Gives the answers that are due.
    pub(crate) fn answer(&mut self) {
        while let Some((due, number, accepted)) = self.due.front().copied() {
            if !self.delay.is_zero() && due > Instant::now() {
                return;
            }
            self.due.pop_front();
            if let Some(connection) = self.connections.get_mut(&number) {
                connection.give(if accepted { &self.answer } else { REFUSAL.as_bytes() });
            }
        }
    }
}

fn contains(head: &[u8], text: &[u8]) -> bool {
    head.windows(text.len()).any(|window| window == text)
}
