//! The testbed's switch: out of 64-bit mode, into a virtual-8086 task without any VMX, and back.
//!
//! On entry interrupts are off, memory is mapped one to one and everything here lies below 4 GiB, so that code and
//! data stay where they are when paging goes off. The guest component lies at its arena. Its #GP gate leads to
//! `testbed_isr_gpf`, which carries out the task's IN and OUT on COM1 (the testbed has closed those ports in the I/O
//! map), keeps a copy of each byte sent, and returns to 64-bit mode at any other fault.

use core::arch::global_asm;
use core::mem::offset_of;

use rt::cpu::control;
use rt::cpu::table::TablePointer;
use v8086::{Flags, GuestMemory};
use vmx::control_register::cr0;

use crate::component::Component;
use crate::memory::FirstMib;

/// Selectors of the testbed's GDT. Those of TSS and LDT are the component's.
mod selector {
    pub const CODE_32: u16 = 0x18;
    pub const DATA: u16 = 0x20;
    pub const CODE_64: u16 = 0x28;
}

/// Flat segments of level 0: 32-bit code, data, 64-bit code (SDM vol. 3, 3.4.5 "Segment Descriptors").
const FLAT_SEGMENTS: [u64; 3] = [0x00CF_9A00_0000_FFFF, 0x00CF_9200_0000_FFFF, 0x00AF_9A00_0000_FFFF];

/// In a TSS descriptor, the bit of its type that says busy. LTR takes an available TSS only.
const BUSY: u64 = 1 << 41;

/// A present 32-bit interrupt gate of level 0, without its offset and selector.
const INTERRUPT_GATE: u64 = 0x8E << 40;

/// Vector of the general-protection exception.
const GENERAL_PROTECTION: u32 = 13;

/// Where a TSS says, as an offset in itself, where its I/O map lies (SDM vol. 3, figure 8-2 "32-Bit Task-State Segment").
const TSS_IO_MAP: u32 = 0x66;

/// First port of COM1; its eight ports are one byte of an I/O map.
const UART: u16 = 0x3F8;

/// CR0 bits that the firmware may have left and that stay; the runtime's own go.
const CR0_OF_THE_MACHINE: u64 = cr0::CD | cr0::NW | cr0::ET | cr0::PE;

/// Most serial bytes that are kept.
const SERIAL_BYTES: usize = 256;

/// What IRETD takes to enter virtual-8086 mode, from the stack's top on (SDM vol. 3, 20.2.2 "Entering Virtual-8086
/// Mode").
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct TaskFrame {
    pub eip: u32,
    pub cs: u32,
    pub eflags: u32,
    pub esp: u32,
    pub ss: u32,
    pub es: u32,
    pub ds: u32,
    pub fs: u32,
    pub gs: u32,
}

/// The task at the fault that ended it: what PUSHAD, then the processor pushed.
#[repr(C)]
#[derive(Clone, Copy, Default)]
#[allow(missing_docs)]
pub struct Fault {
    pub edi: u32,
    pub esi: u32,
    pub ebp: u32,
    pub handler_esp: u32,
    pub ebx: u32,
    pub edx: u32,
    pub ecx: u32,
    pub eax: u32,
    pub error_code: u32,
    pub task: TaskFrame,
}

/// Everything that the switch reads and writes.
#[repr(C)]
pub struct Testbed {
    gdt: [u64; 6],
    start: TaskFrame,
    task_cr0: u32,
    task_idt: TablePointer,
    task_gdt: TablePointer,
    fault: Fault,
    serial_length: u32,
    serial: [u8; SERIAL_BYTES],
    host_gdt: TablePointer,
    host_idt: TablePointer,
    host_tr: u16,
    host_cs: u64,
    host_ss: u64,
    host_rsp: u64,
    host_cr0: u64,
}

impl Testbed {
    /// Prepares the component, which has been loaded into `memory`: gate 13 leads to the testbed's handler, and the
    /// ports of COM1 are closed in the I/O map, so that what the task sends passes by.
    pub fn new(component: &Component, memory: &mut FirstMib) -> Self {
        let handler = testbed_isr_gpf as *const () as u64;
        let gate = handler & 0xFFFF
            | u64::from(selector::CODE_32) << 16
            | INTERRUPT_GATE
            | (handler >> 16 & 0xFFFF) << 48;
        memory.write(component.idt.base + 8 * GENERAL_PROTECTION, &gate.to_le_bytes());
        let io_map = component.tss.base + u32::from(memory.read_u16(component.tss.base + TSS_IO_MAP));
        memory.write_u8(io_map + u32::from(UART) / 8, 0xFF);

        let descriptor = |selector: u16| {
            let at = component.gdt.base + u32::from(selector);
            u64::from(memory.read_u32(at)) | u64::from(memory.read_u32(at + 4)) << 32
        };
        let [code_32, data, code_64] = FLAT_SEGMENTS;
        let start = TaskFrame {
            eip: component.entry,
            cs: Component::SELECTOR.into(),
            eflags: Flags::VM | Flags::FIXED,
            esp: component.ring3_stack,
            ss: Component::SELECTOR.into(),
            ..TaskFrame::default()
        };
        Self {
            gdt: [
                0,
                descriptor(Component::TSS_SELECTOR),
                descriptor(Component::LDT_SELECTOR),
                code_32,
                data,
                code_64,
            ],
            start,
            task_cr0: (control::cr0() & CR0_OF_THE_MACHINE) as u32,
            task_idt: TablePointer { limit: component.idt.limit as u16, base: component.idt.base.into() },
            task_gdt: TablePointer::default(),
            fault: Fault::default(),
            serial_length: 0,
            serial: [0; SERIAL_BYTES],
            host_gdt: TablePointer::default(),
            host_idt: TablePointer::default(),
            host_tr: 0,
            host_cs: 0,
            host_ss: 0,
            host_rsp: 0,
            host_cr0: 0,
        }
    }

    /// Runs the task until its first fault that is no IN or OUT on COM1, and returns it.
    pub fn run(&mut self) -> Fault {
        assert!((&raw const *self as u64) < 1 << 32, "the testbed lies below 4 GiB");
        self.gdt[usize::from(Component::TSS_SELECTOR) / size_of::<u64>()] &= !BUSY;
        self.task_gdt =
            TablePointer { limit: size_of_val(&self.gdt) as u16 - 1, base: &raw const self.gdt as u64 };
        // SAFETY: `new` made the tables; the switch keeps the ABI and restores what it replaces. Without paging nothing
        // confines the task but its segments: it is the component that came in our own boot image.
        unsafe { testbed_run(self) };
        self.fault
    }

    /// CR0 while the task ran.
    pub fn task_cr0(&self) -> u32 {
        self.task_cr0
    }

    /// What the task sent to COM1.
    pub fn serial(&self) -> &[u8] {
        &self.serial[..self.serial_length as usize]
    }
}

unsafe extern "sysv64" {
    fn testbed_run(testbed: *mut Testbed);
    fn testbed_isr_gpf();
}

const IA32_EFER: u32 = 0xC000_0080;
const EFER_LME: u32 = 1 << 8;
/// A system descriptor's type bit that says busy, in byte 5 of a TSS descriptor.
const TSS_BUSY: u8 = 1 << 1;
global_asm!(
    include_str!("testbed.s"),
    host_rsp = const offset_of!(Testbed, host_rsp),
    host_cs = const offset_of!(Testbed, host_cs),
    host_ss = const offset_of!(Testbed, host_ss),
    host_tr = const offset_of!(Testbed, host_tr),
    host_gdt = const offset_of!(Testbed, host_gdt),
    host_idt = const offset_of!(Testbed, host_idt),
    host_cr0 = const offset_of!(Testbed, host_cr0),
    task_gdt = const offset_of!(Testbed, task_gdt),
    task_idt = const offset_of!(Testbed, task_idt),
    task_cr0 = const offset_of!(Testbed, task_cr0),
    start = const offset_of!(Testbed, start),
    serial = const offset_of!(Testbed, serial),
    serial_length = const offset_of!(Testbed, serial_length),
    fault = const offset_of!(Testbed, fault),
    fault_bytes = const size_of::<Fault>(),
    frame_bytes = const size_of::<TaskFrame>(),
    fault_eax = const offset_of!(Fault, eax),
    fault_edx = const offset_of!(Fault, edx),
    error_code = const offset_of!(Fault, error_code),
    fault_eip = const offset_of!(Fault, task) + offset_of!(TaskFrame, eip),
    fault_cs = const offset_of!(Fault, task) + offset_of!(TaskFrame, cs),
    CODE_32 = const selector::CODE_32,
    CODE_64 = const selector::CODE_64,
    DATA = const selector::DATA,
    TSS = const Component::TSS_SELECTOR,
    LDT = const Component::LDT_SELECTOR,
    EFER = const IA32_EFER,
    LME = const EFER_LME,
    NOT_LME = const !EFER_LME,
    NOT_WP = const !cr0::WP as u32,
    NOT_BUSY = const !TSS_BUSY,
    ARENA = const Component::ARENA,
    SERIAL_BYTES = const SERIAL_BYTES,
    UART = const UART,
    UART_LINE_CONTROL = const UART + 3,
    DIVISOR_ACCESS = const 1 << 7,
    IN_AL_DX = const 0xEC,
    OUT_DX_AL = const 0xEE,
);
