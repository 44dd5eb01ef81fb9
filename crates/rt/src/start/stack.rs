//! Where the stacks lie: `stacks.s` reserves them by these numbers.

/// The unmapped page below each stack.
pub const GUARD_BYTES: usize = 4096;
/// The stack of `main`.
pub const MAIN_BYTES: usize = 64 * 1024;
/// A stack that exceptions or interrupts run on.
pub const TRAP_BYTES: usize = 16 * 1024;
/// Stacks of that kind: the interrupt stack table's slots 1 to 6.
pub const TRAP_COUNT: usize = 6;
