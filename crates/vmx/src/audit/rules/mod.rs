//! The rules as tables, by the sections of the chapter "VM Entries", and the functions that some of them need.

// Without the later rows, what they alone use is idle.
#![cfg_attr(not(feature = "every-rule"), allow(dead_code, unused_imports))]

pub(super) mod execution;
pub(super) mod exit_entry;
mod fixed;
pub(super) mod guest_registers;
pub(super) mod guest_segments;
pub(super) mod guest_state;
pub(super) mod guest_system;
pub(super) mod host;
pub(super) mod injection;
pub(super) mod memory;
mod msr;
pub(super) mod wrmsr;

use super::engine::Row;
use super::rule::Rule;

/// The tables in the manual's order.
pub(super) static TABLES: [&[Row]; 12] = [
    execution::ROWS,
    exit_entry::EXIT_ROWS,
    exit_entry::ENTRY_ALLOWED,
    injection::ROWS,
    exit_entry::ENTRY_ROWS,
    host::ROWS,
    guest_registers::ROWS,
    guest_system::SELECTORS,
    guest_segments::ROWS,
    guest_system::ROWS,
    guest_state::ROWS,
    memory::ROWS,
];

const COUNT: usize = {
    let (mut count, mut at) = (0, 0);
    while at < TABLES.len() {
        count += TABLES[at].len();
        at += 1;
    }
    count
};

/// All rules in the manual's order.
pub(super) static RULES: [&Rule; COUNT] = {
    let mut rules = [TABLES[0][0].rule; COUNT];
    let (mut table, mut at) = (0, 0);
    while table < TABLES.len() {
        let mut row = 0;
        while row < TABLES[table].len() {
            rules[at] = TABLES[table][row].rule;
            row += 1;
            at += 1;
        }
        table += 1;
    }
    rules
};
