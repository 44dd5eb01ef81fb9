//! A guest component: the deck's guest, with a virtual-8086 task, a ring-0 fault handler and the tables that both
//! need, in one flat binary that lies at [`Component::ARENA`]. Its header says where things are.

use core::fmt;

use v8086::GuestMemory;

/// A table of the component: linear base and limit in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Linear address.
    pub base: u32,
    /// Size in bytes, less 1.
    pub limit: u32,
}

/// What the header says.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// Where `guest_task` starts, in the code segment [`Component::SELECTOR`].
    pub entry: u32,
    /// The ring-3 stack pointer, in the same segment.
    pub ring3_stack: u32,
    /// The task-state segment, with redirection map and I/O map.
    pub tss: Table,
    /// The global descriptor table.
    pub gdt: Table,
    /// The local descriptor table.
    pub ldt: Table,
    /// The interrupt descriptor table.
    pub idt: Table,
}

/// The module is no guest component.
#[derive(Clone, Copy, Debug)]
pub enum ComponentError {
    /// It is shorter than its header, or longer than an arena.
    Length(usize),
    /// It does not start with the letters HX86.
    Magic(u32),
    /// An offset points outside the component.
    Offset {
        /// Index of the header word.
        word: usize,
        /// Its value.
        offset: u32,
    },
}

impl fmt::Display for ComponentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => {
                write!(f, "a guest component has 64 bytes to 64 KiB, this one {length} bytes")
            }
            Self::Magic(word) => write!(f, "a guest component starts with `HX86`, this one with {word:08X}h"),
            Self::Offset { word, offset } => {
                write!(f, "header word {word} of the guest component points to {offset:X}h, outside of it")
            }
        }
    }
}

/// Words of the header, by index.
mod word {
    pub const MAGIC: usize = 0;
    pub const ENTRY: usize = 2;
    pub const RING3_STACK: usize = 3;
    pub const TSS: usize = 4;
    pub const GDT: usize = 6;
    pub const LDT: usize = 8;
    pub const IDT: usize = 10;
    pub const COUNT: usize = 16;
}

impl Component {
    /// Linear address of the component, and the base of its segments.
    pub const ARENA: u32 = 0x1_0000;
    /// Code and stack segment of `guest_task`.
    pub const SELECTOR: u16 = (Self::ARENA >> 4) as u16;
    /// Selector of the TSS in the GDT.
    pub const TSS_SELECTOR: u16 = 0x08;
    /// Selector of the LDT in the GDT.
    pub const LDT_SELECTOR: u16 = 0x10;

    /// Reads the header.
    ///
    /// # Errors
    /// [`ComponentError`]
    pub fn parse(module: &[u8]) -> Result<Self, ComponentError> {
        if module.len() < 4 * word::COUNT || module.len() > 0x1_0000 {
            return Err(ComponentError::Length(module.len()));
        }
        let read = |index: usize| {
            let at = 4 * index;
            u32::from_le_bytes([module[at], module[at + 1], module[at + 2], module[at + 3]])
        };
        if read(word::MAGIC) != u32::from_le_bytes(*b"HX86") {
            return Err(ComponentError::Magic(read(word::MAGIC)));
        }
        let inside = |index: usize| match read(index) {
            offset if offset < 0x1_0000 => Ok(offset),
            offset => Err(ComponentError::Offset { word: index, offset }),
        };
        let table =
            |index: usize| Ok(Table { base: Self::ARENA + inside(index)?, limit: inside(index + 1)? });
        Ok(Self {
            entry: inside(word::ENTRY)?,
            ring3_stack: inside(word::RING3_STACK)?,
            tss: table(word::TSS)?,
            gdt: table(word::GDT)?,
            ldt: table(word::LDT)?,
            idt: table(word::IDT)?,
        })
    }

    /// Puts the component where it expects to be.
    pub fn load(module: &[u8], memory: &mut dyn GuestMemory) {
        memory.write(Self::ARENA, module);
    }
}
