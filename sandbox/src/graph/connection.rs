//! The connection under a call, for answers that the HTTP library would not give.

use std::any::Any;
use std::io;
use std::os::fd::AsFd as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::graph::answer::Answer;
use crate::world::faults::{AnswerFault, Length, MAX_WAIT};

/// A second handle of a connection's socket.
struct Socket(std::net::TcpStream);

/// Keeps a second handle of each new connection beside it. Given to the HTTP library.
pub(crate) fn keep_socket(connection: &dyn Any, beside: &mut Extensions) {
    let stream = connection.downcast_ref::<TcpStream>();
    if let Some(Ok(handle)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        beside.insert(Socket(handle.into()));
    }
}

/// The connection of a call.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) fn of(request: &HttpRequest) -> io::Result<Self> {
        let socket = request.conn_data::<Socket>().ok_or(io::ErrorKind::NotConnected)?;
        TcpStream::from_std(socket.0.try_clone()?).map(Self)
    }

    /// Gives the answer over the bare socket, as the fault wants it, and ends the connection.
    pub(crate) async fn spoil(mut self, answer: &Answer, fault: &AnswerFault) -> HttpResponse {
        // Whether the caller is still there to see it makes no difference.
        drop(timeout(MAX_WAIT, self.play(answer, fault)).await);
        severed()
    }

    async fn play(&mut self, answer: &Answer, fault: &AnswerFault) -> io::Result<()> {
        let (body, length) = (answer.body(), answer.body().len());
        match fault {
            AnswerFault::Normal | AnswerFault::Error { .. } => self.send(answer, length, body).await,
            // The reset goes out when the last handle is dropped, right after this.
            AnswerFault::Reset => self.0.set_zero_linger(),
            AnswerFault::Close => self.0.shutdown().await,
            // The handler is dropped when its caller goes.
            AnswerFault::Stall => std::future::pending().await,
            AnswerFault::Truncated { bytes } => {
                let kept = bytes.unwrap_or(length / 2).min(length.saturating_sub(1));
                self.send(answer, length, body.get(..kept).unwrap_or_default()).await
            }
            AnswerFault::Drip { bytes, every_ms } => {
                self.0.write_all(&answer.head(length)).await?;
                for piece in body.chunks(*bytes) {
                    sleep(Duration::from_millis(*every_ms)).await;
                    self.0.write_all(piece).await?;
                }
                self.0.shutdown().await
            }
            AnswerFault::WrongLength(Length::Shorter) => self.send(answer, length / 2, body).await,
            AnswerFault::WrongLength(Length::Longer) => self.send(answer, length * 2, body).await,
        }
    }

    async fn send(&mut self, answer: &Answer, content_length: usize, body: &[u8]) -> io::Result<()> {
        self.0.write_all(&answer.head(content_length)).await?;
        self.0.write_all(body).await?;
        self.0.shutdown().await
    }
}

/// A response of which the HTTP library writes nothing: it drops the connection at the first look at
/// the body, with the head still unsent.
fn severed() -> HttpResponse {
    HttpResponse::with_body(StatusCode::OK, BoxBody::new(Severed))
}

struct Severed;

impl MessageBody for Severed {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
