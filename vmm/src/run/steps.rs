//! A script's steps, from the form that they have in the boot config.

use pc::KeyEvent;
use pc::script::{self, KeyPress, Stroke};
use wire::{Items, KeyItem, Step};

/// The steps as the boot config has them.
pub struct ConfigSteps<'a>(pub Items<'a, Step<'a>>);

impl script::Steps for ConfigSteps<'_> {
    fn step(&self, index: usize) -> Option<script::Step<'_>> {
        Some(match self.0.iter().nth(index)? {
            Step::Expect(text) => script::Step::Expect(text),
            Step::Keys(_) => script::Step::Keys,
        })
    }

    fn stroke(&self, step: usize, index: usize) -> Option<Stroke> {
        match self.0.iter().nth(step)? {
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
