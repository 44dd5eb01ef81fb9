//! INT 19h and 18h, the reset vector, and the boot itself.

use super::{Context, data_area::RESUME, int08_timer::END_OF_INTERRUPT};
use crate::device::cmos::register;
use crate::device::pic::Which;
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
    /// at the sector's first instruction, interrupts off as Bochs' BIOS leaves them (others leave them on): a program that
    /// ends with a lone HLT then stands still, instead of running on at the next tick. To be called after [`Self::power_on`].
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
        let sector = disk.read(0, 1).unwrap_or(&[0; SECTOR_SIZE]);
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
        context.cpu.set_eflags(Flags::FIXED);
        Ok(())
    }
}

impl Pc {
    /// After a reset by a device or through the reset vector, or a shutdown of the processor that nobody asked for (a
    /// triple fault): whether the guest had announced it in CMOS byte 0Fh, as
    /// programs do that come back from protected mode. Then memory and devices are kept, and the processor stands where
    /// 40:67 says: the caller goes on with it and forgets the end. Else it is an end indeed.
    pub fn resume_after_reset(&mut self, context: &mut Context<'_>) -> bool {
        /// Jump to 40:67, the first after an end of interrupt; and a stack there with what INT 15h, AH=87h saved.
        const JUMP_AND_END_INTERRUPT: u8 = 0x05;
        const RETURN: u8 = 0x09;
        const JUMP: u8 = 0x0A;

        match self.end {
            None
            | Some(End::Reboot(
                RebootCause::KeyboardController | RebootCause::SystemControlPort | RebootCause::ResetVector,
            )) => {}
            _ => return false,
        }
        let announced = self.devices.cmos.get(register::SHUTDOWN, context.now);
        self.devices.cmos.set(register::SHUTDOWN, 0, context.now);
        let [offset, segment] = [RESUME, RESUME + 2].map(|address| context.memory.read_u16(address));
        match announced {
            JUMP_AND_END_INTERRUPT | JUMP => {
                if announced == JUMP_AND_END_INTERRUPT {
                    self.devices.pics.write_command(Which::Slave, END_OF_INTERRUPT);
                    self.devices.pics.write_command(Which::Master, END_OF_INTERRUPT);
                }
                context.cpu.set_segment(SegmentRegister::Cs, segment);
                context.cpu.set_eip(u32::from(offset));
                context.cpu.set_eflags(Flags::FIXED);
            }
            RETURN => {
                // ES, DS and all general registers lie on the stack, above them the caller's frame.
                context.cpu.set_segment(SegmentRegister::Ss, segment);
                context.cpu.set_esp(u32::from(offset));
                for register in [SegmentRegister::Ds, SegmentRegister::Es] {
                    let selector = context.pop();
                    context.cpu.set_segment(register, selector);
                }
                let [di, si, bp, _, bx, dx, cx, ax] = core::array::from_fn(|_| u64::from(context.pop()));
                *context.registers() =
                    General { rax: ax, rbx: bx, rcx: cx, rdx: dx, rsi: si, rdi: di, rbp: bp };
                let [ip, cs, flags] = core::array::from_fn(|_| context.pop());
                context.cpu.set_segment(SegmentRegister::Cs, cs);
                context.cpu.set_eip(u32::from(ip));
                context.cpu.set_eflags(u32::from(flags));
            }
            _ => return false,
        }
        self.end = None;
        self.devices.release_reset();
        true
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
        super::int10_text::teletype(pc, context, byte);
    }
    pc.end.get_or_insert(End::NothingToBoot);
}

#[cfg(test)]
#[path = "int19_boot_tests.rs"]
mod tests;
