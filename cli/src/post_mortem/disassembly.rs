//! Machine code in words. The decoder is the crate iced-x86, which is complete and tested against the manual; the VMM
//! only sends the bytes.

use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};
use wire::CodeSize;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Segment and offset, as in `0000:7C00`.
    pub address: String,
    /// Its bytes in hexadecimal.
    pub bytes: String,
    /// The instruction, or `(bad)` for bytes that are none.
    pub text: String,
}

/// The instructions in `code`, which lies at `segment:offset`; the last, if bytes of it are missing, is left out.
pub fn disassemble(
    segment: u16,
    offset: u32,
    size: CodeSize,
    code: &[u8],
) -> impl Iterator<Item = Instruction> {
    let (bits, known) = match size {
        CodeSize::Unknown => (16, false),
        CodeSize::Bits16 => (16, true),
        CodeSize::Bits32 => (32, true),
    };
    let code = if known { code } else { &[] };
    let mut decoder = Decoder::with_ip(bits, code, offset.into(), DecoderOptions::NONE);
    let mut formatter = NasmFormatter::new();
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(false);
    options.set_branch_leading_zeros(false);
    std::iter::from_fn(move || {
        let at = decoder.position();
        if !decoder.can_decode() {
            return None;
        }
        let instruction = decoder.decode();
        let is_cut = decoder.last_error() == iced_x86::DecoderError::NoMoreBytes;
        let mut text = String::new();
        match instruction.is_invalid() {
            true => text.push_str("(bad)"),
            false => formatter.format(&instruction, &mut text),
        }
        let bytes = code[at..decoder.position()].iter().map(|byte| format!("{byte:02X}")).collect();
        let address = format!("{segment:04X}:{:04X}", instruction.ip());
        (!is_cut).then_some(Instruction { address, bytes, text })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(size: CodeSize, code: &[u8]) -> Vec<String> {
        disassemble(0xF000, 0x10, size, code)
            .map(|each| format!("{} {} {}", each.address, each.bytes, each.text))
            .collect()
    }

    #[test]
    fn code_is_read_by_its_size_and_a_cut_instruction_is_left_out() {
        let code = [0xB8, 0x34, 0x12, 0x00, 0x00, 0xF4, 0xEB, 0xFD, 0xEA, 0x00];
        assert_eq!(
            texts(CodeSize::Bits16, &code),
            [
                "F000:0010 B83412 mov ax,1234h",
                "F000:0013 0000 add [bx+si],al",
                "F000:0015 F4 hlt",
                "F000:0016 EBFD jmp short 15h"
            ]
        );
        assert_eq!(
            texts(CodeSize::Bits32, &code),
            ["F000:0010 B834120000 mov eax,1234h", "F000:0015 F4 hlt", "F000:0016 EBFD jmp short 15h"]
        );
        assert_eq!(texts(CodeSize::Unknown, &code), [""; 0]);
    }

    #[test]
    fn vmcall_and_what_is_no_instruction_are_told() {
        assert_eq!(
            texts(CodeSize::Bits16, &[0x0F, 0x01, 0xC1, 0xCF, 0x0F, 0x0B, 0x0F, 0xFF]),
            ["F000:0010 0F01C1 vmcall", "F000:0013 CF iret", "F000:0014 0F0B ud2"]
        );
        assert_eq!(texts(CodeSize::Bits16, &[0x0F, 0x04, 0x90]), ["F000:0010 0F0490 (bad)"]);
    }
}
