//! The set of fields that a message carries.

/// Fields 1 to 128, as the bitmaps on the wire show them: field 1 is the highest bit of the first word.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bitmap {
    pub(crate) primary: u64,
    pub(crate) secondary: u64,
}

impl Bitmap {
    /// The set of these fields (1 to 128).
    pub const fn of(fields: &[u8]) -> Self {
        let mut bitmap = Self {
            primary: 0,
            secondary: 0,
        };
        let mut index = 0;
        while index < fields.len() {
            bitmap = bitmap.with(fields[index]);
            index += 1;
        }
        bitmap
    }

    /// The set with one more field.
    pub const fn with(mut self, field: u8) -> Self {
        if field <= 64 {
            self.primary |= bit(field);
        } else {
            self.secondary |= bit(field);
        }
        self
    }

    /// Whether the field is in the set.
    pub const fn has(self, field: u8) -> bool {
        let word = if field <= 64 {
            self.primary
        } else {
            self.secondary
        };
        word & bit(field) != 0
    }

    /// How many fields below this one are in the set, the secondary bitmap's own bit not counted.
    pub(crate) const fn rank(self, field: u8) -> usize {
        let primary = self.primary & !bit(1);
        let rank = if field <= 64 {
            (primary & !(u64::MAX >> ((field - 1) & 63))).count_ones()
        } else {
            let below = self.secondary & !(u64::MAX >> ((field - 1) & 63));
            primary.count_ones() + below.count_ones()
        };
        rank as usize
    }

    /// The lowest field that is in this set and not in the other.
    pub const fn first_missing_in(self, other: Self) -> Option<u8> {
        let primary = self.primary & !other.primary;
        let secondary = self.secondary & !other.secondary;
        if primary != 0 {
            Some(primary.leading_zeros() as u8 + 1)
        } else if secondary != 0 {
            Some(secondary.leading_zeros() as u8 + 65)
        } else {
            None
        }
    }

    /// The fields in ascending order, the secondary bitmap's own bit left out.
    pub fn fields(self) -> impl Iterator<Item = u8> {
        ones(self.primary & !bit(1), 1).chain(ones(self.secondary, 65))
    }
}

/// The bit of a field in its word.
const fn bit(field: u8) -> u64 {
    1 << ((64 - (field & 63)) & 63)
}

/// The fields of one word, whose highest bit is the field `first`.
pub(crate) fn ones(mut word: u64, first: u8) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let place = word.leading_zeros();
            word &= !(1 << (63 - place));
            first + place as u8
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_field() {
        for field in 1..=128 {
            let bitmap = Bitmap::of(&[field]);
            assert!((1..=128).all(|other| bitmap.has(other) == (other == field)));
            let listed: Vec<u8> = bitmap.fields().collect();
            assert_eq!(listed, if field == 1 { vec![] } else { vec![field] });
        }
    }

    #[test]
    fn ranks_count_the_fields_below() {
        let bitmap = Bitmap::of(&[1, 2, 3, 64, 70, 128]);
        let ranks = [2, 3, 4, 64, 65, 70, 71, 128].map(|field| bitmap.rank(field));
        assert_eq!(ranks, [0, 1, 2, 2, 3, 3, 4, 4]);
    }

    #[test]
    fn names_the_first_missing_field() {
        let needed = Bitmap::of(&[3, 11, 90]);
        assert_eq!(needed.first_missing_in(Bitmap::of(&[3, 90])), Some(11));
        assert_eq!(needed.first_missing_in(Bitmap::of(&[3, 11])), Some(90));
        assert_eq!(needed.first_missing_in(needed.with(2)), None);
    }
}
