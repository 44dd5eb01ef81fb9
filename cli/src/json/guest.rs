//! What the object of `--json` says of a guest at its end: its registers, and its last exits.

use std::collections::BTreeMap;

use serde::Serialize;
use vmx::exit::ExitReason;
use wire::{ExitRecord, Registers};

use crate::post_mortem::{self, GENERAL, SEGMENTS};

/// An exit.
#[derive(Debug, Serialize)]
pub struct Exit {
    /// The exit reason.
    pub reason: u32,
    /// What it is called.
    pub name: String,
    /// The exit qualification.
    pub qualification: String,
    /// Where.
    pub cs: String,
    /// Where.
    pub rip: String,
    /// The reason with what the qualification says.
    pub description: String,
    /// The instruction that stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// RAX.
    pub rax: String,
    /// RFLAGS.
    pub rflags: String,
    /// When.
    pub tsc: u64,
}

impl Exit {
    /// What was recorded of an exit.
    pub fn of(exit: &ExitRecord) -> Self {
        let instruction = post_mortem::instruction(exit);
        let (instruction, code) = instruction.map(|each| (each.text, each.bytes)).unzip();
        Self {
            reason: exit.reason,
            name: ExitReason(exit.reason).to_string(),
            qualification: format!("{:#x}", exit.qualification),
            cs: format!("{:#06x}", exit.cs),
            rip: format!("{:#x}", exit.rip),
            description: post_mortem::description(exit),
            instruction,
            code,
            rax: format!("{:#x}", exit.rax),
            rflags: format!("{:#x}", exit.rflags),
            tsc: exit.tsc,
        }
    }
}

/// A guest's registers, and the code where it was.
#[derive(Debug, Serialize)]
pub struct RegistersObject {
    /// By name in lower case: general registers, EIP, EFLAGS, CR0, selectors, and bases as in `cs_base`.
    #[serde(flatten)]
    pub values: BTreeMap<String, String>,
    /// 16 or 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u8>,
    /// The instructions from CS:EIP on.
    pub code: Vec<Place>,
}

/// An instruction and where it is.
#[derive(Debug, Serialize)]
pub struct Place {
    /// Segment and offset.
    pub address: String,
    /// Its bytes.
    pub code: String,
    /// Itself.
    pub instruction: String,
}

impl RegistersObject {
    /// What was recorded of a guest.
    pub fn of(registers: &Registers) -> Self {
        let Registers { general, eip, eflags, selectors, bases, cr0, tables: [gdtr, idtr], size, .. } =
            registers;
        let mut values = BTreeMap::new();
        let mut put = |name: &str, value: u32| values.insert(name.to_lowercase(), format!("{value:#x}"));
        for (name, value) in GENERAL.into_iter().zip(*general) {
            put(name, value);
        }
        for (name, (selector, base)) in SEGMENTS.into_iter().zip(selectors.iter().zip(bases)) {
            put(name, u32::from(*selector));
            put(&format!("{name}_base"), *base);
        }
        let others = [
            ("eip", *eip),
            ("eflags", *eflags),
            ("cr0", *cr0),
            ("gdtr_base", gdtr.0),
            ("gdtr_limit", gdtr.1),
            ("idtr_base", idtr.0),
            ("idtr_limit", idtr.1),
        ];
        for (name, value) in others {
            put(name, value);
        }
        let code = post_mortem::code(registers)
            .into_iter()
            .map(|each| Place { address: each.address, code: each.bytes, instruction: each.text })
            .collect();
        Self { values, bits: post_mortem::bits(*size), code }
    }
}
