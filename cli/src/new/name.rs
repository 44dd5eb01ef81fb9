//! Names that a program may have. It becomes the name of a package and of a binary, so cargo's rules hold, and rustc's
//! for crates; the refusals are ours, so that they come before a file is written.

use std::path::Path;

/// Words that cannot name a crate: Rust's keywords ("The Rust Reference", Keywords), crates that are there already,
/// and folders of cargo's own.
const TAKEN: [&str; 62] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core", //
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if", //
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv", //
    "proc_macro",
    "pub",
    "ref",
    "return",
    "rt",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true", //
    "try",
    "type",
    "typeof",
    "union",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// The longest name, in bytes: what crates.io takes.
const LONGEST: usize = 64;

/// The name of the program in this folder.
pub(super) fn of(folder: &Path) -> Result<&str, String> {
    let Some(name) = folder.file_name() else {
        return Err(format!(
            "{:?} does not end in a name; give the folder to create",
            folder.display().to_string()
        ));
    };
    let shown = name.display();
    let name = name
        .to_str()
        .filter(|name| name.bytes().all(is_allowed))
        .ok_or_else(|| format!("{shown:?} cannot name a program: use the letters a to z, digits, - and _"))?;
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Err(format!("{name:?} cannot name a program: it must start with a letter"));
    }
    if TAKEN.contains(&name.replace('-', "_").to_ascii_lowercase().as_str()) {
        return Err(format!("{name:?} cannot name a program: the word is taken; choose another name"));
    }
    if name.len() > LONGEST {
        return Err(format!("{name:?} cannot name a program: it has more than {LONGEST} characters"));
    }
    Ok(name)
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_folder_is_the_name() {
        for (folder, name) in [("lab", "lab"), ("/tmp/a b/vmx-lab_2", "vmx-lab_2"), ("x/Lab/", "Lab")] {
            assert_eq!(of(Path::new(folder)), Ok(name));
        }
        let longest = "a".repeat(LONGEST);
        assert_eq!(of(Path::new(&longest)), Ok(longest.as_str()));
    }

    #[test]
    fn what_cannot_name_a_crate_is_refused() {
        let rows = [
            ("", "does not end in a name"),
            ("/", "does not end in a name"),
            ("a/..", "does not end in a name"),
            ("2lab", "must start with a letter"),
            ("-lab", "must start with a letter"),
            ("_", "must start with a letter"),
            ("my lab", "letters a to z"),
            ("lab.rs", "letters a to z"),
            ("läb", "letters a to z"),
            ("fn", "the word is taken"),
            ("Core", "the word is taken"),
            ("proc-macro", "the word is taken"),
            ("rt", "the word is taken"),
        ];
        for (folder, words) in rows {
            let message = of(Path::new(folder)).unwrap_err();
            assert!(message.contains(words), "{folder}: {message}");
        }
        assert!(of(Path::new(&"a".repeat(LONGEST + 1))).unwrap_err().contains("64"));
    }
}
