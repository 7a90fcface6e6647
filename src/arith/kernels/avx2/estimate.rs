//! Sums of products that are told by an estimate and a residue: see [`Width::Estimated`]. Of eight words
//! that takes two multiply-adds of doubles and one of halves of words, where exact parts take four, and
//! as many additions besides.
//!
//! [`Width::Estimated`]: crate::arith::kernels::Width::Estimated

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi32, _mm256_add_epi64, _mm256_castpd_si256, _mm256_castps_si256,
    _mm256_castsi256_ps, _mm256_fmadd_pd, _mm256_mullo_epi32, _mm256_set1_epi32, _mm256_set1_pd,
    _mm256_setzero_pd, _mm256_setzero_si256, _mm256_shuffle_ps, _mm256_srli_epi64,
    _mm256_sub_epi64, _mm256_sub_pd, _mm256_unpackhi_epi32, _mm256_unpacklo_epi32,
};
use std::mem::MaybeUninit;

use super::wide::{halves_as_doubles, reduce_digits, weigh};
use super::{
    Constants, LANES, UNSIGNED, Words, in_place, load, splat, store, to_doubles, values, words,
};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::double::double;
use crate::arith::kernels::space::Space;
use crate::arith::kernels::width::{ESTIMATED_PIECES, ESTIMATED_TERMS};
use crate::arith::kernels::{PAIR, Row, SUMS_TOGETHER};

/// Sums whose words are met together: as many as keep their estimates of eight words in registers.
const QUAD: usize = 4;

/// Eights of words of a pair: two registers of doubles, or one of lower halves.
pub(super) const EIGHTS: usize = PAIR / (2 * LANES);

/// Registers of doubles of a term.
pub(super) const DOUBLES: usize = PAIR / LANES;

/// What is held of a term: its words as doubles in their place, then the lower halves of each eight in the
/// order that [`lower_halves`] gives them.
pub(super) type Term = [Words; DOUBLES + EIGHTS];

/// Words of all terms of a piece.
const NEAR: usize = (DOUBLES + EIGHTS) * ESTIMATED_TERMS;

/// Factors as doubles, whose places follow from one address.
type Doubles = [[f64; ESTIMATED_TERMS]; QUAD];

/// A piece of a sum: its terms, and the factors of four rows.
struct Piece<'a> {
    terms: &'a [Term],
    words: [&'a [u64]; QUAD],
    doubles: &'a Doubles,
}

/// Leaves a term in `near`, all of which is written.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn enter(term: &[u64; PAIR], near: &mut [MaybeUninit<Words>; DOUBLES + EIGHTS]) {
    let (doubles, lower) = near.split_at_mut(DOUBLES);
    let pairs = doubles.as_chunks_mut().0.iter_mut().zip(term.as_chunks().0.as_chunks().0);
    for (([a, b], [first, second]), lower) in pairs.zip(lower) {
        let (first, second) = (load(first), load(second));
        a.write(in_place(to_doubles(first)));
        b.write(in_place(to_doubles(second)));
        lower.write(words(lower_halves(first, second)));
    }
}

/// The lower halves of eight words: of the first register's first two, the second's first two, and so on.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn lower_halves(first: __m256i, second: __m256i) -> __m256i {
    let (first, second) = (_mm256_castsi256_ps(first), _mm256_castsi256_ps(second));
    _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(first, second))
}

/// The halves that [`lower_halves`] took, as words.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn words_of(lower: __m256i) -> [__m256i; 2] {
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
fn residues(piece: &Piece<'_>, half: usize) -> [[__m256i; 2]; QUAD] {
    let zero = [_mm256_setzero_si256(); 2];
    let (mut a, mut b, mut c, mut d) = (zero, zero, zero, zero);
    let [p, q, r, s] = piece.words.map(|words| &words[..piece.terms.len()]);
    for (k, term) in piece.terms.iter().enumerate() {
        let words = [load(&term[DOUBLES + 2 * half]), load(&term[DOUBLES + 2 * half + 1])];
        a = add_lower(a, words, p[k]);
        b = add_lower(b, words, q[k]);
        c = add_lower(c, words, r[k]);
        d = add_lower(d, words, s[k]);
    }
    [a, b, c, d]
}

/// The estimates of eight words of four sums.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn estimates(piece: &Piece<'_>, eight: usize) -> [[__m256d; 2]; QUAD] {
    let zero = [_mm256_setzero_pd(); 2];
    let (mut a, mut b, mut c, mut d) = (zero, zero, zero, zero);
    for (k, term) in piece.terms.iter().enumerate().take(ESTIMATED_TERMS) {
        let words = [values::<false>(&term[2 * eight]), values::<false>(&term[2 * eight + 1])];
        a = add_doubles(a, words, piece.doubles[0][k]);
        b = add_doubles(b, words, piece.doubles[1][k]);
        c = add_doubles(c, words, piece.doubles[2][k]);
        d = add_doubles(d, words, piece.doubles[3][k]);
    }
    [a, b, c, d]
}

/// Words of a sum as `high * 2^32 + low`, the high part with the bits of [`UNSIGNED`] for every piece.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    low: __m256i,
    high: __m256i,
}

impl Parts {
    /// A sum of no pieces.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn none() -> Self {
        Self::of(_mm256_setzero_si256())
    }

    /// Words.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn of(low: __m256i) -> Self {
        Self { low, high: _mm256_setzero_si256() }
    }

    /// The sum and a piece.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn and_piece(self, residue: __m256i, estimate: __m256d) -> Self {
        let rest = _mm256_sub_pd(estimate, to_doubles(residue));
        let (unit, magic) = (_mm256_set1_pd(1.0 / (1u64 << 32) as f64), _mm256_set1_pd(UNSIGNED));
        let high = _mm256_castpd_si256(_mm256_fmadd_pd(rest, unit, magic));
        Self { low: _mm256_add_epi64(self.low, residue), high: _mm256_add_epi64(self.high, high) }
    }

    /// A sum of `pieces` pieces modulo q, of so many terms.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn reduced(self, constants: &Constants, pieces: usize, terms: usize) -> __m256i {
        let added = UNSIGNED.to_bits().wrapping_mul(pieces as u64);
        let high = _mm256_sub_epi64(self.high, splat(added));
        let high = _mm256_add_epi64(high, _mm256_srli_epi64::<32>(self.low));
        let [low, _] = halves_as_doubles(self.low);
        // The high part of so few is below 2^52, and so many times q below 2^51.
        if pieces < 16 && terms as f64 * constants.q < (1u64 << 51) as f64 {
            return reduce_digits(constants, to_doubles(high), low);
        }
        let [first, .., second] = constants.powers;
        weigh(constants, low, halves_as_doubles(high), [first, second])
    }
}

/// A pair of a sum.
pub(super) type Sum = [[Parts; 2]; EIGHTS];

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
    let mut sums = Space::<Sum, SUMS_TOGETHER>::new();
    let made = rows.len().next_multiple_of(QUAD);
    sums.places()[..made].fill(MaybeUninit::new([[Parts::none(); 2]; EIGHTS]));
    // SAFETY: just now.
    let sums = unsafe { sums.written(made) };
    let (mut near, mut doubles) = (Space::<Words, NEAR>::new(), [[0.0; ESTIMATED_TERMS]; QUAD]);
    let (mut start, mut pieces, mut folded) = (0, 0, 0);
    let mut chunks = Chunks::<ESTIMATED_TERMS>::of(segments, piece);
    while let Some(terms) = chunks.next() {
        if pieces == ESTIMATED_PIECES {
            for sum in sums.as_flattened_mut().as_flattened_mut() {
                *sum = Parts::of(sum.reduced(constants, pieces, start - folded));
            }
            (pieces, folded) = (0, start);
        }
        for (near, term) in near.places().as_chunks_mut().0.iter_mut().zip(terms) {
            enter(term, near);
        }
        // SAFETY: so many terms have been entered.
        let terms = unsafe { near.written(terms.len() * (DOUBLES + EIGHTS)) }.as_chunks().0;
        let end = start + terms.len();
        for (rows, sums) in rows.chunks(QUAD).zip(sums.as_chunks_mut::<QUAD>().0) {
            // Where there are fewer rows the last one's sum is made again.
            let row = |i: usize| &rows[i.min(rows.len() - 1)].factors[start..end];
            let words = [row(0), row(1), row(2), row(3)];
            for (doubles, words) in doubles.iter_mut().zip(words) {
                for (as_double, word) in doubles.iter_mut().zip(words) {
                    *as_double = double(*word);
                }
            }
            add_piece(&Piece { terms, words, doubles: &doubles }, sums);
        }
        (start, pieces) = (end, pieces + 1);
    }
    for (out, sum) in out.iter_mut().zip(sums) {
        let words = out.as_chunks_mut().0.iter_mut();
        for (out, sum) in words.zip(sum.as_flattened()) {
            store(out, sum.reduced(constants, pieces, start - folded));
        }
    }
}

/// Adds a piece to four sums.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_piece(piece: &Piece<'_>, sums: &mut [Sum; QUAD]) {
    for half in 0..EIGHTS / 2 {
        let residues = residues(piece, half);
        for eight in 0..2 {
            let estimates = estimates(piece, 2 * half + eight);
            for (i, sum) in sums.iter_mut().enumerate() {
                let [first, second] = &mut sum[2 * half + eight];
                let words = words_of(residues[i][eight]);
                *first = first.and_piece(words[0], estimates[i][0]);
                *second = second.and_piece(words[1], estimates[i][1]);
            }
        }
    }
}
