//! Sums of products below 2^52 of words below 2^32: integer multiplication gives them as they are.

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi64, _mm256_mul_epu32, _mm256_set1_epi32,
    _mm256_setzero_si256,
};

use super::sums::CHUNK;
use super::wide::reduce_word;
use super::{Constants, LANES, load, splat, store};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::{PAIR, Row, SUMS_TOGETHER};

/// Terms whose sum is below 2^64.
const TERMS: usize = 1 << 12;

/// Registers of a pair.
const COLUMNS: usize = PAIR / LANES;

/// Sums whose words are met together.
const QUAD: usize = 4;

/// Registers of words that are met together.
const TWINS: usize = 2;

/// Sums for which there are no more: space for all would take as long to clear as they take.
const FEW_SUMS: usize = 8;

/// The sums of a pair.
type Sum = [__m256i; COLUMNS];

/// Asks for words into the nearest cache.
#[inline]
#[target_feature(enable = "avx2")]
fn ask_near(words: &[u64]) {
    for line in words.chunks(2 * LANES) {
        _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
    }
}

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
                *sum = reduce_word(constants, *sum);
            }
            // They are below 2^52, as every product.
            room = TERMS - 1;
        }
        let ((quads, ones), (quad_rows, one_rows)) = (sums.as_chunks_mut(), rows.as_chunks());
        for (i, (rows, sums)) in quad_rows.iter().zip(quads).enumerate() {
            for row in quad_rows.get(i + 1).into_iter().flatten() {
                ask_near(&row.factors[start..start + terms.len()]);
            }
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
            store(out, reduce_word(constants, *sum));
        }
    }
}

/// The sum and the product of the lower halves of words and factors, modulo 2^64.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn add_product(sum: __m256i, word: __m256i, factor: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epu32(word, factor))
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_products(sums: [__m256i; TWINS], words: [__m256i; TWINS], factor: u64) -> [__m256i; TWINS] {
    // It stands in both halves of a register's words: a whole word the compiler would clear of its upper
    // half first, which it does not know to be zero.
    let factor = _mm256_set1_epi32(factor as i32);
    [add_product(sums[0], words[0], factor), add_product(sums[1], words[1], factor)]
}

/// Adds the terms from `start` on to four sums, two registers of each at a time. These have names: in an
/// array they would stay in memory.
#[inline(never)]
#[target_feature(enable = "avx2")]
fn add_terms(terms: &[&[u64; PAIR]], rows: &[Row<'_>; QUAD], start: usize, sums: &mut [Sum; QUAD]) {
    let [a, b, c, d] = rows.each_ref().map(|row| &row.factors[start..start + terms.len()]);
    let [first, second, third, fourth] = sums;
    for twin in 0..COLUMNS / TWINS {
        let [mut w, mut x, mut y, mut z] =
            [&*first, &*second, &*third, &*fourth].map(|sum| sum.as_chunks::<TWINS>().0[twin]);
        for (k, term) in terms.iter().enumerate() {
            let words = term.as_chunks().0;
            let words = [load(&words[TWINS * twin]), load(&words[TWINS * twin + 1])];
            w = add_products(w, words, a[k]);
            x = add_products(x, words, b[k]);
            y = add_products(y, words, c[k]);
            z = add_products(z, words, d[k]);
        }
        first.as_chunks_mut().0[twin] = w;
        second.as_chunks_mut().0[twin] = x;
        third.as_chunks_mut().0[twin] = y;
        fourth.as_chunks_mut().0[twin] = z;
    }
}
