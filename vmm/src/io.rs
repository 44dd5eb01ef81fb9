//! Port I/O of a guest: an exit becomes an access to the virtual PC.
//!
//! Every port exits, so a guest reaches no device of the machine. Such an exit comes decoded, without a look at the
//! guest's code, but for INS and OUTS, whose segment and address size not every processor reports.

use pc::{Host, Pc, Ticks};
use v8086::General;
use v8086::string_io::{self, Ports};
use vmx::bitmap::{IoBitmaps, Policy};
use vmx::exit::{Direction, IoQualification, IoWidth};

use crate::memory::{Frame, Frames, OutOfMemory};
use crate::report::Reporter;

/// I/O bitmaps A and B that make every port exit.
///
/// # Errors
/// [`OutOfMemory`]
pub fn intercept_all_ports(frames: &mut Frames) -> Result<[Frame; 2], OutOfMemory> {
    let bitmaps = IoBitmaps::all(Policy::Intercept);
    let (mut a, mut b) = (frames.take()?, frames.take()?);
    a.bytes_mut().copy_from_slice(bitmaps.a());
    b.bytes_mut().copy_from_slice(bitmaps.b());
    Ok([a, b])
}

/// An exit's width as the PC has it.
pub const fn width(width: IoWidth) -> pc::Width {
    match width {
        IoWidth::Byte => pc::Width::Byte,
        IoWidth::Word => pc::Width::Word,
        IoWidth::Doubleword => pc::Width::Dword,
    }
}

/// Carries out IN or OUT; the caller moves RIP on.
#[inline]
pub fn carry_out(
    access: IoQualification,
    general: &mut General,
    pc: &mut Pc,
    host: &mut dyn Host,
    now: Ticks,
) {
    let width = width(access.width);
    match access.direction {
        Direction::Out => pc.port_out(access.port, width, general.eax(), now, host),
        Direction::In => {
            let value = pc.port_in(access.port, width, now);
            match width {
                pc::Width::Byte => general.set_al(value as u8),
                pc::Width::Word => general.set_ax(value as u16),
                pc::Width::Dword => general.set_eax(value),
            }
        }
    }
}

/// The ports of the virtual PC, for a batch of INS or OUTS.
pub struct PcPorts<'a> {
    /// The PC.
    pub pc: &'a mut Pc,
    /// Where its output goes.
    pub host: &'a mut dyn Host,
    /// The time of the batch.
    pub now: Ticks,
}

impl Ports for PcPorts<'_> {
    fn input(&mut self, port: u16, width: string_io::Width) -> u32 {
        match width {
            string_io::Width::Byte => self.pc.quick_in(port).map(u32::from),
            string_io::Width::Word => self.pc.quick_in_word(port).map(u32::from),
            string_io::Width::Double => None,
        }
        .unwrap_or_else(|| self.pc.port_in(port, pc_width(width), self.now))
    }

    fn output(&mut self, port: u16, width: string_io::Width, value: u32) {
        if width != string_io::Width::Byte || !self.pc.quick_out(port, value as u8, self.host, || self.now) {
            self.pc.port_out(port, pc_width(width), value, self.now, self.host);
        }
    }
}

/// A string instruction's width as the PC has it.
pub const fn pc_width(width: string_io::Width) -> pc::Width {
    match width {
        string_io::Width::Byte => pc::Width::Byte,
        string_io::Width::Word => pc::Width::Word,
        string_io::Width::Double => pc::Width::Dword,
    }
}

impl Host for Reporter {
    fn serial(&mut self, byte: u8) {
        self.guest_serial(byte);
    }

    fn serial_all(&mut self, bytes: &[u8]) {
        self.guest_serial_all(bytes);
    }

    fn log(&mut self, line: core::fmt::Arguments<'_>) {
        self.line(wire::LineKind::Log, line);
    }
}
