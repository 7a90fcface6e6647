//! Key switches: few products a word, permuted as they are written.

use std::arch::x86_64::{__m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_setzero_pd};

use super::permute::{permuted, permuted_halves};
use super::wide::{Count, multiply_add, reduce, split, wide};
use super::{
    Barrett, Constants, barrett, difference, load, load_doubles, mul_barrett, remainder, splat,
    store, subtract_once, to_words,
};
use crate::arith::kernels::{BLOCK, KeySwitch, PAIR, PairsMut, Reduction, TILE};

/// Digits whose products are reduced one by one, up to their signs, and added: of so few this takes less
/// than a wide sum. Each lies in (-q, q), so that all together are doubles without loss.
const FEW_DIGITS: usize = 4;

/// A block of both polynomials, each in two halves.
type Blocks = [[__m256i; 2]; 2];

/// What one block of a key switch is made of.
#[derive(Clone, Copy)]
struct Terms<'a> {
    digits: &'a [[u64; BLOCK]],
    /// Blocks of a digit, and the one that is meant.
    blocks: usize,
    block: usize,
    /// Of both polynomials, for each digit.
    keys: &'a [[[u64; BLOCK]; 2]],
}

impl<'a> Terms<'a> {
    /// Of block `index` of the result, which is made of block `block` of each of `count` digits.
    #[inline]
    fn new(switch: &KeySwitch<'a>, count: usize, [index, block]: [usize; 2]) -> Self {
        let keys = switch.key.as_chunks::<BLOCK>().0.as_chunks::<2>().0;
        let digits = switch.digits.as_chunks::<BLOCK>().0;
        let keys = &keys[count * index..][..count];
        Self { digits, blocks: digits.len() / count.max(1), block, keys }
    }

    /// Half of the block of digit `k`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn digit(&self, k: usize, half: usize) -> __m256d {
        load_doubles(&self.digits[k * self.blocks + self.block].as_chunks().0[half])
    }
}

/// Half of the key's block of one polynomial.
#[inline]
#[target_feature(enable = "avx2")]
fn factor(keys: &[[u64; BLOCK]; 2], poly: usize, half: usize) -> __m256d {
    load_doubles(&keys[poly].as_chunks().0[half])
}

/// Half of a block of both polynomials, of at most [`FEW_DIGITS`] digits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn few(by: &Barrett, terms: &Terms<'_>, half: usize) -> [__m256i; 2] {
    let [mut first, mut second] = [_mm256_setzero_pd(); 2];
    for (k, keys) in terms.keys.iter().enumerate() {
        let digit = terms.digit(k, half);
        first = _mm256_add_pd(first, mul_barrett(by, digit, factor(keys, 0, half)));
        second = _mm256_add_pd(second, mul_barrett(by, digit, factor(keys, 1, half)));
    }
    if terms.keys.len() > 1 {
        (first, second) = (remainder(by, first), remainder(by, second));
    }
    [to_words(by, first), to_words(by, second)]
}

/// The same of any number of digits, at most 4096.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn many(constants: &Constants, terms: &Terms<'_>, half: usize) -> [__m256i; 2] {
    let parts = split(constants);
    let [mut first, mut second] = [wide(splat(0)); 2];
    for (k, keys) in terms.keys.iter().enumerate() {
        let digit = terms.digit(k, half);
        first = multiply_add(&parts, first, digit, factor(keys, 0, half));
        second = multiply_add(&parts, second, digit, factor(keys, 1, half));
    }
    let count = Count::single(terms.keys.len());
    [reduce(constants, first, count), reduce(constants, second, count)]
}

/// The same with every product and every sum reduced.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn eager(by: &Barrett, terms: &Terms<'_>, half: usize) -> [__m256i; 2] {
    let mut totals = [splat(0); 2];
    for (k, keys) in terms.keys.iter().enumerate() {
        let digit = terms.digit(k, half);
        for (poly, total) in totals.iter_mut().enumerate() {
            let product = to_words(by, mul_barrett(by, digit, factor(keys, poly, half)));
            *total = subtract_once(_mm256_add_epi64(*total, product), by.words);
        }
    }
    totals
}

/// A block of both polynomials, before its words are permuted.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sums(constants: &Constants, by: &Barrett, reduction: Reduction, terms: &Terms<'_>) -> Blocks {
    let [[a, b], [c, d]] = match reduction {
        Reduction::Eager => [eager(by, terms, 0), eager(by, terms, 1)],
        Reduction::Lazy if terms.keys.len() <= FEW_DIGITS => [few(by, terms, 0), few(by, terms, 1)],
        Reduction::Lazy => [many(constants, terms, 0), many(constants, terms, 1)],
    };
    [[a, c], [b, d]]
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn switch_key(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    adds: bool,
    [first, second]: [&mut [u64]; 2],
) {
    let by = barrett(constants);
    let count = switch.digits.len() / first.len().max(1);
    let places = first.as_chunks_mut::<BLOCK>().0.iter_mut().zip(second.as_chunks_mut().0);
    for ((i, (block, order)), (first, second)) in
        switch.permutation.blocks().enumerate().zip(places)
    {
        let made = sums(constants, &by, reduction, &Terms::new(&switch, count, [i, block]));
        for (out, words) in [first, second].into_iter().zip(made) {
            for (out, order) in out.as_chunks_mut().0.iter_mut().zip(order.as_chunks().0) {
                let words = permuted_halves(words, order);
                let sum = _mm256_add_epi64(load(out), words);
                store(out, if adds { subtract_once(sum, by.words) } else { words });
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn switch_key_to_pairs(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let by = barrett(constants);
    let count = switch.digits.len() / addend.len().max(1);
    let addends = addend.as_chunks::<BLOCK>().0;
    for (i, (block, order)) in switch.permutation.blocks().enumerate() {
        let made = sums(constants, &by, reduction, &Terms::new(&switch, count, [i, block]));
        let pair = &mut out.words[i * BLOCK / TILE * out.stride * PAIR..][..PAIR];
        for (poly, half) in pair.chunks_exact_mut(TILE).enumerate() {
            let less = &subtrahends[poly][i * BLOCK..][..BLOCK];
            let place = &mut half[i * BLOCK % TILE..][..BLOCK];
            let places = place.as_chunks_mut().0.iter_mut().zip(less.as_chunks().0);
            for ((out, less), order) in places.zip(order.as_chunks().0) {
                let mut words = difference(&by, permuted_halves(made[poly], order), load(less));
                if poly == 0 {
                    let sum = _mm256_add_epi64(words, permuted(&addends[block], order));
                    words = subtract_once(sum, by.words);
                }
                store(out, words);
            }
        }
    }
}
