//! The port bus: which device answers at which port.

use crate::device::cmos::register::STATUS_C;
use crate::device::pic::{Irq, Which};
use crate::ports::*;
use crate::time::Ticks;
use crate::{End, Host, Pc};

/// How much one port access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// One byte.
    Byte,
    /// Two bytes, as two accesses to adjacent ports.
    Word,
    /// Four bytes.
    Dword,
}

impl Width {
    /// Bytes moved.
    pub const fn bytes(self) -> u16 {
        match self {
            Self::Byte => 1,
            Self::Word => 2,
            Self::Dword => 4,
        }
    }
}

/// What an unassigned port reads.
const OPEN_BUS: u8 = 0xFF;

impl Pc {
    /// An IN of the guest. A wide access goes to adjacent 8-bit ports, lowest first, as on an ISA bus; what nobody
    /// answers reads all ones.
    pub fn port_in(&mut self, port: u16, width: Width, now: Ticks) -> u32 {
        self.devices.advance(now);
        let (mut assigned, mut value) = (false, 0);
        for offset in 0..width.bytes() {
            let port = port.wrapping_add(offset);
            let byte = self.read_port(port);
            assigned |= byte.is_some();
            value |= u32::from(byte.unwrap_or(OPEN_BUS)) << (8 * offset);
        }
        if !assigned {
            self.unassigned.reads += 1;
        }
        value
    }

    /// An IN of one byte, as [`Self::port_in`], sooner.
    pub fn byte_in(&mut self, port: u16, now: Ticks) -> u8 {
        self.devices.advance_here(now);
        self.read_port(port).unwrap_or_else(|| {
            self.unassigned.reads += 1;
            OPEN_BUS
        })
    }

    /// An OUT of one byte, as [`Self::port_out`], sooner: to no register that may end the guest or turn the A20 gate.
    pub fn byte_out(&mut self, port: u16, value: u8, now: Ticks, host: &mut dyn Host) {
        self.devices.advance_here(now);
        if !self.write_port(port, value, host) {
            self.unassigned.writes += 1;
        }
        if port == CMOS_DATA {
            self.devices.settle();
        }
    }

    /// An OUT of the guest. Bytes for the serial line go to `host`; a request for a reset shows in [`Self::end`].
    pub fn port_out(&mut self, port: u16, width: Width, value: u32, now: Ticks, host: &mut dyn Host) {
        self.devices.advance(now);
        let mut assigned = false;
        for offset in 0..width.bytes() {
            let port = port.wrapping_add(offset);
            assigned |= self.write_port(port, (value >> (8 * offset)) as u8, host);
            if let KEYBOARD_DATA | KEYBOARD_COMMAND | SYSTEM_CONTROL_A | CMOS_DATA = port {
                self.after_write();
            }
        }
        if !assigned {
            self.unassigned.writes += 1;
        }
    }

    /// An OUT of one byte to a register of which nothing else depends: the mask of the first interrupt controller, the
    /// data of COM1 while it requests no interrupts, or a count of the timer that runs already. `false`: it is none of them,
    /// and nothing is done. Nothing is due.
    #[inline(always)]
    pub fn quick_out(
        &mut self,
        port: u16,
        value: u8,
        host: &mut dyn Host,
        now: impl FnOnce() -> Ticks,
    ) -> bool {
        // What interrupt handlers use goes first.
        if port == PIC_MASTER_DATA {
            return self.devices.pics.set_mask(value);
        }
        match port {
            PIT_CHANNEL_0..=PIT_CHANNEL_2 => {
                self.devices.pit.write_again(usize::from(port - PIT_CHANNEL_0), value, now)
            }
            COM1 if self.devices.com1.sends_plainly() => {
                self.devices.com1.note_sent();
                host.serial(value);
                true
            }
            _ => false,
        }
    }

    /// OUTS of bytes, as [`Self::quick_out`]: to COM1.
    pub fn quick_out_all(&mut self, port: u16, bytes: &[u8], host: &mut dyn Host) -> bool {
        let plainly = port == COM1 && self.devices.com1.sends_plainly();
        if plainly && !bytes.is_empty() {
            self.devices.com1.note_sent();
            host.serial_all(bytes);
        }
        plainly
    }

    /// INS of bytes or words, as many as fill `bytes`, as [`Self::quick_in`].
    pub fn quick_in_all(&mut self, port: u16, width: Width, bytes: &mut [u8]) -> bool {
        match width {
            Width::Byte => {
                bytes.iter_mut().all(|byte| self.quick_in(port).map(|value| *byte = value).is_some())
            }
            Width::Word => bytes
                .as_chunks_mut()
                .0
                .iter_mut()
                .all(|word| self.quick_in_word(port).map(|value| *word = value.to_le_bytes()).is_some()),
            Width::Dword => false,
        }
    }

    /// An IN of one byte, as [`Self::quick_out`]: the mask, or the line status of COM1.
    #[inline(always)]
    pub fn quick_in(&mut self, port: u16) -> Option<u8> {
        match port {
            PIC_MASTER_COMMAND => self.devices.pics.shown(),
            PIC_MASTER_DATA => self.devices.pics.mask(),
            COM1_LINE_STATUS => self.devices.com1.plain_line_status(),
            _ => None,
        }
    }

    /// An IN of a word, as [`Self::quick_out`].
    #[inline(always)]
    pub fn quick_in_word(&mut self, port: u16) -> Option<u16> {
        // Both or none: neither reading changes anything.
        Some(u16::from_le_bytes([self.quick_in(port)?, self.quick_in(port.wrapping_add(1))?]))
    }

    /// Wires what a write changed: A20, resets, interrupt lines.
    pub(crate) fn after_write(&mut self) {
        if let Some(enabled) = self.devices.keyboard.take_a20_request() {
            self.devices.system.set_a20(enabled);
        }
        if let Some(cause) = self.devices.reset_requested() {
            self.end.get_or_insert(End::Reboot(cause));
        }
        self.devices.settle();
    }

    /// One byte from `port`; `None` if nobody answers.
    fn read_port(&mut self, port: u16) -> Option<u8> {
        let devices = &mut self.devices;
        let now = devices.now();
        Some(match port {
            PIC_MASTER_COMMAND => devices.pics.read_command(Which::Master),
            PIC_MASTER_DATA => devices.pics.read_data(Which::Master),
            PIC_SLAVE_COMMAND => devices.pics.read_command(Which::Slave),
            PIC_SLAVE_DATA => devices.pics.read_data(Which::Slave),
            PIT_CHANNEL_0..=PIT_CHANNEL_2 => devices.pit.read(usize::from(port - PIT_CHANNEL_0), now),
            // The control word can't be read back.
            PIT_CONTROL => OPEN_BUS,
            KEYBOARD_DATA => {
                let value = devices.keyboard.read_data(now);
                devices.settle();
                value
            }
            KEYBOARD_COMMAND => devices.keyboard.read_status(),
            SYSTEM_CONTROL_B => {
                let timer = devices.pit.output(2, now);
                devices.system.read_b(timer, now)
            }
            SYSTEM_CONTROL_A => devices.system.read_a(),
            CMOS_INDEX => devices.cmos.selected(),
            CMOS_DATA => {
                let value = devices.cmos.read(now);
                if devices.cmos.selected() == STATUS_C {
                    devices.settle();
                }
                value
            }
            LPT1_DATA..=LPT1_CONTROL => devices.lpt1.read(port - LPT1_DATA),
            COM1..=COM1_LAST => {
                let value = devices.com1.read(port - COM1);
                devices.follow_serial();
                value
            }
            COM2..=COM2_LAST => {
                let value = devices.com2.read(port - COM2);
                devices.follow_serial();
                value
            }
            DMA_1..=DMA_1_LAST | DMA_PAGES..=DMA_PAGES_LAST | DMA_2..=DMA_2_LAST => devices.dma.read(port),
            FLOPPY_OUTPUT => devices.floppy_output,
            // Ready for a command; the disk was not changed.
            FLOPPY_STATUS => 0x80,
            FLOPPY_DATA | FLOPPY_INPUT => 0,
            MONO_CRTC_INDEX | MONO_CRTC_DATA | MONO_STATUS | VGA_ATTRIBUTE..=COLOR_STATUS => {
                return self.read_vga(port);
            }
            DEBUG_CONSOLE | BOCHS_SHUTDOWN => OPEN_BUS,
            _ => return None,
        })
    }

    fn read_vga(&mut self, port: u16) -> Option<u8> {
        let now = self.devices.now();
        let vga = &mut self.devices.vga;
        Some(match port {
            VGA_ATTRIBUTE => vga.read_attribute_index(),
            VGA_ATTRIBUTE_READ => vga.read_attribute(),
            // Input status 0: bit 4 senses a colour monitor.
            VGA_MISCELLANEOUS => 0x10,
            VGA_SEQUENCER_INDEX | VGA_SEQUENCER_DATA => vga.read_sequencer(port == VGA_SEQUENCER_DATA),
            VGA_DAC_MASK => vga.read_dac_mask(),
            VGA_DAC_READ_INDEX => vga.read_dac_state(),
            VGA_DAC_WRITE_INDEX => vga.read_dac_index(),
            VGA_DAC_DATA => vga.read_dac(),
            VGA_FEATURE_READ => 0,
            VGA_MISCELLANEOUS_READ => vga.read_miscellaneous(),
            VGA_GRAPHICS_INDEX | VGA_GRAPHICS_DATA => vga.read_graphics(port == VGA_GRAPHICS_DATA),
            _ if !vga.answers_at(port) => return None,
            MONO_CRTC_INDEX | COLOR_CRTC_INDEX => vga.read_crtc_index(),
            MONO_CRTC_DATA | COLOR_CRTC_DATA => vga.read_crtc(),
            MONO_STATUS | COLOR_STATUS => vga.read_status(now),
            _ => return None,
        })
    }

    /// One byte to `port`; false if nobody answers.
    fn write_port(&mut self, port: u16, value: u8, host: &mut dyn Host) -> bool {
        let devices = &mut self.devices;
        let now = devices.now();
        match port {
            PIC_MASTER_COMMAND => {
                devices.pics.write_command(Which::Master, value);
                devices.expect_keyboard();
            }
            PIC_MASTER_DATA => devices.pics.write_data(Which::Master, value),
            PIC_SLAVE_COMMAND => devices.pics.write_command(Which::Slave, value),
            PIC_SLAVE_DATA => devices.pics.write_data(Which::Slave, value),
            PIT_CHANNEL_0 => {
                devices.pit.write(0, value, now);
                devices.expect_timer();
            }
            PIT_CHANNEL_1..=PIT_CHANNEL_2 => {
                devices.pit.write(usize::from(port - PIT_CHANNEL_0), value, now);
            }
            PIT_CONTROL => {
                devices.pit.write_control(value, now);
                devices.expect_timer();
            }
            KEYBOARD_DATA => devices.keyboard.write_data(value, now),
            KEYBOARD_COMMAND => {
                let a20 = devices.a20();
                devices.keyboard.write_command(value, a20);
            }
            SYSTEM_CONTROL_B => {
                let gate = devices.system.write_b(value);
                devices.pit.set_speaker_gate(gate, now);
            }
            SYSTEM_CONTROL_A => devices.system.write_a(value),
            CMOS_INDEX => devices.cmos.select(value),
            CMOS_DATA => devices.cmos.write(value, now),
            LPT1_DATA..=LPT1_CONTROL => devices.lpt1.write(port - LPT1_DATA, value),
            COM1..=COM1_LAST => {
                if let Some(byte) = devices.com1.write(port - COM1, value, now) {
                    host.serial(byte);
                }
                devices.follow_serial();
            }
            COM2..=COM2_LAST => {
                devices.com2.write(port - COM2, value, now);
                devices.follow_serial();
            }
            DMA_1..=DMA_1_LAST | DMA_PAGES..=DMA_PAGES_LAST | DMA_2..=DMA_2_LAST => {
                devices.dma.write(port, value);
            }
            FLOPPY_OUTPUT => devices.floppy_output = value,
            COPROCESSOR_CLEAR | COPROCESSOR_RESET => devices.pics.set_line(Irq::COPROCESSOR, false),
            MONO_CRTC_INDEX | MONO_CRTC_DATA | MONO_STATUS | VGA_ATTRIBUTE..=COLOR_STATUS => {
                return self.write_vga(port, value);
            }
            FLOPPY_STATUS | FLOPPY_DATA | FLOPPY_INPUT | DEBUG_CONSOLE | BOCHS_SHUTDOWN => {}
            _ => return false,
        }
        true
    }

    fn write_vga(&mut self, port: u16, value: u8) -> bool {
        let vga = &mut self.devices.vga;
        match port {
            VGA_ATTRIBUTE => vga.write_attribute(value),
            VGA_MISCELLANEOUS => vga.write_miscellaneous(value),
            VGA_SEQUENCER_INDEX | VGA_SEQUENCER_DATA => {
                vga.write_sequencer(port == VGA_SEQUENCER_DATA, value)
            }
            VGA_DAC_MASK => vga.write_dac_mask(value),
            VGA_DAC_READ_INDEX | VGA_DAC_WRITE_INDEX => {
                vga.write_dac_index(value, port == VGA_DAC_READ_INDEX)
            }
            VGA_DAC_DATA => vga.write_dac(value),
            VGA_GRAPHICS_INDEX | VGA_GRAPHICS_DATA => vga.write_graphics(port == VGA_GRAPHICS_DATA, value),
            _ if !vga.answers_at(port) => return false,
            MONO_CRTC_INDEX | COLOR_CRTC_INDEX => vga.write_crtc_index(value),
            MONO_CRTC_DATA | COLOR_CRTC_DATA => vga.write_crtc(value),
            // Written, 3DAh is the feature control register, of which nothing depends.
            MONO_STATUS | COLOR_STATUS => {}
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
#[path = "bus_tests.rs"]
mod tests;
