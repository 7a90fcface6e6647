//! Sums of products below 2^52 of words below 2^32: integer multiplication gives them as they are.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_mul_epu32, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_srli_epi64,
};

use super::sums::CHUNK;
use super::wide::weigh;
use super::{Constants, LANES, load, splat, store, to_doubles};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::{PAIR, Row, SUMS_TOGETHER};

/// Terms whose sum is below 2^64.
const TERMS: usize = 1 << 12;

/// Registers of a pair.
const COLUMNS: usize = PAIR / LANES;

/// Any 64-bit sum modulo q, from two digits of 32 bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce(constants: &Constants, sum: __m256i) -> __m256i {
    let low = to_doubles(_mm256_and_si256(sum, splat(u64::from(u32::MAX))));
    let high = to_doubles(_mm256_srli_epi64::<32>(sum));
    weigh(constants, low, [high], [constants.powers[0]])
}

/// Sums whose words are met together.
const QUAD: usize = 4;

/// Registers of words that are met together.
const TWINS: usize = 2;

/// Sums for which there are no more: space for all would take as long to clear as they take.
const FEW_SUMS: usize = 8;

/// The sums of a pair.
type Sum = [__m256i; COLUMNS];

/// At most [`SUMS_TOGETHER`] sums.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn half_tiles(
    constants: &Constants,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    if rows.len() <= FEW_SUMS {
        sums::<FEW_SUMS>(constants, segments, rows, out);
    } else {
        sums::<SUMS_TOGETHER>(constants, segments, rows, out);
    }
}

/// Few terms at a time, which stay in the fastest cache, for all sums.
#[target_feature(enable = "avx2,fma")]
fn sums<const SUMS: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    let mut sums: [Sum; SUMS] = [[_mm256_setzero_si256(); COLUMNS]; SUMS];
    let sums = &mut sums[..rows.len()];
    let (mut start, mut room) = (0, TERMS);
    let mut chunks = Chunks::<CHUNK>::new(segments);
    while let Some(terms) = chunks.next() {
        if room < terms.len() {
            for sum in sums.as_flattened_mut() {
                *sum = reduce(constants, *sum);
            }
            // They are below 2^52, as every product.
            room = TERMS - 1;
        }
        let ((quads, ones), (quad_rows, one_rows)) = (sums.as_chunks_mut(), rows.as_chunks());
        for (rows, sums) in quad_rows.iter().zip(quads) {
            add_terms(terms, rows, start, sums);
        }
        for (row, sums) in one_rows.iter().zip(ones) {
            for (term, factor) in terms.iter().zip(&row.factors[start..start + terms.len()]) {
                let factor = splat(*factor);
                for (sum, words) in sums.iter_mut().zip(term.as_chunks().0) {
                    *sum = add_product(*sum, load(words), factor);
                }
            }
        }
        (start, room) = (start + terms.len(), room - terms.len());
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        for (out, sum) in out.as_chunks_mut().0.iter_mut().zip(sums) {
            store(out, reduce(constants, *sum));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_product(sum: __m256i, word: __m256i, factor: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epu32(word, factor))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_products(sums: [__m256i; TWINS], words: [__m256i; TWINS], factor: u32) -> [__m256i; TWINS] {
    let factor = _mm256_set1_epi32(factor.cast_signed());
    [add_product(sums[0], words[0], factor), add_product(sums[1], words[1], factor)]
}

/// Adds the terms from `start` on to four sums, two registers of each at a time. These have names: in an
/// array they would stay in memory.
#[inline(never)]
#[target_feature(enable = "avx2")]
fn add_terms(terms: &[&[u64; PAIR]], rows: &[Row<'_>; QUAD], start: usize, sums: &mut [Sum; QUAD]) {
    // Their places follow from one address. Halves stand in both halves of a register's words: whole words
    // the compiler would clear of their upper halves first, which it does not know to be zero.
    let mut factors = [[0; CHUNK]; QUAD];
    for (factors, row) in factors.iter_mut().zip(rows) {
        for (factor, word) in factors.iter_mut().zip(&row.factors[start..start + terms.len()]) {
            *factor = *word as u32;
        }
    }
    let [first, second, third, fourth] = sums;
    for twin in 0..COLUMNS / TWINS {
        let [mut w, mut x, mut y, mut z] =
            [&*first, &*second, &*third, &*fourth].map(|sum| sum.as_chunks::<TWINS>().0[twin]);
        for (k, term) in terms.iter().enumerate().take(CHUNK) {
            let words = term.as_chunks().0;
            let words = [load(&words[TWINS * twin]), load(&words[TWINS * twin + 1])];
            w = add_products(w, words, factors[0][k]);
            x = add_products(x, words, factors[1][k]);
            y = add_products(y, words, factors[2][k]);
            z = add_products(z, words, factors[3][k]);
        }
        first.as_chunks_mut().0[twin] = w;
        second.as_chunks_mut().0[twin] = x;
        third.as_chunks_mut().0[twin] = y;
        fourth.as_chunks_mut().0[twin] = z;
    }
}
