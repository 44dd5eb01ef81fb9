//! COM1: a 16550 or nothing at all. Every wait has an end, so that an absent UART costs time and no more.

use crate::cpu::port;

const COM1: u16 = 0x3f8;
const DATA: u16 = COM1;
const INTERRUPT_ENABLE: u16 = COM1 + 1;
const FIFO_CONTROL: u16 = COM1 + 2;
const LINE_CONTROL: u16 = COM1 + 3;
const MODEM_CONTROL: u16 = COM1 + 4;
const LINE_STATUS: u16 = COM1 + 5;

const DIVISOR_ACCESS: u8 = 0x80;
const EIGHT_NONE_ONE: u8 = 0x03;
/// Without its buffer the port takes the next byte when the last was read. With it Bochs 2.7 takes all that comes, and
/// loses what finds no room.
const NO_FIFO: u8 = 0;
const DTR_AND_RTS: u8 = 0x03;
const DATA_READY: u8 = 1 << 0;
const ROOM_FOR_A_BYTE: u8 = 1 << 5;
const ALL_SENT: u8 = 1 << 6;

/// Polls before a byte is sent, or given up, anyway: a port read takes about a microsecond, a byte 87, and
/// Bochs, which counts instructions, needs some hundreds for one.
const POLL_LIMIT: u32 = 10_000;

/// Programs COM1: 115200 bits a second, 8-N-1, no FIFO, no interrupts.
pub fn init() {
    let settings = [
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, DIVISOR_ACCESS | EIGHT_NONE_ONE),
        (DATA, 1),
        (INTERRUPT_ENABLE, 0),
        (LINE_CONTROL, EIGHT_NONE_ONE),
        (FIFO_CONTROL, NO_FIFO),
        (MODEM_CONTROL, DTR_AND_RTS),
    ];
    for (register, value) in settings {
        // SAFETY: the ports of COM1 move bytes to a cable and touch no memory.
        unsafe { port::out8(register, value) };
    }
}

/// Sends one byte.
pub fn send(byte: u8) {
    wait_for(ROOM_FOR_A_BYTE);
    // SAFETY: as in `init`.
    unsafe { port::out8(DATA, byte) };
}

/// Waits until all bytes have left.
pub fn flush() {
    wait_for(ALL_SENT);
}

fn wait_for(condition: u8) {
    for _ in 0..POLL_LIMIT {
        // SAFETY: as in `init`.
        if unsafe { port::in8(LINE_STATUS) } & condition != 0 {
            break;
        }
    }
}

/// The next byte that arrived, if there is one.
pub fn receive() -> Option<u8> {
    // SAFETY: as in `init`.
    let status = unsafe { port::in8(LINE_STATUS) };
    // A port without a UART reads FFh: no UART reports all conditions at once.
    if status == 0xff || status & DATA_READY == 0 {
        return None;
    }
    // SAFETY: as in `init`.
    Some(unsafe { port::in8(DATA) })
}

/// Polls until the next byte is there that follows at once; a byte takes Bochs some 350 instructions.
const NEXT_BYTE: u32 = 200;

/// As [`receive`], but when a byte has just come, the next is waited for.
pub fn receive_soon(after_a_byte: bool) -> Option<u8> {
    let polls = if after_a_byte { NEXT_BYTE } else { 1 };
    (0..polls).find_map(|_| receive())
}
