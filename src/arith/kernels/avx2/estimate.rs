//! Sums of products that are told by an estimate and a residue: see [`Width::Estimated`]. Of eight words
//! that takes two multiply-adds of doubles and one of halves of words, where exact parts take four, and
//! as many additions besides.
//!
//! Words are centred first, so that their products with factors, of b bits together, are within 2^(b-1).
//! Estimates are made of a few terms at a time, a *piece*, and pieces added to each other, for the more a
//! sum has grown the more it loses with every term. Residues go on and on.
//!
//! [`Width::Estimated`]: crate::arith::kernels::Width::Estimated

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_castpd_si256, _mm256_castps_si256,
    _mm256_castsi256_pd, _mm256_castsi256_ps, _mm256_fmadd_pd, _mm256_mullo_epi32, _mm256_set1_pd,
    _mm256_setzero_pd, _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_sub_epi64, _mm256_sub_pd,
    _mm256_unpackhi_epi32, _mm256_unpacklo_epi32,
};
use std::mem::MaybeUninit;

use super::scalars::TERMS;
use super::wide::reduce_digits;
use super::{Constants, LANES, SIGNED, Words, by_sign, in_place, load, splat, to_doubles};
use crate::arith::kernels::PAIR;

/// Eights of words of a pair: two registers of doubles, or one of lower halves.
pub(super) const EIGHTS: usize = PAIR / (2 * LANES);

/// Registers of doubles of a term.
pub(super) const DOUBLES: usize = PAIR / LANES;

/// Registers of half a term.
pub(super) const HALF: usize = DOUBLES / 2 + EIGHTS / 2;

/// Eight words.
type Eight = [Words; 2];

/// Terms of a piece, at most.
const PIECE: usize = 64;

/// How many terms a sum may have, and a piece of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    pub(super) terms: usize,
    pub(super) piece: usize,
}

impl Reach {
    /// For words and factors of `bits` bits together, at most 76: [`Reach::error`] is below 2^(86-bits), so
    /// that estimates are off by less than half of 2^32.
    pub(super) const fn of(bits: u32) -> Self {
        let (terms, piece) = match bits {
            ..=72 => (TERMS, PIECE),
            73 => (TERMS, 32),
            74 => (128, 32),
            75 => (64, 32),
            _ => (64, 16),
        };
        Self { terms, piece }
    }

    /// What estimates are off by at most, in units of 2^(b-55).
    ///
    /// A sum of n products is within n 2^(b-1), so that a part in 2^53 of the next power of two is the most
    /// it is rounded by. So it is when it begins with a word: every product falls short of 2^(b-1) by more,
    /// for a prime = 1 mod 2N falls short of a power of two by nearly 2N. Rounded are the sums of a piece,
    /// those of pieces, and what is left when the residue is taken off, which is hardly larger.
    #[cfg(test)]
    fn error(self) -> usize {
        let rounding = usize::next_power_of_two;
        let of_piece: usize = (1..=self.piece).map(rounding).sum();
        let pieces = self.terms.div_ceil(self.piece);
        let of_pieces: usize = (1..=pieces).map(|count| rounding(count * self.piece)).sum();
        pieces * of_piece + of_pieces + rounding(self.terms + 1)
    }
}

/// What centres words, in registers.
#[derive(Clone, Copy)]
pub(super) struct Centring {
    q: __m256i,
    half: __m256i,
}

impl Centring {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(constants: &Constants) -> Self {
        Self { q: splat(constants.word), half: splat(constants.word / 2) }
    }

    /// Leaves two eights of words of a term in `near`: their doubles, then the lower halves of either.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn enter(&self, eights: [&Eight; 2], near: &mut [MaybeUninit<Words>; HALF]) {
        let (doubles, lower) = near.split_at_mut(DOUBLES / 2);
        let places = doubles.as_chunks_mut::<2>().0.iter_mut().zip(lower);
        for ((doubles, lower), [first, second]) in places.zip(eights) {
            let words = [self.centred(load(first)), self.centred(load(second))];
            for (double, words) in doubles.iter_mut().zip(words) {
                double.write(in_place(signed_doubles(words)));
            }
            lower.write(super::words(lower_halves(words[0], words[1])));
        }
    }

    /// Words less q where they are above half of it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn centred(&self, words: __m256i) -> __m256i {
        by_sign(_mm256_sub_epi64(self.half, words), _mm256_sub_epi64(words, self.q), words)
    }
}

/// Integers in `[-2^51, 2^51)` as doubles.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn signed_doubles(words: __m256i) -> __m256d {
    let magic = _mm256_set1_pd(SIGNED);
    let shifted = _mm256_add_epi64(words, _mm256_castpd_si256(magic));
    _mm256_sub_pd(_mm256_castsi256_pd(shifted), magic)
}

/// The lower halves of eight words: of the first register's first two, the second's first two, and so on.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lower_halves(first: __m256i, second: __m256i) -> __m256i {
    let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
    _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second))
}

/// The sum and the products of lower halves, modulo 2^32.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_lower(sum: __m256i, words: __m256i, factors: __m256i) -> __m256i {
    _mm256_add_epi32(sum, _mm256_mullo_epi32(words, factors))
}

/// Some eights of sums modulo q, in `[0, q)`, from their estimates and their residues, which are in the order
/// that [`lower_halves`] gives them: `N` registers, two for each eight.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn told<const N: usize>(
    constants: &Constants,
    estimates: [__m256d; N],
    residues: &[__m256i],
) -> [__m256i; N] {
    let (unit, magic) = (_mm256_set1_pd(1.0 / (1u64 << 32) as f64), _mm256_set1_pd(SIGNED));
    let zero = _mm256_setzero_si256();
    let mut low = [_mm256_setzero_pd(); N];
    for (low, residues) in low.as_chunks_mut().0.iter_mut().zip(residues) {
        *low = [
            to_doubles(_mm256_unpacklo_epi32(*residues, zero)),
            to_doubles(_mm256_unpackhi_epi32(*residues, zero)),
        ];
    }
    // What is next to the estimate of all that have this residue.
    let mut high = estimates;
    for (high, low) in high.iter_mut().zip(&low) {
        let nearly = _mm256_fmadd_pd(_mm256_sub_pd(*high, *low), unit, magic);
        *high = _mm256_sub_pd(nearly, magic);
    }
    reduce_digits(constants, high, low)
}

/// Eight words as a sum that goes on: their estimates, and their residues.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn begun(words: [__m256i; 2]) -> ([__m256d; 2], __m256i) {
    ([to_doubles(words[0]), to_doubles(words[1])], lower_halves(words[0], words[1]))
}

#[cfg(test)]
mod tests {
    use super::super::scalars::evenly;
    use super::*;

    #[test]
    fn sums_of_every_width_are_told() {
        for bits in 52..=76 {
            let most = Reach::of(bits);
            // Shorter sums as well, of pieces as long or alike.
            for terms in 1..=most.terms {
                for piece in [most.piece, evenly(terms, most.piece)] {
                    let reach = Reach { terms, piece };
                    assert!(reach.error() < 1 << (86 - bits), "{reach:?} of {bits} bits");
                }
            }
        }
    }
}
