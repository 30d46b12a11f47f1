//! A client's connection that comes to an end whatever the client does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// A connection that fails once nothing could be written to it for so long. The HTTP library ends idle connections
/// and slow first heads by itself; it has no limit for a later head, for a chunked body that nobody reads, and for
/// an answer that nobody takes. In each of them nothing is written, and in every honest exchange something is.
#[derive(Debug)]
pub(super) struct BoundedConnection<S> {
    stream: S,
    patience: Duration,
    last_write: Instant,
    /// Due at the end of the patience or earlier: a write does not move it.
    alarm: Pin<Box<Sleep>>,
}

impl<S> BoundedConnection<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        let now = Instant::now();
        Self { stream, patience, last_write: now, alarm: Box::pin(sleep_until(now + patience)) }
    }

    /// Fails when the time is over; else sees to it that the task is woken when it is.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.alarm.as_mut().poll(context).is_ready() {
            let end = self.last_write + self.patience;
            if end <= Instant::now() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(end);
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BoundedConnection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BoundedConnection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.last_write = Instant::now();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use actix_http::{HttpService, Protocol, Request, Response};
    use actix_service::{Service, ServiceFactory, fn_service};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(90);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n";

    /// The client's end of a connection that the HTTP library serves with answers of this size, the clock standing
    /// still unless everybody waits.
    async fn connect(answer: usize) -> DuplexStream {
        tokio::time::pause();
        let (client, server) = duplex(1024);
        let answer =
            move |_: Request| ready(Ok::<_, actix_http::Error>(Response::ok().set_body("a".repeat(answer))));
        let http = HttpService::build()
            .keep_alive(Duration::from_mins(1))
            .client_request_timeout(Duration::from_secs(10))
            .finish(fn_service(answer))
            .new_service(())
            .await
            .unwrap();
        tokio::task::spawn_local(async move {
            let connection = BoundedConnection::new(server, PATIENCE);
            // How it ends is seen by the client.
            drop(http.call((connection, Protocol::Http1, None)).await);
        });
        client
    }

    /// Reads one answer of one byte.
    async fn answer(client: &mut DuplexStream) {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\na") {
            assert!(client.read_buf(&mut answer).await.unwrap() > 0, "{answer:?}");
        }
    }

    /// Sends the piece every second until the connection ends; tells how long that took.
    async fn drip(client: &mut DuplexStream, piece: &[u8]) -> Duration {
        let started = Instant::now();
        while client.write_all(piece).await.is_ok() {
            assert!(started.elapsed() < PATIENCE * 2, "it stays open");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        started.elapsed()
    }

    #[track_caller]
    fn expect_patience(lived: Duration) {
        assert!((PATIENCE..=PATIENCE + Duration::from_secs(2)).contains(&lived), "{lived:?}");
    }

    #[actix_web::test]
    async fn a_later_head_that_does_not_end_ends_the_connection() {
        let mut client = connect(1).await;
        client.write_all(REQUEST).await.unwrap();
        answer(&mut client).await;
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        expect_patience(drip(&mut client, b"a").await);
    }

    #[actix_web::test]
    async fn a_chunked_body_that_nobody_reads_ends_the_connection() {
        let mut client = connect(1).await;
        client
            .write_all(b"POST / HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        answer(&mut client).await;
        expect_patience(drip(&mut client, b"1\r\n \r\n").await);
    }

    #[actix_web::test]
    async fn an_answer_that_nobody_takes_ends_the_connection() {
        let mut client = connect(1024 * 1024).await;
        client.write_all(REQUEST).await.unwrap();
        tokio::time::sleep(PATIENCE + Duration::from_secs(1)).await;
        assert_eq!(client.write_all(b" ").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[actix_web::test]
    async fn a_connection_with_answers_on_it_lives_on() {
        let mut client = connect(1).await;
        for _ in 0..5 {
            client.write_all(REQUEST).await.unwrap();
            answer(&mut client).await;
            tokio::time::sleep(Duration::from_secs(59)).await;
        }
    }
}
