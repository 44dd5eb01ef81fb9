//! IA32_VMX_EPT_VPID_CAP, decoded ("VPID and EPT Capabilities", section A.10).

/// What EPT and VPID can do on a processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EptVpid(pub u64);

impl EptVpid {
    const fn bit(self, position: u32) -> bool {
        self.0 >> position & 1 == 1
    }

    /// EPT entries may allow execution without reads.
    pub const fn execute_only(self) -> bool {
        self.bit(0)
    }

    /// EPT walks of 4 levels.
    pub const fn four_levels(self) -> bool {
        self.bit(6)
    }

    /// EPT walks of 5 levels.
    pub const fn five_levels(self) -> bool {
        self.bit(7)
    }

    /// The EPT structures may be uncacheable.
    pub const fn uncacheable(self) -> bool {
        self.bit(8)
    }

    /// The EPT structures may be write-back.
    pub const fn write_back(self) -> bool {
        self.bit(14)
    }

    /// EPT entries may map 2-MiB pages.
    pub const fn pages_2m(self) -> bool {
        self.bit(16)
    }

    /// EPT entries may map 1-GiB pages.
    pub const fn pages_1g(self) -> bool {
        self.bit(17)
    }

    /// INVEPT exists.
    pub const fn invept(self) -> bool {
        self.bit(20)
    }

    /// EPT has accessed and dirty flags.
    pub const fn accessed_dirty(self) -> bool {
        self.bit(21)
    }

    /// EPT violations report more about the guest's translation of the address.
    pub const fn advanced_violation_information(self) -> bool {
        self.bit(22)
    }

    /// EPT has supervisor shadow-stack control.
    pub const fn supervisor_shadow_stack(self) -> bool {
        self.bit(23)
    }

    /// INVEPT of one context (type 1).
    pub const fn invept_single_context(self) -> bool {
        self.bit(25)
    }

    /// INVEPT of all contexts (type 2).
    pub const fn invept_all_contexts(self) -> bool {
        self.bit(26)
    }

    /// INVVPID exists.
    pub const fn invvpid(self) -> bool {
        self.bit(32)
    }

    /// INVVPID of one address (type 0).
    pub const fn invvpid_individual_address(self) -> bool {
        self.bit(40)
    }

    /// INVVPID of one context (type 1).
    pub const fn invvpid_single_context(self) -> bool {
        self.bit(41)
    }

    /// INVVPID of all contexts (type 2).
    pub const fn invvpid_all_contexts(self) -> bool {
        self.bit(42)
    }

    /// INVVPID of one context, sparing global translations (type 3).
    pub const fn invvpid_retaining_globals(self) -> bool {
        self.bit(43)
    }

    /// The greatest HLAT prefix size.
    pub const fn hlat_prefix_size(self) -> u8 {
        (self.0 >> 48 & 0x3F) as u8
    }
}
