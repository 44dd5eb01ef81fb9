//! From the boot sector to `main`.
//!
//! On entry: whatever the firmware left. Responsible for the whole way: `sector.s` (stage 1), `loader.s`,
//! `lzma.s` and `unpack.s` (stage 2) in real mode, `entry.s` in 64-bit mode, then [`rt_begin`] in Rust, which brings
//! up the parts of the runtime in the order in which they can report the next one's failure.

pub mod layout;
mod record;
pub(crate) mod stack;

use core::arch::global_asm;
use core::mem::offset_of;

use crate::boot::BootInfo;
use crate::{console, irq, paging, power, trap};
use record::{LoadEntry, Record};

/// Where stage 2 leaves things, in low memory: see `loader.s` for the map.
const PAGE_TABLES: usize = 0x1000;
const MEMORY_MAP: usize = 0x4000;
const RECORD: usize = 0x7b80;
const STAGE_1: usize = 0x7c00;
/// The first dword after stage 2's first jump: proof that stage 2 was read.
const LOADER_MARK: u32 = u32::from_le_bytes(*b"hy86");

const _: () = assert!(RECORD + size_of::<Record>() <= STAGE_1);

global_asm!(
    ".equ BOOT_PAGE_TABLES, {page_tables}",
    ".equ BOOT_RECORD, {record}",
    ".equ BOOT_MAP, {map}",
    ".equ LOADER_MARK, {mark}",
    include_str!("sector.s"),
    ".equ KIND_PACKED, {kind_packed}",
    include_str!("loader.s"),
    include_str!("lzma.s"),
    include_str!("unpack.s"),
    include_str!("entry.s"),
    ".equ STACK_GUARD, {stack_guard}",
    ".equ MAIN_STACK, {main_stack}",
    ".equ TRAP_STACK, {trap_stack}",
    ".equ TRAP_STACKS, {trap_stacks}",
    include_str!("stacks.s"),
    stack_guard = const stack::GUARD_BYTES,
    main_stack = const stack::MAIN_BYTES,
    trap_stack = const stack::TRAP_BYTES,
    trap_stacks = const stack::TRAP_COUNT,
    page_tables = const PAGE_TABLES,
    record = const RECORD,
    map = const MEMORY_MAP,
    mark = const LOADER_MARK,
    record_tsc = const offset_of!(Record, tsc),
    record_load_ticks = const offset_of!(Record, load_ticks),
    record_map = const offset_of!(Record, map),
    record_map_count = const offset_of!(Record, map_count),
    record_load_table = const offset_of!(Record, load_table),
    record_load_count = const offset_of!(Record, load_count),
    record_drive = const offset_of!(Record, drive),
    record_first_sector = const offset_of!(Record, first_sector),
    record_sectors_per_track = const offset_of!(Record, sectors_per_track),
    record_heads = const offset_of!(Record, heads),
    record_done = const offset_of!(Record, done),
    kind_packed = const record::KIND_PACKED,
    load_kind = const offset_of!(LoadEntry, kind),
    load_entry = const size_of::<LoadEntry>(),
    load_first_sector = const offset_of!(LoadEntry, first_sector),
    load_sectors = const offset_of!(LoadEntry, sectors),
    load_destination = const offset_of!(LoadEntry, destination),
    load_length = const offset_of!(LoadEntry, length),
    load_unpacked_destination = const offset_of!(LoadEntry, unpacked_destination),
    load_unpacked_length = const offset_of!(LoadEntry, unpacked_length),
    load_unpacked_sum = const offset_of!(LoadEntry, unpacked_sum),
);

unsafe extern "Rust" {
    /// The program's entry, exported by [`crate::entry!`].
    #[link_name = "main"]
    fn program_main(boot: &'static BootInfo);
}

/// The first Rust code, called once by `entry.s`.
///
/// # Safety
/// `record` was filled in by stage 2 and lies in mapped memory, as does all that it points to.
#[unsafe(no_mangle)]
unsafe extern "C" fn rt_begin(record: *const Record) -> ! {
    console::init();
    trap::load();
    irq::init();
    // SAFETY: the caller's duty; this is the only call, before anything could reuse low memory.
    let boot = unsafe { record::take(record) };
    paging::init(boot.memory_map);
    // SAFETY: `entry!` checked the type of what it exported under this name.
    unsafe { program_main(boot) };
    power::shutdown()
}
