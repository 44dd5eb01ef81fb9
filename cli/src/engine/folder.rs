//! The private folder of one run. A run that was killed cannot remove its folder, so the next one does.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

const PREFIX: &str = "hyper86-";

/// Locked as long as the run lives: the kernel drops the lock with the process.
const ALIVE: &str = "alive";

/// A folder that only this user may enter, removed when dropped.
pub(super) struct RunFolder {
    folder: TempDir,
    _alive: File,
}

impl RunFolder {
    pub(super) fn create() -> io::Result<Self> {
        remove_abandoned();
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let name = folder.path().join(ALIVE);
        // It gets its name only once it is locked: an abandoned folder is one whose named file can be locked.
        let unnamed = name.with_extension("new");
        let alive = File::create_new(&unnamed)?;
        rustix::fs::flock(&alive, FlockOperation::NonBlockingLockExclusive)?;
        fs::rename(unnamed, name)?;
        Ok(Self { folder, _alive: alive })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn remove_abandoned() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            // Somebody else's folder cannot be removed, and need not be.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path) -> bool {
    File::open(folder.join(ALIVE))
        .is_ok_and(|file| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
}
