//! Factors from as few bytes as they take.

use std::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_shuffle_epi8};

use crate::arith::kernels::factors::{READ, READ_WORDS, Tile};
use crate::arith::kernels::{Factors, factors::margin};

/// Puts every byte of words in its place: a shuffle does, for each half of a register has the bytes of
/// the two words that belong there.
#[derive(Clone, Copy)]
pub(in super::super) struct Unpack(__m256i);

/// What unpacks words like these.
#[inline]
#[target_feature(enable = "avx2")]
pub(in super::super) fn unpack(factors: Factors<'_>) -> Unpack {
    /// Leaves a byte zero.
    const NONE: u8 = 0x80;
    let (each, margin) = (factors.word_bytes(), margin(factors.word_bytes()) as u8);
    let mut order = [NONE; READ];
    for (i, word) in order.chunks_exact_mut(READ / READ_WORDS).enumerate() {
        // Of the first half the words are at its end, of the other one at its beginning.
        let first = if i < READ_WORDS / 2 { margin } else { 0 } + (i % 2 * each) as u8;
        for (place, byte) in word[..each].iter_mut().zip(first..) {
            *place = byte;
        }
    }
    // SAFETY: the array is 32 readable bytes, and the instruction asks for no alignment.
    Unpack(unsafe { _mm256_loadu_si256(order.as_ptr().cast()) })
}

impl Unpack {
    /// Four words of a tile.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in super::super) fn column<const COLUMN: usize>(self, tile: Tile<'_>) -> __m256i {
        // SAFETY: the tile has the 32 bytes from there on, and the instruction asks for no alignment.
        let bytes = unsafe { _mm256_loadu_si256(tile.column::<COLUMN>().cast()) };
        _mm256_shuffle_epi8(bytes, self.0)
    }
}
