//! What a guest wrote to its disks, as the VMM hands it back at the end.

use std::collections::BTreeMap;

/// Bytes in a sector.
const SECTOR: usize = 512;

/// What came back of one disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    sectors: BTreeMap<u32, Vec<u8>>,
    /// How many the VMM says it has sent.
    announced: Option<u32>,
    damaged: bool,
}

impl Returned {
    pub(super) fn sector(&mut self, lba: u32, bytes: &[u8]) {
        self.damaged |= bytes.len() != SECTOR;
        self.sectors.insert(lba, bytes.to_vec());
    }

    pub(super) fn end(&mut self, sectors: u32) {
        self.announced = Some(sectors);
    }

    /// The sectors by number, if all of them came: a frame that was damaged or lost counts.
    pub fn whole(&self) -> Option<&BTreeMap<u32, Vec<u8>>> {
        let all = self.announced.is_some_and(|announced| announced as usize == self.sectors.len());
        (all && !self.damaged).then_some(&self.sectors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_whole_is_given_out() {
        let mut returned = Returned::default();
        returned.sector(3, &[1; SECTOR]);
        assert_eq!(returned.whole(), None, "no end");
        returned.end(2);
        assert_eq!(returned.whole(), None, "one was lost");
        returned.sector(9, &[2; SECTOR]);
        assert_eq!(returned.whole().map(BTreeMap::len), Some(2));
        returned.sector(9, &[2; SECTOR - 1]);
        assert_eq!(returned.whole(), None, "a short one");
        let mut nothing = Returned::default();
        nothing.end(0);
        assert_eq!(nothing.whole().map(BTreeMap::len), Some(0));
    }
}
