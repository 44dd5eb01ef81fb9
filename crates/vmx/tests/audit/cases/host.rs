//! Rules on host state.

use vmx::Field;
use vmx::controls::ControlKind::{Entry, Exit, SecondaryExit};
use vmx::controls::{entry, exit, secondary_exit};

use super::Change::{Off, On, Processor, Set};
use super::{Case, Change, case};

const V: &str = "v8086";
const FRED: [Change; 9] = [
    On(Exit, exit::ACTIVATE_SECONDARY_CONTROLS),
    Set(Field::SECONDARY_VM_EXIT_CONTROLS, secondary_exit::LOAD_IA32_FRED),
    Set(Field::HOST_IA32_FRED_CONFIG, 0xFFFF_8000_0000_07CB),
    Set(Field::HOST_IA32_FRED_RSP1, 0x40),
    Set(Field::HOST_IA32_FRED_RSP2, 0x7FFF_FFFF_FFC0),
    Set(Field::HOST_IA32_FRED_RSP3, 0),
    Set(Field::HOST_IA32_FRED_SSP1, 8),
    Set(Field::HOST_IA32_FRED_SSP2, 0),
    Set(Field::HOST_IA32_FRED_SSP3, 0),
];
/// The changes of FRED, the last of which is `change`.
const fn fred(change: Change) -> [Change; 10] {
    let [a, b, c, d, e, f, g, h, i] = FRED;
    [a, b, c, d, e, f, g, h, i, change]
}
const SPEC: Change = On(SecondaryExit, secondary_exit::LOAD_IA32_SPEC_CTRL);
const SECOND: Change = On(Exit, exit::ACTIVATE_SECONDARY_CONTROLS);
const CET: Change = On(Exit, exit::LOAD_CET_STATE);
const S_CET: Change = Set(Field::HOST_IA32_S_CET, 0x3F);
const SSP: Change = Set(Field::HOST_SSP, 4);
const SSP_TABLE: Change = Set(Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR, 0xFFFF_8000_0000_0000);
const NARROW: Change = Off(Exit, exit::HOST_ADDRESS_SPACE_SIZE);
const OUTSIDE: Change = Processor(|c| c.cpu.in_ia32e_mode = false);
const EFER: Change = On(Exit, exit::LOAD_IA32_EFER);

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    case("host.cr0.fixed", V, &[Set(Field::HOST_CR0, 0x8000_0011)], &[Set(Field::HOST_CR0, 0xE000_0031)]),
    case("host.cr0.fixed", V, &[Set(Field::HOST_CR0, 1 << 32 | 0x8000_0031)], &[Set(Field::HOST_CR0, 0x8000_0021)]),
    case("host.cr4.fixed", V, &[Set(Field::HOST_CR4, 0x0620)], &[Set(Field::HOST_CR4, 0x2020)]),
    case("host.cr4.cet", V, &[Set(Field::HOST_CR4, 0x80_2620)], &[Set(Field::HOST_CR4, 0x80_2620), Set(Field::HOST_CR0, 0x8001_0031)]),
    case("host.cr3.width", V, &[Set(Field::HOST_CR3, 1 << 40)], &[Set(Field::HOST_CR3, 0xFF_FFFF_FFFF)]),
    case("host.cr3.width", V, &[Set(Field::HOST_CR3, 1 << 62)], &[Set(Field::HOST_CR3, 1 << 62), Processor(|c| c.cpu.lam = true)]),
    case("host.sysenter.canonical", V, &[Set(Field::HOST_IA32_SYSENTER_EIP, 1 << 47)], &[Set(Field::HOST_IA32_SYSENTER_EIP, !0 << 47)]),
    case("host.perf_global_ctrl", V, &[On(Exit, exit::LOAD_IA32_PERF_GLOBAL_CTRL), Set(Field::HOST_IA32_PERF_GLOBAL_CTRL, 0x10)],
        &[On(Exit, exit::LOAD_IA32_PERF_GLOBAL_CTRL), Set(Field::HOST_IA32_PERF_GLOBAL_CTRL, 0x7_0000_000F)]),
    case("host.pat", V, &[On(Exit, exit::LOAD_IA32_PAT), Set(Field::HOST_IA32_PAT, 0x0007_0406_0002_0406)],
        &[On(Exit, exit::LOAD_IA32_PAT), Set(Field::HOST_IA32_PAT, 0x0007_0506_0001_0406)]),
    case("host.efer.reserved", V, &[EFER, Set(Field::HOST_IA32_EFER, 0x502)], &[EFER, Set(Field::HOST_IA32_EFER, 0xD01)]),
    case("host.efer.mode", V, &[EFER, Set(Field::HOST_IA32_EFER, 0x100)], &[EFER, Set(Field::HOST_IA32_EFER, 0x500)]),
    case("host.s_cet.reserved", V, &[CET, SSP, SSP_TABLE, Set(Field::HOST_IA32_S_CET, 0x40)], &[CET, SSP, SSP_TABLE, S_CET]),
    case("host.s_cet.reserved", V, &[CET, SSP, SSP_TABLE, Set(Field::HOST_IA32_S_CET, 4), Processor(|c| c.cpu.cet_branch_tracking = false)],
        &[CET, SSP, SSP_TABLE, Set(Field::HOST_IA32_S_CET, 3), Processor(|c| c.cpu.cet_branch_tracking = false)]),
    case("host.s_cet.tracker", V, &[CET, SSP, SSP_TABLE, Set(Field::HOST_IA32_S_CET, 0xC00)], &[CET, SSP, SSP_TABLE, Set(Field::HOST_IA32_S_CET, 0x800)]),
    case("host.ssp.aligned", V, &[CET, S_CET, SSP_TABLE, Set(Field::HOST_SSP, 2)], &[CET, S_CET, SSP, SSP_TABLE]),
    case("host.pkrs", V, &[On(Exit, exit::LOAD_PKRS), Set(Field::HOST_IA32_PKRS, 1 << 32)], &[On(Exit, exit::LOAD_PKRS), Set(Field::HOST_IA32_PKRS, 0xFFFF_FFFF)]),
    case("host.fred.config", V, &fred(Set(Field::HOST_IA32_FRED_CONFIG, 4)), &FRED),
    case("host.fred.config", V, &fred(Set(Field::HOST_IA32_FRED_CONFIG, 1 << 47)), &FRED),
    case("host.fred.rsp", V, &fred(Set(Field::HOST_IA32_FRED_RSP3, 0x20)), &FRED),
    case("host.fred.ssp", V, &fred(Set(Field::HOST_IA32_FRED_SSP1, 4)), &FRED),
    case("host.spec_ctrl", V, &[SECOND, Set(Field::SECONDARY_VM_EXIT_CONTROLS, 0), SPEC, Set(Field::HOST_IA32_SPEC_CTRL, 8)],
        &[SECOND, Set(Field::SECONDARY_VM_EXIT_CONTROLS, 0), SPEC, Set(Field::HOST_IA32_SPEC_CTRL, 7)]),
    case("host.selector.rpl_ti", V, &[Set(Field::HOST_GS_SELECTOR, 4)], &[Set(Field::HOST_GS_SELECTOR, 8)]),
    case("host.selector.null", V, &[Set(Field::HOST_TR_SELECTOR, 0)], &[Set(Field::HOST_TR_SELECTOR, 8), Set(Field::HOST_SS_SELECTOR, 0)]),
    case("host.selector.null_ss", V, &[NARROW, OUTSIDE, Set(Field::HOST_SS_SELECTOR, 0)], &[NARROW, OUTSIDE]),
    case("host.base.canonical", V, &[Set(Field::HOST_IDTR_BASE, 1 << 47)], &[Set(Field::HOST_IDTR_BASE, (1 << 47) - 1)]),
    case("host.address_space_size.outside", V, &[OUTSIDE], &[OUTSIDE, NARROW]),
    case("host.address_space_size", V, &[NARROW], &[]),
    case("host.address_space_size.guest", "long", &[NARROW, OUTSIDE], &[]),
    case("host.address_space_size.cr4_32", V, &[NARROW, OUTSIDE, Set(Field::HOST_CR4, 0x2_2620)], &[Set(Field::HOST_CR4, 0x2_2620)]),
    case("host.address_space_size.rip_32", V, &[NARROW, OUTSIDE, Set(Field::HOST_RIP, 1 << 32)], &[NARROW, OUTSIDE, Set(Field::HOST_RIP, 0xFFFF_FFFF)]),
    case("host.address_space_size.cet_32", V, &[NARROW, OUTSIDE, CET, S_CET, SSP_TABLE, Set(Field::HOST_SSP, 1 << 32)], &[NARROW, OUTSIDE, CET, S_CET, SSP, SSP_TABLE]),
    case("host.address_space_size.cr4", V, &[Set(Field::HOST_CR4, 0x2600)], &[NARROW, OUTSIDE, Set(Field::HOST_CR4, 0x2600)]),
    case("host.address_space_size.rip", V, &[Set(Field::HOST_RIP, 1 << 47)], &[Set(Field::HOST_RIP, !0 << 47)]),
    case("host.address_space_size.cet", V, &[CET, S_CET, SSP_TABLE, Set(Field::HOST_SSP, 1 << 47)], &[CET, S_CET, SSP_TABLE, Set(Field::HOST_SSP, 1 << 46)]),
    case("host.ssp_table.canonical", V, &[CET, S_CET, SSP, Set(Field::HOST_IA32_INTERRUPT_SSP_TABLE_ADDR, 1 << 63)], &[CET, S_CET, SSP, SSP_TABLE]),
    case("host.address_space_size.guest", "long-compatibility", &[NARROW, OUTSIDE], &[On(Entry, entry::IA_32E_MODE_GUEST)]),
];
