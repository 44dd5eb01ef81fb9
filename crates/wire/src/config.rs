//! The boot config: what the host tool wants done, read once by the VMM at start.

use core::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::input::KeyItem;

/// Written by the host tool into the boot image, in postcard form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootConfig<'a> {
    /// [`crate::VERSION`] of the writer.
    pub version: u16,
    /// How the VMM speaks.
    pub link: Link,
    /// What to do.
    #[serde(borrow)]
    pub job: Job<'a>,
}

/// The form of the downlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// Frames, for the host tool.
    Framed,
    /// Lines of text, for a person with a serial cable. The guest's screen and keyboard are then the machine's own.
    Plain,
}

/// What the VMM is started for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job<'a> {
    /// One step of the course.
    Demo {
        /// Which step.
        demo: Demo,
        /// What to break on purpose.
        sabotage: Option<Break>,
        /// Timer ticks after which `intdemo` ends, at least 1.
        ticks: u32,
    },
    /// A 16-bit disk image in a VM.
    #[serde(borrow)]
    Run(RunJob<'a>),
    /// Hostile programs in a VM, one after the other.
    #[cfg(feature = "fuzz")]
    #[serde(borrow)]
    Fuzz(FuzzJob<'a>),
}

/// Hostile programs: those in the module, a sector each.
#[cfg(feature = "fuzz")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FuzzJob<'a> {
    /// The VM; its one disk is a blank floppy, whose boot sector becomes the program.
    #[serde(borrow)]
    pub run: RunJob<'a>,
    /// How many between two looks at what no guest may change.
    pub batch: u64,
    /// What the VMM does wrong where a program asks for it, so that there is something to find.
    pub plant: Option<Plant>,
}

/// A defect that is planted on purpose.
#[cfg(feature = "fuzz")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plant {
    /// A byte of the other guest's memory changes.
    OtherGuest,
    /// A byte behind the guest's memory changes.
    Canary,
    /// An MSR of the VMM changes.
    Msr,
    /// A page of the other guest is mapped for the guest.
    Leak,
    /// A VMCS field is made invalid.
    Entry,
    /// The VMM panics.
    Panic,
    /// The VMM loops for ever.
    Hang,
}

/// The course's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Demo {
    Trystep1,
    Vmxon,
    Vmxdemo,
    Intdemo,
    Reenter,
    Inject,
    Bios,
    /// Containment: ring-3 code that writes all over its address space.
    HostileTask,
    /// Containment: ring-0 code that loads CR3 and rewrites its page directory.
    HostileKernel,
    /// Containment: ring-0 code that ends in a triple fault.
    TripleFault,
}

/// What `vmxdemo --break` breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Break {
    /// One field of the plan.
    Plan {
        /// Encoding of the field.
        field: u32,
        /// Bits that are cleared first.
        clear: u64,
        /// Bits that are set then.
        set: u64,
        /// What the processor must answer.
        answer: Answer,
    },
    /// A wrong VMCS revision identifier: VMXON fails.
    Revision,
    /// CR0.NE clear: VMXON raises #GP.
    Cr0Ne,
    /// VMLAUNCH of a launched VMCS: error 4.
    LaunchTwice,
    /// No current VMCS: VMfailInvalid.
    NoVmptrld,
}

/// What `run --break` breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunBreak {
    /// The VMCS link pointer before the guest's first VM entry, so that it fails.
    FirstEntry,
    /// The same after the guest's first timer tick.
    Entry,
    /// The VMM panics after the guest's first timer tick.
    Panic,
    /// The VMM writes to a VMCS field that is read-only, which raises an exception in it.
    Exception,
    /// The VMM loops for ever.
    Hang,
    /// After it, the extended page tables have an entry for the guest's first page that is none.
    EptEntry,
    /// After it, the guest's first page is not present in the extended page tables.
    EptPage,
}

/// How a processor answers VMLAUNCH with a broken plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The guest runs.
    Runs,
    /// VMfailValid with this VM-instruction error: 7 for controls, 8 for host state.
    Error(u32),
    /// A VM exit with reason 80000021h, invalid guest state, and this qualification.
    GuestState(u64),
}

/// How a guest is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// The best that the processor has.
    Auto,
    /// Virtual-8086 mode on page tables of the VMM, no EPT.
    V8086,
    /// Virtual-8086 mode, EPT.
    V8086Ept,
    /// Unrestricted guest, EPT.
    Unrestricted,
}

/// A VM and its script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunJob<'a> {
    /// How the guest is run.
    pub backend: Backend,
    /// Whether SMSW shows a guest in virtual-8086 mode PE = 1, as it is, or 0, as in real mode.
    pub smsw_shows_pe: bool,
    /// The disks; their contents follow each other in the boot image's one module. Of several for one floppy drive the
    /// first is in the drive, and the others wait for [`crate::Input::Insert`].
    #[serde(borrow)]
    pub disks: Items<'a, DiskImage<'a>>,
    /// BIOS number of the drive to boot from.
    pub boot_drive: u8,
    /// Whether the run can be ended over the uplink though nobody watches.
    pub stoppable: bool,
    /// Whether the boot disk ends in a letterbox: [`crate::Load`].
    pub letterbox: bool,
    /// What is told beyond the ordinary.
    pub told: Told,
    /// What to wait for and type, in order.
    #[serde(borrow)]
    pub steps: Items<'a, Step<'a>>,
    /// Whether a person watches and types: the screen is sent as it changes, keys come over the uplink, and a reboot
    /// restarts the guest. With [`Link::Plain`] the person sits at the machine itself.
    pub interactive: bool,
    /// What arrives at the guest's COM1 once it is ready for it.
    #[serde(borrow)]
    pub serial_input: &'a [u8],
    /// Memory above 1 MiB, in KiB.
    pub extended_kib: u32,
    /// The guest's real-time clock at power-on, seconds since 1970-01-01 00:00.
    pub rtc_seconds: u64,
    /// Whether the guest may ask, by CPUID leaf [`MEASURES_LEAF`], what its exits cost.
    pub measured: bool,
    /// What goes wrong on purpose.
    pub sabotage: Option<RunBreak>,
}

/// What a VMM tells if it is asked to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Each BIOS call: [`crate::Record::BiosCall`].
    pub bios_calls: bool,
    /// Counts of exits: [`crate::Record::Count`].
    pub statistics: bool,
}

/// The CPUID leaf at which a guest that is measured reads what the VMM has counted so far, modulo 2³²: EAX = VMREADs,
/// EBX = VMWRITEs, ECX = RDMSRs and WRMSRs, all 0 in a VMM that was not built to count them; EDX = time-stamp counts that
/// the VMM has slept while the guest was in HLT. The next leaf's EAX = exits.
pub const MEASURES_LEAF: u32 = 0x4000_0100;

/// A disk whose empty stretches are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskImage<'a> {
    /// BIOS drive number: 00h and 01h for floppies, from 80h for hard disks.
    pub drive: u8,
    /// Whether the guest's writes are refused. Else they go to a private copy.
    pub write_protected: bool,
    /// Whether the sectors that the guest wrote are sent at the end: [`crate::Record::DiskSector`].
    pub handed_back: bool,
    /// The disk's geometry. Sectors that the image lacks read zero.
    pub geometry: Geometry,
    /// Size in sectors of 512 bytes.
    pub sectors: u32,
    /// The chunks that hold data, in ascending order; their contents follow each other in the module. The last
    /// chunk of a disk may be short.
    #[serde(borrow)]
    pub chunks: Chunks<'a>,
}

/// Cylinders, heads, sectors per track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geometry {
    /// 1 to 1024.
    pub cylinders: u16,
    /// 1 to 255.
    pub heads: u8,
    /// 1 to 63.
    pub sectors_per_track: u8,
}

/// The index of a 64-KiB stretch of a disk that holds data: its first sector is `Chunk × CHUNK_SECTORS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk(pub u16);

/// The chunks of a disk.
pub type Chunks<'a> = Items<'a, Chunk>;

/// One step of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step<'a> {
    /// Wait until a row of the screen holds this text.
    Expect(&'a str),
    /// Type.
    #[serde(borrow)]
    Keys(Items<'a, KeyItem>),
}

/// A list of any length that is read without allocating: its items in postcard form, one after the other.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Items<'a, T> {
    bytes: &'a [u8],
    #[serde(skip)]
    item: PhantomData<T>,
}

impl<'a, T> Items<'a, T> {
    /// A list over items that the caller has put into postcard form, one after the other.
    pub const fn from_postcard(bytes: &'a [u8]) -> Self {
        Self { bytes, item: PhantomData }
    }

    /// Whether there is no item.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl<'a, T: Deserialize<'a>> Items<'a, T> {
    /// The items in order. An item that cannot be read ends the list.
    pub fn iter(&self) -> ItemsIter<'a, T> {
        ItemsIter { rest: self.bytes, item: PhantomData }
    }
}

/// See [`Items::iter`].
pub struct ItemsIter<'a, T> {
    rest: &'a [u8],
    item: PhantomData<T>,
}

impl<'a, T: Deserialize<'a>> Iterator for ItemsIter<'a, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (item, rest) = postcard::take_from_bytes(self.rest).ok()?;
        self.rest = rest;
        Some(item)
    }
}

// By hand, since none of these needs anything of `T`.
impl<T> Clone for Items<'_, T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes, item: PhantomData }
    }
}

impl<T> Clone for ItemsIter<'_, T> {
    fn clone(&self) -> Self {
        Self { rest: self.rest, item: PhantomData }
    }
}

impl<T> PartialEq for Items<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> core::fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Items({} bytes)", self.bytes.len())
    }
}
