//! The arena's memory: filled as [`vmx::mutate::arena`] says, which the host tool believes.

use rt::cpu::table;
use vmx::mutate::arena::{
    BASE, ENTRY_LOAD, GUEST_CODE, HOST_GDT, HOST_IDT, HOST_TSS, PAGE, PAGES, STUB, STUB_ALIAS, VMCS, VMXON,
    read,
};
use vmx::mutate::{MSR_ENTRIES, MsrEntry};

use super::launch::exit_address;

/// Writes 8 bytes of the arena.
pub(super) fn write(address: u64, value: u64) {
    assert!((BASE..BASE + PAGES * PAGE).contains(&address), "{address:X}h is outside the arena");
    // SAFETY: the address is in the arena, which is mapped RAM that no reference leads to.
    unsafe { (address as *mut u64).write_volatile(value) };
}

/// Fills everything but the regions of VMXON and of the VMCS, which are the processor's.
pub fn fill_arena(revision: u32) {
    for address in (BASE..BASE + PAGES * PAGE).step_by(8) {
        if !(VMXON..VMXON + PAGE).contains(&address) && !(VMCS..VMCS + PAGE).contains(&address) {
            write(address, read(address, revision).unwrap_or(0));
        }
    }
    write_entries(&[MsrEntry::default(); MSR_ENTRIES]);
    write_stub(STUB);
    write_stub(STUB + STUB_ALIAS);
    let (gdt, idt) = (table::sgdt(), table::sidt());
    copy(gdt.base, HOST_GDT, gdt.limit);
    copy(idt.base, HOST_IDT, idt.limit);
    copy(rt::trap::task_state_base(), HOST_TSS, 103);
}

/// Fills the guest's page again: an injected event may have pushed its frame there.
pub fn refill_guest() {
    let start = GUEST_CODE as *mut u8;
    // SAFETY: the page is in the arena, which is mapped RAM that no reference leads to.
    unsafe { start.write_bytes(0xCC, PAGE as usize) };
}

/// Writes the VM-entry MSR-load area.
pub fn write_entries(entries: &[MsrEntry; MSR_ENTRIES]) {
    let mut address = ENTRY_LOAD;
    for entry in entries {
        write(address, entry.index);
        write(address + 8, entry.value);
        address += 16;
    }
}

/// `mov rax, exit_address; jmp rax`.
fn write_stub(at: u64) {
    let address = exit_address().to_le_bytes();
    let code = [0x48, 0xB8, address[0], address[1], address[2], address[3], address[4], address[5]];
    write(at, u64::from_le_bytes(code));
    write(at + 8, u64::from_le_bytes([address[6], address[7], 0xFF, 0xE0, 0, 0, 0, 0]));
}

/// Copies `limit` + 1 bytes of a descriptor table or TSS.
fn copy(from: u64, to: u64, limit: u16) {
    for offset in (0..=u64::from(limit)).step_by(8) {
        // SAFETY: the table that the processor uses is mapped for that length.
        let value = unsafe { ((from + offset) as *const u64).read_unaligned() };
        write(to + offset, value);
    }
}
