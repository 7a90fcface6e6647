//! Sums of words by words of any modulus, as doubles.

use std::arch::x86_64::{_mm256_set1_pd, _mm256_setzero_si256};
use std::hint::black_box;
use std::mem::MaybeUninit;

use super::dense::{Products, ask};
use super::wide::{Count, Split, Wide, add_block, extend, reduce, split, wide};
use super::{
    Constants, LANES, LAZY_TERMS, UNSIGNED, Unpack, Words, doubles, in_place, load_doubles, store,
    unpack, values,
};
use crate::arith::kernels::{Factors, PAIR, TILE};

/// Columns of factors.
const FACTORS: usize = TILE / LANES;

/// A term: doubles in the place of words.
type Term = [Words; 2 * FACTORS];

/// The sums of a pair: of each column of factors, those of both halves.
type PairSums = [[Wide; 2]; FACTORS];

/// Products of doubles, exact in two parts.
#[derive(Clone, Copy)]
pub(super) struct OfWide<'a> {
    constants: &'a Constants,
    by: Split,
    unpack: Unpack,
}

impl<'a> OfWide<'a> {
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn new(constants: &'a Constants, factors: Factors<'_>) -> Self {
        Self { constants, by: split(constants), unpack: unpack(factors) }
    }
}

impl Products for OfWide<'_> {
    type Sums = PairSums;
    const REGISTERS: usize = 2 * FACTORS;

    fn terms(self) -> usize {
        LAZY_TERMS
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn none(self) -> PairSums {
        [[wide(_mm256_setzero_si256()); 2]; FACTORS]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
        for (near, term) in near.chunks_exact_mut(Self::REGISTERS).zip(terms) {
            for (near, words) in near.iter_mut().zip(term.as_chunks().0) {
                near.write(in_place(load_doubles(words)));
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn add(
        self,
        terms: &[Words],
        factors: Factors<'_>,
        next: *const u8,
        [a, b, c, d]: &mut PairSums,
    ) {
        // Two columns of both halves at once: their four sums fill the time that a product takes, and
        // there are registers for no more.
        let (by, block, factors) = (&self.by, self.constants.block_terms, (self.unpack, factors));
        let terms = terms.as_chunks().0;
        let next = add_columns::<0, 1>(by, block, terms, factors, next, [a, b]);
        add_columns::<2, 3>(by, block, terms, factors, next, [c, d]);
    }

    fn count(self, terms: usize) -> Count {
        Count::in_blocks(terms, self.constants.block_terms)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn fold(self, sums: &mut PairSums, count: Count) {
        for sum in sums.as_flattened_mut() {
            *sum = wide(reduce(self.constants, *sum, count));
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn finish(self, sums: &PairSums, count: Count, out: &mut [u64; PAIR]) {
        let (first, second) = out.split_at_mut(TILE);
        for (half, out) in [first, second].into_iter().enumerate() {
            for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
                store(out, reduce(self.constants, sums[half], count));
            }
        }
    }
}

/// Adds terms, in blocks of at most `block` of them, to the sums of two columns; where the next factors are
/// to be asked for. By itself, since within a larger function there are not registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_columns<const LEFT: usize, const RIGHT: usize>(
    by: &Split,
    block: usize,
    terms: &[Term],
    (unpack, factors): (Unpack, Factors<'_>),
    mut next: *const u8,
    [left, right]: [&mut [Wide; 2]; 2],
) -> *const u8 {
    // One register; of a constant the compiler would hold its negative besides.
    let magic = _mm256_set1_pd(black_box(UNSIGNED));
    let mut tiles = factors.tiles();
    assert!(factors.len() >= terms.len() * TILE, "a term without factors");
    for terms in terms.chunks(block) {
        let (mut w, mut x, mut y, mut z) = (by.empty(), by.empty(), by.empty(), by.empty());
        for term in terms {
            // SAFETY: there are as many tiles as terms.
            let tile = unsafe { tiles.next_unchecked() };
            next = ask(next, factors.word_bytes() * 2 * LANES);
            let first = doubles(unpack.column::<LEFT>(tile), magic);
            let second = doubles(unpack.column::<RIGHT>(tile), magic);
            w = extend(w, values::<false>(&term[LEFT]), first);
            x = extend(x, values::<false>(&term[LEFT + FACTORS]), first);
            y = extend(y, values::<false>(&term[RIGHT]), second);
            z = extend(z, values::<false>(&term[RIGHT + FACTORS]), second);
        }
        *left = [add_block(left[0], w), add_block(left[1], x)];
        *right = [add_block(right[0], y), add_block(right[1], z)];
    }
    next
}
