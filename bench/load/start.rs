//! How long a program takes from its start to its first good answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::message::answer_end;
use crate::sockets::Sockets;
use crate::{Fallible, Load};

const PATIENCE: Duration = Duration::from_secs(20);

/// A program that ends with this process's interest in it.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) fn measure(load: &Load, command: &[String]) -> Fallible<Value> {
    let mut sockets = Sockets::new()?;
    let mut upstream = load.upstream(&mut sockets)?.ok_or("without an upstream nothing is answered")?;
    let letter = load.letters()?.write(0);
    let (program, arguments) = command.split_first().ok_or("there is no program to start")?;
    let began = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _started = Started(command.spawn()?);
    let mut buffer = vec![0; 64 * 1024];
    let mut asking: Option<(TcpStream, Vec<u8>)> = None;
    while began.elapsed() < PATIENCE {
        for number in sockets.readable()? {
            upstream.serve(number, &mut buffer, &mut sockets)?;
        }
        upstream.answer();
        let Some((stream, received)) = &mut asking else {
            asking = TcpStream::connect(load.to).ok().and_then(|mut stream| {
                stream.write_all(letter.as_bytes()).ok()?;
                stream.set_nonblocking(true).ok()?;
                Some((stream, Vec::new()))
            });
            continue;
        };
        match stream.read(&mut buffer) {
            Ok(0) => asking = None,
            Ok(count) => received.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => (),
            Err(_) => asking = None,
        }
        match asking.as_ref().and_then(|(_, received)| answer_end(received)) {
            Some((200, _)) => return Ok(json!({ "start_ms": began.elapsed().as_secs_f64() * 1e3 })),
            // It listens, and does not answer yet.
            Some(_) => asking = None,
            None => (),
        }
    }
    Err("there was no good answer in time".into())
}
