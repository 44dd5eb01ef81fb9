//! The register file of a guest.
//!
//! General registers live in memory ([`General`], filled by the world switch); everything else may live in a VMCS,
//! where each access costs an instruction, so [`Cpu`] hands them out one by one.

/// The general registers but ESP, which the VMCS holds. The layout is shared with the world switch.
///
/// Bits 63:32 are never used by a 16-bit guest; they are there because the world switch stores 64 bits.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct General {
    pub rax: u64,
    pub rbx: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub rbp: u64,
}

/// A segment register, numbered as in the VMCS (SDM vol. 3, appendix B, "Guest-State Area").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum SegmentRegister {
    Es = 0,
    Cs = 1,
    Ss = 2,
    Ds = 3,
    Fs = 4,
    Gs = 5,
}

/// Bits of (E)FLAGS (SDM vol. 1, "EFLAGS Register").
pub struct Flags;

#[allow(missing_docs)]
impl Flags {
    pub const CF: u32 = 1 << 0;
    /// Always 1.
    pub const FIXED: u32 = 1 << 1;
    pub const PF: u32 = 1 << 2;
    pub const AF: u32 = 1 << 4;
    pub const ZF: u32 = 1 << 6;
    pub const SF: u32 = 1 << 7;
    pub const TF: u32 = 1 << 8;
    pub const IF: u32 = 1 << 9;
    pub const DF: u32 = 1 << 10;
    pub const OF: u32 = 1 << 11;
    pub const IOPL: u32 = 3 << 12;
    pub const NT: u32 = 1 << 14;
    pub const RF: u32 = 1 << 16;
    pub const VM: u32 = 1 << 17;
    pub const AC: u32 = 1 << 18;
    pub const VIF: u32 = 1 << 19;
    pub const VIP: u32 = 1 << 20;
    pub const ID: u32 = 1 << 21;
}

/// A guest processor in a 16-bit mode, between two of its instructions.
pub trait Cpu {
    /// The general registers but ESP.
    fn general(&self) -> &General;
    /// The general registers but ESP, to be changed.
    fn general_mut(&mut self) -> &mut General;
    /// A segment register's selector.
    fn segment(&self, register: SegmentRegister) -> u16;
    /// Loads a segment register as real mode does: base = selector × 16.
    fn set_segment(&mut self, register: SegmentRegister, selector: u16);
    /// Instruction pointer, bits 15:0 in a 16-bit mode.
    fn eip(&self) -> u32;
    /// Sets the instruction pointer.
    fn set_eip(&mut self, eip: u32);
    /// Stack pointer.
    fn esp(&self) -> u32;
    /// Sets the stack pointer.
    fn set_esp(&mut self, esp: u32);
    /// EFLAGS as the guest sees them (VM reads 0).
    fn eflags(&self) -> u32;
    /// Sets the EFLAGS that the guest may set; bits that the VMM owns (VM, and IOPL in virtual-8086 mode) are kept.
    fn set_eflags(&mut self, eflags: u32);
}

macro_rules! register_views {
    ($($full:ident $e:ident $set_e:ident $x:ident $set_x:ident;)*) => {
        #[allow(missing_docs)]
        impl General {
            $(
                #[inline] pub fn $e(&self) -> u32 { self.$full as u32 }
                #[inline] pub fn $set_e(&mut self, value: u32) { self.$full = u64::from(value); }
                #[inline] pub fn $x(&self) -> u16 { self.$full as u16 }
                #[inline] pub fn $set_x(&mut self, value: u16) { self.$full = self.$full & !0xFFFF | u64::from(value); }
            )*
        }
    };
}
register_views! {
    rax eax set_eax ax set_ax;
    rbx ebx set_ebx bx set_bx;
    rcx ecx set_ecx cx set_cx;
    rdx edx set_edx dx set_dx;
    rsi esi set_esi si set_si;
    rdi edi set_edi di set_di;
    rbp ebp set_ebp bp set_bp;
}

macro_rules! byte_views {
    ($($full:ident $low:ident $set_low:ident $high:ident $set_high:ident;)*) => {
        #[allow(missing_docs)]
        impl General {
            $(
                #[inline] pub fn $low(&self) -> u8 { self.$full as u8 }
                #[inline] pub fn $set_low(&mut self, value: u8) { self.$full = self.$full & !0xFF | u64::from(value); }
                #[inline] pub fn $high(&self) -> u8 { (self.$full >> 8) as u8 }
                #[inline] pub fn $set_high(&mut self, value: u8) {
                    self.$full = self.$full & !0xFF00 | u64::from(value) << 8;
                }
            )*
        }
    };
}
byte_views! {
    rax al set_al ah set_ah;
    rbx bl set_bl bh set_bh;
    rcx cl set_cl ch set_ch;
    rdx dl set_dl dh set_dh;
}
