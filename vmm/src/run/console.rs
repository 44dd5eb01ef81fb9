//! Who watches and types: the script of a run, or the person at the other end of the link.
//!
//! All of it happens in the guest's time, at its ticks, 18.2 times a second, and for a script that waits for text also soon
//! after the screen was written to: so two runs of a script are the same to the byte whatever the host machine does meanwhile.

mod picture;

use pc::script::{self, Progress, Script, Stroke};
use pc::{GUEST_TICK, MAX_COLUMNS, Pc, Ticks};
use rt::cpu::rdtsc;
use rt::serial;
use v8086::GuestMemory;
use wire::frame::{Splitter, decode};
use wire::{Cursor, End, Input, KeyItem, Link, Load, Outcome, Record, RunJob};

use super::key_queue::KeyQueue;
use super::steps::{ConfigSteps, stroke};
use crate::local;
use crate::report::Reporter;

/// What the console wants.
pub enum Wish {
    /// Nothing.
    GoOn,
    /// The end of the run.
    End(Outcome, &'static str),
    /// The guest switched off and on again.
    Reset,
    /// This disk in its drive.
    Insert(u8),
    /// The floppy in the letterbox in its drive.
    Load(Load),
}

/// Rows of the largest text mode that is shown.
const MAX_ROWS: usize = 60;

/// Guest ticks from one look at a script's screen to the next: five seconds.
const SCRIPT_SHOWS: u64 = 91;

/// Guest ticks between two words on how the run is getting on: a second.
const PULSE_TICKS: u64 = 18;

/// What of a screen decides how it looks: size, and cursor if it is visible.
type Head = (u8, u8, Option<Cursor>);

/// The console of a run.
pub struct Console<'a> {
    steps: ConfigSteps<'a>,
    script: Script,
    /// Steps met, as last reported.
    steps_met: usize,
    /// See [`Script::awaited`].
    awaited: Option<u8>,
    who: Who,
    /// Whether somebody may end the run over the link, though nobody types there.
    stoppable: bool,
    /// Guest ticks so far.
    tick: u64,
    next_tick: Ticks,
    /// When there is something to do: at the next tick, or earlier.
    next_turn: Ticks,
    next_pulse: u64,
    /// Time-stamp counts that looks at the screen have taken in a scripted run.
    looked: u64,
    /// Until which of them that is noted.
    noted: u64,
    /// Keys of a paste that were pressed, as last reported.
    pasted_told: u32,
    backend: &'static str,
    /// What was sent last.
    head: Option<Head>,
    cells: [[u8; 2 * MAX_COLUMNS]; MAX_ROWS],
    /// What is left of what arrives at the guest's COM1.
    serial_input: &'a [u8],
    splitter: Splitter,
    keys: KeyQueue,
    /// The machine's keyboard has sent the prefix of an extended key.
    extended: bool,
}

/// Who types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// A script, or nobody.
    Script,
    /// A person, over the link.
    Person,
    /// A person at the machine itself.
    Local,
}

impl<'a> Console<'a> {
    /// The console that a job asks for.
    pub fn new(job: &RunJob<'a>, link: Link, backend: &'static str) -> Self {
        let who = match (job.interactive, link) {
            (false, _) => Who::Script,
            (true, Link::Framed) => Who::Person,
            (true, Link::Plain) => Who::Local,
        };
        let (steps, script) = (ConfigSteps::new(job.steps.clone()), Script::new());
        let awaited = if who == Who::Script { script.awaited(&steps) } else { None };
        Self {
            steps,
            script,
            steps_met: 0,
            awaited,
            who,
            stoppable: job.stoppable,
            tick: 0,
            next_tick: Ticks(GUEST_TICK),
            next_turn: Ticks(GUEST_TICK),
            next_pulse: 0,
            looked: 0,
            noted: 0,
            pasted_told: 0,
            backend,
            head: None,
            cells: [[0; 2 * MAX_COLUMNS]; MAX_ROWS],
            serial_input: job.serial_input,
            splitter: Splitter::new(),
            keys: KeyQueue::new(),
            extended: false,
        }
    }

    /// When there is something to do again.
    pub fn next_turn(&self) -> Ticks {
        self.next_turn
    }

    /// When the timer should interrupt the guest for a look at the screen, if it should.
    pub fn early_look(&self) -> Option<Ticks> {
        self.script.early_look()
    }

    /// When a script looks at the screen next.
    pub fn next_look(&self) -> Ticks {
        self.script.next_poll()
    }

    /// The character that completes the text that a script waits for.
    pub fn awaited(&self) -> Option<u8> {
        self.awaited
    }

    /// The screen may show what a script waits for: `there`, or soon.
    pub fn written(&mut self, there: bool, now: Ticks) {
        self.script.written(there, now);
        self.next_turn = self.next_turn.min(self.script.next_poll());
    }

    /// Guest ticks so far.
    pub fn ticks(&self) -> u64 {
        self.tick
    }

    /// Time-stamp counts that looks at the screen have taken in a scripted run: no part of what the guest wanted.
    pub fn looked(&self) -> u64 {
        self.looked
    }

    /// Does what is due. To be called after every exit, of which there were `exits`; costs a comparison until something
    /// is. What it costs counts from the time-stamp count `since` on, and is returned, see [`Self::note_look`].
    #[inline]
    pub fn attend(
        &mut self,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        report: &mut Reporter,
        (now, since): (Ticks, u64),
        exits: u64,
    ) -> (Wish, u64) {
        if now < self.next_turn {
            return (Wish::GoOn, 0);
        }
        let wish = self.take_turn(pc, memory, report, now, exits);
        (wish, self.note_look(since))
    }

    /// The guest has gone to sleep, until an interrupt comes.
    pub fn attend_sleeper(
        &mut self,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        report: &mut Reporter,
        now: Ticks,
    ) -> Wish {
        if self.early_look().is_none() {
            return Wish::GoOn;
        }
        let since = rdtsc();
        let progress = self.script.poll_asleep(&self.steps, pc, memory, now);
        self.note_look(since);
        self.follow_script(progress, report)
    }

    /// Notes what a look took that began at this time-stamp count, as far as that was not noted, and returns it: 0 for a
    /// person, whose time goes on.
    pub fn note_look(&mut self, since: u64) -> u64 {
        let now = rdtsc();
        let took = if self.who == Who::Script { now - since.max(self.noted) } else { 0 };
        self.noted = now;
        self.looked += took;
        took
    }

    fn take_turn(
        &mut self,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        report: &mut Reporter,
        now: Ticks,
        exits: u64,
    ) -> Wish {
        let wish = if now >= self.next_tick {
            self.attend_tick(pc, memory, report, now)
        } else if self.who == Who::Script {
            self.poll_script(pc, memory, report, now)
        } else {
            Wish::GoOn
        };
        if self.who == Who::Person {
            self.keys.press(pc, memory, now);
            if self.tick >= self.next_pulse || self.keys.pasted() != self.pasted_told {
                self.next_pulse = self.tick + PULSE_TICKS;
                self.pasted_told = self.keys.pasted();
                report.record(&Record::Pulse { backend: self.backend, exits, pasted: self.pasted_told });
            }
        }
        self.next_turn = match self.who {
            // A program may read keys much faster than the clock ticks.
            _ if !self.keys.is_empty() => now,
            Who::Script => self.next_tick.min(self.script.next_poll()),
            Who::Person | Who::Local => self.next_tick,
        };
        wish
    }

    #[inline(always)]
    fn poll_script(
        &mut self,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        report: &mut Reporter,
        now: Ticks,
    ) -> Wish {
        if now < self.script.next_poll() {
            return Wish::GoOn;
        }
        let progress = self.script.poll(&self.steps, pc, memory, now);
        self.follow_script(progress, report)
    }

    fn follow_script(&mut self, progress: Progress, report: &mut Reporter) -> Wish {
        if self.script.step() != self.steps_met {
            self.steps_met = self.script.step();
            self.awaited = self.script.awaited(&self.steps);
            report.figure("steps_met", self.steps_met as u64);
        }
        match progress {
            Progress::Running => Wish::GoOn,
            Progress::Finished => Wish::End(Outcome::Done, "all steps were met"),
        }
    }

    fn attend_tick(
        &mut self,
        pc: &mut Pc,
        memory: &dyn GuestMemory,
        report: &mut Reporter,
        now: Ticks,
    ) -> Wish {
        self.tick = now.0 / GUEST_TICK;
        self.next_tick = Ticks((self.tick + 1) * GUEST_TICK);
        report.flush_serial();
        while let [byte, rest @ ..] = self.serial_input
            && pc.serial_listens()
            && pc.serial_input(*byte, now)
        {
            self.serial_input = rest;
        }
        // A script is watched by nobody: the host tool wants the screen when the run ends, or when it ends the run.
        if self.who != Who::Script || (self.tick + 1).is_multiple_of(SCRIPT_SHOWS) {
            self.show(pc, memory, report);
        }
        match self.who {
            Who::Script => match self.poll_script(pc, memory, report, now) {
                Wish::GoOn if self.stoppable => self.listen(),
                wish => wish,
            },
            Who::Person => self.listen(),
            Who::Local => {
                local::type_keys(&mut self.extended, pc, now);
                Wish::GoOn
            }
        }
    }

    /// Reads the uplink. What follows closely is waited for: the port has room for one byte only.
    fn listen(&mut self) -> Wish {
        let mut byte_before = false;
        while let Some(byte) = serial::receive_soon(byte_before) {
            byte_before = true;
            let Some(input) = self.splitter.push(byte).and_then(decode::<Input>) else {
                continue;
            };
            match input {
                Input::Key(item) => self.wait_in_line(item, false),
                Input::Paste(item) => self.wait_in_line(item, true),
                Input::DropKeys => self.keys.drop_all(),
                Input::Reset => return Wish::Reset,
                Input::Insert(disk) => return Wish::Insert(disk),
                Input::Load(load) => return Wish::Load(load),
                Input::Stop => return Wish::End(Outcome::Stopped, "ended from the keyboard"),
            }
        }
        Wish::GoOn
    }

    fn wait_in_line(&mut self, item: KeyItem, pasted: bool) {
        if let Stroke::Press(press) = stroke(item) {
            self.keys.push(press, pasted);
        }
    }

    /// Sends the last screen, of a guest that has ended or starts again.
    pub fn show_last(&mut self, pc: &Pc, memory: &dyn GuestMemory, report: &mut Reporter) {
        self.show(pc, memory, report);
    }

    /// Whether a guest that ended in this way starts again: a person's does, when it asked for a reset.
    pub fn restarts_on(&self, end: End) -> bool {
        let asked = match end {
            End::BootAgain | End::ResetVector | End::KeyboardReset | End::FastReset | End::TripleFault => {
                true
            }
            End::Halted | End::NoBoot | End::PowerOff | End::FaultLoop { .. } => false,
        };
        asked && self.who != Who::Script
    }

    /// The guest has ended: how many steps are left.
    pub fn steps_left(&mut self, pc: &Pc, memory: &dyn GuestMemory) -> u32 {
        match self.script.end(&self.steps, pc, memory) {
            script::Outcome::Met => 0,
            script::Outcome::Unmet { step } => self.steps.left(step) as u32,
        }
    }
}
