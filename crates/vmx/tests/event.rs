//! Interruption words: encoding, decoding, and what they say.

use vmx::event::{Event, EventKind, InterruptionInformation, exception_name};
use vmx::{Field, Machine};

#[test]
fn events_encode_as_the_manual_lays_out() {
    let event = |vector, kind, error_code| Event { vector, kind, error_code };
    let rows = [
        (event(8, EventKind::ExternalInterrupt, None), 0x8000_0008),
        (Event::external_interrupt(0x70), 0x8000_0070),
        (event(2, EventKind::Nmi, None), 0x8000_0202),
        (event(6, EventKind::HardwareException, None), 0x8000_0306),
        (event(13, EventKind::HardwareException, Some(0)), 0x8000_0B0D),
        (event(14, EventKind::HardwareException, Some(2)), 0x8000_0B0E),
        (event(0x21, EventKind::SoftwareInterrupt, None), 0x8000_0421),
        (Event::software_interrupt(0x08), 0x8000_0408),
        (event(1, EventKind::PrivilegedSoftwareException, None), 0x8000_0501),
        (event(3, EventKind::SoftwareException, None), 0x8000_0603),
        (event(0, EventKind::OtherEvent, None), 0x8000_0700),
        (event(0xFF, EventKind::ExternalInterrupt, None), 0x8000_00FF),
    ];
    for (event, word) in rows {
        assert_eq!(event.entry_information(), word, "{event:?}");
        let decoded = InterruptionInformation(word).event(event.error_code.unwrap_or(0xBAD));
        assert_eq!(decoded, Some(event), "{word:X}h");
    }
}

#[test]
fn words_that_are_not_valid_or_have_the_reserved_type_hold_no_event() {
    for word in [0, 0x0000_0B0D, 0x7FFF_FFFF, 0x8000_0101, 0xFFFF_F9FF] {
        assert_eq!(InterruptionInformation(word).event(0), None, "{word:X}h");
    }
}

#[test]
fn bits_beside_the_event_are_decoded() {
    let word = InterruptionInformation(0x8000_1B0E);
    assert!(word.nmi_unblocking_by_iret() && word.has_error_code() && word.is_valid());
    assert_eq!(word.reserved_bits(), 0x1000);
    assert_eq!(InterruptionInformation(0xFFFF_FFFF).reserved_bits(), 0x7FFF_F000);
    assert_eq!(InterruptionInformation(0x8000_0FFF).reserved_bits(), 0);
}

#[test]
fn planning_an_injection_sets_only_the_fields_it_needs() {
    let plan = |event: Event, length: u8| {
        let mut machine = Machine::new();
        event.write_to(length, &mut machine);
        machine.entries().collect::<Vec<_>>()
    };
    let word = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
    assert_eq!(plan(Event::external_interrupt(8), 1), [(word, 0x8000_0008)]);
    assert_eq!(
        plan(Event::software_interrupt(8), 1),
        [(word, 0x8000_0408), (Field::VM_ENTRY_INSTRUCTION_LENGTH, 1)]
    );
    let page_fault = Event { vector: 14, kind: EventKind::HardwareException, error_code: Some(7) };
    assert_eq!(plan(page_fault, 0), [(word, 0x8000_0B0E), (Field::VM_ENTRY_EXCEPTION_ERROR_CODE, 7)]);
}

#[test]
fn words_are_told_in_words() {
    let rows = [
        (0x0000_0000, "none"),
        (0x8000_0B0D, "hardware exception 13 (#GP, general protection), with error code"),
        (0x8000_0202, "NMI 2"),
        (0x8000_0020, "external interrupt 32"),
        (0x8000_0421, "software interrupt 33"),
        (0x8000_0603, "software exception 3 (#BP, breakpoint)"),
        (0x8000_1306, "hardware exception 6 (#UD, invalid opcode), NMIs unblocked by IRET"),
        (0x8000_0105, "reserved event type 1, vector 5"),
    ];
    for (word, words) in rows {
        assert_eq!(InterruptionInformation(word).to_string(), words);
    }
}

#[test]
fn exceptions_are_named_up_to_the_last_one_defined() {
    for (vector, named) in
        [(0, true), (15, false), (16, true), (21, true), (22, false), (31, false), (255, false)]
    {
        assert_eq!(exception_name(vector).is_some(), named, "{vector}");
    }
}
