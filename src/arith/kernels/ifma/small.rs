//! Small transforms of eight polynomials side by side.
//!
//! Two levels at a time stay in registers, and words are reduced at the end only: Shoup's product is
//! below 2q for any word below 2^52, so words grow by 2q a level forwards, and double backwards. Where
//! that would pass 2^52, every step is reduced.

use std::arch::x86_64::{__m512i, _mm_sfence, _mm512_add_epi64, _mm512_sub_epi64};

use super::switch::store_or_stream;
use super::{Constants, Factor, load, mul_shoup, splat, splat_factor, store, subtract_once};
use crate::arith::Shoup;
use crate::arith::kernels::{BATCH, RowsMut};

/// Writes a row after the other.
#[target_feature(enable = "avx512f")]
pub(in super::super) fn spread(rows: &[[u64; BATCH]], out: RowsMut<'_>) {
    for (row, words) in rows.iter().zip(out.words.chunks_mut(out.stride)) {
        if let Some((words, _)) = words.split_first_chunk_mut() {
            store_or_stream(words, load(row), out.streams);
        }
    }
    if out.streams {
        // Whoever is told that the words are there must find them there.
        _mm_sfence();
    }
}

/// Up to so many bits of q words of 15 levels stay below 2^52 forwards: 31 q.
const FORWARD_BITS: u32 = 46;

/// The same backwards: 2^16 q.
const INVERSE_BITS: u32 = 36;

/// What all steps need, in registers.
#[derive(Clone, Copy)]
struct Lazy {
    q: __m512i,
    twice: __m512i,
    one: Factor,
}

#[inline]
#[target_feature(enable = "avx512f")]
fn lazy(constants: &Constants) -> Lazy {
    let [one, ..] = constants.powers;
    Lazy { q: splat(constants.q), twice: splat(2 * constants.q), one: splat_factor(one) }
}

/// `word` modulo q where `REDUCES`, and as it is otherwise.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn last<const REDUCES: bool>(by: &Lazy, word: __m512i) -> __m512i {
    if REDUCES { subtract_once(mul_shoup(word, by.one, by.q), by.q) } else { word }
}

/// `a + b` and `a - b`, the latter plus `bound` no less than b.
#[inline]
#[target_feature(enable = "avx512f")]
fn both(a: __m512i, b: __m512i, bound: __m512i) -> [__m512i; 2] {
    [_mm512_add_epi64(a, b), _mm512_sub_epi64(_mm512_add_epi64(a, bound), b)]
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &[Shoup],
    data: &mut [[u64; BATCH]],
) {
    if constants.bits > FORWARD_BITS {
        return forward_strict(constants, roots, data);
    }
    let by = lazy(constants);
    let mut blocks = 1;
    if data.len().ilog2() % 2 == 1 {
        if data.len() == 2 {
            forward_pairs::<true>(&by, roots, data);
        } else {
            forward_pairs::<false>(&by, roots, data);
        }
        blocks = 2;
    }
    while 4 * blocks < data.len() {
        forward_fours(&by, roots, data, blocks);
        blocks *= 4;
    }
    if 4 * blocks == data.len() {
        forward_last(&by, roots, data);
    }
}

/// The first level.
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_pairs<const REDUCES: bool>(by: &Lazy, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let root = splat_factor(roots[1]);
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [sum, difference] = both(load(a), mul_shoup(load(b), root, by.q), by.twice);
        store(a, last::<REDUCES>(by, sum));
        store(b, last::<REDUCES>(by, difference));
    }
}

/// Two levels forwards: the root of the first, and both of the second.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_four<const REDUCES: bool>(
    by: &Lazy,
    [root, upper, lower]: [Factor; 3],
    [a, b, c, d]: [&mut [u64; BATCH]; 4],
) {
    let [even, odd] = both(load(a), mul_shoup(load(c), root, by.q), by.twice);
    let [below, above] = both(load(b), mul_shoup(load(d), root, by.q), by.twice);
    let [w, x] = both(even, mul_shoup(below, upper, by.q), by.twice);
    let [y, z] = both(odd, mul_shoup(above, lower, by.q), by.twice);
    store(a, last::<REDUCES>(by, w));
    store(b, last::<REDUCES>(by, x));
    store(c, last::<REDUCES>(by, y));
    store(d, last::<REDUCES>(by, z));
}

/// The level of `blocks` blocks, and the next.
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_fours(by: &Lazy, roots: &[Shoup], data: &mut [[u64; BATCH]], blocks: usize) {
    let size = data.len() / blocks;
    let roots = roots[blocks..].iter().zip(roots[2 * blocks..].as_chunks::<2>().0);
    for (block, (first, [upper, lower])) in data.chunks_exact_mut(size).zip(roots) {
        let roots = [splat_factor(*first), splat_factor(*upper), splat_factor(*lower)];
        let (a, rest) = block.split_at_mut(size / 4);
        let (b, rest) = rest.split_at_mut(size / 4);
        let (c, d) = rest.split_at_mut(size / 4);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            forward_four::<false>(by, roots, [a, b, c, d]);
        }
    }
}

/// The last two levels.
#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_last(by: &Lazy, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let blocks = data.len() / 4;
    let roots = roots[blocks..].iter().zip(roots[2 * blocks..].as_chunks::<2>().0);
    for (block, (first, [upper, lower])) in data.as_chunks_mut::<4>().0.iter_mut().zip(roots) {
        let roots = [splat_factor(*first), splat_factor(*upper), splat_factor(*lower)];
        forward_four::<true>(by, roots, block.each_mut());
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    inverse_roots: &[Shoup],
    data: &mut [[u64; BATCH]],
) {
    if constants.bits > INVERSE_BITS {
        return inverse_strict(constants, inverse_roots, data);
    }
    let by = lazy(constants);
    let (mut blocks, mut bound) = (data.len(), constants.q);
    if blocks > 4 {
        inverse_first(&by, inverse_roots, data);
        (blocks, bound) = (blocks / 4, 4 * bound);
    }
    while blocks > 4 {
        inverse_fours::<false>(&by, inverse_roots, data, blocks, bound);
        (blocks, bound) = (blocks / 4, 4 * bound);
    }
    match blocks {
        4 => inverse_fours::<true>(&by, inverse_roots, data, blocks, bound),
        2 => inverse_pairs(&by, inverse_roots, data, bound),
        _ => {}
    }
}

/// The last level, of words below `bound`.
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_pairs(by: &Lazy, roots: &[Shoup], data: &mut [[u64; BATCH]], bound: u64) {
    let (root, bound) = (splat_factor(roots[1]), splat(bound));
    let (upper, lower) = data.split_at_mut(data.len() / 2);
    for (a, b) in upper.iter_mut().zip(lower) {
        let [sum, difference] = both(load(a), load(b), bound);
        store(a, last::<true>(by, sum));
        store(b, subtract_once(mul_shoup(difference, root, by.q), by.q));
    }
}

/// Two levels backwards of words below half of `twice`: both roots of the first, and that of the
/// second.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_four<const REDUCES: bool>(
    by: &Lazy,
    [bound, twice]: [__m512i; 2],
    [upper, lower, root]: [Factor; 3],
    [a, b, c, d]: [&mut [u64; BATCH]; 4],
) {
    let [even, odd] = both(load(a), load(b), bound);
    let [below, above] = both(load(c), load(d), bound);
    let odd = mul_shoup(odd, upper, by.q);
    let above = mul_shoup(above, lower, by.q);
    let [w, y] = both(even, below, twice);
    let [x, z] = both(odd, above, by.twice);
    store(a, last::<REDUCES>(by, w));
    store(b, last::<REDUCES>(by, x));
    store(c, last::<REDUCES>(by, mul_shoup(y, root, by.q)));
    store(d, last::<REDUCES>(by, mul_shoup(z, root, by.q)));
}

/// The first two levels, of words below q.
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_first(by: &Lazy, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let blocks = data.len();
    let roots = roots[blocks / 2..].as_chunks::<2>().0.iter().zip(&roots[blocks / 4..]);
    for (block, ([upper, lower], second)) in data.as_chunks_mut::<4>().0.iter_mut().zip(roots) {
        let roots = [splat_factor(*upper), splat_factor(*lower), splat_factor(*second)];
        inverse_four::<false>(by, [by.q, by.twice], roots, block.each_mut());
    }
}

/// The levels that make `blocks / 2` and `blocks / 4` blocks of `blocks`, of words below `bound`.
#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_fours<const REDUCES: bool>(
    by: &Lazy,
    roots: &[Shoup],
    data: &mut [[u64; BATCH]],
    blocks: usize,
    bound: u64,
) {
    let size = 4 * (data.len() / blocks);
    let bounds = [splat(bound), splat(2 * bound)];
    let roots = roots[blocks / 2..].as_chunks::<2>().0.iter().zip(&roots[blocks / 4..]);
    for (block, ([upper, lower], second)) in data.chunks_exact_mut(size).zip(roots) {
        let roots = [splat_factor(*upper), splat_factor(*lower), splat_factor(*second)];
        let (a, rest) = block.split_at_mut(size / 4);
        let (b, rest) = rest.split_at_mut(size / 4);
        let (c, d) = rest.split_at_mut(size / 4);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            inverse_four::<REDUCES>(by, bounds, roots, [a, b, c, d]);
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward_strict(constants: &Constants, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let q = splat(constants.q);
    let mut half = data.len() / 2;
    let mut blocks = 1;
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let root = splat_factor(*root);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let product = subtract_once(mul_shoup(load(b), root, q), q);
                let kept = load(a);
                store(a, subtract_once(_mm512_add_epi64(kept, product), q));
                let difference = _mm512_sub_epi64(_mm512_add_epi64(kept, q), product);
                store(b, subtract_once(difference, q));
            }
        }
        half /= 2;
        blocks *= 2;
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse_strict(constants: &Constants, inverse_roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let q = splat(constants.q);
    let mut half = 1;
    let mut blocks = data.len() / 2;
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&inverse_roots[blocks..]) {
            let root = splat_factor(*root);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (x, y) = (load(a), load(b));
                store(a, subtract_once(_mm512_add_epi64(x, y), q));
                let difference = _mm512_sub_epi64(_mm512_add_epi64(x, q), y);
                store(b, subtract_once(mul_shoup(difference, root, q), q));
            }
        }
        half *= 2;
        blocks /= 2;
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_scale(
    constants: &Constants,
    factor: Shoup,
    data: &mut [[u64; BATCH]],
) {
    let q = splat(constants.q);
    let by = splat_factor(factor);
    for words in data {
        store(words, subtract_once(mul_shoup(load(words), by, q), q));
    }
}
