//! Sums of the same terms, with a scalar factor per term and sum.
//!
//! Terms are laid out anew, once for all sums, in the form in which they are multiplied and in the order in
//! which they are read: first some words of every term, then others. These and the factors of a group of
//! sums are what the nearest cache holds while they meet.

use std::arch::x86_64::{__m256i, _mm256_setzero_si256};
use std::mem::MaybeUninit;
use std::ops::Range;

use super::{Words, load, store};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::space::Space;
use crate::arith::kernels::{PAIR, ask_for};

/// How products of words by scalars are made and added up.
///
/// Methods are unsafe for they have the features that this module's functions have, which safe ones of a
/// trait cannot: where those may be called, so may they.
pub(super) trait Scalars: Copy {
    /// Registers of a term in the form in which it is multiplied.
    const REGISTERS: usize;

    /// Terms of sums at most, before others are added to them: no more than [`TERMS`].
    fn terms(self) -> usize;

    /// Leaves terms in `near`, all of which it writes.
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]);

    /// Writes the sums of a group, or adds them where there are some.
    unsafe fn sums(self, near: &[Words], group: Group, adds: bool, out: Out<'_>);
}

/// Sums that are made together, at most [`GROUP`], of terms that are laid out at once.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) terms: Range<usize>,
    pub(super) sums: Range<usize>,
}

/// Where the sums of a group go, of which there may be fewer than [`GROUP`].
pub(super) struct Out<'a>(&'a mut [[u64; PAIR]]);

impl<'a> Out<'a> {
    /// Those of some sums.
    pub(super) const fn new(sums: &'a mut [[u64; PAIR]]) -> Self {
        Self(sums)
    }

    /// Sums that there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// A register of a sum, by the place of the sum and its own.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn get(&self, [sum, register]: [usize; 2]) -> __m256i {
        match self.0.get(sum) {
            Some(out) => load(&out.as_chunks().0[register]),
            None => _mm256_setzero_si256(),
        }
    }

    /// Writes a register of a sum, if there is one in this place.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn set(&mut self, [sum, register]: [usize; 2], words: __m256i) {
        if let Some(out) = self.0.get_mut(sum) {
            store(&mut out.as_chunks_mut().0[register], words);
        }
    }
}

/// Sums whose factors stay in the nearest cache while they meet all words of some terms.
pub(super) const GROUP: usize = 16;

/// Terms that are laid out at once for all sums, at most: in 96 KiB.
pub(super) const TERMS: usize = 256;

/// Registers of so many, at most.
const NEAR: usize = 12 * TERMS;

/// Sums of products.
#[target_feature(enable = "avx2,fma")]
pub(super) fn sums<S: Scalars>(scalars: S, segments: &[&[u64]], out: &mut [[u64; PAIR]]) {
    let mut near = Space::<Words, NEAR>::new();
    let all = segments.iter().map(|words| words.len() / PAIR).sum();
    let mut chunks = Chunks::<TERMS>::of(segments, evenly(all, scalars.terms()));
    let mut start = 0;
    while let Some(terms) = chunks.next() {
        let registers = terms.len() * S::REGISTERS;
        // SAFETY: as this function, which has the features.
        unsafe { scalars.enter(terms, &mut near.places()[..registers]) };
        // SAFETY: so many have been written.
        let near = unsafe { near.written(registers) };
        let end = start + terms.len();
        for (i, out) in out.chunks_mut(GROUP).enumerate() {
            // Where they go comes while they are made.
            ask_for(out.as_flattened());
            let sums = i * GROUP..i * GROUP + out.len();
            // SAFETY: as above.
            unsafe { scalars.sums(near, Group { terms: start..end, sums }, start > 0, Out(out)) };
        }
        start = end;
    }
    if start == 0 {
        out.as_flattened_mut().fill(0);
    }
}

/// The size of as few parts as there can be, of at most `most`, all but the last alike.
pub(super) const fn evenly(all: usize, most: usize) -> usize {
    if all == 0 { most } else { all.div_ceil(all.div_ceil(most)) }
}
