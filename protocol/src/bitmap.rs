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
    #[inline]
    pub const fn has(self, field: u8) -> bool {
        let word = if field <= 64 {
            self.primary
        } else {
            self.secondary
        };
        word & bit(field) != 0
    }

    /// The lowest field that is in this set and not in the other.
    #[inline]
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

    /// The two words, each with the field of its highest bit; the secondary bitmap's own bit is left out.
    #[inline(always)]
    pub(crate) const fn words(self) -> [(u64, u8); 2] {
        [(self.primary & !bit(1), 1), (self.secondary, 65)]
    }

    /// The fields in ascending order, the secondary bitmap's own bit left out.
    #[inline]
    pub fn fields(self) -> impl Iterator<Item = u8> {
        let [(primary, first), _] = self.words();
        let fields = places(primary).map(move |place| first + place as u8);
        fields.chain(self.fields_above_64())
    }

    /// Those of the secondary bitmap.
    #[inline]
    pub(crate) fn fields_above_64(self) -> impl Iterator<Item = u8> {
        let [_, (secondary, first)] = self.words();
        places(secondary).map(move |place| first + place as u8)
    }
}

/// The bit of a field in its word.
#[inline]
const fn bit(field: u8) -> u64 {
    1 << ((64 - (field & 63)) & 63)
}

/// The places of the ones of a word, ascending: 0 is its highest bit.
#[inline(always)]
pub(crate) fn places(word: u64) -> impl Iterator<Item = usize> {
    // The baseline instruction set finds and removes the lowest bit faster than the highest.
    let mut left = word.reverse_bits();
    std::iter::from_fn(move || {
        (left != 0).then(|| {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            // Changes nothing, and lets the compiler see that it is an index of 64 places.
            place & 63
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
    fn names_the_first_missing_field() {
        let needed = Bitmap::of(&[3, 11, 90]);
        assert_eq!(needed.first_missing_in(Bitmap::of(&[3, 90])), Some(11));
        assert_eq!(needed.first_missing_in(Bitmap::of(&[3, 11])), Some(90));
        assert_eq!(needed.first_missing_in(needed.with(2)), None);
    }
}
