//! Sums of products below 2^52 of words below 2^32: integer multiplication gives them as they are.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_mul_epu32,
    _mm256_setzero_si256, _mm256_srli_epi64,
};

use super::dense::ask;
use super::{
    Constants, LANES, barrett, load, mul_shoup, remainder, splat, splat_factor, store, to_doubles,
    to_words, unpack,
};
use crate::arith::kernels::{Factors, PAIR, Row, TILE};

/// Terms whose sum is below 2^64.
pub(super) const TERMS: usize = 1 << 12;

/// Words from the factors that are multiplied to those that are asked for.
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
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    pair_columns::<0, 1>(constants, segments, factors, out);
    pair_columns::<2, 3>(constants, segments, factors, out);
}

/// The sums of both halves of two columns. Each has a name: in an array they would stay in memory.
#[target_feature(enable = "avx2,fma")]
fn pair_columns<const LEFT: usize, const RIGHT: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    let zero = _mm256_setzero_si256();
    let (mut w, mut x, mut y, mut z) = (zero, zero, zero, zero);
    let (unpack, mut tiles) = (unpack(factors), factors.tiles());
    // Factors may lie in memory, those of one sum after those of another.
    let mut next = factors.address(AHEAD + LEFT * LANES);
    for segment in segments {
        for term in segment.as_chunks::<PAIR>().0 {
            let Some(tile) = tiles.next() else { break };
            next = ask(next, TILE * factors.word_bytes());
            let words = term.as_chunks().0;
            let factor = unpack.column::<LEFT>(tile);
            w = _mm256_add_epi64(w, _mm256_mul_epu32(load(&words[LEFT]), factor));
            x = _mm256_add_epi64(x, _mm256_mul_epu32(load(&words[LEFT + COLUMNS / 2]), factor));
            let factor = unpack.column::<RIGHT>(tile);
            y = _mm256_add_epi64(y, _mm256_mul_epu32(load(&words[RIGHT]), factor));
            z = _mm256_add_epi64(z, _mm256_mul_epu32(load(&words[RIGHT + COLUMNS / 2]), factor));
        }
    }
    let (words, _) = out.as_chunks_mut();
    store(&mut words[LEFT], reduce(constants, w));
    store(&mut words[LEFT + COLUMNS / 2], reduce(constants, x));
    store(&mut words[RIGHT], reduce(constants, y));
    store(&mut words[RIGHT + COLUMNS / 2], reduce(constants, z));
}
