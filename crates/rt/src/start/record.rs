//! What stage 2 leaves for Rust, and its copy into memory that stays.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::slice;

use crate::boot::{BootInfo, MemoryKind, MemoryRegion, Module, ModuleKind};

/// Most memory map entries that stage 2 stores (`MAP_LIMIT` there).
const MAP_LIMIT: usize = 128;
/// Most load table entries (`LOAD_LIMIT` there).
const LOAD_LIMIT: usize = 16;
/// Load table kind of a part of the program itself.
const KIND_PROGRAM: u32 = 0;
/// Load table kind of a part of the program that `unpack.s` moves to its place.
pub const KIND_PACKED: u32 = 3;

/// The boot record, filled in by stages 1 and 2. The fields from `first_sector` to `done` serve their disk
/// reads and mean nothing here.
#[repr(C)]
pub struct Record {
    pub tsc: u64,
    pub load_ticks: u64,
    pub map: u32,
    pub map_count: u32,
    pub load_table: u32,
    pub load_count: u32,
    pub first_sector: u32,
    pub sectors_per_track: u16,
    pub heads: u16,
    pub done: u16,
    pub drive: u8,
}

/// An entry of the load table, written by the image builder.
#[repr(C)]
pub struct LoadEntry {
    pub kind: u32,
    pub first_sector: u32,
    pub sectors: u32,
    pub destination: u32,
    pub length: u32,
    /// Where a [`KIND_PACKED`] entry's bytes belong; `destination` is where they wait, packed.
    pub unpacked_destination: u32,
    /// In bytes, a multiple of 4.
    pub unpacked_length: u32,
    /// Of its dwords, each added to the rest rotated left by one bit.
    pub unpacked_sum: u32,
}

/// An entry of the firmware's memory map.
#[repr(C)]
struct MapEntry {
    base: u64,
    length: u64,
    kind: u32,
    attributes: u32,
}

const _: () = assert!(size_of::<LoadEntry>() == 32 && size_of::<MapEntry>() == 24);

/// The program's copy, written once before `main`.
struct Kept {
    map: [MemoryRegion; MAP_LIMIT],
    modules: [Module; LOAD_LIMIT],
    boot: BootInfo,
}

struct KeptCell(UnsafeCell<MaybeUninit<Kept>>);

// SAFETY: written by `take` alone, once, on the only CPU with interrupts off; afterwards only read.
unsafe impl Sync for KeptCell {}

static KEPT: KeptCell = KeptCell(UnsafeCell::new(MaybeUninit::uninit()));

/// Copies what the loader left; low memory is free afterwards.
///
/// # Safety
/// Called once. `record` and what it points to were filled in by stage 2 and are mapped; the modules' memory
/// is used by nobody else from now on.
pub unsafe fn take(record: *const Record) -> &'static BootInfo {
    // SAFETY: the caller's duty.
    let record = unsafe { &*record };
    let map_count = (record.map_count as usize).min(MAP_LIMIT);
    let load_count = (record.load_count as usize).min(LOAD_LIMIT);
    // SAFETY: stage 2 stored that many entries there, aligned to 8.
    let map = unsafe { slice::from_raw_parts(record.map as usize as *const MapEntry, map_count) };
    // SAFETY: the table in stage 2 has that many entries, aligned to 4.
    let loads = unsafe { slice::from_raw_parts(record.load_table as usize as *const LoadEntry, load_count) };
    // SAFETY: the only access until it is given out below, as this is the only call.
    let kept = unsafe { &mut *KEPT.0.get() }.write(Kept {
        map: [MemoryRegion { base: 0, length: 0, kind: MemoryKind::Reserved }; MAP_LIMIT],
        modules: [Module { kind: ModuleKind::Other(0), bytes: &[] }; LOAD_LIMIT],
        boot: BootInfo {
            memory_map: &[],
            modules: &[],
            boot_drive: record.drive,
            tsc_at_boot_sector: record.tsc,
            load_ticks: record.load_ticks,
        },
    });
    for (region, entry) in kept.map.iter_mut().zip(map) {
        *region = MemoryRegion { base: entry.base, length: entry.length, kind: entry.kind.into() };
    }
    let mut modules = 0;
    for load in loads.iter().filter(|load| !matches!(load.kind, KIND_PROGRAM | KIND_PACKED)) {
        let kind = match load.kind {
            1 => ModuleKind::BootConfig,
            2 => ModuleKind::Guest,
            other => ModuleKind::Other(other),
        };
        let start = load.destination as usize as *const u8;
        // SAFETY: stage 2 loaded these bytes into usable RAM, outside the program, for good.
        let bytes = unsafe { slice::from_raw_parts(start, load.length as usize) };
        kept.modules[modules] = Module { kind, bytes };
        modules += 1;
    }
    kept.boot.memory_map = &kept.map[..map_count];
    kept.boot.modules = &kept.modules[..modules];
    &kept.boot
}
