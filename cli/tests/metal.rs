//! What the VMM's machine code may not hold. Guests leave their x87 and SSE control registers as they like, a pending x87
//! exception among them, and the world switch leaves them so: the VMM must not compute in floating point.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// Endings of the names of SSE instructions on floating-point numbers.
const FLOATING: [&str; 4] = ["ss", "sd", "ps", "pd"];

/// Those among them that only move bits, by how their names begin.
const MOVING: [&str; 7] = ["mov", "xor", "and", "or", "unpck", "shuf", "insert"];

/// Whether an instruction looks at MXCSR or the x87 state.
fn computes(instruction: &Instruction) -> bool {
    let name = format!("{:?}", instruction.mnemonic()).to_lowercase();
    let saves = matches!(instruction.mnemonic(), Mnemonic::Fxsave64 | Mnemonic::Fxrstor64);
    let x87 = name.starts_with('f') && !saves || name == "wait" || name == "emms";
    let sse = FLOATING.iter().any(|ending| name.ends_with(ending))
        && !MOVING.iter().any(|beginning| name.starts_with(beginning));
    // String instructions end alike, and name no XMM register.
    let on_xmm = (0..instruction.op_count())
        .any(|operand| format!("{:?}", instruction.op_register(operand)).starts_with("XMM"));
    x87 || sse && on_xmm || name.starts_with("cvt") || name == "ldmxcsr"
}

#[test]
fn the_vmm_computes_nothing_in_floating_point() {
    let built = cli::metal::vmm().unwrap_or_else(|failure| panic!("{}", failure.message));
    let elf = object::File::parse(&*built.bytes).unwrap();
    let mut instructions = 0;
    let mut moves = 0;
    for symbol in elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let section = elf.section_by_index(symbol.section_index().unwrap()).unwrap();
        let code = section.data_range(symbol.address(), symbol.size()).unwrap().unwrap();
        for instruction in Decoder::with_ip(64, code, symbol.address(), DecoderOptions::NONE) {
            instructions += 1;
            moves += u32::from(matches!(instruction.mnemonic(), Mnemonic::Movups | Mnemonic::Movaps));
            assert!(!computes(&instruction), "{}: {instruction}", symbol.name().unwrap());
        }
    }
    // The test would see them: there is much code, and SSE registers are used.
    assert!(instructions > 10_000 && moves > 100, "{instructions} instructions, {moves} moves");
}

#[test]
fn instructions_that_compute_in_floating_point_are_told_from_others() {
    for (code, computing) in [
        (&[0xF3, 0x0F, 0x58, 0xC1][..], true),   // ADDSS XMM0, XMM1
        (&[0xF2, 0x48, 0x0F, 0x2A, 0xC0], true), // CVTSI2SD XMM0, RAX
        (&[0xD9, 0xE8], true),                   // FLD1
        (&[0x9B], true),                         // WAIT
        (&[0x0F, 0xAE, 0x10], true),             // LDMXCSR [RAX]
        (&[0x0F, 0x10, 0x00], false),            // MOVUPS XMM0, [RAX]
        (&[0x0F, 0x57, 0xC0], false),            // XORPS XMM0, XMM0
        (&[0x48, 0x0F, 0xAE, 0x07], false),      // FXSAVE64 [RDI]
        (&[0xA5], false),                        // MOVSD
        (&[0xAF], false),                        // SCASD
    ] {
        let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode();
        assert_eq!(computes(&instruction), computing, "{instruction}");
    }
}

/// Instructions by which the processor forgets translations that changed. Bochs 2.7 forgets all of them at each VM entry and
/// exit, so no run in it fails without one: see the book's chapter on what VT-x does for a guest.
#[test]
fn the_vmm_tells_the_processor_of_translations_that_it_changes() {
    let built = cli::metal::vmm().unwrap_or_else(|failure| panic!("{}", failure.message));
    let elf = object::File::parse(&*built.bytes).unwrap();
    let mut found = [0, 0];
    for symbol in elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let section = elf.section_by_index(symbol.section_index().unwrap()).unwrap();
        let code = section.data_range(symbol.address(), symbol.size()).unwrap().unwrap();
        for instruction in Decoder::with_ip(64, code, symbol.address(), DecoderOptions::NONE) {
            found[0] += u32::from(instruction.mnemonic() == Mnemonic::Invept);
            found[1] += u32::from(instruction.mnemonic() == Mnemonic::Invvpid);
        }
    }
    assert!(found.iter().all(|count| *count > 0), "INVEPT and INVVPID: {found:?} times");
}
