//! The post-mortem of a guest: what the VMM sent at an abnormal end, in words. Registers, the code and the stack where
//! the guest was, and the last exits with the instruction that each stood at.

mod disassembly;

use vmx::event::{InterruptionInformation, exception_name};
use vmx::exit::{BasicExitReason, ExitReason, Qualification};
use wire::{CodeSize, ExitRecord, LineKind, Registers};

use crate::bios_calls;
use crate::session::Report;
pub use disassembly::{Instruction, disassemble};

/// Instructions that are shown from where the guest was.
const INSTRUCTIONS: usize = 6;

/// Names of the general registers, in the order of [`Registers::general`].
pub const GENERAL: [&str; 8] = ["EAX", "EBX", "ECX", "EDX", "ESI", "EDI", "EBP", "ESP"];

/// Names of the segment registers, in the order of [`Registers::selectors`].
pub const SEGMENTS: [&str; 6] = ["ES", "CS", "SS", "DS", "FS", "GS"];

/// Where CS is among them, and SS.
const CS: usize = 1;
const SS: usize = 2;

/// All of it as lines for people; none if the VMM sent nothing.
pub fn lines(report: &Report) -> Vec<(LineKind, String)> {
    let Some(registers) = &report.registers else { return Vec::new() };
    let mut lines = vec![(LineKind::Heading, "The guest's registers".to_owned())];
    let mut detail = |text: String| lines.push((LineKind::Detail, text));
    register_lines(registers).into_iter().for_each(&mut detail);
    for instruction in code(registers) {
        detail(format!("{}  {:<20}  {}", instruction.address, instruction.bytes, instruction.text));
    }
    let stack: Vec<_> = registers
        .stack
        .as_chunks()
        .0
        .iter()
        .map(|word| format!("{:04X}", u16::from_le_bytes(*word)))
        .collect();
    let (ss, esp) = (registers.selectors[SS], registers.general[7]);
    detail(format!("stack at {ss:04X}:{esp:04X}  {}", stack.join(" ")));
    let all = report.figures.get("exits").copied().unwrap_or(0);
    let kept = report.exits.len();
    let heading = match kept {
        0 => "No exits: the guest did not run".to_owned(),
        _ => format!("The last {kept} of {all} exits"),
    };
    lines.push((LineKind::Heading, heading));
    let end = report.exits.last().map_or(0, |exit| exit.tsc);
    let first = all.saturating_sub(kept as u64);
    for (number, exit) in (first..).zip(&report.exits) {
        lines.push((LineKind::Detail, exit_line(number, exit, end)));
    }
    lines
}

/// The guest's screen as lines for people; none if nothing stands there.
pub fn screen(report: &Report) -> Vec<(LineKind, String)> {
    let rows = report.screen.text_rows();
    let Some(last) = rows.iter().rposition(|row| !row.is_empty()) else { return Vec::new() };
    let heading = (LineKind::Heading, "The guest's screen".to_owned());
    let rows = rows.into_iter().take(last + 1).map(|row| (LineKind::Detail, row));
    std::iter::once(heading).chain(rows).collect()
}

fn register_lines(registers: &Registers) -> Vec<String> {
    let Registers { general, eip, eflags, selectors, bases, cr0, tables: [gdtr, idtr], .. } = registers;
    let named = |range: std::ops::Range<usize>| -> String {
        range.map(|index| format!("{} {:08X}  ", GENERAL[index], general[index])).collect()
    };
    let segment = |(name, (selector, base)): (&str, (&u16, &u32))| {
        // In real mode the selector tells the base, until a program has made it otherwise.
        let usual = u32::from(*selector) << 4 == *base;
        let base = if usual { String::new() } else { format!(" (base {base:X}h)") };
        format!("{name} {selector:04X}{base}  ")
    };
    let segments: String = SEGMENTS.into_iter().zip(selectors.iter().zip(bases)).map(segment).collect();
    let rows = [
        named(0..4),
        named(4..8),
        format!("{segments}EIP {eip:08X}"),
        format!("EFLAGS {eflags:08X} ({})", flags(*eflags)),
        format!(
            "CR0 {cr0:08X}  GDTR {:08X}, limit {:04X}h  IDTR {:08X}, limit {:04X}h",
            gdtr.0, gdtr.1, idtr.0, idtr.1
        ),
    ];
    rows.map(|row| row.trim_end().to_owned()).into()
}

/// The flags that are set, by name.
pub fn flags(eflags: u32) -> String {
    const NAMES: [(u32, &str); 12] = [
        (0, "CF"),
        (2, "PF"),
        (4, "AF"),
        (6, "ZF"),
        (7, "SF"),
        (8, "TF"),
        (9, "IF"),
        (10, "DF"),
        (11, "OF"),
        (14, "NT"),
        (16, "RF"),
        (18, "AC"),
    ];
    let set: Vec<_> = NAMES.iter().filter(|(bit, _)| eflags >> bit & 1 == 1).map(|&(_, name)| name).collect();
    if set.is_empty() { "none set".to_owned() } else { set.join(" ") }
}

/// The instructions from where the guest was, up to memory that holds zeros only.
pub fn code(registers: &Registers) -> Vec<Instruction> {
    let Registers { selectors, eip, size, code, .. } = registers;
    let instructions = disassemble(selectors[CS], *eip, *size, code).take(INSTRUCTIONS);
    let is_code = |each: &Instruction| !each.bytes.trim_matches('0').is_empty();
    instructions.take_while(is_code).collect()
}

/// The instruction at which an exit was taken.
pub fn instruction(exit: &ExitRecord) -> Option<Instruction> {
    disassemble(exit.cs, exit.rip, exit.size, &exit.code).next()
}

fn exit_line(number: u64, exit: &ExitRecord, end: u64) -> String {
    let ago = end.saturating_sub(exit.tsc);
    let text = instruction(exit).map_or_else(|| "?".to_owned(), |instruction| instruction.text);
    format!("{number:>8}  -{ago:<10} {:04X}:{:04X}  {text:<28} {}", exit.cs, exit.rip, description(exit))
}

/// Why an exit was taken, with what its qualification says.
pub fn description(exit: &ExitRecord) -> String {
    let (reason, interruption) = (ExitReason(exit.reason), InterruptionInformation(exit.interruption));
    let detail = match reason.basic() {
        // The error code's presence tells nothing, since real mode has none.
        Some(BasicExitReason::ExceptionOrNmi) => Some(
            exception_name(interruption.vector()).map_or_else(|| interruption.to_string(), str::to_owned),
        ),
        Some(BasicExitReason::ExternalInterrupt) => Some(format!("vector {:02X}h", interruption.vector())),
        Some(BasicExitReason::Vmcall) => {
            let vector = pc::service_vector(exit.cs, exit.rip as u16);
            vector.map(|vector| bios_calls::title(vector, exit.rax as u32))
        }
        _ => match Qualification::decode(reason, interruption, exit.qualification) {
            Qualification::None => None,
            qualification => Some(qualification.to_string()),
        },
    };
    match detail {
        Some(detail) => format!("{reason}: {detail}"),
        None => reason.to_string(),
    }
}

/// The word for a size of code, for programs.
pub fn bits(size: CodeSize) -> Option<u8> {
    match size {
        CodeSize::Unknown => None,
        CodeSize::Bits16 => Some(16),
        CodeSize::Bits32 => Some(32),
    }
}
