//! Frames: postcard, then CRC-32, then COBS, between zero bytes.
//!
//! The engine's own text shares the stream, before, between and after frames, and holds no zero byte. So a reader
//! splits the stream at zeros and keeps what decodes with the right checksum; the rest is text.

use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Deserialize, Serialize};
use spin::Lazy;

/// The longest frame, its delimiters included, in bytes.
pub const MAX_FRAME: usize = 2048;

/// The longest run of bytes that fits into one record beside its header.
pub const MAX_BYTES: usize = 1024;

/// Made when it is first wanted: in the VMM's image it would not pack.
static CRC: Lazy<Crc<u32>> = Lazy::new(|| Crc::<u32>::new(&CRC_32_ISO_HDLC));

/// The value does not fit into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Writes `value` as a frame into `out`; returns the frame's length in bytes.
///
/// # Errors
/// [`TooLong`] when the frame would exceed [`MAX_FRAME`].
pub fn encode<T: Serialize>(value: &T, out: &mut [u8; MAX_FRAME]) -> Result<usize, TooLong> {
    let mut body = [0; MAX_FRAME];
    let length = postcard::to_slice(value, &mut body).map_err(|_| TooLong)?.len();
    let checksum = CRC.checksum(&body[..length]).to_le_bytes();
    body.get_mut(length..length + 4).ok_or(TooLong)?.copy_from_slice(&checksum);
    let body = &body[..length + 4];
    if cobs::max_encoding_length(body.len()) + 2 > MAX_FRAME {
        return Err(TooLong);
    }
    out[0] = 0;
    let encoded = stuff(body, &mut out[1..]);
    out[1 + encoded] = 0;
    Ok(encoded + 2)
}

/// The longest run of bytes that are not zero.
const LONGEST_RUN: usize = 254;

/// COBS: writes `body` to `out` without a zero; returns how many bytes that are. As the crate `cobs` does it, but run by run
/// instead of byte by byte: all that a guest sends comes through here.
fn stuff(body: &[u8], out: &mut [u8]) -> usize {
    let (mut rest, mut length) = (body, 0);
    loop {
        let run = run_length(&rest[..rest.len().min(LONGEST_RUN)]);
        out[length] = run as u8 + 1;
        out[length + 1..][..run].copy_from_slice(&rest[..run]);
        length += run + 1;
        // The zero behind a run is what its end stands for, but of a longest one.
        match rest.get(run..) {
            Some([0, behind @ ..]) if run < LONGEST_RUN => rest = behind,
            Some(behind @ [_, ..]) if run == LONGEST_RUN => rest = behind,
            _ => return length,
        }
    }
}

/// How many bytes stand before the first zero.
fn run_length(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks();
    let whole = chunks.iter().take_while(|chunk| !has_zero(u64::from_le_bytes(**chunk))).count() * 8;
    let rest = if whole < bytes.len() - tail.len() { &bytes[whole..] } else { tail };
    whole + rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len())
}

/// Whether one of eight bytes is zero: subtracting 1 from each borrows into its top bit.
const fn has_zero(bytes: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    bytes.wrapping_sub(ONES) & !bytes & ONES << 7 != 0
}

/// Takes the bytes between two zeros and returns the value in them, or `None` if they are not a frame: text of
/// somebody else, or damaged. `bytes` is decoded in place, but only once the checksum could be read.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a mut [u8]) -> Option<T> {
    let length = cobs::decode_in_place(bytes).ok()?;
    let body = length.checked_sub(4)?;
    let (value, checksum) = bytes[..length].split_at(body);
    if CRC.checksum(value).to_le_bytes() != *checksum {
        return None;
    }
    postcard::from_bytes(value).ok()
}

/// Collects a byte stream and cuts it at zeros.
pub struct Splitter {
    bytes: [u8; MAX_FRAME],
    length: usize,
    complete: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    /// At the start of a stream.
    pub const fn new() -> Self {
        Self { bytes: [0; MAX_FRAME], length: 0, complete: false }
    }

    /// Takes one byte. Returns what stands between two zeros once the second has come, for [`decode`]. A run that is
    /// longer than a frame can be is cut into pieces.
    pub fn push(&mut self, byte: u8) -> Option<&mut [u8]> {
        if self.complete {
            self.length = 0;
            self.complete = false;
        }
        if byte != 0 {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        self.complete = byte == 0 || self.length == MAX_FRAME;
        (self.complete && self.length > 0).then(|| &mut self.bytes[..self.length])
    }

    /// What has come since the last zero.
    pub fn rest(&self) -> &[u8] {
        if self.complete { &[] } else { &self.bytes[..self.length] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LineKind, Record};

    fn frames_in(stream: &[u8], splitter: &mut Splitter) -> usize {
        let mut count = 0;
        for &byte in stream {
            if let Some(bytes) = splitter.push(byte) {
                count += usize::from(decode::<Record>(bytes).is_some());
            }
        }
        count
    }

    fn frame(record: &Record) -> ([u8; MAX_FRAME], usize) {
        let mut out = [0; MAX_FRAME];
        let length = encode(record, &mut out).unwrap();
        (out, length)
    }

    #[test]
    fn a_frame_between_foreign_text_is_found_and_equal() {
        let record = Record::Line(LineKind::Step, "VMXON");
        let (out, length) = frame(&record);
        let mut splitter = Splitter::new();
        let mut found = 0;
        for &byte in b"Bochs 2.7\n".iter().chain(&out[..length]).chain(b"rip: 0\n") {
            if let Some(bytes) = splitter.push(byte)
                && let Some(read) = decode::<Record>(bytes)
            {
                assert_eq!(read, record);
                found += 1;
            }
        }
        assert_eq!(found, 1);
        assert_eq!(splitter.rest(), b"rip: 0\n");
    }

    #[test]
    fn what_is_stuffed_run_by_run_is_what_the_crate_stuffs() {
        let mut random = 1_u32;
        for length in (0..40).chain(250..260).chain(505..512).chain([1024]) {
            for zeros_in_256 in [0, 1, 16, 128, 256] {
                let mut body = [0; 1024];
                for byte in &mut body[..length] {
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *byte = if random >> 24 < zeros_in_256 { 0 } else { (random >> 16) as u8 | 1 };
                }
                let (mut ours, mut theirs) = ([0; 1100], [0; 1100]);
                let stuffed = stuff(&body[..length], &mut ours);
                let expected = cobs::encode(&body[..length], &mut theirs);
                assert_eq!(
                    ours[..stuffed],
                    theirs[..expected],
                    "{length} bytes, {zeros_in_256} in 256 are zero"
                );
            }
        }
    }

    #[test]
    fn no_single_flipped_bit_passes_for_a_frame() {
        let (out, length) = frame(&Record::Machine(0x6820, 0x20002));
        for bit in 0..(length - 2) * 8 {
            let mut damaged = out;
            damaged[1 + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(frames_in(&damaged[..length], &mut Splitter::new()), 0, "bit {bit}");
        }
    }

    #[test]
    fn a_stream_without_zeros_never_overflows() {
        let mut splitter = Splitter::new();
        for _ in 0..3 * MAX_FRAME {
            splitter.push(b'x');
        }
        let (out, length) = frame(&Record::ScreenEnd);
        assert_eq!(frames_in(&out[..length], &mut splitter), 1);
    }

    #[test]
    fn a_value_longer_than_a_frame_is_refused_and_the_longest_run_of_bytes_fits() {
        let bytes = [1; MAX_FRAME];
        assert_eq!(encode(&Record::Serial(&bytes), &mut [0; MAX_FRAME]), Err(TooLong));
        assert!(encode(&Record::Serial(&bytes[..MAX_BYTES]), &mut [0; MAX_FRAME]).is_ok());
    }
}
