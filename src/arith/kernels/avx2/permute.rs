//! Permutations of blocks of words.

use std::arch::x86_64::{__m256i, _mm256_add_epi64, _mm256_permutevar8x32_epi32};

use super::{Constants, Words, barrett, load, store, subtract_once};
use crate::arith::kernels::{BLOCK, BlockPermutation};

/// Half of a block, its words in another order: `parts` are the places of their 32-bit parts.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn permuted(half: __m256i, parts: &Words) -> __m256i {
    _mm256_permutevar8x32_epi32(half, load(parts))
}

#[target_feature(enable = "avx2")]
pub(in super::super) fn add_permuted(
    constants: &Constants,
    words: &mut [u64],
    addends: &[u64],
    permutation: &BlockPermutation,
) {
    let q = barrett(constants).words;
    let blocks = addends.as_chunks::<BLOCK>().0;
    for (words, (block, order)) in
        words.as_chunks_mut::<BLOCK>().0.iter_mut().zip(permutation.by_halves())
    {
        let halves = words.as_chunks_mut().0.iter_mut().zip(&order.parts).enumerate();
        for (i, (words, parts)) in halves {
            let addend = permuted(load(&blocks[block].as_chunks().0[(i ^ order.swap) % 2]), parts);
            store(words, subtract_once(_mm256_add_epi64(load(words), addend), q));
        }
    }
}
