//! A sink of lines none of which is spoilt by one before it that was written in part.

use std::io::{self, Write};

/// Writes lines, one with each call.
#[derive(Debug)]
pub struct WholeLines<W> {
    pub(super) sink: W,
    /// What stands there last may be a part of a line: the next one begins anew.
    pub(super) torn: bool,
}

impl<W: Write> WholeLines<W> {
    /// Goes on behind a whole line.
    pub const fn new(sink: W) -> Self {
        Self { sink, torn: false }
    }
}

impl<W: Write> Write for WholeLines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line).map(|()| line.len())
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.sink.write_all(b"\n")?;
        }
        self.torn = true;
        self.sink.write_all(line)?;
        // A line that is only in a buffer does not stand there yet.
        self.sink.flush()?;
        self.torn = false;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes at first, and everything after an error.
    struct Filling(Vec<u8>, Option<usize>);

    impl Write for Filling {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = match self.1 {
                Some(0) => {
                    self.1 = None;
                    return Err(io::ErrorKind::StorageFull.into());
                }
                Some(room) => room.min(bytes.len()),
                None => bytes.len(),
            };
            self.1 = self.1.map(|left| left - room);
            self.0.extend_from_slice(&bytes[..room]);
            Ok(room)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_torn_does_not_spoil_the_next() {
        for room in 1..=7 {
            let mut lines = WholeLines::new(Filling(Vec::new(), Some(room)));
            assert!(lines.write_all(b"{\"half\"}\n").is_err());
            lines.write_all(b"{}\n").unwrap();
            let text = String::from_utf8(lines.sink.0).unwrap();
            assert_eq!(text.lines().last(), Some("{}"), "{text}");
        }
    }
}
