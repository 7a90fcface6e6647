//! Sums of products below 2^52 of words below 2^32: integer multiplication gives them as they are.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi64, _mm256_mul_epu32, _mm256_set1_epi32, _mm256_setzero_si256,
};
use std::mem::MaybeUninit;
use std::ops::Range;

use super::scalars::{GROUP, Group, Out, Scalars, TERMS, sums};
use super::wide::reduce_words;
use super::{Constants, LANES, Words, load, splat, store};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::{PAIR, Row};

/// Terms whose sum is below 2^64.
const ROOM: usize = 1 << 12;

/// Registers of a pair.
const COLUMNS: usize = PAIR / LANES;

/// Sums whose words are met together.
const QUAD: usize = 4;

/// Registers of words that are met together.
const TWINS: usize = 2;

/// Whole products.
#[derive(Clone, Copy)]
struct Halves<'a> {
    constants: &'a Constants,
    rows: &'a [Row<'a>],
}

impl Scalars for Halves<'_> {
    const REGISTERS: usize = COLUMNS;

    fn terms(self) -> usize {
        TERMS
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
        for (twin, near) in near.chunks_exact_mut(TWINS * terms.len()).enumerate() {
            for (near, term) in near.as_chunks_mut::<TWINS>().0.iter_mut().zip(terms) {
                for (near, words) in near.iter_mut().zip(&term.as_chunks().0[TWINS * twin..]) {
                    near.write(*words);
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn sums(self, near: &[Words], group: Group, adds: bool, out: Out<'_>) {
        let rows = factors(&self.rows[group.sums], group.terms);
        quads(self.constants, near, rows, adds, out);
    }
}

/// Sums of products.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn half_tiles(
    constants: &Constants,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    /// For fewer, to lay out terms takes longer than it spares.
    const MANY: usize = 12;
    match (rows, &mut *out) {
        ([row], [out]) => one_sum(constants, segments, row.factors, out),
        _ if rows.len() < MANY => few_sums(constants, segments, rows, out),
        _ => sums(Halves { constants, rows }, segments, out),
    }
}

/// Some sums, of terms where they lie.
#[target_feature(enable = "avx2,fma")]
fn few_sums(constants: &Constants, segments: &[&[u64]], rows: &[Row<'_>], out: &mut [[u64; PAIR]]) {
    let mut chunks = Chunks::<TERMS>::new(segments);
    let mut start = 0;
    while let Some(terms) = chunks.next() {
        let end = start + terms.len();
        for (rows, out) in rows.chunks(QUAD).zip(out.chunks_mut(QUAD)) {
            let (factors, mut out) = (factors(rows, start..end), Out::new(out));
            for twin in 0..COLUMNS / TWINS {
                quad_sums(constants, terms, factors, [0, twin], start > 0, &mut out);
            }
        }
        start = end;
    }
    if start == 0 {
        out.as_flattened_mut().fill(0);
    }
}

/// The factors of `N` sums for some terms. Where there are fewer sums, the last one is met again.
fn factors<'a, const N: usize>(rows: &[Row<'a>], terms: Range<usize>) -> [&'a [u64]; N] {
    let mut factors = [&rows[rows.len() - 1].factors[terms.clone()]; N];
    for (factors, row) in factors.iter_mut().zip(rows) {
        *factors = &row.factors[terms.clone()];
    }
    factors
}

/// A sum by itself, for which to lay out terms would take longer than it does.
#[target_feature(enable = "avx2,fma")]
fn one_sum(constants: &Constants, segments: &[&[u64]], factors: &[u64], out: &mut [u64; PAIR]) {
    let mut sums = [_mm256_setzero_si256(); COLUMNS];
    let mut room = ROOM;
    let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
    for (term, factor) in terms.zip(factors) {
        if room == 0 {
            sums = reduce_words(constants, sums);
            // They are below 2^52, as every product.
            room = ROOM - 1;
        }
        let factor = splat(*factor);
        for (sum, words) in sums.iter_mut().zip(term.as_chunks().0) {
            *sum = add_product(*sum, load(words), factor);
        }
        room -= 1;
    }
    for (out, word) in out.as_chunks_mut().0.iter_mut().zip(reduce_words(constants, sums)) {
        store(out, word);
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
    let factor = _mm256_set1_epi32(factor as i32);
    [add_product(sums[0], words[0], factor), add_product(sums[1], words[1], factor)]
}

/// The sums of a group.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn quads(
    constants: &Constants,
    near: &[Words],
    rows: [&[u64]; GROUP],
    adds: bool,
    mut out: Out<'_>,
) {
    let near = near.as_chunks::<TWINS>().0;
    let terms = near.len() * TWINS / COLUMNS;
    for (twin, near) in near.chunks_exact(terms).enumerate() {
        let quads = rows.as_chunks().0.iter().take(out.len().div_ceil(QUAD));
        for (quad, rows) in quads.enumerate() {
            quad_sums(constants, near, *rows, [quad, twin], adds, &mut out);
        }
    }
}

/// A term, or two registers of it.
trait Term {
    /// Those two, `twin` of the term.
    fn registers(&self, twin: usize) -> &[Words; TWINS];
}

impl Term for [Words; TWINS] {
    #[inline]
    fn registers(&self, _: usize) -> &[Words; TWINS] {
        self
    }
}

impl Term for &[u64; PAIR] {
    #[inline]
    fn registers(&self, twin: usize) -> &[Words; TWINS] {
        &self.as_chunks().0.as_chunks().0[twin]
    }
}

/// Two registers of four sums.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn quad_sums<T: Term>(
    constants: &Constants,
    terms: &[T],
    rows: [&[u64]; QUAD],
    [quad, twin]: [usize; 2],
    adds: bool,
    out: &mut Out<'_>,
) {
    let mut sums = [[_mm256_setzero_si256(); TWINS]; QUAD];
    if adds {
        for (i, sums) in sums.iter_mut().enumerate() {
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum = out.get([QUAD * quad + i, TWINS * twin + j]);
            }
        }
    }
    // They have names: in an array they would stay in memory.
    let [mut w, mut x, mut y, mut z] = sums;
    let [a, b, c, d] = [
        &rows[0][..terms.len()],
        &rows[1][..terms.len()],
        &rows[2][..terms.len()],
        &rows[3][..terms.len()],
    ];
    for (k, term) in terms.iter().enumerate() {
        let [first, second] = term.registers(twin);
        let words = [load(first), load(second)];
        w = add_products(w, words, a[k]);
        x = add_products(x, words, b[k]);
        y = add_products(y, words, c[k]);
        z = add_products(z, words, d[k]);
    }
    for (i, [first, second]) in [[w, x], [y, z]].into_iter().enumerate() {
        let words = reduce_words(constants, [first[0], first[1], second[0], second[1]]);
        for (j, word) in words.into_iter().enumerate() {
            out.set([QUAD * quad + 2 * i + j / TWINS, TWINS * twin + j % TWINS], word);
        }
    }
}
