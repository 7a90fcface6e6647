//! Factors of dense sums, in as few whole bytes each as they need.

use std::ops::Range;

use super::TILE;

/// Bytes that a kernel reads at once.
pub(super) const READ: usize = 32;

/// Words that lie in them.
pub(super) const READ_WORDS: usize = 4;

/// Bytes of a word modulo a modulus of `bits` bits, from four to eight.
pub const fn word_bytes(bits: u32) -> usize {
    match bits.div_ceil(8) {
        ..=4 => 4,
        5 => 5,
        6 => 6,
        7 => 7,
        _ => 8,
    }
}

/// Bytes that are read before the first word of so many bytes, and after the last one: in each half of
/// [`READ`] bytes there are two words, the first two at its end and the others at its beginning.
pub(in crate::arith) const fn margin(word_bytes: usize) -> usize {
    READ / 2 - word_bytes * READ_WORDS / 2
}

/// Words that are read as factors. They follow each other without a gap, the lowest byte of each first;
/// those of eight bytes are words as the machine has them.
#[derive(Clone, Copy, Debug)]
pub struct Factors<'a> {
    /// The words, and on both sides of them the margin.
    bytes: &'a [u8],
    word_bytes: usize,
}

impl<'a> Factors<'a> {
    /// Words as they are.
    pub fn of(words: &'a [u64]) -> Self {
        Self { bytes: bytemuck::cast_slice(words), word_bytes: size_of::<u64>() }
    }

    /// Words of `word_bytes` bytes, from four to eight, with a [`margin`] on both sides.
    pub(in crate::arith) const fn packed(bytes: &'a [u8], word_bytes: usize) -> Self {
        assert!(4 <= word_bytes && word_bytes <= 8 && bytes.len() >= 2 * margin(word_bytes));
        Self { bytes, word_bytes }
    }

    /// How many words they are.
    pub const fn len(&self) -> usize {
        (self.bytes.len() - 2 * margin(self.word_bytes)) / self.word_bytes
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of a word.
    pub const fn word_bytes(&self) -> usize {
        self.word_bytes
    }

    /// Some of the words, by their places.
    #[must_use]
    pub fn range(&self, places: Range<usize>) -> Self {
        let end = places.end * self.word_bytes + 2 * margin(self.word_bytes);
        Self { bytes: &self.bytes[places.start * self.word_bytes..end], ..*self }
    }

    /// The words, which are whole tiles.
    #[cfg(test)]
    pub(in crate::arith) fn words(&self) -> Vec<u64> {
        self.tiles().flat_map(|tile| tile.words::<TILE>(0)).collect()
    }

    /// The factors of one term after the other.
    pub(super) const fn tiles(&self) -> Tiles<'a> {
        Tiles(*self)
    }

    /// Where word `place` lies, which need not be one of them: to ask memory for it.
    pub(super) const fn address(&self, place: usize) -> *const u8 {
        self.bytes.as_ptr().wrapping_add(margin(self.word_bytes) + place * self.word_bytes)
    }
}

/// What gives the factors of one term after the other.
#[derive(Clone, Debug)]
pub(super) struct Tiles<'a>(Factors<'a>);

impl<'a> Iterator for Tiles<'a> {
    type Item = Tile<'a>;

    #[inline]
    fn next(&mut self) -> Option<Tile<'a>> {
        let Factors { bytes, word_bytes } = self.0;
        let len = TILE * word_bytes + 2 * margin(word_bytes);
        let tile = bytes.get(..len)?;
        self.0.bytes = &bytes[TILE * word_bytes..];
        Some(Tile(Factors { bytes: tile, word_bytes }))
    }
}

/// The factors of one term: exactly [`TILE`] words, and margins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<'a>(Factors<'a>);

impl<'a> Tile<'a> {
    /// Where the bytes begin that hold column `COLUMN`: [`READ`] bytes which hold [`READ_WORDS`] words.
    /// They lie in this tile: `12 * word_bytes` and 32 bytes are what the last one ends with, and what
    /// 16 words with two margins of `16 - 2 * word_bytes` have.
    #[inline]
    pub(super) const fn column<const COLUMN: usize>(self) -> *const u8 {
        const { assert!(COLUMN < TILE / READ_WORDS) };
        self.0.bytes.as_ptr().wrapping_add(COLUMN * READ_WORDS * self.0.word_bytes)
    }

    /// Words from place `first` on.
    #[inline]
    pub(super) fn words<const N: usize>(self, first: usize) -> [u64; N] {
        let Factors { bytes, word_bytes } = self.0;
        let bytes = &bytes[margin(word_bytes) + first * word_bytes..];
        // Eight bytes from a word on reach no further than the margin.
        let mask = u64::MAX >> (64 - 8 * word_bytes);
        std::array::from_fn(|i| match bytes[i * word_bytes..].first_chunk() {
            Some(word) if word_bytes == size_of::<u64>() => u64::from_ne_bytes(*word),
            Some(word) => u64::from_le_bytes(*word) & mask,
            None => 0,
        })
    }
}
