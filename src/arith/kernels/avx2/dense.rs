//! Sums of words by words, several of them with the same panel.

use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch, _mm256_set1_pd, _mm256_setzero_si256};
use std::hint::black_box;

use super::narrow::{self, TERMS};
use super::wide::{Count, Split, Wide, add_block, extend, reduce, split, wide};
use super::{
    Constants, LANES, LAZY_TERMS, UNSIGNED, Unpack, doubles, keep, load_doubles, store, unpack,
    values,
};
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::{Factors, PAIR, TILE};

/// Sums that are made together, so that the words of a panel become doubles once for all of them.
const TOGETHER: usize = 8;

/// Terms whose doubles are made at once: 16 KiB.
const CHUNK: usize = 64;

/// The same where there are no more: space for all would take as long to clear as their sums to make.
const FEW: usize = 16;

/// Columns of factors.
const FACTORS: usize = TILE / LANES;

/// Terms as doubles, at lines of the cache: else every other register would be read from two of them.
#[repr(align(64))]
struct Near<const TERMS: usize>([[u64; PAIR]; TERMS]);

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
    if each <= FEW * TILE {
        return sums_of_a_chunk::<FEW>(constants, segments, factors, out);
    }
    if each <= CHUNK * TILE {
        return sums_of_a_chunk::<CHUNK>(constants, segments, factors, out);
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

/// Sums of at most `MOST` terms, which all are made doubles at once.
#[target_feature(enable = "avx2,fma")]
fn sums_of_a_chunk<const MOST: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let (by, block, unpack) = (split(constants), constants.block_terms, unpack(factors));
    let each = factors.len() / out.len().max(1);
    let mut near = Near([[0; PAIR]; MOST]);
    let mut chunks = Chunks::<MOST>::new(segments);
    let terms = chunks.next().unwrap_or_default();
    enter(terms, &mut near.0);
    let near = &near.0[..terms.len()];
    let count = Count::in_blocks(terms.len(), block);
    for (i, out) in out.iter_mut().enumerate() {
        let next = factors.address((i + 1) * each);
        let factors = factors.range(i * each..(i + 1) * each);
        let mut sums = [[wide(_mm256_setzero_si256()); 2]; FACTORS];
        add_terms(&by, block, near, (unpack, factors), next, &mut sums);
        finish(constants, &sums, count, out);
    }
}

/// At most `MOST` sums.
#[target_feature(enable = "avx2,fma")]
fn sums_together<const MOST: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let (by, block, unpack) = (split(constants), constants.block_terms, unpack(factors));
    let each = factors.len() / out.len().max(1);
    let mut sums = [[[wide(_mm256_setzero_si256()); 2]; FACTORS]; MOST];
    let mut near = Near([[0; PAIR]; CHUNK]);
    let (mut start, mut count) = (0, Count::default());
    let mut chunks = Chunks::<CHUNK>::new(segments);
    while let Some(terms) = chunks.next() {
        if count.terms + terms.len() > LAZY_TERMS {
            for sum in sums.as_flattened_mut().as_flattened_mut() {
                *sum = wide(reduce(constants, *sum, count));
            }
            count = Count::default();
        }
        let len = terms.len();
        enter(terms, &mut near.0);
        for (i, sums) in sums.iter_mut().take(out.len()).enumerate() {
            let next = match () {
                () if i + 1 < out.len() => (i + 1) * each + start * TILE,
                () if (start + len) * TILE < each => (start + len) * TILE,
                () => factors.len(),
            };
            let next = factors.address(next);
            let first = i * each + start * TILE;
            let factors = factors.range(first..first + len * TILE);
            add_terms(&by, block, &near.0[..len], (unpack, factors), next, sums);
        }
        start += len;
        count.add(Count::in_blocks(len, block));
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        finish(constants, sums, count, out);
    }
}

/// Reduces the sums of a pair and writes them out.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn finish(constants: &Constants, sums: &PairSums, count: Count, out: &mut [u64; PAIR]) {
    let (first, second) = out.split_at_mut(TILE);
    for (half, out) in [first, second].into_iter().enumerate() {
        for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(sums) {
            store(out, reduce(constants, sums[half], count));
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

/// Adds terms, which are doubles in the place of words, in blocks of at most `block` of them, and asks
/// for as many factors from `next` on.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_terms(
    by: &Split,
    block: usize,
    terms: &[[u64; PAIR]],
    factors: (Unpack, Factors<'_>),
    next: *const u8,
    [a, b, c, d]: &mut PairSums,
) {
    // Two columns of both halves at once: their four sums fill the time that a product takes, and there
    // are registers for no more.
    let next = add_columns::<0, 1>(by, block, terms, factors, next, [a, b]);
    add_columns::<2, 3>(by, block, terms, factors, next, [c, d]);
}

/// Adds terms to the sums of two columns; where the next factors are to be asked for. By itself, since
/// within a larger function there are not registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_columns<const LEFT: usize, const RIGHT: usize>(
    by: &Split,
    block: usize,
    terms: &[[u64; PAIR]],
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
            let words = term.as_chunks().0;
            w = extend(w, values::<false>(&words[LEFT]), first);
            x = extend(x, values::<false>(&words[LEFT + FACTORS]), first);
            y = extend(y, values::<false>(&words[RIGHT]), second);
            z = extend(z, values::<false>(&words[RIGHT + FACTORS]), second);
        }
        *left = [add_block(left[0], w), add_block(left[1], x)];
        *right = [add_block(right[0], y), add_block(right[1], z)];
    }
    next
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
