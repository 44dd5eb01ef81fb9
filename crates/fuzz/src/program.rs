//! A boot sector being written.

/// Bytes of a sector.
pub const SECTOR_BYTES: usize = 512;

/// Bytes that a program may have: the sector without its signature.
pub const PROGRAM_BYTES: usize = SECTOR_BYTES - 2;

/// Where a boot sector is loaded.
pub const ORIGIN: u16 = 0x7C00;

/// See the module.
pub struct Program<'a> {
    sector: &'a mut [u8; SECTOR_BYTES],
    length: usize,
    /// Where code must end, since data stands there.
    end: usize,
}

impl<'a> Program<'a> {
    /// An empty one: zeros and the signature.
    pub fn new(sector: &'a mut [u8; SECTOR_BYTES]) -> Self {
        *sector = [0; SECTOR_BYTES];
        sector[PROGRAM_BYTES..].copy_from_slice(&[0x55, 0xAA]);
        Self { sector, length: 0, end: PROGRAM_BYTES }
    }

    /// Bytes of code so far.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Bytes of code that still fit.
    pub fn room(&self) -> usize {
        self.end - self.length
    }

    /// The address of the next byte of code.
    pub fn here(&self) -> u16 {
        ORIGIN + self.length as u16
    }

    /// Appends code. What does not fit is cut.
    pub fn put(&mut self, code: &[u8]) {
        let length = code.len().min(self.room());
        self.sector[self.length..self.length + length].copy_from_slice(&code[..length]);
        self.length += length;
    }

    /// Puts data behind the code; its address. `None` if there is no room.
    pub fn put_data(&mut self, data: &[u8]) -> Option<u16> {
        if data.len() > self.room() {
            return None;
        }
        self.end -= data.len();
        self.sector[self.end..self.end + data.len()].copy_from_slice(data);
        Some(ORIGIN + self.end as u16)
    }

    /// What was written.
    pub fn code_mut(&mut self) -> &mut [u8] {
        &mut self.sector[..self.length]
    }

    /// `mov reg16, value`; the number of the register is the manual's: AX, CX, DX, BX, SP, BP, SI, DI.
    pub fn load(&mut self, register: u8, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.put(&[0xB8 | register & 7, low, high]);
    }

    /// `mov reg32, value`.
    pub fn load_32(&mut self, register: u8, value: u32) {
        self.put(&[0x66, 0xB8 | register & 7]);
        self.put(&value.to_le_bytes());
    }

    /// Loads ES, CS, SS, DS, FS or GS, 0 to 5, through AX.
    pub fn load_segment(&mut self, segment: u8, value: u16) {
        self.load(0, value);
        self.put(&[0x8E, 0xC0 | (segment & 7) << 3]);
    }

    /// `mov word [address], value`.
    pub fn store(&mut self, address: u16, value: u16) {
        let ([a, b], [c, d]) = (address.to_le_bytes(), value.to_le_bytes());
        self.put(&[0xC7, 0x06, a, b, c, d]);
    }
}
