//! Sums of products.

use std::arch::x86_64::{
    __m256d, _mm256_add_pd, _mm256_blendv_pd, _mm256_set1_pd, _mm256_setzero_pd,
    _mm256_setzero_si256, _mm256_sub_pd,
};

use super::wide::{
    Count, Split, Wide, add_block, extend, fit_block, multiply_add, reduce, split, wide,
};
use super::{
    Barrett, Constants, Factor, LANES, LAZY_TERMS, barrett, load_doubles, mul_barrett, mul_shoup,
    ratio, remainder, store, to_doubles, to_words, unpack,
};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::double::double;
use crate::arith::kernels::{Factors, PAIR, Row};

/// Terms that are worked through one register of the pair after another: few enough to stay in the
/// fastest cache meanwhile, and so many that loading and storing the sums is no matter.
pub(super) const CHUNK: usize = 64;

/// Registers of a pair.
const COLUMNS: usize = PAIR / LANES;

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn scalar_tile_lazy<const O: usize>(
    constants: &Constants,
    _: bool,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let by = split(constants);
    let mut sums = [[wide(_mm256_setzero_si256()); O]; COLUMNS];
    let blocks = O >= QUAD && fit_block(constants, CHUNK);
    let (mut start, mut count) = (0, Count::default());
    let mut factors = [[0.0; O]; CHUNK];
    let mut chunks = Chunks::<CHUNK>::new(segments);
    while let Some(terms) = chunks.next() {
        let range = start..start + terms.len();
        start = range.end;
        for (i, row) in rows.iter().enumerate() {
            for (factors, word) in factors.iter_mut().zip(&row.factors[range.clone()]) {
                factors[i] = double(*word);
            }
        }
        if count.terms + terms.len() > LAZY_TERMS {
            for sum in sums.as_flattened_mut() {
                *sum = wide(reduce(constants, *sum, count));
            }
            count = Count::default();
        }
        count.terms += terms.len();
        count.blocks += if blocks { 1 } else { terms.len() };
        for (column, sums) in sums.iter_mut().enumerate() {
            add_terms(&by, blocks, terms, &factors, column, sums);
        }
    }
    for (column, sums) in sums.iter().enumerate() {
        for (sum, out) in sums.iter().zip(&mut *out) {
            store(&mut out.as_chunks_mut().0[column], reduce(constants, *sum, count));
        }
    }
}

/// Sums whose words are met together. Each is named below: in an array they would stay in memory.
const QUAD: usize = 4;

/// Adds one register of each term, times each of its factors: in one block of four sums each, whose
/// products fill the time that one of them takes, or each product at once.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_terms<const O: usize>(
    by: &Split,
    blocks: bool,
    terms: &[&[u64; PAIR]],
    factors: &[[f64; O]; CHUNK],
    column: usize,
    sums: &mut [Wide; O],
) {
    let (quads, rest) = sums.as_chunks_mut();
    for (quad, sums) in quads.iter_mut().enumerate() {
        if blocks {
            add_blocks(by, terms, factors, column, QUAD * quad, sums);
        } else {
            add_products(by, terms, factors, column, QUAD * quad, sums);
        }
    }
    for (one, sum) in (O - rest.len()..).zip(rest) {
        for (term, factors) in terms.iter().zip(factors) {
            let word = load_doubles(&term.as_chunks().0[column]);
            *sum = multiply_add(by, *sum, word, _mm256_set1_pd(factors[one]));
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_blocks<const O: usize>(
    by: &Split,
    terms: &[&[u64; PAIR]],
    factors: &[[f64; O]; CHUNK],
    column: usize,
    first: usize,
    sums: &mut [Wide; QUAD],
) {
    let (mut w, mut x, mut y, mut z) = (by.empty(), by.empty(), by.empty(), by.empty());
    for (term, factors) in terms.iter().zip(factors) {
        let word = load_doubles(&term.as_chunks().0[column]);
        w = extend(w, word, _mm256_set1_pd(factors[first]));
        x = extend(x, word, _mm256_set1_pd(factors[first + 1]));
        y = extend(y, word, _mm256_set1_pd(factors[first + 2]));
        z = extend(z, word, _mm256_set1_pd(factors[first + 3]));
    }
    let [a, b, c, d] = *sums;
    *sums = [add_block(a, w), add_block(b, x), add_block(c, y), add_block(d, z)];
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_products<const O: usize>(
    by: &Split,
    terms: &[&[u64; PAIR]],
    factors: &[[f64; O]; CHUNK],
    column: usize,
    first: usize,
    sums: &mut [Wide; QUAD],
) {
    let [mut w, mut x, mut y, mut z] = *sums;
    for (term, factors) in terms.iter().zip(factors) {
        let word = load_doubles(&term.as_chunks().0[column]);
        w = multiply_add(by, w, word, _mm256_set1_pd(factors[first]));
        x = multiply_add(by, x, word, _mm256_set1_pd(factors[first + 1]));
        y = multiply_add(by, y, word, _mm256_set1_pd(factors[first + 2]));
        z = multiply_add(by, z, word, _mm256_set1_pd(factors[first + 3]));
    }
    *sums = [w, x, y, z];
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn scalar_tile_eager<const O: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let by = barrett(constants);
    let mut sums = [[_mm256_setzero_pd(); O]; COLUMNS];
    let mut start = 0;
    let mut factors = [[[0.0; 2]; O]; CHUNK];
    let mut chunks = Chunks::<CHUNK>::new(segments);
    while let Some(terms) = chunks.next() {
        let range = start..start + terms.len();
        start = range.end;
        for (i, row) in rows.iter().enumerate() {
            let shoups = row.factors[range.clone()].iter().zip(&row.quotients[range.clone()]);
            for (factors, (factor, quotient)) in factors.iter_mut().zip(shoups) {
                factors[i] = [double(*factor), ratio(*quotient)];
            }
        }
        for (column, sums) in sums.iter_mut().enumerate() {
            add_reduced_terms(&by, terms, &factors, column, sums);
        }
    }
    for (column, sums) in sums.iter().enumerate() {
        for (sum, out) in sums.iter().zip(&mut *out) {
            store(&mut out.as_chunks_mut().0[column], to_words(&by, *sum));
        }
    }
}

/// Adds one register of each term, times each of its factors, and reduces at once: two sums together.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_reduced_terms<const O: usize>(
    by: &Barrett,
    terms: &[&[u64; PAIR]],
    factors: &[[[f64; 2]; O]; CHUNK],
    column: usize,
    sums: &mut [__m256d; O],
) {
    let (pairs, rest) = sums.as_chunks_mut();
    for (pair, sums) in pairs.iter_mut().enumerate() {
        let [mut x, mut y] = *sums;
        for (term, factors) in terms.iter().zip(factors) {
            let word = load_doubles(&term.as_chunks().0[column]);
            x = add_product(by, x, mul_shoup(by, word, splat_pair(factors[2 * pair])));
            y = add_product(by, y, mul_shoup(by, word, splat_pair(factors[2 * pair + 1])));
        }
        *sums = [x, y];
    }
    for (one, sum) in (O - rest.len()..).zip(rest) {
        let mut now = *sum;
        for (term, factors) in terms.iter().zip(factors) {
            let word = load_doubles(&term.as_chunks().0[column]);
            now = add_product(by, now, mul_shoup(by, word, splat_pair(factors[one])));
        }
        *sum = now;
    }
}

/// A factor and its quotient.
#[inline]
#[target_feature(enable = "avx2")]
fn splat_pair([factor, quotient]: [f64; 2]) -> Factor {
    Factor { factor: _mm256_set1_pd(factor), quotient: _mm256_set1_pd(quotient) }
}

/// `sum + product` in `[0, q)`, for a sum there and a product in `(-q, q)`, which is reduced first.
/// Both candidates for the sum are made at once, so that the next one waits for little.
#[inline]
#[target_feature(enable = "avx2")]
fn add_product(by: &Barrett, sum: __m256d, product: __m256d) -> __m256d {
    let product = _mm256_blendv_pd(product, _mm256_add_pd(product, by.q), product);
    let reduced = _mm256_add_pd(sum, _mm256_sub_pd(product, by.q));
    _mm256_blendv_pd(reduced, _mm256_add_pd(sum, product), reduced)
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn pair_tile_eager(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    pair_column_eager::<0>(constants, segments, factors, out);
    pair_column_eager::<1>(constants, segments, factors, out);
    pair_column_eager::<2>(constants, segments, factors, out);
    pair_column_eager::<3>(constants, segments, factors, out);
}

/// One column of factors, and the words of both halves that they meet.
#[target_feature(enable = "avx2,fma")]
fn pair_column_eager<const COLUMN: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    let (by, unpack) = (barrett(constants), unpack(factors));
    let (mut first, mut second) = (_mm256_setzero_pd(), _mm256_setzero_pd());
    let mut tiles = factors.tiles();
    for segment in segments {
        for term in segment.as_chunks::<PAIR>().0 {
            let Some(tile) = tiles.next() else { break };
            let words = term.as_chunks().0;
            let factor = to_doubles(unpack.column::<COLUMN>(tile));
            let product = mul_barrett(&by, load_doubles(&words[COLUMN]), factor);
            first = remainder(&by, _mm256_add_pd(first, product));
            let word = load_doubles(&words[COLUMN + COLUMNS / 2]);
            let product = mul_barrett(&by, word, factor);
            second = remainder(&by, _mm256_add_pd(second, product));
        }
    }
    let (words, _) = out.as_chunks_mut();
    store(&mut words[COLUMN], to_words(&by, first));
    store(&mut words[COLUMN + COLUMNS / 2], to_words(&by, second));
}
