//! Word by word operations.

use std::arch::x86_64::{
    _mm256_add_epi64, _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_set1_pd, _mm256_sub_epi64,
    _mm256_sub_pd,
};

use super::{
    Constants, LANES, barrett, by_sign, difference, load, load_doubles, mul_barrett, mul_shoup,
    splat, splat_factor, store, subtract_once, to_words,
};
use crate::arith::{Modulus, Shoup};

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
    // What is centred is within q of zero.
    if factor.factor == 1 && from.value() < 2 * constants.word {
        return lift_alone(constants, from, words, out);
    }
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

/// [`lift_scaled`] by 1 of words that are within q of zero when they are centred.
#[target_feature(enable = "avx2")]
fn lift_alone(constants: &Constants, from: &Modulus, words: &[u64], out: &mut [u64]) {
    let half = splat(from.value() / 2);
    let added = splat(constants.word.wrapping_sub(from.value()));
    for (out, word) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(words.as_chunks().0) {
        let word = load(word);
        let is_negative = _mm256_sub_epi64(half, word);
        store(out, by_sign(is_negative, _mm256_add_epi64(word, added), word));
    }
}
