//! Rules on the guest's RIP, RFLAGS and SSP, on what is no register, and on what lies in memory.

use vmx::Field;
use vmx::capability::msr;
use vmx::controls::ControlKind::{Entry, PinBased, Secondary};
use vmx::controls::{entry, pin, secondary};

use super::Change::{Memory, On, Processor, Set};
use super::{Case, Change, case};

const V: &str = "v8086";
const CET: Change = On(Entry, entry::LOAD_CET_STATE);
const S_CET: Change = Set(Field::GUEST_IA32_S_CET, 0);
const SSP_TABLE: Change = Set(Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, 0);
const ACTIVITY: Field = Field::GUEST_ACTIVITY_STATE;
const BLOCKING: Field = Field::GUEST_INTERRUPTIBILITY_STATE;
const PENDING: Field = Field::GUEST_PENDING_DEBUG_EXCEPTIONS;
const WORD: Field = Field::VM_ENTRY_INTERRUPTION_INFORMATION;
const LINK: Field = Field::VMCS_LINK_POINTER;
const IF: Change = Set(Field::GUEST_RFLAGS, 0x2_0202);
const TF: Change = Set(Field::GUEST_RFLAGS, 0x2_0102);
const BTF: Change = Set(Field::GUEST_IA32_DEBUGCTL, 2);
const HALT: Change = Set(ACTIVITY, 1);
const RTM: Change = Processor(|c| c.cpu.rtm = true);
const SHADOWING: Change = On(Secondary, secondary::VMCS_SHADOWING);
const READS: Change = Set(Field::VMREAD_BITMAP_ADDRESS, 0);
const WRITES: Change = Set(Field::VMWRITE_BITMAP_ADDRESS, 0);
const ONE: Change = Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 1);
const TWO: Change = Set(Field::VM_ENTRY_MSR_LOAD_COUNT, 2);
const AREA: Change = Set(Field::VM_ENTRY_MSR_LOAD_ADDRESS, 0x3000);
const fn load(msr: u64) -> Change {
    Memory(0x3000, msr)
}
const ZERO: Change = Memory(0x3008, 0);
const GOOD: Change = load(0x175);
const TABLE: [Change; 3] = [Memory(0x5008, 0), Memory(0x5010, 0x1E6), Memory(0x5018, 0)];

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("guest.rip.high", V, &[Set(Field::GUEST_RIP, 1 << 32)], &[Set(Field::GUEST_RIP, 0xFFFF_FFFF)]),
    case("guest.rip.high", "long-compatibility", &[Set(Field::GUEST_RIP, 1 << 32)], &[Set(Field::GUEST_RIP, 1 << 31)]),
    case("guest.rip.width", "long", &[Set(Field::GUEST_RIP, 1 << 48)], &[Set(Field::GUEST_RIP, 1 << 47)]),
    case("guest.rip.width", "long", &[Set(Field::GUEST_RIP, 0xFFFE_FFFF_FFFF_FFFF)], &[Set(Field::GUEST_RIP, 0xFFFF_7FFF_FFFF_FFFF)]),
    case("guest.rflags.reserved", V, &[Set(Field::GUEST_RFLAGS, 0x42_0002)], &[Set(Field::GUEST_RFLAGS, 0x3F_7FD7)]),
    case("guest.rflags.reserved", V, &[Set(Field::GUEST_RFLAGS, 0x2_0000)], &[]),
    case("guest.rflags.vm", "long-compatibility", &[Set(Field::GUEST_RFLAGS, 0x2_0202),
            Set(Field::GUEST_CS_SELECTOR, 0), Set(Field::GUEST_SS_SELECTOR, 0), Set(Field::GUEST_DS_SELECTOR, 0),
            Set(Field::GUEST_ES_SELECTOR, 0), Set(Field::GUEST_FS_SELECTOR, 0), Set(Field::GUEST_GS_SELECTOR, 0),
            Set(Field::GUEST_CS_LIMIT, 0xFFFF), Set(Field::GUEST_SS_LIMIT, 0xFFFF), Set(Field::GUEST_DS_LIMIT, 0xFFFF),
            Set(Field::GUEST_ES_LIMIT, 0xFFFF), Set(Field::GUEST_FS_LIMIT, 0xFFFF), Set(Field::GUEST_GS_LIMIT, 0xFFFF),
            Set(Field::GUEST_CS_ACCESS_RIGHTS, 0xF3), Set(Field::GUEST_SS_ACCESS_RIGHTS, 0xF3),
            Set(Field::GUEST_DS_ACCESS_RIGHTS, 0xF3), Set(Field::GUEST_ES_ACCESS_RIGHTS, 0xF3),
            Set(Field::GUEST_FS_ACCESS_RIGHTS, 0xF3), Set(Field::GUEST_GS_ACCESS_RIGHTS, 0xF3)], &[]),
    case("guest.rflags.if", V, &[Set(WORD, 0x8000_0008)], &[Set(WORD, 0x8000_0008), IF]),
    case("guest.ssp.aligned", V, &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 1)], &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 4)]),
    case("guest.ssp.high", V, &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 1 << 32)], &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 1 << 31)]),
    case("guest.ssp.width", "long", &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 1 << 48)], &[CET, S_CET, SSP_TABLE, Set(Field::GUEST_SSP, 1 << 47)]),
    case("guest.activity.supported", V, &[Set(ACTIVITY, 4)], &[Set(ACTIVITY, 3)]),
    case("guest.activity.supported", V, &[Set(ACTIVITY, 2), Processor(|c| c.set(msr::MISC, 0x60))], &[Set(ACTIVITY, 2)]),
    case("guest.activity.hlt", V, &[HALT], &[Set(ACTIVITY, 2)]),
    case("guest.activity.hlt", "protected32-user", &[HALT], &[]),
    case("guest.activity.blocking", V, &[Set(ACTIVITY, 2), Set(BLOCKING, 1), IF], &[Set(ACTIVITY, 2), Set(BLOCKING, 8)]),
    case("guest.activity.event", "protected32", &[HALT, Set(WORD, 0x8000_030E), Set(WORD, 0x8000_0306)], &[HALT, Set(WORD, 0x8000_0301)]),
    case("guest.activity.event", "protected32", &[Set(ACTIVITY, 2), Set(WORD, 0x8000_0301)], &[Set(ACTIVITY, 2), Set(WORD, 0x8000_0312)]),
    case("guest.activity.event", "protected32", &[Set(ACTIVITY, 3), Set(WORD, 0x8000_0202)], &[Set(ACTIVITY, 2), Set(WORD, 0x8000_0202)]),
    case("guest.activity.event", "protected32", &[HALT, Set(WORD, 0x8000_0480), Set(Field::VM_ENTRY_INSTRUCTION_LENGTH, 2)], &[HALT, Set(WORD, 0x8000_0700)]),
    case("guest.interruptibility.reserved", V, &[Set(BLOCKING, 0x20)], &[Set(BLOCKING, 8)]),
    case("guest.interruptibility.both", V, &[Set(BLOCKING, 3), IF], &[Set(BLOCKING, 1), IF]),
    case("guest.interruptibility.sti", V, &[Set(BLOCKING, 1)], &[Set(BLOCKING, 2)]),
    case("guest.interruptibility.external_interrupt", V, &[Set(BLOCKING, 2), IF, Set(WORD, 0x8000_0008)], &[Set(BLOCKING, 8), IF, Set(WORD, 0x8000_0008)]),
    case("guest.interruptibility.nmi", V, &[Set(BLOCKING, 2), Set(WORD, 0x8000_0202)], &[Set(BLOCKING, 8), Set(WORD, 0x8000_0202)]),
    case("guest.interruptibility.nmi_sti", V, &[Set(BLOCKING, 1), IF, Set(WORD, 0x8000_0202)], &[Set(BLOCKING, 1), IF, Set(WORD, 0x8000_0306)]),
    case("guest.interruptibility.smi", V, &[Set(BLOCKING, 4)], &[]),
    case("guest.interruptibility.virtual_nmi", V, &[Set(BLOCKING, 8), Set(WORD, 0x8000_0202), On(PinBased, pin::NMI_EXITING | pin::VIRTUAL_NMIS)],
        &[Set(BLOCKING, 8), Set(WORD, 0x8000_0202)]),
    case("guest.interruptibility.enclave", V, &[Set(BLOCKING, 0x10)], &[Set(BLOCKING, 0x10), Processor(|c| c.cpu.sgx = true)]),
    case("guest.interruptibility.enclave", V, &[Set(BLOCKING, 0x12), Processor(|c| c.cpu.sgx = true)], &[Set(BLOCKING, 0x11), IF, Processor(|c| c.cpu.sgx = true)]),
    case("guest.pending_debug.reserved", V, &[Set(PENDING, 0x10)], &[Set(PENDING, 0x500F)]),
    case("guest.pending_debug.reserved", V, &[Set(PENDING, 0x800)], &[Set(PENDING, 0x800), Processor(|c| c.cpu.bus_lock_detection = true)]),
    case("guest.pending_debug.reserved", V, &[Set(PENDING, 1 << 32)], &[]),
    case("guest.pending_debug.single_step", V, &[Set(BLOCKING, 2), TF], &[Set(BLOCKING, 2), TF, Set(PENDING, 0x4000)]),
    case("guest.pending_debug.single_step", V, &[Set(BLOCKING, 2), Set(PENDING, 0x4000)], &[Set(PENDING, 0x4000)]),
    case("guest.pending_debug.single_step", "protected32", &[HALT, Set(Field::GUEST_RFLAGS, 0x102), BTF, Set(PENDING, 0x4000)], &[HALT, Set(Field::GUEST_RFLAGS, 0x102), BTF]),
    case("guest.pending_debug.rtm", V, &[Set(PENDING, 0x1_0000), RTM], &[Set(PENDING, 0x1_1000), RTM]),
    case("guest.pending_debug.rtm", V, &[Set(PENDING, 0x1_1000)], &[]),
    case("guest.pending_debug.rtm", V, &[Set(PENDING, 0x1_1001), RTM], &[Set(PENDING, 0x1001), RTM]),
    case("guest.pending_debug.rtm_blocking", V, &[Set(PENDING, 0x1_1000), RTM, Set(BLOCKING, 2)], &[Set(PENDING, 0x1_1000), RTM, Set(BLOCKING, 1), IF]),
    case("guest.link_pointer", V, &[Set(LINK, 0x1008)], &[Set(LINK, 0x1000), Memory(0x1000, 0x2B)]),
    case("guest.link_pointer", V, &[Set(LINK, 1 << 40)], &[Set(LINK, u64::MAX)]),
    case("guest.link_pointer.revision", V, &[Set(LINK, 0x1000), Memory(0x1000, 0x2A)], &[Set(LINK, 0x1000), Memory(0x1000, 0xFFFF_FFFF_0000_002B)]),
    case("guest.link_pointer.shadow", V, &[Set(LINK, 0x1000), Memory(0x1000, 0x8000_002B)],
        &[Set(LINK, 0x1000), Memory(0x1000, 0x8000_002B), SHADOWING, READS, WRITES]),
    case("guest.link_pointer.shadow", V, &[Set(LINK, 0x1000), Memory(0x1000, 0x2B), SHADOWING, READS, WRITES], &[Set(LINK, 0x1000), Memory(0x1000, 0x2B)]),
    case("guest.pdpte.memory", "pae", &[Memory(0x5000, 0x6003), TABLE[0], TABLE[1], TABLE[2]], &[Memory(0x5000, 0x6E19), TABLE[0], TABLE[1], TABLE[2]]),
    case("guest.pdpte.memory", "pae", &[Memory(0x5000, 1), TABLE[0], TABLE[1], Memory(0x5018, 1 << 40 | 1)], &[Memory(0x5000, 1), TABLE[0], TABLE[1], Memory(0x5018, 1 << 40)]),
    case("guest.pdpte.field", "pae-ept", &[Set(Field::GUEST_PDPTE3, 0x21)], &[Set(Field::GUEST_PDPTE3, 0x1E0)]),
    case("guest.pdpte.field", "pae-ept", &[Set(Field::GUEST_PDPTE3, 1 << 63 | 1)], &[Set(Field::GUEST_PDPTE3, 0xFF_FFFF_FE19)]),
    case("load.msr.base", V, &[ONE, AREA, load(0xC000_0100), ZERO], &[ONE, AREA, load(0xC000_0102), ZERO]),
    case("load.msr.base", V, &[TWO, AREA, GOOD, ZERO, Memory(0x3010, 0xC000_0101), Memory(0x3018, 0)], &[ONE, AREA, GOOD, ZERO, Memory(0x3010, 0xC000_0101)]),
    case("load.msr.x2apic", V, &[ONE, AREA, load(0x8FF), ZERO], &[ONE, AREA, load(0x175), ZERO]),
    case("load.msr.smm", V, &[ONE, AREA, load(0x9B), ZERO], &[ONE, AREA, load(0x9C), ZERO]),
    case("load.msr.model_specific", V, &[ONE, AREA, load(0x79), ZERO], &[ONE, AREA, load(0x7A), ZERO]),
    case("load.msr.reserved", V, &[ONE, AREA, load(1 << 32 | 0x175), ZERO], &[ONE, AREA, GOOD, ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0x277), Memory(0x3008, 2)], &[ONE, AREA, load(0x277), Memory(0x3008, 1)]),
    case("load.msr.value", V, &[ONE, AREA, GOOD, Memory(0x3008, 1 << 47)], &[ONE, AREA, GOOD, Memory(0x3008, 1 << 46)]),
    case("load.msr.value", V, &[ONE, AREA, load(0xC000_0080), Memory(0x3008, 0x101)], &[ONE, AREA, load(0xC000_0080), Memory(0x3008, 0x801)]),
    case("load.msr.value", "long", &[ONE, AREA, load(0xC000_0080), Memory(0x3008, 1)], &[ONE, AREA, load(0xC000_0080), Memory(0x3008, 0x501)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x3A), Memory(0x3008, 5)], &[ONE, AREA, load(0x10), Memory(0x3008, 5)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x493), Memory(0x3008, 0)], &[ONE, AREA, load(0x174), Memory(0x3008, 0)]),
    case("load.msr.value", V, &[ONE, AREA, load(0xE1), Memory(0x3008, 2)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0x1D9), Memory(0x3008, 1 << 3)], &[ONE, AREA, load(0x1D9), Memory(0x3008, 1)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x250), Memory(0x3008, 7)], &[ONE, AREA, load(0x250), Memory(0x3008, 6)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x26F), Memory(0x3008, 2 << 56)], &[ONE, AREA, load(0x26F), Memory(0x3008, 1 << 56)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x2FF), Memory(0x3008, 0x106)], &[ONE, AREA, load(0x2FF), Memory(0x3008, 0xC06)]),
    case("load.msr.value", V, &[ONE, AREA, load(0x6A2), Memory(0x3008, 1 << 6)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0x6E1), Memory(0x3008, 1 << 32)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0xD90), Memory(0x3008, 4)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0x1CF), Memory(0x3008, 0x20)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0xC000_0103), Memory(0x3008, 1 << 32)], &[ONE, AREA, load(0x174), ZERO]),
    case("load.msr.value", V, &[ONE, AREA, load(0xC000_0084), Memory(0x3008, 1 << 32)], &[ONE, AREA, load(0xC000_0084), Memory(0x3008, 0xFFFF_FFFF)]),
];
