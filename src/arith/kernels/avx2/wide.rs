//! Sums of products that are reduced once.

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_blend_epi32,
    _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_fmadd_pd, _mm256_fnmadd_pd, _mm256_mul_pd,
    _mm256_set1_pd, _mm256_setzero_pd, _mm256_setzero_si256, _mm256_srli_epi64, _mm256_sub_epi64,
    _mm256_sub_pd,
};

use super::{
    Constants, SIGNED, UNSIGNED, barrett, mul_shoup, remainder, round_product, splat, splat_factor,
    to_doubles, to_words,
};

/// Terms that a lazy accumulator takes before it must be reduced. A term adds at most 2^50 to the
/// high part and at most 2^49 either way to the low part, which starts below 2^50: after 4096 terms
/// the high part is at most 2^62, the low part within 2^61 + 2^50 of zero.
pub(super) const LAZY_TERMS: usize = 4096;

/// A sum of products as `high * 2^bits + low`, each part with a constant added for every block.
#[derive(Clone, Copy)]
pub(super) struct Wide {
    pub(super) low: __m256i,
    pub(super) high: __m256i,
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn wide(low: __m256i) -> Wide {
    Wide { low, high: _mm256_setzero_si256() }
}

/// What splits a product at 2^bits, in registers.
#[derive(Clone, Copy)]
pub(super) struct Split {
    /// 2^(52+bits): doubles from here to its double are multiples of 2^bits.
    pub(super) top: __m256d,
    /// The same and [`SIGNED`].
    pub(super) both: __m256d,
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn split(constants: &Constants) -> Split {
    let top = constants.radix * UNSIGNED;
    Split { top: _mm256_set1_pd(top), both: _mm256_set1_pd(top + SIGNED) }
}

/// A sum of products that are added to each other first, both parts with a constant.
#[derive(Clone, Copy)]
pub(super) struct Block {
    low: __m256d,
    high: __m256d,
}

impl Split {
    /// A block of no products yet.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn empty(&self) -> Block {
        Block { low: _mm256_set1_pd(SIGNED), high: self.top }
    }
}

/// Adds a product of factors in `[0, q)` to a block. Added to 2^(52+bits) and more it is rounded to a
/// multiple of 2^bits, whose high part so lies in the lowest bits; what was lost, at most half of 2^bits
/// either way, comes out exactly from a second multiplication. Up to 2^(52-bits) products, each at most
/// 2^(2 bits) - 2^(bits+2) + 4, the high part stays below 2^(53+bits) with what rounding adds, so that all
/// are rounded alike, and the low part within 2^51 of its constant.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn extend(sum: Block, a: __m256d, b: __m256d) -> Block {
    let high = _mm256_fmadd_pd(a, b, sum.high);
    let lost = _mm256_fmadd_pd(a, b, _mm256_sub_pd(sum.high, high));
    Block { low: _mm256_add_pd(sum.low, lost), high }
}

/// Whether so many products may be a block.
pub(super) const fn fit_block(constants: &Constants, terms: usize) -> bool {
    terms <= constants.block_terms
}

/// Adds both parts of a block as they are, as integers: the leading bits of the doubles are the same for
/// every block and go in the end.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_block(sum: Wide, block: Block) -> Wide {
    Wide {
        low: _mm256_add_epi64(sum.low, _mm256_castpd_si256(block.low)),
        high: _mm256_add_epi64(sum.high, _mm256_castpd_si256(block.high)),
    }
}

/// Adds a product of factors in `[0, q)`: a block of its own.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn multiply_add(by: &Split, sum: Wide, a: __m256d, b: __m256d) -> Wide {
    let high = _mm256_fmadd_pd(a, b, by.top);
    let low = _mm256_fmadd_pd(a, b, _mm256_sub_pd(by.both, high));
    add_block(sum, Block { low, high })
}

/// How many products a sum has, and in how many blocks they came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) terms: usize,
    pub(super) blocks: usize,
}

impl Count {
    /// Of products that came one by one.
    pub(super) const fn single(terms: usize) -> Self {
        Self { terms, blocks: terms }
    }

    /// Of products that came in blocks of at most `block`.
    pub(super) const fn in_blocks(terms: usize, block: usize) -> Self {
        Self { terms, blocks: terms.div_ceil(block) }
    }

    /// Of these products and others.
    pub(super) const fn add(&mut self, other: Self) {
        self.terms += other.terms;
        self.blocks += other.blocks;
    }
}

/// The sum without what `blocks` blocks have added to its parts.
#[inline]
#[target_feature(enable = "avx2")]
fn unshift(constants: &Constants, sum: Wide, blocks: usize) -> Wide {
    let top = constants.radix * UNSIGNED;
    let added = |each: f64| each.to_bits().wrapping_mul(blocks as u64);
    Wide {
        low: _mm256_sub_epi64(sum.low, splat(added(SIGNED))),
        high: _mm256_sub_epi64(sum.high, splat(added(top))),
    }
}

/// The sum of at most [`LAZY_TERMS`] products modulo q, in `[0, q)`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn reduce(constants: &Constants, sum: Wide, count: Count) -> __m256i {
    if count.terms <= constants.short_terms {
        reduce_short(constants, sum, count.blocks)
    } else {
        reduce_long(constants, sum, count.blocks)
    }
}

/// [`reduce`] of at most 2^(51 - bits) terms: the high part is at most 2^51, the low part within
/// 2^50 + 2^50 of zero, so both are doubles.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce_short(constants: &Constants, sum: Wide, blocks: usize) -> __m256i {
    let by = barrett(constants);
    let sum = unshift(constants, sum, blocks);
    let magic = _mm256_set1_pd(SIGNED);
    let low = _mm256_add_epi64(sum.low, _mm256_castpd_si256(magic));
    let low = _mm256_sub_pd(_mm256_castsi256_pd(low), magic);
    let high = _mm256_mul_pd(to_doubles(sum.high), _mm256_set1_pd(constants.radix));
    let value = _mm256_add_pd(remainder(&by, high), low);
    to_words(&by, remainder(&by, value))
}

/// [`reduce`] of any number of terms, from four digits of at most 32 bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce_long(constants: &Constants, sum: Wide, blocks: usize) -> __m256i {
    let sum = unshift(constants, sum, blocks);
    let mask = splat(u64::from(u32::MAX));
    // A multiple of 2^32 makes the low part positive; its upper digit gives it back.
    let low = _mm256_add_epi64(sum.low, splat(1 << 62));
    let upper = to_doubles(_mm256_srli_epi64::<32>(low));
    let digits = [
        _mm256_sub_pd(upper, _mm256_set1_pd(f64::from(1 << 30))),
        to_doubles(_mm256_and_si256(sum.high, mask)),
        to_doubles(_mm256_srli_epi64::<32>(sum.high)),
    ];
    let by = barrett(constants);
    let mut total = to_doubles(_mm256_and_si256(low, mask));
    for (digit, power) in digits.into_iter().zip(constants.powers) {
        total = _mm256_add_pd(total, mul_shoup(&by, digit, splat_factor(power)));
    }
    to_words(&by, remainder(&by, total))
}

/// `high * 2^32 + low` modulo q, in `[0, q)`: of a `high` below 2^53 and a `low` below 2^32, whose quotient
/// by q lies below 2^51.
///
/// The value is told to a part in 2^53, so that the quotient is off by 1/2 from rounding and little else.
/// The value less q times it, and less `low`, is smaller than q and 2^32 together and so is held without
/// loss.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn reduce_digits<const N: usize>(
    constants: &Constants,
    high: [__m256d; N],
    low: [__m256d; N],
) -> [__m256i; N] {
    let by = barrett(constants);
    // Step by step: those of one register fill the time that those of another take.
    let [mut high, mut quotients] = [high, low];
    for (high, quotient) in high.iter_mut().zip(&mut quotients) {
        *high = _mm256_mul_pd(*high, _mm256_set1_pd((1u64 << 32) as f64));
        *quotient = round_product(_mm256_add_pd(*high, *quotient), by.inverse);
    }
    for ((high, quotient), low) in high.iter_mut().zip(&quotients).zip(&low) {
        *high = _mm256_add_pd(_mm256_fnmadd_pd(*quotient, by.q, *high), *low);
    }
    let mut words = [_mm256_setzero_si256(); N];
    for (word, value) in words.iter_mut().zip(&high) {
        *word = to_words(&by, *value);
    }
    words
}

/// The higher and the lower halves of words.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn digits<const N: usize>(words: [__m256i; N]) -> [[__m256d; N]; 2] {
    let mut high = [_mm256_setzero_pd(); N];
    let mut low = high;
    for (word, (high, low)) in words.iter().zip(high.iter_mut().zip(&mut low)) {
        [*low, *high] = halves_as_doubles(*word);
    }
    [high, low]
}

/// Both halves of words.
#[inline]
#[target_feature(enable = "avx2")]
fn halves_as_doubles(words: __m256i) -> [__m256d; 2] {
    // The leading half of a double is put over the higher half of a word.
    let magic = _mm256_set1_pd(UNSIGNED);
    let low = _mm256_blend_epi32::<0b10_10_10_10>(words, _mm256_castpd_si256(magic));
    let low = _mm256_sub_pd(_mm256_castsi256_pd(low), magic);
    [low, to_doubles(_mm256_srli_epi64::<32>(words))]
}

/// Sums below 2^64 of fewer than 2^19 products modulo q, in `[0, q)`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn reduce_words<const N: usize>(
    constants: &Constants,
    sums: [__m256i; N],
) -> [__m256i; N] {
    let [high, low] = digits(sums);
    reduce_digits(constants, high, low)
}
