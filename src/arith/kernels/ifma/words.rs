//! Word by word operations and permutations.

use std::arch::x86_64::{
    _mm512_add_epi64, _mm512_cmpgt_epu64_mask, _mm512_mask_add_epi64, _mm512_mask_sub_epi64,
    _mm512_min_epu64, _mm512_permutexvar_epi64, _mm512_sub_epi64,
};

use super::{
    Constants, LANES, load, mul_barrett, mul_shoup, splat, splat_factor, store, subtract_once,
};
use crate::arith::kernels::{BLOCK, BlockPermutation};
use crate::arith::{Modulus, Shoup};

#[target_feature(enable = "avx512f")]
pub(in super::super) fn add_difference(
    constants: &Constants,
    words: &mut [u64],
    addends: &[u64],
    subtrahends: &[u64],
) {
    let q = splat(constants.q);
    let twice = splat(2 * constants.q);
    let others = addends.as_chunks().0.iter().zip(subtrahends.as_chunks().0);
    for (word, (addend, subtrahend)) in words.as_chunks_mut().0.iter_mut().zip(others) {
        let sum = _mm512_add_epi64(load(word), load(addend));
        let total = _mm512_sub_epi64(_mm512_add_epi64(sum, q), load(subtrahend));
        store(word, subtract_once(subtract_once(total, twice), q));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn scaled_difference(
    constants: &Constants,
    factor: Shoup,
    minuends: &[u64],
    subtrahends: &[u64],
    out: &mut [u64],
) {
    let q = splat(constants.q);
    let by = splat_factor(factor);
    let words = minuends.as_chunks().0.iter().zip(subtrahends.as_chunks().0);
    for (out, (minuend, subtrahend)) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words) {
        let product = subtract_once(mul_shoup(load(minuend), by, q), q);
        let difference = _mm512_sub_epi64(product, load(subtrahend));
        store(out, _mm512_min_epu64(difference, _mm512_add_epi64(difference, q)));
    }
}

#[target_feature(enable = "avx512f")]
pub(in super::super) fn add_permuted(
    constants: &Constants,
    words: &mut [u64],
    addends: &[u64],
    permutation: &BlockPermutation,
) {
    let q = splat(constants.q);
    let blocks = addends.as_chunks::<BLOCK>().0;
    for (word, (block, order)) in words.as_chunks_mut().0.iter_mut().zip(permutation.blocks()) {
        let addend = _mm512_permutexvar_epi64(load(order), load(&blocks[block]));
        store(word, subtract_once(_mm512_add_epi64(load(word), addend), q));
    }
}

#[target_feature(enable = "avx512f")]
pub(in super::super) fn add(constants: &Constants, words: &mut [u64], addends: &[u64]) {
    let q = splat(constants.q);
    for (word, addend) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(addends.as_chunks().0) {
        store(word, subtract_once(_mm512_add_epi64(load(word), load(addend)), q));
    }
}

#[target_feature(enable = "avx512f")]
pub(in super::super) fn subtract(constants: &Constants, words: &mut [u64], subtrahends: &[u64]) {
    let q = splat(constants.q);
    let pairs = words.as_chunks_mut::<LANES>().0.iter_mut().zip(subtrahends.as_chunks().0);
    for (word, subtrahend) in pairs {
        let difference = _mm512_sub_epi64(load(word), load(subtrahend));
        store(word, _mm512_min_epu64(difference, _mm512_add_epi64(difference, q)));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn multiply(constants: &Constants, words: &mut [u64], factors: &[u64]) {
    let q = splat(constants.q);
    for (word, factor) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(factors.as_chunks().0) {
        store(word, mul_barrett(constants, load(word), load(factor), q));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn lift_scaled(
    constants: &Constants,
    from: &Modulus,
    factor: Shoup,
    words: &[u64],
    out: &mut [u64],
) {
    if factor.factor == 1 && from.value() / 2 < constants.q {
        return lift_small(constants, from, words, out);
    }
    let q = splat(constants.q);
    let by = splat_factor(factor);
    let half = splat(from.value() / 2);
    let shift = subtract_once(mul_shoup(splat(from.value()), by, q), q);
    for (out, word) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words.as_chunks().0) {
        let word = load(word);
        let negative = _mm512_cmpgt_epu64_mask(word, half);
        let product = subtract_once(mul_shoup(word, by, q), q);
        // The product of the centred word, plus q where that is below zero.
        let shifted = _mm512_mask_sub_epi64(product, negative, product, shift);
        store(out, _mm512_min_epu64(shifted, _mm512_add_epi64(shifted, q)));
    }
}

/// [`lift_scaled`] by 1, of centred words that are less than q.
#[target_feature(enable = "avx512f")]
fn lift_small(constants: &Constants, from: &Modulus, words: &[u64], out: &mut [u64]) {
    let half = splat(from.value() / 2);
    let shift = splat(constants.q.wrapping_sub(from.value()));
    for (out, word) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words.as_chunks().0) {
        let word = load(word);
        let negative = _mm512_cmpgt_epu64_mask(word, half);
        store(out, _mm512_mask_add_epi64(word, negative, word, shift));
    }
}
