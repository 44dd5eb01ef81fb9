//! Lists the runtime's files for `new`, which copies them: a list that is made cannot forget one.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the package's folder"));
    let runtime = package.join("../crates/rt");
    println!("cargo::rerun-if-changed={}", runtime.display());
    let mut files = Vec::new();
    collect(&runtime, &mut files).expect("the runtime's folder is readable");
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let path = file.strip_prefix(&runtime).expect("it was found there");
        // The copy has a manifest of its own.
        if path != Path::new("Cargo.toml") {
            writeln!(list, "    ({path:?}, include_str!({file:?})),").expect("a string takes everything");
        }
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder for output"));
    fs::write(out.join("runtime_files.rs"), list).expect("the folder for output is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}
