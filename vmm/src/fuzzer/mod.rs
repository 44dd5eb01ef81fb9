//! `fuzz`: hostile programs in a VM, thousands a boot.
//!
//! The story of one boot: prepare the processor, let a second guest run for a moment and then lie idle, switch a PC on,
//! and remember it as it is. Then case by case: restore, boot the program, run it for its budget, and look whether the
//! VMM is what it was. Of a case one byte leaves; the host tool computes the same programs, counts the bytes, and so
//! knows the last case begun, whatever happens to this program. After each batch the memory is looked at that no guest
//! may change. What cannot be trusted any more ends the boot: the host tool starts another behind it.

mod idle;
mod trial;

use fuzz::{Cases, Corpus, Outcome as CaseOutcome, SECTOR_BYTES, Sum};
use rt::console;
use wire::{FuzzJob, Outcome, Programs};

use crate::failure::Failure;
use crate::lifecycle::{enter_vmx, make_current};
use crate::memory::PAGE_BYTES;
use crate::memory::integrity::Seal;
use crate::plan::{HostState, Surroundings};
use crate::{Context, Ending, aids, io, probe, run};

use idle::IdleGuest;
use trial::Trial;

/// Runs the job to its end.
///
/// # Errors
/// What the machine refuses before the first case.
pub fn fuzz(context: &mut Context, job: &FuzzJob) -> Result<Ending, Failure> {
    let processor = probe::prepare(&mut context.report, None)?;
    let operation = enter_vmx(context, &processor)?;
    let [io_a, io_b] = io::intercept_all_ports(&mut context.frames)?;
    let bitmaps = [io_a, io_b, aids::msr_bitmap(&mut context.frames)?];
    let around = Surroundings {
        capabilities: &processor.capabilities,
        io_bitmaps: [bitmaps[0].address(), bitmaps[1].address()],
        msr_bitmap: Some(bitmaps[2].address()),
        host: HostState::current(),
    };
    let backend = run::choose(job.run.backend, &processor.capabilities)?;
    let idle = IdleGuest::start(context, &operation, &processor, &around, backend, &job.run)?;
    let copy = context.frames.take_bytes(idle.ram().length(), PAGE_BYTES)?;
    let vmcs = make_current(context, &operation, &processor)?;
    let vm = run::build(context, &job.run, &processor)?;
    let mut trial = Trial::begin(vm, vmcs, &around, idle, job, copy)?;
    let seal = Seal::new(trial.guarded().chain(&bitmaps));
    rt::println!("\nfuzz: begin {}", backend.name());
    let mut boot = Boot { job, module: context.module, sum: Sum::default() };
    let trusted = boot.cases(&mut trial, |trial| {
        trial.restore();
        if let Err(damage) = seal.verify(trial.guarded().chain(&bitmaps), trial.ram()) {
            rt::println!("\nfuzz: damaged {damage}");
            return false;
        }
        trial.others_are_whole()
    });
    if trusted {
        rt::println!("\nfuzz: end {} {:016X}", job.count, boot.sum.value());
    }
    Ok(Ending::new(Outcome::Done, format_args!("")))
}

/// The cases of one boot.
struct Boot<'a> {
    job: &'a FuzzJob<'a>,
    module: &'static [u8],
    sum: Sum,
}

impl Boot<'_> {
    /// Runs them all; `false` as soon as nothing here can be trusted any more. `is_whole` looks at memory.
    fn cases(&mut self, trial: &mut Trial, mut is_whole: impl FnMut(&mut Trial) -> bool) -> bool {
        let mut sector = [0; SECTOR_BYTES];
        for index in 0..self.job.count {
            self.program(&mut sector, index);
            let outcome = trial.run(&sector);
            self.tell(outcome.to_byte());
            if matches!(outcome, CaseOutcome::HostChanged | CaseOutcome::CanaryWritten) {
                return false;
            }
            if ((index + 1) % self.job.batch == 0 || index + 1 == self.job.count) && !is_whole(trial) {
                return false;
            }
        }
        true
    }

    fn program(&self, sector: &mut [u8; SECTOR_BYTES], index: u64) {
        match self.job.programs {
            Programs::Drawn { seed, first, planted } => {
                let cases = Cases { seed, corpus: Corpus::new(self.module), planted };
                cases.make(sector, first + index);
            }
            Programs::Given => {
                let given = self.module.as_chunks::<SECTOR_BYTES>().0.get(index as usize);
                *sector = given.copied().unwrap_or([0; SECTOR_BYTES]);
            }
        }
    }

    fn tell(&mut self, byte: u8) {
        self.sum.add(byte);
        console::write_bytes(&[byte]);
    }
}
