//! Rules on the guest's control registers, debug registers and MSRs.

use vmx::Field;
use vmx::controls::ControlKind::Entry;
use vmx::controls::entry;

use super::Change::{Off, On, Processor, Set};
use super::{Case, Change, case};

const V: &str = "v8086";
const CET: Change = On(Entry, entry::LOAD_CET_STATE);
const S_CET: Change = Set(Field::GUEST_IA32_S_CET, 0x3F);
const SSP: Change = Set(Field::GUEST_SSP, 4);
const SSP_TABLE: Change = Set(Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, 0xFFFF_8000_0000_0000);
const EFER: Change = On(Entry, entry::LOAD_IA32_EFER);
const BNDCFGS: Change = On(Entry, entry::LOAD_IA32_BNDCFGS);
const FRED: [Change; 8] = [
    On(Entry, entry::LOAD_IA32_FRED),
    Set(Field::GUEST_IA32_FRED_CONFIG, 0x7FFF_FFFF_F7CB),
    Set(Field::GUEST_IA32_FRED_RSP1, 0x40),
    Set(Field::GUEST_IA32_FRED_RSP2, 0xFFFF_8000_0000_0000),
    Set(Field::GUEST_IA32_FRED_RSP3, 0),
    Set(Field::GUEST_IA32_FRED_SSP1, 8),
    Set(Field::GUEST_IA32_FRED_SSP2, 0),
    Set(Field::GUEST_IA32_FRED_SSP3, 0),
];
/// The changes of FRED, the last of which is `change`.
const fn fred(change: Change) -> [Change; 9] {
    let [a, b, c, d, e, f, g, h] = FRED;
    [a, b, c, d, e, f, g, h, change]
}

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("guest.cr0.fixed", V, &[Set(Field::GUEST_CR0, 0x8000_0011)], &[Set(Field::GUEST_CR0, 0xE000_0031)]),
    case("guest.cr0.fixed", "real", &[Set(Field::GUEST_CR0, 0x10)], &[Set(Field::GUEST_CR0, 0x20)]),
    case("guest.cr0.paging", "real", &[Set(Field::GUEST_CR0, 0x8000_0030)], &[Set(Field::GUEST_CR0, 0x8000_0031)]),
    case("guest.cr4.fixed", V, &[Set(Field::GUEST_CR4, 0x0011)], &[Set(Field::GUEST_CR4, 0x2011)]),
    case("guest.cr4.fixed", V, &[Set(Field::GUEST_CR4, 0x2011 | 1 << 33)], &[Set(Field::GUEST_CR4, 0x2011 | 1 << 21)]),
    case("guest.cr4.cet", V, &[Set(Field::GUEST_CR4, 0x80_2011)], &[Set(Field::GUEST_CR4, 0x80_2011), Set(Field::GUEST_CR0, 0x8001_0031)]),
    case("guest.debugctl.reserved", V, &[Set(Field::GUEST_IA32_DEBUGCTL, 1 << 16)], &[Set(Field::GUEST_IA32_DEBUGCTL, 0x7FC3)]),
    case("guest.debugctl.reserved", V, &[Set(Field::GUEST_IA32_DEBUGCTL, 4)], &[Set(Field::GUEST_IA32_DEBUGCTL, 4), Processor(|c| c.cpu.bus_lock_detection = true)]),
    case("guest.debugctl.reserved", V, &[Set(Field::GUEST_IA32_DEBUGCTL, 1 << 3)], &[Set(Field::GUEST_IA32_DEBUGCTL, 1 << 3), Off(Entry, entry::LOAD_DEBUG_CONTROLS)]),
    case("guest.ia_32e_mode.cr0", "long", &[Set(Field::GUEST_CR0, 0x31), On(vmx::controls::ControlKind::Secondary, 0x82), Set(Field::EPT_POINTER, 0x1E)], &[]),
    case("guest.ia_32e_mode.cr4", "long", &[Set(Field::GUEST_CR4, 0x2600)], &[Set(Field::GUEST_CR4, 0x2020)]),
    case("guest.cr4.pcide", "protected32", &[Set(Field::GUEST_CR4, 0x2_2010)], &[Set(Field::GUEST_CR4, 0x2010)]),
    case("guest.cr4.pcide", "pae-ept", &[Set(Field::GUEST_CR4, 0x2_2020)], &[]),
    case("guest.cr4.fred", V, &[Set(Field::GUEST_CR4, 0x1_0000_2011)], &[]),
    case("guest.cr3.width", V, &[Set(Field::GUEST_CR3, 1 << 40)], &[Set(Field::GUEST_CR3, 0xFF_FFFF_FFFF)]),
    case("guest.cr3.width", "long", &[Set(Field::GUEST_CR3, 1 << 61)], &[Set(Field::GUEST_CR3, 1 << 61), Processor(|c| c.cpu.lam = true)]),
    case("guest.dr7.high", V, &[Set(Field::GUEST_DR7, 1 << 32)], &[Set(Field::GUEST_DR7, 0xFFFF_FFFF)]),
    case("guest.sysenter.canonical", V, &[Set(Field::GUEST_IA32_SYSENTER_ESP, 1 << 47)], &[Set(Field::GUEST_IA32_SYSENTER_ESP, !0 << 47)]),
    case("guest.s_cet.canonical", V, &[CET, S_CET, SSP, Set(Field::GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, 1 << 47)], &[CET, S_CET, SSP, SSP_TABLE]),
    case("guest.s_cet.canonical", V, &[CET, SSP, SSP_TABLE, Set(Field::GUEST_IA32_S_CET, 1 << 47)], &[CET, SSP, SSP_TABLE, Set(Field::GUEST_IA32_S_CET, 1 << 46)]),
    case("guest.perf_global_ctrl", V, &[On(Entry, entry::LOAD_IA32_PERF_GLOBAL_CTRL), Set(Field::GUEST_IA32_PERF_GLOBAL_CTRL, 8 << 32)],
        &[On(Entry, entry::LOAD_IA32_PERF_GLOBAL_CTRL), Set(Field::GUEST_IA32_PERF_GLOBAL_CTRL, 4 << 32)]),
    case("guest.pat", V, &[On(Entry, entry::LOAD_IA32_PAT), Set(Field::GUEST_IA32_PAT, 3)], &[On(Entry, entry::LOAD_IA32_PAT), Set(Field::GUEST_IA32_PAT, 4)]),
    case("guest.efer.reserved", V, &[EFER, Set(Field::GUEST_IA32_EFER, 2)], &[EFER, Set(Field::GUEST_IA32_EFER, 0x801)]),
    case("guest.efer.lma", "real", &[EFER, Set(Field::GUEST_IA32_EFER, 0x400)], &[EFER, Set(Field::GUEST_IA32_EFER, 0x100)]),
    case("guest.efer.lma", "long", &[EFER, Set(Field::GUEST_IA32_EFER, 0)], &[EFER, Set(Field::GUEST_IA32_EFER, 0x500)]),
    case("guest.efer.lme", V, &[EFER, Set(Field::GUEST_IA32_EFER, 0x100)], &[EFER, Set(Field::GUEST_IA32_EFER, 0)]),
    case("guest.bndcfgs.reserved", V, &[BNDCFGS, Set(Field::GUEST_IA32_BNDCFGS, 4)], &[BNDCFGS, Set(Field::GUEST_IA32_BNDCFGS, 0x1003)]),
    case("guest.bndcfgs.canonical", V, &[BNDCFGS, Set(Field::GUEST_IA32_BNDCFGS, 1 << 47)], &[BNDCFGS, Set(Field::GUEST_IA32_BNDCFGS, 1 << 46)]),
    case("guest.rtit_ctl", V, &[On(Entry, entry::LOAD_IA32_RTIT_CTL), Set(Field::GUEST_IA32_RTIT_CTL, 0x40)],
        &[On(Entry, entry::LOAD_IA32_RTIT_CTL), Set(Field::GUEST_IA32_RTIT_CTL, 0x20)]),
    case("guest.s_cet.reserved", V, &[CET, SSP, SSP_TABLE, Set(Field::GUEST_IA32_S_CET, 0x200)], &[CET, SSP, SSP_TABLE, S_CET]),
    case("guest.s_cet.tracker", V, &[CET, SSP, SSP_TABLE, Set(Field::GUEST_IA32_S_CET, 0xC00)], &[CET, SSP, SSP_TABLE, Set(Field::GUEST_IA32_S_CET, 0x400)]),
    case("guest.lbr_ctl", V, &[On(Entry, entry::LOAD_GUEST_IA32_LBR_CTL), Set(Field::GUEST_IA32_LBR_CTL, 8)],
        &[On(Entry, entry::LOAD_GUEST_IA32_LBR_CTL), Set(Field::GUEST_IA32_LBR_CTL, 7)]),
    case("guest.pkrs", V, &[On(Entry, entry::LOAD_PKRS), Set(Field::GUEST_IA32_PKRS, 1 << 32)], &[On(Entry, entry::LOAD_PKRS), Set(Field::GUEST_IA32_PKRS, 0xFFFF_FFFF)]),
    case("guest.uinv", V, &[On(Entry, entry::LOAD_UINV), Set(Field::GUEST_UINV, 0x100)], &[On(Entry, entry::LOAD_UINV), Set(Field::GUEST_UINV, 0xFF)]),
    case("guest.fred.config", V, &fred(Set(Field::GUEST_IA32_FRED_CONFIG, 0x800)), &FRED),
    case("guest.fred.rsp", V, &fred(Set(Field::GUEST_IA32_FRED_RSP2, 1)), &FRED),
    case("guest.fred.ssp", V, &fred(Set(Field::GUEST_IA32_FRED_SSP3, 1 << 47)), &FRED),
    case("guest.spec_ctrl", V, &[On(Entry, entry::LOAD_IA32_SPEC_CTRL), Set(Field::GUEST_IA32_SPEC_CTRL, 8)],
        &[On(Entry, entry::LOAD_IA32_SPEC_CTRL), Set(Field::GUEST_IA32_SPEC_CTRL, 7)]),
];
