//! The multiply-add alone, on registers.

use std::arch::asm;
use std::arch::x86_64::{
    __m256i, _mm256_add_pd, _mm256_castpd_si256, _mm256_fmadd_pd, _mm256_set1_epi64x,
    _mm256_set1_pd,
};

use super::estimate::add_lower;
use super::scalar_halves::add_product;
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

/// `rounds` rounds of multiply-adds from `words` below 2^36, which the compiler must not know: products
/// that stay the same would be made once.
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

/// A word that the compiler knows nothing of, so that products with it are made again, and of lower halves
/// by the instruction for them: of what it has taken them from before, it would multiply all.
#[inline]
#[target_feature(enable = "avx2")]
fn unknown(mut word: __m256i) -> __m256i {
    // SAFETY: there is nothing but a comment.
    unsafe {
        asm!("/* {} */", inout(ymm_reg) word, options(pure, nomem, nostack, preserves_flags));
    }
    word
}

/// Sums have names: in an array they might stay in memory.
#[target_feature(enable = "avx2,fma")]
fn halves(words: &Words, rounds: u64) -> u64 {
    let [mut one, mut two] = [load(words), splat(words[1])];
    let [mut a, mut b, mut c, mut d] = words.map(|word| splat(word));
    let [mut p, mut q, mut r, mut s] = [splat(0); SUMS];
    let [mut t, mut u, mut v, mut w] = [splat(0); SUMS];
    for _ in 0..rounds {
        (p, q) = (add_product(p, one, a), add_product(q, one, b));
        (r, s) = (add_product(r, one, c), add_product(s, one, d));
        (t, u) = (add_product(t, two, a), add_product(u, two, b));
        (v, w) = (add_product(v, two, c), add_product(w, two, d));
        (one, two) = (unknown(one), unknown(two));
        (a, b, c, d) = (unknown(a), unknown(b), unknown(c), unknown(d));
    }
    folded(&[p, q, r, s, t, u, v, w])
}

/// Estimates that begin apart, else they would be one, and the residues of as many words.
#[target_feature(enable = "avx2,fma")]
fn estimated(words: &Words, rounds: u64) -> u64 {
    let (word, factor) = (load_doubles(words), _mm256_set1_pd(words[0] as f64));
    let estimates: [f64; ESTIMATES] = std::array::from_fn(|i| i as f64);
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] =
        estimates.map(|estimate| _mm256_set1_pd(estimate));
    let [p, q, r, s] = words.map(|word| splat(word));
    let [mut w, mut x, mut y, mut z] = [splat(0); ESTIMATES / 2];
    let mut lower = load(words);
    for _ in 0..rounds {
        (a, b) = (_mm256_fmadd_pd(word, factor, a), _mm256_fmadd_pd(word, factor, b));
        (c, d) = (_mm256_fmadd_pd(word, factor, c), _mm256_fmadd_pd(word, factor, d));
        (e, f) = (_mm256_fmadd_pd(word, factor, e), _mm256_fmadd_pd(word, factor, f));
        (g, h) = (_mm256_fmadd_pd(word, factor, g), _mm256_fmadd_pd(word, factor, h));
        (w, x) = (add_lower(w, lower, p), add_lower(x, lower, q));
        (y, z) = (add_lower(y, lower, r), add_lower(z, lower, s));
        lower = unknown(lower);
    }
    let estimates = [a, b, c, d, e, f, g, h];
    let estimates = estimates.iter().map(|estimate| _mm256_castpd_si256(*estimate));
    estimates.fold(folded(&[w, x, y, z]), |all, estimate| all ^ folded(&[estimate]))
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
