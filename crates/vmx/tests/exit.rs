//! Exit reasons, qualifications and instruction errors.

use vmx::event::InterruptionInformation;
use vmx::exit::{
    AddressSize, BasicExitReason, ControlRegisterAccess, ControlRegisterAction, DebugRegisterAccess,
    Direction, EntryFailure, ExitReason, GeneralRegister, InstructionInformation, IoOperand, IoQualification,
    IoWidth, LmswOperand, OperandSegment, Qualification, UnknownExitReason,
};
use vmx::instruction_error::InstructionError;

/// "VMX Basic Exit Reasons" as two other sources number them: the first of each run, and its length.
const DEFINED: [(u16, u16); 6] = [(0, 35), (36, 2), (39, 3), (43, 29), (72, 10), (84, 2)];

#[test]
fn every_basic_exit_reason_is_defined_and_no_other_number_is() {
    let mut defined = 0;
    for number in 0..=u16::MAX {
        let wanted = DEFINED.iter().any(|(first, length)| (*first..first + length).contains(&number));
        match BasicExitReason::try_from(number) {
            Ok(reason) => {
                assert!(wanted, "{number} is defined");
                assert_eq!(reason as u16, number);
                assert_eq!(BasicExitReason::ALL[defined], reason, "ascending");
                defined += 1;
            }
            Err(error) => {
                assert!(!wanted, "{number} is not defined");
                assert_eq!(error, UnknownExitReason(number));
            }
        }
    }
    assert_eq!(defined, BasicExitReason::ALL.len());
}

#[test]
fn reasons_have_the_numbers_that_a_second_source_gives() {
    use BasicExitReason as Reason;
    let rows = [
        (0, Reason::ExceptionOrNmi),
        (1, Reason::ExternalInterrupt),
        (2, Reason::TripleFault),
        (7, Reason::InterruptWindow),
        (8, Reason::NmiWindow),
        (9, Reason::TaskSwitch),
        (10, Reason::Cpuid),
        (12, Reason::Hlt),
        (13, Reason::Invd),
        (14, Reason::Invlpg),
        (16, Reason::Rdtsc),
        (18, Reason::Vmcall),
        (27, Reason::Vmxon),
        (28, Reason::ControlRegisterAccess),
        (29, Reason::MovDr),
        (30, Reason::IoInstruction),
        (31, Reason::Rdmsr),
        (32, Reason::Wrmsr),
        (33, Reason::InvalidGuestState),
        (34, Reason::MsrLoading),
        (36, Reason::Mwait),
        (37, Reason::MonitorTrapFlag),
        (40, Reason::Pause),
        (41, Reason::EntryMachineCheck),
        (43, Reason::TprBelowThreshold),
        (44, Reason::ApicAccess),
        (46, Reason::GdtrOrIdtrAccess),
        (47, Reason::LdtrOrTrAccess),
        (48, Reason::EptViolation),
        (49, Reason::EptMisconfiguration),
        (50, Reason::Invept),
        (52, Reason::PreemptionTimer),
        (55, Reason::Xsetbv),
        (56, Reason::ApicWrite),
        (59, Reason::Vmfunc),
        (62, Reason::PageModificationLogFull),
        (66, Reason::SppEvent),
        (69, Reason::Loadiwkey),
        (70, Reason::Enclv),
        (74, Reason::BusLock),
        (75, Reason::InstructionTimeout),
        (77, Reason::Tdcall),
        (79, Reason::Wrmsrlist),
        (84, Reason::RdmsrImmediate),
    ];
    for (number, reason) in rows {
        assert_eq!(BasicExitReason::try_from(number), Ok(reason));
    }
}

#[test]
fn exit_reasons_are_told_with_their_flags() {
    let rows = [
        (0x0000_0012, "VMCALL (18)"),
        (0x8000_0021, "VM entry failed: invalid guest state (33)"),
        (0x8000_0022, "VM entry failed: MSR loading (34)"),
        (0x0400_004A, "bus lock (74), bus lock"),
        (0x3000_0006, "other SMI (6), MTF pending, from VMX root operation"),
        (0x0A00_0001, "external interrupt (1), shadow stack prematurely busy, in enclave mode"),
        (0x0000_0023, "not defined by the manual (35)"),
    ];
    for (raw, words) in rows {
        assert_eq!(ExitReason(raw).to_string(), words);
    }
    assert!(ExitReason(0x8000_0021).entry_failed() && !ExitReason(0x21).entry_failed());
    assert_eq!(ExitReason(0xFFFF_0012).basic(), Some(BasicExitReason::Vmcall));
}

#[test]
fn io_qualifications_are_decoded_whole() {
    let io = |port, width, direction, string, rep, operand| {
        Some(IoQualification { port, width, direction, string, rep, operand })
    };
    let rows = [
        (
            0x03F8_0000,
            io(0x3F8, IoWidth::Byte, Direction::Out, false, false, IoOperand::Dx),
            "OUT byte to port 3F8h",
        ),
        (
            0x0060_0048,
            io(0x60, IoWidth::Byte, Direction::In, false, false, IoOperand::Immediate),
            "IN byte from port 60h (immediate)",
        ),
        (
            0x01F0_0039,
            io(0x1F0, IoWidth::Word, Direction::In, true, true, IoOperand::Dx),
            "REP INS word from port 1F0h",
        ),
        (
            0xFFFF_0013,
            io(0xFFFF, IoWidth::Doubleword, Direction::Out, true, false, IoOperand::Dx),
            "OUTS doubleword to port FFFFh",
        ),
    ];
    for (raw, wanted, words) in rows {
        let decoded = IoQualification::decode(raw);
        assert_eq!(decoded, wanted, "{raw:X}h");
        assert_eq!(decoded.unwrap().to_string(), words);
    }
    for size in [2, 4, 5, 6, 7] {
        assert_eq!(IoQualification::decode(size), None, "size bits {size}");
    }
    assert_eq!([IoWidth::Byte, IoWidth::Word, IoWidth::Doubleword].map(IoWidth::bytes), [1, 2, 4]);
}

#[test]
fn accesses_to_control_registers_are_decoded() {
    let rows = [
        (0x000, 0, ControlRegisterAction::MovTo(GeneralRegister(0)), "MOV CR0, RAX"),
        (0xF13, 3, ControlRegisterAction::MovFrom(GeneralRegister(15)), "MOV R15, CR3"),
        (0x404, 4, ControlRegisterAction::MovTo(GeneralRegister(4)), "MOV CR4, RSP"),
        (0x020, 0, ControlRegisterAction::Clts, "CLTS"),
        (
            0xFFF1_0030,
            0,
            ControlRegisterAction::Lmsw { source: 0xFFF1, operand: LmswOperand::Register },
            "LMSW FFF1h from a register",
        ),
        (
            0x0001_0070,
            0,
            ControlRegisterAction::Lmsw { source: 1, operand: LmswOperand::Memory },
            "LMSW 1h from memory",
        ),
    ];
    for (raw, number, action, words) in rows {
        let decoded = ControlRegisterAccess::decode(raw);
        assert_eq!(decoded, ControlRegisterAccess { number, action }, "{raw:X}h");
        assert_eq!(decoded.to_string(), words);
    }
}

#[test]
fn accesses_to_debug_registers_are_decoded() {
    let rows = [
        (
            0x007,
            DebugRegisterAccess { number: 7, is_write: true, register: GeneralRegister(0) },
            "MOV DR7, RAX",
        ),
        (
            0x116,
            DebugRegisterAccess { number: 6, is_write: false, register: GeneralRegister(1) },
            "MOV RCX, DR6",
        ),
    ];
    for (raw, wanted, words) in rows {
        assert_eq!(DebugRegisterAccess::decode(raw), wanted);
        assert_eq!(wanted.to_string(), words);
    }
}

#[test]
fn a_qualification_has_the_meaning_that_its_reason_gives_it() {
    const GP: u32 = 0x8000_0B0D;
    const PAGE_FAULT: u32 = 0x8000_0B0E;
    const DEBUG: u32 = 0x8000_0301;
    const INT1: u32 = 0x8000_0501;
    let rows = [
        (0, GP, 0xBAD, "none"),
        (0, PAGE_FAULT, 0x1234, "linear address 1234h"),
        (0, DEBUG, 0x4000, "single step"),
        (0, DEBUG, 0x2005, "breakpoint 0, breakpoint 2, debug-register access"),
        (0, DEBUG, 0, "no cause given"),
        (0, INT1, 0x4000, "none"),
        (4, 0, 0x9F, "start-up vector 9Fh"),
        (9, 0, 0x4000_0028, "task switch to TSS 28h by IRET"),
        (9, 0, 0xC000_0018, "task switch to TSS 18h by a task gate in the IDT"),
        (14, 0, 0xB8000, "linear address B8000h"),
        (18, 0, 0, "none"),
        (23, 0, 0x10, "displacement 10h"),
        (28, 0, 0x020, "CLTS"),
        (29, 0, 0x017, "MOV RAX, DR7"),
        (30, 0, 0x0064_0008, "IN byte from port 64h"),
        (30, 0, 0x0064_000A, "64000Ah"),
        (36, 0, 1, "monitoring armed"),
        (44, 0, 0x1300, "write by an instruction at offset 300h of the APIC page"),
        (45, 0, 0x31, "EOI of vector 31h"),
        (48, 0, 0x182, "write of a page mapped ---"),
        (48, 0, 0x8F, "read and write and fetch of a page mapped r--, during a page walk"),
        (48, 0, 0x1_0081, "read of a page mapped ---, during a page walk, asynchronous"),
        (75, 0, 1, "the guest's context is invalid"),
        (85, 0, 0x1B, "MSR 1Bh"),
        (0x8000_0021, 0, 0, "the processor does not say which rule"),
        (0x8000_0021, 0, 3, "NMI injected while STI blocks events"),
        (0x8000_0021, 0, 4, "invalid VMCS link pointer"),
        (0x8000_0021, 0, 1, "undefined failure 1"),
        (0x8000_0022, 0, 2, "entry 2 of the MSR-load area"),
        (35, 0, 7, "7h"),
    ];
    for (reason, interruption, raw, words) in rows {
        let decoded = Qualification::decode(ExitReason(reason), InterruptionInformation(interruption), raw);
        assert_eq!(decoded.to_string(), words, "reason {reason:X}h, qualification {raw:X}h");
    }
    let pdpte = Qualification::decode(ExitReason(0x8000_0021), InterruptionInformation(0), 2);
    assert_eq!(pdpte, Qualification::EntryFailure(EntryFailure::Pdpte));
}

#[test]
fn instruction_information_of_string_io_is_decoded() {
    let rows = [
        (0x0000_0000, Some(AddressSize::Bits16), Some(OperandSegment::Es)),
        (0x0001_8080, Some(AddressSize::Bits32), Some(OperandSegment::Ds)),
        (0x0000_8100, Some(AddressSize::Bits64), Some(OperandSegment::Cs)),
        (0x0002_8000, Some(AddressSize::Bits16), Some(OperandSegment::Gs)),
        (0x0003_0180, None, None),
    ];
    for (raw, address_size, segment) in rows {
        let information = InstructionInformation(raw);
        assert_eq!((information.address_size(), information.segment()), (address_size, segment), "{raw:X}h");
    }
}

#[test]
fn instruction_errors_are_those_of_the_manual() {
    let defined: Vec<u32> = (0..=40).filter(|number| InstructionError(*number).meaning().is_some()).collect();
    let wanted: Vec<u32> = (0..=28).filter(|number| ![14, 21, 27].contains(number)).collect();
    assert_eq!(defined, wanted);
    assert_eq!(
        InstructionError::ENTRY_INVALID_HOST_STATE.to_string(),
        "error 8: VM entry with an invalid host-state field"
    );
    assert_eq!(InstructionError(14).to_string(), "error 14: not defined by the manual");
    assert_eq!(InstructionError::ENTRY_INVALID_CONTROL, InstructionError(7));
    assert_eq!(InstructionError::UNSUPPORTED_FIELD, InstructionError(12));
}
