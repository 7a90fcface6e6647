//! Word by word operations, permutations and small transforms.

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_add_pd, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_permutevar8x32_epi32, _mm256_set1_pd, _mm256_shuffle_epi32,
    _mm256_slli_epi64, _mm256_sub_epi64, _mm256_sub_pd,
};

use super::switch::difference;
use super::{
    Barrett, Constants, LANES, barrett, by_sign, load, load_doubles, mul_barrett, mul_shoup,
    remainder, splat, splat_factor, store, subtract_once, to_words,
};
use crate::arith::kernels::{BATCH, BLOCK, BlockPermutation, InverseRoots, Root};
use crate::arith::{Modulus, Shoup};

/// Half a block of a permutation: the words of `block` that `order` names.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn permuted(block: &[u64; BLOCK], order: &[u64; LANES]) -> __m256i {
    let order = load(order);
    // Words are moved as halves 2i and 2i + 1; of a half's index the three lowest bits count, so
    // the same indices serve for both parts of the block.
    let halves = _mm256_shuffle_epi32::<0b10_10_00_00>(_mm256_slli_epi64::<1>(order));
    let halves = _mm256_add_epi32(halves, splat(1 << 32));
    let (parts, _) = block.as_chunks();
    let first = _mm256_permutevar8x32_epi32(load(&parts[0]), halves);
    let second = _mm256_permutevar8x32_epi32(load(&parts[1]), halves);
    by_sign(_mm256_slli_epi64::<61>(order), second, first)
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn scaled_difference(
    constants: &Constants,
    factor: Shoup,
    minuends: &[u64],
    subtrahends: &[u64],
    out: &mut [u64],
) {
    let by = barrett(constants);
    let factor = splat_factor(factor);
    let words = minuends.as_chunks().0.iter().zip(subtrahends.as_chunks().0);
    for (out, (minuend, subtrahend)) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words) {
        let product = to_words(&by, mul_shoup(&by, load_doubles(minuend), factor));
        let sum = _mm256_add_epi64(product, by.words);
        store(out, subtract_once(_mm256_sub_epi64(sum, load(subtrahend)), by.words));
    }
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

#[target_feature(enable = "avx2")]
pub(in super::super) fn add(constants: &Constants, words: &mut [u64], addends: &[u64]) {
    let q = barrett(constants).words;
    for (word, addend) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(addends.as_chunks().0) {
        store(word, subtract_once(_mm256_add_epi64(load(word), load(addend)), q));
    }
}

#[target_feature(enable = "avx2")]
pub(in super::super) fn subtract(constants: &Constants, words: &mut [u64], subtrahends: &[u64]) {
    let by = barrett(constants);
    let pairs = words.as_chunks_mut::<LANES>().0.iter_mut().zip(subtrahends.as_chunks().0);
    for (word, subtrahend) in pairs {
        store(word, difference(&by, load(word), load(subtrahend)));
    }
}

#[target_feature(enable = "avx2")]
pub(in super::super) fn add_difference(
    constants: &Constants,
    words: &mut [u64],
    addends: &[u64],
    subtrahends: &[u64],
) {
    let by = barrett(constants);
    let others = addends.as_chunks().0.iter().zip(subtrahends.as_chunks().0);
    for (word, (addend, subtrahend)) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(others) {
        let more = difference(&by, load(addend), load(subtrahend));
        store(word, subtract_once(_mm256_add_epi64(load(word), more), by.words));
    }
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn multiply(constants: &Constants, words: &mut [u64], factors: &[u64]) {
    let by = barrett(constants);
    for (word, factor) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(factors.as_chunks().0) {
        store(word, to_words(&by, mul_barrett(&by, load_doubles(word), load_doubles(factor))));
    }
}

/// A centred word is within 2^49 of zero.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn lift_scaled(
    constants: &Constants,
    from: &Modulus,
    factor: Shoup,
    words: &[u64],
    out: &mut [u64],
) {
    let by = barrett(constants);
    let factor = splat_factor(factor);
    let half = splat(from.value() / 2);
    let p = _mm256_castpd_si256(_mm256_set1_pd(from.value() as f64));
    for (out, word) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words.as_chunks().0) {
        let is_negative = _mm256_sub_epi64(half, load(word));
        let shift = by_sign(is_negative, p, splat(0));
        let centred = _mm256_sub_pd(load_doubles(word), _mm256_castsi256_pd(shift));
        store(out, to_words(&by, mul_shoup(&by, centred, factor)));
    }
}

/// The halves of a batch, while a transform keeps doubles in its words.
#[inline]
#[target_feature(enable = "avx2")]
fn load_batch(batch: &[u64; BATCH]) -> [__m256d; 2] {
    let (halves, _) = batch.as_chunks();
    [_mm256_castsi256_pd(load(&halves[0])), _mm256_castsi256_pd(load(&halves[1]))]
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_batch(batch: &mut [u64; BATCH], values: [__m256d; 2]) {
    for (half, value) in batch.as_chunks_mut().0.iter_mut().zip(values) {
        store(half, _mm256_castpd_si256(value));
    }
}

/// Integers in `[0, q)` become doubles, in place.
#[target_feature(enable = "avx2")]
fn enter(data: &mut [[u64; BATCH]]) {
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        store(words, _mm256_castpd_si256(load_doubles(words)));
    }
}

/// Undoes [`enter`] for doubles whose quotients by q [`remainder`] takes.
#[target_feature(enable = "avx2,fma")]
fn leave(by: &Barrett, data: &mut [[u64; BATCH]]) {
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        let value = _mm256_castsi256_pd(load(words));
        store(words, to_words(by, remainder(by, value)));
    }
}

/// Between stages all values are within 3/2 q of zero, so that the remainder of one is hardly more
/// than q / 2, a product of one at most (1/2 + 3/8) q, and their sum and difference within 3/2 q.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &[Root],
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let mut half = data.len() / 2;
    let mut blocks = 1;
    enter(data);
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let root = splat_factor(root.by);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (mut sums, mut differences) = (load_batch(a), load_batch(b));
                for (x, y) in sums.iter_mut().zip(&mut differences) {
                    let (kept, product) = (remainder(&by, *x), mul_shoup(&by, *y, root));
                    (*x, *y) = (_mm256_add_pd(kept, product), _mm256_sub_pd(kept, product));
                }
                store_batch(a, sums);
                store_batch(b, differences);
            }
        }
        half /= 2;
        blocks *= 2;
    }
    leave(&by, data);
}

/// Between stages all values are within q of zero, so that a difference is within 2^51.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    inverse: &InverseRoots,
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let mut half = 1;
    let mut blocks = data.len() / 2;
    enter(data);
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&inverse.roots[blocks..]) {
            let root = splat_factor(root.by);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (mut sums, mut products) = (load_batch(a), load_batch(b));
                for (x, y) in sums.iter_mut().zip(&mut products) {
                    let difference = _mm256_sub_pd(*x, *y);
                    *x = remainder(&by, _mm256_add_pd(*x, *y));
                    *y = mul_shoup(&by, difference, root);
                }
                store_batch(a, sums);
                store_batch(b, products);
            }
        }
        half *= 2;
        blocks /= 2;
    }
    leave(&by, data);
    small_scale(constants, inverse.share.by, data);
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_scale(
    constants: &Constants,
    factor: Shoup,
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let factor = splat_factor(factor);
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        store(words, to_words(&by, mul_shoup(&by, load_doubles(words), factor)));
    }
}
