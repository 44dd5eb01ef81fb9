//! The commands that need no machine: `audit`, `explain`, `caps`.

use std::path::PathBuf;

use clap::Args;

use crate::engine::Cpu;

/// What `audit --json` prints, for its help.
const AUDIT_JSON: &str = "\
Numbers are hexadecimal, with or without 0x or h. Status 0: no rule broken, 1: some are, 2: not readable.

--json prints one object: {command, file, format: kvm|xen|list|json, processor, status, violations: COUNT,
  dumps: [{label, machine: [{field, name, value, line}], msrs: [{area, msr, value}],
           violations: [{rule, field, encoding, value, demand, evidence, sentence, section: {number, title},
                         outcome, fix}],
           outcomes: [WHAT THE PROCESSOR MAY DO],
           undecided: [{rule, sentence, why, likely: {field, value}|null}], notes: [{line, text}]}],
  unknown: [{line, text}]}";

/// `audit`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = AUDIT_JSON)]
pub struct AuditArgs {
    /// The dump, or - for standard input: a kernel log of KVM's dump_vmcs, a console log of Xen, a list of names or
    /// encodings with values, or a JSON snapshot.
    #[arg(required_unless_present = "prove")]
    pub file: Option<PathBuf>,
    /// The processor: a model (core2, lynnfield, arrandale, haswell, skylake, tigerlake) or a file with its capability MSRs, as
    /// JSON or in lines such as `0x480: 00da040000000004`. Without it, rules that need it are not decided.
    #[arg(long, value_name = "FILE|MODEL")]
    pub caps: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Try mutated VM entries on a processor that is emulated, and compare what it does with what the rules say.
    #[arg(long, conflicts_with_all = ["file", "caps"])]
    pub prove: bool,
    /// The processor for --prove.
    #[arg(long, value_enum, default_value_t, value_name = "NAME", requires = "prove")]
    pub cpu: Cpu,
    /// How many VM entries --prove tries.
    #[arg(long, value_name = "N", default_value_t = 50_000, requires = "prove",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub cases: u64,
    /// Chooses the VM entries that --prove tries.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "prove")]
    pub seed: u64,
}

/// `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// An exit reason (48, 0x80000021, "exit 48"), an instruction error ("error 7"), a field (0x6820, guest_rflags), a
    /// value of it (cs_access_rights=0x9b), a capability MSR ("msr 0x482=0xf7f9fffe0401e172"), or a rule that `audit`
    /// names (guest.rflags.if).
    #[arg(required = true, value_name = "WHAT")]
    pub what: Vec<String>,
}

/// `caps`.
#[derive(Clone, Debug, Args)]
pub struct CapsArgs {
    /// A model: core2, lynnfield, arrandale, haswell, skylake, tigerlake.
    #[arg(long, value_name = "MODEL", default_value = "core2", conflicts_with = "caps")]
    pub cpu: String,
    /// A saved profile: JSON, or lines such as `0x480: 00da040000000004`.
    #[arg(long, value_name = "FILE")]
    pub caps: Option<String>,
    /// Print the profile as JSON, which --caps reads.
    #[arg(long)]
    pub json: bool,
}
