//! The `machine`: what to write where, before anything is written.
//!
//! A plan is a plain value. It is composed, checked by [`audit`](crate::audit), and then written to the current VMCS
//! in one loop over [`Machine::entries`]. Read back from a VMCS, the same type is a snapshot of it.

use core::fmt;

use crate::field::Field;

/// Pairs of what (a field) and where (its value); at most one value for a field.
#[derive(Clone, PartialEq, Eq)]
pub struct Machine {
    values: [u64; Field::COUNT],
    present: [u64; Field::COUNT.div_ceil(64)],
}

impl Machine {
    /// A plan without entries.
    pub const fn new() -> Self {
        Machine { values: [0; Field::COUNT], present: [0; Field::COUNT.div_ceil(64)] }
    }

    /// Plans `value` for `field`, replacing an earlier value. Bits beyond the field's width are dropped, as by
    /// VMWRITE.
    pub const fn set(&mut self, field: Field, value: u64) {
        let at = field.ordinal();
        self.values[at] = value & field.width().mask();
        self.present[at / 64] |= 1 << (at % 64);
    }

    /// The value planned for `field`; `None` when it has none.
    pub const fn get(&self, field: Field) -> Option<u64> {
        let at = field.ordinal();
        if self.present[at / 64] >> (at % 64) & 1 == 1 { Some(self.values[at]) } else { None }
    }

    /// Takes `field` out of the plan and returns the value it had.
    pub const fn remove(&mut self, field: Field) -> Option<u64> {
        let value = self.get(field);
        let at = field.ordinal();
        self.present[at / 64] &= !(1 << (at % 64));
        self.values[at] = 0;
        value
    }

    /// All entries, in the order of [`Field::ALL`].
    pub fn entries(&self) -> impl Iterator<Item = (Field, u64)> + '_ {
        Field::ALL.into_iter().filter_map(|field| self.get(field).map(|value| (field, value)))
    }

    /// Visits the entries that `other` does not have, or has with another value, in the order of [`Field::ALL`].
    pub fn differences(&self, other: &Machine, visit: &mut dyn FnMut(Field, u64)) {
        const STRETCH: usize = 8;
        // Plans that are compared are mostly equal, so values are compared in stretches first.
        let ((ours, _), (theirs, _)) =
            (self.values.as_chunks::<STRETCH>(), other.values.as_chunks::<STRETCH>());
        let same_fields = self.present == other.present;
        for start in (0..Field::COUNT).step_by(STRETCH) {
            let stretch = start / STRETCH;
            if let (true, Some(ours), Some(theirs)) = (same_fields, ours.get(stretch), theirs.get(stretch))
                && (0..STRETCH).fold(0, |bits, at| bits | (ours[at] ^ theirs[at])) == 0
            {
                continue;
            }
            for at in start..Field::COUNT.min(start + STRETCH) {
                let field = Field::ALL[at];
                if self.values[at] != other.values[at] || !same_fields {
                    self.get(field).into_iter().for_each(|value| visit(field, value));
                }
            }
        }
    }

    /// How many fields have a value.
    pub const fn len(&self) -> usize {
        let mut count = 0;
        let mut at = 0;
        while at < self.present.len() {
            count += self.present[at].count_ones() as usize;
            at += 1;
        }
        count
    }

    /// Whether no field has a value.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Machine {
    fn default() -> Self {
        Machine::new()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}
