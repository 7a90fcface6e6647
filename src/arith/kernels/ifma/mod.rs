//! Kernels with AVX-512's 52-bit multiply-add: `vpmadd52luq` adds the low 52 bits of a 104-bit
//! product to a 64-bit lane, `vpmadd52huq` the high 52 bits. Moduli have at most 50 bits.
//!
//! Functions here are safe to call where the processor has `avx512f` and `avx512ifma`; the
//! dispatcher in the parent module sees to that.

mod butterfly;
mod limit;
mod long;
mod small;
mod sums;
mod switch;
mod words;

use std::arch::x86_64::{
    __m128i, __m512i, _mm_cvtsi64_si128, _mm512_add_epi64, _mm512_and_si512, _mm512_loadu_si512,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_min_epu64, _mm512_or_si512,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_sll_epi64, _mm512_srl_epi64, _mm512_srli_epi64,
    _mm512_storeu_si512, _mm512_sub_epi64,
};

use super::LAZY_TERMS;
use crate::arith::{Modulus, Shoup};

pub(super) use limit::{ROUND, multiply_adds};
pub(super) use long::{LongRoots, long_forward, long_inverse};
pub(super) use small::{lift_bytes, small_forward, small_inverse, small_scale, spread};
pub(super) use sums::{pair_tile_eager, pair_tiles_lazy, scalar_tile_eager, scalar_tile_lazy};
pub(super) use switch::{switch_key, switch_key_to_pairs};
pub(super) use words::{
    add, add_difference, add_permuted, lift_scaled, multiply, scaled_difference, subtract,
};

const LANES: usize = 8;
const MASK52: u64 = (1 << 52) - 1;

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
    /// q^-1 modulo 2^52, for odd q.
    inverse: u64,
    /// 2^-52 modulo q, with Shoup's quotient.
    down: Shoup,
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
            inverse: inverse_wrapping(modulus.value()) & MASK52,
            down: modulus.shoup(modulus.inverse(step)),
        }
    }

    /// 2^52 modulo q: what Montgomery's method takes away.
    pub(super) const fn key_scale(&self) -> u64 {
        self.powers[1].factor
    }
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration: each step doubles the number of
/// correct bits, of which the number itself has three.
fn inverse_wrapping(odd: u64) -> u64 {
    (0..5).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
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

/// `value * factor` below 2q, modulo 2^52, for `value` modulo 2^52; `negated` is 2^52 - q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn shoup_rest(value: __m512i, by: Factor, negated: __m512i) -> __m512i {
    let zero = _mm512_setzero_si512();
    let quotient = _mm512_madd52hi_epu64(zero, value, by.quotient);
    let product = _mm512_madd52lo_epu64(zero, value, by.factor);
    // Modulo 2^52, which the difference is below, taking q away is adding 2^52 - q.
    _mm512_madd52lo_epu64(product, quotient, negated)
}

/// `value * factor` in `[0, 2q)` for `value` below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_shoup(value: __m512i, by: Factor, q: __m512i) -> __m512i {
    let negated = _mm512_sub_epi64(splat(1 << 52), q);
    _mm512_and_si512(shoup_rest(value, by, negated), splat(MASK52))
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
    reduce_by(constants, constants.powers, sum)
}

/// The sum times `powers[0]` modulo q, where each power is 2^52 times the one before.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_by(constants: &Constants, powers: [Shoup; 3], sum: Wide) -> __m512i {
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
    for (digit, power) in digits.into_iter().zip(powers) {
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
