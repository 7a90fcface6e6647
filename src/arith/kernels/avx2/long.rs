//! Transforms of one long polynomial.
//!
//! Down to blocks of four words they are levels of vectors (see [`super::butterfly`]). The last two
//! levels are within vectors: four of them are transposed first, so that again words of different
//! vectors meet, each with roots of its own.

use std::arch::x86_64::{
    __m256d, _mm256_add_pd, _mm256_mul_pd, _mm256_permute2f128_pd, _mm256_set1_pd, _mm256_sub_pd,
    _mm256_unpackhi_pd, _mm256_unpacklo_pd, _mm256_xor_pd,
};

use super::bounds::{Bounds, WORD};
use super::butterfly::{
    Centred, apart, forward_four, forward_two, inverse_four, inverse_last_four, inverse_last_two,
    joined, reduced,
};
use super::{Barrett, Constants, Factor, LANES, UNSIGNED, Words, barrett, keep, remainder, values};
use crate::arith::kernels::{InverseRoots, Root};

/// Words of four vectors.
const GROUP: usize = LANES * LANES;

/// Vectors of a polynomial that stay in the nearest cache, together with their roots: 16 KiB.
const NEAR: usize = 512;

/// For four vectors the roots of the last two levels: of the first level one for each vector, of the
/// second one for the upper half of each, then one for the lower. They are doubles in the place of words,
/// without quotients: reading these would take longer than making them.
type Tail = [Words; 3];

/// Roots of one direction, as [`super::super::Kernels::small_forward`] takes them, centred.
#[derive(Clone, Debug)]
struct Roots {
    /// Those of all levels but the last two.
    heap: Vec<Centred>,
    tails: Vec<Tail>,
}

impl Roots {
    fn new(constants: &Constants, roots: &[Root]) -> Self {
        let vectors = roots.len() / LANES;
        let tail = |first: usize| {
            // Root `part` of each vector on the level where a vector has `parts` blocks.
            let of = |parts: usize, part: usize| -> Words {
                let root = |i| &roots[(vectors + first + i) * parts + part];
                std::array::from_fn(|i| Centred::new(constants.q, root(i)).root.to_bits())
            };
            [of(1, 0), of(2, 0), of(2, 1)]
        };
        Self {
            heap: roots[..vectors].iter().map(|root| Centred::new(constants.q, root)).collect(),
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
    last: [[Centred; 2]; 2],
}

impl LongRoots {
    /// From all roots of both directions; `None` for polynomials of fewer than eight groups, which do not
    /// fall into parts of whole pairs of groups.
    pub(in super::super) fn new(
        constants: &Constants,
        roots: &[Root],
        inverse: &InverseRoots,
    ) -> Option<Self> {
        let is_long = roots.len() >= 8 * GROUP && roots.len() == inverse.roots.len();
        let one = Centred { root: 1.0, quotient: constants.inverse };
        let centred = |root| Centred::new(constants.q, root);
        is_long.then(|| Self {
            forward: Roots::new(constants, roots),
            inverse: Roots::new(constants, &inverse.roots),
            last: [
                [one, centred(&inverse.roots[1])],
                [centred(&inverse.share), centred(&inverse.last)],
            ],
        })
    }
}

/// Double i of vector j becomes double j of vector i.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256d; LANES]) -> [__m256d; LANES] {
    let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
    let (later_even, later_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
    [
        _mm256_permute2f128_pd::<0x20>(even, later_even),
        _mm256_permute2f128_pd::<0x20>(odd, later_odd),
        _mm256_permute2f128_pd::<0x31>(even, later_even),
        _mm256_permute2f128_pd::<0x31>(odd, later_odd),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_group<const ENTERS: bool>([a, b, c, d]: &[Words; LANES]) -> [__m256d; LANES] {
    transpose([values::<ENTERS>(a), values::<ENTERS>(b), values::<ENTERS>(c), values::<ENTERS>(d)])
}

#[inline]
#[target_feature(enable = "avx2")]
fn keep_group([a, b, c, d]: &mut [Words; LANES], values: [__m256d; LANES]) {
    let [w, x, y, z] = transpose(values);
    keep(a, w);
    keep(b, x);
    keep(c, y);
    keep(d, z);
}

/// Roots in the place of words.
#[inline]
#[target_feature(enable = "avx2")]
fn root(by: &Barrett, words: &Words) -> Factor {
    let factor = values::<false>(words);
    Factor { factor, quotient: _mm256_mul_pd(factor, by.inverse) }
}

/// The last level but one forwards.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn halves_apart<const REDUCES: bool>(
    by: &Barrett,
    [a, b, c, d]: [__m256d; LANES],
    root: Factor,
) -> [__m256d; LANES] {
    let [a, c] = apart(by, reduced::<REDUCES>(by, a), c, root);
    let [b, d] = apart(by, reduced::<REDUCES>(by, b), d, root);
    [a, b, c, d]
}

/// The last level forwards.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn pairs_apart(
    by: &Barrett,
    [a, b, c, d]: [__m256d; LANES],
    [upper, lower]: [Factor; 2],
) -> [__m256d; LANES] {
    let [a, b] = apart(by, a, b, upper);
    let [c, d] = apart(by, c, d, lower);
    [a, b, c, d]
}

/// The last two levels forwards, of two groups at once: either alone waits more than it works.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn forward_tails<const REDUCES: bool>(
    by: &Barrett,
    [tail, later_tail]: &[Tail; 2],
    [group, later_group]: &mut [[Words; LANES]; 2],
) {
    let (first, second) = (load_group::<false>(group), load_group::<false>(later_group));
    let first = halves_apart::<REDUCES>(by, first, root(by, &tail[0]));
    let second = halves_apart::<REDUCES>(by, second, root(by, &later_tail[0]));
    let first = pairs_apart(by, first, [root(by, &tail[1]), root(by, &tail[2])]);
    let second = pairs_apart(by, second, [root(by, &later_tail[1]), root(by, &later_tail[2])]);
    keep_group(group, first);
    keep_group(later_group, second);
}

/// Doubles become words.
///
/// Half of q - 1 is taken off and added again. The remainder between is the one that is nearest to zero,
/// so what comes out is in `[0, q)`: the quotient of an integer within 2^52 is never as near to half an
/// odd number as 1 / 2q, for q is odd, and is off by less than that.
#[target_feature(enable = "avx2,fma")]
pub(super) fn leave(by: &Barrett, constants: &Constants, data: &mut [Words]) {
    let half = _mm256_set1_pd((constants.q - 1.0) / 2.0);
    let magic = _mm256_set1_pd(UNSIGNED);
    let back = _mm256_add_pd(half, magic);
    for words in data {
        let rest = remainder(by, _mm256_sub_pd(values::<false>(words), half));
        keep(words, _mm256_xor_pd(_mm256_add_pd(rest, back), magic));
    }
}

/// The first two levels backwards, of words.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn inverse_head<const REDUCES: bool>(by: &Barrett, roots: &Tail, group: &mut [Words; LANES]) {
    let [a, b, c, d] = load_group::<true>(group);
    let [a, b] = joined(by, a, b, root(by, &roots[1]));
    let [c, d] = joined(by, c, d, root(by, &roots[2]));
    let [a, c] = joined(by, a, c, root(by, &roots[0]));
    let [b, d] = joined(by, b, d, root(by, &roots[0]));
    keep_group(group, [reduced::<REDUCES>(by, a), reduced::<REDUCES>(by, b), c, d]);
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn long_forward(constants: &Constants, roots: &LongRoots, words: &mut [u64]) {
    let (by, bounds, roots) = (barrett(constants), Bounds::new(constants), &roots.forward);
    let data = words.as_chunks_mut::<LANES>().0;
    let (mut blocks, mut bound) = (2, bounds.apart(WORD));
    if data.len().ilog2() % 2 == 1 {
        forward_two(&by, roots.heap[1], data);
    } else {
        forward_four::<true, false>(&by, &roots.heap, [1; 2], data);
        (blocks, bound) = (4, bounds.apart(bound));
    }
    while data.len() / blocks > NEAR {
        bound = forward_levels(&by, bounds, bound, &roots.heap, [blocks; 2], data);
        blocks *= 4;
    }
    let size = data.len() / blocks;
    let parts = data.chunks_exact_mut(size).zip(roots.tails.chunks(size / LANES));
    for (first, (part, tails)) in (blocks..).zip(parts) {
        let (mut parts, mut bound) = (1, bound);
        while parts < size {
            let at = [first * parts, parts];
            bound = forward_levels(&by, bounds, bound, &roots.heap, at, part);
            parts *= 4;
        }
        let (reduces, _) = bounds.apart_twice(bound);
        let pairs = part.as_chunks_mut().0.as_chunks_mut().0.iter_mut();
        for (groups, roots) in pairs.zip(tails.as_chunks().0) {
            if reduces {
                forward_tails::<true>(&by, roots, groups);
            } else {
                forward_tails::<false>(&by, roots, groups);
            }
        }
        leave(&by, constants, part);
    }
}

/// Two levels forwards of values within `bound`; the bound after them.
#[target_feature(enable = "avx2,fma")]
pub(super) fn forward_levels(
    by: &Barrett,
    bounds: Bounds,
    bound: f64,
    heap: &[Centred],
    at: [usize; 2],
    data: &mut [Words],
) -> f64 {
    let (reduces, bound) = bounds.apart_twice(bound);
    if reduces {
        forward_four::<false, true>(by, heap, at, data);
    } else {
        forward_four::<false, false>(by, heap, at, data);
    }
    bound
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn long_inverse(
    constants: &Constants,
    roots: &LongRoots,
    times_len: bool,
    words: &mut [u64],
) {
    let (by, bounds) = (barrett(constants), Bounds::new(constants));
    let last = roots.last[usize::from(!times_len)];
    let roots = &roots.inverse;
    let data = words.as_chunks_mut::<LANES>().0;
    let is_odd = data.len().ilog2() % 2 == 1;
    // The parts that forward transforms end with: the last levels are of more than one.
    let mut blocks = if is_odd { 2 } else { 4 };
    while data.len() / blocks > NEAR {
        blocks *= 4;
    }
    let size = data.len() / blocks;
    let (reduces, first_bound) = bounds.joined_words();
    let mut bound = first_bound;
    let parts = data.chunks_exact_mut(size).zip(roots.tails.chunks(size / LANES));
    for (first, (part, tails)) in (blocks..).zip(parts) {
        for (group, roots) in part.as_chunks_mut().0.iter_mut().zip(tails) {
            if reduces {
                inverse_head::<true>(&by, roots, group);
            } else {
                inverse_head::<false>(&by, roots, group);
            }
        }
        let mut parts = size;
        bound = first_bound;
        while parts > 1 {
            parts /= 4;
            let at = [first * parts, parts];
            bound = inverse_levels(&by, bounds, bound, &roots.heap, at, part);
        }
    }
    while blocks > 4 {
        blocks /= 4;
        bound = inverse_levels(&by, bounds, bound, &roots.heap, [blocks; 2], data);
    }
    if is_odd {
        inverse_last_two(&by, last, data);
    } else {
        inverse_last_four(&by, &roots.heap, last, data);
    }
}

/// Two levels backwards of values within `bound`; the bound after them.
#[target_feature(enable = "avx2,fma")]
pub(super) fn inverse_levels(
    by: &Barrett,
    bounds: Bounds,
    bound: f64,
    heap: &[Centred],
    at: [usize; 2],
    data: &mut [Words],
) -> f64 {
    let (reduces, bound) = bounds.joined_twice(bound);
    if reduces {
        inverse_four::<true>(by, heap, at, data);
    } else {
        inverse_four::<false>(by, heap, at, data);
    }
    bound
}
