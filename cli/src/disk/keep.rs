//! What becomes of a disk after the run: with `--write` the image is replaced, with `--save` the result goes elsewhere.
//!
//! A file is replaced as a whole or not at all: the result is written beside it, brought to the disk, and takes its
//! name in one step. Whatever can be known to fail is refused before anything boots.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::{CHUNK, Disk, ImageFile, SECTOR, next_data};
use crate::args::{DiskArgs, Drive, SaveArg};
use crate::session::{Report, Returned};
use crate::status::Failure;

/// What is to be done about one disk after the run.
#[derive(Debug)]
pub struct Keeper {
    /// Its place among the run's disks.
    pub disk: u8,
    /// Its drive.
    pub drive: Drive,
    source: ImageFile,
    /// The file to replace or to create, symbolic links resolved.
    target: PathBuf,
    /// The same as the person named it.
    name: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Write,
    Save,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The drive.
    pub drive: Drive,
    /// The file.
    pub path: PathBuf,
    /// What became of the file.
    pub fate: Fate,
}

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It holds what the guest made of the disk; so many sectors were written by the guest.
    Written(usize),
    /// The guest wrote nothing, and the file was left alone.
    Unchanged,
    /// It is as it was, and why.
    NotWritten(String),
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "drive {}: {} ", self.drive, self.path.display())?;
        match &self.fate {
            Fate::Written(1) => write!(f, "written, 1 sector of it by the guest"),
            Fate::Written(sectors) => write!(f, "written, {sectors} sectors of it by the guest"),
            Fate::Unchanged => write!(f, "left as it is: the guest wrote nothing to it"),
            Fate::NotWritten(reason) => write!(f, "not written, because {reason}"),
        }
    }
}

/// What `--write` and `--save` ask for.
///
/// # Errors
/// Status 2: a file cannot be replaced or created, or it is unclear which disk is meant.
pub fn plan(arguments: &DiskArgs, disks: &[Disk]) -> Result<Vec<Keeper>, Failure> {
    if arguments.write {
        return written(disks);
    }
    let keepers: Vec<Keeper> =
        arguments.save.iter().map(|save| saved(save, disks)).collect::<Result<_, _>>()?;
    for (index, keeper) in keepers.iter().enumerate() {
        if keepers[..index].iter().any(|other| other.target == keeper.target) {
            return Err(Failure::usage(format!("--save: {} is named twice", keeper.name.display())));
        }
        if keepers[..index].iter().any(|other| other.disk == keeper.disk) {
            return Err(Failure::usage(format!("--save: drive {} is named twice", keeper.drive)));
        }
    }
    Ok(keepers)
}

fn written(disks: &[Disk]) -> Result<Vec<Keeper>, Failure> {
    let mut keepers: Vec<Keeper> = Vec::new();
    for (index, disk) in (0..).zip(disks).filter(|(_, disk)| !disk.write_protected) {
        let path = &disk.file.path;
        let target = replaceable(path).map_err(|complaint| {
            Failure::usage(format!(
                "--write: {}: {complaint}; --save puts the result elsewhere",
                path.display()
            ))
        })?;
        if let Some(other) = keepers.iter().find(|other| other.source.is_same(&disk.file)) {
            let (one, two) = (other.drive, disk.drive);
            return Err(Failure::usage(format!(
                "--write: {} is in drive {one} and again in drive {two}, and only one result can replace it",
                path.display()
            )));
        }
        keepers.push(Keeper::new(index, disk, target, path, Kind::Write));
    }
    if keepers.is_empty() {
        return Err(Failure::usage("--write: every disk is write-protected"));
    }
    Ok(keepers)
}

/// What is to be done about a floppy that a person brings during a run with `--write`.
///
/// # Errors
/// The file cannot be replaced.
pub fn for_inserted(index: u8, disk: &Disk) -> Result<Keeper, String> {
    let path = &disk.file.path;
    Ok(Keeper::new(index, disk, replaceable(path)?, path, Kind::Write))
}

fn saved(save: &SaveArg, disks: &[Disk]) -> Result<Keeper, Failure> {
    let refused = |complaint: String| Failure::usage(format!("--save: {}: {complaint}", save.path.display()));
    let mut candidates =
        (0..).zip(disks).filter(|(_, disk)| save.drive.is_none_or(|drive| drive == disk.drive));
    let (index, disk) = match (candidates.next(), candidates.next(), save.drive) {
        (Some(only), None, _) => only,
        (None, _, drive) => {
            let drive = drive.map(|drive| drive.to_string()).unwrap_or_default();
            return Err(refused(format!("there is no disk in drive {drive}")));
        }
        (Some((_, first)), Some(_), None) => {
            return Err(refused(format!(
                "which disk? Name its drive, as in --save {}={}",
                first.drive,
                save.path.display()
            )));
        }
        (Some(_), Some(_), Some(drive)) => {
            return Err(refused(format!("drive {drive} has several floppies; --write keeps them all")));
        }
    };
    if disk.write_protected {
        return Err(refused(format!("drive {} is write-protected, so its disk stays as it is", disk.drive)));
    }
    if disks.iter().any(|other| other.file.is_at(&save.path)) {
        return Err(refused("this is an image of the run itself; --write replaces it".to_owned()));
    }
    let target = if save.path.symlink_metadata().is_ok() {
        replaceable(&save.path).map_err(refused)?
    } else {
        creatable(&save.path).map_err(refused)?
    };
    Ok(Keeper::new(index, disk, target, &save.path, Kind::Save))
}

/// The real path of a file that is there and can be replaced.
fn replaceable(path: &Path) -> Result<PathBuf, String> {
    let real = fs::canonicalize(path).map_err(|error| format!("cannot be written: {error}"))?;
    let about = real.metadata().map_err(|error| format!("cannot be written: {error}"))?;
    if about.is_dir() {
        return Err("this is a directory".to_owned());
    }
    if !about.is_file() {
        return Err("this is not a regular file".to_owned());
    }
    // Root may write to it all the same, but its owner has said what they want.
    if about.permissions().readonly() {
        return Err("the file is read-only".to_owned());
    }
    rustix::fs::access(&real, Access::WRITE_OK).map_err(|error| format!("cannot be written: {error}"))?;
    folder_takes_files(&real)?;
    Ok(real)
}

/// The path of a file that is not there and can be created.
fn creatable(path: &Path) -> Result<PathBuf, String> {
    let name = path.file_name().ok_or("this is no name of a file")?;
    let folder = folder_of(path);
    let folder = fs::canonicalize(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let real = folder.join(name);
    folder_takes_files(&real)?;
    Ok(real)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn folder_takes_files(path: &Path) -> Result<(), String> {
    let folder = folder_of(path);
    rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| format!("its folder {} takes no new file: {error}", folder.display()))
}

impl Keeper {
    fn new(index: u8, disk: &Disk, target: PathBuf, name: &Path, kind: Kind) -> Self {
        Self {
            disk: index,
            drive: disk.drive,
            source: disk.file.clone(),
            target,
            name: name.to_owned(),
            kind,
        }
    }

    /// Does it, if the run brought back everything that the guest wrote.
    pub fn keep(&self, report: &Report) -> Kept {
        let fate = match report.disks.get(&self.disk).and_then(Returned::whole) {
            None => Fate::NotWritten(report.conclusion.why_nothing_came_back()),
            Some(sectors) if sectors.is_empty() && self.kind == Kind::Write => Fate::Unchanged,
            Some(sectors) => match self.store(sectors) {
                Ok(()) => Fate::Written(sectors.len()),
                Err(error) => Fate::NotWritten(error.to_string()),
            },
        };
        Kept { drive: self.drive, path: self.name.clone(), fate }
    }

    fn store(&self, sectors: &BTreeMap<u32, Vec<u8>>) -> io::Result<()> {
        self.check_source()?;
        if self.target.exists() {
            replaceable(&self.target).map_err(io::Error::other)?;
        }
        let folder = folder_of(&self.target);
        let result = tempfile::Builder::new().prefix(".hyper86-").tempfile_in(folder)?;
        let source = File::open(&self.source.path)?;
        copy_data(&source, result.as_file())?;
        for (&lba, bytes) in sectors {
            result.as_file().write_all_at(bytes, u64::from(lba) * SECTOR)?;
        }
        let like = self.target.metadata().or_else(|_| source.metadata())?;
        // The owner may only be root's to give; the permissions are ours.
        let _ = std::os::unix::fs::fchown(result.as_file(), Some(like.uid()), Some(like.gid()));
        result.as_file().set_permissions(like.permissions())?;
        result.as_file().sync_all()?;
        self.check_source()?;
        result.persist(&self.target)?;
        // The file is replaced by now; that its name lasts through a power failure is what can still go wrong.
        File::open(folder)?.sync_all()
    }

    fn check_source(&self) -> io::Result<()> {
        if self.source.has_changed()? {
            let path = self.source.path.display();
            return Err(io::Error::other(format!("{path} was changed by somebody else during the run")));
        }
        Ok(())
    }
}

/// Copies what a file holds into an empty one, holes as holes.
fn copy_data(from: &File, to: &File) -> io::Result<()> {
    let length = from.metadata()?.len();
    to.set_len(length)?;
    let mut buffer = vec![0; CHUNK as usize];
    let mut offset = 0;
    while let Some(start) = next_data(from, offset, length)? {
        let size = CHUNK.min(length - start) as usize;
        from.read_exact_at(&mut buffer[..size], start)?;
        to.write_all_at(&buffer[..size], start)?;
        offset = start + size as u64;
    }
    Ok(())
}

#[cfg(test)]
#[path = "keep_tests.rs"]
mod tests;
