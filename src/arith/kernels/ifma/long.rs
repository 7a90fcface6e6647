//! Transforms of one long polynomial.
//!
//! Down to blocks of eight words they are small transforms of vectors (see [`super::butterfly`]). The
//! last three levels are within vectors: eight of them are transposed first, so that again words of
//! different vectors meet, each with roots of its own.

use std::arch::x86_64::{
    __m512i, _mm512_shuffle_i64x2, _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use super::butterfly::{
    Levels, Words, apart, bounds, forward_four, forward_two, inverse_four, inverse_last_four,
    inverse_last_two, is_wide_forward, is_wide_inverse, joined, levels, reduce_word,
};
use super::{Constants, Factor, LANES, load, store};
use crate::arith::kernels::{InverseRoots, Root};

/// Words of eight vectors.
const GROUP: usize = LANES * LANES;

/// Vectors of a polynomial that stay in the nearest cache: 8 KiB.
const NEAR: usize = 128;

/// Roots of one direction, as [`super::super::Kernels::small_forward`] takes them.
#[derive(Clone, Debug)]
struct Roots {
    /// Those of all levels but the last three.
    heap: Vec<Root>,
    /// For each eight vectors the roots of the last three levels: of the first level one for each
    /// vector, of the second one for each half of each, and of the third one for each quarter. Factors,
    /// then quotients.
    tails: Vec<[[Words; 2]; 7]>,
}

impl Roots {
    fn new(roots: &[Root]) -> Self {
        let vectors = roots.len() / LANES;
        let tail = |first: usize| {
            // Root `part` of each vector on the level where a vector has `parts` blocks.
            let of = |parts: usize, part: usize| {
                let root = |i| roots[(vectors + first + i) * parts + part];
                [
                    std::array::from_fn(|i| root(i).by.factor),
                    std::array::from_fn(|i| root(i).quotient52),
                ]
            };
            [of(1, 0), of(2, 0), of(2, 1), of(4, 0), of(4, 1), of(4, 2), of(4, 3)]
        };
        Self {
            heap: roots[..vectors].to_vec(),
            tails: (0..vectors).step_by(LANES).map(tail).collect(),
        }
    }
}

/// Roots of both directions.
#[derive(Clone, Debug)]
pub(in super::super) struct LongRoots {
    forward: Roots,
    inverse: Roots,
    /// What the last level takes: 1 and its root, and both over the length.
    last: [[Root; 2]; 2],
}

impl LongRoots {
    /// From all roots of both directions; `None` for polynomials of fewer than four groups, which do not
    /// fall into parts of whole groups.
    pub(in super::super) fn new(
        constants: &Constants,
        roots: &[Root],
        inverse: &InverseRoots,
    ) -> Option<Self> {
        let is_long = roots.len() >= 4 * GROUP && roots.len() == inverse.roots.len();
        let [one, ..] = constants.powers;
        is_long.then(|| Self {
            forward: Roots::new(roots),
            inverse: Roots::new(&inverse.roots),
            last: [[Root::new(one), inverse.roots[1]], [inverse.share, inverse.last]],
        })
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn root(words: &[Words; 2]) -> Factor {
    Factor { factor: load(&words[0]), quotient: load(&words[1]) }
}

/// Word i of vector j becomes word j of vector i.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(v: &[__m512i; LANES]) -> [__m512i; LANES] {
    let even = [
        _mm512_unpacklo_epi64(v[0], v[1]),
        _mm512_unpacklo_epi64(v[2], v[3]),
        _mm512_unpacklo_epi64(v[4], v[5]),
        _mm512_unpacklo_epi64(v[6], v[7]),
    ];
    let odd = [
        _mm512_unpackhi_epi64(v[0], v[1]),
        _mm512_unpackhi_epi64(v[2], v[3]),
        _mm512_unpackhi_epi64(v[4], v[5]),
        _mm512_unpackhi_epi64(v[6], v[7]),
    ];
    let ([a, c, e, g], [b, d, f, h]) = (transpose_pairs(even), transpose_pairs(odd));
    [a, b, c, d, e, f, g, h]
}

/// Pair i of vector j becomes pair j of vector i.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose_pairs(v: [__m512i; 4]) -> [__m512i; 4] {
    let (a, b) =
        (_mm512_shuffle_i64x2::<0x44>(v[0], v[1]), _mm512_shuffle_i64x2::<0x44>(v[2], v[3]));
    let (c, d) =
        (_mm512_shuffle_i64x2::<0xee>(v[0], v[1]), _mm512_shuffle_i64x2::<0xee>(v[2], v[3]));
    [
        _mm512_shuffle_i64x2::<0x88>(a, b),
        _mm512_shuffle_i64x2::<0xdd>(a, b),
        _mm512_shuffle_i64x2::<0x88>(c, d),
        _mm512_shuffle_i64x2::<0xdd>(c, d),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_group(group: &[Words; LANES]) -> [__m512i; LANES] {
    let [a, b, c, d, e, f, g, h] = group;
    [load(a), load(b), load(c), load(d), load(e), load(f), load(g), load(h)]
}

/// The last three levels forwards.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_tail<const WIDE: bool>(
    by: &Levels,
    roots: &[[Words; 2]; 7],
    group: &mut [Words; LANES],
) {
    let v = transpose(&load_group(group));
    let r = root(&roots[0]);
    let [a, e] = apart::<WIDE>(by, v[0], v[4], r);
    let [b, f] = apart::<WIDE>(by, v[1], v[5], r);
    let [c, g] = apart::<WIDE>(by, v[2], v[6], r);
    let [d, h] = apart::<WIDE>(by, v[3], v[7], r);
    let [r, s] = [root(&roots[1]), root(&roots[2])];
    let [a, c] = apart::<WIDE>(by, a, c, r);
    let [b, d] = apart::<WIDE>(by, b, d, r);
    let [e, g] = apart::<WIDE>(by, e, g, s);
    let [f, h] = apart::<WIDE>(by, f, h, s);
    let [a, b] = apart::<WIDE>(by, a, b, root(&roots[3]));
    let [c, d] = apart::<WIDE>(by, c, d, root(&roots[4]));
    let [e, f] = apart::<WIDE>(by, e, f, root(&roots[5]));
    let [g, h] = apart::<WIDE>(by, g, h, root(&roots[6]));
    for (words, value) in group.iter_mut().zip(transpose(&[a, b, c, d, e, f, g, h])) {
        store(words, reduce_word(by, value));
    }
}

/// The first three levels backwards, of words below q.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_head<const WIDE: bool>(
    by: &Levels,
    constants: &Constants,
    roots: &[[Words; 2]; 7],
    group: &mut [Words; LANES],
) {
    let [[first, second], [third, _]] =
        [bounds::<WIDE>(by, constants, 0), bounds::<WIDE>(by, constants, 2)];
    let v = transpose(&load_group(group));
    let [a, b] = joined::<WIDE>(by, first, v[0], v[1], root(&roots[3]));
    let [c, d] = joined::<WIDE>(by, first, v[2], v[3], root(&roots[4]));
    let [e, f] = joined::<WIDE>(by, first, v[4], v[5], root(&roots[5]));
    let [g, h] = joined::<WIDE>(by, first, v[6], v[7], root(&roots[6]));
    let [r, s] = [root(&roots[1]), root(&roots[2])];
    let [a, c] = joined::<WIDE>(by, second, a, c, r);
    let [b, d] = joined::<WIDE>(by, second, b, d, r);
    let [e, g] = joined::<WIDE>(by, second, e, g, s);
    let [f, h] = joined::<WIDE>(by, second, f, h, s);
    let r = root(&roots[0]);
    let [a, e] = joined::<WIDE>(by, third, a, e, r);
    let [b, f] = joined::<WIDE>(by, third, b, f, r);
    let [c, g] = joined::<WIDE>(by, third, c, g, r);
    let [d, h] = joined::<WIDE>(by, third, d, h, r);
    for (words, value) in group.iter_mut().zip(transpose(&[a, b, c, d, e, f, g, h])) {
        store(words, value);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn long_forward(constants: &Constants, roots: &LongRoots, words: &mut [u64]) {
    let data = words.as_chunks_mut().0;
    if is_wide_forward(constants) {
        forward::<true>(constants, &roots.forward, data);
    } else {
        forward::<false>(constants, &roots.forward, data);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward<const WIDE: bool>(constants: &Constants, roots: &Roots, data: &mut [Words]) {
    let by = levels(constants);
    let mut blocks = 1;
    if data.len().ilog2() % 2 == 1 {
        forward_two::<WIDE, false>(&by, roots.heap[1], data);
        blocks = 2;
    }
    while data.len() / blocks > NEAR {
        forward_four::<WIDE, false>(&by, &roots.heap, [blocks; 2], data);
        blocks *= 4;
    }
    let size = data.len() / blocks;
    let parts = data.chunks_exact_mut(size).zip(roots.tails.chunks(size / LANES));
    for (first, (part, tails)) in (blocks..).zip(parts) {
        let mut parts = 1;
        while parts < size {
            forward_four::<WIDE, false>(&by, &roots.heap, [first * parts, parts], part);
            parts *= 4;
        }
        for (group, roots) in part.as_chunks_mut().0.iter_mut().zip(tails) {
            forward_tail::<WIDE>(&by, roots, group);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn long_inverse(
    constants: &Constants,
    roots: &LongRoots,
    times_len: bool,
    words: &mut [u64],
) {
    let is_wide = is_wide_inverse(constants, words.len());
    let last = roots.last[usize::from(!times_len)];
    let data = words.as_chunks_mut().0;
    if is_wide {
        inverse::<true>(constants, &roots.inverse, last, data);
    } else {
        inverse::<false>(constants, &roots.inverse, last, data);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse<const WIDE: bool>(
    constants: &Constants,
    roots: &Roots,
    last: [Root; 2],
    data: &mut [Words],
) {
    let by = levels(constants);
    let is_odd = data.len().ilog2() % 2 == 1;
    // The parts that forward transforms end with: the last levels are of more than one.
    let mut blocks = if is_odd { 2 } else { 4 };
    while data.len() / blocks > NEAR {
        blocks *= 4;
    }
    let size = data.len() / blocks;
    let parts = data.chunks_exact_mut(size).zip(roots.tails.chunks(size / LANES));
    for (first, (part, tails)) in (blocks..).zip(parts) {
        for (group, roots) in part.as_chunks_mut().0.iter_mut().zip(tails) {
            inverse_head::<WIDE>(&by, constants, roots, group);
        }
        let (mut parts, mut done) = (size, 3);
        while parts > 1 {
            parts /= 4;
            let bounds = bounds::<WIDE>(&by, constants, done);
            inverse_four::<WIDE>(&by, bounds, &roots.heap, [first * parts, parts], part);
            done += 2;
        }
    }
    let mut done = 3 + size.ilog2();
    while blocks > 4 {
        blocks /= 4;
        let bounds = bounds::<WIDE>(&by, constants, done);
        inverse_four::<WIDE>(&by, bounds, &roots.heap, [blocks; 2], data);
        done += 2;
    }
    let bounds = bounds::<WIDE>(&by, constants, done);
    if is_odd {
        inverse_last_two::<WIDE>(&by, bounds, last, data);
    } else {
        inverse_last_four::<WIDE>(&by, bounds, &roots.heap, last, data);
    }
}
