//! Sums of products that are told by an estimate and a residue: see [`Width::Estimated`]. Of eight words
//! that takes two multiply-adds of doubles and one of halves of words, where exact parts take four, and
//! as many additions besides.
//!
//! [`Width::Estimated`]: crate::arith::kernels::Width::Estimated

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_and_si256, _mm256_castpd_si256,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_fmadd_pd, _mm256_mullo_epi32,
    _mm256_set1_epi32, _mm256_set1_pd, _mm256_setzero_pd, _mm256_setzero_si256, _mm256_shuffle_ps,
    _mm256_srli_epi64, _mm256_sub_epi64, _mm256_sub_pd, _mm256_unpackhi_epi32,
    _mm256_unpacklo_epi32,
};

use super::wide::weigh;
use super::{Constants, LANES, UNSIGNED, Words, keep, load, splat, store, to_doubles, values};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::double::double;
use crate::arith::kernels::width::{ESTIMATED_PIECES, ESTIMATED_TERMS};
use crate::arith::kernels::{PAIR, Row, SUMS_TOGETHER};

/// Sums whose words are met together: as many as keep their estimates of eight words in registers.
const QUAD: usize = 4;

/// Eights of words of a pair: two registers of doubles, or one of lower halves.
const EIGHTS: usize = PAIR / (2 * LANES);

/// Terms, or sums, for which there are no more: space for all would take as long to clear as they take.
const FEW_TERMS: usize = 16;
const FEW_SUMS: usize = 8;

/// Terms of a piece, at lines of the cache: as doubles in the place of words, and the lower halves of
/// eight words each in the order that [`lower_halves`] gives them.
#[repr(align(64))]
struct Near<const TERMS: usize> {
    doubles: [[u64; PAIR]; TERMS],
    lower: [[Words; EIGHTS]; TERMS],
}

impl<const TERMS: usize> Near<TERMS> {
    const EMPTY: Self = Self { doubles: [[0; PAIR]; TERMS], lower: [[[0; LANES]; EIGHTS]; TERMS] };

    #[inline]
    #[target_feature(enable = "avx2")]
    fn enter(&mut self, terms: &[&[u64; PAIR]]) {
        for ((doubles, lower), term) in self.doubles.iter_mut().zip(&mut self.lower).zip(terms) {
            let (doubles, words) = (doubles.as_chunks_mut().0, term.as_chunks().0);
            for (eight, lower) in lower.iter_mut().enumerate() {
                let (first, second) = (load(&words[2 * eight]), load(&words[2 * eight + 1]));
                keep(&mut doubles[2 * eight], to_doubles(first));
                keep(&mut doubles[2 * eight + 1], to_doubles(second));
                store(lower, lower_halves(first, second));
            }
        }
    }
}

/// The factors of a piece, whose places follow from one address.
struct Factors<const TERMS: usize> {
    doubles: [[f64; TERMS]; QUAD],
    words: [[u64; TERMS]; QUAD],
}

impl<const TERMS: usize> Factors<TERMS> {
    const EMPTY: Self = Self { doubles: [[0.0; TERMS]; QUAD], words: [[0; TERMS]; QUAD] };

    /// Those of at most `QUAD` rows from a term on.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn enter(&mut self, rows: &[Row<'_>], first: usize, terms: usize) {
        for ((doubles, words), row) in self.doubles.iter_mut().zip(&mut self.words).zip(rows) {
            let factors = &row.factors[first..first + terms];
            for ((as_double, word), factor) in doubles.iter_mut().zip(words).zip(factors) {
                (*as_double, *word) = (double(*factor), *factor);
            }
        }
    }
}

/// The lower halves of eight words: of the first register's first two, the second's first two, and so on.
#[inline]
#[target_feature(enable = "avx2")]
fn lower_halves(first: __m256i, second: __m256i) -> __m256i {
    let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
    _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second))
}

/// The halves that [`lower_halves`] took, as words.
#[inline]
#[target_feature(enable = "avx2")]
fn words_of(lower: __m256i) -> [__m256i; 2] {
    let zero = _mm256_setzero_si256();
    [_mm256_unpacklo_epi32(lower, zero), _mm256_unpackhi_epi32(lower, zero)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn add_lower(sums: [__m256i; 2], words: [__m256i; 2], factor: u64) -> [__m256i; 2] {
    let factor = _mm256_set1_epi32(factor as i32);
    [
        _mm256_add_epi32(sums[0], _mm256_mullo_epi32(words[0], factor)),
        _mm256_add_epi32(sums[1], _mm256_mullo_epi32(words[1], factor)),
    ]
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_doubles(sums: [__m256d; 2], words: [__m256d; 2], factor: f64) -> [__m256d; 2] {
    let factor = _mm256_set1_pd(factor);
    [_mm256_fmadd_pd(words[0], factor, sums[0]), _mm256_fmadd_pd(words[1], factor, sums[1])]
}

/// The residues modulo 2^32 of two eights of words of four sums.
#[inline]
#[target_feature(enable = "avx2")]
fn residues<const TERMS: usize>(
    near: &Near<TERMS>,
    factors: &Factors<TERMS>,
    terms: usize,
    half: usize,
) -> [[__m256i; 2]; QUAD] {
    let zero = [_mm256_setzero_si256(); 2];
    let (mut a, mut b, mut c, mut d) = (zero, zero, zero, zero);
    for k in 0..terms.min(TERMS) {
        let words = [load(&near.lower[k][2 * half]), load(&near.lower[k][2 * half + 1])];
        a = add_lower(a, words, factors.words[0][k]);
        b = add_lower(b, words, factors.words[1][k]);
        c = add_lower(c, words, factors.words[2][k]);
        d = add_lower(d, words, factors.words[3][k]);
    }
    [a, b, c, d]
}

/// The estimates of eight words of four sums.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn estimates<const TERMS: usize>(
    near: &Near<TERMS>,
    factors: &Factors<TERMS>,
    terms: usize,
    eight: usize,
) -> [[__m256d; 2]; QUAD] {
    let zero = [_mm256_setzero_pd(); 2];
    let (mut a, mut b, mut c, mut d) = (zero, zero, zero, zero);
    for k in 0..terms.min(TERMS) {
        let words = near.doubles[k].as_chunks().0;
        let words = [values::<false>(&words[2 * eight]), values::<false>(&words[2 * eight + 1])];
        a = add_doubles(a, words, factors.doubles[0][k]);
        b = add_doubles(b, words, factors.doubles[1][k]);
        c = add_doubles(c, words, factors.doubles[2][k]);
        d = add_doubles(d, words, factors.doubles[3][k]);
    }
    [a, b, c, d]
}

/// Words of a sum as `high * 2^32 + low`, the high part with the bits of [`UNSIGNED`] for every piece.
#[derive(Clone, Copy)]
struct Parts {
    low: __m256i,
    high: __m256i,
}

impl Parts {
    /// The sum and a piece.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn and_piece(self, residue: __m256i, estimate: __m256d) -> Self {
        let rest = _mm256_sub_pd(estimate, to_doubles(residue));
        let (unit, magic) = (_mm256_set1_pd(1.0 / (1u64 << 32) as f64), _mm256_set1_pd(UNSIGNED));
        let high = _mm256_castpd_si256(_mm256_fmadd_pd(rest, unit, magic));
        Self { low: _mm256_add_epi64(self.low, residue), high: _mm256_add_epi64(self.high, high) }
    }

    /// A sum of `pieces` pieces modulo q, from three digits of 32 bits.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn reduced(self, constants: &Constants, pieces: usize) -> __m256i {
        let added = UNSIGNED.to_bits().wrapping_mul(pieces as u64);
        let high = _mm256_sub_epi64(self.high, splat(added));
        let high = _mm256_add_epi64(high, _mm256_srli_epi64::<32>(self.low));
        let mask = splat(u64::from(u32::MAX));
        let low = to_doubles(_mm256_and_si256(self.low, mask));
        let digits = [_mm256_and_si256(high, mask), _mm256_srli_epi64::<32>(high)];
        let [first, .., second] = constants.powers;
        weigh(constants, low, digits.map(|digit| to_doubles(digit)), [first, second])
    }
}

/// A pair of a sum.
type Sum = [[Parts; 2]; EIGHTS];

/// Sums of products of which `piece` together are estimated, as many of each as the rows are long; at
/// most [`SUMS_TOGETHER`] sums.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn estimated_tiles(
    constants: &Constants,
    piece: usize,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    let few = rows.first().is_none_or(|row| row.factors.len() <= FEW_TERMS);
    match (few, rows.len()) {
        (true, ..=FEW_SUMS) => sums::<FEW_TERMS, FEW_SUMS>(constants, piece, segments, rows, out),
        (true, _) => sums::<FEW_TERMS, SUMS_TOGETHER>(constants, piece, segments, rows, out),
        (_, ..=FEW_SUMS) => {
            sums::<ESTIMATED_TERMS, FEW_SUMS>(constants, piece, segments, rows, out);
        }
        _ => sums::<ESTIMATED_TERMS, SUMS_TOGETHER>(constants, piece, segments, rows, out),
    }
}

#[target_feature(enable = "avx2,fma")]
fn sums<const TERMS: usize, const SUMS: usize>(
    constants: &Constants,
    piece: usize,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    let none = Parts { low: _mm256_setzero_si256(), high: _mm256_setzero_si256() };
    let mut sums: [Sum; SUMS] = [[[none; 2]; EIGHTS]; SUMS];
    let (mut near, mut factors) = (Near::<TERMS>::EMPTY, Factors::<TERMS>::EMPTY);
    let (mut start, mut pieces) = (0, 0);
    let mut chunks = Chunks::<TERMS>::of(segments, piece);
    while let Some(terms) = chunks.next() {
        if pieces == ESTIMATED_PIECES {
            for sum in sums.as_flattened_mut().as_flattened_mut() {
                *sum = Parts { low: sum.reduced(constants, pieces), ..none };
            }
            pieces = 0;
        }
        near.enter(terms);
        for (rows, sums) in rows.chunks(QUAD).zip(sums.as_chunks_mut::<QUAD>().0) {
            factors.enter(rows, start, terms.len());
            add_piece(&near, &factors, terms.len(), sums);
        }
        (start, pieces) = (start + terms.len(), pieces + 1);
    }
    for (out, sum) in out.iter_mut().zip(&sums) {
        let words = out.as_chunks_mut().0.iter_mut();
        for (out, sum) in words.zip(sum.as_flattened()) {
            store(out, sum.reduced(constants, pieces));
        }
    }
}

/// Adds a piece to four sums.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_piece<const TERMS: usize>(
    near: &Near<TERMS>,
    factors: &Factors<TERMS>,
    terms: usize,
    sums: &mut [Sum; QUAD],
) {
    for half in 0..EIGHTS / 2 {
        let residues = residues(near, factors, terms, half);
        for eight in 0..2 {
            let estimates = estimates(near, factors, terms, 2 * half + eight);
            for (i, sum) in sums.iter_mut().enumerate() {
                let [first, second] = &mut sum[2 * half + eight];
                let words = words_of(residues[i][eight]);
                *first = first.and_piece(words[0], estimates[i][0]);
                *second = second.and_piece(words[1], estimates[i][1]);
            }
        }
    }
}
