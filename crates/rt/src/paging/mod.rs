//! The program's page tables: one to one, and no page both writable and executable.
//!
//! On entry: on stage 2's tables, which allow everything. Responsible for: tables of our own that map code
//! to be executed, constants to be read, statics, stacks and all RAM below 4 GiB to be written, and
//! nothing else; below each stack nothing. They are built before `main` and grow by [`map_device`] alone.
//! Not mapped: RAM above 4 GiB, and devices that nobody asked for.

mod plan;
mod tables;

use core::ops::Range;

use crate::boot::{MemoryKind, MemoryRegion};
use crate::cpu::msr::{rdmsr, wrmsr};
use crate::cpu::{control, cpuid};
use crate::start::{layout, stack};
use plan::{Access, NoExecute};

const EFER: u32 = 0xc000_0080;
const EFER_NO_EXECUTE: u64 = 1 << 11;
const FOUR_GIB: u64 = 1 << 32;

/// What a PC has below 1 MiB whether or not its memory map says so: RAM and the firmware's data area, video
/// memory, ROM.
const LOW_RAM: Range<u64> = 0..0xa0000;
const VIDEO: Range<u64> = 0xa0000..0xc0000;
const ROM: Range<u64> = 0xc0000..0x10_0000;

/// Builds the tables and loads CR3. Called by rt before `main`.
pub(crate) fn init(memory_map: &[MemoryRegion]) {
    let no_execute = enable_no_execute();
    let root = tables::with(|tables| {
        tables.set_no_execute(no_execute);
        for region in memory_map {
            if matches!(region.kind, MemoryKind::Usable | MemoryKind::AcpiTables) {
                let pages = plan::inward(region.base..region.end().min(FOUR_GIB));
                tables.map(pages, Access::Write);
            }
        }
        let image = layout::image();
        let program = [
            (LOW_RAM, Access::Write),
            (VIDEO, Access::Device),
            (ROM, Access::Read),
            (image, Access::Nothing),
            (layout::text(), Access::Execute),
            (layout::rodata(), Access::Read),
            (layout::data(), Access::Write),
        ];
        let stacks = stack::all().map(|(first, end)| (first..end, Access::Write));
        for (range, access) in program.into_iter().chain(stacks) {
            tables.map(range, access);
        }
        tables.root()
    });
    // SAFETY: the tables map code, constants, statics and stacks where they are, as just planned.
    unsafe { control::set_cr3(root) };
    assert!(no_execute == NoExecute::Absent || is_write_xor_execute());
}

/// Turns the no-execute bit on if this CPU has it.
fn enable_no_execute() -> NoExecute {
    const EXTENDED_FEATURES: u32 = 0x8000_0001;
    const NO_EXECUTE_FEATURE: u32 = 1 << 20;
    if cpuid(EXTENDED_FEATURES, 0).edx & NO_EXECUTE_FEATURE == 0 {
        return NoExecute::Absent;
    }
    // SAFETY: EFER exists in long mode, and CPUID says that it has NXE; no present entry has bit 63 set.
    unsafe { wrmsr(EFER, rdmsr(EFER) | EFER_NO_EXECUTE) };
    NoExecute::Available
}

/// Maps a device's memory one to one, to be read and written past all caches, in whole pages.
///
/// # Panics
/// The range touches the program, or the tables are used up.
pub fn map_device(physical: u64, length_bytes: u64) {
    let range = plan::outward(physical..physical.checked_add(length_bytes).expect("the range has an end"));
    let image = layout::image();
    assert!(range.end <= image.start || range.start >= image.end, "the program is no device");
    tables::with(|tables| tables.map(range, Access::Device));
}

/// The memory of the tables in use, for checksums: the CPU does not write to it.
pub fn tables() -> Range<u64> {
    tables::with(|tables| tables.extent())
}

/// Whether no mapped page is both writable and executable, by a walk through all tables.
pub fn is_write_xor_execute() -> bool {
    tables::with(|tables| tables.writable_and_executable()).is_none()
}
