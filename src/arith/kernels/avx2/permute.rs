//! Permutations of blocks of words.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_permutevar8x32_epi32, _mm256_shuffle_epi32,
    _mm256_slli_epi64,
};

use super::{Constants, LANES, barrett, by_sign, load, splat, store, subtract_once};
use crate::arith::kernels::{BLOCK, BlockPermutation};

/// Half a block of a permutation: the words of `block` that `order` names.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn permuted(block: &[u64; BLOCK], order: &[u64; LANES]) -> __m256i {
    let (parts, _) = block.as_chunks();
    permuted_halves([load(&parts[0]), load(&parts[1])], order)
}

/// [`permuted`], of a block in registers.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn permuted_halves(block: [__m256i; 2], order: &[u64; LANES]) -> __m256i {
    let order = load(order);
    // Words are moved as halves 2i and 2i + 1; of a half's index the three lowest bits count, so
    // the same indices serve for both parts of the block.
    let halves = _mm256_shuffle_epi32::<0b10_10_00_00>(_mm256_slli_epi64::<1>(order));
    let halves = _mm256_add_epi32(halves, splat(1 << 32));
    let first = _mm256_permutevar8x32_epi32(block[0], halves);
    let second = _mm256_permutevar8x32_epi32(block[1], halves);
    by_sign(_mm256_slli_epi64::<61>(order), second, first)
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
        words.as_chunks_mut::<BLOCK>().0.iter_mut().zip(permutation.blocks())
    {
        for (word, order) in words.as_chunks_mut().0.iter_mut().zip(order.as_chunks().0) {
            let addend = permuted(&blocks[block], order);
            store(word, subtract_once(_mm256_add_epi64(load(word), addend), q));
        }
    }
}
