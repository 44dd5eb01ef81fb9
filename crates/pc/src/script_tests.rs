use super::*;
use crate::TICKS_PER_SECOND;
use crate::fakes::{CALLER, Machine};
use std::string::{String, ToString};
use std::vec::Vec;
use v8086::GuestMemory;

/// A step with its strokes.
enum Given {
    Expect(&'static str),
    Keys(&'static [Stroke]),
}

impl Steps for &[Given] {
    fn step(&self, index: usize) -> Option<Step<'_>> {
        self.get(index).map(|step| match step {
            Given::Expect(text) => Step::Expect(text),
            Given::Keys(_) => Step::Keys,
        })
    }

    fn stroke(&self, step: usize, index: usize) -> Option<Stroke> {
        match self.get(step)? {
            Given::Expect(_) => None,
            Given::Keys(strokes) => strokes.get(index).copied(),
        }
    }
}

const fn press(scan: u8) -> Stroke {
    Stroke::Press(KeyPress { scan, extended: false, shift: false, ctrl: false, alt: false })
}
const A: Stroke = press(0x1E);
const B: Stroke = press(0x30);

/// A guest that lets its BIOS take interrupts, and reads keys when told to.
struct Guest {
    machine: Machine,
    script: Script,
    /// Keys read, with the tick of each.
    read: Vec<(u16, u64)>,
    reads_keys: bool,
}

impl Guest {
    fn new() -> Self {
        Self { machine: Machine::on(), script: Script::new(), read: Vec::new(), reads_keys: true }
    }

    fn ticks(&self) -> u64 {
        self.machine.now.0 / GUEST_TICK
    }

    fn show(&mut self, text: &str) {
        for (address, byte) in (0xB8000..).step_by(2).zip(text.bytes()) {
            self.machine.memory.write_u8(address, byte);
        }
    }

    /// Runs the guest a sixteenth of a tick on.
    fn go_on(&mut self) {
        self.machine.wait(GUEST_TICK / 16);
        while self.machine.pc.interrupt_pending() {
            let vector = self.machine.pc.acknowledge();
            self.machine.cpu.stand_at(CALLER);
            self.machine.interrupt(vector);
        }
        if self.reads_keys && self.machine.memory.read_u16(0x41A) != self.machine.memory.read_u16(0x41C) {
            self.machine.cpu.stand_at(CALLER);
            self.machine.call(0x16, 0x1000);
            self.read.push((self.machine.cpu.general.ax(), self.ticks()));
        }
    }

    fn poll(&mut self, steps: &[Given]) -> Progress {
        self.script.poll(&steps, &mut self.machine.pc, &self.machine.memory, self.machine.now)
    }

    /// Runs until the script has finished, at most to `ticks`; the tick at which it did.
    fn run(&mut self, steps: &[Given], ticks: u64) -> Option<u64> {
        while self.ticks() < ticks {
            if self.poll(steps) == Progress::Finished {
                return Some(self.ticks());
            }
            self.go_on();
        }
        None
    }

    fn outcome(&mut self, steps: &[Given]) -> Outcome {
        self.script.end(&steps, &self.machine.pc, &self.machine.memory)
    }
}

#[test]
fn an_expectation_is_met_as_soon_as_the_text_is_there() {
    let steps = [Given::Expect("A:\\>")];
    let mut guest = Guest::new();
    assert_eq!(guest.run(&steps, 2), None);
    assert_eq!(guest.outcome(&steps), Outcome::Unmet { step: 0 });
    guest.show("A:\\>");
    guest.script.written(true, guest.machine.now);
    assert_eq!(guest.run(&steps, 20), Some(2));
    assert_eq!(guest.outcome(&steps), Outcome::Met);
}

#[test]
fn a_screen_that_rests_is_looked_at_every_fourth_tick() {
    let steps = [Given::Expect("done")];
    let mut guest = Guest::new();
    assert_eq!(guest.run(&steps, 21), None);
    guest.show("done");
    let met = guest.run(&steps, 40).unwrap();
    assert!((21..=25).contains(&met), "{met}");
    // What is shown meanwhile is found at once.
    let steps = [Given::Expect("done"), Given::Expect("again"), Given::Expect("more")];
    guest.run(&steps, met + 3);
    guest.show("again");
    assert_eq!(guest.run(&steps, met + 3), None);
    assert_eq!(guest.outcome(&steps), Outcome::Unmet { step: 2 });
}

/// Polls as soon as the script wants to look, and not before; the looks, in PIT clocks from the first write on.
fn looks(guest: &mut Guest, steps: &[Given], writes: impl Fn(usize) -> Ticks, count: usize) -> Vec<u64> {
    let began = guest.machine.now;
    let mut looks = Vec::new();
    for index in 0..count {
        guest.machine.now = guest.machine.now.max(writes(index));
        guest.script.written(false, guest.machine.now);
        let look = guest.script.early_look().unwrap();
        guest.machine.now = look;
        guest.show(&index.to_string());
        assert_eq!(guest.poll(steps), Progress::Running);
        assert_eq!(guest.script.early_look(), None);
        looks.push(look.since(began));
    }
    looks
}

#[test]
fn looks_at_a_screen_that_is_written_to_become_rarer_until_it_rests() {
    let steps = [Given::Expect("done")];
    let mut guest = Guest::new();
    assert_eq!(guest.run(&steps, 3), None);
    assert_eq!(guest.script.early_look(), None);
    let dense = looks(&mut guest, &steps, |_| Ticks::ZERO, 80);
    assert_eq!(dense[..3], [64, 128, 200]);
    let between: Vec<u64> = dense.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(between[..30].is_sorted());
    // At each tick it is looked at anyway.
    assert_eq!(between[65..], [GUEST_TICK; 14]);
    // One that has rested for a tick begins anew.
    guest.machine.now = guest.machine.now.plus(2 * GUEST_TICK);
    assert_eq!(guest.poll(&steps), Progress::Running);
    assert_eq!(looks(&mut guest, &steps, |_| Ticks::ZERO, 3), [64, 128, 200]);
    guest.machine.now = guest.machine.now.plus(100);
    guest.script.written(false, guest.machine.now);
    guest.show("done");
    // A guest that goes to sleep has written what it was about to.
    let progress = guest.script.poll_asleep(
        &steps.as_slice(),
        &mut guest.machine.pc,
        &guest.machine.memory,
        guest.machine.now,
    );
    assert_eq!(progress, Progress::Finished);
}

#[test]
fn what_a_service_has_written_is_looked_at_at_once_but_not_while_the_script_waits() {
    let steps = [Given::Keys(&[A]), Given::Expect("né")];
    let mut guest = Guest::new();
    assert_eq!(guest.script.awaited(&steps.as_slice()), None);
    assert_eq!(guest.run(&steps, 4), None);
    assert_eq!(guest.script.step(), 1);
    assert_eq!(guest.script.awaited(&steps.as_slice()), Some(0x82));
    guest.script.written(true, guest.machine.now);
    assert_eq!(guest.script.early_look(), None);
    assert_eq!(guest.run(&steps, 9), None);
    guest.script.written(false, guest.machine.now);
    guest.script.written(true, guest.machine.now);
    assert_eq!(guest.script.early_look(), Some(guest.machine.now));
}

#[test]
fn several_expectations_are_met_in_one_look() {
    let mut guest = Guest::new();
    guest.show("one two");
    assert_eq!(guest.run(&[Given::Expect("two"), Given::Expect("one")], 10), Some(1));
}

#[test]
fn keys_wait_for_each_other_and_two_ticks() {
    let steps = [Given::Expect("go"), Given::Keys(&[A, B, A])];
    let mut guest = Guest::new();
    guest.show("go");
    guest.run(&steps, 40);
    let ticks: Vec<u64> = guest.read.iter().map(|key| key.1).collect();
    let keys: Vec<u16> = guest.read.iter().map(|key| key.0).collect();
    assert_eq!(keys, [0x1E61, 0x3062, 0x1E61]);
    // Found at 1, pressed at 3; taken before the look at 4; so the next comes at 6.
    assert_eq!(ticks, [3, 6, 9]);
}

#[test]
fn a_key_that_nobody_takes_holds_up_the_rest() {
    let steps = [Given::Keys(&[A, B])];
    let mut guest = Guest::new();
    guest.reads_keys = false;
    assert_eq!(guest.run(&steps, 300), None);
    assert_eq!(guest.outcome(&steps), Outcome::Unmet { step: 0 });
    guest.reads_keys = true;
    assert!(guest.run(&steps, 400).is_some());
    assert_eq!(guest.read.len(), 2);
}

#[test]
fn a_guest_that_reads_the_port_itself_takes_keys_too() {
    let steps = [Given::Keys(&[A, B])];
    let mut guest = Guest::new();
    // Masks IRQ 1 and polls.
    guest.machine.port_out(0x21, 0xFE);
    let mut codes = Vec::new();
    for _ in 0..400 {
        guest.poll(&steps);
        guest.go_on();
        if guest.machine.port_in(0x64) & 1 != 0 {
            codes.push(guest.machine.port_in(0x60));
        }
    }
    assert_eq!(codes, [0x1E, 0x9E, 0x30, 0xB0]);
    assert_eq!(guest.outcome(&steps), Outcome::Met);
}

#[test]
fn the_screen_is_looked_at_four_ticks_after_the_last_key() {
    let steps = [Given::Keys(&[A]), Given::Expect("text")];
    let mut guest = Guest::new();
    guest.show("text");
    // Pressed at 2, found taken at 3.
    assert_eq!(guest.run(&steps, 40), Some(7));
}

#[test]
fn waits_are_guest_seconds() {
    let steps = [Given::Keys(&[A, Stroke::Wait { milliseconds: 2000 }, B])];
    let mut guest = Guest::new();
    guest.run(&steps, 100);
    let between = guest.read[1].1 - guest.read[0].1;
    assert!(
        (2 * TICKS_PER_SECOND / GUEST_TICK..=2 * TICKS_PER_SECOND / GUEST_TICK + 4).contains(&between),
        "{between}"
    );
}

#[test]
fn a_held_key_stays_down_and_a_guest_that_ends_needs_no_release() {
    const DOWN: Stroke = Stroke::Move(KeyEvent { scan: 0x2A, extended: false, pressed: true });
    const UP: Stroke = Stroke::Move(KeyEvent { scan: 0x2A, extended: false, pressed: false });
    let steps = [Given::Keys(&[DOWN, A, UP, B])];
    let mut guest = Guest::new();
    guest.run(&steps, 100);
    let read: Vec<u8> = guest.read.iter().map(|key| key.0 as u8).collect();
    assert_eq!(read, [b'A', b'b']);
    assert_eq!(Guest::new().outcome(&[Given::Keys(&[UP])]), Outcome::Met);
    assert_eq!(Guest::new().outcome(&[Given::Keys(&[DOWN])]), Outcome::Unmet { step: 0 });
}

#[test]
fn final_keys_end_when_the_screen_rests_or_ten_seconds_are_over() {
    let steps = [Given::Keys(&[A])];
    let mut guest = Guest::new();
    assert_eq!(guest.run(&steps, 100), Some(3 + 18));

    let mut guest = Guest::new();
    let mut finished = None;
    for step in 0..300 * 16 {
        guest.show(&(step / 64).to_string());
        if guest.poll(&steps) == Progress::Finished {
            finished = Some(guest.ticks());
            break;
        }
        guest.go_on();
    }
    assert_eq!(finished, Some(3 + 10 * TICKS_PER_SECOND / GUEST_TICK + 1));
}

#[test]
fn a_guest_that_ends_is_looked_at_once_more() {
    const WAIT: Stroke = Stroke::Wait { milliseconds: 5000 };
    for (text, steps, outcome) in [
        ("", &[][..], Outcome::Met),
        ("bye", &[Given::Expect("bye"), Given::Expect("by")], Outcome::Met),
        ("bye", &[Given::Expect("bye"), Given::Expect("hello")], Outcome::Unmet { step: 1 }),
        ("bye", &[Given::Expect("bye"), Given::Keys(&[A])], Outcome::Unmet { step: 1 }),
        ("bye", &[Given::Expect("bye"), Given::Keys(&[WAIT])], Outcome::Met),
    ] {
        let mut guest = Guest::new();
        guest.show(text);
        assert_eq!(guest.outcome(steps), outcome, "{}", String::from(text));
    }
}

#[test]
fn a_last_key_that_ends_the_guest_counts_as_taken() {
    let steps = [Given::Keys(&[A])];
    let mut guest = Guest::new();
    while guest.read.is_empty() {
        guest.poll(&steps);
        guest.go_on();
    }
    // The key is still coming up when the guest ends, at once.
    assert!(!guest.machine.pc.devices.keyboard.idle());
    assert_eq!(guest.outcome(&steps), Outcome::Met);
}

#[test]
fn an_empty_script_runs_until_the_guest_ends() {
    let mut guest = Guest::new();
    assert_eq!(guest.run(&[], 100), None);
    assert_eq!(guest.outcome(&[]), Outcome::Met);
}

#[test]
fn modifiers_go_down_first_and_come_up_last() {
    let press = KeyPress { scan: 0x53, extended: true, shift: false, ctrl: true, alt: true };
    let events: Vec<(u8, bool)> =
        press.press().chain(press.release()).map(|event| (event.scan, event.pressed)).collect();
    assert_eq!(
        events,
        [(0x1D, true), (0x38, true), (0x53, true), (0x53, false), (0x1D, false), (0x38, false)]
    );
}

#[test]
fn a_modifier_is_still_held_when_the_program_has_taken_the_key() {
    const ALT_HELD: u8 = 1 << 3;
    const ALT_F: Stroke =
        Stroke::Press(KeyPress { scan: 0x21, extended: false, shift: false, ctrl: false, alt: true });
    let mut guest = Guest::new();
    let steps = [Given::Keys(&[ALT_F])];
    while guest.read.is_empty() {
        assert_eq!(guest.poll(&steps), Progress::Running);
        guest.go_on();
    }
    assert_eq!(guest.read[0].0, 0x2100);
    assert_eq!(guest.machine.memory.read_u8(0x417) & ALT_HELD, ALT_HELD);
    guest.run(&steps, 100);
    assert_eq!(guest.machine.memory.read_u8(0x417) & ALT_HELD, 0);
}
