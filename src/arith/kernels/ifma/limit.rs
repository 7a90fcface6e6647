//! The multiply-add alone, on registers.

use std::arch::x86_64::_mm512_set_epi64;

use super::sums::add_product;
use super::{LANES, load, splat, store, wide};

/// Sums side by side: as many as hide the latency of the instructions, and as the kernels hold.
const SUMS: usize = 8;

/// Multiply-adds of a round.
pub(in super::super) const ROUND: u64 = (SUMS * LANES) as u64;

/// `rounds` rounds of multiply-adds from `words`, which the compiler must not know.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn multiply_adds<const NARROW: bool>(
    words: &[u64; LANES],
    rounds: u64,
) -> u64 {
    let (word, factor) = (load(words), splat(words[0]));
    let mut sums = [wide(word); SUMS];
    // Sums that begin alike would be one.
    for (i, sum) in (0..).zip(&mut sums) {
        *sum = wide(_mm512_set_epi64(i, 7, 6, 5, 4, 3, 2, 1));
    }
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = add_product::<NARROW>(*sum, word, factor);
        }
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
