//! Guest memory, as the guest's CPU addresses it.

/// A real-mode address, `segment:offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarPointer {
    /// Segment value; the linear base is `segment × 16`.
    pub segment: u16,
    /// Offset in the segment.
    pub offset: u16,
}

impl FarPointer {
    /// `segment:offset`.
    pub const fn new(segment: u16, offset: u16) -> Self {
        Self { segment, offset }
    }

    /// The linear address, 0 to 10FFEFh: no wrap at 1 MiB, which is the A20 gate's affair.
    pub const fn linear(self) -> u32 {
        (self.segment as u32) * 16 + self.offset as u32
    }

    /// The pointer `count` bytes on; the offset wraps inside the segment, as the CPU's does.
    #[must_use]
    pub const fn plus(self, count: u16) -> Self {
        Self { segment: self.segment, offset: self.offset.wrapping_add(count) }
    }
}

/// Memory through the eyes of the guest: linear addresses 0 to 10FFFFh, the A20 gate applied, writes to ROM and
/// holes dropped, reads of holes all ones. An access beyond the end reads all ones and writes nothing.
pub trait GuestMemory {
    /// Fills `bytes` from `linear` on.
    fn read(&self, linear: u32, bytes: &mut [u8]);

    /// Stores `bytes` from `linear` on.
    fn write(&mut self, linear: u32, bytes: &[u8]);

    /// Fills `bytes` from physical address `address` on, whatever the A20 gate says: what a BIOS reaches that switches
    /// the processor's mode. Memory that has no more than linear addresses need not say more.
    fn read_physical(&self, address: u32, bytes: &mut [u8]) {
        self.read(address, bytes);
    }

    /// Stores `bytes` from physical address `address` on, as [`Self::read_physical`] reads them.
    fn write_physical(&mut self, address: u32, bytes: &[u8]) {
        self.write(address, bytes);
    }

    /// Copies `length` bytes from `from` to `to`; the two may overlap.
    fn copy_within(&mut self, from: u32, to: u32, length: usize) {
        let mut done = 0;
        while done < length {
            let mut bytes = [0; 256];
            let piece = bytes.len().min(length - done);
            // Downwards where the end of the source is written first.
            let offset = if to > from { length - done - piece } else { done } as u32;
            self.read(from + offset, &mut bytes[..piece]);
            self.write(to + offset, &bytes[..piece]);
            done += piece;
        }
    }

    /// Stores the same little-endian word `count` times from `linear` on.
    fn fill_u16(&mut self, linear: u32, value: u16, count: u32) {
        for index in 0..count {
            self.write_u16(linear.wrapping_add(2 * index), value);
        }
    }

    /// Whether `bytes` stand from `linear` on. `false` also where that is not worth looking for.
    fn holds(&self, linear: u32, bytes: &[u8]) -> bool {
        let byte = |index: usize| self.read_u8(linear + index as u32);
        bytes.iter().enumerate().all(|(index, wanted)| *wanted == byte(index))
    }

    /// The byte at `linear`.
    fn read_u8(&self, linear: u32) -> u8 {
        let mut bytes = [0];
        self.read(linear, &mut bytes);
        bytes[0]
    }

    /// The little-endian word at `linear`.
    fn read_u16(&self, linear: u32) -> u16 {
        let mut bytes = [0; 2];
        self.read(linear, &mut bytes);
        u16::from_le_bytes(bytes)
    }

    /// The little-endian doubleword at `linear`.
    fn read_u32(&self, linear: u32) -> u32 {
        let mut bytes = [0; 4];
        self.read(linear, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    /// Stores a byte.
    fn write_u8(&mut self, linear: u32, value: u8) {
        self.write(linear, &[value]);
    }

    /// Stores a little-endian word.
    fn write_u16(&mut self, linear: u32, value: u16) {
        self.write(linear, &value.to_le_bytes());
    }

    /// Stores a little-endian doubleword.
    fn write_u32(&mut self, linear: u32, value: u32) {
        self.write(linear, &value.to_le_bytes());
    }
}
