//! Services of the machine's own firmware, called from 64-bit code: the guest is the firmware itself, in a VM that has
//! the real vector table, BIOS data, ROM and ports.
//!
//! A small task calls INT 11h, INT 15h E820h and INT 10h 4F00h and reports each by VMCALL with EBP = what was called
//! (`guests/src/component/bios.rs`). The memory map must be the one that the boot loader got in real mode.

use rt::boot::{BootInfo, MemoryKind};
use v8086::{Cpu, Flags, GuestMemory, SegmentRegister};
use vmx::bitmap::{IoBitmaps, Policy};
use vmx::{Field, Machine};
use wire::Record;

use crate::cpu::vmx::vmread;
use crate::cpu::world_switch::Vcpu;
use crate::exit::{Exit, skip_instruction};
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::GuestCpu;
use crate::lifecycle::{audit, enter_vmx, leave_vmx, make_current};
use crate::memory::integrity::{Damage, Seal};
use crate::memory::{FirmwareSpace, FirstMib, Frame};
use crate::operation::{CurrentVmcs, VmxOperation};
use crate::plan::{self, HostState, INTERRUPTIBLE_COMPONENT_FLAGS, Surroundings};
use crate::probe::{self, Processor};
use crate::report::Reporter;
use crate::{Context, Ending, host_timer};

use super::{component_in_first_mib, done};

/// What the component says by VMCALL, in EBP.
mod step {
    pub const END: u32 = 0;
    pub const EQUIPMENT: u32 = 1;
    pub const MEMORY_MAP: u32 = 2;
    pub const VIDEO: u32 = 3;
}

/// What INT 15h, E820h returns in EAX: `SMAP`.
const SMAP: u32 = 0x534D_4150;

/// What VBE returns in AX when a function was carried out.
const VBE_DONE: u16 = 0x004F;

/// Turns of the host's timer after which the firmware is given up: 10 seconds.
const PATIENCE_TURNS: u32 = 182;

/// The longest period of the host's timer, in timer clocks: 55 ms.
const LONGEST_PERIOD: u64 = 65_536;

/// What the firmware has answered so far.
#[derive(Default)]
struct Answers {
    equipment: bool,
    map_entries: usize,
    map_entries_that_agree: usize,
    video: bool,
}

/// # Errors
/// What went otherwise than announced.
pub fn show(context: &mut Context) -> Result<Ending, Failure> {
    context.report.heading(format_args!("CPU initialisations"));
    let processor = probe::prepare(&mut context.report, None)?;
    context.report.heading(format_args!("VMX operation"));
    let operation = enter_vmx(context, &processor)?;
    let answers = call(context, &operation, &processor)?;
    // The firmware had the interrupt controllers.
    rt::irq::init();
    leave_vmx(context, operation)?;
    let map = context.boot.memory_map.len();
    if answers.equipment
        && answers.map_entries_that_agree == map
        && answers.map_entries == map
        && answers.video
    {
        Ok(done("the machine's firmware answered INT 11h, E820h and VBE 4F00h from inside a VM"))
    } else {
        Err(unexpected(format_args!("not every service of the firmware answered as it should")))
    }
}

fn call(context: &mut Context, operation: &VmxOperation, processor: &Processor) -> Result<Answers, Failure> {
    let mut vmcs = make_current(context, operation, processor)?;
    let (component, memory) = component_in_first_mib(context)?;
    let space = FirmwareSpace::new(&mut context.frames, memory)?;
    let bitmaps = pass_all_ports(context)?;
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        msr_bitmap: None,
        host: HostState::current(),
    };
    let mut machine = plan::component(&around, &component, space.directory().address())?;
    machine.set(Field::EXCEPTION_BITMAP, u32::MAX.into());
    // The firmware may open interrupts by STI; none is needed.
    machine.set(Field::GUEST_RFLAGS, INTERRUPTIBLE_COMPONENT_FLAGS & !u64::from(Flags::IF));
    check(&mut context.report, &machine, processor)?;
    vmcs.apply(&machine)?;

    let [directory, table] = space.guarded();
    let sealed = [directory, table, &bitmaps[0], &bitmaps[1]];
    let before = Seal::new(sealed.into_iter()).checksum();
    context.report.heading(format_args!("Firmware services"));
    let answers = serve(context, vmcs, space.memory())?;
    let after = Seal::new(sealed.into_iter()).checksum();
    if after != before {
        return Err(Damage::Checksum { before, after }.into());
    }
    context.report.step(format_args!("checksum over the VMM's code and tables: {after:016X}h, unchanged"));
    Ok(answers)
}

/// Runs the firmware until the component has called all it wants.
fn serve(context: &mut Context, vmcs: CurrentVmcs, memory: &FirstMib) -> Result<Answers, Failure> {
    host_timer::start(LONGEST_PERIOD);
    let mut vcpu = Vcpu::new();
    let (mut vmcs, mut reason) = vmcs.launch(&mut vcpu).map_err(|(_, failure)| failure)?;
    let mut answers = Answers::default();
    let mut turns = 0;
    loop {
        match Exit::decode(reason) {
            Exit::Vmcall if vcpu.general.ebp() == step::END => break,
            Exit::Vmcall => {
                answer(&mut context.report, &mut vcpu, memory, context.boot, &mut answers)?;
                skip_instruction();
            }
            Exit::ExternalInterrupt { vector } if turns < PATIENCE_TURNS => {
                host_timer::acknowledge(vector);
                turns += 1;
            }
            Exit::Nmi => {}
            other => {
                let (cs, rip) = (vmread(Field::GUEST_CS_SELECTOR), vmread(Field::GUEST_RIP));
                return Err(unexpected(format_args!(
                    "the firmware left its VM at {cs:04X}:{rip:04X} by {other}: more than virtual-8086 mode has"
                )));
            }
        }
        reason = vmcs.resume(&mut vcpu)?;
    }
    host_timer::stop();
    vmcs.clear().map_err(|failure| Failure::Instruction("VMCLEAR", failure))?;
    Ok(answers)
}

/// Bitmaps that give the guest every port of the machine.
fn pass_all_ports(context: &mut Context) -> Result<[Frame; 2], Failure> {
    let bitmaps = IoBitmaps::all(Policy::Allow);
    let (mut a, mut b) = (context.frames.take()?, context.frames.take()?);
    a.bytes_mut().copy_from_slice(bitmaps.a());
    b.bytes_mut().copy_from_slice(bitmaps.b());
    Ok([a, b])
}

fn check(report: &mut Reporter, machine: &Machine, processor: &Processor) -> Result<(), Failure> {
    for (field, value) in machine.entries() {
        report.record(&Record::Machine(field.encoding(), value));
    }
    let broken_rules = audit(report, machine, &processor.capabilities);
    if broken_rules > 0 {
        return Err(Failure::Audit(broken_rules));
    }
    report.step(format_args!("machine: {} entries planned, no rule broken", machine.len()));
    Ok(())
}

fn answer(
    report: &mut Reporter,
    vcpu: &mut Vcpu,
    memory: &FirstMib,
    boot: &BootInfo,
    answers: &mut Answers,
) -> Result<(), Failure> {
    let cpu = GuestCpu::current(&mut vcpu.general);
    let general = *cpu.general();
    let carry = cpu.eflags() & Flags::CF != 0;
    let buffer = u32::from(cpu.segment(SegmentRegister::Es)) * 16 + u32::from(general.di());
    match general.ebp() {
        step::EQUIPMENT => {
            equipment(report, general.ax());
            answers.equipment = true;
        }
        step::MEMORY_MAP if carry || general.eax() != SMAP => {
            report.detail(format_args!("E820h ends with CF = {}", u8::from(carry)));
        }
        step::MEMORY_MAP => {
            if answers.map_entries == 0 {
                report.step(format_args!("INT 15h, E820h: the memory map"));
            }
            let agrees = memory_map_entry(report, memory, buffer, boot.memory_map.get(answers.map_entries));
            answers.map_entries += 1;
            answers.map_entries_that_agree += usize::from(agrees);
        }
        step::VIDEO => {
            answers.video = general.ax() == VBE_DONE;
            video(report, memory, buffer, general.ax());
        }
        other => return Err(unexpected(format_args!("VMCALL with EBP = {other:X}h"))),
    }
    Ok(())
}

/// The equipment list (Ralf Brown's interrupt list, INT 11h).
fn equipment(report: &mut Reporter, list: u16) {
    let floppies = if list & 1 != 0 { (list >> 6 & 3) + 1 } else { 0 };
    let video = ["EGA or later", "40 x 25 colour", "80 x 25 colour", "80 x 25 monochrome"]
        [usize::from(list >> 4 & 3)];
    report.step(format_args!("INT 11h: equipment list {list:04X}h"));
    report.detail(format_args!(
        "{floppies} floppy drive(s), coprocessor: {}, video: {video}, {} serial and {} parallel port(s)",
        if list & 2 != 0 { "yes" } else { "no" },
        list >> 9 & 7,
        list >> 14 & 3
    ));
}

/// One entry of the memory map. Returns whether the boot loader got the same.
fn memory_map_entry(
    report: &mut Reporter,
    memory: &FirstMib,
    at: u32,
    loader: Option<&rt::boot::MemoryRegion>,
) -> bool {
    let quadword = |at| u64::from(memory.read_u32(at)) | u64::from(memory.read_u32(at + 4)) << 32;
    let (base, length, kind) = (quadword(at), quadword(at + 8), MemoryKind::from(memory.read_u32(at + 16)));
    let last = base.saturating_add(length).saturating_sub(1);
    let agrees =
        loader.is_some_and(|region| (region.base, region.length, region.kind) == (base, length, kind));
    let remark = if agrees { "" } else { "  (the boot loader got something else)" };
    let kind = match kind {
        MemoryKind::Usable => "usable",
        MemoryKind::Reserved => "reserved",
        MemoryKind::AcpiTables => "ACPI tables",
        MemoryKind::AcpiNonVolatile => "ACPI, kept over a sleep",
        MemoryKind::Defective => "defective",
        MemoryKind::Other(_) => "of a type that the manual does not define",
    };
    report.detail(format_args!("{base:012X}h to {last:012X}h  {kind}{remark}"));
    agrees
}

/// The information block (VBE 2.0, "Function 00h - Return VBE Controller Information").
fn video(report: &mut Reporter, memory: &FirstMib, at: u32, status: u16) {
    report.step(format_args!("INT 10h, 4F00h: AX = {status:04X}h"));
    if status != VBE_DONE {
        return report.detail(format_args!("this machine's video BIOS has no VESA extension"));
    }
    let far = |at| u32::from(memory.read_u16(at + 2)) * 16 + u32::from(memory.read_u16(at));
    let version = memory.read_u16(at + 4);
    let mut vendor = [0; 40];
    memory.read(far(at + 6), &mut vendor);
    let vendor = vendor.split(|&byte| byte == 0).next().unwrap_or_default();
    let modes = (0..256).take_while(|mode| memory.read_u16(far(at + 14) + 2 * mode) != 0xFFFF).count();
    report.detail(format_args!(
        "VBE {}.{}, {} KiB of video memory, {modes} modes, {}",
        version >> 8,
        version & 0xFF,
        64 * u32::from(memory.read_u16(at + 18)),
        vendor.escape_ascii()
    ));
}
