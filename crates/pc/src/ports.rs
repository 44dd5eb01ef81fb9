//! Port numbers of a PC: their one home.
#![allow(missing_docs)] // The names are those of the IBM PC AT Technical Reference.

/// The first DMA controller.
pub const DMA_1: u16 = 0x00;
pub const DMA_1_LAST: u16 = 0x0F;
pub const PIC_MASTER_COMMAND: u16 = 0x20;
pub const PIC_MASTER_DATA: u16 = 0x21;
pub const PIT_CHANNEL_0: u16 = 0x40;
pub const PIT_CHANNEL_1: u16 = 0x41;
pub const PIT_CHANNEL_2: u16 = 0x42;
pub const PIT_CONTROL: u16 = 0x43;
pub const KEYBOARD_DATA: u16 = 0x60;
/// Port B of the PC's 8255: timer 2 gate, speaker, refresh toggle.
pub const SYSTEM_CONTROL_B: u16 = 0x61;
pub const KEYBOARD_COMMAND: u16 = 0x64;
pub const CMOS_INDEX: u16 = 0x70;
pub const CMOS_DATA: u16 = 0x71;
/// The DMA page registers; a BIOS writes its progress to the first, which no channel uses.
pub const DMA_PAGES: u16 = 0x80;
pub const DMA_PAGES_LAST: u16 = 0x8F;
/// A20 and fast reset of the PS/2.
pub const SYSTEM_CONTROL_A: u16 = 0x92;
pub const PIC_SLAVE_COMMAND: u16 = 0xA0;
pub const PIC_SLAVE_DATA: u16 = 0xA1;
/// The second DMA controller.
pub const DMA_2: u16 = 0xC0;
pub const DMA_2_LAST: u16 = 0xDF;
/// The debug console of Bochs and QEMU. A guest's is virtual: it reads all ones, so nobody takes it for present.
pub const DEBUG_CONSOLE: u16 = 0xE9;
/// Written: the coprocessor's error is seen, and its interrupt ends; the coprocessor is reset.
pub const COPROCESSOR_CLEAR: u16 = 0xF0;
pub const COPROCESSOR_RESET: u16 = 0xF1;
/// The first of eight registers of COM2.
pub const COM2: u16 = 0x2F8;
pub const COM2_LAST: u16 = COM2 + 7;
pub const LPT1_DATA: u16 = 0x378;
pub const LPT1_CONTROL: u16 = 0x37A;
pub const MONO_CRTC_INDEX: u16 = 0x3B4;
pub const MONO_CRTC_DATA: u16 = 0x3B5;
pub const MONO_STATUS: u16 = 0x3BA;
pub const VGA_ATTRIBUTE: u16 = 0x3C0;
pub const VGA_ATTRIBUTE_READ: u16 = 0x3C1;
/// Written: miscellaneous output. Read: input status 0.
pub const VGA_MISCELLANEOUS: u16 = 0x3C2;
pub const VGA_SEQUENCER_INDEX: u16 = 0x3C4;
pub const VGA_SEQUENCER_DATA: u16 = 0x3C5;
pub const VGA_DAC_MASK: u16 = 0x3C6;
/// Written: the index to read from. Read: the DAC's state.
pub const VGA_DAC_READ_INDEX: u16 = 0x3C7;
pub const VGA_DAC_WRITE_INDEX: u16 = 0x3C8;
pub const VGA_DAC_DATA: u16 = 0x3C9;
pub const VGA_FEATURE_READ: u16 = 0x3CA;
pub const VGA_MISCELLANEOUS_READ: u16 = 0x3CC;
pub const VGA_GRAPHICS_INDEX: u16 = 0x3CE;
pub const VGA_GRAPHICS_DATA: u16 = 0x3CF;
pub const COLOR_CRTC_INDEX: u16 = 0x3D4;
pub const COLOR_CRTC_DATA: u16 = 0x3D5;
pub const COLOR_STATUS: u16 = 0x3DA;
/// The floppy controller: digital output, main status, data, digital input.
pub const FLOPPY_OUTPUT: u16 = 0x3F2;
pub const FLOPPY_STATUS: u16 = 0x3F4;
pub const FLOPPY_DATA: u16 = 0x3F5;
pub const FLOPPY_INPUT: u16 = 0x3F7;
/// The first of eight registers of COM1.
pub const COM1: u16 = 0x3F8;
/// Line status of COM1.
pub const COM1_LINE_STATUS: u16 = COM1 + 5;
pub const COM1_LAST: u16 = COM1 + 7;
/// Bochs ends when `Shutdown` is written here. A guest's is virtual: the writes vanish.
pub const BOCHS_SHUTDOWN: u16 = 0x8900;
