//! The memory that all cases live in: at fixed places and of known content, so that the host tool can tell what the
//! processor read without being told.
//!
//! Every guest address, whatever the mode, leads to one page full of INT3. VMCALL would do as well at its first byte, but
//! a guest that starts in its middle runs something else (`C1 0F 01` rotates memory); INT3 is one byte, and exits
//! because the exception bitmap is all ones. Accessed and dirty bits are set beforehand: page walks change nothing.

use super::outcome::MSR_ENTRIES;

/// Physical address of the first page.
pub const BASE: u64 = 0x0200_0000;
/// How many pages there are.
pub const PAGES: u64 = 40;
/// Bytes of a page.
pub const PAGE: u64 = 0x1000;

/// The page with this number.
const fn page(number: u64) -> u64 {
    BASE + number * PAGE
}

/// What every guest address leads to.
pub const GUEST_CODE: u64 = page(0);
/// 32-bit paging: page directory and page table.
pub const DIRECTORY: u64 = page(1);
const TABLE_32: u64 = page(2);
/// PAE paging: page-directory pointers, the same four again and again.
pub const POINTERS: u64 = page(3);
const DIRECTORY_64: u64 = page(4);
const TABLE_64: u64 = page(5);
/// 4-level paging: root.
pub const ROOT: u64 = page(6);
const ROOT_POINTERS: u64 = page(7);
/// EPT: root.
pub const EPT_ROOT: u64 = page(8);
const EPT_POINTERS: u64 = page(9);
const EPT_DIRECTORY: u64 = page(10);
const EPT_TABLE: u64 = page(11);
/// The host's tables, which map the first GiB one to one without restriction.
pub const HOST_ROOT: u64 = page(12);
const HOST_POINTERS: u64 = page(13);
const HOST_DIRECTORY: u64 = page(14);
/// The same once more.
pub const HOST_ROOT_ALIAS: u64 = page(15);
/// The way back from a VM exit, twice, [`STUB_ALIAS`] bytes apart. The harness writes it.
pub const STUB: u64 = page(16);
/// Distance of the second copy.
pub const STUB_ALIAS: u64 = 0x800;
/// I/O bitmaps.
pub const IO_BITMAPS: [u64; 2] = [page(17), page(18)];
/// MSR bitmaps.
pub const MSR_BITMAPS: u64 = page(19);
/// VM-entry MSR-load area. The harness writes each case's entries.
pub const ENTRY_LOAD: u64 = page(20);
/// VM-exit MSR-load area, whose entries are harmless.
pub const EXIT_LOAD: u64 = page(21);
/// VM-exit MSR-store area, whose entries are harmless.
pub const EXIT_STORE: u64 = page(22);
/// Virtual-APIC page.
pub const VIRTUAL_APIC: u64 = page(23);
/// APIC-access page.
pub const APIC_ACCESS: u64 = page(24);
/// Page-modification log.
pub const PML: u64 = page(25);
/// EPTP list.
pub const EPTP_LIST: u64 = page(26);
/// VMREAD bitmap.
pub const VMREAD_BITMAP: u64 = page(27);
/// VMWRITE bitmap.
pub const VMWRITE_BITMAP: u64 = page(28);
/// Virtualization-exception information.
pub const VIRTUALIZATION_EXCEPTION: u64 = page(29);
/// A region with the processor's revision identifier and the shadow-VMCS indicator.
pub const SHADOW_VMCS: u64 = page(30);
/// A region with the processor's revision identifier.
pub const ORDINARY_VMCS: u64 = page(31);
/// A region with another revision identifier.
pub const WRONG_VMCS: u64 = page(32);
/// Posted-interrupt descriptor.
pub const POSTED_INTERRUPTS: u64 = page(33);
/// The VMXON region. The harness writes it.
pub const VMXON: u64 = page(34);
/// The VMCS. The harness writes it.
pub const VMCS: u64 = page(35);
/// Copies of the host's GDT, IDT and TSS. The harness writes them.
pub const HOST_GDT: u64 = page(36);
/// See [`HOST_GDT`].
pub const HOST_IDT: u64 = page(37);
/// See [`HOST_GDT`].
pub const HOST_TSS: u64 = page(38);

/// Offset of the task-priority register (VTPR) in the virtual-APIC page.
const TASK_PRIORITY: u64 = 0x80;
/// Its bits 7:4, against which the TPR threshold is compared.
pub const TASK_PRIORITY_CLASS: u64 = 5;

/// Present, writable, for user mode, accessed.
const TO_TABLE: u64 = 0x27;
/// The same, dirty.
const TO_PAGE: u64 = 0x67;
/// Present: the only attribute that a PAE page-directory pointer has beside caching.
const TO_DIRECTORY: u64 = 0x01;
/// Readable, writable, executable, accessed (bit 8).
const TO_EPT: u64 = 0x107;
/// The same, write-back, dirty (bit 9).
const TO_EPT_PAGE: u64 = 0x337;
/// Present, writable, accessed.
const HOST_TO_TABLE: u64 = 0x23;
/// The same, dirty, 2 MiB.
const HOST_TO_PAGE: u64 = 0xE3;

/// INT3 all over.
const INT3: u64 = 0xCCCC_CCCC_CCCC_CCCC;

/// IA32_SYSENTER_CS: an MSR that nothing here uses.
const HARMLESS_MSR: u64 = 0x174;

/// The 8 bytes at `address`, a multiple of 8, as the harness fills the arena before the first case, for a processor
/// with this VMCS `revision`. `None` outside the arena, and where the content is the harness's own or the processor's.
pub const fn read(address: u64, revision: u32) -> Option<u64> {
    let offset = address % PAGE;
    match address - offset {
        GUEST_CODE => Some(INT3),
        DIRECTORY => twice(TABLE_32 | TO_TABLE),
        TABLE_32 => twice(GUEST_CODE | TO_PAGE),
        POINTERS => Some(DIRECTORY_64 | TO_DIRECTORY),
        DIRECTORY_64 => Some(TABLE_64 | TO_TABLE),
        TABLE_64 => Some(GUEST_CODE | TO_PAGE),
        ROOT => Some(ROOT_POINTERS | TO_TABLE),
        ROOT_POINTERS => Some(DIRECTORY_64 | TO_TABLE),
        EPT_ROOT => Some(EPT_POINTERS | TO_EPT),
        EPT_POINTERS => Some(EPT_DIRECTORY | TO_EPT),
        EPT_DIRECTORY => Some(EPT_TABLE | TO_EPT),
        EPT_TABLE => Some(GUEST_CODE | TO_EPT_PAGE),
        HOST_ROOT | HOST_ROOT_ALIAS => Some(if offset == 0 { HOST_POINTERS | HOST_TO_TABLE } else { 0 }),
        HOST_POINTERS => Some(if offset == 0 { HOST_DIRECTORY | HOST_TO_TABLE } else { 0 }),
        HOST_DIRECTORY => Some((offset / 8) << 21 | HOST_TO_PAGE),
        EXIT_LOAD | EXIT_STORE => Some(if offset.is_multiple_of(16) { HARMLESS_MSR } else { 0 }),
        VIRTUAL_APIC => Some(if offset == TASK_PRIORITY { TASK_PRIORITY_CLASS << 4 } else { 0 }),
        SHADOW_VMCS => Some(if offset == 0 { revision as u64 | 1 << 31 } else { 0 }),
        ORDINARY_VMCS => Some(if offset == 0 { revision as u64 } else { 0 }),
        WRONG_VMCS => Some(if offset == 0 { revision as u64 ^ 1 } else { 0 }),
        ENTRY_LOAD | STUB | VMXON | VMCS | HOST_GDT | HOST_IDT | HOST_TSS => None,
        start if start >= BASE && start < BASE + PAGES * PAGE => Some(0),
        _ => None,
    }
}

const fn twice(entry: u64) -> Option<u64> {
    Some(entry << 32 | entry)
}

const _: () = assert!(MSR_ENTRIES * 16 < PAGE as usize);
