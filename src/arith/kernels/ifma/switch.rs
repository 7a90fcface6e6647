//! Key switches: sums of few products over scattered blocks, reduced by Montgomery's method.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_min_epu64,
    _mm512_permutexvar_epi64, _mm512_setzero_si512, _mm512_srli_epi64, _mm512_sub_epi64,
};

use super::sums::load_factors;
use super::{
    Constants, LAZY_TERMS, Wide, load, multiply_add, reduce_by, splat, store, subtract_once, wide,
};
use crate::arith::kernels::avx2::{Unpack, unpack};
use crate::arith::kernels::factors::Tiles;
use crate::arith::kernels::stream::Stream;
use crate::arith::kernels::{BLOCK, KeySwitch, PAIR, PairsMut, Reduction, TILE};

/// What Montgomery's method needs, in registers.
#[derive(Clone, Copy)]
struct Montgomery<'a> {
    constants: &'a Constants,
    q: __m512i,
    twice: __m512i,
    inverse: __m512i,
    /// Whether sums are small enough for one step.
    is_short: bool,
}

/// For sums of `terms` products.
#[inline]
#[target_feature(enable = "avx512f")]
fn montgomery(constants: &Constants, terms: usize) -> Montgomery<'_> {
    Montgomery {
        constants,
        q: splat(constants.q),
        twice: splat(2 * constants.q),
        inverse: splat(constants.inverse),
        is_short: terms <= 1 << (52 - constants.bits).min(LAZY_TERMS.ilog2()),
    }
}

/// The sum divided by 2^52 modulo q, in `(-q, q)`, where the sum is less than 2^52 q: that of at most
/// 2^(52 - bits) products.
///
/// With m = sum / q modulo 2^52 the difference sum - m q is a multiple of 2^52. The low halves of
/// both are equal, so the difference of the high ones is all there is to it; the sum's is below q
/// and that of m q is, too.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn divide(by: &Montgomery<'_>, sum: Wide) -> __m512i {
    let zero = _mm512_setzero_si512();
    // Multiplication looks at the low 52 bits of its factors.
    let multiple = _mm512_madd52lo_epu64(zero, sum.low, by.inverse);
    let high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<52>(sum.low));
    _mm512_sub_epi64(high, _mm512_madd52hi_epu64(zero, multiple, by.q))
}

/// `value` in `(-bound, bound)`, or up to 2 bounds more, with what is negative made positive: the
/// smaller of both as unsigned numbers.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_if_negative(value: __m512i, bound: __m512i) -> __m512i {
    _mm512_min_epu64(value, _mm512_add_epi64(value, bound))
}

/// One block of both polynomials, in `(-q, q)`, not yet in order; `keys` has the tiles of its `count`
/// digits next.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn switched_block<const LAZY: bool>(
    by: &Montgomery<'_>,
    digits: &[[u64; BLOCK]],
    per_digit: usize,
    block: usize,
    (unpack, keys): (Unpack, &mut Tiles<'_>),
) -> [__m512i; 2] {
    let zero = _mm512_setzero_si512();
    let mut sums = [wide(zero); 2];
    let mut totals = [zero; 2];
    for (digits, key) in digits.chunks_exact(per_digit).zip(keys) {
        let digit = load(&digits[block]);
        let key = load_factors(unpack, key);
        for ((sum, total), key) in sums.iter_mut().zip(&mut totals).zip(key) {
            if LAZY {
                *sum = multiply_add(*sum, digit, key);
            } else {
                let product = divide(by, multiply_add(wide(zero), digit, key));
                let product = add_if_negative(product, by.q);
                *total = subtract_once(_mm512_add_epi64(*total, product), by.q);
            }
        }
    }
    if !LAZY {
        return totals;
    }
    if !by.is_short {
        return divide_long(by.constants, sums);
    }
    [divide(by, sums[0]), divide(by, sums[1])]
}

/// Any sums, divided by 2^52 modulo q. Apart, so that what is common stays small.
#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn divide_long(constants: &Constants, sums: [Wide; 2]) -> [__m512i; 2] {
    let [one, step, _] = constants.powers;
    let powers = [constants.down, one, step];
    [reduce_by(constants, powers, sums[0]), reduce_by(constants, powers, sums[1])]
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn switch_key(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    adds: bool,
    sums: [&mut [u64]; 2],
) {
    match reduction {
        Reduction::Eager => switch_by::<false>(constants, switch, adds, sums),
        Reduction::Lazy => switch_by::<true>(constants, switch, adds, sums),
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn switch_by<const LAZY: bool>(
    constants: &Constants,
    switch: KeySwitch<'_>,
    adds: bool,
    [first, second]: [&mut [u64]; 2],
) {
    let digits = switch.digits.as_chunks::<BLOCK>().0;
    let sums = first.as_chunks_mut::<BLOCK>().0.iter_mut().zip(second.as_chunks_mut().0);
    let per_digit = sums.len().max(1);
    let count = digits.len() / per_digit;
    let by = montgomery(constants, count);
    let (unpack, mut keys) = (unpack(switch.key), switch.key.tiles());
    for ((first, second), (block, order)) in sums.zip(switch.permutation.blocks()) {
        let order = load(order);
        let words = switched_block::<LAZY>(&by, digits, per_digit, block, (unpack, &mut keys));
        for (sum, word) in [first, second].into_iter().zip(words) {
            let mut word = add_if_negative(_mm512_permutexvar_epi64(order, word), by.q);
            if adds {
                word = subtract_once(_mm512_add_epi64(load(sum), word), by.q);
            }
            store(sum, word);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn switch_key_to_pairs(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    match reduction {
        Reduction::Eager => pairs_by::<false>(constants, switch, subtrahends, addend, out),
        Reduction::Lazy => pairs_by::<true>(constants, switch, subtrahends, addend, out),
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn pairs_by<const LAZY: bool>(
    constants: &Constants,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let digits = switch.digits.as_chunks::<BLOCK>().0;
    let addend = addend.as_chunks::<BLOCK>().0;
    let per_digit = addend.len().max(1);
    let count = digits.len() / per_digit;
    let by = montgomery(constants, count);
    let (unpack, mut keys) = (unpack(switch.key), switch.key.tiles());
    let [first, second] = subtrahends.map(|words| words.as_chunks::<BLOCK>().0.iter());
    let mut others = first.zip(second);
    let mut blocks = switch.permutation.blocks();
    let stream = Stream::new(out.streams);
    for pair in out.words.chunks_mut(out.stride * PAIR) {
        let Some((pair, _)) = pair.split_first_chunk_mut::<PAIR>() else { continue };
        let (first_half, second_half) = pair.as_chunks_mut::<BLOCK>().0.split_at_mut(TILE / BLOCK);
        for (first_half, second_half) in first_half.iter_mut().zip(second_half) {
            let (Some((block, order)), Some((first, second))) = (blocks.next(), others.next())
            else {
                return;
            };
            let order = load(order);
            let words = switched_block::<LAZY>(&by, digits, per_digit, block, (unpack, &mut keys));
            // In (-2q, 2q): a switched word, the addend, the subtrahend.
            let word = _mm512_add_epi64(words[0], load(&addend[block]));
            let word = _mm512_sub_epi64(_mm512_permutexvar_epi64(order, word), load(first));
            let word = add_if_negative(word, by.twice);
            stream.write_512(first_half, subtract_once(word, by.q));
            let word = _mm512_sub_epi64(_mm512_permutexvar_epi64(order, words[1]), load(second));
            let word = add_if_negative(word, by.twice);
            stream.write_512(second_half, subtract_once(word, by.q));
        }
    }
}
