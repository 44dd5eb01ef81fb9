//! What KVM and Xen call the fields that they print.
//!
//! Names hold within a section ("RIP" is the guest's in one and the host's in another), and some hold after a label
//! only (`CS: sel=`, `VMEntry: errcode=`). Names are in lower case, without colons. Both programs share most of them,
//! since one took its dump from the other.

use vmx::Field;
use vmx::segment::SegmentName;

use super::tokens::Section;

/// What stands before a colon and holds for the names after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Label {
    /// `CR0:`.
    Cr0,
    /// `CR3:` (Xen before 4.6).
    Cr3,
    /// `CR4:`.
    Cr4,
    /// `CS:` and the other segment registers.
    Segment(SegmentName),
    /// `GDTR:`.
    Gdtr,
    /// `IDTR:`.
    Idtr,
    /// `VMEntry:`.
    Entry,
    /// `VMExit:`.
    Exit,
    /// `IDTVectoring:`.
    IdtVectoring,
    /// `SPEC_CTRL`, which is no label but works as one.
    SpecCtrl,
    /// `PLE`, likewise.
    Ple,
}

/// The label that `word` is.
pub fn label(word: &str) -> Option<Label> {
    Some(match word.to_ascii_lowercase().as_str() {
        "cr0" => Label::Cr0,
        "cr3" => Label::Cr3,
        "cr4" => Label::Cr4,
        "gdtr" => Label::Gdtr,
        "idtr" => Label::Idtr,
        "vmentry" => Label::Entry,
        "vmexit" => Label::Exit,
        "idtvectoring" => Label::IdtVectoring,
        lower => Label::Segment(
            SegmentName::ALL.into_iter().find(|segment| segment.to_string().eq_ignore_ascii_case(lower))?,
        ),
    })
}

/// What a name says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// The value of this field.
    Field(Field),
    /// The value of this field, and that what follows belongs to this label.
    Opens(Label, Field),
    /// `SYSENTER`'s CS, a colon, and its RIP.
    Sysenter(Field, Field),
    /// The address of an entry of an MSR area.
    AreaIndex,
    /// The value of that entry.
    AreaValue,
    /// A value that is no field of the VMCS.
    Nothing,
}

/// What `name` means in `section` after `label`.
pub fn meaning(section: Section, label: Option<Label>, name: &str) -> Option<Meaning> {
    if let Some(field) = label.and_then(|label| labelled(label, name)) {
        return Some(Meaning::Field(field));
    }
    let of_section = match section {
        Section::Guest => GUEST,
        Section::Host => HOST,
        Section::Control => CONTROL,
    };
    let found = |table: &[(&str, Meaning)]| table.iter().find(|(known, _)| *known == name).map(|row| row.1);
    found(of_section).or_else(|| found(ANYWHERE))
}

/// The section that a name alone tells, where the headline is missing.
pub fn section_of(label: Option<Label>, name: &str) -> Option<Section> {
    let names = |table: &[&str]| table.contains(&name);
    let is_register = matches!(label, Some(Label::Cr0 | Label::Cr4)) && name == "actual";
    let is_segment = matches!(label, Some(Label::Segment(_))) && names(&["sel", "attr"]);
    // "CS =", "TR =", "DR7=" tell nothing: QEMU prints them, too, in the register dump that is often posted along.
    if is_register || is_segment || names(&["rflags", "activitystate", "interruptibility", "debugexceptions"])
    {
        Some(Section::Guest)
    } else if names(&["fsbase", "gsbase", "trbase", "gdtbase", "idtbase"]) {
        Some(Section::Host)
    } else if matches!(label, Some(Label::Entry | Label::Exit | Label::IdtVectoring))
        || names(&[
            "ept pointer",
            "virtual processor id",
            "pinbased",
            "cpubased",
            "secondaryexec",
            "entrycontrols",
            "exitcontrols",
            "exceptionbitmap",
        ])
    {
        Some(Section::Control)
    } else {
        None
    }
}

/// How many digits both programs print of a field's value at least.
pub fn digits(field: Field) -> usize {
    match field {
        Field::TPR_THRESHOLD | Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR => 2,
        Field::CR3_TARGET_COUNT => 1,
        Field::GUEST_RFLAGS | Field::EXIT_QUALIFICATION => 8,
        field if SegmentName::ALL.iter().any(|segment| segment.fields().access_rights == field) => 5,
        Field::GUEST_IA32_SYSENTER_CS | Field::HOST_IA32_SYSENTER_CS => 4,
        Field::GUEST_INTERRUPTIBILITY_STATE | Field::GUEST_ACTIVITY_STATE => 4,
        field => field.width().bits() as usize / 4,
    }
}

/// Whether `word` is part of a name that holds in some section or after some label.
pub fn is_word_of_name(word: &str) -> bool {
    const LABELLED: [&str; 16] = [
        "actual",
        "shadow",
        "gh_mask",
        "sel",
        "attr",
        "limit",
        "base",
        "intr_info",
        "errcode",
        "ilen",
        "info",
        "event_data",
        "window",
        "vmentry",
        "vmexit",
        "idtvectoring",
    ];
    let tables = [GUEST, HOST, CONTROL, ANYWHERE];
    LABELLED.contains(&word)
        || tables.into_iter().flatten().any(|(name, _)| name.split(' ').any(|part| part == word))
}

fn labelled(label: Label, name: &str) -> Option<Field> {
    Some(match (label, name) {
        (Label::Cr0, "actual") => Field::GUEST_CR0,
        (Label::Cr0, "shadow") => Field::CR0_READ_SHADOW,
        (Label::Cr0, "gh_mask" | "host_mask") => Field::CR0_GUEST_HOST_MASK,
        (Label::Cr3, "actual") => Field::GUEST_CR3,
        (Label::Cr3, "target_count") => Field::CR3_TARGET_COUNT,
        (Label::Cr4, "actual") => Field::GUEST_CR4,
        (Label::Cr4, "shadow") => Field::CR4_READ_SHADOW,
        (Label::Cr4, "gh_mask" | "host_mask") => Field::CR4_GUEST_HOST_MASK,
        (Label::Segment(segment), "sel") => segment.fields().selector,
        (Label::Segment(segment), "attr") => segment.fields().access_rights,
        (Label::Segment(segment), "limit") => segment.fields().limit,
        (Label::Segment(segment), "base") => segment.fields().base,
        (Label::Gdtr, "limit") => Field::GUEST_GDTR_LIMIT,
        (Label::Gdtr, "base") => Field::GUEST_GDTR_BASE,
        (Label::Idtr, "limit") => Field::GUEST_IDTR_LIMIT,
        (Label::Idtr, "base") => Field::GUEST_IDTR_BASE,
        (Label::Entry, "intr_info") => Field::VM_ENTRY_INTERRUPTION_INFORMATION,
        (Label::Entry, "errcode" | "errorcode") => Field::VM_ENTRY_EXCEPTION_ERROR_CODE,
        (Label::Entry, "event_data") => Field::INJECTED_EVENT_DATA,
        (Label::IdtVectoring, "event_data") => Field::ORIGINAL_EVENT_DATA,
        (Label::Entry, "ilen") => Field::VM_ENTRY_INSTRUCTION_LENGTH,
        (Label::Exit, "intr_info") => Field::VM_EXIT_INTERRUPTION_INFORMATION,
        (Label::Exit, "errcode" | "errorcode") => Field::VM_EXIT_INTERRUPTION_ERROR_CODE,
        (Label::Exit, "ilen") => Field::VM_EXIT_INSTRUCTION_LENGTH,
        (Label::IdtVectoring, "info") => Field::IDT_VECTORING_INFORMATION,
        (Label::IdtVectoring, "errcode" | "errorcode") => Field::IDT_VECTORING_ERROR_CODE,
        (Label::SpecCtrl, "shadow") => Field::IA32_SPEC_CTRL_SHADOW,
        (Label::Ple, "window") => Field::PLE_WINDOW,
        _ => return None,
    })
}

const fn of(name: &'static str, field: Field) -> (&'static str, Meaning) {
    (name, Meaning::Field(field))
}

#[rustfmt::skip]
const GUEST: &[(&str, Meaning)] = &[
    of("cr3",              Field::GUEST_CR3),
    of("pdptr0",           Field::GUEST_PDPTE0), of("pdpte0", Field::GUEST_PDPTE0),
    of("pdptr1",           Field::GUEST_PDPTE1), of("pdpte1", Field::GUEST_PDPTE1),
    of("pdptr2",           Field::GUEST_PDPTE2), of("pdpte2", Field::GUEST_PDPTE2),
    of("pdptr3",           Field::GUEST_PDPTE3), of("pdpte3", Field::GUEST_PDPTE3),
    of("rsp",              Field::GUEST_RSP),
    of("rip",              Field::GUEST_RIP),
    of("rflags",           Field::GUEST_RFLAGS),
    of("dr7",              Field::GUEST_DR7),
    of("sysenter rsp",     Field::GUEST_IA32_SYSENTER_ESP),
    ("cs rip",             Meaning::Sysenter(Field::GUEST_IA32_SYSENTER_CS, Field::GUEST_IA32_SYSENTER_EIP)),
    of("efer",             Field::GUEST_IA32_EFER),
    of("pat",              Field::GUEST_IA32_PAT),
    of("guest pat",        Field::GUEST_IA32_PAT),
    of("debugctl",         Field::GUEST_IA32_DEBUGCTL),
    of("debugexceptions",  Field::GUEST_PENDING_DEBUG_EXCEPTIONS),
    of("perfglobctl",      Field::GUEST_IA32_PERF_GLOBAL_CTRL),
    of("bndcfgs",          Field::GUEST_IA32_BNDCFGS),
    of("rtitctl",          Field::GUEST_IA32_RTIT_CTL),
    of("lbrctl",           Field::GUEST_IA32_LBR_CTL),
    of("pkrs",             Field::GUEST_IA32_PKRS),
    of("preemptiontimer",  Field::VMX_PREEMPTION_TIMER_VALUE),
    of("sm base",          Field::GUEST_SMBASE),
    of("interruptibility", Field::GUEST_INTERRUPTIBILITY_STATE),
    of("activitystate",    Field::GUEST_ACTIVITY_STATE),
    of("interruptstatus",  Field::GUEST_INTERRUPT_STATUS),
    of("s_cet",            Field::GUEST_IA32_S_CET),
    of("ssp",              Field::GUEST_SSP),
    of("ssp table",        Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR),
    of("intr ssp table",   Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR),
    of("deadlinephy",      Field::GUEST_DEADLINE),
    of("deadlinevir",      Field::GUEST_DEADLINE_SHADOW),
    of("guestapictimervector", Field::VIRTUAL_TIMER_VECTOR),
    of("fred guest config", Field::GUEST_IA32_FRED_CONFIG),
    of("stack_levels",     Field::GUEST_IA32_FRED_STKLVLS),
    of("rsp1",             Field::GUEST_IA32_FRED_RSP1),
    of("rsp2",             Field::GUEST_IA32_FRED_RSP2),
    of("rsp3",             Field::GUEST_IA32_FRED_RSP3),
    ("spec_ctrl mask",     Meaning::Opens(Label::SpecCtrl, Field::IA32_SPEC_CTRL_MASK)),
];

#[rustfmt::skip]
const HOST: &[(&str, Meaning)] = &[
    of("rip",           Field::HOST_RIP),
    of("rsp",           Field::HOST_RSP),
    of("cs",            Field::HOST_CS_SELECTOR),
    of("ss",            Field::HOST_SS_SELECTOR),
    of("ds",            Field::HOST_DS_SELECTOR),
    of("es",            Field::HOST_ES_SELECTOR),
    of("fs",            Field::HOST_FS_SELECTOR),
    of("gs",            Field::HOST_GS_SELECTOR),
    of("tr",            Field::HOST_TR_SELECTOR),
    of("fsbase",        Field::HOST_FS_BASE),
    of("gsbase",        Field::HOST_GS_BASE),
    of("trbase",        Field::HOST_TR_BASE),
    of("gdtbase",       Field::HOST_GDTR_BASE),
    of("idtbase",       Field::HOST_IDTR_BASE),
    of("cr0",           Field::HOST_CR0),
    of("cr3",           Field::HOST_CR3),
    of("cr4",           Field::HOST_CR4),
    of("sysenter rsp",  Field::HOST_IA32_SYSENTER_ESP),
    ("cs rip",          Meaning::Sysenter(Field::HOST_IA32_SYSENTER_CS, Field::HOST_IA32_SYSENTER_EIP)),
    of("efer",          Field::HOST_IA32_EFER),
    of("pat",           Field::HOST_IA32_PAT),
    of("host pat",      Field::HOST_IA32_PAT),
    of("perfglobctl",   Field::HOST_IA32_PERF_GLOBAL_CTRL),
    of("pkrs",          Field::HOST_IA32_PKRS),
    of("s_cet",         Field::HOST_IA32_S_CET),
    of("ssp",           Field::HOST_SSP),
    of("ssp table",     Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR),
    of("fred host config", Field::HOST_IA32_FRED_CONFIG),
    of("stack_levels",  Field::HOST_IA32_FRED_STKLVLS),
    of("rsp1",          Field::HOST_IA32_FRED_RSP1),
    of("rsp2",          Field::HOST_IA32_FRED_RSP2),
    of("rsp3",          Field::HOST_IA32_FRED_RSP3),
    of("intr ssp table", Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR),
];

#[rustfmt::skip]
const CONTROL: &[(&str, Meaning)] = &[
    of("pinbased",             Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    of("cpubased",             Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    of("procbased",            Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    of("secondaryexec",        Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    of("proc2based",           Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    of("tertiaryexec",         Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    of("entrycontrols",        Field::VM_ENTRY_CONTROLS),
    of("exitcontrols",         Field::PRIMARY_VM_EXIT_CONTROLS),
    of("secondaryexitcontrols", Field::SECONDARY_VM_EXIT_CONTROLS),
    of("exceptionbitmap",      Field::EXCEPTION_BITMAP),
    of("pfecmask",             Field::PAGE_FAULT_ERROR_CODE_MASK),
    of("pfecmatch",            Field::PAGE_FAULT_ERROR_CODE_MATCH),
    of("reason",               Field::EXIT_REASON),
    of("qualification",        Field::EXIT_QUALIFICATION),
    of("tsc multiplier",       Field::TSC_MULTIPLIER),
    of("tpr threshold",        Field::TPR_THRESHOLD),
    of("apic-access addr",     Field::APIC_ACCESS_ADDRESS),
    of("virt-apic addr",       Field::VIRTUAL_APIC_ADDRESS),
    of("postedintrvec",        Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR),
    of("ept pointer",          Field::EPT_POINTER),
    of("eptp index",           Field::EPTP_INDEX),
    ("ple gap",                Meaning::Opens(Label::Ple, Field::PLE_GAP)),
    of("virtual processor id", Field::VIRTUAL_PROCESSOR_ID),
    of("vmfunc controls",      Field::VM_FUNCTION_CONTROLS),
    // Some kernels print the host's CET state last.
    of("s_cet",                Field::HOST_IA32_S_CET),
    of("ssp",                  Field::HOST_SSP),
    of("ssp table",            Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR),
    of("ve info address",      Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS),
    // The interrupt status again, which stands in the guest's section.
    ("svi rvi",                Meaning::Nothing),
];

/// Names that mean the same in every section, among them those that old versions print elsewhere.
#[rustfmt::skip]
const ANYWHERE: &[(&str, Meaning)] = &[
    of("tsc offset", Field::TSC_OFFSET),
    // IA32_FRED_RSP0 is an MSR, and no field.
    ("rsp0",         Meaning::Nothing),
    of("target0",    Field::CR3_TARGET_VALUE_0),
    of("target1",    Field::CR3_TARGET_VALUE_1),
    of("target2",    Field::CR3_TARGET_VALUE_2),
    of("target3",    Field::CR3_TARGET_VALUE_3),
    ("msr",          Meaning::AreaIndex),
    ("value",        Meaning::AreaValue),
];
