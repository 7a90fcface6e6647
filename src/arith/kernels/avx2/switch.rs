//! Key switches: few products a word, permuted as they are written.

use std::arch::x86_64::_mm256_add_epi64;

use super::permute::permuted;
use super::wide::{Count, multiply_add, reduce, split, wide};
use super::{
    Constants, LANES, barrett, difference, load, load_doubles, mul_barrett, splat, store,
    subtract_once, to_words,
};
use crate::arith::kernels::{BLOCK, KeySwitch, PAIR, PairsMut, Reduction, TILE};

/// A block of both polynomials.
type Blocks = [[u64; BLOCK]; 2];

/// Block `index` of both polynomials of a key switch, which is made of block `block` of each of
/// `count` digits, before its words are permuted. There are at most 4096 digits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn sums(
    constants: &Constants,
    reduction: Reduction,
    switch: &KeySwitch<'_>,
    count: usize,
    [index, block]: [usize; 2],
) -> Blocks {
    let key = &switch.key.as_chunks::<BLOCK>().0[2 * count * index..][..2 * count];
    let digits = switch.digits.as_chunks::<BLOCK>().0;
    let per_digit = digits.len() / count.max(1);
    let (by, parts) = (barrett(constants), split(constants));
    let mut out = [[0; BLOCK]; 2];
    for (poly, out) in out.iter_mut().enumerate() {
        for (half, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut total = splat(0);
            let mut sum = wide(splat(0));
            for k in 0..count {
                let digit = load_doubles(&digits[k * per_digit + block].as_chunks().0[half]);
                let factor = load_doubles(&key[2 * k + poly].as_chunks().0[half]);
                match reduction {
                    Reduction::Lazy => sum = multiply_add(&parts, sum, digit, factor),
                    Reduction::Eager => {
                        let product = to_words(&by, mul_barrett(&by, digit, factor));
                        total = subtract_once(_mm256_add_epi64(total, product), by.words);
                    }
                }
            }
            let total = match reduction {
                Reduction::Lazy => reduce(constants, sum, Count::single(count)),
                Reduction::Eager => total,
            };
            store(out, total);
        }
    }
    out
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
        let made = sums(constants, reduction, &switch, count, [i, block]);
        for (out, words) in [first, second].into_iter().zip(&made) {
            for (out, order) in out.as_chunks_mut().0.iter_mut().zip(order.as_chunks().0) {
                let words = permuted(words, order);
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
        let made = sums(constants, reduction, &switch, count, [i, block]);
        let pair = &mut out.words[i * BLOCK / TILE * out.stride * PAIR..][..PAIR];
        for (poly, half) in pair.chunks_exact_mut(TILE).enumerate() {
            let less = &subtrahends[poly][i * BLOCK..][..BLOCK];
            let place = &mut half[i * BLOCK % TILE..][..BLOCK];
            let places = place.as_chunks_mut().0.iter_mut().zip(less.as_chunks().0);
            for ((out, less), order) in places.zip(order.as_chunks().0) {
                let mut words = difference(&by, permuted(&made[poly], order), load(less));
                if poly == 0 {
                    let sum = _mm256_add_epi64(words, permuted(&addends[block], order));
                    words = subtract_once(sum, by.words);
                }
                store(out, words);
            }
        }
    }
}
