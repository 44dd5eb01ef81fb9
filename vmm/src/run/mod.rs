//! `run`: a 16-bit disk image in a VM.
//!
//! The story of one run: prepare the processor, build the PC, plan its VM as the BIOS leaves it at the boot sector,
//! check, apply, launch, and then exit by exit until the guest, the script or the person ends it.

mod backend;
mod bios_trace;
mod closed_pages;
mod console;
mod control_registers;
mod cpuid;
mod descriptor;
mod disk;
mod end;
mod ept_report;
#[cfg(feature = "fuzz")]
mod first_write;
mod idle;
mod interrupts;
mod key_queue;
mod life;
mod linear_io;
mod linear_space;
mod msrs;
mod port_io;
mod post_mortem;
mod services;
mod single_step;
mod sleep;
mod statistics;
mod steps;
mod task_switch;
mod turns;
mod unrestricted;
mod virtual_8086;
mod vm;

use pc::{Context as Service, GUEST_TICK, Pc, PcConfig, Signature, Ticks};
use v8086::SystemRegisters;
use vmx::Machine;
use wire::RunJob;

use crate::clock::Clock;
use crate::cpu::nmi::IoApic;
use crate::cpu::world_switch::Vcpu;
use crate::failure::{Failure, unexpected};
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::host_timer::{self, HostTimer};
use crate::lifecycle::{self, enter_vmx, leave_vmx, make_current};
use crate::memory::integrity::Seal;
use crate::memory::{Mode, PcSpace, Translation};
use crate::plan::{HostState, Surroundings};
use crate::probe::{self, Processor};
use crate::{Context, Ending, aids, io};

pub use backend::Impossible;
#[cfg(feature = "fuzz")]
pub use backend::{Backend, choose};
#[cfg(feature = "fuzz")]
pub use turns::{resume, turns};

use console::Console;
use disk::ModuleDisks;
use idle::Idle;
use interrupts::Watch;
use life::Life;
use msrs::GuestMsrs;
use post_mortem::Ring;
use statistics::Statistics;
#[cfg(feature = "fuzz")]
pub use vm::Next;
pub use vm::Vm;
use vm::{GUEST_CR4, Shown};

/// Runs the job to its end.
///
/// # Errors
/// What the machine refuses, and what this back-end cannot run.
pub fn run(context: &mut Context, job: &RunJob) -> Result<Ending, Failure> {
    context.report.heading(format_args!("The machine"));
    let processor = probe::prepare(&mut context.report, None)?;
    let operation = enter_vmx(context, &processor)?;
    let vmcs = make_current(context, &operation, &processor)?;
    let [io_a, io_b] = io::intercept_all_ports(&mut context.frames)?;
    let bitmaps = [io_a, io_b, aids::msr_bitmap(&mut context.frames)?];
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        msr_bitmap: Some(bitmaps[2].address()),
        host: HostState::current(),
    };
    let mut vm = build(context, job, &processor)?;
    let machine = power_on(context, job, &around, &mut vm, Ticks::ZERO)?;
    let broken_rules = lifecycle::audit(&mut context.report, &machine, &processor.capabilities);
    if broken_rules > 0 {
        return Err(Failure::Audit(broken_rules));
    }

    let seal = Seal::new(vm.space.guarded().chain(&bitmaps));
    let console = Console::new(job, context.report.link(), vm.backend.name());
    let mut life =
        Life { context, job, around: &around, vm: &mut vm, console, end: None, next_look: Ticks::NEVER };
    let ending = life.live(vmcs, &machine);
    host_timer::stop();
    vm.watch.end();
    context.report.flush_serial();
    vm.space.close();
    vm.space.watch(0..0);
    vm.space.set_a20(true);
    vm.space.set_pixel_memory(false);
    seal.verify(vm.space.guarded().chain(&bitmaps), vm.space.ram())?;
    vm.disks.hand_back(&mut context.report);
    leave_vmx(context, operation)?;
    ending
}

/// The PC, switched off.
pub fn build(context: &mut Context, job: &RunJob, processor: &Processor) -> Result<Vm, Failure> {
    let clock = Clock::measure()?;
    // One that comes while the VMM itself runs has nothing to tell.
    rt::trap::set_nmi_hook(|_| {});
    let backend = backend::choose(job.backend, &processor.capabilities)?;
    context.report.step(format_args!("back-end: {}", backend.name()));
    let mut aids = backend.aids(&processor.capabilities);
    // Once a tick the VMM looks about; the fuzzer's more often.
    let longest = if cfg!(feature = "fuzz") { host_timer::LONGEST } else { GUEST_TICK };
    aids.longest = aids.longest.min(clock.tsc_in(longest));
    let translation = backend.translation();
    let extended_bytes = job.extended_kib as usize * 1024;
    let capabilities = &processor.capabilities;
    let mut space = PcSpace::new(&mut context.frames, capabilities, translation, extended_bytes)?;
    if let Translation::Extended(mode) = translation {
        context.report.detail(format_args!("EPT: {} pages of 2 MiB", space.large_pages()));
        if mode == Mode::Unrestricted {
            context.report.detail(format_args!("{aids}"));
        }
    }
    let rom = context.frames.take_slice(1, || [0; 0x1_0000])?;
    pc::write_rom(&mut rom[0]);
    space.load_rom(0xF_0000, &rom[0]);
    space.load_rom(pc::VIDEO_ROM_ADDRESS as usize, &pc::VIDEO_ROM);
    let statistics = job.told.statistics.then(|| Statistics::new(&mut context.frames)).transpose()?;
    let disks = ModuleDisks::new(job, context.module, context.frames.rest())?;
    Ok(Vm {
        vcpu: Vcpu::new(),
        at: AtExit::default(),
        due: 0,
        wound: 0,
        event: 0,
        look_at: None,
        awaited: None,
        shown: Shown::Nothing,
        turn: 0,
        sleeps_alone: false,
        host_timer: HostTimer::new(&clock),
        plain_code: turns::CONVENTIONAL,
        backend,
        space,
        pc: Pc::new(config(job)),
        disks,
        clock: clock.showing(Ticks::ZERO),
        system: SystemRegisters {
            smsw_shows_pe: job.smsw_shows_pe,
            ..SystemRegisters::after_bios(GUEST_CR4)
        },
        injection: backend.injection(),
        redirects_interrupts: true,
        msrs: GuestMsrs::default(),
        stepping: None,
        primary_controls: 0,
        window_wanted: false,
        watch: Watch::new(if aids.timer.is_none() { IoApic::map() } else { None }),
        aids,
        dropped_writes: 0,
        hole_reads: 0,
        timer_period: 0,
        idle: Idle::new(job.interactive),
        traces_bios: job.told.bios_calls,
        statistics,
        measured: job.measured,
        ring: Ring::new(),
        slept: 0,
    })
}

fn config(job: &RunJob) -> PcConfig {
    PcConfig { unix_time: job.rtc_seconds, extended_kib: job.extended_kib }
}

/// Switches the PC on and boots its disk: all of it in the plan and in guest memory, before anything runs.
fn power_on(
    context: &mut Context,
    job: &RunJob,
    around: &Surroundings,
    vm: &mut Vm,
    now: Ticks,
) -> Result<Machine, Failure> {
    vm.vcpu = Vcpu::new();
    let mut machine = vm.reset_processor(around)?;
    let mut cpu = GuestCpu::planned(&mut vm.vcpu.general, &mut machine);
    let mut service = Service {
        cpu: &mut cpu,
        memory: &mut vm.space,
        disks: &mut vm.disks,
        host: &mut context.report,
        now,
    };
    vm.pc.power_on(config(job), &mut service);
    vm.pc
        .boot(job.boot_drive, Signature::Optional, &mut service)
        .map_err(|_| unexpected(format_args!("there is no disk in the drive to boot from")))?;
    vm.space.set_a20(vm.pc.a20());
    vm.space.set_pixel_memory(vm.pc.pixel_memory());
    Ok(machine)
}
