//! What can be wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};

/// Why a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder holds no run.
    #[error("{} holds no run: there is no `{file}` in it. Give the folder that a run left, `reports/<name>-<start>`", folder.display())]
    NoRun {
        /// Which folder.
        folder: PathBuf,
        /// What is missing.
        file: &'static str,
    },
    /// There is a run in the folder already.
    #[error("{} exists already: a run never overwrites another. Give another folder with `--out`", .0.display())]
    Exists(PathBuf),
    /// Input or output failed.
    #[error("{}: {source}", file.display())]
    Io {
        /// Which file or folder.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}: {message}", file.display())]
    Line {
        /// Which file.
        file: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        message: String,
    },
    /// A line is not the one that was written there.
    #[error("{}:{line}: this line was changed, or one before it is missing, repeated or of another run; or an earlier version wrote it, without checksums. A report of it could be wrong: take the file as the run left it", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// Counted from 1.
        line: u64,
    },
    /// Made by a newer version.
    #[error("{}: format {found}, and this version reads up to {known}: use the version of `runner` that wrote it, or a newer one", file.display())]
    Newer {
        /// Which file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
}

impl JournalError {
    pub(super) fn io(file: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AlreadyExists {
            return Self::Exists(file.to_owned());
        }
        Self::Io {
            file: file.to_owned(),
            source,
        }
    }
}
