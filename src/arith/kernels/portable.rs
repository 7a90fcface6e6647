//! Kernels in plain Rust: 64-bit words, 128-bit products.

use super::{BATCH, BLOCK, BlockPermutation, PAIR, Row, TILE};
use crate::arith::{Modulus, Shoup};

/// Words that a lazy loop keeps in registers as 128-bit sums.
const WIDTH: usize = 4;

/// Terms that a 128-bit sum takes before it must be reduced: with b-bit factors it holds a reduced
/// value and 2^(128-2b) - 1 products.
fn lazy_terms(modulus: &Modulus) -> usize {
    let spare_bits = (128 - 2 * modulus.bits()).min(32);
    (1usize << spare_bits) - 1
}

pub(super) fn scalar_tile_lazy<const O: usize>(
    modulus: &Modulus,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    for (row, out) in rows.iter().zip(out) {
        for (column, out) in out.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            let words = |term: &[u64; PAIR]| term.as_chunks::<WIDTH>().0[column];
            let mut sum = WideSum::new(modulus);
            let mut factors = row.factors;
            for segment in segments {
                let terms = segment.as_chunks::<PAIR>().0;
                let (now, later) = factors.split_at(terms.len());
                factors = later;
                for (&factor, term) in now.iter().zip(terms) {
                    sum.add(&[factor; WIDTH], &words(term));
                }
            }
            *out = sum.finish();
        }
    }
}

pub(super) fn pair_tile_lazy(
    modulus: &Modulus,
    segments: &[&[u64]],
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    for (column, out) in out.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        let mut sum = WideSum::new(modulus);
        let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
        for (factor, term) in factors.as_chunks::<TILE>().0.iter().zip(terms) {
            let factor = factor.as_chunks::<WIDTH>().0[column % (TILE / WIDTH)];
            sum.add(&factor, &term.as_chunks::<WIDTH>().0[column]);
        }
        *out = sum.finish();
    }
}

/// [`WIDTH`] sums of products, reduced only when they would overflow and at the end.
struct WideSum<'a> {
    modulus: &'a Modulus,
    sums: [u128; WIDTH],
    room: usize,
}

impl<'a> WideSum<'a> {
    fn new(modulus: &'a Modulus) -> Self {
        Self { modulus, sums: [0; WIDTH], room: lazy_terms(modulus) }
    }

    #[inline]
    fn add(&mut self, a: &[u64; WIDTH], b: &[u64; WIDTH]) {
        if self.room == 0 {
            self.sums = self.sums.map(|sum| u128::from(self.modulus.reduce_wide(sum)));
            self.room = lazy_terms(self.modulus);
        }
        self.room -= 1;
        for ((sum, &a), &b) in self.sums.iter_mut().zip(a).zip(b) {
            *sum += u128::from(a) * u128::from(b);
        }
    }

    fn finish(self) -> [u64; WIDTH] {
        self.sums.map(|sum| self.modulus.reduce_wide(sum))
    }
}

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
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    *out = [0; PAIR];
    let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
    for (factors, term) in factors.as_chunks::<TILE>().0.iter().zip(terms) {
        for ((out, &word), &factor) in out.iter_mut().zip(term).zip(factors.iter().cycle()) {
            *out = modulus.add(*out, modulus.mul(word, factor));
        }
    }
}

pub(super) fn pair_rows_lazy(
    modulus: &Modulus,
    terms: usize,
    pairs: &[u64],
    factors: &[u64],
    [first, second]: [&mut [u64]; 2],
) {
    let inputs = pairs.chunks_exact(terms * PAIR).zip(factors.chunks_exact(terms * TILE));
    let outputs = first.chunks_exact_mut(TILE).zip(second.chunks_exact_mut(TILE));
    for ((first, second), (pairs, factors)) in outputs.zip(inputs) {
        let mut out = [0; PAIR];
        pair_tile_lazy(modulus, &[pairs], factors, &mut out);
        first.copy_from_slice(&out[..TILE]);
        second.copy_from_slice(&out[TILE..]);
    }
}

pub(super) fn subtract_scale(
    modulus: &Modulus,
    words: &[u64],
    subtrahends: &[u64],
    factor: Shoup,
    addends: Option<&[u64]>,
    out: &mut [u64],
) {
    for ((out, &word), &subtrahend) in out.iter_mut().zip(words).zip(subtrahends) {
        *out = modulus.mul_shoup(modulus.sub(word, subtrahend), factor);
    }
    if let Some(addends) = addends {
        add(modulus, out, addends);
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

pub(super) fn interleave_permuted(
    _: &Modulus,
    polys: [&[u64]; 2],
    permutation: &BlockPermutation,
    stride: usize,
    out: &mut [u64],
) {
    let polys = polys.map(|poly| poly.as_chunks::<BLOCK>().0);
    for (i, (block, order)) in permutation.blocks().enumerate() {
        let pair = &mut out[i * BLOCK / TILE * stride * PAIR..][..PAIR];
        for (poly, half) in polys.iter().zip(pair.chunks_exact_mut(TILE)) {
            for (word, from) in half[i * BLOCK % TILE..][..BLOCK].iter_mut().zip(order) {
                *word = poly[block][*from as usize];
            }
        }
    }
}

pub(super) fn add(modulus: &Modulus, words: &mut [u64], addends: &[u64]) {
    for (word, &addend) in words.iter_mut().zip(addends) {
        *word = modulus.add(*word, addend);
    }
}

pub(super) fn lift_centred(modulus: &Modulus, from: &Modulus, words: &[u64], out: &mut [u64]) {
    let from_reduced = modulus.reduce(from.value());
    let one = modulus.shoup(1);
    for (out, &word) in out.iter_mut().zip(words) {
        let residue = modulus.mul_shoup(word, one);
        *out = if word > from.value() / 2 { modulus.sub(residue, from_reduced) } else { residue };
    }
}

/// One pass per stage, blocks halving (Longa and Naehrig, eprint 2016/504, algorithm 1).
pub(super) fn small_forward(modulus: &Modulus, roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let mut half = data.len() / 2;
    let mut blocks = 1;
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().flatten().zip(lower.iter_mut().flatten()) {
                let product = modulus.mul_shoup(*b, *root);
                (*a, *b) = (modulus.add(*a, product), modulus.sub(*a, product));
            }
        }
        half /= 2;
        blocks *= 2;
    }
}

/// The stages of [`small_forward`] undone in reverse order, each up to a factor of 2.
pub(super) fn small_inverse(modulus: &Modulus, inverse_roots: &[Shoup], data: &mut [[u64; BATCH]]) {
    let mut half = 1;
    let mut blocks = data.len() / 2;
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&inverse_roots[blocks..]) {
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().flatten().zip(lower.iter_mut().flatten()) {
                let difference = modulus.sub(*a, *b);
                (*a, *b) = (modulus.add(*a, *b), modulus.mul_shoup(difference, *root));
            }
        }
        half *= 2;
        blocks /= 2;
    }
}

pub(super) fn small_scale(modulus: &Modulus, factor: Shoup, data: &mut [[u64; BATCH]]) {
    for word in data.iter_mut().flatten() {
        *word = modulus.mul_shoup(*word, factor);
    }
}
