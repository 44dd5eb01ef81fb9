//! The memory functions that the compiler calls by name and that no C library brings here.
//!
//! String instructions, eight bytes a step: short, and a step is one count in Bochs.

use core::arch::asm;

/// # Safety
/// As in C: both areas hold `length` bytes and do not overlap.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller's duty; DF is clear in Rust code.
    unsafe {
        asm!("rep movsq", "mov rcx, {tail}", "rep movsb",
            tail = in(reg) length % 8, inout("rcx") length / 8 => _,
            inout("rdi") to => _, inout("rsi") from => _, options(nostack, preserves_flags));
    }
    to
}

/// # Safety
/// As in C: both areas hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= length {
        // SAFETY: copying upwards never reads a byte that it wrote: `to` is below `from` or past its end.
        return unsafe { memcpy(to, from, length) };
    }
    if (to as usize) - (from as usize) < 8 {
        // SAFETY: the caller's duty; downwards, as `to` lies inside the source. DF is clear again afterwards.
        unsafe {
            asm!("std", "rep movsb", "cld",
                inout("rcx") length => _, inout("rdi") to.wrapping_add(length).wrapping_sub(1) => _,
                inout("rsi") from.wrapping_add(length).wrapping_sub(1) => _, options(nostack));
        }
        return to;
    }
    // SAFETY: as above; a step of eight bytes does not overlap what it reads. The first bytes come last.
    unsafe {
        asm!("std", "rep movsq", "lea rdi, [rdi + 7]", "lea rsi, [rsi + 7]", "mov rcx, {tail}", "rep movsb", "cld",
            tail = in(reg) length % 8, inout("rcx") length / 8 => _,
            inout("rdi") to.wrapping_add(length).wrapping_sub(8) => _,
            inout("rsi") from.wrapping_add(length).wrapping_sub(8) => _, options(nostack));
    }
    to
}

/// # Safety
/// As in C: the area holds `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, value: i32, length: usize) -> *mut u8 {
    let pattern = u64::from(value as u8) * 0x0101_0101_0101_0101;
    // SAFETY: the caller's duty; DF is clear in Rust code.
    unsafe {
        asm!("rep stosq", "mov rcx, {tail}", "rep stosb",
            tail = in(reg) length % 8, inout("rcx") length / 8 => _,
            inout("rdi") to => _, in("rax") pattern, options(nostack, preserves_flags));
    }
    to
}

/// # Safety
/// As in C: both areas hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    let quadwords = length / 8;
    let (rest, equal): (usize, u8);
    // SAFETY: the caller's duty; DF is clear in Rust code. The first comparison sets ZF, for an area of no quadword.
    unsafe {
        asm!("cmp ecx, ecx", "repe cmpsq", "sete {equal}",
            equal = out(reg_byte) equal, inout("rcx") quadwords => rest,
            inout("rsi") left => _, inout("rdi") right => _, options(nostack, readonly));
    }
    // The quadword that differs was counted.
    let same = if equal == 1 { quadwords } else { quadwords - rest - 1 };
    for index in 8 * same..length {
        // SAFETY: the caller's duty.
        let (a, b) = unsafe { (*left.add(index), *right.add(index)) };
        if a != b {
            return i32::from(a) - i32::from(b);
        }
    }
    0
}

/// # Safety
/// As in C: both areas hold `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    // SAFETY: the caller's duty.
    unsafe { memcmp(left, right, length) }
}
