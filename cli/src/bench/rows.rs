//! What is measured, in the order of `guests/src/boot_sector/bench.rs`, and how much each may cost: the one home of the
//! limits.

/// A thing that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// For programs.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    /// The most instructions that the median may have.
    pub limit: u32,
    /// The most VMREADs of an exit.
    pub vmread_limit: u32,
    /// What Linux 6.1's KVM takes in virtual-8086 mode on the Core 2 model in the same Bochs, its mitigations off; `None`
    /// if it cannot do it.
    pub kvm: Option<u32>,
    /// The most exits, where that is limited.
    pub exit_limit: Option<u32>,
}

/// VMREADs of an exit.
const READS: u32 = 5;

/// VMREADs of an exit that may come as a #GP, whose instruction is decoded.
const READS_DECODED: u32 = 7;

const fn row(name: &'static str, what: &'static str, kvm: u32, limit: u32) -> Row {
    Row { name, what, limit, vmread_limit: READS, kvm: Some(kvm), exit_limit: None }
}

/// All of them.
pub const ROWS: [Row; 17] = [
    row("cpuid", "CPUID, leaf 0", 953, 110),
    row("vmcall", "VMCALL: INT 12h, the least BIOS service", 911, 100),
    row("out_pic", "OUT 21h (interrupt controller)", 1963, 140),
    row("in_pic", "IN 21h", 1240, 140),
    row("out_uart", "OUT 3F8h (COM1)", 3147, 170),
    row("in_uart", "IN 3FDh", 3181, 170),
    row("out_pit", "OUT 40h (timer)", 1344, 170),
    Row {
        vmread_limit: READS_DECODED,
        ..row("hlt", "HLT until the next timer tick, the sleep aside", 4240, 300)
    },
    Row { vmread_limit: READS_DECODED, ..row("rdmsr", "RDMSR of the time-stamp counter", 2816, 170) },
    row("irq_pair", "OUT 21h unmasks, interrupt, its handler masks by OUT 21h, IRET", 12_385, 450),
    row("int_iret", "INT n and IRET", 2, 2),
    row("cli_sti", "CLI and STI", 2, 2),
    row("pushf_popf", "PUSHF and POPF", 2, 2),
    row("text_write", "write to B8000h", 5326, 1),
    row("uart_1000", "1000 characters through the polled COM1", 6_425_000, 350_000),
    Row { exit_limit: Some(16), ..row("rep_outsb_1000", "REP OUTSB, 1000 bytes to COM1", 5_849_000, 45_000) },
    Row {
        kvm: None,
        ..row("rep_insw_256", "REP INSW, 256 words from 20h (interrupt controller)", 0, 20_000)
    },
];
