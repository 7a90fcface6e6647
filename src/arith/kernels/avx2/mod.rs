//! Kernels with AVX2, which multiplies integers of 32 bits only, and with the fused multiply-add of
//! doubles that comes with it: it rounds once, so two of them give a product of two words exactly,
//! as a high and a low part. Moduli have at most 50 bits, and every double here is an integer that
//! a double holds without loss, unless a comment says otherwise.
//!
//! Loops over vectors call functions and no closures, and keep sums in variables and not in arrays:
//! an iterator's adaptor lacks the features that a closure was given, so neither is sure to be inlined,
//! and an array that a loop indexes stays in memory. Either makes a kernel several times as slow.
//!
//! Functions here are safe to call where the processor has `avx2` and `fma`; the dispatcher in the
//! parent module sees to that.

mod bounds;
mod butterfly;
mod dense;
mod dense_estimates;
mod dense_halves;
mod dense_wide;
mod estimate;
mod laid;
mod limit;
mod long;
mod permute;
mod scalar_estimates;
mod scalar_halves;
mod scalars;
mod small;
mod sums;
mod switch;
mod unpack;
mod wide;
mod words;

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_blendv_pd, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_fmadd_pd, _mm256_fmsub_pd, _mm256_fnmadd_pd, _mm256_loadu_si256,
    _mm256_mul_pd, _mm256_or_si256, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_storeu_si256,
    _mm256_sub_epi64, _mm256_sub_pd,
};

use crate::arith::kernels::double::{SIGNED, UNSIGNED};
use crate::arith::{Modulus, Shoup};
use wide::LAZY_TERMS;

pub(super) use dense::{AHEAD, ask, pair_tiles_lazy};
pub(super) use laid::Laid;
pub(super) use limit::{multiply_adds, round};
pub(super) use long::{LongRoots, long_forward, long_inverse};
pub(super) use permute::add_permuted;
pub(super) use scalar_estimates::estimated_tiles;
pub(super) use scalar_halves::half_tiles;
pub(super) use small::{
    CentredRoots, lift_bytes, small_forward, small_inverse, small_scale, spread,
};
pub(super) use sums::{pair_tile_eager, scalar_tile_eager, scalar_tile_lazy};
pub(super) use switch::{switch_key, switch_key_to_pairs};
pub(super) use unpack::{Unpack, unpack};
pub(super) use words::{add, add_difference, lift_scaled, multiply, scaled_difference, subtract};

const LANES: usize = 4;

/// Four words, or as many doubles in their place.
type Words = [u64; LANES];

/// Whether this processor runs these kernels.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// What the kernels need to know of a modulus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Constants {
    q: f64,
    /// q as an integer.
    word: u64,
    /// 1 / q, up to a part in 2^53.
    inverse: f64,
    /// 2^bits.
    radix: f64,
    /// 2^32, 2^bits and 2^(bits+32) modulo q.
    powers: [Shoup; 3],
    /// Products whose sum [`reduce_short`] takes.
    short_terms: usize,
    /// Products that a [`wide::Block`] takes.
    block_terms: usize,
}

impl Constants {
    pub(super) fn new(modulus: &Modulus) -> Self {
        let [step, radix] = [32, modulus.bits()].map(|bits| modulus.reduce(1 << bits));
        let powers = [step, radix, modulus.mul(step, radix)];
        Self {
            q: modulus.value() as f64,
            word: modulus.value(),
            inverse: 1.0 / modulus.value() as f64,
            radix: (1u64 << modulus.bits()) as f64,
            powers: powers.map(|power| modulus.shoup(power)),
            short_terms: LAZY_TERMS.min(1 << (51 - modulus.bits())),
            block_terms: LAZY_TERMS.min(1 << (52 - modulus.bits())),
        }
    }

    /// Whether a word holds the sum of so many products.
    const fn fit_word(&self, products: usize) -> bool {
        let largest = self.word - 1;
        self.are_halves()
            && products as u128 * largest as u128 * largest as u128 <= u64::MAX as u128
    }

    /// Bits of a word.
    const fn bits(&self) -> u32 {
        self.word.ilog2() + 1
    }

    /// Whether words have at most 32 bits.
    const fn are_halves(&self) -> bool {
        self.radix <= (1u64 << 32) as f64
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(words: &[u64; LANES]) -> __m256i {
    // SAFETY: the array is 32 readable bytes, and the instruction asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(words: &mut [u64; LANES], value: __m256i) {
    // SAFETY: the array is 32 writable bytes, and the instruction asks for no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u64) -> __m256i {
    _mm256_set1_epi64x(word.cast_signed())
}

/// `negative` where the sign bit of `value` is set, `otherwise` elsewhere.
#[inline]
#[target_feature(enable = "avx2")]
fn by_sign(value: __m256i, negative: __m256i, otherwise: __m256i) -> __m256i {
    let [value, negative, otherwise] =
        [_mm256_castsi256_pd(value), _mm256_castsi256_pd(negative), _mm256_castsi256_pd(otherwise)];
    _mm256_castpd_si256(_mm256_blendv_pd(otherwise, negative, value))
}

/// `value` in `[0, 2 * bound)` reduced to `[0, bound)`.
#[inline]
#[target_feature(enable = "avx2")]
fn subtract_once(value: __m256i, bound: __m256i) -> __m256i {
    let difference = _mm256_sub_epi64(value, bound);
    by_sign(difference, value, difference)
}

/// `a - b` of words in `[0, q)`.
#[inline]
#[target_feature(enable = "avx2")]
fn difference(by: &Barrett, a: __m256i, b: __m256i) -> __m256i {
    let difference = _mm256_sub_epi64(a, b);
    by_sign(difference, _mm256_add_epi64(difference, by.words), difference)
}

/// Integers in `[0, 2^52)` as doubles.
#[inline]
#[target_feature(enable = "avx2")]
fn to_doubles(words: __m256i) -> __m256d {
    doubles(words, _mm256_set1_pd(UNSIGNED))
}

/// [`to_doubles`], told [`UNSIGNED`].
#[inline]
#[target_feature(enable = "avx2")]
fn doubles(words: __m256i, magic: __m256d) -> __m256d {
    let shifted = _mm256_or_si256(words, _mm256_castpd_si256(magic));
    _mm256_sub_pd(_mm256_castsi256_pd(shifted), magic)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_doubles(words: &[u64; LANES]) -> __m256d {
    to_doubles(load(words))
}

/// The doubles in the place of words; of words themselves where `ENTERS`.
#[inline]
#[target_feature(enable = "avx2")]
fn values<const ENTERS: bool>(words: &Words) -> __m256d {
    if ENTERS { load_doubles(words) } else { _mm256_castsi256_pd(load(words)) }
}

/// The words of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn words(value: __m256i) -> Words {
    let mut words = [0; LANES];
    store(&mut words, value);
    words
}

/// Doubles in the place of words.
#[inline]
#[target_feature(enable = "avx2")]
fn in_place(values: __m256d) -> Words {
    words(_mm256_castpd_si256(values))
}

/// Leaves doubles in the place of words.
#[inline]
#[target_feature(enable = "avx2")]
fn keep(words: &mut Words, values: __m256d) {
    store(words, _mm256_castpd_si256(values));
}

/// A double in `(-q, q)` as the integer in `[0, q)` that is equal modulo q.
#[inline]
#[target_feature(enable = "avx2")]
fn to_words(by: &Barrett, value: __m256d) -> __m256i {
    let magic = _mm256_set1_pd(SIGNED);
    let shifted = _mm256_castpd_si256(_mm256_add_pd(value, magic));
    let signed = _mm256_sub_epi64(shifted, _mm256_castpd_si256(magic));
    by_sign(signed, _mm256_add_epi64(signed, by.words), signed)
}

/// A modulus in registers.
#[derive(Clone, Copy)]
struct Barrett {
    q: __m256d,
    inverse: __m256d,
    /// q as an integer.
    words: __m256i,
}

#[inline]
#[target_feature(enable = "avx2")]
fn barrett(constants: &Constants) -> Barrett {
    Barrett {
        q: _mm256_set1_pd(constants.q),
        inverse: _mm256_set1_pd(constants.inverse),
        words: splat(constants.word),
    }
}

/// The integer nearest to `a * b`, which lies within 2^51 of zero.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn round_product(a: __m256d, b: __m256d) -> __m256d {
    let magic = _mm256_set1_pd(SIGNED);
    _mm256_sub_pd(_mm256_fmadd_pd(a, b, magic), magic)
}

/// `value` minus a multiple of q. It is an integer of any size, held without loss, whose quotient
/// by q lies within 2^51 of zero. That quotient is off by no more than 1/2 from rounding, and by
/// 2^51 / 2^53 from the inverse: the result is at most 3/4 q either way. It is exact, for the
/// difference is rounded once and needs no rounding.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn remainder(by: &Barrett, value: __m256d) -> __m256d {
    _mm256_fnmadd_pd(round_product(value, by.inverse), by.q, value)
}

/// A Shoup factor in registers.
#[derive(Clone, Copy)]
struct Factor {
    factor: __m256d,
    /// factor / q less up to 2^-52.
    quotient: __m256d,
}

/// The quotient by q of a factor from Shoup's, without its last 12 bits.
#[inline]
fn ratio(quotient: u64) -> f64 {
    const UNIT: f64 = 1.0 / UNSIGNED;
    (f64::from_bits((quotient >> 12) | UNSIGNED.to_bits()) - UNSIGNED) * UNIT
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat_factor(shoup: Shoup) -> Factor {
    Factor {
        factor: _mm256_set1_pd(shoup.factor as f64),
        quotient: _mm256_set1_pd(ratio(shoup.quotient)),
    }
}

/// `value * factor` minus a multiple of q, in `(-q, q)` for a `value` within 2^51 of zero.
///
/// The multiple is off by at most 1/2 from rounding, and by |value| / 2^52 from the quotient: for a
/// value within 2^50 the result is at most 3/4 q either way. The product is `high + low` exactly,
/// and so is each difference: all are integers of at most 52 bits, but for the product and its
/// high part.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mul_shoup(by: &Barrett, value: __m256d, factor: Factor) -> __m256d {
    let high = _mm256_mul_pd(value, factor.factor);
    let low = _mm256_fmsub_pd(value, factor.factor, high);
    let multiple = round_product(value, factor.quotient);
    _mm256_add_pd(_mm256_fnmadd_pd(multiple, by.q, high), low)
}

/// `a * b` minus a multiple of q, in `(-q, q)`, for factors in `[0, q)`.
///
/// The remainder of the high part is at most (1/2 + 1/8) q either way, since the quotient is below
/// 2^50; `low` is what 53 bits of a product below 2^50 q have lost, at most q / 8.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn mul_barrett(by: &Barrett, a: __m256d, b: __m256d) -> __m256d {
    let high = _mm256_mul_pd(a, b);
    let low = _mm256_fmsub_pd(a, b, high);
    _mm256_add_pd(remainder(by, high), low)
}
