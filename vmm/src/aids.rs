//! What the processor does for an unrestricted guest beside running it, each where there is one: VPID, the MSR bitmap,
//! the VMX-preemption timer. The other back-ends use none of them.

use core::fmt;

use vmx::bitmap::{MsrAccess, MsrBitmaps, Policy};
use vmx::controls::{Control, ControlKind, exit, pin, primary};
use vmx::{Capabilities, Field};

use crate::cpu::translations;
use crate::cpu::vmx::vmwrite;
use crate::memory::{Frame, Frames, OutOfMemory};

/// The VPID of the one guest: 0 is the VMM's own.
pub const VPID: u16 = 1;

/// What the preemption timer begins with: the exit that it soon causes sets it right.
pub const FIRST_WINDING: u64 = 0x1000;

/// MSRs that a guest reads and writes without an exit: SYSENTER's, of which an exit loads the VMM's own.
const SYSENTER: [u32; 3] = [0x174, 0x175, 0x176];

/// The MSR that a guest reads without an exit, as RDTSC does.
const TIME_STAMP_COUNTER: u32 = 0x10;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aids {
    /// Translations of linear addresses outlive exits; what changes them must say so.
    pub vpid: bool,
    /// Some MSRs do not exit.
    pub msr_bitmap: bool,
    /// The preemption timer is the guest's clock and watchdog; it counts down when this bit of the TSC changes.
    pub timer: Option<u32>,
    /// The longest that it runs, in TSC ticks.
    pub longest: u64,
}

impl Aids {
    /// What this processor has.
    pub fn of(capabilities: &Capabilities) -> Self {
        let has = |kind, mask| capabilities.supports(Control::new(kind, mask));
        let timer = has(ControlKind::PinBased, pin::ACTIVATE_VMX_PREEMPTION_TIMER)
            && has(ControlKind::Exit, exit::SAVE_VMX_PREEMPTION_TIMER_VALUE);
        let invalidation = capabilities.ept_vpid();
        Self {
            vpid: capabilities.vpid() && invalidation.invvpid() && invalidation.invvpid_single_context(),
            msr_bitmap: has(ControlKind::Primary, primary::USE_MSR_BITMAPS),
            timer: timer.then(|| capabilities.preemption_timer_shift()),
            longest: u32::MAX.into(),
        }
    }

    /// The VMM changed what the guest's linear addresses mean: CR0, CR3 or CR4.
    #[inline(always)]
    pub fn forget_translations(self) {
        if self.vpid {
            translations::forget_linear(VPID);
        }
    }

    /// Lets the preemption timer end the guest's turn so many TSC ticks from now, or just after; it stands still while the
    /// VMM runs, which looks at the clock at each exit anyway.
    #[inline(always)]
    pub fn wind(self, tsc_ticks: u64) {
        if let Some(shift) = self.timer {
            vmwrite(Field::VMX_PREEMPTION_TIMER_VALUE, (tsc_ticks.min(self.longest) >> shift) + 1);
        }
    }
}

impl fmt::Display for Aids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |there: bool| if there { "yes" } else { "no" };
        let (vpid, bitmap) = (word(self.vpid), word(self.msr_bitmap));
        write!(f, "VPID: {vpid}; MSR bitmap: {bitmap}; clock: ")?;
        match self.timer {
            Some(shift) => write!(f, "preemption timer, every {} TSC ticks", 1_u64 << shift),
            None => write!(f, "the machine's timer"),
        }
    }
}

/// The MSR bitmap: no MSR of the machine is in a guest's reach but the time-stamp counter, which it may read.
///
/// # Errors
/// [`OutOfMemory`]
pub fn msr_bitmap(frames: &mut Frames) -> Result<Frame, OutOfMemory> {
    let mut bitmaps = MsrBitmaps::all(Policy::Intercept);
    let accesses = SYSENTER.into_iter().flat_map(|msr| [(msr, MsrAccess::Read), (msr, MsrAccess::Write)]);
    for (msr, access) in accesses.chain([(TIME_STAMP_COUNTER, MsrAccess::Read)]) {
        // All of them have a bit.
        let _ = bitmaps.set(msr, access, Policy::Allow);
    }
    let mut frame = frames.take()?;
    frame.bytes_mut().copy_from_slice(bitmaps.bytes());
    Ok(frame)
}
