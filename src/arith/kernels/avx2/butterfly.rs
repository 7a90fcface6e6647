//! Levels of negacyclic transforms over vectors of four doubles, two at a time in registers.
//!
//! Only products are reduced, so values grow by little more than q / 2 a level forwards, and double
//! backwards; [`super::bounds`] says when they must be reduced.
//!
//! Roots are in bit-reversed order, so that they form a heap: block i of the level of B blocks has root
//! B + i, and the two blocks that it falls into have roots 2 (B + i) and 2 (B + i) + 1. A run of blocks
//! is given by the root of the first, and their number.

use std::arch::x86_64::{
    __m256d, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm256_add_pd, _mm256_fmsub_pd,
    _mm256_fnmadd_pd, _mm256_mul_pd, _mm256_round_pd, _mm256_set1_pd, _mm256_sub_pd,
};

use super::{Barrett, Factor, Words, keep, remainder, store, to_words, values};
use crate::arith::kernels::Root;

/// A root in `(-q / 2, q / 2)`, and that over q.
#[derive(Clone, Copy, Debug)]
pub(super) struct Centred {
    pub(super) root: f64,
    pub(super) quotient: f64,
}

impl Centred {
    /// For q > 2.
    pub(super) fn new(q: f64, root: &Root) -> Self {
        let factor = root.by.factor as f64;
        let root = if 2.0 * factor > q { factor - q } else { factor };
        Self { root, quotient: root / q }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat_root(root: Centred) -> Factor {
    Factor { factor: _mm256_set1_pd(root.root), quotient: _mm256_set1_pd(root.quotient) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn reduced<const REDUCES: bool>(by: &Barrett, value: __m256d) -> __m256d {
    if REDUCES { remainder(by, value) } else { value }
}

/// `value` within 2^52 of zero times a root, minus a multiple of q: within 9/8 q.
///
/// The product is `high + low` exactly, of which `low` is at most 2^48, and both the difference and the
/// sum are integers below 2^52. The multiple is begun first, since everything waits for it.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn product(by: &Barrett, value: __m256d, root: Factor) -> __m256d {
    const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    let multiple = _mm256_round_pd::<NEAREST>(_mm256_mul_pd(value, root.quotient));
    let high = _mm256_mul_pd(value, root.factor);
    let low = _mm256_fmsub_pd(value, root.factor, high);
    _mm256_add_pd(_mm256_fnmadd_pd(multiple, by.q, high), low)
}

/// `a + b` and `a - b`.
#[inline]
#[target_feature(enable = "avx2")]
fn both(a: __m256d, b: __m256d) -> [__m256d; 2] {
    [_mm256_add_pd(a, b), _mm256_sub_pd(a, b)]
}

/// `a + root b` and `a - root b`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn apart(by: &Barrett, a: __m256d, b: __m256d, root: Factor) -> [__m256d; 2] {
    both(a, product(by, b, root))
}

/// `a + b` and `root (a - b)`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn joined(by: &Barrett, a: __m256d, b: __m256d, root: Factor) -> [__m256d; 2] {
    let [sum, difference] = both(a, b);
    [sum, product(by, difference, root)]
}

/// The quarters of a block.
#[inline]
fn quarters(block: &mut [Words]) -> [&mut [Words]; 4] {
    let (upper, lower) = block.split_at_mut(block.len() / 2);
    let (a, b) = upper.split_at_mut(upper.len() / 2);
    let (c, d) = lower.split_at_mut(lower.len() / 2);
    [a, b, c, d]
}

/// The roots of a run of blocks, each with those of the blocks that it falls into.
#[inline]
fn roots_of(
    roots: &[Centred],
    [at, blocks]: [usize; 2],
) -> impl Iterator<Item = (&Centred, &[Centred; 2])> {
    roots[at..at + blocks].iter().zip(roots[2 * at..].as_chunks().0)
}

/// A root, and those of the two blocks that its block falls into.
#[inline]
#[target_feature(enable = "avx2")]
fn splat_roots(root: &Centred, parts: &[Centred; 2]) -> [Factor; 3] {
    [splat_root(*root), splat_root(parts[0]), splat_root(parts[1])]
}

/// One level forwards: all of a block, of words.
#[target_feature(enable = "avx2,fma")]
pub(super) fn forward_two(by: &Barrett, root: Centred, data: &mut [Words]) {
    let root = splat_root(root);
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [w, x] = apart(by, values::<true>(a), values::<true>(b), root);
        keep(a, w);
        keep(b, x);
    }
}

/// Two levels forwards of one vector of each quarter.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn forward_step<const ENTERS: bool, const REDUCES: bool>(
    by: &Barrett,
    [root, upper, lower]: [Factor; 3],
    [a, b, c, d]: [&mut Words; 4],
) {
    let even = reduced::<REDUCES>(by, values::<ENTERS>(a));
    let below = reduced::<REDUCES>(by, values::<ENTERS>(b));
    let [even, odd] = apart(by, even, values::<ENTERS>(c), root);
    let [below, above] = apart(by, below, values::<ENTERS>(d), root);
    let [w, x] = apart(by, even, below, upper);
    let [y, z] = apart(by, odd, above, lower);
    keep(a, w);
    keep(b, x);
    keep(c, y);
    keep(d, z);
}

/// Two levels forwards of the blocks from root `at` on, `blocks` of them.
#[target_feature(enable = "avx2,fma")]
pub(super) fn forward_four<const ENTERS: bool, const REDUCES: bool>(
    by: &Barrett,
    roots: &[Centred],
    run: [usize; 2],
    data: &mut [Words],
) {
    if data.len() == 4 * run[1] {
        // A loop takes longer than one round of it.
        for (block, (root, parts)) in data.as_chunks_mut().0.iter_mut().zip(roots_of(roots, run)) {
            let [a, b, c, d] = block;
            forward_step::<ENTERS, REDUCES>(by, splat_roots(root, parts), [a, b, c, d]);
        }
        return;
    }
    let blocks = data.chunks_exact_mut(data.len() / run[1]);
    for (block, (root, parts)) in blocks.zip(roots_of(roots, run)) {
        let roots = splat_roots(root, parts);
        let [a, b, c, d] = quarters(block);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            forward_step::<ENTERS, REDUCES>(by, roots, [a, b, c, d]);
        }
    }
}

/// Two levels backwards of four values, up to the multiplications of the second: the sums and the
/// differences that are to be multiplied.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn joined_four(by: &Barrett, [upper, lower]: [Factor; 2], words: [&Words; 4]) -> [__m256d; 4] {
    let [a, b, c, d] = words;
    let [even, odd] = joined(by, values::<false>(a), values::<false>(b), upper);
    let [below, above] = joined(by, values::<false>(c), values::<false>(d), lower);
    let [w, y] = both(even, below);
    let [x, z] = both(odd, above);
    [w, x, y, z]
}

/// Two levels backwards of one vector of each quarter.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn inverse_step<const REDUCES: bool>(
    by: &Barrett,
    [root, upper, lower]: [Factor; 3],
    [a, b, c, d]: [&mut Words; 4],
) {
    let [w, x, y, z] = joined_four(by, [upper, lower], [a, b, c, d]);
    keep(a, reduced::<REDUCES>(by, w));
    keep(b, reduced::<REDUCES>(by, x));
    keep(c, product(by, y, root));
    keep(d, product(by, z, root));
}

/// Two levels backwards, to the blocks from root `at` on, `blocks` of them.
#[target_feature(enable = "avx2,fma")]
pub(super) fn inverse_four<const REDUCES: bool>(
    by: &Barrett,
    roots: &[Centred],
    run: [usize; 2],
    data: &mut [Words],
) {
    if data.len() == 4 * run[1] {
        for (block, (root, parts)) in data.as_chunks_mut().0.iter_mut().zip(roots_of(roots, run)) {
            let [a, b, c, d] = block;
            inverse_step::<REDUCES>(by, splat_roots(root, parts), [a, b, c, d]);
        }
        return;
    }
    let blocks = data.chunks_exact_mut(data.len() / run[1]);
    for (block, (root, parts)) in blocks.zip(roots_of(roots, run)) {
        let roots = splat_roots(root, parts);
        let [a, b, c, d] = quarters(block);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            inverse_step::<REDUCES>(by, roots, [a, b, c, d]);
        }
    }
}

/// The last two levels backwards, with a share of all values, which become words: `last` are the share,
/// and the last root times it.
#[target_feature(enable = "avx2,fma")]
pub(super) fn inverse_last_four(
    by: &Barrett,
    roots: &[Centred],
    [share, root]: [Centred; 2],
    data: &mut [Words],
) {
    let firsts = [splat_root(roots[2]), splat_root(roots[3])];
    let [share, root] = [splat_root(share), splat_root(root)];
    let [a, b, c, d] = quarters(data);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        let [w, x, y, z] = joined_four(by, firsts, [a, b, c, d]);
        store(a, to_words(by, product(by, w, share)));
        store(b, to_words(by, product(by, x, share)));
        store(c, to_words(by, product(by, y, root)));
        store(d, to_words(by, product(by, z, root)));
    }
}

/// The last level backwards, as [`inverse_last_four`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn inverse_last_two(by: &Barrett, [share, root]: [Centred; 2], data: &mut [Words]) {
    let [share, root] = [splat_root(share), splat_root(root)];
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [sum, difference] = both(values::<false>(a), values::<false>(b));
        store(a, to_words(by, product(by, sum, share)));
        store(b, to_words(by, product(by, difference, root)));
    }
}
