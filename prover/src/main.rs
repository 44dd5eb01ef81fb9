//! The harness that tries the auditor's rules against a processor.
//!
//! On entry the runtime has brought the machine into 64-bit mode, and the boot config names a seed and a range of cases.
//! Each case is computed, written to a VMCS, launched for real, and its outcome sent as one byte; the host tool computes
//! the same cases and judges. Between cases nothing may stay: a known-good entry follows every batch, and a batch after
//! which it fails is run again, case by case.
#![no_std]
#![no_main]

mod cpu;
mod trial;

use rt::boot::{BootInfo, ModuleKind};
use rt::console;
use vmx::mutate::{BATCH, Cases, DISCARD, Observed, Sum, fingerprint};

use crate::trial::Trial;

/// What to do: the boot config, three little-endian numbers.
struct Job {
    seed: u64,
    first: u64,
    count: u64,
}

impl Job {
    fn read(boot: &'static BootInfo) -> Option<Self> {
        let (words, _) = boot.module(ModuleKind::BootConfig)?.bytes.as_chunks::<8>();
        let [seed, first, count] = *words else { return None };
        let [seed, first, count] = [seed, first, count].map(u64::from_le_bytes);
        Some(Job { seed, first, count })
    }
}

rt::entry!(main);

fn main(boot: &'static BootInfo) {
    let job = Job::read(boot).expect("the boot config is three numbers");
    let capabilities = cpu::prepare();
    rt::println!("\nprover: processor {:016X}", fingerprint(&capabilities));
    let cases = Cases::new(capabilities);
    let mut trial = Trial::begin(&cases);
    let mut sum = Sum::default();
    let mut number = job.first;
    let end = job.first + job.count;
    while number < end {
        let next = end.min(number + BATCH);
        batch(&mut trial, &job, number..next, &mut sum);
        number = next;
    }
    rt::println!("\nprover: end {} {:016X}", job.count, sum.value());
}

fn batch(trial: &mut Trial, job: &Job, numbers: core::ops::Range<u64>, sum: &mut Sum) {
    let before = *sum;
    for number in numbers.clone() {
        tell(trial.run(job.seed, number), sum);
    }
    if trial.is_sound() {
        return;
    }
    console::write_bytes(&[DISCARD]);
    *sum = before;
    trial.reset();
    for number in numbers {
        let observed = trial.run(job.seed, number);
        let sound = trial.is_sound();
        tell(if sound { observed } else { Observed::Lost }, sum);
        if !sound {
            trial.reset();
        }
    }
}

fn tell(observed: Observed, sum: &mut Sum) {
    let byte = observed.to_byte();
    sum.add(byte);
    console::write_bytes(&[byte]);
}
