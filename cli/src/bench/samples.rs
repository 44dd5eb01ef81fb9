//! What the guest `bench` sends: 300 samples for each row, the harness around nothing first.

use super::rows::ROWS;

/// Samples of a row.
pub const ROUNDS: usize = 300;

/// Numbers of a sample.
const NUMBERS: usize = 6;

const ROW_BYTES: usize = ROUNDS * NUMBERS * 4;

/// What one round took, the harness included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sample {
    instructions: u32,
    vmreads: u32,
    vmwrites: u32,
    msrs: u32,
    exits: u32,
}

impl Sample {
    /// Six little-endian doublewords. What was slept is no work.
    fn read(bytes: &[u8]) -> Self {
        let number = |index: usize| {
            u32::from_le_bytes([0, 1, 2, 3].map(|byte| bytes.get(4 * index + byte).copied().unwrap_or(0)))
        };
        let [elapsed, vmreads, vmwrites, msrs, slept, exits] = [0, 1, 2, 3, 4, 5].map(number);
        Self { instructions: elapsed.wrapping_sub(slept), vmreads, vmwrites, msrs, exits }
    }
}

/// What a row took, the harness subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Instructions, half of the rounds took no more.
    pub median: u32,
    /// Instructions of the worst round: the machine's timer came, or the console had its turn.
    pub worst: u32,
    /// Exits, the median.
    pub exits: u32,
    /// Exits where accesses were counted: what takes longer meets the machine's timer more often.
    pub counted_exits: u32,
    /// VMREADs, the median of all exits of a round together; so are the next.
    pub vmreads: u32,
    /// VMWRITEs.
    pub vmwrites: u32,
    /// RDMSRs and WRMSRs.
    pub msrs: u32,
}

/// The costs of all rows, from the end of what the guest sent; `None` if it did not send as much.
pub fn costs(serial: &[u8]) -> Option<Vec<Cost>> {
    let start = serial.len().checked_sub(ROW_BYTES * (1 + ROWS.len()))?;
    let mut rows = serial[start..].chunks_exact(ROW_BYTES);
    let harness = Cost::of(rows.next()?);
    Some(rows.map(|row| Cost::of(row).without(harness)).collect())
}

impl Cost {
    /// What comes to one exit of a thing that takes several, rounded up.
    pub fn per_exit(&self, number: u32) -> u32 {
        number.div_ceil(self.counted_exits.max(1))
    }

    fn of(row: &[u8]) -> Self {
        let samples: Vec<Sample> = row.chunks_exact(NUMBERS * 4).map(Sample::read).collect();
        let sorted = |number: fn(&Sample) -> u32| {
            let mut numbers: Vec<u32> = samples.iter().map(number).collect();
            numbers.sort_unstable();
            numbers
        };
        let median = |number| sorted(number)[ROUNDS / 2];
        let instructions = sorted(|sample| sample.instructions);
        Self {
            median: instructions[ROUNDS / 2],
            worst: instructions[ROUNDS - 1],
            exits: median(|sample| sample.exits),
            counted_exits: median(|sample| sample.exits),
            vmreads: median(|sample| sample.vmreads),
            vmwrites: median(|sample| sample.vmwrites),
            msrs: median(|sample| sample.msrs),
        }
    }

    fn without(self, harness: Self) -> Self {
        Self {
            median: self.median.saturating_sub(harness.median),
            worst: self.worst.saturating_sub(harness.median),
            exits: self.exits.saturating_sub(harness.exits),
            counted_exits: self.counted_exits.saturating_sub(harness.counted_exits),
            vmreads: self.vmreads.saturating_sub(harness.vmreads),
            vmwrites: self.vmwrites.saturating_sub(harness.vmwrites),
            msrs: self.msrs.saturating_sub(harness.msrs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_and_what_was_slept_are_subtracted() {
        let sample = |numbers: [u32; NUMBERS]| numbers.map(u32::to_le_bytes).concat();
        let row = |first: [u32; NUMBERS], others: [u32; NUMBERS]| {
            [sample(first), sample(others).repeat(ROUNDS - 1)].concat()
        };
        let mut serial = b"what the rows themselves sent".to_vec();
        serial.extend(row([900, 10, 4, 0, 0, 2], [9, 10, 4, 0, 0, 2]));
        for _ in ROWS {
            serial.extend(row([5009, 70, 24, 1, 0, 9], [1109, 15, 6, 0, 1000, 3]));
        }
        let costs = costs(&serial).unwrap();
        let expected =
            Cost { median: 100, worst: 5000, exits: 1, counted_exits: 1, vmreads: 5, vmwrites: 2, msrs: 0 };
        assert_eq!(costs, [expected; ROWS.len()]);
        assert_eq!(super::costs(&serial[40..]), None);
    }
}
