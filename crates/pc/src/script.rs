//! The user of a scripted run: waits for text on the screen, types keys, and says when all of it is done.
//!
//! Everything happens in the guest's time, so two runs of one script are identical: at guest ticks, and while it waits
//! for text also soon after the screen was written to, which whoever has the video memory tells ([`Script::written`]).
//! So a run ends soon after the text is there, and a program that only computes is not looked at. The steps stay where
//! the caller has them; see [`Steps`].

use crate::screen::Seen;
use crate::{GUEST_TICK, KeyEvent, Pc, Ticks, codepage437};
use v8086::GuestMemory;

/// What a script does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Waits until one row of the screen contains this text; see [`crate::codepage437::row_contains`].
    Expect(&'a str),
    /// Types; the strokes come from [`Steps::stroke`].
    Keys,
}

/// One thing that a user's hands do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Presses a key and releases it.
    Press(KeyPress),
    /// Presses a key and holds it, or releases one that is held.
    Move(KeyEvent),
    /// Does nothing for so long.
    Wait {
        /// Guest time.
        milliseconds: u32,
    },
}

/// A key with the modifiers that are held meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPress {
    /// Scan code of set 1, without the break bit.
    pub scan: u8,
    /// The code is preceded by E0h.
    pub extended: bool,
    /// Left Shift is held.
    pub shift: bool,
    /// Left Ctrl is held.
    pub ctrl: bool,
    /// Left Alt is held.
    pub alt: bool,
}

/// Scan codes of the modifiers.
const LEFT_SHIFT: u8 = 0x2A;
const LEFT_CTRL: u8 = 0x1D;
const LEFT_ALT: u8 = 0x38;

impl KeyPress {
    /// The key events of the press, in order: modifiers down, key down, key up. The modifiers are still held: programs
    /// ask for them when they have taken the key. See [`Self::release`].
    pub fn press(self) -> impl Iterator<Item = KeyEvent> {
        let own = |pressed: bool| KeyEvent { scan: self.scan, extended: self.extended, pressed };
        self.modifiers(true).chain([own(true), own(false)])
    }

    /// The modifiers come up.
    pub fn release(self) -> impl Iterator<Item = KeyEvent> {
        self.modifiers(false)
    }

    fn modifiers(self, pressed: bool) -> impl Iterator<Item = KeyEvent> {
        let modifiers = [(self.ctrl, LEFT_CTRL), (self.alt, LEFT_ALT), (self.shift, LEFT_SHIFT)];
        let held = modifiers.into_iter().filter(|modifier| modifier.0);
        held.map(move |(_, scan)| KeyEvent { scan, extended: false, pressed })
    }
}

/// Ticks between a key that was taken and the next key.
const TICKS_BETWEEN_KEYS: u64 = 2;
/// A script that starts with keys types the first one as if another had been taken at power-on.
const FIRST_KEY: Ticks = Ticks(TICKS_BETWEEN_KEYS * GUEST_TICK);
/// Ticks between the last key taken and the first look at the screen.
const TICKS_BEFORE_LOOK: u64 = 4;
/// A program that begins to write to the screen is left so long to go on with it. From then on the times between two
/// looks grow by an eighth up to a tick, until the screen rests for a tick.
const FIRST_LOOK: u64 = GUEST_TICK / 1024;
/// A screen that was not written to is looked at as often: what it shows may have been moved.
const TICKS_BETWEEN_LOOKS: u64 = 4;
/// Ticks without a change of the screen that end a script whose last step typed.
const QUIET_TICKS: u64 = 18;
/// Guest seconds after which such a script ends in any case.
const MOST_SECONDS_AFTER_KEYS: u64 = 10;

/// Where a script stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on. So does the guest.
    Running,
    /// All steps are met: the run ends.
    Finished,
}

/// What became of a script when its run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every step was met. True of an empty script.
    Met,
    /// A step was not.
    Unmet {
        /// Its number, from 0.
        step: usize,
    },
}

/// What the script does within a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The next stroke, or look at the screen, comes at this time.
    Until(Ticks),
    /// A key was pressed and is not yet taken.
    KeyOut,
    /// The last step typed, and its last key was taken at `since`.
    Settling { since: Ticks, fingerprint: u64, changed: Ticks },
}

/// The steps of a script, by number from 0.
pub trait Steps {
    /// The step `index`, or `None` behind the last.
    fn step(&self, index: usize) -> Option<Step<'_>>;

    /// The stroke `index` of the [`Step::Keys`] at `step`, or `None` behind the last.
    fn stroke(&self, step: usize, index: usize) -> Option<Stroke>;
}

/// The executor of a script.
#[derive(Debug)]
pub struct Script {
    step: usize,
    stroke: usize,
    phase: Phase,
    next_poll: Ticks,
    /// A key that was pressed with its modifiers, which are still down.
    held: Option<KeyPress>,
    /// The screen was written to, or is about to be, and not looked at since.
    written: bool,
    /// When the next look for that may come at the earliest, and how long after it the one after it.
    look_from: Ticks,
    look_after: u64,
    /// The screen that was searched in vain for the text of the present step.
    searched: Seen,
}

impl Script {
    /// A script at its first step, which it begins at the first tick.
    pub const fn new() -> Self {
        Self {
            step: 0,
            stroke: 0,
            phase: Phase::Until(Ticks::ZERO),
            next_poll: Ticks(GUEST_TICK),
            held: None,
            written: false,
            look_from: Ticks::ZERO,
            look_after: FIRST_LOOK,
            searched: Seen::nothing(),
        }
    }

    /// When [`Self::poll`] next does something: the next guest tick at the latest, if there are any steps.
    pub const fn next_poll(&self) -> Ticks {
        self.next_poll
    }

    /// When [`Self::poll`] wants to look at the screen within a tick, if it does: not at the next exit after that.
    pub fn early_look(&self) -> Option<Ticks> {
        self.written.then_some(self.next_poll)
    }

    /// The last character of the text that the script waits for, as a byte of the screen.
    pub fn awaited(&self, steps: &dyn Steps) -> Option<u8> {
        let Some(Step::Expect(text)) = steps.step(self.step) else { return None };
        codepage437::from_char(text.chars().next_back()?)
    }

    /// The screen may show what it did not show before: `there`, or the guest is about to write it.
    pub fn written(&mut self, there: bool, now: Ticks) {
        if matches!(self.phase, Phase::Until(time) if now < time) {
            return;
        }
        self.written = true;
        if now.since(self.look_from) >= GUEST_TICK {
            self.look_after = FIRST_LOOK;
        }
        let at = if there { now } else { now.plus(FIRST_LOOK).max(self.look_from) };
        self.next_poll = self.next_poll.min(at);
    }

    /// The number of the step that is being done.
    pub const fn step(&self) -> usize {
        self.step
    }

    /// Does what is due at `now`. It may be called at every exit: before [`Self::next_poll`] it does nothing.
    pub fn poll(&mut self, steps: &dyn Steps, pc: &mut Pc, memory: &dyn GuestMemory, now: Ticks) -> Progress {
        if now < self.next_poll {
            return Progress::Running;
        }
        self.act(steps, pc, memory, now)
    }

    /// The guest has gone to sleep: what it was about to write is there.
    pub fn poll_asleep(
        &mut self,
        steps: &dyn Steps,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        now: Ticks,
    ) -> Progress {
        if self.written { self.act(steps, pc, memory, now) } else { Progress::Running }
    }

    fn act(&mut self, steps: &dyn Steps, pc: &mut Pc, memory: &dyn GuestMemory, now: Ticks) -> Progress {
        self.next_poll = Ticks((now.0 / GUEST_TICK + 1) * GUEST_TICK);
        if core::mem::take(&mut self.written) {
            self.look_from = now.plus(self.look_after);
            self.look_after = (self.look_after + self.look_after / 8).min(GUEST_TICK);
        }
        loop {
            if let Phase::Settling { .. } = self.phase {
                return self.settle(pc, memory, now);
            }
            if let Phase::Until(time) = self.phase
                && now < time
            {
                return Progress::Running;
            }
            match steps.step(self.step) {
                // An empty script runs until the guest ends.
                None if self.step == 0 => {
                    self.next_poll = Ticks(u64::MAX);
                    return Progress::Running;
                }
                None => return Progress::Finished,
                Some(Step::Expect(text)) if self.finds(text, pc, memory) => {
                    self.begin_next_step(Phase::Until(now));
                    if let Some(Step::Keys) = steps.step(self.step) {
                        // A program that has just shown its prompt may still throw away keys typed before it.
                        self.phase = Phase::Until(now.plus(TICKS_BETWEEN_KEYS * GUEST_TICK));
                    }
                }
                Some(Step::Expect(_)) => return Progress::Running,
                Some(Step::Keys) if self.step == 0 && now < FIRST_KEY => return Progress::Running,
                Some(Step::Keys) => {
                    if !self.type_next(steps, pc, memory, now) {
                        return Progress::Running;
                    }
                }
            }
        }
    }

    /// Whether the screen shows the text of the present step. Most looks are at a screen that has not changed; a program
    /// that computes for long should not pay for them.
    fn finds(&mut self, text: &str, pc: &Pc, memory: &dyn GuestMemory) -> bool {
        let screen = pc.screen(memory);
        if self.searched.is(&screen) {
            self.next_poll = self.next_poll.plus((TICKS_BETWEEN_LOOKS - 1) * GUEST_TICK);
            return false;
        }
        let found = screen.contains(text);
        if !found {
            self.searched.take(&screen);
        }
        found
    }

    fn begin_next_step(&mut self, phase: Phase) {
        self.step += 1;
        self.searched.forget();
        self.stroke = 0;
        self.phase = phase;
    }

    /// Goes on typing; true when the step is done.
    fn type_next(&mut self, steps: &dyn Steps, pc: &mut Pc, memory: &dyn GuestMemory, now: Ticks) -> bool {
        if self.phase == Phase::KeyOut {
            if !pc.keyboard_idle(memory) {
                return false;
            }
            // Taken. What comes next, comes from here on.
            if let Some(key) = self.held.take() {
                key.release().for_each(|event| pc.key(event, now));
            }
            let is_last = steps.stroke(self.step, self.stroke).is_none();
            let pause = if is_last { 0 } else { TICKS_BETWEEN_KEYS * GUEST_TICK };
            self.phase = Phase::Until(now.plus(pause));
            return is_last && self.end_keys(steps, pc, memory, now);
        }
        match steps.stroke(self.step, self.stroke) {
            Some(Stroke::Press(_)) if !pc.keyboard_idle(memory) => false,
            Some(Stroke::Press(key)) => {
                key.press().for_each(|event| pc.key(event, now));
                self.held = Some(key);
                self.stroke += 1;
                self.phase = Phase::KeyOut;
                false
            }
            Some(Stroke::Move(_)) if !pc.keyboard_has_room() => false,
            Some(Stroke::Move(event)) => {
                pc.key(event, now);
                self.pause(now, TICKS_BETWEEN_KEYS * GUEST_TICK)
            }
            Some(Stroke::Wait { milliseconds }) => {
                self.pause(now, u64::from(milliseconds) * crate::TICKS_PER_SECOND / 1000)
            }
            None => self.end_keys(steps, pc, memory, now),
        }
    }

    /// A stroke is done, and the next comes later. Always false: the step is not done.
    fn pause(&mut self, now: Ticks, ticks: u64) -> bool {
        self.stroke += 1;
        self.phase = Phase::Until(now.plus(ticks));
        false
    }

    /// All keys of a step were taken. Always true: the step is done.
    fn end_keys(&mut self, steps: &dyn Steps, pc: &Pc, memory: &dyn GuestMemory, now: Ticks) -> bool {
        let next = match steps.step(self.step + 1) {
            Some(Step::Expect(_)) => Phase::Until(now.plus(TICKS_BEFORE_LOOK * GUEST_TICK)),
            Some(Step::Keys) => Phase::Until(now.plus(TICKS_BETWEEN_KEYS * GUEST_TICK)),
            None => {
                Phase::Settling { since: now, fingerprint: pc.screen(memory).fingerprint(), changed: now }
            }
        };
        self.begin_next_step(next);
        true
    }

    fn settle(&mut self, pc: &Pc, memory: &dyn GuestMemory, now: Ticks) -> Progress {
        let Phase::Settling { since, fingerprint, changed } = self.phase else {
            return Progress::Running;
        };
        let shown = pc.screen(memory).fingerprint();
        if shown != fingerprint {
            self.phase = Phase::Settling { since, fingerprint: shown, changed: now };
        } else if now.since(changed) >= QUIET_TICKS * GUEST_TICK {
            return Progress::Finished;
        }
        if now.since(since) >= MOST_SECONDS_AFTER_KEYS * crate::TICKS_PER_SECOND {
            return Progress::Finished;
        }
        Progress::Running
    }

    /// The run ends, whoever ended it: looks once more and says what became of the script. Keys that were typed and
    /// taken count, waits count, text that is on the screen counts; keys that were never typed do not.
    pub fn end(&mut self, steps: &dyn Steps, pc: &Pc, memory: &dyn GuestMemory) -> Outcome {
        while let Some(step) = steps.step(self.step) {
            let met = match step {
                Step::Expect(text) => pc.screen(memory).contains(text),
                Step::Keys => {
                    let taken = self.phase != Phase::KeyOut || pc.key_press_taken(memory);
                    let mut rest = (self.stroke..).map_while(|index| steps.stroke(self.step, index));
                    taken && rest.all(|stroke| !is_typed(stroke))
                }
            };
            if !met {
                return Outcome::Unmet { step: self.step };
            }
            self.begin_next_step(Phase::Until(Ticks::ZERO));
        }
        Outcome::Met
    }
}

/// Whether a stroke types, so that a guest that ended before it has missed something.
fn is_typed(stroke: Stroke) -> bool {
    match stroke {
        Stroke::Press(_) | Stroke::Move(KeyEvent { pressed: true, .. }) => true,
        Stroke::Wait { .. } | Stroke::Move(KeyEvent { pressed: false, .. }) => false,
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
