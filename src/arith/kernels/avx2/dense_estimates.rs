//! Sums of words by words that are told by an estimate and a residue: see [`super::estimate`].

use std::arch::x86_64::{
    _mm256_add_epi32, _mm256_fmadd_pd, _mm256_mullo_epi32, _mm256_set1_pd, _mm256_setzero_pd,
    _mm256_setzero_si256,
};
use std::hint::black_box;
use std::mem::MaybeUninit;

use super::dense::{Products, ask};
use super::estimate::{DOUBLES, EIGHTS, Parts, Sum, Term, enter, lower_halves, words_of};
use super::wide::Count;
use super::{Constants, LANES, UNSIGNED, Unpack, Words, doubles, load, store, unpack, values};
use crate::arith::kernels::{Factors, PAIR, TILE};

/// Products of which a piece at a time is estimated.
#[derive(Clone, Copy)]
pub(super) struct OfEstimates<'a> {
    constants: &'a Constants,
    /// Terms of a piece.
    piece: usize,
    unpack: Unpack,
}

impl<'a> OfEstimates<'a> {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(constants: &'a Constants, piece: usize, factors: Factors<'_>) -> Self {
        Self { constants, piece, unpack: unpack(factors) }
    }
}

impl Products for OfEstimates<'_> {
    type Sums = Sum;
    const REGISTERS: usize = DOUBLES + EIGHTS;
    /// Of pieces of 16 and more terms there are fewer than may be added.
    const TERMS: usize = 1 << 12;

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn none(self) -> Sum {
        [[Parts::none(); 2]; EIGHTS]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn enter(self, term: &[u64; PAIR], near: &mut [MaybeUninit<Words>]) {
        near.as_chunks_mut().0.iter_mut().for_each(|near| enter(term, near));
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn add(
        self,
        terms: &[Words],
        factors: Factors<'_>,
        next: *const u8,
        [a, b, c, d]: &mut Sum,
    ) {
        let terms = terms.as_chunks().0;
        let next = add_eight::<0>(self, terms, factors, next, [a, c]);
        add_eight::<1>(self, terms, factors, next, [b, d]);
    }

    fn count(self, terms: usize) -> Count {
        Count::in_blocks(terms, self.piece)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn fold(self, sums: &mut Sum, count: Count) {
        for sum in sums.as_flattened_mut() {
            *sum = Parts::of(sum.reduced(self.constants, count.blocks, count.terms));
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn finish(self, sums: &Sum, count: Count, out: &mut [u64; PAIR]) {
        for (out, sum) in out.as_chunks_mut().0.iter_mut().zip(sums.as_flattened()) {
            store(out, sum.reduced(self.constants, count.blocks, count.terms));
        }
    }
}

/// Adds terms times half `HALF` of their tiles to those sums of both halves of a pair; where the next
/// factors are to be asked for. By itself, since within a larger function there are not registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_eight<const HALF: usize>(
    products: OfEstimates<'_>,
    terms: &[Term],
    factors: Factors<'_>,
    mut next: *const u8,
    sums: [&mut [Parts; 2]; 2],
) -> *const u8 {
    let OfEstimates { piece, unpack, .. } = products;
    // One register; of a constant the compiler would hold its negative besides.
    let magic = _mm256_set1_pd(black_box(UNSIGNED));
    let mut tiles = factors.tiles();
    assert!(factors.len() >= terms.len() * TILE, "a term without factors");
    for terms in terms.chunks(piece) {
        let [mut a, mut b, mut c, mut d] = [_mm256_setzero_pd(); 4];
        let [mut x, mut y] = [_mm256_setzero_si256(); 2];
        for term in terms {
            // SAFETY: there are as many tiles as terms.
            let tile = unsafe { tiles.next_unchecked() };
            next = ask(next, factors.word_bytes() * 2 * LANES);
            let (first, second) = if HALF == 0 {
                (unpack.column::<0>(tile), unpack.column::<1>(tile))
            } else {
                (unpack.column::<2>(tile), unpack.column::<3>(tile))
            };
            let lower = lower_halves(first, second);
            let (first, second) = (doubles(first, magic), doubles(second, magic));
            a = _mm256_fmadd_pd(values::<false>(&term[2 * HALF]), first, a);
            b = _mm256_fmadd_pd(values::<false>(&term[2 * HALF + 1]), second, b);
            c = _mm256_fmadd_pd(values::<false>(&term[DOUBLES / 2 + 2 * HALF]), first, c);
            d = _mm256_fmadd_pd(values::<false>(&term[DOUBLES / 2 + 2 * HALF + 1]), second, d);
            let words = [load(&term[DOUBLES + HALF]), load(&term[DOUBLES + HALF + EIGHTS / 2])];
            x = _mm256_add_epi32(x, _mm256_mullo_epi32(words[0], lower));
            y = _mm256_add_epi32(y, _mm256_mullo_epi32(words[1], lower));
        }
        let ([e, f], [g, h]) = (words_of(x), words_of(y));
        let [[p, q], [r, s]] = [*sums[0], *sums[1]];
        *sums[0] = [p.and_piece(e, a), q.and_piece(f, b)];
        *sums[1] = [r.and_piece(g, c), s.and_piece(h, d)];
    }
    next
}
