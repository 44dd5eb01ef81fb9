//! The fields of the VMCS: names, encodings, and what they say about themselves.
//!
//! A field is an ordinal into one table, so that a plan ([`Machine`](crate::Machine)) is a plain array. Everything
//! else about it comes from its encoding ("VMREAD, VMWRITE, and Encodings of VMCS Fields", section 26.11.2): bit 0
//! selects the high half of a 64-bit field, bits 9:1 are an index, bits 11:10 the kind, bits 14:13 the width.

mod requirement;
mod table;

use core::fmt;

pub use requirement::Requirement;
use table::TABLE;

/// A field of the VMCS.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field(u8);

/// How many bits of a field VMREAD and VMWRITE move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// 16 bits.
    U16,
    /// 64 bits, in any processor mode.
    U64,
    /// 32 bits.
    U32,
    /// 64 bits on a processor with Intel 64, else 32.
    Natural,
}

/// Which area of the VMCS a field belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// VM-execution, VM-exit and VM-entry controls.
    Control,
    /// What a VM exit or a failed VMX instruction records.
    ExitInformation,
    /// Guest state: loaded by VM entries, saved by VM exits.
    Guest,
    /// Host state: loaded by VM exits.
    Host,
}

/// Whether VMWRITE may change a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// VMREAD and VMWRITE.
    ReadWrite,
    /// VMREAD. VMWRITE fails unless IA32_VMX_MISC bit 29 is 1.
    ReadOnly,
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = TABLE.len();

    /// All fields, ascending by encoding: by width, then kind, as in the manual.
    pub const ALL: [Field; Field::COUNT] = {
        let mut all = [Field(0); Field::COUNT];
        let mut at = 0;
        while at < Field::COUNT {
            all[at] = Field(at as u8);
            at += 1;
        }
        all
    };

    /// The position in [`Field::ALL`], below [`Field::COUNT`].
    #[inline]
    pub const fn ordinal(self) -> usize {
        self.0 as usize
    }

    /// The operand of VMREAD and VMWRITE for the whole field.
    #[inline]
    pub const fn encoding(self) -> u32 {
        TABLE[self.ordinal()].encoding as u32
    }

    /// The encoding of bits 63:32 alone, which only a 64-bit field has.
    pub const fn high_encoding(self) -> Option<u32> {
        match self.width() {
            Width::U64 => Some(self.encoding() | 1),
            Width::U16 | Width::U32 | Width::Natural => None,
        }
    }

    /// The manual's name in lower case with underscores, such as `guest_cs_selector`.
    pub const fn name(self) -> &'static str {
        TABLE[self.ordinal()].name
    }

    /// What the processor must offer for this field to exist.
    pub const fn requirement(self) -> Requirement {
        TABLE[self.ordinal()].requirement
    }

    /// The field's width, from bits 14:13 of its encoding.
    pub const fn width(self) -> Width {
        match self.encoding() >> 13 & 3 {
            0 => Width::U16,
            1 => Width::U64,
            2 => Width::U32,
            _ => Width::Natural,
        }
    }

    /// The field's kind, from bits 11:10 of its encoding.
    pub const fn kind(self) -> Kind {
        match self.encoding() >> 10 & 3 {
            0 => Kind::Control,
            1 => Kind::ExitInformation,
            2 => Kind::Guest,
            _ => Kind::Host,
        }
    }

    /// Read-only for exit information, else read-write.
    pub const fn access(self) -> Access {
        match self.kind() {
            Kind::ExitInformation => Access::ReadOnly,
            Kind::Control | Kind::Guest | Kind::Host => Access::ReadWrite,
        }
    }

    /// The field with this (full) encoding.
    pub fn from_encoding(encoding: u32) -> Option<Field> {
        let encoding = u16::try_from(encoding).ok()?;
        TABLE.binary_search_by_key(&encoding, |row| row.encoding).ok().map(|at| Field(at as u8))
    }

    /// The 64-bit field whose high half has this encoding.
    pub fn from_high_encoding(encoding: u32) -> Option<Field> {
        Field::from_encoding(encoding & !1).filter(|field| field.high_encoding() == Some(encoding))
    }

    /// The field that [`Field::name`] calls so; letters count in either case.
    pub fn from_name(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.name().eq_ignore_ascii_case(name))
    }
}

impl Width {
    /// The width in bits on a processor with Intel 64.
    pub const fn bits(self) -> u32 {
        match self {
            Width::U16 => 16,
            Width::U32 => 32,
            Width::U64 | Width::Natural => 64,
        }
    }

    /// All values that fit this width, as the greatest one.
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits())
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
