//! The VMX instructions, for regions that are frames of ours. The instructions themselves are in the crate `vtx`.

use rt::trap::Exception;

pub use vtx::{VmxFailure, try_vmwrite, vmread, vmwrite, vmxoff};

use crate::memory::{Frame, PhysicalAddress};

/// VMXON with a region that holds the revision identifier.
///
/// # Safety
/// The region is reserved for the processor until VMXOFF.
///
/// # Errors
/// As for [`vtx::vmxon`].
#[expect(clippy::result_large_err, reason = "the registers are the evidence, and there is one VMXON")]
pub unsafe fn vmxon(region: &Frame) -> Result<Result<(), VmxFailure>, Exception> {
    // SAFETY: the caller reserves the region.
    unsafe { vtx::vmxon(region.address().0) }
}

/// VMCLEAR: makes a VMCS clear and not current.
///
/// # Safety
/// In VMX root operation; the region is reserved for the processor while it is used as a VMCS.
pub unsafe fn vmclear(region: &Frame) -> Result<(), VmxFailure> {
    // SAFETY: as the caller promises.
    unsafe { vtx::vmclear(region.address().0) }
}

/// VMPTRLD: makes a VMCS current.
///
/// # Safety
/// As for [`vmclear`].
pub unsafe fn vmptrld(region: &Frame) -> Result<(), VmxFailure> {
    // SAFETY: as the caller promises.
    unsafe { vtx::vmptrld(region.address().0) }
}

/// VMPTRST: the address of the current VMCS, all ones when there is none.
///
/// # Safety
/// In VMX root operation.
pub unsafe fn vmptrst() -> PhysicalAddress {
    // SAFETY: the caller is in VMX root operation.
    PhysicalAddress(unsafe { vtx::vmptrst() })
}
