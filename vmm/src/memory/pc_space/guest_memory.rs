//! Memory of the PC as its BIOS, its devices and the VMM's monitor reach it: the A20 gate applied, writes to ROM and holes
//! dropped, reads of holes all ones. What services work on most, conventional and text memory, is reached by one load or store.

use core::ops::Range;

use v8086::GuestMemory;

use super::PcSpace;

/// What is RAM whatever the devices say: conventional memory, and the memory of text modes.
const CONVENTIONAL: Range<usize> = 0..0xA_0000;
const TEXT_MEMORY: Range<usize> = 0xB_0000..0xC_0000;

/// Whether `length` bytes from `address` on are RAM whatever the devices say: what services work on, nearly always.
#[inline(always)]
fn is_plain(address: u32, length: usize) -> bool {
    let (address, end) = (address as usize, address as usize + length);
    end <= CONVENTIONAL.end || address >= TEXT_MEMORY.start && end <= TEXT_MEMORY.end
}

impl PcSpace {
    #[inline(always)]
    fn load<const N: usize>(&self, address: u32) -> [u8; N] {
        if is_plain(address, N)
            && let Some(bytes) = self.ram.load(address as usize)
        {
            return bytes;
        }
        let mut bytes = [0; N];
        self.read(address, &mut bytes);
        bytes
    }

    #[inline]
    fn store<const N: usize>(&mut self, address: u32, bytes: [u8; N]) {
        if !(is_plain(address, N) && self.ram.store(address as usize, bytes)) {
            self.write(address, &bytes);
        }
    }
}

impl GuestMemory for PcSpace {
    fn holds(&self, address: u32, bytes: &[u8]) -> bool {
        is_plain(address, bytes.len()) && self.ram.holds(address as usize, bytes)
    }

    fn copy_within(&mut self, from: u32, to: u32, length: usize) {
        if is_plain(from, length) && is_plain(to, length) {
            return self.ram.copy_within(from as usize, to as usize, length);
        }
        // Such as a scroll over the end of a text mode's memory: byte by byte, in the order that overlapping asks for.
        for done in 0..length as u32 {
            let offset = if to > from { length as u32 - 1 - done } else { done };
            let byte = self.read_u8(from + offset);
            self.write_u8(to + offset, byte);
        }
    }

    fn fill_u16(&mut self, linear: u32, value: u16, count: u32) {
        let length = 2 * count as usize;
        if is_plain(linear, length) {
            return self.ram.fill_u16(linear as usize, value, length);
        }
        for index in 0..count {
            self.write_u16(linear.wrapping_add(2 * index), value);
        }
    }

    #[inline(always)]
    fn read_u8(&self, linear: u32) -> u8 {
        let [byte] = self.load(linear);
        byte
    }

    #[inline(always)]
    fn read_u16(&self, linear: u32) -> u16 {
        u16::from_le_bytes(self.load(linear))
    }

    fn read_u32(&self, linear: u32) -> u32 {
        u32::from_le_bytes(self.load(linear))
    }

    fn write_u8(&mut self, linear: u32, value: u8) {
        self.store(linear, [value]);
    }

    fn write_u16(&mut self, linear: u32, value: u16) {
        self.store(linear, value.to_le_bytes());
    }

    fn write_u32(&mut self, linear: u32, value: u32) {
        self.store(linear, value.to_le_bytes());
    }

    fn read(&self, address: u32, bytes: &mut [u8]) {
        if is_plain(address, bytes.len()) {
            return self.ram.read(address as usize, bytes);
        }
        let mut done = 0;
        while done < bytes.len() {
            done += self.read_page(self.linear(address as usize + done), &mut bytes[done..]);
        }
    }

    fn write(&mut self, address: u32, bytes: &[u8]) {
        if is_plain(address, bytes.len()) {
            return self.ram.write(address as usize, bytes);
        }
        let mut done = 0;
        while done < bytes.len() {
            done += self.write_page(self.linear(address as usize + done), &bytes[done..]);
        }
    }

    fn read_physical(&self, address: u32, bytes: &mut [u8]) {
        let mut done = 0;
        while done < bytes.len() {
            done += self.read_page(address as usize + done, &mut bytes[done..]);
        }
    }

    fn write_physical(&mut self, address: u32, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            done += self.write_page(address as usize + done, &bytes[done..]);
        }
    }
}
