//! Sums of scaled words that are told by an estimate and a residue: see [`super::estimate`].

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_fmadd_pd, _mm256_set1_epi32,
    _mm256_set1_pd, _mm256_setzero_pd, _mm256_setzero_si256,
};
use std::mem::MaybeUninit;

use super::estimate::{Centring, DOUBLES, EIGHTS, HALF, Reach, add_lower, told};
use super::laid::{Laid, TWO, Twin};
use super::scalars::{GROUP, Group, Out, Scalars, evenly, sums};
use super::{Constants, Words, load, splat, subtract_once, values};
use crate::arith::kernels::PAIR;

/// Sums of as many terms as are told, in pieces.
#[derive(Clone, Copy)]
struct Estimated<'a> {
    constants: &'a Constants,
    reach: Reach,
    laid: &'a Laid,
}

impl Estimated<'_> {
    /// Terms of a piece of so many: pieces are alike.
    const fn piece(self, terms: usize) -> usize {
        evenly(terms, self.reach.piece)
    }
}

impl Scalars for Estimated<'_> {
    const REGISTERS: usize = 2 * HALF;

    fn terms(self) -> usize {
        self.reach.terms
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
        let piece = self.piece(terms.len());
        let centring = Centring::new(self.constants);
        for (terms, near) in terms.chunks(piece).zip(near.chunks_mut(2 * HALF * piece)) {
            enter_piece(&centring, terms, near);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn sums(self, near: &[Words], group: Group, adds: bool, out: Out<'_>) {
        twos(self, near, self.laid.of(&group), adds, out);
    }
}

/// Sums of products of words with factors, of so many bits together, at most 76, as they were laid out for.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn estimated_tiles(
    constants: &Constants,
    bits: u32,
    segments: &[&[u64]],
    laid: &Laid,
    out: &mut [[u64; PAIR]],
) {
    sums(Estimated { constants, reach: Reach::of(bits), laid }, segments, out);
}

/// Leaves a piece in `near`: of each term the first half, then of each the second.
#[inline]
#[target_feature(enable = "avx2")]
fn enter_piece(centring: &Centring, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
    for (half, near) in near.chunks_exact_mut(HALF * terms.len()).enumerate() {
        for (near, term) in near.as_chunks_mut::<HALF>().0.iter_mut().zip(terms) {
            let eights = term.as_chunks().0.as_chunks().0;
            centring.enter([&eights[2 * half], &eights[2 * half + 1]], near);
        }
    }
}

/// Half a pair of each of two sums.
#[derive(Clone, Copy)]
struct Halves {
    estimates: [[__m256d; DOUBLES / 2]; TWO],
    residues: [[__m256i; EIGHTS / 2]; TWO],
}

/// The sums of a group.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn twos(by: Estimated<'_>, near: &[Words], factors: &[Twin], adds: bool, mut out: Out<'_>) {
    let none = Halves {
        estimates: [[_mm256_setzero_pd(); DOUBLES / 2]; TWO],
        residues: [[_mm256_setzero_si256(); EIGHTS / 2]; TWO],
    };
    let mut sums = [[none; GROUP / TWO]; 2];
    let near = near.as_chunks::<HALF>().0;
    let piece = by.piece(near.len() / 2);
    let pieces = near.chunks(2 * piece).zip(factors.chunks(piece * out.len().div_ceil(TWO)));
    for (near, factors) in pieces {
        let terms = near.len() / 2;
        let (first, second) = near.split_at(terms);
        for (near, sums) in [first, second].into_iter().zip(&mut sums) {
            for (sums, factors) in sums.iter_mut().zip(factors.chunks_exact(terms)) {
                add_piece(near, factors, sums);
            }
        }
    }
    for (half, twos) in sums.iter().enumerate() {
        for sum in 0..out.len() {
            let Halves { estimates, residues } = &twos[sum / TWO];
            let sums = (&estimates[sum % TWO], &residues[sum % TWO]);
            write_half(by.constants, sums, [sum, half], adds, &mut out);
        }
    }
}

/// Writes or adds half a pair of a sum.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn write_half(
    constants: &Constants,
    (estimates, residues): (&[__m256d; DOUBLES / 2], &[__m256i; EIGHTS / 2]),
    [sum, half]: [usize; 2],
    adds: bool,
    out: &mut Out<'_>,
) {
    for (i, word) in told(constants, *estimates, residues).into_iter().enumerate() {
        let place = [sum, DOUBLES / 2 * half + i];
        out.set(place, if adds { add(constants, word, out.get(place)) } else { word });
    }
}

/// The sum modulo q.
#[inline]
#[target_feature(enable = "avx2")]
fn add(constants: &Constants, a: __m256i, b: __m256i) -> __m256i {
    subtract_once(_mm256_add_epi64(a, b), splat(constants.word))
}

/// Adds a piece to half a pair of two sums. All sums have names: in an array they would stay in memory.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_piece(terms: &[[Words; HALF]], factors: &[Twin], sums: &mut Halves) {
    let [mut a, mut b, mut c, mut d] = [_mm256_setzero_pd(); DOUBLES / 2];
    let [mut e, mut f, mut g, mut h] = [_mm256_setzero_pd(); DOUBLES / 2];
    let [[mut w, mut x], [mut y, mut z]] = sums.residues;
    for (term, Twin { doubles, lower }) in terms.iter().zip(factors) {
        // Twelve sums are in registers, so that there is one for words and two for factors.
        let (one, two) = (_mm256_set1_pd(doubles[0]), _mm256_set1_pd(doubles[1]));
        let word = values::<false>(&term[0]);
        (a, e) = (_mm256_fmadd_pd(word, one, a), _mm256_fmadd_pd(word, two, e));
        let word = values::<false>(&term[1]);
        (b, f) = (_mm256_fmadd_pd(word, one, b), _mm256_fmadd_pd(word, two, f));
        let word = values::<false>(&term[2]);
        (c, g) = (_mm256_fmadd_pd(word, one, c), _mm256_fmadd_pd(word, two, g));
        let word = values::<false>(&term[3]);
        (d, h) = (_mm256_fmadd_pd(word, one, d), _mm256_fmadd_pd(word, two, h));
        let (one, two) = (_mm256_set1_epi32(lower[0] as i32), _mm256_set1_epi32(lower[1] as i32));
        let word = load(&term[4]);
        (w, y) = (add_lower(w, word, one), add_lower(y, word, two));
        let word = load(&term[5]);
        (x, z) = (add_lower(x, word, one), add_lower(z, word, two));
    }
    sums.residues = [[w, x], [y, z]];
    let pieces = [[a, b, c, d], [e, f, g, h]];
    for (sum, piece) in sums.estimates.as_flattened_mut().iter_mut().zip(pieces.as_flattened()) {
        *sum = _mm256_add_pd(*sum, *piece);
    }
}
