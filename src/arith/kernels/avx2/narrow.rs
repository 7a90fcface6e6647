//! Sums of products below 2^52 of words below 2^32: integer multiplication gives them as they are.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_mul_epu32,
    _mm256_setzero_si256, _mm256_srli_epi64,
};

use super::dense::ask;
use super::{
    Constants, LANES, barrett, load, mul_shoup, remainder, splat, splat_factor, store, to_doubles,
    to_words,
};
use crate::arith::kernels::{PAIR, Row, TILE};

/// Bits of a factor of integer multiplication.
pub(super) const FACTOR_BITS: u32 = 32;

/// Terms whose sum is below 2^64.
pub(super) const TERMS: usize = 1 << 12;

/// Words from the factors that are multiplied to those that are asked for: 1 KiB.
const AHEAD: usize = 128;

/// Registers of a pair.
const COLUMNS: usize = PAIR / LANES;

/// Any 64-bit sum modulo q, from two digits of 32 bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce(constants: &Constants, sum: __m256i) -> __m256i {
    let by = barrett(constants);
    let low = to_doubles(_mm256_and_si256(sum, splat(u64::from(u32::MAX))));
    let high = to_doubles(_mm256_srli_epi64::<32>(sum));
    let high = mul_shoup(&by, high, splat_factor(constants.powers[0]));
    to_words(&by, remainder(&by, _mm256_add_pd(low, high)))
}

/// One column after the other, so that its sums stay in registers.
#[target_feature(enable = "avx2,fma")]
pub(super) fn scalar_tile<const O: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: &[Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    for column in 0..COLUMNS {
        let mut sums = [_mm256_setzero_si256(); O];
        let mut start = 0;
        for segment in segments {
            let terms = segment.as_chunks::<PAIR>().0;
            let mut factors = [[].as_slice(); O];
            for (factors, row) in factors.iter_mut().zip(rows) {
                *factors = &row.factors[start..start + terms.len()];
            }
            start += terms.len();
            for (k, term) in terms.iter().enumerate() {
                let word = load(&term.as_chunks().0[column]);
                for (sum, factors) in sums.iter_mut().zip(factors) {
                    let product = _mm256_mul_epu32(word, splat(factors[k]));
                    *sum = _mm256_add_epi64(*sum, product);
                }
            }
        }
        for (sum, out) in sums.iter().zip(&mut *out) {
            store(&mut out.as_chunks_mut().0[column], reduce(constants, *sum));
        }
    }
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn pair_tile(
    constants: &Constants,
    segments: &[&[u64]],
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    for columns in [[0, 1], [2, 3]] {
        let mut sums = [[_mm256_setzero_si256(); 2]; 2];
        let mut factors = factors.as_chunks::<TILE>().0;
        for segment in segments {
            let terms = segment.as_chunks::<PAIR>().0;
            let (now, later) = factors.split_at(terms.len());
            sums = add_pairs(columns, terms, now, sums);
            factors = later;
        }
        let (words, _) = out.as_chunks_mut();
        for (column, [first, second]) in columns.into_iter().zip(sums) {
            store(&mut words[column], reduce(constants, first));
            store(&mut words[column + COLUMNS / 2], reduce(constants, second));
        }
    }
}

/// Adds terms to the sums of both halves of two columns. Each sum has a name: in an array they would stay
/// in memory.
#[inline]
#[target_feature(enable = "avx2")]
fn add_pairs(
    [left, right]: [usize; 2],
    terms: &[[u64; PAIR]],
    factors: &[[u64; TILE]],
    sums: [[__m256i; 2]; 2],
) -> [[__m256i; 2]; 2] {
    let [[mut w, mut x], [mut y, mut z]] = sums;
    for (term, factors) in terms.iter().zip(factors) {
        if left == 0 {
            // Factors may lie in memory, those of one sum after those of another.
            let next = ask(factors.as_ptr().wrapping_add(AHEAD));
            ask(next);
        }
        let (words, factors) = (term.as_chunks().0, factors.as_chunks().0);
        let factor = load(&factors[left]);
        w = _mm256_add_epi64(w, _mm256_mul_epu32(load(&words[left]), factor));
        x = _mm256_add_epi64(x, _mm256_mul_epu32(load(&words[left + COLUMNS / 2]), factor));
        let factor = load(&factors[right]);
        y = _mm256_add_epi64(y, _mm256_mul_epu32(load(&words[right]), factor));
        z = _mm256_add_epi64(z, _mm256_mul_epu32(load(&words[right + COLUMNS / 2]), factor));
    }
    [[w, x], [y, z]]
}
