//! Files that grow by whole pieces.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::JournalError;

/// Something that takes a whole piece or nothing.
pub(super) trait Append {
    /// Writes a piece. After an error nothing of it is there, as far as the disk lets that be undone.
    fn append(&mut self, piece: &[u8]) -> io::Result<()>;
}

/// A file of its own.
#[derive(Debug)]
pub(super) struct AppendFile {
    file: File,
    /// Length of the whole pieces.
    length: u64,
}

impl AppendFile {
    /// A new file; one that is there is never overwritten.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new().append(true).create_new(true).open(path);
        let file = file.map_err(|error| JournalError::io(path, error))?;
        Ok(Self { file, length: 0 })
    }

    pub(super) fn append_all(&mut self, piece: &[u8]) -> io::Result<()> {
        // Straight to the system: what was appended outlives the process.
        let written = self.file.write_all(piece);
        if written.is_ok() {
            self.length += piece.len() as u64;
        } else {
            // A torn piece in the middle would make the file unreadable. If it cannot be undone now, the next attempt
            // fails too, as a rule; the reader tells the line.
            let _ = self.file.set_len(self.length);
        }
        written
    }
}

impl Append for AppendFile {
    fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        self.append_all(piece)
    }
}
