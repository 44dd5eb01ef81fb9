//! Reads register dumps of QEMU and VirtualBox, which show the guest's registers and not the VMCS.
//!
//! Such a dump is what people post when an entry failed, and much of it is not what the processor saw: CR0, CR3, CR4 and
//! EFER are the guest's view, and where there is no unrestricted guest, a guest in real mode runs in virtual-8086 mode
//! with other segments and flags. So in protected mode the segments, tables, RIP, RSP and RFLAGS are taken, in real mode
//! the tables, RIP and RSP, and nothing else.

use vmx::Field;
use vmx::control_register::cr0;
use vmx::segment::{SegmentFields, SegmentName};

use super::dump::{Dump, Format, Note, Reading, Repetition, number};
use super::names::Part;
use super::text::Line;

/// Whether the text holds such a dump.
pub fn is_registers(lines: &[Line]) -> bool {
    lines.iter().any(|line| segment(&line.text).is_some())
}

/// The registers, as one dump.
pub fn read(lines: &[Line]) -> Reading {
    let mut registers = Registers::default();
    let mut unknown = Vec::new();
    for line in lines {
        if !registers.take(line) {
            unknown.push(Note { line: line.number, text: line.text.clone() });
        }
    }
    Reading { format: Format::Registers, dumps: vec![registers.into_dump()], unknown }
}

#[derive(Default)]
struct Registers {
    /// What the VMCS holds, too.
    same: Vec<(Field, u64, usize)>,
    /// What it holds only where the guest is in protected mode, or unrestricted.
    in_protected_mode: Vec<(Field, u64, usize)>,
    /// CR0 and its line.
    cr0: Option<(u64, usize)>,
}

impl Registers {
    /// Takes what a line tells; `false` when it tells nothing.
    fn take(&mut self, line: &Line) -> bool {
        let (text, at) = (&line.text, line.number);
        let mut found = false;
        if let Some((fields, [selector, base, limit, rights])) = segment(text) {
            let parts = [
                (fields.selector, selector),
                (fields.base, base),
                (fields.limit, limit),
                (fields.access_rights, rights),
            ];
            self.in_protected_mode.extend(parts.map(|(field, value)| (field, value, at)));
            found = true;
        }
        if let Some((base_field, limit_field, base, limit)) = table(text) {
            self.same.extend([(base_field, base, at), (limit_field, limit, at)]);
            found = true;
        }
        for (name, value) in pairs(text) {
            match name.to_ascii_lowercase().as_str() {
                "eip" | "rip" => self.same.push((Field::GUEST_RIP, value, at)),
                "esp" | "rsp" => self.same.push((Field::GUEST_RSP, value, at)),
                "efl" | "rfl" | "eflags" | "rflags" => {
                    self.in_protected_mode.push((Field::GUEST_RFLAGS, value, at));
                }
                "cr0" => self.cr0 = self.cr0.or(Some((value, at))),
                name if is_register(name) => {}
                _ => continue,
            }
            found = true;
        }
        found
    }

    fn into_dump(self) -> Dump {
        let mut dump = Dump::default();
        let is_protected = self.cr0.is_some_and(|(value, _)| value & cr0::PE != 0);
        let first =
            self.same.iter().chain(&self.in_protected_mode).map(|(.., line)| *line).min().unwrap_or(1);
        let line = self.cr0.map_or(first, |(_, line)| line);
        for (field, value, line) in self.same {
            dump.set((field, Part::Whole), value, line, Repetition::FirstCounts);
        }
        if is_protected {
            for (field, value, line) in self.in_protected_mode {
                dump.set((field, Part::Whole), value, line, Repetition::FirstCounts);
            }
        } else {
            let why = "outside protected mode segments and RFLAGS are those of the VMCS only in an unrestricted guest";
            dump.note(line, format!("{why}; not checked"));
        }
        dump.note(
            line,
            "CR0, CR3, CR4 and EFER are the guest's view, not what the VMCS holds; not checked".into(),
        );
        dump.note(
            first,
            "registers are not the VMCS: kvm_intel.dump_invalid_vmcs=1 makes KVM print that into the kernel's log"
                .into(),
        );
        dump
    }
}

/// Registers of which nothing is taken.
fn is_register(name: &str) -> bool {
    let general = ["ax", "bx", "cx", "dx", "si", "di", "bp"];
    let plain = name.strip_prefix(['e', 'r']).unwrap_or(name);
    let is_numbered = ["r", "cr", "dr", "xmm", "fpr"]
        .iter()
        .any(|start| name.strip_prefix(start).is_some_and(|rest| rest.parse::<u8>().is_ok()));
    general.contains(&plain) || is_numbered || ["efer", "fcw", "mxcsr", "ccs", "ccd"].contains(&name)
}

/// A segment register: selector, base, limit, access rights as the VMCS has them.
fn segment(text: &str) -> Option<(SegmentFields, [u64; 4])> {
    let (name, rest) = text.split_once('=')?;
    let name = if name.trim().eq_ignore_ascii_case("LDT") { "LDTR" } else { name.trim() };
    let name = SegmentName::ALL.into_iter().find(|known| known.to_string().eq_ignore_ascii_case(name))?;
    let words: Vec<&str> = rest.split([' ', '{', '}', '=']).filter(|word| !word.is_empty()).collect();
    let values = match words[..] {
        // VirtualBox: `{0008 base=0000000000000000 limit=ffffffff flags=0000a09b}`.
        [selector, "base", base, "limit", limit, "flags", flags, ..] => {
            [digits(selector, 4)?, number(base)?, digits(limit, 8)?, number(flags)?]
        }
        // QEMU: `0008 00000000 ffffffff 00cf9b00`, the last the upper half of a descriptor.
        [selector, base, limit, flags, ..] if matches!(base.len(), 8 | 16) => {
            const PRESENT: u64 = 1 << 7;
            const UNUSABLE: u64 = 1 << 16;
            let rights = digits(flags, 8)? >> 8 & 0xF0FF;
            let rights = if rights & PRESENT == 0 { rights | UNUSABLE } else { rights };
            [digits(selector, 4)?, number(base)?, digits(limit, 8)?, rights]
        }
        _ => return None,
    };
    Some((name.fields(), values))
}

/// A number of exactly so many digits.
fn digits(word: &str, count: usize) -> Option<u64> {
    (word.len() == count).then(|| number(word))?
}

/// GDTR or IDTR: base and limit.
fn table(text: &str) -> Option<(Field, Field, u64, u64)> {
    let (name, rest) = text.split_once('=')?;
    let (base_field, limit_field) = match name.trim().to_ascii_uppercase().as_str() {
        "GDT" | "GDTR" => (Field::GUEST_GDTR_BASE, Field::GUEST_GDTR_LIMIT),
        "IDT" | "IDTR" => (Field::GUEST_IDTR_BASE, Field::GUEST_IDTR_LIMIT),
        _ => return None,
    };
    let mut words = rest.split([' ', ':']).filter(|word| !word.is_empty());
    Some((base_field, limit_field, number(words.next()?)?, number(words.next()?)?))
}

/// Each word before a `=` with the number behind it.
fn pairs(text: &str) -> impl Iterator<Item = (&str, u64)> {
    text.match_indices('=').filter_map(|(at, _)| {
        let name = text[..at].trim_end().rsplit([' ', '}', '{']).next()?;
        let value = text[at + 1..].split_whitespace().next()?;
        Some((name, number(value)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::text;

    const QEMU: &str = "KVM: entry failed, hardware error 0x80000021\n\
        EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000663\n\
        ESI=00000000 EDI=00000000 EBP=00000000 ESP=00007c00\n\
        EIP=00008000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n\
        CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]\n\
        ES =0010 00000000 ffffffff 00cf9200 DPL=0 DS   [-W-]\n\
        FS =0000 00000000 00000000 00000000\n\
        GDT=     000f6180 00000037\n\
        CR0=00000011 CR2=00000000 CR3=00000000 CR4=00000000\n";

    fn dump(text: &str) -> Dump {
        let lines = text::lines(text.as_bytes());
        assert!(is_registers(&lines));
        read(&lines).dumps.remove(0)
    }

    #[test]
    fn in_protected_mode_the_segments_of_qemu_are_taken_and_the_control_registers_are_not() {
        let dump = dump(QEMU);
        let rows = [
            (Field::GUEST_RIP, Some(0x8000)),
            (Field::GUEST_RSP, Some(0x7C00)),
            (Field::GUEST_RFLAGS, Some(2)),
            (Field::GUEST_CS_SELECTOR, Some(8)),
            (Field::GUEST_CS_LIMIT, Some(0xFFFF_FFFF)),
            (Field::GUEST_CS_ACCESS_RIGHTS, Some(0xC09B)),
            (Field::GUEST_ES_ACCESS_RIGHTS, Some(0xC092)),
            (Field::GUEST_FS_ACCESS_RIGHTS, Some(0x1_0000)),
            (Field::GUEST_GDTR_BASE, Some(0xF6180)),
            (Field::GUEST_GDTR_LIMIT, Some(0x37)),
            (Field::GUEST_CR0, None),
            (Field::GUEST_CR4, None),
        ];
        for (field, value) in rows {
            assert_eq!(dump.machine.get(field), value, "{field}");
        }
    }

    #[test]
    fn in_real_mode_only_what_is_the_same_everywhere_is_taken() {
        let dump = dump(&QEMU.replace("CR0=00000011", "CR0=60000010"));
        assert_eq!(dump.machine.get(Field::GUEST_CS_ACCESS_RIGHTS), None);
        assert_eq!(dump.machine.get(Field::GUEST_RFLAGS), None);
        assert_eq!(dump.machine.get(Field::GUEST_GDTR_LIMIT), Some(0x37));
        assert!(dump.notes.iter().any(|note| note.text.contains("unrestricted")));
    }

    #[test]
    fn virtualbox_writes_braces() {
        let dump = dump(
            "rip=0000000000009568 rsp=0000000000000fd0 iopl=0 nv up\n\
             cs={0008 base=0000000000000000 limit=ffffffff flags=0000c09b} dr0=0000000000000000\n\
             gdtr=0000000000001000:0047  eflags=00000202\n\
             gs={0000 base=0000000000000000 limit=ffffffff flags=0001c0f3} cr0=00000011 cr2=00000000\n",
        );
        assert_eq!(dump.machine.get(Field::GUEST_CS_ACCESS_RIGHTS), Some(0xC09B));
        assert_eq!(dump.machine.get(Field::GUEST_GS_ACCESS_RIGHTS), Some(0x1_C0F3));
        assert_eq!(dump.machine.get(Field::GUEST_GDTR_LIMIT), Some(0x47));
        assert_eq!(dump.machine.get(Field::GUEST_RFLAGS), Some(0x202));
    }
}
