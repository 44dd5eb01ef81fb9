//! Where the stacks lie: `stacks.s` reserves them by these numbers, the main stack first, each above a page
//! that is never mapped.

/// The unmapped page below each stack.
pub const GUARD_BYTES: u64 = 4096;
/// The stack of `main`.
pub const MAIN_BYTES: u64 = 256 * 1024;
/// A stack that exceptions or interrupts run on.
pub const TRAP_BYTES: u64 = 16 * 1024;
/// Stacks of that kind: the interrupt stack table's slots 1 to 6.
pub const TRAP_COUNT: usize = 6;

unsafe extern "C" {
    static rt_stacks_start: [u8; 0];
}

/// Address of the main stack's guard page.
fn start() -> u64 {
    &raw const rt_stacks_start as u64
}

/// The stacks, each as its first byte and the byte after its last. The guard is the page before.
pub fn all() -> impl Iterator<Item = (u64, u64)> {
    let main = start() + GUARD_BYTES;
    let traps = (0..TRAP_COUNT).map(|index| (trap_top(index) - TRAP_BYTES, trap_top(index)));
    core::iter::once((main, main + MAIN_BYTES)).chain(traps)
}

/// The initial stack pointer of trap stack `index`, 0 to 5.
pub fn trap_top(index: usize) -> u64 {
    start() + GUARD_BYTES + MAIN_BYTES + (index as u64 + 1) * (GUARD_BYTES + TRAP_BYTES)
}

/// The eight bytes at `address` if they lie, aligned, in one of our stacks.
pub fn word(address: u64) -> Option<u64> {
    let inside =
        all().any(|(first, end)| first <= address && address.checked_add(8).is_some_and(|last| last <= end));
    // SAFETY: a word of a stack, which is mapped and readable for good; volatile, as it may be in use.
    (inside && address.is_multiple_of(8)).then(|| unsafe { (address as *const u64).read_volatile() })
}
