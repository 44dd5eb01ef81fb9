//! `run`: a 16-bit disk image in a VM.
//!
//! The story of one run: prepare the processor, build the PC, plan its VM as the BIOS leaves it at the boot sector,
//! check, apply, launch, and then exit by exit until the guest, the script or the person ends it.

mod console;
mod cpuid;
mod disk;
mod exceptions;
mod msrs;
mod post_mortem;
mod vm;

use pc::{Context as Service, Pc, PcConfig, Signature};
use rt::cpu::rdtsc;
use v8086::{Cpu, SystemRegisters};
use vmx::exit::ExitReason;
use vmx::{Field, Machine};
use wire::{LineKind, Outcome, RunJob};

use crate::clock::Clock;
use crate::cpu::world_switch::Vcpu;
use crate::exit::Exit;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::GuestCpu;
use crate::lifecycle::{enter_vmx, leave_vmx, make_current};
use crate::memory::RealModeSpace;
use crate::memory::integrity::Seal;
use crate::operation::{CurrentVmcs, LaunchedVmcs};
use crate::plan::{self, HostState, Surroundings};
use crate::probe::{self, Processor};
use crate::report::Line;
use crate::{Context, Ending, host_timer, io};

use console::{Console, Wish};
use disk::ModuleDisk;
use post_mortem::Ring;
use vm::{Next, Vm};

/// CR4 bits that a guest of this back-end may believe to have: VME, PVI, TSD, DE, PSE, PGE, PCE, OSFXSR, OSXMMEXCPT.
const GUEST_CR4: u32 = 0x79F;

/// Runs the job to its end.
///
/// # Errors
/// What the machine refuses, and what this back-end cannot run.
pub fn run(context: &mut Context, job: &RunJob) -> Result<Ending, Failure> {
    context.report.heading(format_args!("The machine"));
    let processor = probe::prepare(&mut context.report, None)?;
    let operation = enter_vmx(context, &processor)?;
    let vmcs = make_current(context, &operation, &processor)?;
    let bitmaps = io::intercept_all_ports(&mut context.frames)?;
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        host: HostState::current(),
    };
    let mut vm = build(context, job)?;
    let machine = power_on(context, job, &around, &mut vm)?;
    check(context, &processor, &machine)?;

    let [directory, table, hole] = vm.space.guarded();
    let seal = Seal::new(&[directory, table, hole, &bitmaps[0], &bitmaps[1]]);
    let ending = live(context, job, &around, &mut vm, vmcs, &machine);
    host_timer::stop();
    context.report.flush_serial();
    vm.space.close();
    vm.space.set_a20(true);
    let [directory, table, hole] = vm.space.guarded();
    seal.verify(&[directory, table, hole, &bitmaps[0], &bitmaps[1]], vm.space.ram())?;
    leave_vmx(context, operation)?;
    ending
}

/// The PC, switched off.
fn build(context: &mut Context, job: &RunJob) -> Result<Vm, Failure> {
    let clock = Clock::measure()?;
    let mut space = RealModeSpace::new(&mut context.frames)?;
    let rom = context.frames.take_slice(1, || [0; 0x1_0000])?;
    pc::write_rom(&mut rom[0]);
    space.load_rom(&rom[0]);
    let disk = ModuleDisk::new(&job.disk, context.module, context.frames.rest())?;
    Ok(Vm {
        vcpu: Vcpu::new(),
        space,
        pc: Pc::new(PcConfig { unix_time: job.rtc_seconds, extended_kib: 0 }),
        disk,
        clock,
        system: SystemRegisters::after_bios(GUEST_CR4),
        stepping: None,
        primary_controls: 0,
        window_wanted: false,
        timer_period: 0,
    })
}

/// Switches the PC on and boots its disk: all of it in the plan and in guest memory, before anything runs.
fn power_on(
    context: &mut Context,
    job: &RunJob,
    around: &Surroundings,
    vm: &mut Vm,
) -> Result<Machine, Failure> {
    let mut machine = plan::real_mode_pc(around, vm.space.tables())?;
    vm.primary_controls = machine.get(Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS).unwrap_or(0);
    vm.vcpu = Vcpu::new();
    vm.system = SystemRegisters::after_bios(GUEST_CR4);
    vm.stepping = None;
    vm.window_wanted = false;
    vm.space.close();
    vm.space.redirect_interrupts(true);
    vm.space.clear();
    let config = PcConfig { unix_time: job.rtc_seconds, extended_kib: 0 };
    let mut cpu = GuestCpu::planned(&mut vm.vcpu.general, &mut machine);
    let mut service = Service {
        cpu: &mut cpu,
        memory: &mut vm.space,
        disks: &mut vm.disk,
        host: &mut context.report,
        now: vm.clock.now(),
    };
    vm.pc.power_on(config, &mut service);
    vm.pc
        .boot(job.disk.drive, Signature::Optional, &mut service)
        .map_err(|error| unexpected(format_args!("the guest's disk cannot be booted: {error:?}")))?;
    vm.space.set_a20(vm.pc.a20());
    Ok(machine)
}

fn check(context: &mut Context, processor: &Processor, machine: &Machine) -> Result<(), Failure> {
    let mut broken_rules = 0;
    vmx::audit::check(machine, &processor.capabilities, &mut |violation| {
        broken_rules += 1;
        context.report.line(LineKind::Error, format_args!("{violation}"));
    });
    if broken_rules > 0 { Err(Failure::Audit(broken_rules)) } else { Ok(()) }
}

/// From VMLAUNCH to the end.
fn live(
    context: &mut Context,
    job: &RunJob,
    around: &Surroundings,
    vm: &mut Vm,
    mut vmcs: CurrentVmcs,
    machine: &Machine,
) -> Result<Ending, Failure> {
    vmcs.apply(machine)?;
    let mut ring = Ring::new();
    let mut console = Console::new(job, context.report.link());
    vm.timer_period = vm.pc.timer_period();
    host_timer::start(vm.timer_period);
    let overhead = context.boot.load_ticks + context.frames.clear_ticks();
    context.report.figure("instructions_to_guest", rdtsc() - context.boot.tsc_at_boot_sector - overhead);
    let (mut vmcs, reason) = vmcs.launch(&mut vm.vcpu).map_err(|(_, failure)| failure)?;
    let ending = exits(context, job, around, vm, &mut vmcs, reason, &mut ring, &mut console);
    console.finish(&vm.pc, &vm.space, &mut context.report);
    context.report.figure("exits", ring.count());
    context.report.figure("guest_ticks", console.ticks());
    if ending.is_err() {
        post_mortem::registers(&mut context.report, &vm.cpu());
        ring.report(&mut context.report, &vm.space);
    }
    let _ = vmcs.clear();
    ending
}

/// Exit by exit, until somebody ends it.
fn exits(
    context: &mut Context,
    job: &RunJob,
    around: &Surroundings,
    vm: &mut Vm,
    vmcs: &mut LaunchedVmcs,
    mut reason: ExitReason,
    ring: &mut Ring,
    console: &mut Console,
) -> Result<Ending, Failure> {
    loop {
        ring.note(reason, vm.vcpu.general.rax);
        let mut next = vm.answer(Exit::decode(reason), &mut context.report)?;
        loop {
            let now = vm.clock.now();
            vm.pc.advance(now);
            match console.attend(&mut vm.pc, &mut vm.space, &mut context.report, now) {
                Wish::GoOn => {}
                Wish::End(outcome, why) => return Ok(ending(outcome, format_args!("{why}"))),
                Wish::Reset => next = Next::End(wire::End::ResetVector),
            }
            match next {
                Next::Run => break,
                Next::Sleep if vm.pc.interrupt_pending() && vm::interrupts_enabled() => break,
                Next::Sleep if !vm::interrupts_enabled() => next = Next::End(wire::End::Halted),
                Next::Sleep => rt::irq::wait(),
                Next::End(end) if console.restarts_on(end) => {
                    let machine = power_on(context, job, around, vm)?;
                    vmcs.apply(&machine)?;
                    vm.follow_devices();
                    break;
                }
                Next::End(end) => return Ok(guest_ended(vm, console, end)),
            }
        }
        if let Next::End(end) = vm.deliver_interrupt()? {
            return Ok(guest_ended(vm, console, end));
        }
        reason = vmcs.resume(&mut vm.vcpu)?;
    }
}

fn guest_ended(vm: &mut Vm, console: &mut Console, end: wire::End) -> Ending {
    let steps_left = console.steps_left_at_end(&mut vm.pc, &vm.space);
    let cpu = vm.cpu();
    let (cs, ip) = (cpu.segment(v8086::SegmentRegister::Cs), cpu.eip());
    ending(Outcome::GuestEnded { end, steps_left }, format_args!("the guest {end}, at {cs:04X}:{ip:04X}"))
}

fn ending(outcome: Outcome, why: core::fmt::Arguments) -> Ending {
    let mut reason = Line::new();
    // A sentence that is too long is cut.
    let _ = core::fmt::Write::write_fmt(&mut reason, why);
    Ending { outcome, reason }
}
