//! Words of a modulus in as few whole bytes each as they need.

use super::kernels::{Factors, margin, word_bytes};
use super::{AlignedWords, zeroed};

/// Bytes before the first word, which so begins at a cache line.
const LEAD: usize = 64;

/// Words that are written once and read as [`Factors`].
#[derive(Clone, Debug)]
pub struct PackedWords {
    storage: AlignedWords,
    len: usize,
    word_bytes: usize,
}

impl PackedWords {
    /// `len` zero words for a modulus of `bits` bits.
    pub fn zero(len: usize, bits: u32) -> Self {
        let word_bytes = word_bytes(bits);
        let bytes = LEAD + len * word_bytes + margin(word_bytes);
        Self { storage: zeroed(bytes.div_ceil(size_of::<u64>())), len, word_bytes }
    }

    /// These words modulo a modulus of `bits` bits.
    pub fn of(words: &[u64], bits: u32) -> Self {
        let mut packed = Self::zero(words.len(), bits);
        packed.all_mut().write(0, words);
        packed
    }

    /// Bytes of so many words of a modulus of `bits` bits.
    pub const fn bytes_of(len: usize, bits: u32) -> u64 {
        (len * word_bytes(bits)) as u64
    }

    /// Bytes of the words.
    pub const fn bytes(&self) -> u64 {
        (self.len * self.word_bytes) as u64
    }

    /// The words.
    pub fn factors(&self) -> Factors<'_> {
        let (len, margin) = (self.len * self.word_bytes, margin(self.word_bytes));
        let bytes: &[u8] = bytemuck::cast_slice(&self.storage);
        Factors::packed(&bytes[LEAD - margin..LEAD + len + margin], self.word_bytes)
    }

    /// All words, to be written.
    pub fn all_mut(&mut self) -> PackedMut<'_> {
        let word_bytes = self.word_bytes;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut self.storage);
        PackedMut { bytes: &mut bytes[LEAD..LEAD + self.len * word_bytes], word_bytes }
    }

    /// Pieces of `len` words each, to be written.
    pub fn pieces_mut(&mut self, len: usize) -> impl Iterator<Item = PackedMut<'_>> {
        let PackedMut { bytes, word_bytes } = self.all_mut();
        let pieces = bytes.chunks_exact_mut((len * word_bytes).max(1));
        pieces.map(move |bytes| PackedMut { bytes, word_bytes })
    }
}

/// Some words, to be written.
#[derive(Debug)]
pub struct PackedMut<'a> {
    bytes: &'a mut [u8],
    word_bytes: usize,
}

impl PackedMut<'_> {
    /// Writes `words` from place `first` on.
    pub fn write(&mut self, first: usize, words: &[u64]) {
        let bytes = &mut self.bytes[first * self.word_bytes..][..words.len() * self.word_bytes];
        match self.word_bytes {
            4 => pack::<4>(bytes, words),
            5 => pack::<5>(bytes, words),
            6 => pack::<6>(bytes, words),
            7 => pack::<7>(bytes, words),
            _ => bytes.copy_from_slice(bytemuck::cast_slice(words)),
        }
    }
}

/// The `BYTES` lowest bytes of each word.
fn pack<const BYTES: usize>(bytes: &mut [u8], words: &[u64]) {
    for (bytes, word) in bytes.as_chunks_mut::<BYTES>().0.iter_mut().zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes()[..BYTES]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_is_read(
            bits in 20u32..=64, pieces in 1usize..5, tiles in 1usize..4, seed: u64,
        ) {
            const TILE: usize = crate::arith::kernels::TILE;
            let mask = u64::MAX >> (64 - bits);
            let word = |i: usize| {
                let word = (seed ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                // Every byte of some words is full.
                if i.is_multiple_of(3) { mask } else { (word ^ word >> 29) & mask }
            };
            let words: Vec<u64> = (0..pieces * tiles * TILE).map(word).collect();
            let mut packed = PackedWords::zero(words.len(), bits);
            let places = packed.pieces_mut(tiles * TILE).zip(words.chunks(tiles * TILE));
            for (mut piece, words) in places {
                // The last first: no word reaches into another.
                for (i, tile) in words.chunks(TILE).enumerate().rev() {
                    piece.write(i * TILE, tile);
                }
            }
            let width = u64::from(bits.div_ceil(8).max(4));
            prop_assert_eq!(packed.bytes(), width * words.len() as u64);
            prop_assert_eq!(packed.bytes(), PackedWords::bytes_of(words.len(), bits));
            prop_assert_eq!(packed.factors().words(), words.clone());
            let some = packed.factors().range(TILE..words.len());
            prop_assert_eq!(some.words(), words[TILE..].to_vec());
            prop_assert_eq!(Factors::of(&words).words(), words);
        }
    }
}
