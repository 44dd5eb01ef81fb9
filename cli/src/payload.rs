//! What the VMM is given: the boot config in postcard form, and the guest.

use wire::{Backend, BootConfig, Break, Demo, DiskImage, Items, Job, Link, RunBreak, RunJob, Told};

use crate::args::Step;
use crate::boot_image::{self, BootImage, Elf, Packing, Start};
use crate::disk::Disk;
use crate::drives::Drives;
use crate::metal;
use crate::status::Failure;

/// A config and a guest.
#[derive(Clone, Debug)]
pub struct Payload {
    config: Vec<u8>,
    guest: Vec<u8>,
}

/// How a guest's disks are run.
#[derive(Clone, Copy, Debug)]
pub struct RunPlan<'a> {
    /// How the guest is run.
    pub backend: Backend,
    /// Whether SMSW shows PE = 1 in virtual-8086 mode.
    pub smsw_shows_pe: bool,
    /// What to wait for and type.
    pub steps: &'a [Step],
    /// Whether a person watches and types.
    pub interactive: bool,
    /// What arrives at the guest's COM1.
    pub serial_input: &'a [u8],
    /// Places of the disks that are handed back at the end.
    pub handed_back: &'a [u8],
    /// What is told beyond the ordinary.
    pub told: Told,
    /// Whether the boot disk ends in a letterbox for floppies.
    pub letterbox: bool,
    /// Memory above 1 MiB, in KiB.
    pub extended_kib: u32,
    /// The guest's clock at power-on, seconds since 1970.
    pub rtc_seconds: u64,
    /// Whether the guest may ask what its exits cost.
    pub measured: bool,
    /// What goes wrong on purpose.
    pub sabotage: Option<RunBreak>,
}

impl Payload {
    /// A step of the course.
    ///
    /// # Errors
    /// Status 3: the guest's program cannot be built.
    pub fn demo(link: Link, demo: Demo, sabotage: Option<Break>, ticks: u32) -> Result<Self, Failure> {
        let elf = metal::guest(component(demo))?;
        let guest = boot_image::flat(&elf).map_err(Failure::refused)?;
        let job = Job::Demo { demo, sabotage, ticks };
        Ok(Self { config: config(link, job)?, guest })
    }

    /// A guest's disks.
    ///
    /// # Errors
    /// Status 3: they cannot be put into a config.
    pub fn run(link: Link, drives: Drives, plan: RunPlan) -> Result<Self, Failure> {
        let (mut disks, mut guest) = (Vec::new(), Vec::new());
        for (index, disk) in (0..).zip(&drives.disks) {
            let chunks = items(&disk.chunks)?;
            disks.extend(postcard(&disk_image(disk, &chunks, plan.handed_back.contains(&index)))?);
            guest.extend_from_slice(&disk.data);
        }
        let steps = steps(plan.steps)?;
        let job = Job::Run(RunJob {
            backend: plan.backend,
            smsw_shows_pe: plan.smsw_shows_pe,
            disks: Items::from_postcard(&disks),
            boot_drive: drives.boot.0,
            stoppable: link == Link::Framed,
            told: plan.told,
            letterbox: plan.letterbox,
            steps: Items::from_postcard(&steps),
            interactive: plan.interactive,
            serial_input: plan.serial_input,
            extended_kib: plan.extended_kib,
            rtc_seconds: plan.rtc_seconds,
            measured: plan.measured,
            sabotage: plan.sabotage,
        });
        Ok(Self { config: config(link, job)?, guest })
    }

    /// Builds the VMM and lays out the boot image.
    ///
    /// # Errors
    /// Status 3: the VMM cannot be built, or is too large.
    pub fn into_image(self, start: Start) -> Result<BootImage, Failure> {
        self.into_image_of(&metal::vmm()?, start)
            .and_then(|image| image.below(boot_image::VMM_LIMIT).map_err(Failure::refused))
    }

    /// Builds the VMM and lays out an image for the engine alone, which boots sooner.
    ///
    /// # Errors
    /// Status 3: the VMM cannot be built.
    pub fn into_engine_image(self) -> Result<BootImage, Failure> {
        self.layout(&metal::vmm()?, Start::Disk, Packing::Loose)
    }

    /// Lays out the boot image of this VMM, which may be larger than the one that everybody boots.
    ///
    /// # Errors
    /// Status 3: it has no room in memory.
    pub fn into_image_of(self, vmm: &Elf, start: Start) -> Result<BootImage, Failure> {
        self.layout(vmm, start, Packing::Packed)
    }

    fn layout(self, vmm: &Elf, start: Start, packing: Packing) -> Result<BootImage, Failure> {
        // A module of no bytes would look like a missing one.
        let guest = if self.guest.is_empty() { &[0; boot_image::SECTOR] } else { self.guest.as_slice() };
        boot_image::build(vmm, start, packing, Some(&self.config), Some(guest)).map_err(Failure::refused)
    }
}

/// The guest program of a step.
fn component(demo: Demo) -> &'static str {
    match demo {
        Demo::Trystep1 | Demo::Vmxon | Demo::Vmxdemo => "vmxstep1",
        Demo::Intdemo => "intdemo",
        Demo::Reenter => "reenter",
        Demo::Inject => "inject",
        Demo::Bios => "bios",
        Demo::HostileTask => "hostile-task",
        Demo::HostileKernel => "hostile-kernel",
        Demo::TripleFault => "triple-fault",
    }
}

fn disk_image<'a>(disk: &Disk, chunks: &'a [u8], handed_back: bool) -> DiskImage<'a> {
    DiskImage {
        drive: disk.drive.0,
        write_protected: disk.write_protected,
        handed_back,
        geometry: disk.geometry,
        sectors: disk.sectors,
        chunks: Items::from_postcard(chunks),
    }
}

fn config(link: Link, job: Job) -> Result<Vec<u8>, Failure> {
    postcard(&BootConfig { version: wire::VERSION, link, job })
}

fn steps(steps: &[Step]) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for step in steps {
        let keys;
        let step = match step {
            Step::Expect(text) => wire::Step::Expect(text),
            Step::Keys(list) => {
                keys = items(list)?;
                wire::Step::Keys(Items::from_postcard(&keys))
            }
        };
        bytes.extend(postcard(&step)?);
    }
    Ok(bytes)
}

fn items<T: serde::Serialize>(values: &[T]) -> Result<Vec<u8>, Failure> {
    let parts: Vec<_> = values.iter().map(postcard).collect::<Result<_, _>>()?;
    Ok(parts.concat())
}

fn postcard<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    postcard::to_allocvec(value).map_err(|error| Failure::refused(format!("the boot config: {error}")))
}

#[cfg(test)]
mod tests {
    use wire::{KeyItem, Modifiers};

    use super::*;

    #[test]
    fn a_script_arrives_as_it_was_written() {
        let key = KeyItem::Press { scan: 0x2d, extended: false, modifiers: Modifiers::default() };
        let wait = KeyItem::Wait { milliseconds: 300_000 };
        let written = [Step::Expect("A:\\>".to_owned()), Step::Keys(vec![key, wait]), Step::Keys(Vec::new())];
        let bytes = steps(&written).unwrap();
        let read: Vec<_> = Items::<wire::Step>::from_postcard(&bytes)
            .iter()
            .map(|step| match step {
                wire::Step::Expect(text) => Step::Expect(text.to_owned()),
                wire::Step::Keys(items) => Step::Keys(items.iter().collect()),
            })
            .collect();
        assert_eq!(read, written);
    }
}
