//! The machines that the engine can be: CPU models and firmware by their short names.

use clap::ValueEnum;

/// A CPU model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Cpu {
    /// Core 2 Duo T9600: VT-x as in the course, no EPT.
    #[default]
    Core2,
    /// Core i5 750: EPT and VPID, no unrestricted guest.
    Lynnfield,
    /// Core i5 M520: unrestricted guest.
    Arrandale,
    /// Core i7 4770: VMCS shadowing, VMFUNC.
    Haswell,
    /// Core i7 Skylake-X.
    Skylake,
    /// Core i7 Tiger Lake: control-flow enforcement (CET), protection keys for supervisor pages.
    Tigerlake,
    /// Celeron 336: 64-bit long mode, no VT-x.
    P4,
    /// Pentium 4 Willamette: neither long mode nor VT-x.
    #[value(name = "p4-32")]
    P4Willamette,
}

impl Cpu {
    /// All of them, in the order of their age.
    pub const ALL: [Self; 8] = [
        Self::P4Willamette,
        Self::P4,
        Self::Core2,
        Self::Lynnfield,
        Self::Arrandale,
        Self::Haswell,
        Self::Skylake,
        Self::Tigerlake,
    ];

    /// The name that Bochs gives it.
    pub fn bochs_name(self) -> &'static str {
        match self {
            Self::Core2 => "core2_penryn_t9600",
            Self::Lynnfield => "corei5_lynnfield_750",
            Self::Arrandale => "corei5_arrandale_m520",
            Self::Haswell => "corei7_haswell_4770",
            Self::Skylake => "corei7_skylake_x",
            Self::Tigerlake => "tigerlake",
            Self::P4 => "p4_prescott_celeron_336",
            Self::P4Willamette => "p4_willamette",
        }
    }

    /// The name on our command line.
    pub fn short_name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it has VT-x.
    pub fn has_vmx(self) -> bool {
        !matches!(self, Self::P4 | Self::P4Willamette)
    }
}

/// A system BIOS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Firmware {
    /// Leaves FEATURE_CONTROL locked and enabled.
    #[default]
    Latest,
    /// Leaves FEATURE_CONTROL 0: who wants VMX must set and lock it.
    Legacy,
}

impl Firmware {
    /// Its file, in [`super::FIRMWARE_FOLDER`].
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Latest => "BIOS-bochs-latest",
            Self::Legacy => "BIOS-bochs-legacy",
        }
    }

    /// The name on our command line.
    pub fn short_name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
