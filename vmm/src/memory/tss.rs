//! The TSS of a guest in virtual-8086 mode: it never switches a task or a stack, but its maps decide what INT n and
//! the ports do before VMX is asked (SDM vol. 3, "Task-State Segment (TSS)" and "Software Interrupt Handling Methods
//! While in Virtual-8086 Mode").

use crate::component::Table;

use super::{Frames, OutOfMemory, PAGE_BYTES, PhysicalAddress};

/// Size without the maps, in bytes.
const HEAD: usize = 104;

/// Where it says where its I/O map begins; the redirection map lies just below.
const IO_MAP_BASE: usize = 0x66;

/// Size of the software-interrupt redirection map.
const REDIRECTION_BYTES: usize = 32;

/// Size with redirection map, I/O map and its last byte.
const BYTES: usize = HEAD + REDIRECTION_BYTES + 8192 + 1;

/// The byte behind the I/O map: an access to port FFFFh may reach over the end by three ports, and the rest is denied.
const BEYOND_PORTS: u8 = !0b111;

/// See the module.
pub struct V8086Tss(&'static mut [u8]);

impl V8086Tss {
    /// Both maps empty: every INT n goes through the table at 0, and VMX alone decides about ports.
    ///
    /// # Errors
    /// [`OutOfMemory`]
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let bytes = frames.take_bytes(BYTES, PAGE_BYTES)?;
        let io_map = (HEAD + REDIRECTION_BYTES) as u16;
        bytes[IO_MAP_BASE..IO_MAP_BASE + 2].copy_from_slice(&io_map.to_le_bytes());
        bytes[BYTES - 1] = BEYOND_PORTS;
        Ok(Self(bytes))
    }

    /// Its pages.
    pub fn pages(&self) -> impl Iterator<Item = PhysicalAddress> + use<> {
        let first = self.0.as_ptr() as u64;
        (0..BYTES.div_ceil(PAGE_BYTES)).map(move |page| PhysicalAddress(first + (page * PAGE_BYTES) as u64))
    }

    /// Base and limit, mapped at the linear address `base`.
    pub fn table(base: u32) -> Table {
        Table { base, limit: BYTES as u32 - 1 }
    }

    /// Whether INT n goes through the interrupt table at 0 by hardware, or is #GP and so comes to the VMM.
    pub fn redirect_interrupts(&mut self, by_hardware: bool) {
        self.0[HEAD..HEAD + REDIRECTION_BYTES].fill(if by_hardware { 0 } else { 0xFF });
    }
}
