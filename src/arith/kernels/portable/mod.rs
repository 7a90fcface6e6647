//! Kernels in plain Rust: words of 64 bits and products of as many as they need, or doubles where sums of
//! these tell as much.

mod estimate;
mod sums;
mod switch;

use super::{BATCH, BLOCK, BlockPermutation, Factors, PAIR, Row, SmallRoots, TILE};
use crate::arith::{Modulus, Shoup};

pub(super) use estimate::{and_product, estimated_tiles};
pub(super) use sums::{half_tiles, pair_tiles_lazy, scalar_tile_lazy};
pub(super) use switch::{switch_key, switch_key_to_pairs};

pub(super) fn scalar_tile_eager<const O: usize>(
    modulus: &Modulus,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    for (row, out) in rows.iter().zip(out) {
        *out = [0; PAIR];
        let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
        for ((&factor, &quotient), term) in row.factors.iter().zip(row.quotients).zip(terms) {
            for (out, &word) in out.iter_mut().zip(term) {
                *out = modulus.add(*out, modulus.mul_shoup(word, Shoup { factor, quotient }));
            }
        }
    }
}

pub(super) fn pair_tile_eager(
    modulus: &Modulus,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    *out = [0; PAIR];
    let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
    for (tile, term) in factors.tiles().zip(terms) {
        let factors = tile.words::<TILE>(0);
        for ((out, &word), &factor) in out.iter_mut().zip(term).zip(factors.iter().cycle()) {
            *out = modulus.add(*out, modulus.mul(word, factor));
        }
    }
}

pub(super) fn add_difference(
    modulus: &Modulus,
    words: &mut [u64],
    addends: &[u64],
    subtrahends: &[u64],
) {
    for ((word, &addend), &subtrahend) in words.iter_mut().zip(addends).zip(subtrahends) {
        *word = modulus.add(*word, modulus.sub(addend, subtrahend));
    }
}

pub(super) fn scaled_difference(
    modulus: &Modulus,
    factor: Shoup,
    minuends: &[u64],
    subtrahends: &[u64],
    out: &mut [u64],
) {
    for ((out, &minuend), &subtrahend) in out.iter_mut().zip(minuends).zip(subtrahends) {
        *out = modulus.sub(modulus.mul_shoup(minuend, factor), subtrahend);
    }
}

pub(super) fn add_permuted(
    modulus: &Modulus,
    words: &mut [u64],
    addends: &[u64],
    permutation: &BlockPermutation,
) {
    let blocks = addends.as_chunks::<BLOCK>().0;
    for (words, (block, order)) in
        words.as_chunks_mut::<BLOCK>().0.iter_mut().zip(permutation.blocks())
    {
        for (word, from) in words.iter_mut().zip(order) {
            *word = modulus.add(*word, blocks[block][*from as usize]);
        }
    }
}

pub(super) fn add(modulus: &Modulus, words: &mut [u64], addends: &[u64]) {
    for (word, &addend) in words.iter_mut().zip(addends) {
        *word = modulus.add(*word, addend);
    }
}

pub(super) fn subtract(modulus: &Modulus, words: &mut [u64], subtrahends: &[u64]) {
    for (word, &subtrahend) in words.iter_mut().zip(subtrahends) {
        *word = modulus.sub(*word, subtrahend);
    }
}

pub(super) fn multiply(modulus: &Modulus, words: &mut [u64], factors: &[u64]) {
    for (word, &factor) in words.iter_mut().zip(factors) {
        *word = modulus.mul(*word, factor);
    }
}

pub(super) fn lift_scaled(
    modulus: &Modulus,
    from: &Modulus,
    factor: Shoup,
    words: &[u64],
    out: &mut [u64],
) {
    let shift = modulus.mul_shoup(from.value(), factor);
    for (out, &word) in out.iter_mut().zip(words) {
        let product = modulus.mul_shoup(word, factor);
        *out = if word > from.value() / 2 { modulus.sub(product, shift) } else { product };
    }
}

/// One pass per stage, blocks halving (Longa and Naehrig, eprint 2016/504, algorithm 1).
pub(super) fn small_forward(modulus: &Modulus, roots: &SmallRoots, data: &mut [[u64; BATCH]]) {
    let mut half = data.len() / 2;
    let mut blocks = 1;
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots.forward[blocks..]) {
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().flatten().zip(lower.iter_mut().flatten()) {
                let product = modulus.mul_shoup(*b, root.by);
                (*a, *b) = (modulus.add(*a, product), modulus.sub(*a, product));
            }
        }
        half /= 2;
        blocks *= 2;
    }
}

/// The stages of [`small_forward`] undone in reverse order, each up to a factor of 2.
pub(super) fn small_inverse(modulus: &Modulus, roots: &SmallRoots, data: &mut [[u64; BATCH]]) {
    let by = &roots.inverse;
    let mut half = 1;
    let mut blocks = data.len() / 2;
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&by.roots[blocks..]) {
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().flatten().zip(lower.iter_mut().flatten()) {
                let difference = modulus.sub(*a, *b);
                (*a, *b) = (modulus.add(*a, *b), modulus.mul_shoup(difference, root.by));
            }
        }
        half *= 2;
        blocks /= 2;
    }
    small_scale(modulus, by.share.by, data);
}

pub(super) fn small_scale(modulus: &Modulus, factor: Shoup, data: &mut [[u64; BATCH]]) {
    for word in data.iter_mut().flatten() {
        *word = modulus.mul_shoup(*word, factor);
    }
}
