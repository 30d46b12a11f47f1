//! HTTP/2 (RFC 9113) by hyper, in front of the routes of actix-web. The latter's own HTTP/2 has no bound for the
//! streams and the age of a connection, nor for the heads on it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::error::PayloadError;
use actix_http::header::{HeaderName, HeaderValue};
use actix_http::{BoxedPayloadStream, Method, Payload, Request, Response, Uri, Version};
use actix_service::Service;
use actix_web::web::Bytes;
use futures_util::stream;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

/// Requests in flight at most on one connection: what the RFC calls the least that is sensible (§6.5.2).
const MAX_STREAMS: u32 = 100;
/// Longest head, in bytes as the RFC counts them (§6.5.2).
const MAX_HEAD: u32 = 64 * 1024;
/// Unsent bytes of answers held at most for one stream.
const MAX_UNSENT: usize = 64 * 1024;
/// How often a quiet client is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// How old a connection may become before its client is asked to open another one. A client that acknowledges pings
/// and takes no answer would hold it for ever; and new replicas get their share.
const MAX_AGE: Duration = Duration::from_mins(10);

/// Serves one connection to its end: the client's, or `patience` after it became too old or `draining` was over.
pub(super) async fn serve<S, B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    client: Option<SocketAddr>,
    routes: Rc<S>,
    draining: impl Future<Output = ()>,
    patience: Duration,
) where
    S: Service<Request> + 'static,
    S::Response: Into<Response<B>>,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    let answer = service_fn(move |request| {
        let routes = Rc::clone(&routes);
        async move {
            let head = request.method() == hyper::Method::HEAD;
            let answered = match incoming(request, client) {
                Some(request) => routes.call(request).await.map_err(Into::into),
                None => Err(Response::bad_request()),
            };
            Ok::<_, Infallible>(match answered {
                Ok(response) => outgoing(response.into().map_into_boxed_body(), head),
                Err(response) => outgoing(response, head),
            })
        }
    });
    let connection = http2::Builder::new(SameThread)
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .max_send_buf_size(MAX_UNSENT)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    tokio::select! {
        // How it ends is the client's affair.
        _ended = connection.as_mut() => return,
        () = sleep(MAX_AGE) => (),
        () = draining => (),
    }
    connection.as_mut().graceful_shutdown();
    drop(timeout(patience, connection).await);
}

/// Handlers of actix-web stay on the thread of their connection.
#[derive(Clone, Copy, Debug)]
struct SameThread;

impl<F> Executor<F> for SameThread
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, future: F) {
        // One request: it ends by its deadline, and its decisions are tracked where they are made.
        drop(spawn_local(future));
    }
}

/// The request in the types of actix-web, which are of an older `http`; none if those refuse it.
fn incoming(request: hyper::Request<Incoming>, client: Option<SocketAddr>) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let stream = Box::pin(frames(body)) as BoxedPayloadStream;
    let mut request = Request::with_payload(Payload::Stream { payload: stream });
    let head = request.head_mut();
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).ok()?;
    // The form that HTTP/1.1 sends to an origin; CONNECT has no path.
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    head.uri = target.parse::<Uri>().ok()?;
    head.version = Version::HTTP_2;
    head.peer_addr = client;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        head.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(request)
}

/// The data of a body; its trailers are dropped.
fn frames(mut body: Incoming) -> impl stream::Stream<Item = Result<Bytes, PayloadError>> {
    stream::poll_fn(move |context| {
        loop {
            let frame = match ready!(Pin::new(&mut body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(PayloadError::Io(std::io::Error::other(error)))));
                }
                None => return Poll::Ready(None),
            };
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Some(Ok(data)));
            }
        }
    })
}

fn outgoing(response: Response<BoxBody>, head: bool) -> hyper::Response<Outgoing> {
    let (response, body) = response.into_parts();
    let size = body.size();
    let mut answer = hyper::Response::new(Outgoing((!head).then_some(body)));
    *answer.status_mut() =
        hyper::StatusCode::from_u16(response.status().as_u16()).unwrap_or(hyper::StatusCode::BAD_GATEWAY);
    for (name, value) in response.headers() {
        let name = hyper::header::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = hyper::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && !OF_THE_CONNECTION.contains(&name)
        {
            answer.headers_mut().append(name, value);
        }
    }
    if let (true, BodySize::Sized(size)) = (head, size) {
        answer.headers_mut().entry(hyper::header::CONTENT_LENGTH).or_insert_with(|| size.into());
    }
    answer
}

/// Fields that HTTP/2 forbids (RFC 9113 §8.2.2).
const OF_THE_CONNECTION: [hyper::header::HeaderName; 3] =
    [hyper::header::CONNECTION, hyper::header::TRANSFER_ENCODING, hyper::header::UPGRADE];

/// An answer's body, if it is sent at all.
#[derive(Debug)]
struct Outgoing(Option<BoxBody>);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_next(context).map_ok(Frame::data);
        frame.map_err(|error| std::io::Error::other(error.to_string()))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|body| body.size().is_eof())
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.as_ref().map(MessageBody::size) {
            Some(BodySize::Sized(size)) => SizeHint::with_exact(size),
            Some(BodySize::Stream) => SizeHint::new(),
            Some(BodySize::None) | None => SizeHint::with_exact(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use actix_service::fn_service;
    use hyper::client::conn::http2 as client;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(90);
    /// RFC 9113 §3.4, and a SETTINGS frame that changes nothing.
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    const SETTINGS: u8 = 4;

    /// The client's end of a connection whose routes answer with so many bytes, the clock standing still unless
    /// everybody waits. `Err` of the second: still served.
    fn connect(answer: usize) -> (DuplexStream, JoinHandle<Duration>) {
        tokio::time::pause();
        let (client, server) = duplex(64 * 1024);
        let body = Bytes::from(vec![b'a'; answer]);
        let routes = fn_service(move |_: Request| {
            ready(Ok::<_, actix_http::Error>(Response::ok().set_body(body.clone())))
        });
        let served = spawn_local(async move {
            let started = Instant::now();
            serve(server, None, Rc::new(routes), pending(), PATIENCE).await;
            started.elapsed()
        });
        (client, served)
    }

    /// A client that keeps to the protocol, with so much room for answers.
    async fn speak(stream: DuplexStream, room: u32) -> client::SendRequest<Outgoing> {
        let mut builder = client::Builder::new(SameThread);
        builder.initial_stream_window_size(room);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        // Acknowledges pings until the server ends it.
        drop(spawn_local(async move { drop(connection.await) }));
        sender
    }

    #[track_caller]
    fn expect_life(lived: Duration, expected: Duration) {
        assert!((expected..=expected + Duration::from_secs(2)).contains(&lived), "{lived:?}");
    }

    #[actix_web::test]
    async fn a_client_is_told_the_bounds() {
        let (mut stream, _served) = connect(1);
        stream.write_all(PREFACE).await.unwrap();
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[3], SETTINGS);
        let mut told = vec![0; usize::from(head[2])];
        stream.read_exact(&mut told).await.unwrap();
        // RFC 9113 §6.5.2: SETTINGS_MAX_CONCURRENT_STREAMS and SETTINGS_MAX_HEADER_LIST_SIZE.
        for (name, bound) in [(3, MAX_STREAMS), (6, MAX_HEAD)] {
            let setting = [&[0, name], &bound.to_be_bytes()[..]].concat();
            assert!(told.chunks(6).any(|found| found == setting), "{told:?}");
        }
    }

    #[actix_web::test]
    async fn a_peer_that_does_not_answer_a_ping_is_given_up() {
        let (mut stream, served) = connect(1);
        stream.write_all(PREFACE).await.unwrap();
        expect_life(served.await.unwrap(), PING_EVERY + PING_TIMEOUT);
    }

    #[actix_web::test]
    async fn an_idle_client_that_answers_pings_may_stay_until_its_connection_is_old() {
        let (stream, served) = connect(1);
        let _client = speak(stream, 1024).await;
        expect_life(served.await.unwrap(), MAX_AGE);
    }

    #[actix_web::test]
    async fn an_answer_that_nobody_takes_ends_with_its_connection() {
        let (stream, served) = connect(1024 * 1024);
        let mut client = speak(stream, 1024).await;
        let request = hyper::Request::get("https://gateway/").body(Outgoing(None)).unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        expect_life(served.await.unwrap(), MAX_AGE + PATIENCE);
    }
}
