//! The letterbox: the end of the boot disk, where the host tool puts a floppy while the guest runs. The disk is the first
//! on the machine's first ATA channel, and nobody but the firmware has used it (ATA/ATAPI-6, "READ SECTOR(S)",
//! "IDENTIFY DEVICE").

use rt::cpu::port;
use wire::LETTERBOX_SECTORS;

const DATA: u16 = 0x1F0;
const SECTOR_COUNT: u16 = 0x1F2;
const LBA_LOW: u16 = 0x1F3;
const LBA_MIDDLE: u16 = 0x1F4;
const LBA_HIGH: u16 = 0x1F5;
const DEVICE: u16 = 0x1F6;
const STATUS: u16 = 0x1F7;
const COMMAND: u16 = 0x1F7;
const CONTROL: u16 = 0x3F6;

/// Device 0, addressed by LBA; the fixed bits set.
const FIRST_DEVICE: u8 = 0xE0;
const NO_INTERRUPTS: u8 = 1 << 1;
const READ_SECTORS: u8 = 0x20;
const IDENTIFY: u8 = 0xEC;

const BUSY: u8 = 1 << 7;
const DATA_REQUEST: u8 = 1 << 3;
const ERROR: u8 = 1 << 0;

/// Polls before a disk counts as dead.
const PATIENCE: u32 = 10_000_000;

const SECTOR_BYTES: usize = 512;

/// The disk does not answer.
pub struct NoDisk;

/// The letterbox of a disk that answers.
pub struct Letterbox {
    first: u32,
}

impl Letterbox {
    /// Looks where it begins.
    ///
    /// # Errors
    /// [`NoDisk`]
    pub fn find() -> Result<Self, NoDisk> {
        /// Where IDENTIFY has the number of the disk's sectors, in bytes.
        const SECTORS: usize = 2 * 60;
        let mut about = [0; SECTOR_BYTES];
        command(IDENTIFY, 0);
        receive(&mut about)?;
        let sectors = about[SECTORS..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        sectors.checked_sub(LETTERBOX_SECTORS).map(|first| Self { first }).ok_or(NoDisk)
    }

    /// Fills `sector` with the sector `index`.
    ///
    /// # Errors
    /// [`NoDisk`]
    pub fn read(&self, index: u32, sector: &mut [u8; SECTOR_BYTES]) -> Result<(), NoDisk> {
        command(READ_SECTORS, self.first + index);
        receive(sector)
    }
}

fn command(command: u8, lba: u32) {
    let [low, middle, high, top] = lba.to_le_bytes();
    let settings = [
        (CONTROL, NO_INTERRUPTS),
        (DEVICE, FIRST_DEVICE | top & 0xF),
        (SECTOR_COUNT, 1),
        (LBA_LOW, low),
        (LBA_MIDDLE, middle),
        (LBA_HIGH, high),
        (COMMAND, command),
    ];
    for (register, value) in settings {
        // SAFETY: programmed transfers only: the controller moves data when its port is read, and never by itself.
        unsafe { port::out8(register, value) };
    }
}

/// Takes the sector that a command brings.
fn receive(sector: &mut [u8; SECTOR_BYTES]) -> Result<(), NoDisk> {
    // SAFETY: as in `command`; reading the status ends an interrupt of a channel that has none.
    let status = || unsafe { port::in8(STATUS) };
    let ready = (0..PATIENCE).map(|_| status()).find(|status| status & BUSY == 0).ok_or(NoDisk)?;
    if ready & ERROR != 0 || ready & DATA_REQUEST == 0 {
        return Err(NoDisk);
    }
    for word in sector.as_chunks_mut().0 {
        // SAFETY: as in `command`.
        *word = unsafe { port::in16(DATA) }.to_le_bytes();
    }
    Ok(())
}
