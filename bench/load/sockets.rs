//! All sockets of the thread, looked at without ever waiting.

use std::io::{self, Read, Write};
use std::time::Duration;

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Events taken at once.
const AT_ONCE: usize = 1024;

/// Which sockets have something to read.
#[derive(Debug)]
pub(crate) struct Sockets {
    poll: Poll,
    events: Events,
    next: usize,
}

impl Sockets {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { poll: Poll::new()?, events: Events::with_capacity(AT_ONCE), next: 0 })
    }

    /// Watches a socket from now on, under the number answered.
    pub(crate) fn watch(&mut self, socket: &mut impl Source) -> io::Result<usize> {
        let number = self.next;
        self.next += 1;
        self.poll.registry().register(socket, Token(number), Interest::READABLE)?;
        Ok(number)
    }

    /// The numbers of the sockets that have become readable since the last look.
    pub(crate) fn readable(&mut self) -> io::Result<Vec<usize>> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        Ok(self.events.iter().map(|event| event.token().0).collect())
    }
}

/// A connection and what has come over it so far.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    pub(crate) received: Vec<u8>,
}

impl Connection {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }

    /// Takes what there is; false when the other side has gone.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(count) => {
                    self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    // A short read has taken everything: the next bytes are another event.
                    if count < buffer.len() {
                        return true;
                    }
                }
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Messages are far smaller than the buffers of the system: one that does not fit counts as lost.
    pub(crate) fn give(&mut self, bytes: &[u8]) -> bool {
        self.stream.write(bytes).is_ok_and(|count| count == bytes.len())
    }
}
