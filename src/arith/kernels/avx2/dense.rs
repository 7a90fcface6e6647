//! Sums of words by words, several of them with the same panel.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch, _mm256_setzero_si256};

use super::narrow::{self, TERMS};
use super::sums::Chunks;
use super::wide::{
    Count, Split, Wide, add_block, extend, fit_block, multiply_add, reduce, split, wide,
};
use super::{
    Constants, LANES, LAZY_TERMS, Unpack, keep, load_doubles, store, to_doubles, unpack, values,
};
use crate::arith::kernels::{Factors, PAIR, TILE};

/// Sums that are made together, so that the words of a panel become doubles once for all of them.
const TOGETHER: usize = 8;

/// Terms whose doubles are made at once: 16 KiB.
const CHUNK: usize = 64;

/// Columns of factors.
const FACTORS: usize = TILE / LANES;

/// The sums of a pair: of each column of factors, those of both halves.
type PairSums = [[Wide; 2]; FACTORS];

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn pair_tiles_lazy(
    constants: &Constants,
    is_narrow: bool,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    if is_narrow && each <= TERMS * TILE {
        for (i, out) in out.iter_mut().enumerate() {
            narrow::pair_tile(constants, segments, factors.range(i * each..(i + 1) * each), out);
        }
        return;
    }
    for (i, out) in out.chunks_mut(TOGETHER).enumerate() {
        let first = i * TOGETHER * each;
        let factors = factors.range(first..first + out.len() * each);
        if out.len() == 1 {
            sums_together::<1>(constants, segments, factors, out);
        } else {
            sums_together::<TOGETHER>(constants, segments, factors, out);
        }
    }
}

/// At most `MOST` sums; where there are several, words of the panel become doubles first.
#[target_feature(enable = "avx2,fma")]
fn sums_together<const MOST: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let (by, blocks) = (split(constants), fit_block(constants, CHUNK));
    let unpack = unpack(factors);
    let each = factors.len() / out.len().max(1);
    let mut sums = [[[wide(_mm256_setzero_si256()); 2]; FACTORS]; MOST];
    let mut near = [[0; PAIR]; CHUNK];
    let (mut start, mut count) = (0, Count::default());
    let mut chunks = Chunks::<CHUNK>::new(segments);
    loop {
        let terms = chunks.next();
        if terms.is_empty() {
            break;
        }
        if count.terms + terms.len() > LAZY_TERMS {
            for sum in sums.as_flattened_mut().as_flattened_mut() {
                *sum = wide(reduce(constants, *sum, count));
            }
            count = Count::default();
        }
        let len = terms.len();
        if MOST > 1 {
            enter(terms, &mut near);
        }
        let doubles = near.each_ref();
        for (i, sums) in sums.iter_mut().take(out.len()).enumerate() {
            let next = match () {
                () if i + 1 < out.len() => (i + 1) * each + start * TILE,
                () if (start + len) * TILE < each => (start + len) * TILE,
                () => factors.len(),
            };
            let next = factors.address(next);
            let first = i * each + start * TILE;
            let factors = factors.range(first..first + len * TILE);
            if MOST > 1 {
                add_terms::<false>(&by, blocks, &doubles[..len], (unpack, factors), next, sums);
            } else {
                add_terms::<true>(&by, blocks, terms, (unpack, factors), next, sums);
            }
        }
        start += len;
        count.terms += len;
        count.blocks += if blocks { 1 } else { len };
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        let (first, second) = out.split_at_mut(TILE);
        for (half, out) in [first, second].into_iter().enumerate() {
            for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
                store(out, reduce(constants, sums[half], count));
            }
        }
    }
}

/// Leaves the doubles of terms in the places of `near`.
#[target_feature(enable = "avx2")]
fn enter(terms: &[&[u64; PAIR]], near: &mut [[u64; PAIR]]) {
    for (near, term) in near.iter_mut().zip(terms) {
        for (near, words) in near.as_chunks_mut().0.iter_mut().zip(term.as_chunks().0) {
            keep(near, load_doubles(words));
        }
    }
}

/// Adds terms, which are words that must be entered (`ENTERS`) or doubles, in one block or each product
/// at once, and asks for as many factors from `next` on.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_terms<const ENTERS: bool>(
    by: &Split,
    blocks: bool,
    terms: &[&[u64; PAIR]],
    factors: (Unpack, Factors<'_>),
    next: *const u8,
    [a, b, c, d]: &mut PairSums,
) {
    // Two columns of both halves at once: their four sums fill the time that a product takes, and there
    // are registers for no more.
    if blocks {
        let next = add_blocks::<0, 1, ENTERS>(by, terms, factors, next, [a, b]);
        add_blocks::<2, 3, ENTERS>(by, terms, factors, next, [c, d]);
    } else {
        let next = add_products::<0, 1, ENTERS>(by, terms, factors, next, [a, b]);
        add_products::<2, 3, ENTERS>(by, terms, factors, next, [c, d]);
    }
}

/// Adds terms to the sums of two columns in one block; where the next factors are to be asked for.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_blocks<const LEFT: usize, const RIGHT: usize, const ENTERS: bool>(
    by: &Split,
    terms: &[&[u64; PAIR]],
    (unpack, factors): (Unpack, Factors<'_>),
    mut next: *const u8,
    [left, right]: [&mut [Wide; 2]; 2],
) -> *const u8 {
    let (mut w, mut x, mut y, mut z) = (by.empty(), by.empty(), by.empty(), by.empty());
    for (term, tile) in terms.iter().zip(factors.tiles()) {
        next = ask(next, factors.word_bytes() * 2 * LANES);
        let left = to_doubles(unpack.column::<LEFT>(tile));
        let right = to_doubles(unpack.column::<RIGHT>(tile));
        let words = term.as_chunks().0;
        w = extend(w, values::<ENTERS>(&words[LEFT]), left);
        x = extend(x, values::<ENTERS>(&words[LEFT + FACTORS]), left);
        y = extend(y, values::<ENTERS>(&words[RIGHT]), right);
        z = extend(z, values::<ENTERS>(&words[RIGHT + FACTORS]), right);
    }
    *left = [add_block(left[0], w), add_block(left[1], x)];
    *right = [add_block(right[0], y), add_block(right[1], z)];
    next
}

/// [`add_blocks`], each product at once.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_products<const LEFT: usize, const RIGHT: usize, const ENTERS: bool>(
    by: &Split,
    terms: &[&[u64; PAIR]],
    (unpack, factors): (Unpack, Factors<'_>),
    mut next: *const u8,
    [left, right]: [&mut [Wide; 2]; 2],
) -> *const u8 {
    let ([mut w, mut x], [mut y, mut z]) = (*left, *right);
    for (term, tile) in terms.iter().zip(factors.tiles()) {
        next = ask(next, factors.word_bytes() * 2 * LANES);
        let left = to_doubles(unpack.column::<LEFT>(tile));
        let right = to_doubles(unpack.column::<RIGHT>(tile));
        let words = term.as_chunks().0;
        w = multiply_add(by, w, values::<ENTERS>(&words[LEFT]), left);
        x = multiply_add(by, x, values::<ENTERS>(&words[LEFT + FACTORS]), left);
        y = multiply_add(by, y, values::<ENTERS>(&words[RIGHT]), right);
        z = multiply_add(by, z, values::<ENTERS>(&words[RIGHT + FACTORS]), right);
    }
    (*left, *right) = ([w, x], [y, z]);
    next
}

/// Asks for the line of a factor, which may lie where there are none; the place `bytes` bytes after it.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn ask(factor: *const u8, bytes: usize) -> *const u8 {
    _mm_prefetch::<_MM_HINT_T0>(factor.cast());
    factor.wrapping_add(bytes)
}
