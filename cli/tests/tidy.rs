//! What ARCHITECTURE.md promises and a compiler does not check: who depends on whom, where `unsafe` and assembly may
//! stand, how long files and functions are, and words that mean unfinished work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which crate of the project may use which, at run time.
const ARROWS: [(&str, &[&str]); 11] = [
    ("cli", &["fuzz", "pc", "vmx", "wire"]),
    ("fuzz", &["vmx"]),
    ("guests", &[]),
    ("pc", &["v8086"]),
    ("prover", &["rt", "vmx", "vtx"]),
    ("rt", &[]),
    ("v8086", &[]),
    ("vmm", &["fuzz", "pc", "rt", "v8086", "vmx", "vtx", "wire"]),
    ("vmx", &[]),
    ("vtx", &["rt", "vmx"]),
    ("wire", &[]),
];

/// Crates that are pure.
const LEAVES: [&str; 5] = ["fuzz", "pc", "v8086", "vmx", "wire"];

/// Where `unsafe` may stand. ARCHITECTURE.md names them.
const UNSAFE: [&str; 6] = [
    "crates/rt/src",
    "crates/vtx/src",
    "prover/src/cpu",
    "vmm/src/cpu",
    "vmm/src/memory",
    "vmm/src/operation.rs",
];

/// Folders where assembly may stand. ARCHITECTURE.md names them.
const ASSEMBLY: [&str; 7] = [
    "crates/rt/src",
    "crates/vtx/src",
    "prover/src/cpu",
    "vmm/src/cpu",
    "vmm/src/memory",
    "guests/src",
    "cli/tests/scenario",
];

/// Files may be this long, in lines.
const LONGEST_FILE: usize = 400;

/// Functions may be this long, in lines.
const LONGEST_FUNCTION: usize = 70;

/// Tables, which have the length that their subject gives them.
const TABLES: [&str; 3] = ["crates/vmx/src/field/table.rs", "table", "encodings"];

/// Words of unfinished work, split so that this file does not hold them.
const UNFINISHED: [[&str; 2]; 5] =
    [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["todo", "!("], ["unimplemented", "!("]];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A source file: its path from the workspace, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || self.path.starts_with(&format!("{place}/")))
    }

    /// Whether it holds nothing but tests, whose functions may be as long as their tables.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("_tests.rs")
    }

    /// Its lines without comments and without what stands in double quotes on one line.
    fn code(&self) -> impl Iterator<Item = String> + '_ {
        self.text.lines().map(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.split('"').step_by(2).collect::<Vec<_>>().join(" ")
        })
    }
}

fn sources(extensions: &[&str]) -> Vec<Source> {
    let workspace = workspace();
    let mut sources = Vec::new();
    for folder in ["cli", "crates", "guests", "prover", "vmm"] {
        collect(&workspace.join(folder), extensions, &workspace, &mut sources);
    }
    assert!(sources.len() > 5, "the sources are not where they were");
    sources
}

fn collect(folder: &Path, extensions: &[&str], workspace: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, extensions, workspace, sources);
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
        {
            let text = fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(workspace).unwrap().to_string_lossy().into_owned();
            sources.push(Source { path, text });
        }
    }
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Package → the project's packages that it uses at run time, with the features of all its dependencies.
fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps"])
        .current_dir(workspace())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn dependencies_point_only_where_the_map_says() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let allowed = BTreeMap::from(ARROWS);
    assert_eq!(names, allowed.keys().copied().collect(), "the packages are not those of the map");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let used: BTreeSet<&str> = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|name| names.contains(name))
            .collect();
        let allowed: BTreeSet<&str> = allowed[name].iter().copied().collect();
        assert!(used.is_subset(&allowed), "{name} uses {used:?}, may use {allowed:?}");
    }
}

#[test]
fn leaf_crates_are_pure() {
    for leaf in LEAVES {
        let text = fs::read_to_string(workspace().join("crates").join(leaf).join("src/lib.rs")).unwrap();
        for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            assert!(text.contains(attribute), "crates/{leaf} lacks {attribute}");
        }
    }
}

#[test]
fn unsafe_code_and_assembly_stand_only_in_their_folders() {
    let mut complaints = Vec::new();
    for source in sources(&["rs"]) {
        // Guests are assembly in a macro whose name and attributes need the word.
        let may_be_unsafe = source.is_in(&UNSAFE) || source.is_in(&["guests/src"]);
        let may_hold_assembly = source.is_in(&ASSEMBLY);
        for (number, line) in source.code().enumerate() {
            let has_word =
                |word: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word);
            let place = format!("{}:{}", source.path, number + 1);
            if has_word("unsafe") && !may_be_unsafe {
                complaints.push(format!("{place}: unsafe"));
            }
            if line.contains("asm!") && !may_hold_assembly {
                complaints.push(format!("{place}: assembly"));
            }
        }
    }
    for source in sources(&["s", "S", "asm"]) {
        if !source.is_in(&ASSEMBLY) {
            complaints.push(format!("{}: assembly", source.path));
        }
    }
    assert_none(complaints);
}

#[test]
fn the_map_names_the_folders_of_unsafe_code_and_assembly() {
    let map = fs::read_to_string(workspace().join("ARCHITECTURE.md")).expect("there is an ARCHITECTURE.md");
    let missing = UNSAFE.iter().chain(&ASSEMBLY).filter(|folder| !map.contains(**folder));
    assert_none(missing.map(|folder| format!("ARCHITECTURE.md does not name {folder}")).collect());
}

#[test]
fn files_and_functions_fit_their_limits() {
    let mut complaints = Vec::new();
    for source in sources(&["rs"]) {
        let lines: Vec<&str> = source.text.lines().collect();
        let stem = Path::new(&source.path).file_stem().unwrap().to_string_lossy().into_owned();
        let is_table = TABLES.iter().any(|table| source.path == *table || stem == *table);
        if lines.len() > LONGEST_FILE && !is_table {
            complaints.push(format!("{} has {} lines", source.path, lines.len()));
        }
        for (start, line) in lines.iter().enumerate().filter(|_| !source.is_test()) {
            if let Some(length) = function_length(line, &lines[start..])
                && length > LONGEST_FUNCTION
            {
                complaints.push(format!("{}:{}: a function of {length} lines", source.path, start + 1));
            }
        }
    }
    assert_none(complaints);
}

/// The lines of the function that starts at `line`, by indentation, which rustfmt makes reliable.
fn function_length(line: &str, rest: &[&str]) -> Option<usize> {
    let code = line.trim_start();
    let indentation = &line[..line.len() - code.len()];
    let head = code.split('(').next()?;
    if !head.split_whitespace().any(|word| word == "fn") || code.starts_with("//") {
        return None;
    }
    let end = format!("{indentation}}}");
    rest.iter()
        .position(|line| *line == end || line.ends_with(';') && line.trim_start().starts_with(code))
        .map(|at| at + 1)
}

#[test]
fn nothing_is_left_unfinished() {
    let mut complaints = Vec::new();
    for source in sources(&["rs", "s", "ld", "toml", "md"]) {
        let unfinished = UNFINISHED.map(|[one, two]| format!("{one}{two}"));
        for (number, line) in source.text.lines().enumerate() {
            for word in &unfinished {
                let found = line.match_indices(word.as_str()).any(|(at, _)| {
                    let is_word = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
                    is_word(line[..at].chars().next_back())
                        && (word.ends_with('(') || is_word(line[at + word.len()..].chars().next()))
                });
                if found {
                    complaints.push(format!("{}:{}: {word}", source.path, number + 1));
                }
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn each_module_says_why_it_is_there_and_has_a_name_that_tells() {
    let mut complaints = Vec::new();
    for source in sources(&["rs"]) {
        let opening = source.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        if !opening.starts_with("//!") && !source.is_test() {
            complaints.push(format!("{}: no opening", source.path));
        }
        let path = Path::new(&source.path).with_extension("");
        let empty = path.iter().find(|part| EMPTY_NAMES.iter().any(|name| part.eq_ignore_ascii_case(name)));
        if let Some(name) = empty {
            complaints.push(format!("{}: {name:?} says nothing", source.path));
        }
    }
    assert_none(complaints);
}
