//! Word by word operations, permutations and small transforms.

use std::arch::x86_64::{
    _mm512_add_epi64, _mm512_cmpgt_epu64_mask, _mm512_mask_sub_epi64, _mm512_min_epu64,
    _mm512_permutexvar_epi64, _mm512_sub_epi64,
};

use super::{Constants, LANES, load, mul_shoup, splat, splat_factor, store, subtract_once};
use crate::arith::kernels::{BATCH, BLOCK, BlockPermutation, PAIR, TILE};
use crate::arith::{Modulus, Shoup};

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn subtract_scale(
    constants: &Constants,
    words: &[u64],
    subtrahends: &[u64],
    factor: Shoup,
    addends: Option<&[u64]>,
    out: &mut [u64],
) {
    let q = splat(constants.q);
    let by = splat_factor(factor);
    let inputs = words.as_chunks().0.iter().zip(subtrahends.as_chunks().0);
    let outputs = out.as_chunks_mut::<LANES>().0.iter_mut();
    if let Some(addends) = addends {
        for ((out, (word, subtrahend)), addend) in outputs.zip(inputs).zip(addends.as_chunks().0) {
            let difference = _mm512_sub_epi64(_mm512_add_epi64(load(word), q), load(subtrahend));
            let product = subtract_once(mul_shoup(difference, by, q), q);
            store(out, subtract_once(_mm512_add_epi64(product, load(addend)), q));
        }
    } else {
        for (out, (word, subtrahend)) in outputs.zip(inputs) {
            let difference = _mm512_sub_epi64(_mm512_add_epi64(load(word), q), load(subtrahend));
            store(out, subtract_once(mul_shoup(difference, by, q), q));
        }
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
pub(in super::super) fn interleave_permuted(
    _: &Constants,
    polys: [&[u64]; 2],
    permutation: &BlockPermutation,
    stride: usize,
    out: &mut [u64],
) {
    let [first, second] = polys.map(|poly| poly.as_chunks::<BLOCK>().0);
    let mut blocks = permutation.blocks();
    for pair in out.chunks_mut(stride * PAIR) {
        let Some((pair, _)) = pair.split_first_chunk_mut::<PAIR>() else { continue };
        let (first_half, second_half) = pair.as_chunks_mut::<LANES>().0.split_at_mut(TILE / LANES);
        for (first_half, second_half) in first_half.iter_mut().zip(second_half) {
            let Some((block, order)) = blocks.next() else { return };
            let order = load(order);
            store(first_half, _mm512_permutexvar_epi64(order, load(&first[block])));
            store(second_half, _mm512_permutexvar_epi64(order, load(&second[block])));
        }
    }
}

#[target_feature(enable = "avx512f")]
pub(in super::super) fn add(constants: &Constants, words: &mut [u64], addends: &[u64]) {
    let q = splat(constants.q);
    for (word, addend) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(addends.as_chunks().0) {
        store(word, subtract_once(_mm512_add_epi64(load(word), load(addend)), q));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn lift_centred(
    constants: &Constants,
    from: &Modulus,
    words: &[u64],
    out: &mut [u64],
) {
    let q = splat(constants.q);
    let one = splat_factor(constants.powers[0]);
    let half = splat(from.value() / 2);
    let from_reduced = splat(from.value() % constants.q);
    for (out, word) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words.as_chunks().0) {
        let word = load(word);
        let negative = _mm512_cmpgt_epu64_mask(word, half);
        let residue = subtract_once(mul_shoup(word, one, q), q);
        // residue - from_reduced, plus q where that is below zero.
        let shifted = _mm512_mask_sub_epi64(residue, negative, residue, from_reduced);
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
