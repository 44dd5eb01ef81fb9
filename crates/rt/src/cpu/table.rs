//! Descriptor-table registers.

use core::arch::asm;

/// The memory operand of LGDT, LIDT, SGDT and SIDT.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, packed)]
pub struct TablePointer {
    /// Size of the table in bytes, less one.
    pub limit: u16,
    /// Linear address of the table.
    pub base: u64,
}

/// LGDT.
///
/// # Safety
/// The table lives as long as the program; its descriptors for the selectors in use are what they were.
pub unsafe fn lgdt(pointer: &TablePointer) {
    // SAFETY: the caller's duty.
    unsafe { asm!("lgdt [{}]", in(reg) pointer, options(readonly, nostack, preserves_flags)) };
}

/// LIDT.
///
/// # Safety
/// The table lives as long as the program, and its gates lead to code that saves and restores all it uses.
pub unsafe fn lidt(pointer: &TablePointer) {
    // SAFETY: the caller's duty.
    unsafe { asm!("lidt [{}]", in(reg) pointer, options(readonly, nostack, preserves_flags)) };
}

/// SGDT.
pub fn sgdt() -> TablePointer {
    let mut pointer = TablePointer::default();
    // SAFETY: writes the ten bytes of `pointer`.
    unsafe { asm!("sgdt [{}]", in(reg) &mut pointer, options(nostack, preserves_flags)) };
    pointer
}

/// SIDT.
pub fn sidt() -> TablePointer {
    let mut pointer = TablePointer::default();
    // SAFETY: writes the ten bytes of `pointer`.
    unsafe { asm!("sidt [{}]", in(reg) &mut pointer, options(nostack, preserves_flags)) };
    pointer
}

/// LTR.
///
/// # Safety
/// The selector names an available 64-bit TSS in the GDT that lives as long as the program.
pub unsafe fn ltr(selector: u16) {
    // SAFETY: the caller's duty.
    unsafe { asm!("ltr {:x}", in(reg) selector, options(nostack, preserves_flags)) };
}

/// Loads CS by a far return, and DS, ES, SS with `data`. FS and GS become null.
///
/// # Safety
/// `code` is a 64-bit code segment of level 0 and `data` a writable data segment in the current GDT.
pub unsafe fn set_segments(code: u16, data: u16) {
    // SAFETY: the caller's duty; the far return goes to the next instruction.
    unsafe {
        asm!(
            "push {code}",
            "lea {scratch}, [rip + 2f]",
            "push {scratch}",
            "retfq",
            "2:",
            "mov ds, {data:e}",
            "mov es, {data:e}",
            "mov ss, {data:e}",
            "xor {scratch:e}, {scratch:e}",
            "mov fs, {scratch:e}",
            "mov gs, {scratch:e}",
            code = in(reg) u64::from(code),
            data = in(reg) u32::from(data),
            scratch = out(reg) _,
        );
    }
}
