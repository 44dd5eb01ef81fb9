//! What things cost in a VM: no row beyond its limit, and the book's tables near what is measured.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use cli::bench::rows::ROWS;

/// What is measured: every back-end.
const WAYS: [(&str, &str); 3] = [("core2", "v8086"), ("lynnfield", "v8086-ept"), ("skylake", "unrestricted")];

/// Where the tables are.
const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/cost-of-an-exit.md");

/// Behind this line the tables follow.
const TABLES: &str = "<!-- `hyper86 bench --markdown` -->\n";

/// Set this variable to write the tables anew.
const RENEW: &str = "HYPER86_RENEW_BENCH";

/// How far a median in the book may be from what is measured, in hundredths of it: more than a change elsewhere moves it
/// in passing.
const TOLERANCE: u32 = 10;

/// A row of a table.
struct Line {
    name: &'static str,
    median: u32,
    vmreads: u32,
    msrs: u32,
}

/// The table of one back-end, and whether `bench` finds everything within its limit.
fn measure((cpu, backend): (&str, &str)) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_hyper86"))
        .args(["bench", "--markdown", "--cpu", cpu, "--backend", backend])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{cpu} {backend}: {error}");
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

/// The rows of some tables.
fn lines(tables: &str) -> Vec<Line> {
    let numbers = |line: &str| -> Option<[u32; 3]> {
        let columns: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        Some([columns.get(1)?.parse().ok()?, columns.get(5)?.parse().ok()?, columns.get(7)?.parse().ok()?])
    };
    let rows = tables.lines().filter_map(numbers);
    rows.zip(ROWS.iter().cycle())
        .map(|([median, vmreads, msrs], row)| Line { name: row.name, median, vmreads, msrs })
        .collect()
}

#[test]
fn no_row_exceeds_its_limit_and_the_book_is_up_to_date() {
    let measurements = WAYS.map(|way| thread::spawn(move || measure(way))).map(|one| one.join().unwrap());
    let generated = measurements.each_ref().map(|(table, _)| table.as_str()).join("\n");
    let measured = lines(&generated);
    assert_eq!(measured.len(), WAYS.len() * ROWS.len(), "{generated}");
    for (line, row) in measured.iter().zip(ROWS.iter().cycle()) {
        let (limit, vmreads) = (row.limit, row.vmread_limit);
        assert!(
            line.median <= limit,
            "{}: {} instructions, at most {limit}\n{generated}",
            line.name,
            line.median
        );
        assert!(
            line.vmreads <= vmreads,
            "{}: {} VMREADs, at most {vmreads}\n{generated}",
            line.name,
            line.vmreads
        );
        assert_eq!(line.msrs, 0, "{}: accesses to MSRs\n{generated}", line.name);
    }
    assert!(measurements.iter().all(|(_, within)| *within), "too many exits, perhaps\n{generated}");

    let text = std::fs::read_to_string(BOOK).unwrap();
    let (before, tables) = text.split_once(TABLES).unwrap();
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(Path::new(BOOK), format!("{before}{TABLES}\n{generated}")).unwrap();
        return;
    }
    let written = lines(tables);
    assert_eq!(written.len(), measured.len(), "book/cost-of-an-exit.md: run this test with {RENEW}=1");
    for (written, measured) in written.iter().zip(&measured) {
        assert!(
            written.median.abs_diff(measured.median) * 100 <= measured.median * TOLERANCE,
            "book/cost-of-an-exit.md says {} for {} where {} is right: run this test with {RENEW}=1",
            written.median,
            written.name,
            measured.median
        );
    }
}
