//! Levels of negacyclic transforms over vectors of eight words, two at a time in registers.
//!
//! Shoup's product is below 2q for any word below 2^52. So words grow by 2q a level forwards, and
//! double backwards, and are reduced at the end only. Until then they are words modulo 2^52, with
//! anything in the bits above: the multiplications do not read these. Where words would pass 2^52 they
//! are kept below 4q or 2q at every level, after Harvey, "Faster arithmetic for number-theoretic
//! transforms", J. Symb. Comp. 60 (2014): levels that are `WIDE`.
//!
//! Roots are in bit-reversed order, so that they form a heap: block i of the level of B blocks has root
//! B + i, and the two blocks that it falls into have roots 2 (B + i) and 2 (B + i) + 1. A run of blocks
//! is given by the root of the first, and their number.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_setzero_si512, _mm512_sub_epi64,
};

use super::{Constants, Factor, LANES, MASK52, load, shoup_rest, splat, store, subtract_once};
use crate::arith::kernels::Root;

/// Eight words.
pub(super) type Words = [u64; LANES];

/// Up to so many bits of q words of 15 levels stay below 2^52 forwards: 31 q.
const FORWARD_BITS: u32 = 46;

#[inline]
#[target_feature(enable = "avx512f")]
fn splat_root(root: Root) -> Factor {
    Factor { factor: splat(root.by.factor), quotient: splat(root.quotient52) }
}

/// What all steps need, in registers.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    q: __m512i,
    twice: __m512i,
    /// 2^52 - q.
    negated: __m512i,
    mask: __m512i,
    /// Shoup's quotient of 1.
    one: __m512i,
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn levels(constants: &Constants) -> Levels {
    let [one, ..] = constants.powers;
    Levels {
        q: splat(constants.q),
        twice: splat(2 * constants.q),
        negated: splat((1 << 52) - constants.q),
        mask: splat(MASK52),
        one: splat(one.quotient >> 12),
    }
}

/// Whether words must be kept small forwards.
pub(super) const fn is_wide_forward(constants: &Constants) -> bool {
    constants.bits > FORWARD_BITS
}

/// Whether they must be backwards, in a transform of so many words.
pub(super) const fn is_wide_inverse(constants: &Constants, len: usize) -> bool {
    constants.bits + len.ilog2() > 52
}

/// `word` modulo q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn reduce_word(by: &Levels, word: __m512i) -> __m512i {
    let quotient = _mm512_madd52hi_epu64(_mm512_setzero_si512(), word, by.one);
    let rest = _mm512_madd52lo_epu64(word, quotient, by.negated);
    subtract_once(_mm512_and_si512(rest, by.mask), by.q)
}

/// `word` times a root, below 2q where `WIDE`, and that modulo 2^52 otherwise.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product<const WIDE: bool>(by: &Levels, word: __m512i, root: Factor) -> __m512i {
    let rest = shoup_rest(word, root, by.negated);
    if WIDE { _mm512_and_si512(rest, by.mask) } else { rest }
}

/// `word` modulo q where `REDUCES`, and as it is otherwise.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn last<const REDUCES: bool>(by: &Levels, word: __m512i) -> __m512i {
    if REDUCES { reduce_word(by, word) } else { word }
}

/// `a + root b` and `a - root b`, at most 2q above `a`, or below 4q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn apart<const WIDE: bool>(
    by: &Levels,
    a: __m512i,
    b: __m512i,
    root: Factor,
) -> [__m512i; 2] {
    let a = if WIDE { subtract_once(a, by.twice) } else { a };
    let b = product::<WIDE>(by, b, root);
    [_mm512_add_epi64(a, b), _mm512_sub_epi64(_mm512_add_epi64(a, by.twice), b)]
}

/// `a + b` and `a - b` of words below `bound`, both below twice that; the sum below 2q where `WIDE`.
#[inline]
#[target_feature(enable = "avx512f")]
fn both<const WIDE: bool>(by: &Levels, bound: __m512i, a: __m512i, b: __m512i) -> [__m512i; 2] {
    let sum = _mm512_add_epi64(a, b);
    let difference = _mm512_sub_epi64(_mm512_add_epi64(a, bound), b);
    [if WIDE { subtract_once(sum, by.twice) } else { sum }, difference]
}

/// [`both`], the difference times a root.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn joined<const WIDE: bool>(
    by: &Levels,
    bound: __m512i,
    a: __m512i,
    b: __m512i,
    root: Factor,
) -> [__m512i; 2] {
    let [sum, difference] = both::<WIDE>(by, bound, a, b);
    [sum, product::<WIDE>(by, difference, root)]
}

/// The bounds of words after so many levels backwards, and after one more.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn bounds<const WIDE: bool>(
    by: &Levels,
    constants: &Constants,
    levels: u32,
) -> [__m512i; 2] {
    if WIDE {
        [by.twice; 2]
    } else {
        [splat(constants.q << levels), splat(constants.q << (levels + 1))]
    }
}

/// One level forwards: all of a block.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn forward_two<const WIDE: bool, const REDUCES: bool>(
    by: &Levels,
    root: Root,
    data: &mut [Words],
) {
    let root = splat_root(root);
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [w, x] = apart::<WIDE>(by, load(a), load(b), root);
        store(a, last::<REDUCES>(by, w));
        store(b, last::<REDUCES>(by, x));
    }
}

/// Two levels forwards of the blocks from root `at` on, `blocks` of them.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn forward_four<const WIDE: bool, const REDUCES: bool>(
    by: &Levels,
    roots: &[Root],
    [at, blocks]: [usize; 2],
    data: &mut [Words],
) {
    let size = data.len() / blocks;
    let roots = roots[at..at + blocks].iter().zip(roots[2 * at..].as_chunks::<2>().0);
    for (block, (first, second)) in data.chunks_exact_mut(size).zip(roots) {
        let root = splat_root(*first);
        let [upper, lower] = [splat_root(second[0]), splat_root(second[1])];
        let (a, rest) = block.split_at_mut(size / 4);
        let (b, rest) = rest.split_at_mut(size / 4);
        let (c, d) = rest.split_at_mut(size / 4);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            let [even, odd] = apart::<WIDE>(by, load(a), load(c), root);
            let [below, above] = apart::<WIDE>(by, load(b), load(d), root);
            let [w, x] = apart::<WIDE>(by, even, below, upper);
            let [y, z] = apart::<WIDE>(by, odd, above, lower);
            store(a, last::<REDUCES>(by, w));
            store(b, last::<REDUCES>(by, x));
            store(c, last::<REDUCES>(by, y));
            store(d, last::<REDUCES>(by, z));
        }
    }
}

/// Two levels backwards of four words, up to the multiplications of the second: the sums and the
/// differences that are to be multiplied.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn joined_four<const WIDE: bool>(
    by: &Levels,
    bounds: [__m512i; 2],
    [upper, lower]: [Factor; 2],
    [a, b, c, d]: [__m512i; 4],
) -> [__m512i; 4] {
    let [even, odd] = joined::<WIDE>(by, bounds[0], a, b, upper);
    let [below, above] = joined::<WIDE>(by, bounds[0], c, d, lower);
    let [w, y] = both::<WIDE>(by, bounds[1], even, below);
    let [x, z] = both::<WIDE>(by, by.twice, odd, above);
    [w, x, y, z]
}

/// Two levels backwards, to the blocks from root `at` on, `blocks` of them. Words are below the first
/// of `bounds` before, and below the second after one level.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse_four<const WIDE: bool>(
    by: &Levels,
    bounds: [__m512i; 2],
    roots: &[Root],
    [at, blocks]: [usize; 2],
    data: &mut [Words],
) {
    let size = data.len() / blocks;
    let roots = roots[at..at + blocks].iter().zip(roots[2 * at..].as_chunks::<2>().0);
    for (block, (second, first)) in data.chunks_exact_mut(size).zip(roots) {
        let root = splat_root(*second);
        let firsts = [splat_root(first[0]), splat_root(first[1])];
        let (a, rest) = block.split_at_mut(size / 4);
        let (b, rest) = rest.split_at_mut(size / 4);
        let (c, d) = rest.split_at_mut(size / 4);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            let words = [load(a), load(b), load(c), load(d)];
            let [w, x, y, z] = joined_four::<WIDE>(by, bounds, firsts, words);
            store(a, w);
            store(b, x);
            store(c, product::<WIDE>(by, y, root));
            store(d, product::<WIDE>(by, z, root));
        }
    }
}

/// `word` times a root modulo q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduced_product(by: &Levels, word: __m512i, root: Factor) -> __m512i {
    subtract_once(product::<true>(by, word, root), by.q)
}

/// The last two levels backwards, with a share of all words: `last` are the share, and the last root
/// times it.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse_last_four<const WIDE: bool>(
    by: &Levels,
    bounds: [__m512i; 2],
    roots: &[Root],
    last: [Root; 2],
    data: &mut [Words],
) {
    let firsts = [splat_root(roots[2]), splat_root(roots[3])];
    let [share, root] = [splat_root(last[0]), splat_root(last[1])];
    let quarter = data.len() / 4;
    let (a, rest) = data.split_at_mut(quarter);
    let (b, rest) = rest.split_at_mut(quarter);
    let (c, d) = rest.split_at_mut(quarter);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        let words = [load(a), load(b), load(c), load(d)];
        let [w, x, y, z] = joined_four::<WIDE>(by, bounds, firsts, words);
        store(a, reduced_product(by, w, share));
        store(b, reduced_product(by, x, share));
        store(c, reduced_product(by, y, root));
        store(d, reduced_product(by, z, root));
    }
}

/// The last level backwards, as [`inverse_last_four`].
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn inverse_last_two<const WIDE: bool>(
    by: &Levels,
    bounds: [__m512i; 2],
    last: [Root; 2],
    data: &mut [Words],
) {
    let [share, root] = [splat_root(last[0]), splat_root(last[1])];
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [sum, difference] = both::<WIDE>(by, bounds[0], load(a), load(b));
        store(a, reduced_product(by, sum, share));
        store(b, reduced_product(by, difference, root));
    }
}
