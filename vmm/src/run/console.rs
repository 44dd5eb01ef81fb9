//! Who watches and types: the script of a run, or the person at the other end of the link.
//!
//! All of it happens at guest ticks, 18.2 times a second of the guest's time, so that two runs of a script are the
//! same to the byte whatever the host machine does meanwhile.

use pc::script::{self, Script};
use pc::{KeyEvent, MAX_COLUMNS, Pc, Ticks};
use rt::serial;
use v8086::GuestMemory;
use wire::frame::{Splitter, decode};
use wire::{Input, KeyItem, Modifiers, Record};

use crate::report::Reporter;
