//! The corpus: files of 16-bit code, one after the other, each behind its length.

/// See the module. Each file stands behind its [head](Corpus::head).
#[derive(Clone, Copy, Debug, Default)]
pub struct Corpus<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Corpus<'a> {
    /// The longest file that is taken, in bytes.
    pub const FILE_LIMIT: usize = 64 << 10;

    /// The files in `bytes`. A file that is cut, or whose length is 0, ends the list.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, count: files(bytes).count() }
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// File `index`, or nothing.
    pub fn file(&self, index: usize) -> &'a [u8] {
        files(self.bytes).nth(index).unwrap_or_default()
    }

    /// The length that stands before a file.
    pub const fn head(length: u32) -> [u8; 4] {
        length.to_le_bytes()
    }
}

fn files(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let (head, behind) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*head) as usize;
        let (file, behind) = behind.split_at_checked(length).filter(|_| length > 0)?;
        rest = behind;
        Some(file)
    })
}
