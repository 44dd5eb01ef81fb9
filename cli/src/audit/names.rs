//! The many spellings of one field.
//!
//! The manual writes "Guest CS access rights" and "VM-entry interruption-information field", Linux and Xen have macros
//! such as `GUEST_CS_AR_BYTES`, other hypervisors have others. All of them are the same words with other endings, so
//! a name is brought into one form (words split and unified, what tells nothing dropped) and compared in it. The few
//! names that use other words stand in a table.

use std::collections::HashMap;
use std::sync::LazyLock;

use vmx::Field;

use super::dump::number;

/// Which part of a field a name or an encoding means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// All of it.
    Whole,
    /// Bits 63:32 of a 64-bit field.
    High,
}

/// The field that `name` means in anybody's spelling; a guest's register needs no "guest" before it.
pub fn field(name: &str) -> Option<(Field, Part)> {
    if let Some(field) = Field::from_name(name.trim()) {
        return Some((field, Part::Whole));
    }
    of_words(words(name)).or_else(|| of_words(words(&without_humps(name)?)))
}

/// `GuestCsLimit` as `Guest Cs Limit`; `None` for a name without such humps.
fn without_humps(name: &str) -> Option<String> {
    let mut split = String::with_capacity(2 * name.len());
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && split.ends_with(|before: char| before.is_ascii_lowercase()) {
            split.push(' ');
        }
        split.push(letter);
    }
    (split.len() > name.len()).then_some(split)
}

fn of_words(mut words: Vec<String>) -> Option<(Field, Part)> {
    let part = match words.last().map(String::as_str) {
        Some("high") if words.len() > 1 => {
            words.pop();
            Part::High
        }
        _ => Part::Whole,
    };
    let field = by_words(words)?;
    (part == Part::Whole || field.high_encoding().is_some()).then_some((field, part))
}

/// The field with this encoding, whole or its high half.
pub fn field_by_encoding(encoding: u32) -> Option<(Field, Part)> {
    let whole = Field::from_encoding(encoding).map(|field| (field, Part::Whole));
    whole.or_else(|| Field::from_high_encoding(encoding).map(|field| (field, Part::High)))
}

/// The field whose encoding `word` is, in hexadecimal.
pub fn field_by_number(word: &str) -> Option<(Field, Part)> {
    field_by_encoding(u32::try_from(number(word)?).ok()?)
}

/// Looks `words` up as they are, without another hypervisor's prefix, and as a guest's register.
fn by_words(mut words: Vec<String>) -> Option<Field> {
    loop {
        if let Some(field) = look_up(&words).or_else(|| look_up_guest(&words)) {
            return Some(field);
        }
        if !words.first().is_some_and(|word| PREFIXES.contains(&word.as_str())) {
            return None;
        }
        words.remove(0);
    }
}

fn look_up(words: &[String]) -> Option<Field> {
    FORMS.get(&words.join(" ")).copied()
}

fn look_up_guest(words: &[String]) -> Option<Field> {
    (!words.is_empty()).then(|| FORMS.get(&format!("guest {}", words.join(" "))).copied()).flatten()
}

/// Words that other hypervisors put before every field.
const PREFIXES: [&str; 11] = ["vmcs", "ctrl", "16", "32", "64", "bit", "n", "nat", "ro", "k", "ident"];

/// The form of every name that is known.
static FORMS: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    let own = Field::ALL.iter().map(|&field| (words(field.name()).join(" "), field));
    let others = OTHERS.iter().map(|&(name, field)| (words(name).join(" "), field));
    // A name of ours wins over another's.
    others.chain(own).collect()
});

/// A name as unified words.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for raw in split(&name.to_ascii_lowercase().replace("ia32", " ")) {
        match unify(&raw) {
            "" => {}
            known => words.extend(known.split(' ').map(str::to_owned)),
        }
    }
    words
}

/// Splits at everything that is no letter or digit, and between letters and digits.
fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if last.is_ascii_digit() == letter.is_ascii_digit() && last != ' ' => {
                    word.push(letter)
                }
                _ => words.push(letter.to_string()),
            }
            last = letter;
        } else {
            last = ' ';
        }
    }
    words
}

/// The one spelling of a word; empty for a word that tells nothing.
fn unify(word: &str) -> &str {
    match word {
        "sel" => "selector",
        "ar" | "arbyte" | "arbytes" | "attr" | "attrs" | "attribs" | "attributes" | "arights" => {
            "access rights"
        }
        "right" => "rights",
        "intr" | "int" | "interrupt" | "interrupts" | "interruption" => "interrupt",
        "dbg" => "debug",
        "desc" => "descriptor",
        "nv" => "notification vector",
        "info" => "information",
        "len" => "length",
        "ctl" | "ctls" | "ctrls" | "control" | "controls" => "ctrl",
        "exec" | "vmexec" => "execution",
        "exiting" | "vmexit" => "exit",
        "vmentry" => "entry",
        "err" | "errcode" => "error",
        "excp" | "xcpt" => "exception",
        "bitmaps" => "bitmap",
        "exceptions" => "exception",
        "pdptr" | "pdpter" => "pdpte",
        "gdt" => "gdtr",
        "idt" => "idtr",
        "ldt" => "ldtr",
        "eflags" => "rflags",
        "esp" => "rsp",
        "eip" => "rip",
        "ve" => "virtualization exception",
        "func" | "functions" => "function",
        "ptr" => "pointer",
        "cnt" => "count",
        "sec" => "secondary",
        "address" | "addr" | "page" | "field" | "fields" | "value" | "the" | "of" | "for" | "full" | "vm"
        | "vmx" | "based" | "processor" | "cpu" | "primary" | "bytes" | "state" | "gpa" | "hpa" | "phys"
        | "reg" => "",
        other => other,
    }
}

/// Names in other words than the manual's.
#[rustfmt::skip]
const OTHERS: &[(&str, Field)] = &[
    ("vpid",                            Field::VIRTUAL_PROCESSOR_ID),
    ("posted_intr_vec",                 Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR),
    ("guest_pml_index",                 Field::PML_INDEX),
    ("pml_log_address",                 Field::PML_ADDRESS),
    ("eptp",                            Field::EPT_POINTER),
    ("ept",                             Field::EPT_POINTER),
    ("vmcs_link_pointer",               Field::VMCS_LINK_POINTER),
    ("link_pointer",                    Field::VMCS_LINK_POINTER),
    ("guest_link_ptr",                  Field::VMCS_LINK_POINTER),
    ("guest_vmcs_link_ptr",             Field::VMCS_LINK_POINTER),
    ("guest_pending_dbg_excep",         Field::GUEST_PENDING_DEBUG_EXCEPTIONS),
    ("guest_pending_debug",             Field::GUEST_PENDING_DEBUG_EXCEPTIONS),
    ("pin_controls",                    Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    ("pin_based_controls",              Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    ("pinbased",                        Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    ("pinbased_ctls",                   Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    ("primary_controls",                Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("cpu_based_controls",              Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("cpubased",                        Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("procbased",                       Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("procbased_ctls",                  Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("pri_proc_based_ctls",             Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("proc_exec",                       Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("proc_exec_controls",              Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("pin_exec",                        Field::PIN_BASED_VM_EXECUTION_CONTROLS),
    ("secondary_controls",              Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("secondary_exec",                  Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("secondaryexec",                   Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("sec_proc_based_ctls",             Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("procbased_ctls2",                 Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("proc_exec2",                      Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("proc_exec_controls2",             Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("proc_based_vm_exec_control2",     Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("tertiary_controls",               Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("tertiary_exec",                   Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("procbased_ctls3",                 Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
    ("exit_ctls",                       Field::PRIMARY_VM_EXIT_CONTROLS),
    ("exit_ctls2",                      Field::SECONDARY_VM_EXIT_CONTROLS),
    ("entry_ctls",                      Field::VM_ENTRY_CONTROLS),
    ("ctrl_exit",                       Field::PRIMARY_VM_EXIT_CONTROLS),
    ("ctrl_entry",                      Field::VM_ENTRY_CONTROLS),
    ("exitcontrols",                    Field::PRIMARY_VM_EXIT_CONTROLS),
    ("entrycontrols",                   Field::VM_ENTRY_CONTROLS),
    ("entry_exception_ec",              Field::VM_ENTRY_EXCEPTION_ERROR_CODE),
    ("entry_error_code",                Field::VM_ENTRY_EXCEPTION_ERROR_CODE),
    ("vm_entry_intr_info",              Field::VM_ENTRY_INTERRUPTION_INFORMATION),
    ("entry_event",                     Field::VM_ENTRY_INTERRUPTION_INFORMATION),
    ("exception_bitmap",                Field::EXCEPTION_BITMAP),
    ("pfec_mask",                       Field::PAGE_FAULT_ERROR_CODE_MASK),
    ("pfec_match",                      Field::PAGE_FAULT_ERROR_CODE_MATCH),
    ("pagefault_errcode_mask",          Field::PAGE_FAULT_ERROR_CODE_MASK),
    ("pagefault_errcode_match",         Field::PAGE_FAULT_ERROR_CODE_MATCH),
    ("page_fault_error_mask",           Field::PAGE_FAULT_ERROR_CODE_MASK),
    ("page_fault_error_match",          Field::PAGE_FAULT_ERROR_CODE_MATCH),
    ("cr0_mask",                        Field::CR0_GUEST_HOST_MASK),
    ("cr4_mask",                        Field::CR4_GUEST_HOST_MASK),
    ("cr0_shadow",                      Field::CR0_READ_SHADOW),
    ("cr4_shadow",                      Field::CR4_READ_SHADOW),
    ("cr0_guest_host_mask",             Field::CR0_GUEST_HOST_MASK),
    ("interruptibility_info",           Field::GUEST_INTERRUPTIBILITY_STATE),
    ("guest_interruptibility_info",     Field::GUEST_INTERRUPTIBILITY_STATE),
    ("sm_base",                         Field::GUEST_SMBASE),
    ("guest_sm_base",                   Field::GUEST_SMBASE),
    ("preemption_timer",                Field::VMX_PREEMPTION_TIMER_VALUE),
    ("guest_preemption_timer",          Field::VMX_PREEMPTION_TIMER_VALUE),
    ("preempt_timer",                   Field::VMX_PREEMPTION_TIMER_VALUE),
    ("instr_error",                     Field::VM_INSTRUCTION_ERROR),
    ("instr_error_code",                Field::VM_INSTRUCTION_ERROR),
    ("instruction_info",                Field::VM_EXIT_INSTRUCTION_INFORMATION),
    ("exit_instr_info",                 Field::VM_EXIT_INSTRUCTION_INFORMATION),
    ("vmx_instruction_info",            Field::VM_EXIT_INSTRUCTION_INFORMATION),
    ("exit_instr_length",               Field::VM_EXIT_INSTRUCTION_LENGTH),
    ("entry_instr_length",              Field::VM_ENTRY_INSTRUCTION_LENGTH),
    ("exit_io_rcx",                     Field::IO_RCX),
    ("exit_io_rsi",                     Field::IO_RSI),
    ("exit_io_rdi",                     Field::IO_RDI),
    ("exit_io_rip",                     Field::IO_RIP),
    ("exit_guest_linear_address",       Field::GUEST_LINEAR_ADDRESS),
    ("qualification",                   Field::EXIT_QUALIFICATION),
    ("idt_vectoring",                   Field::IDT_VECTORING_INFORMATION),
    ("notify_window",                   Field::INSTRUCTION_TIMEOUT_CONTROL),
    ("perf_global_ctrl",                Field::GUEST_IA32_PERF_GLOBAL_CTRL),
    ("guest_debugctl",                  Field::GUEST_IA32_DEBUGCTL),
    ("guest_debug_ctl",                 Field::GUEST_IA32_DEBUGCTL),
    ("host_fred_stklvls",               Field::HOST_IA32_FRED_STKLVLS),
    ("msr_bitmap",                      Field::MSR_BITMAPS_ADDRESS),
    ("exec_vmcs_pointer",               Field::EXECUTIVE_VMCS_POINTER),
    ("pasid_dir0",                      Field::LOW_PASID_DIRECTORY_ADDRESS),
    ("pasid_dir1",                      Field::HIGH_PASID_DIRECTORY_ADDRESS),
    ("sppt_pointer",                    Field::SUB_PAGE_PERMISSION_TABLE_POINTER),
    ("exit_msr_store",                  Field::VM_EXIT_MSR_STORE_ADDRESS),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_fields_have_one_form() {
        let mut forms: HashMap<String, Field> = HashMap::new();
        for field in Field::ALL {
            let form = words(field.name()).join(" ");
            assert_eq!(forms.insert(form.clone(), field), None, "{field}: {form}");
        }
    }

    #[test]
    fn each_field_is_found_by_its_own_name_in_any_dress() {
        for known in Field::ALL {
            let name = known.name();
            for spelling in
                [name.to_uppercase(), name.replace('_', " "), name.replace('_', "-"), format!("VMCS_{name}")]
            {
                assert_eq!(field(&spelling), Some((known, Part::Whole)), "{spelling}");
            }
        }
    }

    #[test]
    fn other_spellings_are_found() {
        let rows = [
            ("GUEST_CS_AR_BYTES", Field::GUEST_CS_ACCESS_RIGHTS),
            ("Guest CS access rights", Field::GUEST_CS_ACCESS_RIGHTS),
            ("cs_access_rights", Field::GUEST_CS_ACCESS_RIGHTS),
            ("VMX_VMCS32_GUEST_CS_ACCESS_RIGHTS", Field::GUEST_CS_ACCESS_RIGHTS),
            ("VM_ENTRY_INTR_INFO_FIELD", Field::VM_ENTRY_INTERRUPTION_INFORMATION),
            ("VM-entry interruption-information field", Field::VM_ENTRY_INTERRUPTION_INFORMATION),
            ("entry_interruption_info", Field::VM_ENTRY_INTERRUPTION_INFORMATION),
            ("PIN_BASED_VM_EXEC_CONTROL", Field::PIN_BASED_VM_EXECUTION_CONTROLS),
            ("CPU_BASED_VM_EXEC_CONTROL", Field::PRIMARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
            ("SECONDARY_VM_EXEC_CONTROL", Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
            ("TERTIARY_VM_EXEC_CONTROL", Field::TERTIARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
            ("VM_EXIT_CONTROLS", Field::PRIMARY_VM_EXIT_CONTROLS),
            ("VM_EXIT_REASON", Field::EXIT_REASON),
            ("VM_EXIT_INTR_ERROR_CODE", Field::VM_EXIT_INTERRUPTION_ERROR_CODE),
            ("VM_EXIT_INSTRUCTION_LEN", Field::VM_EXIT_INSTRUCTION_LENGTH),
            ("IDT_VECTORING_INFO_FIELD", Field::IDT_VECTORING_INFORMATION),
            ("POSTED_INTR_NV", Field::POSTED_INTERRUPT_NOTIFICATION_VECTOR),
            ("POSTED_INTR_DESC_ADDR", Field::POSTED_INTERRUPT_DESCRIPTOR_ADDRESS),
            ("GUEST_INTR_STATUS", Field::GUEST_INTERRUPT_STATUS),
            ("VIRTUAL_APIC_PAGE_ADDR", Field::VIRTUAL_APIC_ADDRESS),
            ("APIC_ACCESS_ADDR", Field::APIC_ACCESS_ADDRESS),
            ("MSR_BITMAP", Field::MSR_BITMAPS_ADDRESS),
            ("IO_BITMAP_A", Field::IO_BITMAP_A_ADDRESS),
            ("VM_FUNCTION_CONTROL", Field::VM_FUNCTION_CONTROLS),
            ("EOI_EXIT_BITMAP2", Field::EOI_EXIT_BITMAP_2),
            ("VE_INFORMATION_ADDRESS", Field::VIRTUALIZATION_EXCEPTION_INFORMATION_ADDRESS),
            ("XSS_EXIT_BITMAP", Field::XSS_EXITING_BITMAP),
            ("GUEST_PDPTR3", Field::GUEST_PDPTE3),
            ("GUEST_BNDCFGS", Field::GUEST_IA32_BNDCFGS),
            ("GUEST_PENDING_DBG_EXCEPTIONS", Field::GUEST_PENDING_DEBUG_EXCEPTIONS),
            ("GUEST_SYSENTER_ESP", Field::GUEST_IA32_SYSENTER_ESP),
            ("HOST_IA32_SYSENTER_EIP", Field::HOST_IA32_SYSENTER_EIP),
            ("GUEST_INTERRUPTIBILITY_INFO", Field::GUEST_INTERRUPTIBILITY_STATE),
            ("GUEST_S_CET", Field::GUEST_IA32_S_CET),
            ("GUEST_INTR_SSP_TABLE", Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR),
            ("HOST_SSP", Field::HOST_SSP),
            ("CR3_TARGET_VALUE2", Field::CR3_TARGET_VALUE_2),
            ("GUEST_PREEMPTION_TIMER", Field::VMX_PREEMPTION_TIMER_VALUE),
            ("rflags", Field::GUEST_RFLAGS),
            ("EFLAGS", Field::GUEST_RFLAGS),
            ("cr0", Field::GUEST_CR0),
            ("Host RIP", Field::HOST_RIP),
            ("secondary_controls", Field::SECONDARY_PROCESSOR_BASED_VM_EXECUTION_CONTROLS),
            ("exit_controls", Field::PRIMARY_VM_EXIT_CONTROLS),
            ("entry_controls", Field::VM_ENTRY_CONTROLS),
            ("VMCS_GUEST_CS_SELECTOR", Field::GUEST_CS_SELECTOR),
            ("GUEST_GDTR_LIMIT", Field::GUEST_GDTR_LIMIT),
            ("VMX_PREEMPTION_TIMER_VALUE", Field::VMX_PREEMPTION_TIMER_VALUE),
            ("VM_ENTRY_MSR_LOAD_ADDR", Field::VM_ENTRY_MSR_LOAD_ADDRESS),
            ("PAGE_FAULT_ERROR_CODE_MASK", Field::PAGE_FAULT_ERROR_CODE_MASK),
            ("LAST_PID_POINTER_INDEX", Field::LAST_PID_POINTER_INDEX),
            ("PID_POINTER_TABLE", Field::PID_POINTER_TABLE_ADDRESS),
        ];
        for (name, wanted) in rows {
            assert_eq!(field(name), Some((wanted, Part::Whole)), "{name}");
        }
        assert_eq!(field("IO_BITMAP_A_HIGH"), Some((Field::IO_BITMAP_A_ADDRESS, Part::High)));
        assert_eq!(field("IO_BITMAP_A_FULL"), Some((Field::IO_BITMAP_A_ADDRESS, Part::Whole)));
        assert_eq!(field("GUEST_RIP_HIGH"), None);
        assert_eq!(field("no such thing"), None);
        assert_eq!(field(""), None);
    }

    #[test]
    fn the_names_of_other_programs_are_found() {
        let rows = [
            ("VMCS_32BIT_GUEST_CS_ACCESS_RIGHTS", Field::GUEST_CS_ACCESS_RIGHTS),
            ("VMCS_32BIT_CONTROL_PIN_BASED_EXEC_CONTROLS", Field::PIN_BASED_VM_EXECUTION_CONTROLS),
            ("VMCS_64BIT_GUEST_IA32_EFER", Field::GUEST_IA32_EFER),
            ("VMCS_CTRL_PRIMARY_VMEXIT_CONTROLS", Field::PRIMARY_VM_EXIT_CONTROLS),
            ("VMX_VMCS32_CTRL_ENTRY", Field::VM_ENTRY_CONTROLS),
            ("GuestRFlags", Field::GUEST_RFLAGS),
            ("kGuestCsArBytes", Field::GUEST_CS_ACCESS_RIGHTS),
            ("guestCsAccessRights", Field::GUEST_CS_ACCESS_RIGHTS),
        ];
        for (name, wanted) in rows {
            assert_eq!(field(name), Some((wanted, Part::Whole)), "{name}");
        }
    }
}
