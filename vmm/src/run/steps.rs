//! A script's steps, from the form that they have in the boot config.

use core::cell::Cell;

use pc::KeyEvent;
use pc::script::{self, KeyPress, Stroke};
use wire::{Items, KeyItem, Step};

/// The steps as the boot config has them.
pub struct ConfigSteps<'a> {
    items: Items<'a, Step<'a>>,
    /// The step that was asked for last: a script asks for the same one again and again.
    last: Cell<Option<(usize, Option<script::Step<'a>>)>>,
}

impl<'a> ConfigSteps<'a> {
    /// These.
    pub const fn new(items: Items<'a, Step<'a>>) -> Self {
        Self { items, last: Cell::new(None) }
    }

    /// How many there are from `index` on.
    pub fn left(&self, index: usize) -> usize {
        self.items.iter().skip(index).count()
    }
}

impl script::Steps for ConfigSteps<'_> {
    fn step(&self, index: usize) -> Option<script::Step<'_>> {
        if let Some((last, step)) = self.last.get()
            && last == index
        {
            return step;
        }
        let step = self.items.iter().nth(index).map(|step| match step {
            Step::Expect(text) => script::Step::Expect(text),
            Step::Keys(_) => script::Step::Keys,
        });
        self.last.set(Some((index, step)));
        step
    }

    fn stroke(&self, step: usize, index: usize) -> Option<Stroke> {
        match self.items.iter().nth(step)? {
            Step::Keys(items) => items.iter().nth(index).map(stroke),
            Step::Expect(_) => None,
        }
    }
}

/// A key as the person or the script's text means it.
pub fn stroke(item: KeyItem) -> Stroke {
    match item {
        KeyItem::Press { scan, extended, modifiers } => Stroke::Press(KeyPress {
            scan,
            extended,
            shift: modifiers.shift,
            ctrl: modifiers.control,
            alt: modifiers.alt,
        }),
        KeyItem::Move { scan, extended, pressed } => Stroke::Move(KeyEvent { scan, extended, pressed }),
        KeyItem::Wait { milliseconds } => Stroke::Wait { milliseconds },
    }
}
