//! What a guest sees of the monitor: rows of state before, instruction bytes, and the whole state after.

mod addressing;
mod exceptions;
mod fake;
mod flags;
mod interrupts;
mod privileged;
mod protected;
mod random;
mod stretch;
mod string_io;
