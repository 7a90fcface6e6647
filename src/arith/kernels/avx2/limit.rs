//! The multiply-add alone, on registers.

use std::arch::x86_64::{_mm256_add_pd, _mm256_set1_epi64x, _mm256_set1_pd};

use super::wide::{Split, add_block, extend, wide};
use super::{LANES, SIGNED, UNSIGNED, load_doubles, store};

/// Sums side by side: as many as registers hold with their factors.
const SUMS: usize = 4;

/// Multiply-adds of a round.
pub(in super::super) const ROUND: u64 = (SUMS * LANES) as u64;

/// Rounds of a block.
const BLOCK: u64 = 64;

/// `rounds` rounds of multiply-adds from `words` below 2^36, which the compiler must not know.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn multiply_adds(words: &[u64; SUMS], rounds: u64) -> u64 {
    const TOP: f64 = UNSIGNED * (1u64 << 36) as f64;
    let by = Split { top: _mm256_set1_pd(TOP), both: _mm256_set1_pd(TOP + SIGNED) };
    // Products that stay the same would be made once.
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
    let mut result = 0;
    for sum in sums {
        let mut halves = [[0; LANES]; 2];
        store(&mut halves[0], sum.low);
        store(&mut halves[1], sum.high);
        result ^= halves.as_flattened().iter().fold(0, |all, word| all ^ word);
    }
    result
}
