//! The bits of registers and fields that are sets of flags, each with its name and what 1 means.

use vmx::Field;

/// Bits, ascending: position, name, meaning of 1.
pub type Flags = &'static [(u8, &'static str, &'static str)];

/// The flags of `field`; `None` for a field that is no set of flags.
pub fn flags(field: Field) -> Option<Flags> {
    Some(match field {
        Field::GUEST_CR0 | Field::HOST_CR0 | Field::CR0_GUEST_HOST_MASK | Field::CR0_READ_SHADOW => CR0,
        Field::GUEST_CR4 | Field::HOST_CR4 | Field::CR4_GUEST_HOST_MASK | Field::CR4_READ_SHADOW => CR4,
        Field::GUEST_IA32_EFER | Field::HOST_IA32_EFER => EFER,
        Field::GUEST_DR7 => DR7,
        Field::GUEST_IA32_DEBUGCTL => DEBUGCTL,
        Field::GUEST_INTERRUPTIBILITY_STATE => INTERRUPTIBILITY,
        Field::GUEST_PENDING_DEBUG_EXCEPTIONS => PENDING_DEBUG,
        Field::GUEST_IA32_S_CET | Field::HOST_IA32_S_CET => S_CET,
        Field::GUEST_IA32_SPEC_CTRL
        | Field::HOST_IA32_SPEC_CTRL
        | Field::IA32_SPEC_CTRL_MASK
        | Field::IA32_SPEC_CTRL_SHADOW => SPEC_CTRL,
        Field::GUEST_IA32_BNDCFGS => BNDCFGS,
        Field::PAGE_FAULT_ERROR_CODE_MASK | Field::PAGE_FAULT_ERROR_CODE_MATCH => PAGE_FAULT,
        Field::VM_FUNCTION_CONTROLS => &[(0, "EPTP switching", "VM function 0 may be used")],
        _ => return None,
    })
}

#[rustfmt::skip]
const CR0: Flags = &[
    (0,  "PE", "protected mode"),
    (1,  "MP", "WAIT obeys TS"),
    (2,  "EM", "no x87: its instructions raise #NM"),
    (3,  "TS", "task switched: x87 and SSE instructions raise #NM"),
    (4,  "ET", "x87 of the 387's kind; always 1"),
    (5,  "NE", "x87 errors raise #MF"),
    (16, "WP", "supervisor code obeys read-only pages"),
    (18, "AM", "alignment checks with RFLAGS.AC"),
    (29, "NW", "not write-through"),
    (30, "CD", "caches disabled"),
    (31, "PG", "paging"),
];

#[rustfmt::skip]
const CR4: Flags = &[
    (0,  "VME",        "virtual-8086 mode extensions"),
    (1,  "PVI",        "protected-mode virtual interrupts"),
    (2,  "TSD",        "RDTSC at privilege 0 only"),
    (3,  "DE",         "debugging extensions: DR4 and DR5 do not exist"),
    (4,  "PSE",        "4-MiB pages"),
    (5,  "PAE",        "physical-address extension"),
    (6,  "MCE",        "machine checks"),
    (7,  "PGE",        "global pages"),
    (8,  "PCE",        "RDPMC at any privilege"),
    (9,  "OSFXSR",     "FXSAVE, SSE"),
    (10, "OSXMMEXCPT", "SSE errors raise #XM"),
    (11, "UMIP",       "SGDT, SIDT, SLDT, SMSW and STR at privilege 0 only"),
    (12, "LA57",       "57-bit linear addresses"),
    (13, "VMXE",       "VMX"),
    (14, "SMXE",       "safer mode extensions"),
    (16, "FSGSBASE",   "RDFSBASE and its like"),
    (17, "PCIDE",      "process-context identifiers"),
    (18, "OSXSAVE",    "XSAVE"),
    (19, "KL",         "key locker"),
    (20, "SMEP",       "supervisor code does not execute user pages"),
    (21, "SMAP",       "supervisor code does not access user pages"),
    (22, "PKE",        "protection keys for user pages"),
    (23, "CET",        "control-flow enforcement"),
    (24, "PKS",        "protection keys for supervisor pages"),
    (25, "UINTR",      "user interrupts"),
    (28, "LAM_SUP",    "linear-address masking for supervisor addresses"),
    (32, "FRED",       "flexible return and event delivery"),
];

#[rustfmt::skip]
const EFER: Flags = &[
    (0,  "SCE", "SYSCALL and SYSRET"),
    (8,  "LME", "IA-32e mode enabled"),
    (10, "LMA", "IA-32e mode active"),
    (11, "NXE", "execute-disable bit in page tables"),
];

#[rustfmt::skip]
pub(super) const RFLAGS: Flags = &[
    (0,  "CF",  "carry"),
    (1,  "1",   "always 1"),
    (2,  "PF",  "parity"),
    (4,  "AF",  "auxiliary carry"),
    (6,  "ZF",  "zero"),
    (7,  "SF",  "sign"),
    (8,  "TF",  "trap: a debug exception after each instruction"),
    (9,  "IF",  "interrupts enabled"),
    (10, "DF",  "string instructions count down"),
    (11, "OF",  "overflow"),
    (14, "NT",  "nested task"),
    (16, "RF",  "resume: no instruction breakpoint at the next instruction"),
    (17, "VM",  "virtual-8086 mode"),
    (18, "AC",  "alignment check, or access to user pages under SMAP"),
    (19, "VIF", "virtual interrupt flag"),
    (20, "VIP", "virtual interrupt pending"),
    (21, "ID",  "CPUID exists"),
];

#[rustfmt::skip]
const DR7: Flags = &[
    (0,  "L0",  "breakpoint 0, this task"),
    (1,  "G0",  "breakpoint 0, all tasks"),
    (2,  "L1",  "breakpoint 1, this task"),
    (3,  "G1",  "breakpoint 1, all tasks"),
    (4,  "L2",  "breakpoint 2, this task"),
    (5,  "G2",  "breakpoint 2, all tasks"),
    (6,  "L3",  "breakpoint 3, this task"),
    (7,  "G3",  "breakpoint 3, all tasks"),
    (8,  "LE",  "exact breakpoints, this task"),
    (9,  "GE",  "exact breakpoints, all tasks"),
    (10, "1",   "always 1"),
    (11, "RTM", "debugging of transactions"),
    (13, "GD",  "access to debug registers raises #DB"),
    (16, "R/W0", "breakpoint 0: kind, bit 0"), (17, "R/W0", "breakpoint 0: kind, bit 1"),
    (18, "LEN0", "breakpoint 0: length, bit 0"), (19, "LEN0", "breakpoint 0: length, bit 1"),
    (20, "R/W1", "breakpoint 1: kind, bit 0"), (21, "R/W1", "breakpoint 1: kind, bit 1"),
    (22, "LEN1", "breakpoint 1: length, bit 0"), (23, "LEN1", "breakpoint 1: length, bit 1"),
    (24, "R/W2", "breakpoint 2: kind, bit 0"), (25, "R/W2", "breakpoint 2: kind, bit 1"),
    (26, "LEN2", "breakpoint 2: length, bit 0"), (27, "LEN2", "breakpoint 2: length, bit 1"),
    (28, "R/W3", "breakpoint 3: kind, bit 0"), (29, "R/W3", "breakpoint 3: kind, bit 1"),
    (30, "LEN3", "breakpoint 3: length, bit 0"), (31, "LEN3", "breakpoint 3: length, bit 1"),
];

#[rustfmt::skip]
const DEBUGCTL: Flags = &[
    (0,  "LBR",       "record last branches"),
    (1,  "BTF",       "single-step on branches"),
    (2,  "BLD",       "debug exceptions for bus locks"),
    (6,  "TR",        "branch-trace messages"),
    (7,  "BTS",       "store branch-trace messages"),
    (8,  "BTINT",     "interrupt when the branch-trace store is full"),
    (9,  "BTS_OFF_OS", "no branch traces at privilege 0"),
    (10, "BTS_OFF_USR", "no branch traces at other privileges"),
    (11, "FREEZE_LBRS_ON_PMI", "last-branch records stop at a counter's interrupt"),
    (12, "FREEZE_PERFMON_ON_PMI", "counters stop at a counter's interrupt"),
    (13, "ENABLE_UNCORE_PMI", "interrupts of the uncore's counters"),
    (14, "FREEZE_WHILE_SMM", "counters stop in SMM"),
    (15, "RTM_DEBUG", "debugging of transactions"),
];

#[rustfmt::skip]
const INTERRUPTIBILITY: Flags = &[
    (0, "blocking by STI",    "STI has just enabled interrupts"),
    (1, "blocking by MOV SS", "MOV SS or POP SS has just loaded SS"),
    (2, "blocking by SMI",    "the guest is in SMM"),
    (3, "blocking by NMI",    "an NMI is being handled"),
    (4, "enclave interruption", "the exit came from an enclave"),
];

#[rustfmt::skip]
const PENDING_DEBUG: Flags = &[
    (0,  "B0", "breakpoint 0 was met"),
    (1,  "B1", "breakpoint 1 was met"),
    (2,  "B2", "breakpoint 2 was met"),
    (3,  "B3", "breakpoint 3 was met"),
    (11, "BLD", "a bus lock was detected"),
    (12, "enabled breakpoint", "at least one breakpoint was met and is enabled"),
    (14, "BS", "a single step is pending"),
    (16, "RTM", "within a transaction"),
];

#[rustfmt::skip]
const S_CET: Flags = &[
    (0,  "SH_STK_EN",      "shadow stacks"),
    (1,  "WR_SHSTK_EN",    "WRSS"),
    (2,  "ENDBR_EN",       "indirect-branch tracking"),
    (3,  "LEG_IW_EN",      "legacy compatibility"),
    (4,  "NO_TRACK_EN",    "the no-track prefix"),
    (5,  "SUPPRESS_DIS",   "tracking cannot be suppressed"),
    (10, "SUPPRESS",       "tracking is suppressed"),
    (11, "TRACKER",        "an ENDBR instruction must come next"),
];

#[rustfmt::skip]
const SPEC_CTRL: Flags = &[
    (0,  "IBRS",        "indirect-branch restricted speculation"),
    (1,  "STIBP",       "single-thread indirect-branch predictors"),
    (2,  "SSBD",        "no speculative store bypass"),
    (3,  "IPRED_DIS_U", "indirect predictors disabled, user"),
    (4,  "IPRED_DIS_S", "indirect predictors disabled, supervisor"),
    (5,  "RRSBA_DIS_U", "no alternate predictions of returns, user"),
    (6,  "RRSBA_DIS_S", "no alternate predictions of returns, supervisor"),
    (7,  "PSFD",        "no fast store forwarding"),
    (8,  "DDPD_U",      "data-dependent prefetcher disabled, user"),
    (10, "BHI_DIS_S",   "branch-history injection prevented, supervisor"),
];

const BNDCFGS: Flags = &[(0, "EN", "bounds checks"), (1, "BNDPRESERVE", "branches keep the bounds")];

#[rustfmt::skip]
const PAGE_FAULT: Flags = &[
    (0,  "P",   "the page is present: its rights forbid the access"),
    (1,  "W/R", "a write"),
    (2,  "U/S", "an access at privilege 3"),
    (3,  "RSVD", "a reserved bit in a paging entry"),
    (4,  "I/D", "an instruction fetch"),
    (5,  "PK",  "a protection key"),
    (6,  "SS",  "a shadow-stack access"),
    (7,  "HLAT", "no translation by HLAT"),
    (15, "SGX", "an enclave's rules"),
];
