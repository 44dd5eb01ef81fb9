//! The block of memory that some services take or give back: the packet of a disk's extensions, the descriptors of a block
//! move, an entry of the memory map. Its parts have names beside those of registers.

use wire::CALL_BYTES;

/// How a part reads.
#[derive(Clone, Copy, Debug)]
enum Form {
    Word,
    Double,
    Quad,
    /// A far pointer.
    Far,
    /// The base in a segment descriptor: bytes 2 to 4 and 7.
    Base,
}

/// A part's name, where it begins, and how it reads.
#[rustfmt::skip]
const PARTS: [(&str, usize, Form); 13] = [
    // INT 13h AH=42h to 44h and 47h.
    ("COUNT",      2, Form::Word),
    ("BUFFER",     4, Form::Far),
    ("LBA",        8, Form::Quad),
    // INT 13h AH=48h.
    ("CYLINDERS",  4, Form::Double),
    ("HEADS",      8, Form::Double),
    ("SECTORS",   12, Form::Double),
    ("TOTAL",     16, Form::Quad),
    ("BYTES",     24, Form::Word),
    // INT 15h AH=87h.
    ("SOURCE",    16, Form::Base),
    ("TARGET",    24, Form::Base),
    // INT 15h AX=E820h.
    ("BASE",       0, Form::Quad),
    ("LENGTH",     8, Form::Quad),
    ("TYPE",      16, Form::Double),
];

/// Whether a name is that of a part.
#[cfg(test)]
pub fn is_known(name: &str) -> bool {
    PARTS.iter().any(|part| part.0 == name)
}

/// The part of this name, in words; `None`: there is none.
pub fn part(name: &str, block: &[u8; CALL_BYTES]) -> Option<String> {
    let &(_, offset, form) = PARTS.iter().find(|part| part.0 == name)?;
    let number = |from: usize, bytes: usize| -> u64 {
        let bytes = block[from..from + bytes].iter().rev();
        bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
    };
    Some(match form {
        Form::Word => format!("{:04X}h", number(offset, 2)),
        Form::Double => format!("{:08X}h", number(offset, 4)),
        Form::Quad => format!("{:08X}h", number(offset, 8)),
        Form::Far => format!("{:04X}:{:04X}", number(offset + 2, 2), number(offset, 2)),
        Form::Base => format!("{:08X}h", number(offset + 2, 3) | number(offset + 7, 1) << 24),
    })
}
