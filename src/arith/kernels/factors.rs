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
    /// How many words they are.
    len: usize,
}

impl<'a> Factors<'a> {
    /// Words as they are.
    pub fn of(words: &'a [u64]) -> Self {
        let (bytes, len) = (bytemuck::cast_slice(words), words.len());
        Self { bytes, word_bytes: size_of::<u64>(), len }
    }

    /// Words of `word_bytes` bytes, from four to eight, with a [`margin`] on both sides.
    pub(in crate::arith) const fn packed(bytes: &'a [u8], word_bytes: usize) -> Self {
        assert!(4 <= word_bytes && word_bytes <= 8 && bytes.len() >= 2 * margin(word_bytes));
        Self { bytes, word_bytes, len: (bytes.len() - 2 * margin(word_bytes)) / word_bytes }
    }

    /// How many words they are.
    pub const fn len(&self) -> usize {
        self.len
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
        let bytes = &self.bytes[places.start * self.word_bytes..end];
        Self { bytes, len: places.len(), ..*self }
    }

    /// The words, which are whole tiles.
    #[cfg(test)]
    pub(in crate::arith) fn words(&self) -> Vec<u64> {
        self.tiles().flat_map(|tile| tile.words::<TILE>(0)).collect()
    }

    /// The factors of one term after the other.
    pub(super) const fn tiles(&self) -> Tiles<'a> {
        Tiles { rest: *self, left: self.len() / TILE }
    }

    /// Where word `place` lies, which need not be one of them: to ask memory for it.
    pub(super) const fn address(&self, place: usize) -> *const u8 {
        self.bytes.as_ptr().wrapping_add(margin(self.word_bytes) + place * self.word_bytes)
    }
}

/// What gives the factors of one term after the other.
#[derive(Clone, Debug)]
pub(super) struct Tiles<'a> {
    rest: Factors<'a>,
    /// Tiles in `rest`.
    left: usize,
}

impl<'a> Tiles<'a> {
    /// The next ones.
    ///
    /// # Safety
    /// There must be any.
    #[inline]
    pub(super) unsafe fn next_unchecked(&mut self) -> Tile<'a> {
        let Factors { bytes, word_bytes, .. } = self.rest;
        let each = TILE * word_bytes;
        // SAFETY: of the bytes `left` tiles and both margins are left, and there is a tile; without it
        // there are one tile less and both margins.
        let (tile, rest) = unsafe {
            (bytes.get_unchecked(..each + 2 * margin(word_bytes)), bytes.get_unchecked(each..))
        };
        self.rest.bytes = rest;
        self.left = self.left.wrapping_sub(1);
        Tile { bytes: tile, word_bytes }
    }
}

impl<'a> Iterator for Tiles<'a> {
    type Item = Tile<'a>;

    #[inline]
    fn next(&mut self) -> Option<Tile<'a>> {
        // SAFETY: some are left.
        (self.left > 0).then(|| unsafe { self.next_unchecked() })
    }
}

/// The factors of one term.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<'a> {
    /// Exactly [`TILE`] words and both margins.
    bytes: &'a [u8],
    word_bytes: usize,
}

impl Tile<'_> {
    /// Where the bytes begin that hold column `COLUMN`: [`READ`] bytes which hold [`READ_WORDS`] words.
    /// They lie in this tile: those of the last column end with the margin, for 12 words and 32 bytes are
    /// what 16 words and two margins of `16 - 2 * word_bytes` are.
    #[inline]
    pub(super) const fn column<const COLUMN: usize>(self) -> *const u8 {
        const { assert!(COLUMN < TILE / READ_WORDS) };
        self.bytes.as_ptr().wrapping_add(COLUMN * READ_WORDS * self.word_bytes)
    }

    /// Where the words of half `HALF` of the tile begin.
    #[inline]
    pub(super) const fn half<const HALF: usize>(self) -> *const u8 {
        const { assert!(HALF < 2) };
        self.bytes
            .as_ptr()
            .wrapping_add(margin(self.word_bytes) + HALF * TILE / 2 * self.word_bytes)
    }

    /// Words from place `first` on.
    #[inline]
    pub(super) fn words<const N: usize>(self, first: usize) -> [u64; N] {
        let Self { bytes, word_bytes } = self;
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
