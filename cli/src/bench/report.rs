//! The measurements for people, for programs, and for the book.

use serde::Serialize;

use super::Bench;
use super::rows::{ROWS, Row};
use super::samples::Cost;

/// `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BenchObject {
    cpu: String,
    backend: String,
    rows: Vec<RowObject>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct RowObject {
    name: &'static str,
    median: u32,
    worst: u32,
    vmread: u32,
    vmwrite: u32,
    msr: u32,
    limit: u32,
}

/// What the numbers are.
const LEGEND: &str = "\
Instructions of the engine, whose time-stamp counter counts them: the median and the worst of 300 rounds, without the
loop around them. The worst has met the machine's timer or the console's turn. Beside each, of one exit: VMREADs, VMWRITEs,
RDMSRs and WRMSRs. KVM is Linux 6.1's, in virtual-8086 mode on the Core 2 model of the same engine, mitigations off.";

impl Bench {
    fn rows(&self) -> impl Iterator<Item = (&'static Row, &Cost)> {
        ROWS.iter().zip(&self.costs)
    }

    /// What exceeds its limit, one sentence each.
    pub fn excesses(&self) -> Vec<String> {
        let mut excesses = Vec::new();
        for (row, cost) in self.rows() {
            let mut check = |what: &str, is: u32, limit: u32| {
                if is > limit {
                    excesses.push(format!("{}: {is} {what}, and {limit} is the limit", row.name));
                }
            };
            check("instructions", cost.median, row.limit);
            check("VMREADs", cost.per_exit(cost.vmreads), row.vmread_limit);
            check("accesses to MSRs", cost.msrs, 0);
            if let Some(limit) = row.exit_limit {
                check("exits", cost.exits, limit);
            }
        }
        excesses
    }

    /// For `--json`.
    pub fn json(&self) -> BenchObject {
        let row = |(row, cost): (&'static Row, &Cost)| RowObject {
            name: row.name,
            median: cost.median,
            worst: cost.worst,
            vmread: cost.per_exit(cost.vmreads),
            vmwrite: cost.per_exit(cost.vmwrites),
            msr: cost.per_exit(cost.msrs),
            limit: row.limit,
        };
        BenchObject {
            cpu: self.cpu.short_name(),
            backend: self.backend.clone(),
            rows: self.rows().map(row).collect(),
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text =
            format!("What things cost in a VM: {}, back-end {}\n\n", self.cpu.short_name(), self.backend);
        let mut line = |columns: [String; 8]| {
            let [what, median, worst, limit, kvm, reads, writes, msrs] = columns;
            text.push_str(&format!(
                "{what:<64} {median:>8} {worst:>8} {limit:>8} {kvm:>8} {reads:>7} {writes:>8} {msrs:>4}\n"
            ));
        };
        line(["", "median", "worst", "at most", "KVM", "VMREADs", "VMWRITEs", "MSRs"].map(str::to_owned));
        self.rows().for_each(|(row, cost)| line(columns(row, cost)));
        text.push_str(&format!("\n{LEGEND}\n"));
        for excess in self.excesses() {
            text.push_str(&format!("over the limit: {excess}\n"));
        }
        text
    }

    /// For the book.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "### {} on {}\n\n| what | median | worst | at most | KVM | VMREADs | VMWRITEs | MSRs |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|\n",
            self.backend,
            self.cpu.short_name()
        );
        for (row, cost) in self.rows() {
            text.push_str(&format!("| {} |\n", columns(row, cost).join(" | ")));
        }
        text
    }
}

fn columns(row: &Row, cost: &Cost) -> [String; 8] {
    [
        row.what.to_owned(),
        cost.median.to_string(),
        cost.worst.to_string(),
        row.limit.to_string(),
        row.kvm.map_or_else(|| "–".to_owned(), |kvm| kvm.to_string()),
        cost.per_exit(cost.vmreads).to_string(),
        cost.per_exit(cost.vmwrites).to_string(),
        cost.per_exit(cost.msrs).to_string(),
    ]
}
