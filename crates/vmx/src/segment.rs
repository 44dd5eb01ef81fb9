//! Segment registers in the form the VMCS keeps them: selector, base, limit, access rights.
//!
//! Access rights are bits 23:8 of a descriptor's second word, with bit 16 added for a segment that is unusable
//! ("Guest Register State", section 26.4.1). In virtual-8086 mode all six segments have one permitted form, which
//! [`Segment::v8086`] makes.

use core::fmt;

use crate::field::Field;
use crate::machine::Machine;

/// The access-rights word of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRights(pub u32);

impl AccessRights {
    /// Accessed, read-write, expand-up data of privilege 3: the only form in virtual-8086 mode ("Checks on Guest
    /// Segment Registers", section 28.3.1.2).
    pub const V8086: AccessRights = AccessRights(0xF3);
    /// A busy 32-bit TSS, present.
    pub const BUSY_TSS: AccessRights = AccessRights(0x8B);
    /// An LDT, present.
    pub const LDT: AccessRights = AccessRights(0x82);
    /// No segment.
    pub const UNUSABLE: AccessRights = AccessRights(1 << 16);

    /// Bits 11:8 and 31:17, which must be 0.
    pub const RESERVED: u32 = 0xFFFE_0F00;

    /// The segment type, bits 3:0.
    pub const fn segment_type(self) -> u8 {
        (self.0 & 0xF) as u8
    }

    /// S, bit 4: code or data rather than a system segment.
    pub const fn is_code_or_data(self) -> bool {
        self.0 >> 4 & 1 == 1
    }

    /// Whether this is a code segment: S is 1 and so is the type's bit 3.
    pub const fn is_code(self) -> bool {
        self.is_code_or_data() && self.0 >> 3 & 1 == 1
    }

    /// DPL, bits 6:5: the privilege level, 0–3.
    pub const fn privilege(self) -> u8 {
        (self.0 >> 5 & 3) as u8
    }

    /// P, bit 7.
    pub const fn is_present(self) -> bool {
        self.0 >> 7 & 1 == 1
    }

    /// L, bit 13: 64-bit code.
    pub const fn is_long(self) -> bool {
        self.0 >> 13 & 1 == 1
    }

    /// D/B, bit 14: 32-bit operations by default.
    pub const fn is_big(self) -> bool {
        self.0 >> 14 & 1 == 1
    }

    /// G, bit 15: the limit counts pages of 4 KiB.
    pub const fn is_page_granular(self) -> bool {
        self.0 >> 15 & 1 == 1
    }

    /// Bit 16: the register holds no segment.
    pub const fn is_unusable(self) -> bool {
        self.0 >> 16 & 1 == 1
    }
}

/// In words, for instance `F3h: present, privilege 3, read-write data, accessed`.
impl fmt::Display for AccessRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}h: ", self.0)?;
        if self.is_unusable() {
            return f.write_str("unusable");
        }
        f.write_str(if self.is_present() { "present" } else { "not present" })?;
        write!(f, ", privilege {}, {}", self.privilege(), self.type_name())?;
        for (set, name) in [
            (self.is_long(), ", 64-bit"),
            (self.is_big(), ", 32-bit"),
            (self.is_page_granular(), ", limit in pages"),
            (self.0 & Self::RESERVED != 0, ", reserved bits set"),
        ] {
            if set {
                f.write_str(name)?;
            }
        }
        Ok(())
    }
}

impl AccessRights {
    /// The type in words ("Code- and Data-Segment Descriptor Types", section 3.4.5.1; "System Descriptor Types",
    /// section 3.5).
    pub const fn type_name(self) -> &'static str {
        match (self.is_code_or_data(), self.segment_type()) {
            (true, 0x0) => "read-only data",
            (true, 0x1) => "read-only data, accessed",
            (true, 0x2) => "read-write data",
            (true, 0x3) => "read-write data, accessed",
            (true, 0x4) => "read-only expand-down data",
            (true, 0x5) => "read-only expand-down data, accessed",
            (true, 0x6) => "read-write expand-down data",
            (true, 0x7) => "read-write expand-down data, accessed",
            (true, 0x8) => "execute-only code",
            (true, 0x9) => "execute-only code, accessed",
            (true, 0xA) => "execute-read code",
            (true, 0xB) => "execute-read code, accessed",
            (true, 0xC) => "execute-only conforming code",
            (true, 0xD) => "execute-only conforming code, accessed",
            (true, 0xE) => "execute-read conforming code",
            (true, _) => "execute-read conforming code, accessed",
            (false, 0x1) => "16-bit TSS, available",
            (false, 0x2) => "LDT",
            (false, 0x3) => "16-bit TSS, busy",
            (false, 0x4) => "16-bit call gate",
            (false, 0x5) => "task gate",
            (false, 0x6) => "16-bit interrupt gate",
            (false, 0x7) => "16-bit trap gate",
            (false, 0x9) => "TSS, available",
            (false, 0xB) => "TSS, busy",
            (false, 0xC) => "call gate",
            (false, 0xE) => "interrupt gate",
            (false, 0xF) => "trap gate",
            (false, _) => "reserved system type",
        }
    }
}

/// A guest segment register that the VMCS holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum SegmentName {
    Es,
    Cs,
    Ss,
    Ds,
    Fs,
    Gs,
    Ldtr,
    Tr,
}

/// The four VMCS fields of one guest segment register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentFields {
    /// The selector.
    pub selector: Field,
    /// The base.
    pub base: Field,
    /// The limit.
    pub limit: Field,
    /// The access rights.
    pub access_rights: Field,
}

impl SegmentName {
    /// All eight, in the manual's order.
    pub const ALL: [SegmentName; 8] = [
        SegmentName::Es,
        SegmentName::Cs,
        SegmentName::Ss,
        SegmentName::Ds,
        SegmentName::Fs,
        SegmentName::Gs,
        SegmentName::Ldtr,
        SegmentName::Tr,
    ];

    /// The six that code and data use.
    pub const CODE_AND_DATA: [SegmentName; 6] = [
        SegmentName::Es,
        SegmentName::Cs,
        SegmentName::Ss,
        SegmentName::Ds,
        SegmentName::Fs,
        SegmentName::Gs,
    ];

    /// The register's VMCS fields.
    #[rustfmt::skip]
    pub const fn fields(self) -> SegmentFields {
        const fn of(selector: Field, base: Field, limit: Field, access_rights: Field) -> SegmentFields {
            SegmentFields { selector, base, limit, access_rights }
        }
        match self {
            Self::Es => of(Field::GUEST_ES_SELECTOR, Field::GUEST_ES_BASE, Field::GUEST_ES_LIMIT, Field::GUEST_ES_ACCESS_RIGHTS),
            Self::Cs => of(Field::GUEST_CS_SELECTOR, Field::GUEST_CS_BASE, Field::GUEST_CS_LIMIT, Field::GUEST_CS_ACCESS_RIGHTS),
            Self::Ss => of(Field::GUEST_SS_SELECTOR, Field::GUEST_SS_BASE, Field::GUEST_SS_LIMIT, Field::GUEST_SS_ACCESS_RIGHTS),
            Self::Ds => of(Field::GUEST_DS_SELECTOR, Field::GUEST_DS_BASE, Field::GUEST_DS_LIMIT, Field::GUEST_DS_ACCESS_RIGHTS),
            Self::Fs => of(Field::GUEST_FS_SELECTOR, Field::GUEST_FS_BASE, Field::GUEST_FS_LIMIT, Field::GUEST_FS_ACCESS_RIGHTS),
            Self::Gs => of(Field::GUEST_GS_SELECTOR, Field::GUEST_GS_BASE, Field::GUEST_GS_LIMIT, Field::GUEST_GS_ACCESS_RIGHTS),
            Self::Ldtr => of(Field::GUEST_LDTR_SELECTOR, Field::GUEST_LDTR_BASE, Field::GUEST_LDTR_LIMIT, Field::GUEST_LDTR_ACCESS_RIGHTS),
            Self::Tr => of(Field::GUEST_TR_SELECTOR, Field::GUEST_TR_BASE, Field::GUEST_TR_LIMIT, Field::GUEST_TR_ACCESS_RIGHTS),
        }
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Es => "ES",
            Self::Cs => "CS",
            Self::Ss => "SS",
            Self::Ds => "DS",
            Self::Fs => "FS",
            Self::Gs => "GS",
            Self::Ldtr => "LDTR",
            Self::Tr => "TR",
        })
    }
}

/// The whole of a segment register: the visible selector and the hidden part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The visible part.
    pub selector: u16,
    /// The linear address of offset 0.
    pub base: u64,
    /// The greatest valid offset, in bytes whatever the granularity.
    pub limit: u32,
    /// Type and rights.
    pub access_rights: AccessRights,
}

impl Segment {
    /// A segment register that holds nothing.
    pub const UNUSABLE: Segment =
        Segment { selector: 0, base: 0, limit: 0, access_rights: AccessRights::UNUSABLE };

    /// The segment that `selector` means in virtual-8086 mode.
    pub const fn v8086(selector: u16) -> Self {
        Segment { selector, base: (selector as u64) << 4, limit: 0xFFFF, access_rights: AccessRights::V8086 }
    }

    /// Plans this segment for the register `name`.
    pub const fn write_to(&self, name: SegmentName, machine: &mut Machine) {
        let fields = name.fields();
        machine.set(fields.selector, self.selector as u64);
        machine.set(fields.base, self.base);
        machine.set(fields.limit, self.limit as u64);
        machine.set(fields.access_rights, self.access_rights.0 as u64);
    }

    /// The segment planned for the register `name`; `None` when one of its fields is absent.
    pub fn read_from(name: SegmentName, machine: &Machine) -> Option<Self> {
        let fields = name.fields();
        Some(Segment {
            selector: machine.get(fields.selector)? as u16,
            base: machine.get(fields.base)?,
            limit: machine.get(fields.limit)? as u32,
            access_rights: AccessRights(machine.get(fields.access_rights)? as u32),
        })
    }
}
