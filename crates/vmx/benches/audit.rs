//! How many plans the audit checks in a second: each base state on a processor that has what it needs.
//!
//! `cargo bench -p vmx --bench audit`; the goal is a million a second for the virtual-8086 states.

use divan::Bencher;
use divan::counter::ItemsCount;
use vmx::audit::base::{self, Base};
use vmx::audit::{self, NoMemory};
use vmx::capability::Profile;

fn main() {
    divan::main();
}

const NAMES: [&str; base::ALL.len()] = {
    let mut names = [""; base::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = base::ALL[at].name;
        at += 1;
    }
    names
};

#[divan::bench(args = NAMES)]
fn broken_rules(bencher: Bencher, name: &str) {
    let capabilities = Profile::SKYLAKE.capabilities;
    let machine = Base::from_name(name).unwrap().plan(&capabilities).unwrap();
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        let mut count = 0;
        audit::check(divan::black_box(&machine), divan::black_box(&capabilities), &mut |_| count += 1);
        assert_eq!(count, 0);
    });
}

#[divan::bench(args = NAMES)]
fn broken_and_undecided_rules(bencher: Bencher, name: &str) {
    let capabilities = Profile::SKYLAKE.capabilities;
    let machine = Base::from_name(name).unwrap().plan(&capabilities).unwrap();
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        let mut count = 0;
        let (machine, capabilities) = (divan::black_box(&machine), divan::black_box(&capabilities));
        audit::check_with(machine, capabilities, &NoMemory, &mut |_| count += 1);
        count
    });
}
