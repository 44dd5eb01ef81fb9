//! The devices of the PC: each file holds the registers of one, and nothing about ports but offsets in it.
//!
//! Time reaches them through [`Devices::advance`]; between two calls nothing happens by itself. Lines between
//! devices (an output that requests an interrupt) are wired here.

pub mod calendar;
pub mod cmos;
pub mod dma;
pub mod keyboard;
pub mod mouse;
pub mod parallel;
pub mod pic;
pub mod pit;
pub mod scancode;
pub mod system_control;
pub mod text_mode;
pub mod typematic;
pub mod uart;
pub mod vga;

use crate::RebootCause;
use crate::time::{TICKS_PER_SECOND, Ticks};
use cmos::Cmos;
use dma::Dma;
use keyboard::{KeyEvent, KeyboardController};
use parallel::Parallel;
use pic::{Irq, PicPair};
use pit::Pit;
use system_control::SystemControl;
use uart::Uart;
use vga::Vga;

/// Every device, and the lines between them.
#[derive(Clone)]
pub(crate) struct Devices {
    pub pics: PicPair,
    pub pit: Pit,
    pub keyboard: KeyboardController,
    pub cmos: Cmos,
    pub com1: Uart,
    /// Nothing is plugged into it.
    pub com2: Uart,
    pub dma: Dma,
    /// The floppy controller's digital output register.
    pub floppy_output: u8,
    pub lpt1: Parallel,
    pub vga: Vga,
    pub system: SystemControl,
    now: Ticks,
    /// When the timer next requests an interrupt, when the keyboard or the mouse next sends, when the clock next requests
    /// an interrupt, and when a serial port does; each computed again after a change from outside.
    timer_next: Ticks,
    keyboard_next: Ticks,
    clock_next: Ticks,
    serial_next: Ticks,
    /// The earliest of them without the timer, and with it.
    others_next: Ticks,
    next: Ticks,
    /// When the next second begins.
    second: Ticks,
}

impl Devices {
    pub const fn new(unix_time: u64) -> Self {
        Self {
            pics: PicPair::new(),
            pit: Pit::new(),
            keyboard: KeyboardController::new(),
            cmos: Cmos::new(unix_time),
            com1: Uart::new(),
            com2: Uart::new(),
            dma: Dma::new(),
            floppy_output: 0x0C,
            lpt1: Parallel::new(),
            vga: Vga::new(),
            system: SystemControl::new(),
            now: Ticks::ZERO,
            timer_next: Ticks::NEVER,
            keyboard_next: Ticks::NEVER,
            clock_next: Ticks::NEVER,
            serial_next: Ticks::NEVER,
            others_next: Ticks::NEVER,
            next: Ticks::NEVER,
            second: Ticks::ZERO,
        }
    }

    /// The latest time that the devices have seen.
    pub const fn now(&self) -> Ticks {
        self.now
    }

    pub const fn a20(&self) -> bool {
        self.system.a20()
    }

    pub const fn next_event(&self) -> Ticks {
        self.next
    }

    /// Runs up to `now`. Time never goes back: an earlier `now` changes nothing.
    #[inline(never)]
    pub fn advance(&mut self, now: Ticks) {
        self.advance_here(now);
    }

    /// [`Self::advance`], for who counts instructions.
    #[inline(always)]
    pub fn advance_here(&mut self, now: Ticks) {
        if now <= self.now {
            return;
        }
        self.now = now;
        if now < self.next {
            return;
        }
        // A timer edge stays latched however long the guest holds interrupts off: a tick is lost only when the next
        // edge comes before the first was acknowledged, as on the real thing.
        if now >= self.timer_next {
            self.pics.latch_timer();
            self.timer_next = self.pit.timer_rise_after(self.timer_next, now);
            self.next = self.timer_next.min(self.others_next);
            if now >= self.second {
                self.advance_clock();
            }
        }
        if now >= self.others_next {
            self.advance_others();
        }
    }

    /// The clock looks for its alarm once a second, also where it requests no interrupt.
    #[inline(never)]
    fn advance_clock(&mut self) {
        self.cmos.advance(self.now);
        self.second = Ticks((self.now.seconds() + 1) * TICKS_PER_SECOND);
    }

    #[inline(never)]
    fn advance_others(&mut self) {
        let now = self.now;
        self.keyboard.advance(self.pics.in_service(Irq::KEYBOARD), now);
        self.cmos.advance(now);
        self.com1.advance(now);
        self.com2.advance(now);
        self.settle();
    }

    /// Brings all interrupt lines and the next event in line with the registers. To be called after each change, unless
    /// one of those below does.
    pub fn settle(&mut self) {
        self.pics.set_line(Irq::KEYBOARD, self.keyboard.interrupt());
        self.pics.set_line(Irq::CLOCK, self.cmos.interrupt());
        self.follow_serial();
        self.pics.set_line(Irq::MOUSE, self.keyboard.mouse_interrupt());
        self.clock_next = self.cmos.next_event(self.now).unwrap_or(Ticks::NEVER);
        self.keyboard_next =
            self.keyboard.next_event(self.pics.in_service(Irq::KEYBOARD)).unwrap_or(Ticks::NEVER);
        self.expect_timer();
    }

    /// Follows a change of the timer that requests interrupts.
    pub fn expect_timer(&mut self) {
        self.timer_next = self.pit.next_timer_rise(self.now);
        self.find_next();
    }

    /// Follows the interrupt controller: the keyboard holds back while its interrupt is in service.
    pub fn expect_keyboard(&mut self) {
        let next = self.keyboard.next_event(self.pics.in_service(Irq::KEYBOARD)).unwrap_or(Ticks::NEVER);
        if next != self.keyboard_next {
            self.keyboard_next = next;
            self.find_next();
        }
    }

    /// Follows the serial ports: their lines, and when they next change.
    pub fn follow_serial(&mut self) {
        self.pics.set_line(Irq::COM1, self.com1.interrupt());
        self.pics.set_line(Irq::COM2, self.com2.interrupt());
        let [one, two] = [&self.com1, &self.com2].map(|port| port.next_event().unwrap_or(Ticks::NEVER));
        let next = one.min(two);
        if next != self.serial_next {
            self.serial_next = next;
            self.find_next();
        }
    }

    fn find_next(&mut self) {
        self.others_next = self.keyboard_next.min(self.serial_next).min(self.clock_next);
        self.next = self.timer_next.min(self.others_next);
    }

    pub fn key(&mut self, event: KeyEvent, now: Ticks) {
        self.keyboard.key(event, now);
        self.settle();
    }

    pub fn serial_input(&mut self, byte: u8) -> bool {
        let taken = self.com1.receive(byte);
        self.settle();
        taken
    }

    /// The processor was reset and goes on: no device pulls the line any more.
    pub fn release_reset(&mut self) {
        self.keyboard.release_reset();
        self.system.release_reset();
    }

    /// Whether a device pulled the reset line, and which.
    pub const fn reset_requested(&self) -> Option<RebootCause> {
        if self.keyboard.reset_requested() {
            Some(RebootCause::KeyboardController)
        } else if self.system.reset_requested() {
            Some(RebootCause::SystemControlPort)
        } else {
            None
        }
    }
}
