//! What a log tells beside the values of a dump, and what only looks like one.

use cli::audit::judge::judge;
use vmx::{Capabilities, Field};

use super::{KVM_4_19, KVM_6_6, XEN_4_18, read};

#[test]
fn xen_says_ahead_of_a_dump_whose_it_is_and_how_it_failed() {
    let begin = XEN_4_18.find("(XEN) *** Guest State").unwrap();
    let text = format!("(XEN) d7v1 VMLAUNCH error: 0x7\n{}", &XEN_4_18[begin..]);
    let dump = &read(&text).dumps[0];
    assert_eq!(dump.label.as_deref(), Some("domain 7, VCPU 1"));
    assert_eq!(dump.machine.get(Field::VM_INSTRUCTION_ERROR), Some(7));
    assert!(dump.machine == read(XEN_4_18).dumps[0].machine);
}

#[test]
fn what_is_said_behind_a_dump_is_not_about_the_next() {
    let text = format!(
        "{KVM_4_19}KVM: entry failed, hardware error 0x8\n(XEN) Domain 9 (vcpu#0) crashed on cpu#6:\n{KVM_6_6}"
    );
    let dumps = read(&text).dumps;
    let errors: Vec<_> = dumps.iter().map(|dump| dump.machine.get(Field::VM_INSTRUCTION_ERROR)).collect();
    assert_eq!(errors, [Some(8), None]);
    assert_eq!(dumps[1].label, None);
    let reason = format!("KVM: entry failed, hardware error 0x80000021\n{KVM_4_19}");
    assert_eq!(read(&reason).dumps[0].machine.get(Field::VM_INSTRUCTION_ERROR), None);
}

#[test]
fn a_value_before_the_dump_is_no_dump() {
    let text = format!("[    7.1] EPT pointer = 0xfffffc000661205e\n{KVM_6_6}");
    let reading = read(&text);
    assert_eq!((reading.dumps.len(), reading.unknown.len()), (1, 1));
    assert!(reading.dumps[0].machine == read(KVM_6_6).dumps[0].machine);
    assert_eq!(reading.unknown[0].line, 1);
    // Where there is nothing else it is what there is.
    let alone = read("VMExit: intr_info=00000000 errorcode=00000003\n");
    assert_eq!(alone.dumps[0].machine.get(Field::VM_EXIT_INTERRUPTION_ERROR_CODE), Some(3));
}

#[test]
fn a_text_that_ends_within_a_value_breaks_no_rule_with_it() {
    for (name, whole) in [("kvm", KVM_6_6), ("kvm 4.19", KVM_4_19), ("xen", XEN_4_18)] {
        let machine = read(whole).dumps[0].machine.clone();
        for end in (whole.len() / 8..whole.len()).step_by(23).filter(|end| whole.is_char_boundary(*end)) {
            let reading = read(&whole[..end]);
            for (field, value) in reading.dumps[0].machine.entries() {
                // Some have fewer digits in old versions, and behind EFER the remark is missing that it is no field.
                let is_short = matches!(
                    field,
                    Field::GUEST_IA32_EFER
                        | Field::EXIT_QUALIFICATION
                        | Field::TPR_THRESHOLD
                        | Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR
                        | Field::VIRTUAL_PROCESSOR_ID
                );
                assert!(
                    is_short || machine.get(field) == Some(value),
                    "{name} up to {end}: {field} = {value:X}h"
                );
            }
            let judgement = judge(&reading.dumps[0], &Capabilities::none());
            assert_eq!(judgement.broken, [], "{name} up to {end}");
        }
    }
}

#[test]
fn lines_that_end_at_a_column_break_no_rule() {
    for columns in 62..110 {
        let cut: String =
            KVM_6_6.lines().map(|line| format!("{}\n", line.get(..columns).unwrap_or(line))).collect();
        for dump in read(&cut).dumps {
            assert_eq!(judge(&dump, &Capabilities::none()).broken, [], "{columns} columns");
        }
    }
    // A value that somebody made short counts.
    let changes = [
        ("RIP = 0xffffffff828e3a0c", "RIP = 0x8000", Field::GUEST_RIP, 0x8000),
        ("ExitControls=000befff", "ExitControls=befff", Field::PRIMARY_VM_EXIT_CONTROLS, 0xB_EFFF),
        ("DR7 = 0x000000000000060a", "DR7 = 0x0", Field::GUEST_DR7, 0),
    ];
    for (from, to, field, value) in changes {
        let short = KVM_6_6.replace(from, to);
        assert_ne!(short, KVM_6_6, "{from}");
        assert_eq!(read(&short).dumps[0].machine.get(field), Some(value), "{to}");
    }
}

#[test]
fn two_dumps_mixed_line_by_line_break_no_rule_together() {
    fn bare(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(|line| line.split_once("kernel: ").map_or(line, |(_, words)| words))
    }
    // A guest in real mode, which a value of the other's would make wrong.
    let changes = [
        ("actual=0x0000000080050033", "actual=0x0000000000000030"),
        ("actual=0x00000000000426f0", "actual=0x0000000000002040"),
        ("RIP = 0xfffff8017a2c8c7e", "RIP = 0x0000000000008000"),
        ("EFER =     0x0000000000000d01", "EFER =     0x0000000000000000"),
        ("EntryControls=0000d3ff", "EntryControls=0000d1ff"),
    ];
    let real_mode =
        changes.into_iter().fold(KVM_4_19.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
    assert_eq!(judge(&read(&real_mode).dumps[0], &Capabilities::none()).broken, []);
    for ahead in [0, 9, 24, 33] {
        let (one, other) = (bare(KVM_6_6), bare(&real_mode));
        let fill = || std::iter::repeat("");
        let lines = one.chain(fill()).zip(fill().take(ahead).chain(other).chain(fill())).take(100);
        let mixed: String = lines.flat_map(|(one, other)| [one, "\n", other, "\n"]).collect();
        let reading = read(&mixed);
        for dump in &reading.dumps {
            assert_eq!(judge(dump, &Capabilities::none()).broken, [], "{ahead} lines ahead");
        }
        let last = reading.dumps.last().unwrap();
        assert!(last.notes.iter().any(|note| note.text.ends_with("neither counts")), "{:?}", last.notes);
    }
}

#[test]
fn words_with_numbers_are_no_list() {
    let text = "unexpected exit, wanted: 2 (IO), got: 9 (FAIL)\nguest_rflags = 2\n";
    let reading = read(text);
    assert_eq!(reading.dumps[0].machine.len(), 1, "{:?}", reading.dumps[0].machine);
    assert_eq!(reading.unknown.len(), 1);
}

#[test]
fn json_behind_a_mark_is_json() {
    let text = "{\"machine\": [\n{\"field\": \"0x6820\",\n\"value\": \"0x2\"}]}";
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), wide] {
        let (reading, _) = cli::audit::read(&bytes).unwrap();
        assert_eq!(reading.dumps[0].machine.get(Field::GUEST_RFLAGS), Some(2));
    }
}

#[test]
fn the_vmcb_of_another_maker_is_refused_by_name() {
    let text = "[ 1.5] SVM: VMCB 0000000012345678, last attempted VMRUN on CPU 3\n[ 1.6] VMCB Control Area:\n\
                [ 1.7] cr0:            0000000060000010 cr2:          0000000000000000\n";
    let error = cli::audit::read(text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("line 1: this is the VMCB"), "{error}");
    let both = read(&format!("{KVM_6_6}{text}"));
    assert_eq!(both.dumps.len(), 1);
}
