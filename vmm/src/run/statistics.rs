//! Statistics: how often a guest exited, by reason, exception, port and BIOS service, and which interrupts it was given.
//! Off, they cost a comparison an exit.

use vmx::exit::{Direction, ExitReason};
use wire::{Counter, Record};

use crate::exit::Exit;
use crate::memory::{Frames, OutOfMemory, PAGE_BYTES};
use crate::report::Reporter;

/// Counts of one kind: so many, and what each stands for.
struct Kind {
    length: usize,
    counter: fn(usize) -> Counter,
}

/// All kinds, in the order in which their counts lie.
const KINDS: [Kind; 6] = [
    Kind { length: 256, counter: |number| Counter::Exit(number as u8) },
    Kind { length: 256, counter: |number| Counter::Exception(number as u8) },
    Kind { length: 256, counter: |number| Counter::Service(number as u8) },
    Kind { length: 256, counter: |number| Counter::Interrupt(number as u8) },
    Kind { length: 0x1_0000, counter: |number| Counter::PortIn(number as u16) },
    Kind { length: 0x1_0000, counter: |number| Counter::PortOut(number as u16) },
];

/// Where the counts of each kind begin.
const EXITS: usize = 0;
const EXCEPTIONS: usize = EXITS + KINDS[0].length;
const SERVICES: usize = EXCEPTIONS + KINDS[1].length;
const INTERRUPTS: usize = SERVICES + KINDS[2].length;
const PORTS_IN: usize = INTERRUPTS + KINDS[3].length;
const PORTS_OUT: usize = PORTS_IN + KINDS[4].length;
const COUNTS: usize = PORTS_OUT + KINDS[5].length;

/// A count, little-endian, as it lies in memory that is handed out by the byte.
type Count = [u8; 4];

/// The counts.
pub struct Statistics(&'static mut [Count]);

impl Statistics {
    /// Counts of zero.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let bytes = frames.take_bytes(COUNTS * size_of::<Count>(), PAGE_BYTES)?;
        Ok(Self(bytes.as_chunks_mut().0))
    }

    fn add(&mut self, index: usize) {
        let count = &mut self.0[index];
        *count = u32::from_le_bytes(*count).wrapping_add(1).to_le_bytes();
    }

    /// An exit was taken.
    pub fn exit(&mut self, reason: ExitReason, exit: &Exit) {
        self.add(EXITS + usize::from(reason.0 as u8));
        match exit {
            Exit::Exception { event, .. } => self.add(EXCEPTIONS + usize::from(event.vector)),
            Exit::Io(access) if access.direction == Direction::In => {
                self.add(PORTS_IN + usize::from(access.port))
            }
            Exit::Io(access) => self.add(PORTS_OUT + usize::from(access.port)),
            _ => {}
        }
    }

    /// The exit was a call of this BIOS service.
    pub fn service(&mut self, vector: u8) {
        self.add(SERVICES + usize::from(vector));
    }

    /// The guest was given this interrupt.
    pub fn interrupt(&mut self, vector: u8) {
        self.add(INTERRUPTS + usize::from(vector));
    }

    /// Reports what is not zero.
    pub fn report(&self, report: &mut Reporter) {
        let mut counts = self.0.iter().map(|count| u32::from_le_bytes(*count));
        for kind in KINDS {
            for (number, count) in counts.by_ref().take(kind.length).enumerate() {
                if count > 0 {
                    report.record(&Record::Count((kind.counter)(number), count));
                }
            }
        }
    }
}
