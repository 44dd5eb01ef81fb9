//! The corpus: the files of a folder, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use fuzz::Corpus;

use crate::status::Failure;

/// All files together, so that a boot does not load for long. In bytes.
const LIMIT: usize = 4 << 20;

/// Reads a folder. Of a long file the start is taken.
///
/// # Errors
/// Status 2: no folder, or nothing in it; or too much. Status 3: a file cannot be read.
pub fn read(folder: &Path) -> Result<Vec<u8>, Failure> {
    let unusable = |why: String| Failure::usage(format!("the corpus {}: {why}", folder.display()));
    let entries = fs::read_dir(folder).map_err(|error| unusable(error.to_string()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>();
    let mut paths = paths.map_err(|error| unusable(error.to_string()))?;
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut corpus = Vec::new();
    for path in paths {
        let mut bytes =
            fs::read(&path).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))?;
        bytes.truncate(Corpus::FILE_LIMIT);
        if !bytes.is_empty() {
            corpus.extend(Corpus::head(bytes.len() as u32));
            corpus.extend(bytes);
        }
    }
    match corpus.len() {
        0 => Err(unusable("it holds no file with anything in it".to_owned())),
        length if length > LIMIT => Err(unusable(format!("it is larger than {} MiB", LIMIT >> 20))),
        _ => Ok(corpus),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_names_and_empty_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).is_err(), "an empty folder");
        for (name, bytes) in [("b", &[2; 70_000][..]), ("a", &[1]), ("c", &[])] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        fs::create_dir(folder.path().join("d")).unwrap();
        let bytes = read(folder.path()).unwrap();
        let corpus = Corpus::new(&bytes);
        assert_eq!(corpus.count(), 2);
        assert_eq!(corpus.file(0), [1]);
        assert_eq!(corpus.file(1), [2; Corpus::FILE_LIMIT]);
        assert!(read(&folder.path().join("nothing")).is_err());
    }
}
