//! The BIOS data area at 40:0, as linear addresses. Programs read and write it directly, so it is the truth: the BIOS
//! keeps nothing elsewhere that has a place here.
//!
//! Ralf Brown's Interrupt List, "MEMORY.LST".

use super::Context;

pub const COM_PORTS: u32 = 0x400;
pub const LPT_PORTS: u32 = 0x408;
/// Segment of the extended BIOS data area.
pub const EBDA_SEGMENT: u32 = 0x40E;
pub const EQUIPMENT: u32 = 0x410;
/// KiB below the extended BIOS data area.
pub const BASE_MEMORY: u32 = 0x413;
pub const SHIFT_FLAGS: u32 = 0x417;
pub const SHIFT_KEYS: u32 = 0x418;
/// The number that Alt and the keypad are entering.
pub const ALT_NUMBER: u32 = 0x419;
pub const KEY_HEAD: u32 = 0x41A;
pub const KEY_TAIL: u32 = 0x41C;
pub const KEY_BUFFER: u16 = 0x1E;
pub const KEY_BUFFER_END: u16 = 0x3E;
/// Bits of the floppy drives whose heads were found.
pub const FLOPPY_RECALIBRATED: u32 = 0x43E;
/// Bits of the floppy drives whose motor is on, and the ticks until INT 8 turns it off.
pub const FLOPPY_MOTORS: u32 = 0x43F;
pub const MOTOR_TICKS: u32 = 0x440;
pub const FLOPPY_STATUS: u32 = 0x441;
pub const VIDEO_MODE: u32 = 0x449;
pub const COLUMNS: u32 = 0x44A;
pub const PAGE_SIZE: u32 = 0x44C;
pub const PAGE_START: u32 = 0x44E;
/// Eight words: column, row.
pub const CURSORS: u32 = 0x450;
/// Last scan line, first scan line.
pub const CURSOR_SHAPE: u32 = 0x460;
pub const ACTIVE_PAGE: u32 = 0x462;
pub const CRTC_PORT: u32 = 0x463;
pub const MODE_CONTROL: u32 = 0x465;
pub const PALETTE: u32 = 0x466;
/// Where a program goes on after a reset that CMOS byte 0Fh announced.
pub const RESUME: u32 = 0x467;
pub const TICKS: u32 = 0x46C;
/// Midnights since the ticks were last read.
pub const MIDNIGHT: u32 = 0x470;
/// Bit 7: Ctrl-Break was pressed.
pub const BREAK: u32 = 0x471;
pub const DISK_STATUS: u32 = 0x474;
pub const DISK_COUNT: u32 = 0x475;
pub const DISK_CONTROL: u32 = 0x476;
pub const LPT_TIMEOUTS: u32 = 0x478;
pub const COM_TIMEOUTS: u32 = 0x47C;
pub const KEY_BUFFER_FIRST: u32 = 0x480;
pub const KEY_BUFFER_LAST: u32 = 0x482;
/// INT 15h, AH=83h: the byte to mark, the microseconds left, whether one waits.
pub const WAIT_FLAG: u32 = 0x498;
pub const WAIT_LEFT: u32 = 0x49C;
pub const WAIT_ACTIVE: u32 = 0x4A0;
/// Rows on the screen minus 1.
pub const LAST_ROW: u32 = 0x484;
pub const CHARACTER_HEIGHT: u32 = 0x485;
pub const VIDEO_CONTROL: u32 = 0x487;
pub const VIDEO_SWITCHES: u32 = 0x488;
pub const VIDEO_FLAGS: u32 = 0x489;
/// The index into the display combination code table.
pub const DISPLAY_COMBINATION: u32 = 0x48A;
pub const FLOPPY_CAPABILITIES: u32 = 0x48F;
/// What kind of medium is in the first floppy drive.
pub const FLOPPY_MEDIUM: u32 = 0x490;
/// E0h and E1h prefixes seen; right Alt and Ctrl; a 101-key keyboard.
pub const KEYBOARD_STATE: u32 = 0x496;
/// LEDs in bits 2:0.
pub const KEYBOARD_LEDS: u32 = 0x497;
/// End of the area.
pub const END: u32 = 0x500;
/// Behind it, at 50:0, what became of a printed screen: 0 done, 1 under way, FFh failed.
pub const PRINT_STATUS: u32 = 0x500;

/// Ticks in a day at 18.2065 Hz, as IBM counted them.
pub const TICKS_PER_DAY: u32 = 0x1800B0;

impl Context<'_> {
    /// Changes a byte of the data area.
    pub(super) fn update_u8(&mut self, address: u32, change: impl FnOnce(u8) -> u8) {
        let value = change(self.memory.read_u8(address));
        self.memory.write_u8(address, value);
    }
}
