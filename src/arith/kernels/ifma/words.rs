//! Word by word operations, permutations and small transforms.

use std::arch::x86_64::{
    _mm512_add_epi64, _mm512_cmpgt_epu64_mask, _mm512_mask_sub_epi64, _mm512_min_epu64,
    _mm512_permutexvar_epi64, _mm512_sub_epi64,
};

use super::{
    Constants, LANES, load, mul_barrett, mul_shoup, splat, splat_factor, store, subtract_once,
};
use crate::arith::kernels::{BATCH, BLOCK, BlockPermutation};
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

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &[Shoup],
    data: &mut [[u64; BATCH]],
) {
    let q = splat(constants.q);
    let mut half = data.len() / 2;
    let mut blocks = 1;
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let root = splat_factor(*root);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let product = subtract_once(mul_shoup(load(b), root, q), q);
                let kept = load(a);
                store(a, subtract_once(_mm512_add_epi64(kept, product), q));
                let difference = _mm512_sub_epi64(_mm512_add_epi64(kept, q), product);
                store(b, subtract_once(difference, q));
            }
        }
        half /= 2;
        blocks *= 2;
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    inverse_roots: &[Shoup],
    data: &mut [[u64; BATCH]],
) {
    let q = splat(constants.q);
    let mut half = 1;
    let mut blocks = data.len() / 2;
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&inverse_roots[blocks..]) {
            let root = splat_factor(*root);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (x, y) = (load(a), load(b));
                store(a, subtract_once(_mm512_add_epi64(x, y), q));
                let difference = _mm512_sub_epi64(_mm512_add_epi64(x, q), y);
                store(b, subtract_once(mul_shoup(difference, root, q), q));
            }
        }
        half *= 2;
        blocks /= 2;
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_scale(
    constants: &Constants,
    factor: Shoup,
    data: &mut [[u64; BATCH]],
) {
    let q = splat(constants.q);
    let by = splat_factor(factor);
    for words in data {
        store(words, subtract_once(mul_shoup(load(words), by, q), q));
    }
}
