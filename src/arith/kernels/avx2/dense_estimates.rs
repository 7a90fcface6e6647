//! Sums of words by words that are told by an estimate and a residue: see [`super::estimate`].

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_pd, _mm256_fmadd_pd, _mm256_set1_pd, _mm256_setzero_pd,
    _mm256_setzero_si256,
};
use std::hint::black_box;
use std::mem::MaybeUninit;

use super::dense::{Products, ask};
use super::estimate::{Centring, EIGHTS, HALF, Reach, add_lower, begun, lower_halves, told};
use super::wide::Count;
use super::{Constants, LANES, UNSIGNED, Unpack, Words, doubles, load, store, unpack, values};
use crate::arith::kernels::{Factors, PAIR, TILE};

/// What a term has for half of a tile: eight words of either half of its pair.
type Term = [Words; HALF];

/// Products of which a piece at a time is estimated.
#[derive(Clone, Copy)]
pub(super) struct OfEstimates<'a> {
    constants: &'a Constants,
    reach: Reach,
    unpack: Unpack,
}

impl<'a> OfEstimates<'a> {
    /// Of words of at most 38 bits.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(constants: &'a Constants, factors: Factors<'_>) -> Self {
        Self { constants, reach: Reach::of(2 * constants.bits()), unpack: unpack(factors) }
    }
}

/// Sums of eight words of either half of a pair.
#[derive(Clone, Copy)]
pub(super) struct Eights {
    estimates: [[__m256d; 2]; 2],
    residues: [__m256i; 2],
}

/// Of the first eight words of either half, and of the others.
type Sums = [Eights; EIGHTS / 2];

impl Products for OfEstimates<'_> {
    type Sums = Sums;
    const REGISTERS: usize = 2 * HALF;

    fn terms(self) -> usize {
        self.reach.terms
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn none(self) -> Sums {
        let estimates = [[_mm256_setzero_pd(); 2]; 2];
        [Eights { estimates, residues: [_mm256_setzero_si256(); 2] }; EIGHTS / 2]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
        let centring = Centring::new(self.constants);
        for (half, near) in near.chunks_exact_mut(HALF * terms.len()).enumerate() {
            for (near, term) in near.as_chunks_mut::<HALF>().0.iter_mut().zip(terms) {
                let eights = term.as_chunks().0.as_chunks().0;
                centring.enter([&eights[half], &eights[EIGHTS / 2 + half]], near);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn add(self, terms: &[Words], factors: Factors<'_>, next: *const u8, sums: &mut Sums) {
        let terms = terms.as_chunks().0;
        let (upper, lower) = terms.split_at(terms.len() / 2);
        let [first, second] = sums;
        let next = add_eights::<0>(self, upper, factors, next, first);
        add_eights::<1>(self, lower, factors, next, second);
    }

    fn count(self, terms: usize) -> Count {
        Count::single(terms)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn fold(self, sums: &mut Sums, _: Count) {
        for sums in sums {
            for (half, words) in self.reduced(sums).into_iter().enumerate() {
                (sums.estimates[half], sums.residues[half]) = begun(words);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn finish(self, sums: &Sums, _: Count, out: &mut [u64; PAIR]) {
        let eights = out.as_chunks_mut::<LANES>().0.as_chunks_mut::<2>().0;
        for (i, sums) in sums.iter().enumerate() {
            for (half, words) in self.reduced(sums).into_iter().enumerate() {
                let [first, second] = &mut eights[half * EIGHTS / 2 + i];
                store(first, words[0]);
                store(second, words[1]);
            }
        }
    }
}

impl OfEstimates<'_> {
    /// Eight words of either half.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn reduced(self, sums: &Eights) -> [[__m256i; 2]; 2] {
        let [[a, b], [c, d]] = sums.estimates;
        let [a, b, c, d] = told(self.constants, [a, b, c, d], &sums.residues);
        [[a, b], [c, d]]
    }
}

/// Adds terms times half `PART` of their tiles to those sums of both halves of a pair; where the next
/// factors are to be asked for. By itself, since within a larger function there are not registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_eights<const PART: usize>(
    products: OfEstimates<'_>,
    terms: &[Term],
    factors: Factors<'_>,
    mut next: *const u8,
    sums: &mut Eights,
) -> *const u8 {
    let OfEstimates { reach, unpack, .. } = products;
    // One register; of a constant the compiler would hold its negative besides.
    let magic = _mm256_set1_pd(black_box(UNSIGNED));
    let mut tiles = factors.tiles();
    assert!(factors.len() >= terms.len() * TILE, "a term without factors");
    let [[mut p, mut q], [mut r, mut s]] = sums.estimates;
    let [mut x, mut y] = sums.residues;
    for terms in terms.chunks(reach.piece) {
        let [mut a, mut b, mut c, mut d] = [_mm256_setzero_pd(); 4];
        for term in terms {
            // SAFETY: there are as many tiles as terms.
            let tile = unsafe { tiles.next_unchecked() };
            next = ask(next, factors.word_bytes() * 2 * LANES);
            let (first, second) = if PART == 0 {
                (unpack.column::<0>(tile), unpack.column::<1>(tile))
            } else {
                (unpack.column::<2>(tile), unpack.column::<3>(tile))
            };
            let lower = lower_halves(first, second);
            let (first, second) = (doubles(first, magic), doubles(second, magic));
            a = _mm256_fmadd_pd(values::<false>(&term[0]), first, a);
            b = _mm256_fmadd_pd(values::<false>(&term[1]), second, b);
            c = _mm256_fmadd_pd(values::<false>(&term[2]), first, c);
            d = _mm256_fmadd_pd(values::<false>(&term[3]), second, d);
            x = add_lower(x, load(&term[4]), lower);
            y = add_lower(y, load(&term[5]), lower);
        }
        (p, q) = (_mm256_add_pd(p, a), _mm256_add_pd(q, b));
        (r, s) = (_mm256_add_pd(r, c), _mm256_add_pd(s, d));
    }
    *sums = Eights { estimates: [[p, q], [r, s]], residues: [x, y] };
    next
}
