//! `new NAME`: writes the source of a bare-metal program that boots into 64-bit mode.
//!
//! The new folder needs nothing of this one: the runtime is copied into it. The files are part of this program, from
//! the template beside it and, listed by the build script, from the runtime itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::status::{Failure, Status};

mod name;

/// The runtime's files but its `Cargo.toml`: path below `crates/rt`, and contents.
static RUNTIME: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runtime_files.rs"));

/// What takes the place of the runtime's manifest, which leans on our workspace.
const RUNTIME_MANIFEST: &str = include_str!("../template/rt/Cargo.toml.in");

/// The program's own files. `{name}` and the like are replaced.
const TEMPLATE: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("../template/Cargo.toml.in")),
    ("README.md", include_str!("../template/README.md.in")),
    (".gitignore", include_str!("../template/gitignore.in")),
    (".cargo/config.toml", include_str!("../template/config.toml.in")),
    ("build.rs", include_str!("../template/build.rs")),
    ("src/main.rs", include_str!("../template/src/main.rs.in")),
];

/// Carries out `new`. The last part of `folder` is the program's name.
///
/// # Errors
/// The name is no crate name, or the folder holds something (status 2); a file cannot be written (status 3).
pub fn new(folder: &Path) -> Result<Status, Failure> {
    let name = name::of(folder).map_err(Failure::usage)?;
    refuse_what_is_there(folder).map_err(Failure::usage)?;
    for (path, contents) in files(name) {
        let path = folder.join(path);
        write(&path, &contents)
            .map_err(|error| Failure::refused(format!("{} cannot be written: {error}", path.display())))?;
    }
    let folder = folder.display();
    println!("{folder} is ready. Its src/main.rs is yours; build it with cargo in {folder}, boot it with:");
    println!("  hyper86 run-app {folder}");
    Ok(Status::Done)
}

/// Only a folder that is new or empty is written to.
fn refuse_what_is_there(folder: &Path) -> Result<(), String> {
    match fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(format!("{} exists and is not empty; choose another name", folder.display())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(format!("{} exists and is no folder; choose another name", folder.display()))
        }
        Err(error) => Err(format!("{} cannot be looked into: {error}", folder.display())),
    }
}

/// Every file of a program of this name.
fn files(name: &str) -> Vec<(PathBuf, String)> {
    let fill_in = |text: &str| {
        text.replace("{name}", name)
            .replace("{version}", env!("CARGO_PKG_VERSION"))
            .replace("{rustflags}", &flag_lines())
    };
    let program = TEMPLATE.iter().map(|&(path, text)| (PathBuf::from(path), fill_in(text)));
    let runtime = RUNTIME.iter().map(|&(path, text)| (Path::new("rt").join(path), text.to_owned()));
    program.chain([(PathBuf::from("rt/Cargo.toml"), fill_in(RUNTIME_MANIFEST))]).chain(runtime).collect()
}

/// The runtime's flags as lines of a TOML array. Cargo starts rustc in the program's folder, so the linker script
/// needs no absolute path.
fn flag_lines() -> String {
    let flags = RUNTIME.iter().find(|&&(path, _)| path == "flags.txt").map_or("", |&(_, text)| text);
    flags
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|flag| format!("    \"{}\",\n", flag.replace("{link.ld}", "rt/link.ld")))
        .collect()
}

fn write(path: &Path, contents: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(files: &'a [(PathBuf, String)], path: &str) -> &'a str {
        files.iter().find(|(found, _)| found == Path::new(path)).map(|(_, text)| text.as_str()).unwrap()
    }

    #[test]
    fn every_place_of_the_template_is_filled_in() {
        for (path, text) in files("vmx-lab") {
            for place in ["{name}", "{version}", "{rustflags}", "{link.ld}"] {
                // Where the runtime's own files explain the place, it stays.
                assert!(path.starts_with("rt/") || !text.contains(place), "{place} in {}", path.display());
            }
        }
    }

    #[test]
    fn the_runtimes_files_are_all_there_and_stand_alone() {
        let files = files("lab");
        for path in ["rt/src/lib.rs", "rt/link.ld", "rt/flags.txt", "rt/Cargo.toml", ".cargo/config.toml"] {
            assert!(!text(&files, path).is_empty(), "{path}");
        }
        assert!(!text(&files, "rt/Cargo.toml").contains("workspace"));
        assert!(text(&files, ".cargo/config.toml").contains("\"-Clink-arg=-Wl,-T,rt/link.ld\",\n"));
    }

    #[test]
    fn the_runtime_has_no_dependency_that_its_copy_would_lack() {
        assert!(!include_str!("../../crates/rt/Cargo.toml").contains("dependencies"));
    }
}
