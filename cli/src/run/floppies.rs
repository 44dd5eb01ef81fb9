//! The disks of a run that a person watches, as they go in and out of their drives.

use std::fs::File;
use std::path::{Path, PathBuf};

use wire::{Input, MAX_DISKS};

use super::letterbox;
use crate::args::Drive;
use crate::disk::keep::{self, Keeper};
use crate::disk::{self, Disk, ImageFile, Place, Signature};

/// A disk of the run.
struct Medium {
    drive: Drive,
    file: ImageFile,
    inserted: bool,
}

/// All disks, and the way in for more floppies.
pub(super) struct Floppies {
    media: Vec<Medium>,
    /// Where the letterbox is.
    boot_disk: Option<File>,
    /// Whether the guest's changes go back to the files.
    write: bool,
    /// What is to be kept of the floppies that were brought.
    keepers: Vec<Keeper>,
    /// The floppy that the VMM is taking out of the letterbox.
    pending: Option<u8>,
}

impl Floppies {
    /// At power-on the first disk of each drive is in it.
    pub(super) fn new(disks: &[Disk], write: bool) -> Self {
        let mut media: Vec<Medium> = Vec::new();
        for disk in disks {
            let inserted = media.iter().all(|other| other.drive != disk.drive);
            media.push(Medium { drive: disk.drive, file: disk.file.clone(), inserted });
        }
        Self { media, boot_disk: None, write, keepers: Vec::new(), pending: None }
    }

    /// The same with a way in: the end of the machine's boot disk.
    pub(super) fn with_letterbox(self, boot_disk: File) -> Self {
        Self { boot_disk: Some(boot_disk), ..self }
    }

    /// What boots, for the status line.
    pub(super) fn title(&self) -> String {
        self.media.first().map(|medium| name(&medium.file.path)).unwrap_or_default()
    }

    /// How many floppy drives the guest has.
    pub(super) fn drives(&self) -> usize {
        let has = |number| self.media.iter().any(|medium| medium.drive == Drive(number));
        [0, 1].into_iter().filter(|&number| has(number)).count()
    }

    /// What is in which drive, as in `a:dos.img c:disk.img`.
    pub(super) fn in_drives(&self) -> String {
        let mut drives: Vec<_> = self.media.iter().filter(|medium| medium.inserted).collect();
        drives.sort_by_key(|medium| medium.drive);
        let word = |medium: &&Medium| format!("{}:{}", medium.drive, name(&medium.file.path));
        drives.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// Puts the image at `path` into a drive: what the VMM is to do, and a note if the person should know more.
    pub(super) fn insert(&mut self, drive: Drive, path: &str) -> Result<(Input, Option<String>), String> {
        if self.pending.is_some() {
            return Err("the last floppy is still on its way".to_owned());
        }
        let path = expanded(path);
        let mut disk =
            disk::load(&path, Place::In(drive), Signature::Ignored).map_err(|error| error.to_string())?;
        if let Some(index) = self.media.iter().position(|medium| medium.file.is_same(&disk.file)) {
            let other = self.media[index].drive;
            if other != drive {
                return Err(format!("{} belongs to drive {other}", path.display()));
            }
            self.put_in(index);
            return Ok((Input::Insert(index as u8), None));
        }
        let index = u8::try_from(self.media.len()).ok().filter(|&index| usize::from(index) < MAX_DISKS);
        let index = index.ok_or_else(|| format!("a run may have {MAX_DISKS} disks"))?;
        let mut note = None;
        if self.write {
            match keep::for_inserted(index, &disk) {
                Ok(keeper) => self.keepers.push(keeper),
                Err(complaint) => {
                    disk.write_protected = true;
                    note = Some(format!("write-protected, since {}: {complaint}", path.display()));
                }
            }
        }
        let is_kept = self.write && !disk.write_protected;
        let boot_disk = self.boot_disk.as_ref().ok_or("this machine has no way in for a floppy")?;
        let load = letterbox::post(boot_disk, index, &disk, is_kept).map_err(|error| error.to_string())?;
        self.media.push(Medium { drive, file: disk.file, inserted: false });
        self.pending = Some(index);
        Ok((Input::Load(load), note))
    }

    /// The VMM has emptied the letterbox: a note for the person.
    pub(super) fn loaded(&mut self, index: u8, inserted: bool) -> String {
        self.pending = None;
        if inserted {
            self.put_in(index.into());
            return format!("inserted: {}", self.in_drives());
        }
        // Its place stays taken, so that numbers go on meaning the same.
        self.keepers.retain(|keeper| keeper.disk != index);
        "the floppy could not be inserted: the machine has no memory left for it".to_owned()
    }

    fn put_in(&mut self, index: usize) {
        let Some(drive) = self.media.get(index).map(|medium| medium.drive) else { return };
        for (number, medium) in self.media.iter_mut().enumerate() {
            if medium.drive == drive {
                medium.inserted = number == index;
            }
        }
    }

    /// What is to be kept of the floppies that were brought.
    pub(super) fn into_keepers(self) -> Vec<Keeper> {
        self.keepers
    }
}

/// The last part of a path.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A path as a shell reads it, as far as a home folder goes.
fn expanded(path: &str) -> PathBuf {
    match (path.trim().strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path.trim()),
    }
}
