//! INT 19h and 18h, the reset vector, and the boot itself.

use super::Context;
use crate::{End, Pc, RebootCause, SECTOR_SIZE};
use v8086::{FarPointer, Flags, General, SegmentRegister};

/// Where a boot sector is loaded.
const BOOT_SECTOR: u32 = 0x7C00;
/// A stack below the interrupt table's end would collide with nothing but free memory here; Bochs' BIOS leaves the
/// same one.
const STACK: FarPointer = FarPointer::new(0x0000, 0xFFD6);

/// Why a drive can't be booted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootError {
    /// There is no disk in the drive.
    NoDisk {
        /// The BIOS number of the drive.
        drive: u8,
    },
    /// The last two bytes of the first sector are not 55h AAh.
    NoSignature {
        /// The two bytes.
        found: [u8; 2],
    },
}

/// Whether a boot sector must end in 55h AAh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// It must.
    Required,
    /// It may be missing.
    Optional,
}

impl Pc {
    /// Boots from `drive`: its first sector is loaded at 0:7C00, DL is the drive's number, and the processor stands
    /// at the sector's first instruction, interrupts on. To be called after [`Self::power_on`].
    ///
    /// # Errors
    /// [`BootError`] if there is no disk, or no signature where one is required.
    pub fn boot(
        &mut self,
        drive: u8,
        signature: Signature,
        context: &mut Context<'_>,
    ) -> Result<(), BootError> {
        let disk = context.disks.disk(drive).ok_or(BootError::NoDisk { drive })?;
        let sector = disk.read(0).unwrap_or(&[0; SECTOR_SIZE]);
        let found = [sector[510], sector[511]];
        if signature == Signature::Required && found != [0x55, 0xAA] {
            return Err(BootError::NoSignature { found });
        }
        context.memory.write(BOOT_SECTOR, sector);
        *context.cpu.general_mut() = General { rax: 0xAA55, rdx: u64::from(drive), ..General::default() };
        for register in [
            SegmentRegister::Es,
            SegmentRegister::Cs,
            SegmentRegister::Ds,
            SegmentRegister::Fs,
            SegmentRegister::Gs,
        ] {
            context.cpu.set_segment(register, 0);
        }
        context.cpu.set_segment(SegmentRegister::Ss, STACK.segment);
        context.cpu.set_esp(u32::from(STACK.offset));
        context.cpu.set_eip(BOOT_SECTOR);
        context.cpu.set_eflags(Flags::FIXED | Flags::IF);
        Ok(())
    }
}

/// INT 19h: the guest wants the machine to boot again.
pub(super) fn bootstrap(pc: &mut Pc) {
    pc.end.get_or_insert(End::Reboot(RebootCause::BootstrapService));
}

/// A jump to FFFF:0.
pub(super) fn reset_vector(pc: &mut Pc) {
    pc.end.get_or_insert(End::Reboot(RebootCause::ResetVector));
}

/// INT 18h: a boot record found nothing to boot.
pub(super) fn nothing_to_boot(pc: &mut Pc, context: &mut Context<'_>) {
    for &byte in b"\r\nNo bootable device.\r\n" {
        super::int10_text::teletype(pc, context, byte, None);
    }
    pc.end.get_or_insert(End::NothingToBoot);
}

#[cfg(test)]
#[path = "int19_boot_tests.rs"]
mod tests;
