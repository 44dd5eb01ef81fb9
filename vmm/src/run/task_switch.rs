//! Task switches of an unrestricted guest, which VMX leaves to the hypervisor (SDM vol. 3, 7.3 "Task Switching", and
//! "Treatment of Task Switches").
//!
//! On entry the processor has found the new task's descriptor: a TSS of the right type, present, long enough. All else
//! is done here: the old task is saved, the new one loaded, and what is wrong with it is raised in it.

use v8086::{Flags, GuestMemory, vector};
use vmx::Field;
use vmx::control_register::cr0;
use vmx::event::{EventKind, InterruptionInformation};
use vmx::exit::{GeneralRegister, TaskSwitch, TaskSwitchSource};
use vmx::segment::SegmentName;

use crate::cpu::vmx::{vmread, vmwrite};
use crate::guest_cpu::AtExit;

use super::control_registers::{register, set_cr3, set_register};
use super::descriptor::{Descriptor, load};
use super::linear_space::{Access, LinearSpace, PageFault};
use super::unrestricted::{debug_trap, raise};
use super::vm::{Next, SHUTDOWN, Vm};

/// The task trapped, in DR6.
const DR6_BT: u64 = 1 << 15;

/// What stops a task switch.
enum Fault {
    Page(PageFault),
    /// An exception with a selector as its error code.
    Selector {
        vector: u8,
        selector: u16,
    },
}

impl From<PageFault> for Fault {
    fn from(fault: PageFault) -> Self {
        Self::Page(fault)
    }
}

/// Carries out a task switch.
pub fn switch(vm: &mut Vm, switch: TaskSwitch) -> Next {
    let next = match carry_out(vm, switch) {
        Ok(()) => Next::Run,
        Err(fault) => fault.raise(switch),
    };
    let tsc = vm.at.tsc;
    vm.at = AtExit { tsc, complete: false, ..AtExit::read() };
    next
}

impl Fault {
    /// Raises it, or the double fault that it makes of the exception that wanted the switch.
    fn raise(self, switch: TaskSwitch) -> Next {
        let delivers = delivers(switch);
        let second = match self {
            Self::Page(_) => vector::PAGE_FAULT,
            Self::Selector { vector, .. } => vector,
        };
        match delivering() {
            first if !delivers || first.kind() != Some(EventKind::HardwareException) => {}
            first if first.vector() == vector::DOUBLE_FAULT => return SHUTDOWN,
            first if doubles(first.vector(), second) => {
                raise(vector::DOUBLE_FAULT, Some(0));
                return Next::Run;
            }
            _ => {}
        }
        match self {
            Self::Page(fault) => fault.raise(),
            // Bits 1:0 of the error code are no privilege level; bit 0 says that an event from outside the program came first.
            Self::Selector { vector, selector } => {
                raise(vector, Some(u32::from(selector & !3) | u32::from(delivers)));
            }
        }
        Next::Run
    }
}

/// Whether an exception while another is delivered is a double fault (SDM vol. 3, table 7-5 "Conditions for Generating a
/// Double Fault").
fn doubles(first: u8, second: u8) -> bool {
    let contributes = |vector| matches!(vector, vector::DIVIDE_ERROR | 10..=13);
    let page_fault = first == vector::PAGE_FAULT;
    (page_fault || contributes(first)) && contributes(second) || page_fault && second == vector::PAGE_FAULT
}

/// Fields of a TSS that both sizes have, by their order; FS and GS stand between DS and the LDT of the 32-bit one.
mod field {
    pub const IP: u32 = 0;
    pub const FLAGS: u32 = 1;
    pub const GENERAL: u32 = 2;
    pub const SEGMENTS: u32 = 10;
    /// Of the 32-bit one: bit 0 is T.
    pub const TRAP: u32 = 17;
}

/// A task-state segment. Its address is translated once, for contiguous physical memory (SDM vol. 3, 7.2.1 "Task-State
/// Segment (TSS)"): the guest's clock runs meanwhile, and on an emulated machine each walk of its tables takes long.
#[derive(Clone, Copy)]
struct Tss {
    /// Physical.
    base: u32,
    wide: bool,
}

impl Tss {
    /// CR3 in a 32-bit one.
    const CR3: u32 = 0x1C;
    const SEGMENTS: [SegmentName; 6] = SegmentName::CODE_AND_DATA;

    fn at(vm: &mut Vm, linear: u32, wide: bool, access: Access) -> Result<Self, PageFault> {
        Ok(Self { base: LinearSpace::system().translate(&mut vm.space, linear, access)?, wide })
    }

    fn place(self, field: u32) -> (u32, usize) {
        if self.wide { (self.base + 0x20 + 4 * field, 4) } else { (self.base + 0x0E + 2 * field, 2) }
    }

    fn segments(self) -> &'static [SegmentName] {
        // ES, CS, SS, DS; a 16-bit one has no more.
        if self.wide { &Self::SEGMENTS } else { &Self::SEGMENTS[..4] }
    }

    fn read(self, vm: &Vm, field: u32) -> u32 {
        let (at, size) = self.place(field);
        let mut bytes = [0; 4];
        vm.space.read(at, &mut bytes[..size]);
        u32::from_le_bytes(bytes)
    }

    fn write(self, vm: &mut Vm, field: u32, value: u32) {
        let (at, size) = self.place(field);
        vm.space.write(at, &value.to_le_bytes()[..size]);
    }

    /// Saves the processor's state as it is, with this IP and these flags.
    fn save(self, vm: &mut Vm, ip: u32, flags: u32) {
        self.write(vm, field::IP, ip);
        self.write(vm, field::FLAGS, flags);
        for number in 0..8 {
            let value = register(&vm.vcpu.general, GeneralRegister(number));
            self.write(vm, field::GENERAL + u32::from(number), value as u32);
        }
        for (index, name) in (0..).zip(self.segments()) {
            let (at, _) = self.place(field::SEGMENTS + index);
            vm.space.write_u16(at, vmread(name.fields().selector) as u16);
        }
    }
}

fn delivering() -> InterruptionInformation {
    InterruptionInformation(vmread(Field::IDT_VECTORING_INFORMATION) as u32)
}

/// Whether the switch delivers an interrupt or an exception; software interrupts, INT1, INT3 and INTO are none.
fn delivers(switch: TaskSwitch) -> bool {
    let delivering = delivering();
    switch.source == TaskSwitchSource::TaskGate && delivering.is_valid() && delivering.0 >> 8 & 7 < 4
}

/// Where the old task goes on, and the error code that an exception brought.
fn interrupted_place(switch: TaskSwitch) -> (u32, Option<u32>) {
    let rip = vmread(Field::GUEST_RIP) as u32;
    if !delivers(switch) {
        return (rip.wrapping_add(vmread(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32), None);
    }
    let has_error_code = delivering().has_error_code();
    (rip, has_error_code.then(|| vmread(Field::IDT_VECTORING_ERROR_CODE) as u32))
}

fn carry_out(vm: &mut Vm, switch: TaskSwitch) -> Result<(), Fault> {
    let selector = switch.selector;
    let invalid = Fault::Selector { vector: vector::INVALID_TSS, selector };
    let Some(mut descriptor) = Descriptor::read(vm, selector)? else { return Err(invalid) };
    let returns = switch.source == TaskSwitchSource::Iret;
    let nests = matches!(switch.source, TaskSwitchSource::Call | TaskSwitchSource::TaskGate);
    let (ip, error_code) = interrupted_place(switch);

    let old_selector = vmread(Field::GUEST_TR_SELECTOR) as u16;
    let old_rights = vmread(Field::GUEST_TR_ACCESS_RIGHTS);
    let wide = old_rights & 8 != 0;
    // All of its state must have room.
    if vmread(Field::GUEST_TR_LIMIT) < if wide { 0x5F } else { 0x29 } {
        return Err(Fault::Selector { vector: vector::INVALID_TSS, selector: old_selector });
    }
    let old = Tss::at(vm, vmread(Field::GUEST_TR_BASE) as u32, wide, Access::Write)?;
    let access = if nests { Access::Write } else { Access::Read };
    let new = Tss::at(vm, descriptor.base(), descriptor.is(Descriptor::WIDE), access)?;
    let mut flags = vmread(Field::GUEST_RFLAGS) as u32;
    if returns {
        flags &= !Flags::NT;
    }
    old.save(vm, ip, flags);
    if !nests && let Some(mut descriptor) = Descriptor::read(vm, old_selector)? {
        descriptor.mark(vm, Descriptor::BUSY, false)?;
    }

    if nests {
        vm.space.write_u16(new.base, old_selector);
    }
    if !returns {
        descriptor.mark(vm, Descriptor::BUSY, true)?;
    }
    let traps = new.wide && new.read(vm, field::TRAP) & 1 != 0;
    enter(vm, new, descriptor, selector, nests);
    load_segments(vm, new)?;
    if let Some(code) = error_code {
        push(vm, new, code)?;
    }
    if traps {
        debug_trap(DR6_BT);
    }
    Ok(())
}

/// Loads all of the new task but its segments.
fn enter(vm: &mut Vm, new: Tss, descriptor: Descriptor, selector: u16, nests: bool) {
    let mut flags = new.read(vm, field::FLAGS) | Flags::FIXED;
    if nests {
        flags |= Flags::NT;
    }
    descriptor.load(SegmentName::Tr, selector);
    vmwrite(Field::GUEST_CR0, vmread(Field::GUEST_CR0) | cr0::TS);
    if new.wide && vmread(Field::GUEST_CR0) & cr0::PG != 0 {
        let mut cr3 = [0; 4];
        vm.space.read(new.base + Tss::CR3, &mut cr3);
        set_cr3(vm, u32::from_le_bytes(cr3).into());
    }
    /// The local breakpoints of DR7, which belong to a task.
    const LOCAL: u64 = 0x155;
    vmwrite(Field::GUEST_DR7, vmread(Field::GUEST_DR7) & !LOCAL);
    vmwrite(Field::GUEST_RIP, new.read(vm, field::IP).into());
    let known = if new.wide { 0x3F_7FD7 } else { 0x7FD7 };
    vmwrite(Field::GUEST_RFLAGS, u64::from(flags & known));
    vmwrite(Field::GUEST_INTERRUPTIBILITY_STATE, 0);
    vmwrite(Field::GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
    for number in 0..8 {
        let value = new.read(vm, field::GENERAL + u32::from(number));
        // A 16-bit TSS leaves the upper halves undefined; the processor sets them.
        let value = if new.wide { value } else { value | 0xFFFF_0000 };
        set_register(&mut vm.vcpu.general, GeneralRegister(number), value.into());
    }
}

/// Loads the LDT, then the segments, each of which may raise an exception in the new task.
fn load_segments(vm: &mut Vm, new: Tss) -> Result<(), Fault> {
    const UNUSABLE: u32 = 1 << 16;
    let names = new.segments();
    let mut selectors = [0; 7];
    for (index, selector) in (0..).zip(&mut selectors[..=names.len()]) {
        *selector = new.read(vm, field::SEGMENTS + index) as u16;
    }
    let (code, table) = (selectors[SegmentName::Cs as usize], selectors[names.len()]);
    let virtual_8086 = vmread(Field::GUEST_RFLAGS) as u32 & Flags::VM != 0;
    // All selectors first: an exception finds them.
    for (name, selector) in SegmentName::CODE_AND_DATA.iter().zip(selectors) {
        if virtual_8086 {
            load(*name, selector, u32::from(selector) << 4, 0xFFFF, 0xF3);
        } else {
            let selector = if names.contains(name) { selector } else { 0 };
            load(*name, selector, 0, 0, UNUSABLE | LEVEL_3);
        }
    }
    load(SegmentName::Ldtr, table, 0, 0, UNUSABLE);
    if !virtual_8086 {
        stand_in(code, 3);
    }
    if table & !3 != 0 {
        let descriptor = Descriptor::read(vm, table)?;
        match descriptor.filter(|descriptor| table & 4 == 0 && descriptor.is_local_table()) {
            Some(descriptor) => descriptor.load(SegmentName::Ldtr, table),
            None => return Err(Fault::Selector { vector: vector::INVALID_TSS, selector: table }),
        }
    }
    if virtual_8086 {
        return Ok(());
    }
    let level = code & 3;
    load_segment(vm, SegmentName::Ss, selectors[SegmentName::Ss as usize], level)?;
    stand_in(code, level);
    // CS last: it must not be missing when another is wrong.
    for (name, selector) in names.iter().zip(selectors).rev() {
        if !matches!(name, SegmentName::Ss | SegmentName::Cs) {
            load_segment(vm, *name, selector, level)?;
        }
    }
    load_segment(vm, SegmentName::Cs, code, level)
}

/// In the access rights: privilege level 3.
const LEVEL_3: u32 = 3 << 5;

/// Code of this privilege level, until the task's own is found to be good: an entry wants some, and an exception has its level.
/// Without a stack that is 3, so that the handler gets one from the TSS. By the manual SS says the level, but Bochs 2.7
/// takes it from the selector of CS.
fn stand_in(selector: u16, level: u16) {
    /// Present, readable, accessed.
    const CODE: u32 = 0x9B;
    load(SegmentName::Cs, selector & !3 | level, 0, 0xFFFF, CODE | u32::from(level) << 5);
}

fn load_segment(vm: &mut Vm, name: SegmentName, selector: u16, level: u16) -> Result<(), Fault> {
    let needed = matches!(name, SegmentName::Cs | SegmentName::Ss);
    let invalid = Fault::Selector { vector: vector::INVALID_TSS, selector };
    if selector & !3 == 0 && !needed {
        return Ok(());
    }
    let Some(mut descriptor) = Descriptor::read(vm, selector)? else { return Err(invalid) };
    let code = descriptor.is(Descriptor::CODE);
    let conforming = code && descriptor.is(Descriptor::CONFORMING);
    let (own, asked) = (descriptor.level(), selector & 3);
    let fits = match name {
        SegmentName::Cs => code && if conforming { own <= level } else { own == level },
        SegmentName::Ss => !code && descriptor.is(Descriptor::READ_WRITE) && own == level && own == asked,
        _ if code && !descriptor.is(Descriptor::READ_WRITE) => false,
        _ => conforming || own >= level.max(asked),
    };
    if !descriptor.is(Descriptor::NO_SYSTEM) || !fits {
        return Err(invalid);
    }
    if !descriptor.is(Descriptor::PRESENT) {
        let vector = if name == SegmentName::Ss { vector::STACK_FAULT } else { vector::SEGMENT_NOT_PRESENT };
        return Err(Fault::Selector { vector, selector });
    }
    descriptor.mark(vm, Descriptor::ACCESSED, true)?;
    descriptor.load(name, selector);
    Ok(())
}

/// Pushes the error code of the exception that switched tasks.
fn push(vm: &mut Vm, new: Tss, value: u32) -> Result<(), Fault> {
    let size = if new.wide { 4 } else { 2 };
    let esp = (vmread(Field::GUEST_RSP) as u32).wrapping_sub(size);
    let big = vmread(Field::GUEST_SS_ACCESS_RIGHTS) >> 14 & 1 == 1;
    let offset = if big { esp } else { esp & 0xFFFF };
    let linear = (vmread(Field::GUEST_SS_BASE) as u32).wrapping_add(offset);
    LinearSpace::current().write(&mut vm.space, linear, &value.to_le_bytes()[..size as usize])?;
    vmwrite(Field::GUEST_RSP, esp.into());
    Ok(())
}
