//! What the processor has kept of a guest's translations, and must forget (SDM vol. 3, "Invalidation of Cached
//! Translation Information").

/// Forgets what came of the extended page tables that this EPT pointer leads to: an entry of them was changed in place.
/// A VM entry does not: without a VPID it forgets linear addresses alone.
pub fn forget_physical(pointer: u64) {
    // SAFETY: tables with this pointer exist only where INVEPT of one context does, and the VMM is in VMX operation as
    // long as they do.
    unsafe { vtx::invept(pointer) };
}

/// Forgets the linear addresses of a guest with this VPID.
pub fn forget_linear(vpid: u16) {
    // SAFETY: a VPID other than 0 is used only where INVVPID of one context exists, and in VMX operation.
    unsafe { vtx::invvpid(vpid) };
}
