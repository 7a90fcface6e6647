//! The multiply-add alone, on registers.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_add_pd, _mm256_castpd_si256,
    _mm256_fmadd_pd, _mm256_mul_epu32, _mm256_mullo_epi32, _mm256_set1_epi32, _mm256_set1_epi64x,
    _mm256_set1_pd,
};

use super::wide::{Split, add_block, extend, wide};
use super::{LANES, SIGNED, UNSIGNED, Words, load, load_doubles, splat, store};
use crate::arith::kernels::Width;

/// Sums side by side of products of any width: as many as registers hold with their factors.
const SUMS: usize = 4;

/// Sums of products of halves: of two words by four factors.
const HALF_SUMS: usize = 8;

/// Estimates side by side, each of four words: as many as hide the latency of a multiply-add.
const ESTIMATES: usize = 8;

/// Rounds of a block.
const BLOCK: u64 = 64;

/// Multiply-adds of a round.
pub(in super::super) const fn round(width: Width) -> u64 {
    let words = match width {
        Width::Halves => HALF_SUMS * LANES,
        Width::Narrow | Width::Estimated { .. } => ESTIMATES * LANES,
        Width::Wide => SUMS * LANES,
    };
    words as u64
}

/// `rounds` rounds of multiply-adds from `words` below 2^36, which the compiler must not know. Words of
/// products that are not fused with a sum change: products that stay the same would be made once.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn multiply_adds(width: Width, words: &Words, rounds: u64) -> u64 {
    match width {
        Width::Halves => halves(words, rounds),
        Width::Narrow | Width::Estimated { .. } => estimated(words, rounds),
        Width::Wide => exact(words, rounds),
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn folded(values: &[__m256i]) -> u64 {
    let mut result = 0;
    for value in values {
        let mut words = [0; LANES];
        store(&mut words, *value);
        result ^= words.iter().fold(0, |all, word| all ^ word);
    }
    result
}

#[target_feature(enable = "avx2,fma")]
fn halves(words: &Words, rounds: u64) -> u64 {
    let mask = u64::from(u32::MAX);
    let mut pair = [load(words), splat(words[1] & mask)];
    let factors = words.map(|word| splat(word & mask));
    let mut sums = [_mm256_set1_epi64x(0); HALF_SUMS];
    for _ in 0..rounds {
        for (sums, word) in sums.as_chunks_mut::<SUMS>().0.iter_mut().zip(&mut pair) {
            for (sum, factor) in sums.iter_mut().zip(factors) {
                *sum = _mm256_add_epi64(*sum, _mm256_mul_epu32(*word, factor));
            }
            *word = _mm256_add_epi64(*word, _mm256_set1_epi64x(1));
        }
    }
    folded(&sums)
}

/// Estimates that begin apart, else they would be one, and the residues of as many words.
#[target_feature(enable = "avx2,fma")]
fn estimated(words: &Words, rounds: u64) -> u64 {
    let (word, factor) = (load_doubles(words), _mm256_set1_pd(words[0] as f64));
    let mut estimates = [_mm256_set1_pd(0.0); ESTIMATES];
    for (i, estimate) in (0..).zip(&mut estimates) {
        *estimate = _mm256_set1_pd(f64::from(i));
    }
    let (mut lower, mut residues) = (load(words), [_mm256_set1_epi64x(0); ESTIMATES / 2]);
    let factors = words.map(|word| splat(word));
    for _ in 0..rounds {
        for estimate in &mut estimates {
            *estimate = _mm256_fmadd_pd(word, factor, *estimate);
        }
        for (residue, factor) in residues.iter_mut().zip(factors) {
            *residue = _mm256_add_epi32(*residue, _mm256_mullo_epi32(lower, factor));
        }
        lower = _mm256_add_epi32(lower, _mm256_set1_epi32(1));
    }
    let estimates = estimates.iter().map(|estimate| _mm256_castpd_si256(*estimate));
    estimates.fold(folded(&residues), |all, estimate| all ^ folded(&[estimate]))
}

#[target_feature(enable = "avx2,fma")]
fn exact(words: &Words, rounds: u64) -> u64 {
    const TOP: f64 = UNSIGNED * (1u64 << 36) as f64;
    let by = Split { top: _mm256_set1_pd(TOP), both: _mm256_set1_pd(TOP + SIGNED) };
    let (mut word, step) = (load_doubles(words), _mm256_set1_pd(1.0));
    let mut sums = [wide(_mm256_set1_epi64x(0)); SUMS];
    let factors = words.map(|word| _mm256_set1_pd(word as f64));
    let mut left = rounds;
    while left > 0 {
        let mut blocks = [by.empty(); SUMS];
        for _ in 0..left.min(BLOCK) {
            for (block, factor) in blocks.iter_mut().zip(factors) {
                *block = extend(*block, word, factor);
            }
            word = _mm256_add_pd(word, step);
        }
        for (sum, block) in sums.iter_mut().zip(blocks) {
            *sum = add_block(*sum, block);
        }
        left = left.saturating_sub(BLOCK);
    }
    sums.iter().fold(0, |all, sum| all ^ folded(&[sum.low, sum.high]))
}
