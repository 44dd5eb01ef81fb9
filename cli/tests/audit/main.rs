//! `hyper86 audit` and `hyper86 caps`, as a person uses them: dumps of every format, damaged in every way that mail
//! and logs have.

mod command;
mod damage;
mod telling;

use cli::audit::dump::{Format, Reading};
use cli::audit::judge::judge;
use vmx::{Capabilities, Field};

const KVM_4_19: &str = include_str!("../dumps/kvm-4.19.txt");
const KVM_6_6: &str = include_str!("../dumps/kvm-6.6.txt");
const XEN_4_18: &str = include_str!("../dumps/xen-4.18.txt");
const XEN_4_2: &str = include_str!("../dumps/xen-4.2.txt");
const MAIL: &str = include_str!("../dumps/mail.txt");

const ALL: [(&str, &str); 5] = [
    ("kvm 4.19", KVM_4_19),
    ("kvm 6.6", KVM_6_6),
    ("xen 4.18", XEN_4_18),
    ("xen 4.2", XEN_4_2),
    ("mail", MAIL),
];

fn read(text: &str) -> Reading {
    cli::audit::read(text.as_bytes()).unwrap().0
}

/// The rules that the first dump of a text breaks, without capabilities.
fn broken(text: &str) -> Vec<&'static str> {
    let reading = read(text);
    let judgement = judge(&reading.dumps[0], &Capabilities::none());
    judgement.broken.iter().map(|broken| broken.rule.id).collect()
}

#[test]
fn every_value_of_a_kvm_dump_reaches_its_field() {
    let reading = read(KVM_6_6);
    assert_eq!((reading.format, reading.dumps.len()), (Format::Kvm, 1));
    assert_eq!(reading.unknown, []);
    let dump = &reading.dumps[0];
    let rows = [
        (Field::GUEST_CR0, 0x8005_0033),
        (Field::CR0_READ_SHADOW, 0x8005_0033),
        (Field::CR0_GUEST_HOST_MASK, 0xFFFF_FFFF_FFFE_FFF7),
        (Field::CR4_GUEST_HOST_MASK, 0xFFFF_FFFF_FFFE_F871),
        (Field::GUEST_PDPTE3, 0x5F18_7001),
        (Field::GUEST_RSP, 0xFFFF_C900_0001_7418),
        (Field::GUEST_RIP, 0xFFFF_FFFF_828E_3A0C),
        (Field::GUEST_DR7, 0x60A),
        (Field::GUEST_IA32_SYSENTER_CS, 0x10),
        (Field::GUEST_IA32_SYSENTER_EIP, 0xFFFF_FFFF_82A0_1E60),
        (Field::GUEST_GS_BASE, 0xFFFF_8882_36E0_0000),
        (Field::GUEST_GDTR_LIMIT, 0x7F),
        (Field::GUEST_IDTR_BASE, 0xFFFF_FE00_0000_0000),
        (Field::GUEST_TR_ACCESS_RIGHTS, 0x8B),
        (Field::GUEST_IA32_PAT, 0x0407_0506_0007_0106),
        (Field::GUEST_INTERRUPT_STATUS, 0xEC00),
        (Field::HOST_RIP, 0xFFFF_FFFF_C11A_CCB0),
        (Field::HOST_TR_SELECTOR, 0x40),
        (Field::HOST_IDTR_BASE, 0xFFFF_FE00_0000_0000),
        (Field::HOST_CR4, 0x37_2EF0),
        (Field::HOST_IA32_SYSENTER_EIP, 0xFFFF_FFFF_A7E0_2020),
        (Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0xB5A2_6DFA),
        (Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x0610_17FA),
        (Field::PIN_BASED_VM_EXECUTION_CONTROLS, 0xFF),
        (Field::VM_ENTRY_CONTROLS, 0x53FF),
        (Field::PRIMARY_VM_EXIT_CONTROLS, 0xB_EFFF),
        (Field::VM_ENTRY_INSTRUCTION_LENGTH, 2),
        (Field::VM_EXIT_INSTRUCTION_LENGTH, 3),
        (Field::EXIT_REASON, 0x30),
        (Field::EXIT_QUALIFICATION, 0x981),
        (Field::IDT_VECTORING_INFORMATION, 0x8000_00EC),
        (Field::VIRTUAL_APIC_ADDRESS, 0x3_6052_4000),
        (Field::EPT_POINTER, 0x2_99E9_305E),
        (Field::PLE_WINDOW, 0x1000),
        (Field::VIRTUAL_PROCESSOR_ID, 1),
    ];
    for (field, value) in rows {
        assert_eq!(dump.machine.get(field), Some(value), "{field}");
    }
    assert_eq!(dump.machine.get(Field::GUEST_IA32_EFER), None, "an effective EFER is no field");
    assert_eq!(dump.machine.get(Field::HOST_IA32_EFER), None);
    assert_eq!((dump.machine.len(), dump.msrs.len()), (109, 2));
    assert_eq!(dump.msrs[1].value, 0xFFFF_FE59_26DA_0000);
}

#[test]
fn every_value_of_a_xen_dump_reaches_its_field() {
    let reading = read(XEN_4_18);
    assert_eq!((reading.format, reading.dumps.len()), (Format::Xen, 1));
    let dump = &reading.dumps[0];
    assert_eq!(dump.label.as_deref(), Some("domain 2, VCPU 0"));
    let rows = [
        (Field::GUEST_CS_SELECTOR, 0xF000),
        (Field::GUEST_CS_ACCESS_RIGHTS, 0x9B),
        (Field::GUEST_CS_BASE, 0xF_0000),
        (Field::GUEST_RIP, 0xFFF0),
        (Field::GUEST_RFLAGS, 2),
        (Field::GUEST_IDTR_LIMIT, 0xFFFF),
        (Field::GUEST_TR_ACCESS_RIGHTS, 0x8B),
        (Field::GUEST_IA32_EFER, 0),
        (Field::GUEST_SMBASE, 0),
        (Field::IA32_SPEC_CTRL_SHADOW, 0),
        (Field::HOST_RIP, 0xFFFF_82D0_4020_4000),
        (Field::HOST_RSP, 0xFFFF_8300_7C6F_FF70),
        (Field::HOST_CS_SELECTOR, 0xE008),
        (Field::HOST_IA32_EFER, 0xD01),
        (Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x14EB),
        (Field::EPTP_INDEX, 0),
        (Field::VM_FUNCTION_CONTROLS, 0),
    ];
    for (field, value) in rows {
        assert_eq!(dump.machine.get(field), Some(value), "{field}");
    }
    let older = read(XEN_4_2);
    let dump = &older.dumps[0];
    let rows = [
        (Field::GUEST_CR3, 0xA70_9000),
        (Field::CR3_TARGET_COUNT, 0),
        (Field::CR3_TARGET_VALUE_3, 0),
        (Field::GUEST_IA32_PAT, 0x0007_0406_0007_0406),
        (Field::HOST_IA32_PAT, 0x0000_0501_0007_0406),
        (Field::TSC_OFFSET, 0xFFFF_FF8F_D7BA_1F2C),
        (Field::HOST_SS_SELECTOR, 0),
        (Field::HOST_RIP, 0xFFFF_82C4_801D_4B40),
        (Field::GUEST_TR_LIMIT, 0x67),
    ];
    for (field, value) in rows {
        assert_eq!(dump.machine.get(field), Some(value), "{field}");
    }
    assert_eq!(older.unknown, []);
}

#[test]
fn a_dump_that_breaks_no_rule_stays_without_a_finding() {
    for (name, text) in ALL.into_iter().filter(|(name, _)| *name != "mail") {
        assert_eq!(broken(text), [] as [&str; 0], "{name}");
    }
    assert_eq!(broken(MAIL), ["guest.segment.data.accessed"]);
}

#[test]
fn one_wrong_value_is_one_finding() {
    let rows = [
        (
            "VMEntry: intr_info=00000000",
            "VMEntry: intr_info=800000d1",
            "RFLAGS=0x00000246",
            "RFLAGS=0x00000046",
            "guest.rflags.if",
        ),
        ("base=0xffffd00025a0d800", "base=0x7fffd00025a0d800", "", "", "guest.table.base"),
        ("SecondaryExec=000000eb", "SecondaryExec=000000e9", "", "", "control.unrestricted_guest"),
        (
            "TR:   sel=0x0040, attr=0x0008b",
            "TR:   sel=0x0044, attr=0x0008b",
            "",
            "",
            "guest.segment.tr.selector",
        ),
    ];
    for (from, to, also_from, also_to, rule) in rows {
        let text = KVM_4_19.replacen(from, to, 1);
        assert_ne!(text, KVM_4_19);
        let text = if also_from.is_empty() { text } else { text.replacen(also_from, also_to, 1) };
        let rules = broken(&text);
        assert_eq!(rules, [rule], "{to}");
    }
}

#[test]
fn a_dump_without_a_headline_is_still_told_apart() {
    for (name, text) in ALL {
        let whole = read(text);
        for headline in ["Guest State", "Host State", "Control State"] {
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains(headline)).collect();
            let reading = read(&lines.join("\n"));
            for field in [
                Field::GUEST_RIP,
                Field::HOST_RIP,
                Field::HOST_CR3,
                Field::VM_ENTRY_CONTROLS,
                Field::GUEST_RSP,
            ] {
                let value = reading.dumps[0].machine.get(field);
                assert_eq!(value, whole.dumps[0].machine.get(field), "{name} without {headline}: {field}");
            }
        }
    }
}

#[test]
fn two_dumps_in_one_log_are_two() {
    let text = format!("{KVM_6_6}\nsome other line\n{KVM_4_19}\n{XEN_4_18}");
    let reading = read(&text);
    assert_eq!(reading.dumps.len(), 3);
    assert_eq!(reading.dumps[1].machine.get(Field::VM_ENTRY_CONTROLS), Some(0xD3FF));
    assert_eq!(reading.unknown.len(), 2, "{:?}", reading.unknown);
}

#[test]
fn dumps_that_two_threads_wrote_at_once_are_told_apart() {
    let marked = |text: &'static str, thread: &'static str| {
        text.lines().map(move |line| {
            let words = line.split_once("kernel: ").map_or(line, |(_, words)| words);
            format!("[  12.345678][{thread:>6}] {words}\n")
        })
    };
    let (mut one, mut other) = (marked(KVM_6_6, "T77"), marked(KVM_4_19, "T123"));
    let mut mixed = String::new();
    loop {
        match (one.next(), other.next()) {
            (None, None) => break,
            (first, second) => mixed.extend(first.into_iter().chain(second)),
        }
    }
    let reading = read(&mixed);
    assert_eq!((reading.dumps.len(), &reading.unknown[..]), (2, &[][..]));
    assert!(reading.dumps[0].machine == read(KVM_6_6).dumps[0].machine);
    assert!(reading.dumps[1].machine == read(KVM_4_19).dumps[0].machine);
}

#[test]
fn a_dump_that_begins_within_another_is_remarked() {
    let begun: String = KVM_4_19.lines().take(8).map(|line| format!("{line}\n")).collect();
    let reading = read(&format!("{begun}{KVM_4_19}"));
    assert_eq!(reading.dumps.len(), 2);
    assert!(reading.dumps[0].notes.iter().any(|note| note.text.contains("in the middle of this one")));
    assert!(reading.dumps[1].machine == read(KVM_4_19).dumps[0].machine);
}

#[test]
fn the_lines_of_a_kernel_with_fred_are_read() {
    let text = "*** Guest State ***\nFRED guest: config=0x1000, stack_levels=0x5\nRSP0=0x7000, RSP1=0x8040\n\
                RSP2=0x8080, RSP3=0x80c0\nS_CET = 0x4, SSP = 0x10, SSP TABLE = 0x0\n*** Control State ***\n\
                ExitControls=0x00abefff SecondaryExitControls=0x0000000000000003\n\
                VMEntry: intr_info=00000000 errcode=00000000 ilen=00000000 event_data=0000000000000009\n";
    let reading = read(text);
    assert_eq!(reading.unknown, []);
    let rows = [
        (Field::GUEST_IA32_FRED_CONFIG, 0x1000),
        (Field::GUEST_IA32_FRED_STKLVLS, 5),
        (Field::GUEST_IA32_FRED_RSP1, 0x8040),
        (Field::GUEST_IA32_FRED_RSP3, 0x80C0),
        (Field::GUEST_IA32_S_CET, 4),
        (Field::GUEST_SSP, 0x10),
        (Field::SECONDARY_VM_EXIT_CONTROLS, 3),
        (Field::INJECTED_EVENT_DATA, 9),
    ];
    for (field, value) in rows {
        assert_eq!(reading.dumps[0].machine.get(field), Some(value), "{field}");
    }
}

#[test]
fn what_stands_around_a_dump_is_named_once_a_line() {
    let text =
        format!("first words\n{KVM_4_19}\nhost QEMU[2997]: EIP=00008000 EFL=00000002 CPL=0\nCR0=1 CR3=2\n");
    let lines: Vec<usize> = read(&text).unknown.iter().map(|note| note.line).collect();
    let end = KVM_4_19.lines().count();
    assert_eq!(lines, [1, end + 3, end + 4]);
}

#[test]
fn a_register_dump_of_qemu_before_the_dump_is_no_dump() {
    let registers = "KVM: entry failed, hardware error 0x80000021\n\
                     EIP=0000fff0 EFL=00010002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n\
                     CS =f000 ffff0000 0000ffff 00009b00\n\
                     TR =0000 00000000 0000ffff 00008b00\n\
                     GDT=     00000000 0000ffff\n\
                     CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000\n\
                     DR6=00000000ffff0ff0 DR7=0000000000000400\n\
                     EFER=0000000000000000\n";
    for dump in [KVM_4_19, KVM_6_6] {
        let reading = read(&format!("{registers}{dump}"));
        assert_eq!(reading.dumps.len(), 1);
        assert!(reading.dumps[0].machine == read(dump).dumps[0].machine);
    }
}

#[test]
fn a_list_with_the_names_of_linux_is_no_log() {
    let text = "VM_ENTRY_INTR_INFO_FIELD = 0x80000306\nGUEST_CS_AR_BYTES: 0x9b\nCPU_BASED_VM_EXEC_CONTROL\t0x8401e172\n\
                GUEST_SYSENTER_CS = 8";
    let reading = read(text);
    assert_eq!((reading.format, &reading.unknown[..]), (Format::List, &[][..]));
    let rows = [
        (Field::VM_ENTRY_INTERRUPTION_INFORMATION, 0x8000_0306),
        (Field::GUEST_CS_ACCESS_RIGHTS, 0x9B),
        (Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS, 0x8401_E172),
        (Field::GUEST_IA32_SYSENTER_CS, 8),
    ];
    for (field, value) in rows {
        assert_eq!(reading.dumps[0].machine.get(field), Some(value), "{field}");
    }
}
