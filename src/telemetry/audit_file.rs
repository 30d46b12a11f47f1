//! The audit log as a file: only ever appended to, and opened anew when it was moved or removed, as rotation does.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::WholeLines;

/// Whoever may read who decided what: the user of the gateway and its group.
const MODE: u32 = 0o640;

/// A file of lines. Each write is one line.
#[derive(Debug)]
pub struct AuditFile {
    path: PathBuf,
    lines: WholeLines<File>,
}

impl AuditFile {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_path_buf(), lines: append_to(path)? })
    }

    fn reopen_if_moved(&mut self) -> io::Result<()> {
        let same = |there: Metadata, open: Metadata| (there.dev(), there.ino()) == (open.dev(), open.ino());
        let in_place = match std::fs::metadata(&self.path) {
            Ok(there) => same(there, self.lines.sink.metadata()?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if !in_place {
            self.lines = append_to(&self.path)?;
        }
        Ok(())
    }
}

/// Whoever wrote before, another process on a full disk perhaps, may have left a part of a line.
fn append_to(path: &Path) -> io::Result<WholeLines<File>> {
    let file = OpenOptions::new().append(true).create(true).mode(MODE).open(path)?;
    let metadata = file.metadata()?;
    let mut last = *b"\n";
    if metadata.is_file() && metadata.len() > 0 {
        // Another handle: a pipe that one could read from would never break.
        File::open(path)?.read_exact_at(&mut last, metadata.len() - 1)?;
    }
    Ok(WholeLines { sink: file, torn: last != *b"\n" })
}

impl Write for AuditFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line).map(|()| line.len())
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        self.reopen_if_moved()?;
        self.lines.write_all(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_appended_to_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        std::fs::write(&path, "before\n").unwrap();
        AuditFile::open(&path).unwrap().write_all(b"after\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before\nafter\n");
    }

    #[test]
    fn a_file_that_was_moved_or_removed_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (path, moved) = (directory.path().join("audit.jsonl"), directory.path().join("audit.jsonl.1"));
        let mut file = AuditFile::open(&path).unwrap();
        file.write_all(b"one\n").unwrap();
        std::fs::rename(&path, &moved).unwrap();
        file.write_all(b"two\n").unwrap();
        std::fs::remove_file(&path).unwrap();
        file.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "one\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
    }

    #[test]
    fn a_line_that_another_process_tore_does_not_spoil_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.jsonl");
        std::fs::write(&path, "{}\n{\"half").unwrap();
        let mut file = AuditFile::open(&path).unwrap();
        file.write_all(b"{}\n").unwrap();
        file.write_all(b"{}\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n{\"half\n{}\n{}\n");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let mut file = AuditFile::open(Path::new("/dev/full")).unwrap();
        assert_eq!(file.write_all(b"{}\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
