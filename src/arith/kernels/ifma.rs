//! Kernels with AVX-512's 52-bit multiply-add: `vpmadd52luq` adds the low 52 bits of a 104-bit
//! product to a 64-bit lane, `vpmadd52huq` the high 52 bits. Moduli have at most 50 bits.
//!
//! Functions here are safe to call where the processor has `avx512f` and `avx512ifma`; the
//! dispatcher in the parent module sees to that.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_cvtsi64_si128, _mm512_add_epi64, _mm512_and_si512,
    _mm512_cmpgt_epu64_mask, _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_mask_sub_epi64, _mm512_min_epu64, _mm512_or_si512, _mm512_permutexvar_epi64,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_sll_epi64, _mm512_srl_epi64, _mm512_srli_epi64,
    _mm512_storeu_si512, _mm512_sub_epi64,
};

use super::{BATCH, BLOCK, BlockPermutation, PAIR, Row, TILE};
use crate::arith::{Modulus, Shoup};

const LANES: usize = 8;
const MASK52: u64 = (1 << 52) - 1;

/// Terms that a lazy accumulator takes before it must be reduced: its low half then holds less
/// than 2^50 (a reduced value) and each term adds less than 2^52, so 4095 terms stay below 2^64.
/// The high half gains less than 2^48 a term and stays below 2^60.
const LAZY_TERMS: usize = 4095;

/// Whether this processor runs these kernels.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// What the kernels need to know of a modulus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants {
    q: u64,
    bits: u32,
    /// floor(2^(bits+51) / q), below 2^52: Barrett's constant, scaled for a high 52-bit product.
    barrett: u64,
    /// 1, 2^52 and 2^104 modulo q, with Shoup's 64-bit quotients.
    powers: [Shoup; 3],
    /// Products whose sum [`reduce_short`] takes.
    short_terms: usize,
}

impl Constants {
    pub(super) fn new(modulus: &Modulus) -> Self {
        let step = modulus.reduce(1 << 52);
        Self {
            q: modulus.value(),
            bits: modulus.bits(),
            barrett: ((1u128 << (modulus.bits() + 51)) / u128::from(modulus.value())) as u64,
            powers: [1, step, modulus.mul(step, step)].map(|power| modulus.shoup(power)),
            short_terms: 1 << (50 - modulus.bits()).min(LAZY_TERMS.ilog2()),
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(words: &[u64; LANES]) -> __m512i {
    // SAFETY: the array is 64 readable bytes, and the instruction asks for no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(words: &mut [u64; LANES], value: __m512i) {
    // SAFETY: the array is 64 writable bytes, and the instruction asks for no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word.cast_signed())
}

/// `value` in `[0, 2 * bound)` reduced to `[0, bound)`: the wrapped difference is the larger one
/// exactly when it is negative.
#[inline]
#[target_feature(enable = "avx512f")]
fn subtract_once(value: __m512i, bound: __m512i) -> __m512i {
    _mm512_min_epu64(value, _mm512_sub_epi64(value, bound))
}

/// A modulus and a Shoup factor in registers.
#[derive(Clone, Copy)]
struct Factor {
    factor: __m512i,
    quotient: __m512i,
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat_factor(shoup: Shoup) -> Factor {
    // The 52-bit quotient is the 64-bit one without its last 12 bits.
    Factor { factor: splat(shoup.factor), quotient: splat(shoup.quotient >> 12) }
}

/// `value * factor` in `[0, 2q)` for `value` below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_shoup(value: __m512i, by: Factor, q: __m512i) -> __m512i {
    let zero = _mm512_setzero_si512();
    let quotient = _mm512_madd52hi_epu64(zero, value, by.quotient);
    let product = _mm512_madd52lo_epu64(zero, value, by.factor);
    let multiple = _mm512_madd52lo_epu64(zero, quotient, q);
    _mm512_and_si512(_mm512_sub_epi64(product, multiple), splat(MASK52))
}

/// A sum of 104-bit products as `high * 2^52 + low`.
#[derive(Clone, Copy)]
struct Wide {
    low: __m512i,
    high: __m512i,
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide(low: __m512i) -> Wide {
    Wide { low, high: _mm512_setzero_si512() }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply_add(sum: Wide, a: __m512i, b: __m512i) -> Wide {
    Wide { low: _mm512_madd52lo_epu64(sum.low, a, b), high: _mm512_madd52hi_epu64(sum.high, a, b) }
}

/// The sum modulo q, in `[0, q)`; `low` may be any 64-bit value and `high` any below 2^63.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce(constants: &Constants, sum: Wide) -> __m512i {
    let q = splat(constants.q);
    let mask = splat(MASK52);
    let high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<52>(sum.low));
    let digits = [
        _mm512_and_si512(sum.low, mask),
        _mm512_and_si512(high, mask),
        _mm512_srli_epi64::<52>(high),
    ];
    // Three values below 2q: their sum is below 6q.
    let mut total = _mm512_setzero_si512();
    for (digit, power) in digits.into_iter().zip(constants.powers) {
        total = _mm512_add_epi64(total, mul_shoup(digit, splat_factor(power), q));
    }
    let total = subtract_once(total, splat(4 * constants.q));
    let total = subtract_once(total, splat(2 * constants.q));
    subtract_once(total, q)
}

/// What Barrett's method needs, in registers.
#[derive(Clone, Copy)]
struct Barrett {
    q: __m512i,
    twice: __m512i,
    constant: __m512i,
    up: __m128i,
    down: __m128i,
}

#[inline]
#[target_feature(enable = "avx512f")]
fn barrett(constants: &Constants) -> Barrett {
    Barrett {
        q: splat(constants.q),
        twice: splat(2 * constants.q),
        constant: splat(constants.barrett),
        up: _mm_cvtsi64_si128(i64::from(53 - constants.bits)),
        down: _mm_cvtsi64_si128(i64::from(constants.bits - 1)),
    }
}

/// The sum modulo q, in `[0, q)`, of at most 2^(50 - bits) products by Barrett's method.
///
/// With s < 2^(50+bits) the part of the sum above its lowest bits - 1 is below 2^51, so it is one
/// factor. Of the quotient floor(s / q) the lost low part takes at most 2^(bits-1) / q <= 1, the
/// rounding of the constant less than 2^51 / 2^52, and the rounding of the product less than 1: it
/// is at most 3 too small, and the remainder below 4q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_short(by: &Barrett, sum: Wide) -> __m512i {
    let mask = splat(MASK52);
    let high = _mm512_add_epi64(sum.high, _mm512_srli_epi64::<52>(sum.low));
    let low = _mm512_and_si512(sum.low, mask);
    let top = _mm512_or_si512(_mm512_sll_epi64(high, by.up), _mm512_srl_epi64(low, by.down));
    let zero = _mm512_setzero_si512();
    let quotient = _mm512_madd52hi_epu64(zero, top, by.constant);
    let multiple = _mm512_madd52lo_epu64(zero, quotient, by.q);
    let remainder = _mm512_and_si512(_mm512_sub_epi64(low, multiple), mask);
    subtract_once(subtract_once(remainder, by.twice), by.q)
}

/// `a * b` in `[0, q)` by Barrett's method.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_barrett(constants: &Constants, a: __m512i, b: __m512i, q: __m512i) -> __m512i {
    let zero = _mm512_setzero_si512();
    let low = _mm512_madd52lo_epu64(zero, a, b);
    let high = _mm512_madd52hi_epu64(zero, a, b);
    // floor(a * b / 2^(bits-1)), below 2^(bits+1).
    let up = _mm_cvtsi64_si128(i64::from(53 - constants.bits));
    let down = _mm_cvtsi64_si128(i64::from(constants.bits - 1));
    let top = _mm512_or_si512(_mm512_sll_epi64(high, up), _mm512_srl_epi64(low, down));
    let quotient = _mm512_madd52hi_epu64(zero, top, splat(constants.barrett));
    let multiple = _mm512_madd52lo_epu64(zero, quotient, q);
    // The quotient is at most 2 too small: the remainder is below 3q, and below 2^52.
    let remainder = _mm512_and_si512(_mm512_sub_epi64(low, multiple), splat(MASK52));
    subtract_once(subtract_once(remainder, splat(2 * constants.q)), q)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store_pair(out: &mut [u64; PAIR], values: [__m512i; PAIR / LANES]) {
    for (out, value) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(values) {
        store(out, value);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_pair(term: &[u64; PAIR]) -> [__m512i; PAIR / LANES] {
    let words = term.as_chunks::<LANES>().0;
    [load(&words[0]), load(&words[1]), load(&words[2]), load(&words[3])]
}

/// Reduces `sums` in place. A loop, since closures given to `array::map` do not inherit the target
/// features and would be calls.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn fold(constants: &Constants, sums: &mut [Wide; PAIR / LANES]) {
    for sum in sums {
        *sum = wide(reduce(constants, *sum));
    }
}

/// Reduces sums of `terms` products and writes them out.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn finish(constants: &Constants, terms: usize, sums: &[Wide; PAIR / LANES], out: &mut [u64; PAIR]) {
    let out = out.as_chunks_mut::<LANES>().0.iter_mut().zip(sums);
    if terms <= constants.short_terms {
        let by = barrett(constants);
        for (out, sum) in out {
            store(out, reduce_short(&by, *sum));
        }
    } else {
        for (out, sum) in out {
            store(out, reduce(constants, *sum));
        }
    }
}

/// `O * 8` accumulators, all in registers for `O <= 2`.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn scalar_tile_lazy<const O: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let mut sums = [[wide(_mm512_setzero_si512()); PAIR / LANES]; O];
    let mut room = LAZY_TERMS;
    let mut start = 0;
    for segment in segments {
        let mut terms = segment.as_chunks::<PAIR>().0;
        while !terms.is_empty() {
            if room == 0 {
                for sums in &mut sums {
                    fold(constants, sums);
                }
                room = LAZY_TERMS;
            }
            let (now, later) = terms.split_at(terms.len().min(room));
            // Equal lengths, told to the compiler once, keep bounds checks out of the loop.
            let mut factors = [[].as_slice(); O];
            for (factors, row) in factors.iter_mut().zip(&rows) {
                *factors = &row.factors[start..start + now.len()];
            }
            for (k, term) in now.iter().enumerate() {
                let words = load_pair(term);
                for (sums, row) in sums.iter_mut().zip(factors) {
                    let factor = splat(row[k]);
                    for (sum, word) in sums.iter_mut().zip(words) {
                        *sum = multiply_add(*sum, word, factor);
                    }
                }
            }
            (terms, start, room) = (later, start + now.len(), room - now.len());
        }
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        finish(constants, start, sums, out);
    }
}

/// [`scalar_tile_lazy`] of four sums: one half of the pair after the other, each with 16
/// accumulators, so that every word that is loaded meets four factors.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn scalar_quad_lazy(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; 4],
    out: &mut [[u64; PAIR]; 4],
) {
    let by = barrett(constants);
    let count = rows[0].factors.len();
    for half in 0..2 {
        let mut sums = [[wide(_mm512_setzero_si512()); TILE / LANES]; 4];
        let mut room = LAZY_TERMS;
        let mut start = 0;
        for segment in segments {
            let mut terms = segment.as_chunks::<PAIR>().0;
            while !terms.is_empty() {
                if room == 0 {
                    for sum in sums.as_flattened_mut() {
                        *sum = wide(reduce(constants, *sum));
                    }
                    room = LAZY_TERMS;
                }
                let (now, later) = terms.split_at(terms.len().min(room));
                let mut factors = [[].as_slice(); 4];
                for (factors, row) in factors.iter_mut().zip(&rows) {
                    *factors = &row.factors[start..start + now.len()];
                }
                for (k, term) in now.iter().enumerate() {
                    let words = &term.as_chunks::<LANES>().0[2 * half..2 * half + 2];
                    let words = [load(&words[0]), load(&words[1])];
                    for (sums, row) in sums.iter_mut().zip(factors) {
                        let factor = splat(row[k]);
                        for (sum, word) in sums.iter_mut().zip(words) {
                            *sum = multiply_add(*sum, word, factor);
                        }
                    }
                }
                (terms, start, room) = (later, start + now.len(), room - now.len());
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            let out = &mut out.as_chunks_mut::<LANES>().0[2 * half..2 * half + 2];
            for (out, sum) in out.iter_mut().zip(sums) {
                let is_short = count <= constants.short_terms;
                store(out, if is_short { reduce_short(&by, sum) } else { reduce(constants, sum) });
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn scalar_tile_eager<const O: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let q = splat(constants.q);
    let mut sums = [[_mm512_setzero_si512(); PAIR / LANES]; O];
    let mut start = 0;
    for segment in segments {
        let terms = segment.as_chunks::<PAIR>().0;
        let range = start..start + terms.len();
        let (mut factors, mut quotients) = ([[].as_slice(); O], [[].as_slice(); O]);
        for (i, row) in rows.iter().enumerate() {
            factors[i] = &row.factors[range.clone()];
            quotients[i] = &row.quotients[range.clone()];
        }
        start = range.end;
        for (k, term) in terms.iter().enumerate() {
            let words = load_pair(term);
            for ((sums, factors), quotients) in sums.iter_mut().zip(factors).zip(quotients) {
                let by = splat_factor(Shoup { factor: factors[k], quotient: quotients[k] });
                for (sum, word) in sums.iter_mut().zip(words) {
                    let product = subtract_once(mul_shoup(word, by, q), q);
                    *sum = subtract_once(_mm512_add_epi64(*sum, product), q);
                }
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        store_pair(out, sums);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn pair_tile_lazy(
    constants: &Constants,
    segments: &[&[u64]],
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    let mut sums = [wide(_mm512_setzero_si512()); PAIR / LANES];
    let mut factors = factors.as_chunks::<TILE>().0;
    let count = factors.len();
    let mut room = LAZY_TERMS;
    for segment in segments {
        let mut terms = segment.as_chunks::<PAIR>().0;
        while !terms.is_empty() {
            if room == 0 {
                fold(constants, &mut sums);
                room = LAZY_TERMS;
            }
            let (now, later) = terms.split_at(terms.len().min(room));
            let (now_factors, later_factors) = factors.split_at(now.len());
            (terms, factors) = (later, later_factors);
            room -= now.len();
            for (term, factor) in now.iter().zip(now_factors) {
                let words = load_pair(term);
                let factor = factor.as_chunks::<LANES>().0;
                let factor = [load(&factor[0]), load(&factor[1])];
                for (i, (sum, word)) in sums.iter_mut().zip(words).enumerate() {
                    *sum = multiply_add(*sum, word, factor[i % 2]);
                }
            }
        }
    }
    finish(constants, count, &sums, out);
}

/// [`pair_tile_lazy`] for every tile of a polynomial, with few terms in each.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn pair_rows_lazy(
    constants: &Constants,
    terms: usize,
    pairs: &[u64],
    factors: &[u64],
    [first, second]: [&mut [u64]; 2],
) {
    let by = barrett(constants);
    let is_short = terms <= constants.short_terms;
    let inputs = pairs.chunks_exact(terms * PAIR).zip(factors.chunks_exact(terms * TILE));
    let outputs = first.as_chunks_mut::<TILE>().0.iter_mut();
    let outputs = outputs.zip(second.as_chunks_mut::<TILE>().0);
    for ((first, second), (pairs, factors)) in outputs.zip(inputs) {
        let mut sums = [wide(_mm512_setzero_si512()); PAIR / LANES];
        for (pair, factor) in pairs.as_chunks::<PAIR>().0.iter().zip(factors.as_chunks::<TILE>().0)
        {
            let words = load_pair(pair);
            let factor = factor.as_chunks::<LANES>().0;
            let factor = [load(&factor[0]), load(&factor[1])];
            for (i, (sum, word)) in sums.iter_mut().zip(words).enumerate() {
                *sum = multiply_add(*sum, word, factor[i % 2]);
            }
        }
        let halves = first.as_chunks_mut::<LANES>().0.iter_mut();
        for (out, sum) in halves.chain(second.as_chunks_mut::<LANES>().0).zip(sums) {
            store(out, if is_short { reduce_short(&by, sum) } else { reduce(constants, sum) });
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn pair_tile_eager(
    constants: &Constants,
    segments: &[&[u64]],
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    let q = splat(constants.q);
    let mut sums = [_mm512_setzero_si512(); PAIR / LANES];
    let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
    for (factor, term) in factors.as_chunks::<TILE>().0.iter().zip(terms) {
        let words = load_pair(term);
        let factor = factor.as_chunks::<LANES>().0;
        let factor = [load(&factor[0]), load(&factor[1])];
        for (i, (sum, word)) in sums.iter_mut().zip(words).enumerate() {
            let product = mul_barrett(constants, word, factor[i % 2], q);
            *sum = subtract_once(_mm512_add_epi64(*sum, product), q);
        }
    }
    store_pair(out, sums);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn subtract_scale(
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
pub(super) fn add_permuted(
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
pub(super) fn interleave_permuted(
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
pub(super) fn add(constants: &Constants, words: &mut [u64], addends: &[u64]) {
    let q = splat(constants.q);
    for (word, addend) in words.as_chunks_mut::<LANES>().0.iter_mut().zip(addends.as_chunks().0) {
        store(word, subtract_once(_mm512_add_epi64(load(word), load(addend)), q));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn lift_centred(constants: &Constants, from: &Modulus, words: &[u64], out: &mut [u64]) {
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
pub(super) fn small_forward(constants: &Constants, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
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
pub(super) fn small_inverse(
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
pub(super) fn small_scale(constants: &Constants, factor: Shoup, data: &mut [[u64; BATCH]]) {
    let q = splat(constants.q);
    let by = splat_factor(factor);
    for words in data {
        store(words, subtract_once(mul_shoup(load(words), by, q), q));
    }
}
