//! Which disks a run has, in which drives, and which of them boots.

use crate::args::{DiskArgs, Drive};
use crate::disk::{self, Disk, Place, Signature};
use crate::status::Failure;
use std::path::Path;

/// The disks of a run.
#[derive(Debug)]
pub struct Drives {
    /// All disks. Of several for one floppy drive the first is in it at power-on.
    pub disks: Vec<Disk>,
    /// The drive to boot from.
    pub boot: Drive,
}

/// Who is there to change floppies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// A person.
    Attended,
    /// Nobody.
    Unattended,
}

impl Drives {
    /// Reads one image, to boot from.
    ///
    /// # Errors
    /// Status 2: no image that a guest can boot.
    pub fn of_image(image: &Path, signature: Signature) -> Result<Self, Failure> {
        let disk = disk::load(image, Place::BySize, signature).map_err(Failure::usage)?;
        Ok(Self { boot: disk.drive, disks: vec![disk] })
    }

    /// Reads the image to boot from, and the further disks. Without an image, drive a boots, or else drive c.
    ///
    /// # Errors
    /// Status 2: a file is no disk, or the disks contradict each other.
    pub fn read(
        image: Option<&Path>,
        arguments: &DiskArgs,
        signature: Signature,
        attendance: Attendance,
    ) -> Result<Self, Failure> {
        let mut drives = match image {
            Some(image) => Self::of_image(image, signature)?,
            None => {
                let first = arguments.drive.iter().map(|argument| argument.drive).min();
                let boot = first.filter(|&drive| drive == Drive::A).unwrap_or(Drive::C);
                Self { disks: Vec::new(), boot }
            }
        };
        for argument in &arguments.drive {
            let boots = argument.drive == drives.boot && drives.in_drive(drives.boot).next().is_none();
            let signature = if boots { signature } else { Signature::Ignored };
            let loaded = disk::load(&argument.path, Place::In(argument.drive), signature);
            let write_protected = argument.write_protected;
            drives.disks.push(Disk { write_protected, ..loaded.map_err(Failure::usage)? });
        }
        drives.check(attendance)?;
        Ok(drives)
    }

    fn in_drive(&self, drive: Drive) -> impl Iterator<Item = &Disk> {
        self.disks.iter().filter(move |disk| disk.drive == drive)
    }

    fn check(&self, attendance: Attendance) -> Result<(), Failure> {
        for Disk { drive, .. } in &self.disks {
            if let Some(before) = drive.before()
                && self.in_drive(before).next().is_none()
            {
                return Err(Failure::usage(format!("there is a drive {drive}, but no drive {before}")));
            }
            let files: Vec<_> =
                self.in_drive(*drive).map(|disk| disk.file.path.display().to_string()).collect();
            if files.len() > 1 && !(drive.is_floppy() && attendance == Attendance::Attended) {
                let rule = if drive.is_floppy() {
                    "; only a person at the terminal can change floppies"
                } else {
                    ""
                };
                let files = files.join(" and ");
                return Err(Failure::usage(format!("drive {drive} cannot hold both {files}{rule}")));
            }
        }
        if self.in_drive(self.boot).next().is_none() {
            return Err(Failure::usage(format!("there is no disk in drive {} to boot from", self.boot)));
        }
        let bytes: u64 = self.disks.iter().map(Disk::length).sum();
        if bytes > disk::LARGEST {
            return Err(Failure::usage(format!(
                "the disks together have {} MiB; they may have {}",
                bytes.div_ceil(1 << 20),
                disk::LARGEST >> 20
            )));
        }
        if self.disks.len() > wire::MAX_DISKS {
            let (count, most) = (self.disks.len(), wire::MAX_DISKS);
            return Err(Failure::usage(format!("{count} disks are too many; a run may have {most}")));
        }
        Ok(())
    }

    /// Bytes of all disks that the guest can write to: what private copies may take.
    pub fn writable_bytes(&self) -> usize {
        let writable = self.disks.iter().filter(|disk| !disk.write_protected);
        // At most LARGEST.
        writable.map(|disk| disk.length() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::args::DriveArg;

    const FLOPPY: u64 = 1_474_560;
    const DISK: u64 = 4 << 20;

    /// The complaint about these drives, or the disks' drives and the one that boots.
    fn read(
        image: Option<u64>,
        drives: &[(&str, u8, u64)],
        attendance: Attendance,
    ) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, length: u64| {
            let path = folder.path().join(name);
            let mut sector = vec![0; 512];
            sector[510..].copy_from_slice(&[0x55, 0xAA]);
            fs::write(&path, sector).unwrap();
            fs::File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
            path
        };
        let image = image.map(|length| file("IMAGE", length));
        let drive = drives
            .iter()
            .map(|&(name, drive, length)| DriveArg {
                drive: Drive(drive),
                path: file(name, length),
                write_protected: false,
            })
            .collect();
        let arguments = DiskArgs { drive, ..DiskArgs::default() };
        Drives::read(image.as_deref(), &arguments, Signature::Required, attendance)
            .map(|drives| {
                let letters: String = drives.disks.iter().map(|disk| disk.drive.to_string()).collect();
                format!("{letters} {}", drives.boot)
            })
            .map_err(|failure| failure.message.replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn the_image_boots_and_else_drive_a_or_c() {
        use Attendance::Unattended;
        assert_eq!(read(Some(FLOPPY), &[("y", 0x80, DISK)], Unattended).unwrap(), "ac a");
        assert_eq!(read(Some(DISK), &[("y", 0x00, FLOPPY)], Unattended).unwrap(), "ca c");
        assert_eq!(read(Some(DISK), &[("y", 0x81, FLOPPY)], Unattended).unwrap(), "cd c");
        assert_eq!(read(None, &[("y", 0x80, DISK), ("x", 0x00, FLOPPY)], Unattended).unwrap(), "ca a");
        assert_eq!(read(None, &[("y", 0x80, FLOPPY)], Unattended).unwrap(), "c c");
    }

    #[test]
    fn drives_that_contradict_each_other_are_refused_in_words() {
        use Attendance::{Attended, Unattended};
        let complaint = |image, drives: &[_], attendance| read(image, drives, attendance).unwrap_err();
        let changer = "; only a person at the terminal can change floppies";
        let two = [("x", 0x00, FLOPPY), ("y", 0x00, FLOPPY)];
        assert_eq!(complaint(None, &two, Unattended), format!("drive a cannot hold both x and y{changer}"));
        assert_eq!(read(None, &two, Attended).unwrap(), "aa a");
        assert_eq!(
            complaint(Some(FLOPPY), &[("x", 0x00, FLOPPY)], Unattended),
            format!("drive a cannot hold both IMAGE and x{changer}")
        );
        assert_eq!(
            complaint(Some(DISK), &[("y", 0x80, DISK)], Attended),
            "drive c cannot hold both IMAGE and y"
        );
        assert_eq!(
            complaint(Some(FLOPPY), &[("y", 0x81, DISK)], Attended),
            "there is a drive d, but no drive c"
        );
        assert_eq!(complaint(None, &[("y", 0x01, FLOPPY)], Attended), "there is a drive b, but no drive a");
        let large = complaint(None, &[("x", 0x00, DISK)], Attended);
        assert!(large.contains("x: the file has 4194304 bytes; a floppy has at most 2949120"), "{large}");
        assert_eq!(
            complaint(Some(300 << 20), &[("y", 0x81, 300 << 20)], Attended),
            "the disks together have 600 MiB; they may have 512"
        );
    }
}
