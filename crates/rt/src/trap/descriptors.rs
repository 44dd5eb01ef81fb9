//! GDT, TSS and IDT: SDM volume 3, "Protected-Mode Memory Management" and "Interrupt and Exception Handling".

use core::cell::UnsafeCell;

use crate::cpu::table::{TablePointer, lgdt, lidt, ltr, set_segments};
use crate::start::stack;

/// 64-bit code, level 0.
pub const CODE_SELECTOR: u16 = 0x08;
/// Writable data, level 0.
pub const DATA_SELECTOR: u16 = 0x10;
/// The TSS.
pub const TASK_SELECTOR: u16 = 0x18;

const CODE: u64 = 0x00af_9b00_0000_ffff;
const DATA: u64 = 0x00cf_9300_0000_ffff;
const AVAILABLE_TSS_64: u64 = 0x89 << 40;

/// Present, level 0, 64-bit interrupt gate: interrupts are off in all handlers.
const INTERRUPT_GATE: u64 = 0x8e << 40;
/// Bytes from one vector's stub to the next.
const STUB_BYTES: u64 = 16;

/// The 64-bit TSS; its only use here is the interrupt stack table.
#[repr(C, packed(4))]
struct TaskState {
    reserved0: u32,
    level_stacks: [u64; 3],
    reserved1: u64,
    interrupt_stacks: [u64; 7],
    reserved2: u64,
    reserved3: u16,
    io_map_base: u16,
}

const TASK_STATE_BYTES: u64 = 104;
const _: () = assert!(size_of::<TaskState>() as u64 == TASK_STATE_BYTES);

#[repr(C, align(16))]
struct Tables {
    gdt: [u64; 5],
    idt: [[u64; 2]; 256],
    task: TaskState,
}

struct TablesCell(UnsafeCell<Tables>);

// SAFETY: written by `load` with interrupts off on the only CPU; the CPU reads it, and sets the TSS busy.
unsafe impl Sync for TablesCell {}

static TABLES: TablesCell = TablesCell(UnsafeCell::new(Tables {
    gdt: [0; 5],
    idt: [[0; 2]; 256],
    task: TaskState {
        reserved0: 0,
        level_stacks: [0; 3],
        reserved1: 0,
        interrupt_stacks: [0; 7],
        reserved2: 0,
        reserved3: 0,
        io_map_base: 0,
    },
}));

unsafe extern "C" {
    /// The first of 256 stubs, [`STUB_BYTES`] apart.
    static rt_trap_stubs: [u8; 0];
    /// The stub of an interrupt that only wakes.
    static rt_trap_wake: [u8; 0];
}

/// The interrupt stack table's slot, 1 to 7, for a vector. What can interrupt the others has its own.
const fn stack_slot(vector: usize) -> u64 {
    match vector {
        8 => 1,
        2 => 2,
        18 => 3,
        1 => 4,
        0..=31 => 5,
        _ => 6,
    }
}

/// Linear address of the TSS, for a VMCS's host-state area.
pub fn task_state_base() -> u64 {
    // SAFETY: only the address is taken.
    unsafe { &raw const (*TABLES.0.get()).task as u64 }
}

/// The gate of a vector.
fn interrupt_gate(vector: usize, stub: u64) -> [u64; 2] {
    [
        (stub & 0xffff)
            | u64::from(CODE_SELECTOR) << 16
            | stack_slot(vector) << 32
            | INTERRUPT_GATE
            | (stub >> 16 & 0xffff) << 48,
        stub >> 32,
    ]
}

/// Gives the vector of a line of the first interrupt controller the gate that only wakes.
pub(crate) fn let_wake(vector: u8) {
    let vector = usize::from(vector);
    // SAFETY: one CPU, interrupts off, and no reference outlives this function. The stub exists, and has the kind of stack
    // that every vector has.
    unsafe { (*TABLES.0.get()).idt[vector] = interrupt_gate(vector, &raw const rt_trap_wake as u64) };
}

/// Builds the tables anew and loads GDTR, IDTR, TR and the segment registers. rt calls it before `main`; a
/// program that changed any of these calls it to return to this state.
pub fn load() {
    // SAFETY: one CPU, interrupts off, and no reference outlives this function. The stubs exist.
    let (tables, stubs) = unsafe { (&mut *TABLES.0.get(), &raw const rt_trap_stubs as u64) };
    let task_base = &raw const tables.task as u64;
    let task_low = (TASK_STATE_BYTES - 1)
        | (task_base & 0xff_ffff) << 16
        | AVAILABLE_TSS_64
        | (task_base >> 24 & 0xff) << 56;
    tables.gdt = [0, CODE, DATA, task_low, task_base >> 32];
    for (vector, gate) in tables.idt.iter_mut().enumerate() {
        *gate = interrupt_gate(vector, stubs + vector as u64 * STUB_BYTES);
    }
    let mut stacks = [0; 7];
    for (index, top) in stacks.iter_mut().take(stack::TRAP_COUNT).enumerate() {
        *top = stack::trap_top(index);
    }
    tables.task.interrupt_stacks = stacks;
    tables.task.io_map_base = TASK_STATE_BYTES as u16;
    let gdt = TablePointer { limit: size_of_val(&tables.gdt) as u16 - 1, base: tables.gdt.as_ptr() as u64 };
    let idt = TablePointer { limit: size_of_val(&tables.idt) as u16 - 1, base: tables.idt.as_ptr() as u64 };
    // SAFETY: the tables are static and were just filled with flat segments, an available TSS and gates to
    // stubs that save all registers.
    unsafe {
        lgdt(&gdt);
        set_segments(CODE_SELECTOR, DATA_SELECTOR);
        lidt(&idt);
        ltr(TASK_SELECTOR);
    }
}
