//! An image file, and whether it is still the one that was read.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The file that a disk was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// As the command line has it.
    pub path: PathBuf,
    /// What it was when it was read.
    state: State,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    length: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl State {
    fn of(about: &Metadata) -> Self {
        Self {
            device: about.dev(),
            inode: about.ino(),
            length: about.len(),
            modified: (about.mtime(), about.mtime_nsec()),
        }
    }
}

impl ImageFile {
    /// The file at `path`, open as `file`.
    pub(super) fn of(path: &Path, file: &File) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), state: State::of(&file.metadata()?) })
    }

    /// Whether the path leads to another file now, or the file has another length or time of change.
    ///
    /// # Errors
    /// It is gone, or cannot be asked.
    pub(super) fn has_changed(&self) -> io::Result<bool> {
        Ok(State::of(&fs::metadata(&self.path)?) != self.state)
    }

    /// Whether both are one file, by whatever names.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.state.device, self.state.inode) == (other.state.device, other.state.inode)
    }

    /// Whether this path leads to it.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        fs::metadata(path)
            .is_ok_and(|about| (about.dev(), about.ino()) == (self.state.device, self.state.inode))
    }
}
