//! `--stats`: the exits of a run by kind, by port and by interrupt.

use std::collections::BTreeMap;

use pc::ports;
use serde::Serialize;
use vmx::event::exception_name;
use vmx::exit::BasicExitReason;
use wire::{Counter, LineKind};

/// Counts as the VMM reported them.
pub type Counts = BTreeMap<Counter, u32>;

/// Statistics, for programs.
#[derive(Debug, Default, Serialize)]
pub struct StatsObject {
    /// Exits by reason.
    pub exits: Vec<Named>,
    /// Those for an exception, by vector.
    pub exceptions: Vec<Named>,
    /// Those for an I/O instruction, by port.
    pub ports: Vec<Port>,
    /// Those for a BIOS service, by interrupt.
    pub services: Vec<Named>,
    /// Hardware interrupts that the guest was given, by vector.
    pub interrupts: Vec<Named>,
}

/// A number with its name, and how often it came.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// An exit reason or a vector.
    pub number: u8,
    /// What it is called.
    pub name: String,
    /// How often it came.
    pub count: u32,
}

/// A port, and how often it was used.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The port.
    pub port: String,
    /// The device that is there.
    pub name: &'static str,
    /// Exits for IN and INS.
    pub reads: u32,
    /// Exits for OUT and OUTS.
    pub writes: u32,
}

/// The counts by kind, the most frequent first.
pub fn object(counts: &Counts) -> StatsObject {
    let mut object = StatsObject::default();
    let mut ports: BTreeMap<u16, (u32, u32)> = BTreeMap::new();
    for (&counter, &count) in counts {
        match counter {
            Counter::Exit(number) => {
                let reason = BasicExitReason::try_from(u16::from(number));
                let name = reason.map_or("not defined by the manual", BasicExitReason::name).to_owned();
                object.exits.push(Named { number, name, count });
            }
            Counter::Exception(number) => {
                let name = exception_name(number).unwrap_or("not defined by the manual").to_owned();
                object.exceptions.push(Named { number, name, count });
            }
            Counter::PortIn(port) => ports.entry(port).or_default().0 = count,
            Counter::PortOut(port) => ports.entry(port).or_default().1 = count,
            Counter::Service(number) => {
                object.services.push(Named { number, name: service_name(number), count });
            }
            Counter::Interrupt(number) => {
                object.interrupts.push(Named { number, name: interrupt_name(number), count });
            }
        }
    }
    object.ports = ports
        .into_iter()
        .map(|(port, (reads, writes))| Port {
            port: format!("{port:#05x}"),
            name: port_name(port),
            reads,
            writes,
        })
        .collect();
    for list in [&mut object.exits, &mut object.exceptions, &mut object.services, &mut object.interrupts] {
        list.sort_by_key(|named| std::cmp::Reverse(named.count));
    }
    object.ports.sort_by_key(|port| std::cmp::Reverse(port.reads + port.writes));
    object
}

/// The counts as lines for people.
pub fn lines(counts: &Counts) -> Vec<(LineKind, String)> {
    let StatsObject { exits, exceptions, ports, services, interrupts } = object(counts);
    let mut lines = Vec::new();
    let mut list = |heading: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push((LineKind::Heading, heading.to_owned()));
            lines.extend(rows.into_iter().map(|row| (LineKind::Detail, row)));
        }
    };
    let decimal = |Named { number, name, count }| format!("{count:>10}  {name} ({number})");
    let vector = |Named { number, name, count }| format!("{count:>10}  INT {number:02X}h {name}");
    let port = |Port { port, name, reads, writes }| {
        let number = port.trim_start_matches("0x").to_uppercase();
        format!("{reads:>10} in {writes:>10} out  {number}h {name}")
    };
    list("Exits by kind", exits.into_iter().map(decimal).collect());
    list("Exits for exceptions", exceptions.into_iter().map(decimal).collect());
    list("Exits by port", ports.into_iter().map(port).collect());
    list("Exits by BIOS service", services.into_iter().map(vector).collect());
    list("Hardware interrupts given to the guest", interrupts.into_iter().map(vector).collect());
    lines
}

fn service_name(vector: u8) -> String {
    match vector {
        0x00..=0x07 => "exception, unhandled",
        0x08 => "timer tick",
        0x09 => "keyboard interrupt",
        0x10 => "video",
        0x11 => "equipment",
        0x12 => "memory size",
        0x13 | 0x40 => "disk",
        0x14 => "serial port",
        0x15 => "system",
        0x16 => "keyboard",
        0x17 => "printer",
        0x18 => "nothing to boot",
        0x19 => "boot",
        0x1A => "clock",
        0x0A..=0x0F | 0x71..=0x77 => "hardware interrupt, unhandled",
        0x70 => "clock interrupt",
        _ => "unhandled",
    }
    .to_owned()
}

/// An IRQ, where the vector is that of a PC.
fn interrupt_name(vector: u8) -> String {
    match vector {
        0x08..=0x0F => format!("IRQ {}", vector - 0x08),
        0x70..=0x77 => format!("IRQ {}", vector - 0x70 + 8),
        _ => "an IRQ that the guest moved".to_owned(),
    }
}

/// The device at a port.
fn port_name(port: u16) -> &'static str {
    const MASTER_LAST: u16 = ports::PIC_MASTER_DATA;
    const SLAVE_LAST: u16 = ports::PIC_SLAVE_DATA;
    match port {
        ports::DMA_1..=ports::DMA_1_LAST | ports::DMA_2..=ports::DMA_2_LAST => "DMA",
        ports::DMA_PAGES..=ports::DMA_PAGES_LAST => "DMA page",
        ports::PIC_MASTER_COMMAND..=MASTER_LAST | ports::PIC_SLAVE_COMMAND..=SLAVE_LAST => {
            "interrupt controller"
        }
        ports::PIT_CHANNEL_0..=ports::PIT_CONTROL => "timer",
        ports::KEYBOARD_DATA | ports::KEYBOARD_COMMAND => "keyboard controller",
        ports::SYSTEM_CONTROL_B => "system control B",
        ports::SYSTEM_CONTROL_A => "system control A",
        ports::CMOS_INDEX | ports::CMOS_DATA => "CMOS and clock",
        ports::DEBUG_CONSOLE => "debug console",
        ports::COM1..=ports::COM1_LAST => "COM1",
        ports::COM2..=ports::COM2_LAST => "COM2",
        ports::LPT1_DATA..=ports::LPT1_CONTROL => "LPT1",
        ports::MONO_CRTC_INDEX..=ports::MONO_STATUS | ports::VGA_ATTRIBUTE..=ports::COLOR_STATUS => "VGA",
        ports::FLOPPY_OUTPUT..=ports::FLOPPY_DATA | ports::FLOPPY_INPUT => "floppy controller",
        0x1F0..=0x1F7 | 0x170..=0x177 | 0x376 | 0x3F6 => "hard-disk controller, absent",
        0x200..=0x207 => "game port, absent",
        0xCF8..=0xCFF => "PCI, absent",
        _ => "no device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_sorted_named_and_joined_by_port() {
        let counts = Counts::from([
            (Counter::Exit(30), 5),
            (Counter::Exit(18), 9),
            (Counter::Exception(13), 2),
            (Counter::PortIn(0x3F8), 1),
            (Counter::PortOut(0x3F8), 3),
            (Counter::PortOut(0x21), 1),
            (Counter::Service(0x10), 9),
            (Counter::Interrupt(0x08), 7),
        ]);
        let text: Vec<_> = lines(&counts).into_iter().map(|(_, text)| text).collect();
        assert_eq!(
            text,
            [
                "Exits by kind",
                "         9  VMCALL (18)",
                "         5  I/O instruction (30)",
                "Exits for exceptions",
                "         2  #GP, general protection (13)",
                "Exits by port",
                "         1 in          3 out  3F8h COM1",
                "         0 in          1 out  021h interrupt controller",
                "Exits by BIOS service",
                "         9  INT 10h video",
                "Hardware interrupts given to the guest",
                "         7  INT 08h IRQ 0",
            ]
        );
        assert_eq!(lines(&Counts::new()), []);
    }
}
