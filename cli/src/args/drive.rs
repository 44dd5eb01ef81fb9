//! The disks of a command line: `--drive`, `--write`, `--save`.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args};

/// The letters of floppy drives, and of disks.
const FLOPPIES: &[u8] = b"ab";
const DISKS: &[u8] = b"cdef";

/// What a write-protected disk ends in.
const READ_ONLY: &[u8] = b",ro";

/// A drive, by the number that the BIOS gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drive(pub u8);

impl Drive {
    /// The first floppy drive.
    pub const A: Self = Self(0x00);
    /// The first disk.
    pub const C: Self = Self(0x80);

    /// Whether it takes floppies.
    pub fn is_floppy(self) -> bool {
        self.0 < Self::C.0
    }

    /// The one before it of its kind.
    pub fn before(self) -> Option<Self> {
        (self != Self::A && self != Self::C).then(|| Self(self.0 - 1))
    }

    fn from_letter(letter: u8) -> Option<Self> {
        let place = |letters: &[u8], first: Self| {
            letters.iter().zip(first.0..).find(|(known, _)| **known == letter).map(|(_, number)| Self(number))
        };
        place(FLOPPIES, Self::A).or_else(|| place(DISKS, Self::C))
    }
}

/// Its letter.
impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letters, first) = if self.is_floppy() { (FLOPPIES, Self::A) } else { (DISKS, Self::C) };
        let letter = letters.get(usize::from(self.0 - first.0)).copied().unwrap_or(b'?');
        write!(f, "{}", char::from(letter))
    }
}

/// `--drive LETTER=FILE[,ro]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriveArg {
    /// Where it goes.
    pub drive: Drive,
    /// The image.
    pub path: PathBuf,
    /// Whether the guest's writes are refused.
    pub write_protected: bool,
}

/// `--save [LETTER=]FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveArg {
    /// Which drive's disk; `None` for the only one.
    pub drive: Option<Drive>,
    /// Where it goes.
    pub path: PathBuf,
}

/// The disks, and what becomes of them.
#[derive(Clone, Debug, Default, Args)]
pub struct DiskArgs {
    /// A further disk: floppies in a and b, hard disks in c, d, e, f; with ",ro" behind FILE it is write-protected. May
    /// be repeated; for a floppy drive also with the same letter, and a person at the terminal changes the floppies.
    #[arg(long, value_name = "LETTER=FILE[,ro]", action = ArgAction::Append,
          value_parser = OsStringValueParser::new().try_map(drive))]
    pub drive: Vec<DriveArg>,
    /// When the run ends, replace each image that the guest has written to by what it has become. Otherwise the guest
    /// writes to a private copy that is lost.
    #[arg(long, conflicts_with = "save")]
    pub write: bool,
    /// When the run ends, write what the disk has become to FILE instead. LETTER says which disk, if there are several;
    /// may be repeated.
    #[arg(long, value_name = "[LETTER=]FILE", action = ArgAction::Append,
          value_parser = OsStringValueParser::new().try_map(save))]
    pub save: Vec<SaveArg>,
}

fn drive(value: OsString) -> Result<DriveArg, String> {
    let [letter, b'=', file @ ..] = value.as_bytes() else {
        return Err("it begins with a drive's letter and '=', such as a=FILE".to_owned());
    };
    let drive = Drive::from_letter(letter.to_ascii_lowercase()).ok_or_else(|| {
        format!("there is no drive {}: floppies go into a and b, disks into c to f", char::from(*letter))
    })?;
    let (file, write_protected) = match file.strip_suffix(READ_ONLY) {
        Some(file) => (file, true),
        None => (file, false),
    };
    if file.is_empty() {
        return Err(format!("no file is named for drive {drive}"));
    }
    Ok(DriveArg { drive, path: path(file), write_protected })
}

/// A file whose name begins with a letter and '=' needs a folder in front, as in `./a=b`.
fn save(value: OsString) -> Result<SaveArg, String> {
    let save = match value.as_bytes() {
        [letter, b'=', file @ ..] => {
            let drive = Drive::from_letter(letter.to_ascii_lowercase());
            let drive = drive.ok_or_else(|| format!("there is no drive {}", char::from(*letter)))?;
            SaveArg { drive: Some(drive), path: path(file) }
        }
        file => SaveArg { drive: None, path: path(file) },
    };
    if save.path.as_os_str().is_empty() { Err("no file is named".to_owned()) } else { Ok(save) }
}

fn path(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_is_a_letter_and_a_file() {
        let good = |text: &str| drive(text.into()).unwrap();
        let expected = |drive, path: &str, write_protected| DriveArg {
            drive: Drive(drive),
            path: path.into(),
            write_protected,
        };
        let rows = [
            ("a=x.img", expected(0x00, "x.img", false)),
            ("B=x,ro", expected(0x01, "x", true)),
            ("c=a=b,rw", expected(0x80, "a=b,rw", false)),
            ("f=/x/y,ro,ro", expected(0x83, "/x/y,ro", true)),
        ];
        for (text, drive) in rows {
            assert_eq!(good(text), drive, "{text}");
        }
        for bad in ["", "a", "x.img", "a=", "a=,ro", "g=x", "1=x", "=x", "ab=x"] {
            assert!(drive(bad.into()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_place_to_save_to_may_name_its_drive() {
        let rows = [
            ("out", Some((None, "out"))),
            ("./a=b", Some((None, "./a=b"))),
            ("c=out", Some((Some(Drive::C), "out"))),
            ("z=out", None),
            ("a=", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let expected = expected.map(|(drive, path)| SaveArg { drive, path: path.into() });
            assert_eq!(save(text.into()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn letters_and_numbers_belong_together() {
        for (letter, number) in [(b'a', 0x00), (b'b', 0x01), (b'c', 0x80), (b'f', 0x83)] {
            assert_eq!(Drive::from_letter(letter), Some(Drive(number)));
            assert_eq!(Drive(number).to_string(), char::from(letter).to_string());
        }
        assert_eq!(Drive(0x81).before(), Some(Drive::C));
        assert_eq!((Drive::A.before(), Drive::C.before()), (None, None));
    }
}
