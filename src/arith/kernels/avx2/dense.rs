//! Sums of words by words, several of them with the same panel.

use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
use std::mem::MaybeUninit;

use super::dense_estimates::OfEstimates;
use super::dense_halves::OfHalves;
use super::dense_wide::OfWide;
use super::wide::Count;
use super::{Constants, Words};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::space::Space;
use crate::arith::kernels::{Factors, PAIR, TILE, Width};

/// How products of words by words are made and added up.
///
/// Methods are unsafe for they have the features that this module's functions have, which safe ones of a
/// trait cannot: where those may be called, so may they.
pub(super) trait Products: Copy {
    /// The sums of a pair.
    type Sums: Copy;
    /// Registers of a term in the form in which it is multiplied.
    const REGISTERS: usize;

    /// Terms that sums take before they must be folded: at least [`CHUNK`], or those of a sum.
    fn terms(self) -> usize;

    /// Sums of nothing.
    unsafe fn none(self) -> Self::Sums;

    /// Leaves terms in `near`, all of which it writes.
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]);

    /// Adds terms times as many tiles of factors, and asks for as many factors from `next` on.
    unsafe fn add(
        self,
        terms: &[Words],
        factors: Factors<'_>,
        next: *const u8,
        sums: &mut Self::Sums,
    );

    /// What so many terms count for when they are added at once.
    fn count(self, terms: usize) -> Count;

    /// Reduces sums, to which as much can be added again.
    unsafe fn fold(self, sums: &mut Self::Sums, count: Count);

    /// Reduces sums and writes them out.
    unsafe fn finish(self, sums: &Self::Sums, count: Count, out: &mut [u64; PAIR]);
}

/// Sums that are made together, so that a panel is entered once for all of them.
const TOGETHER: usize = 64;

/// Terms that are entered at once: at most 24 KiB.
const CHUNK: usize = 64;

/// Registers of so many, at most.
const NEAR: usize = 12 * CHUNK;

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn pair_tiles_lazy(
    constants: &Constants,
    width: Width,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    /// Of fewer, estimates take longer to be reduced than they spare.
    const FEWEST_TERMS: usize = 8;
    let each = factors.len() / out.len().max(1) / TILE;
    match width {
        _ if constants.are_halves() => {
            let products = OfHalves::new(constants, width.is_narrow(), factors);
            tiles(products, segments, factors, out);
        }
        Width::Estimated { .. } if each >= FEWEST_TERMS => {
            tiles(OfEstimates::new(constants, factors), segments, factors, out);
        }
        _ => tiles(OfWide::new(constants, factors), segments, factors, out),
    }
}

#[target_feature(enable = "avx2,fma")]
fn tiles<P: Products>(
    products: P,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    if each <= CHUNK * TILE {
        return sums_of_a_chunk(products, segments, factors, out);
    }
    for (i, out) in out.chunks_mut(TOGETHER).enumerate() {
        let first = i * TOGETHER * each;
        let factors = factors.range(first..first + out.len() * each);
        sums_together(products, segments, factors, out);
    }
}

/// Sums of at most [`CHUNK`] terms, which all are entered at once.
#[target_feature(enable = "avx2,fma")]
fn sums_of_a_chunk<P: Products>(
    products: P,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    let mut near = Space::new();
    let mut chunks = Chunks::<CHUNK>::new(segments);
    let terms = chunks.next().unwrap_or_default();
    let count = products.count(terms.len());
    let terms = enter(products, terms, &mut near);
    for (i, out) in out.iter_mut().enumerate() {
        let factors = factors.range(i * each..(i + 1) * each);
        let next = factors.address(0).wrapping_add(AHEAD);
        // SAFETY: as this function, which has the features.
        unsafe {
            let mut sums = products.none();
            products.add(terms, factors, next, &mut sums);
            products.finish(&sums, count, out);
        }
    }
}

/// At most [`TOGETHER`] sums.
#[target_feature(enable = "avx2,fma")]
fn sums_together<P: Products>(
    products: P,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    // SAFETY: as this function, which has the features.
    let mut sums = [unsafe { products.none() }; TOGETHER];
    let sums = &mut sums[..out.len()];
    let mut near = Space::new();
    let (mut start, mut count) = (0, Count::default());
    let mut chunks = Chunks::<CHUNK>::new(segments);
    while let Some(terms) = chunks.next() {
        if count.terms + terms.len() > products.terms() {
            // SAFETY: as above.
            sums.iter_mut().for_each(|sums| unsafe { products.fold(sums, count) });
            count = Count::default();
        }
        let (len, terms) = (terms.len(), enter(products, terms, &mut near));
        // Memory is asked for the factors of a chunk so many sums before.
        let ahead = AHEAD.div_ceil(len * TILE * factors.word_bytes());
        for (i, sums) in sums.iter_mut().enumerate() {
            // Those of a later sum, or of later terms of one of the first.
            let (next, later) = ((i + ahead) % out.len(), (i + ahead) / out.len());
            let next = factors.address(next * each + (start + later * CHUNK) * TILE);
            let first = i * each + start * TILE;
            let factors = factors.range(first..first + len * TILE);
            // SAFETY: as above.
            unsafe { products.add(terms, factors, next, sums) };
        }
        start += len;
        count.add(products.count(len));
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        // SAFETY: as above.
        unsafe { products.finish(sums, count, out) };
    }
}

/// At most [`CHUNK`] terms as they are multiplied.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn enter<'a, P: Products>(
    products: P,
    terms: &[&[u64; PAIR]],
    near: &'a mut Space<Words, NEAR>,
) -> &'a [Words] {
    let registers = terms.len() * P::REGISTERS;
    // SAFETY: as this function, which has the features.
    unsafe { products.enter(terms, &mut near.places()[..registers]) };
    // SAFETY: so many have been written.
    unsafe { near.written(registers) }
}

/// Bytes by which memory is asked for factors before they are needed: two pages, in each of which a
/// processor that foresees what is read next begins anew.
pub(in super::super) const AHEAD: usize = 8 << 10;

/// Asks for the line of a factor, which may lie where there are none; the place `bytes` bytes after it. Not
/// for the nearest cache, which has not the room to wait for so many lines.
#[inline]
#[target_feature(enable = "avx2")]
pub(in super::super) fn ask(factor: *const u8, bytes: usize) -> *const u8 {
    _mm_prefetch::<_MM_HINT_T1>(factor.cast());
    factor.wrapping_add(bytes)
}
