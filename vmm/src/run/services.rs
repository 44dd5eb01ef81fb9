//! BIOS services: a guest that calls one exits by the VMCALL at its entry.

use pc::{Context as Service, Pc, ServiceOutcome};
use v8086::{FarPointer, Flags, GuestMemory};
use vmx::Field;

use super::bios_trace::Call;
use super::linear_space::physical;
use super::turns::Done;
use super::vm::{Next, Shown, Vm};
use crate::cpu::vmx::vmread;
use crate::guest_cpu::{AtExit, GuestCpu};
use crate::memory::PcSpace;
use crate::report::Reporter;

/// The services that write to the screen, or wherever the guest wants a sector.
const VIDEO_SERVICE: u8 = 0x10;
const DISK_SERVICE: u8 = 0x13;

/// The length of VMCALL, in bytes.
const VMCALL_LENGTH: u32 = 3;

impl Vm {
    /// Answers a BIOS service that only looks at memory and the screen, unless somebody wants calls told.
    #[inline(always)]
    pub fn quick_vmcall(&mut self, at: &AtExit) -> Done {
        if self.plain_code == 0 {
            return Done::Not;
        }
        if let Some(word) = Pc::looked_up(at.cs, at.rip) {
            let ax = u16::from_le_bytes(self.space.ram().conventional(word));
            self.vcpu.general.set_ax(ax);
        } else if !self.quick_service(FarPointer::new(at.cs as u16, at.rip as u16)) {
            return Done::Not;
        }
        Done::To(u64::from(at.rip + VMCALL_LENGTH))
    }

    #[inline(never)]
    fn quick_service(&mut self, place: FarPointer) -> bool {
        let Some(vector) = pc::service_vector(place.segment, place.offset) else { return false };
        let general = &mut self.vcpu.general;
        let completes = vector == VIDEO_SERVICE && Some(general.al()) == self.awaited;
        // Who watches wants to know whether the guest is busy.
        let done = !self.idle.is_wanted()
            && self.pc.quick_service(vector, general, self.space.first_mib(), caller_flags);
        if done && completes {
            self.shown = Shown::Now;
        }
        done
    }

    /// Answers a BIOS service.
    pub fn vmcall(&mut self, report: &mut Reporter) -> Next {
        if self.plain_code == 0 && !self.backend.in_real_mode() {
            return self.backend.undefined_instruction(self);
        }
        self.space.translate = (self.plain_code == 0).then_some(physical as fn(&_, _) -> _);
        let next = self.serve(FarPointer::new(self.at.cs as u16, self.at.rip as u16), report);
        self.space.translate = None;
        next
    }

    #[inline(never)]
    fn serve(&mut self, place: FarPointer, report: &mut Reporter) -> Next {
        let now = self.clock.at(self.at.tsc);
        let function = self.vcpu.general.ah();
        let call = self.traces_bios.then(|| Call::begin(self));
        let mut cpu = GuestCpu::at_exit(&mut self.vcpu.general, &mut self.at);
        let mut service =
            Service { cpu: &mut cpu, memory: &mut self.space, disks: &mut self.disks, host: report, now };
        match self.pc.service_at(place, &mut service) {
            ServiceOutcome::Served { vector, moves_devices } => {
                if let Some(call) = call {
                    call.end(self, vector, report);
                }
                if let Some(statistics) = &mut self.statistics {
                    statistics.service(vector);
                }
                self.at.end_blocking();
                if self.awaited.is_some() && matches!(vector, VIDEO_SERVICE | DISK_SERVICE) {
                    self.shown = Shown::Now;
                }
                if moves_devices {
                    self.follow_devices();
                } else {
                    self.space.set_pixel_memory(self.pc.pixel_memory());
                }
                let space = &self.space;
                let waits = self.idle.served(vector, function, || caller_sees_zero(space), now);
                let next = if waits && self.interrupts_enabled() { Next::Sleep } else { Next::Run };
                self.ended().map_or(next, Next::End)
            }
            ServiceOutcome::NotAService => self.backend.undefined_instruction(self),
        }
    }
}

/// Where the FLAGS lie that the caller of a BIOS service gets back.
fn caller_flags() -> u32 {
    let offset = (vmread(Field::GUEST_RSP) as u16).wrapping_add(4);
    vmread(Field::GUEST_SS_BASE) as u32 + u32::from(offset)
}

/// ZF in those FLAGS.
fn caller_sees_zero(space: &PcSpace) -> bool {
    u32::from(space.read_u16(caller_flags())) & Flags::ZF != 0
}
