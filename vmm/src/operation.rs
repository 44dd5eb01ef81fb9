//! VMX operation and the life of a VMCS, as types.
//!
//! On entry the processor has been made ready (`probe`). A [`VmxOperation`] exists only between VMXON and VMXOFF; a
//! VMCS goes [`ClearVmcs`] → [`CurrentVmcs`] → [`LaunchedVmcs`], and only the last can be resumed (SDM vol. 3,
//! "Software Use of Virtual-Machine Control Structures").

use core::fmt;
use core::marker::PhantomData;

use rt::trap::Exception;
use vmx::exit::ExitReason;
use vmx::{Field, Machine};

use crate::cpu::vmx as instruction;
use crate::cpu::vmx::VmxFailure;
use crate::cpu::world_switch::{self, Entry, Vcpu};
pub use crate::cpu::world_switch::{EntryFailure, Left, NotEntered};
use crate::memory::{Frame, Kept, PhysicalAddress};

/// The exception that VMXON raised.
static FAULT: Kept<Exception> = Kept::new();

/// VMXON was refused.
#[derive(Debug)]
pub enum VmxonError {
    /// By flags: the region or its revision identifier is wrong.
    Failed(VmxFailure),
    /// By an exception: #GP when CR0, CR4, A20 or FEATURE_CONTROL forbid it, #UD when CR4.VMXE is clear.
    Fault(&'static Exception),
}

impl fmt::Display for VmxonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => write!(f, "{failure}"),
            Self::Fault(exception) => write!(f, "{exception}"),
        }
    }
}

/// The processor is in VMX root operation.
pub struct VmxOperation {
    region: Frame,
}

impl VmxOperation {
    /// VMXON. `revision` goes into the first doubleword of the region.
    ///
    /// # Errors
    /// [`VmxonError`]; the processor is then not in VMX operation.
    pub fn enter(mut region: Frame, revision: u32) -> Result<Self, VmxonError> {
        region.set_u32(0, revision);
        // SAFETY: the region is a frame of its own, moved into the value that stands for VMX operation.
        let outcome = unsafe { instruction::vmxon(&region) };
        let outcome = outcome.map_err(|exception| VmxonError::Fault(FAULT.keep(exception)))?;
        outcome.map_err(VmxonError::Failed)?;
        Ok(Self { region })
    }

    /// Address of the VMXON region.
    pub fn region(&self) -> PhysicalAddress {
        self.region.address()
    }

    /// VMXOFF. Every VMCS is gone by then, since each borrows from here.
    ///
    /// # Errors
    /// As the processor said; VMXOFF fails only under dual-monitor treatment of SMIs.
    pub fn leave(self) -> Result<(), VmxFailure> {
        // SAFETY: `self` is the proof of VMX operation, and no VMCS borrows from it any more.
        unsafe { instruction::vmxoff() }
    }

    /// VMCLEAR of a fresh frame.
    ///
    /// # Errors
    /// As the processor said.
    pub fn clear(&self, mut region: Frame, revision: u32) -> Result<ClearVmcs<'_>, VmxFailure> {
        region.set_u32(0, revision);
        // SAFETY: in VMX operation; the frame is moved into the VMCS that it becomes.
        unsafe { instruction::vmclear(&region)? };
        Ok(ClearVmcs { region, operation: PhantomData })
    }

    /// VMPTRST.
    pub fn current(&self) -> PhysicalAddress {
        // SAFETY: `self` is the proof of VMX operation.
        unsafe { instruction::vmptrst() }
    }

    /// VMLAUNCH while no VMCS is current.
    ///
    /// # Panics
    /// If there is a current VMCS.
    pub fn launch_nothing(&self) -> VmxFailure {
        assert!(self.current() == PhysicalAddress(u64::MAX), "a VMCS is current");
        // SAFETY: in VMX operation, and VMPTRST has just said that no VMCS is current.
        unsafe { world_switch::launch_without_vmcs() }
    }
}

/// A VMCS whose launch state is clear and that is not current.
pub struct ClearVmcs<'vmx> {
    region: Frame,
    operation: PhantomData<&'vmx VmxOperation>,
}

impl<'vmx> ClearVmcs<'vmx> {
    /// Its region.
    pub fn region(&self) -> PhysicalAddress {
        self.region.address()
    }

    /// VMPTRLD.
    ///
    /// # Errors
    /// As the processor said.
    pub fn load(self) -> Result<CurrentVmcs<'vmx>, VmxFailure> {
        // SAFETY: a ClearVmcs exists only within VMX operation, and owns its region.
        unsafe { instruction::vmptrld(&self.region)? };
        Ok(CurrentVmcs { vmcs: self })
    }
}

/// A VMCS that is current and clear: it can be written and launched. There is one at a time, since nothing else here
/// makes a VMCS current.
pub struct CurrentVmcs<'vmx> {
    vmcs: ClearVmcs<'vmx>,
}

/// VMWRITE refused a field.
#[derive(Debug)]
pub struct WriteRefused {
    /// Which.
    pub field: Field,
    /// What should have been written.
    pub value: u64,
    /// What the processor said.
    pub failure: VmxFailure,
}

impl fmt::Display for WriteRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, value, failure } = self;
        write!(f, "VMWRITE of {:#X} to {} ({:04X}h): {failure}", value, field.name(), field.encoding())
    }
}

impl<'vmx> CurrentVmcs<'vmx> {
    /// Writes the whole plan in one loop.
    ///
    /// # Errors
    /// The first field that the processor refuses.
    pub fn apply(&mut self, machine: &Machine) -> Result<(), WriteRefused> {
        apply(machine)
    }

    /// VMLAUNCH, then the guest runs until its first VM exit.
    ///
    /// # Errors
    /// [`EntryFailure`], with the VMCS, still clear.
    pub fn launch(self, vcpu: &mut Vcpu) -> Result<(LaunchedVmcs<'vmx>, ExitReason), (Self, EntryFailure)> {
        vcpu.forget_host_stack();
        // SAFETY: this VMCS is current; `plan` set its host state to the VMM's own and its guest state to guest memory.
        match unsafe { world_switch::enter(vcpu, Entry::Launch) }.ran() {
            Ok(reason) => Ok((LaunchedVmcs { vmcs: self.vmcs }, reason)),
            Err(failure) => Err((self, failure.into())),
        }
    }
}

/// A current VMCS that has been launched: its guest has run.
pub struct LaunchedVmcs<'vmx> {
    vmcs: ClearVmcs<'vmx>,
}

impl<'vmx> LaunchedVmcs<'vmx> {
    /// VMRESUME, then the guest runs until its next VM exit.
    ///
    /// # Errors
    /// [`NotEntered`], an [`EntryFailure`]
    #[inline(always)]
    pub fn resume(&mut self, vcpu: &mut Vcpu) -> Result<ExitReason, NotEntered> {
        self.turn(vcpu).ran()
    }

    /// [`Self::resume`], for who sees by the reason whether the guest ran.
    #[inline(always)]
    pub fn turn(&mut self, vcpu: &mut Vcpu) -> Left {
        // SAFETY: as in `launch`; exits change only guest state.
        unsafe { world_switch::enter(vcpu, Entry::Resume) }
    }

    /// VMLAUNCH although VMRESUME is due, to show what the processor answers.
    ///
    /// # Errors
    /// Always, with error 4, on a processor that follows the manual.
    pub fn launch_again(&mut self, vcpu: &mut Vcpu) -> Result<(), VmxFailure> {
        // SAFETY: as in `launch`.
        match unsafe { world_switch::enter(vcpu, Entry::Launch) }.ran().map_err(EntryFailure::from) {
            Err(EntryFailure::Instruction(failure)) => Err(failure),
            Ok(_) | Err(EntryFailure::GuestState(_)) => Ok(()),
        }
    }

    /// Writes a whole plan again: the guest starts anew.
    ///
    /// # Errors
    /// The first field that the processor refuses.
    pub fn apply(&mut self, machine: &Machine) -> Result<(), WriteRefused> {
        apply(machine)
    }

    /// VMCLEAR at the end of the guest's life.
    ///
    /// # Errors
    /// As the processor said.
    pub fn clear(self) -> Result<(), VmxFailure> {
        // SAFETY: in VMX operation; the region is the VMCS's own.
        unsafe { instruction::vmclear(&self.vmcs.region) }
    }
}

fn apply(machine: &Machine) -> Result<(), WriteRefused> {
    for (field, value) in machine.entries() {
        instruction::try_vmwrite(field, value).map_err(|failure| WriteRefused { field, value, failure })?;
    }
    Ok(())
}
