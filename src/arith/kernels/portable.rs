//! Kernels in plain Rust: 64-bit words, 128-bit products.

use super::{
    BATCH, BLOCK, BlockPermutation, Factors, InverseRoots, KeySwitch, PAIR, PairsMut, Reduction,
    Root, Row, TILE,
};
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
    is_narrow: bool,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    for (row, out) in rows.iter().zip(out) {
        if is_narrow {
            scalar_sum::<u64>(modulus, segments, row.factors, out);
        } else {
            scalar_sum::<u128>(modulus, segments, row.factors, out);
        }
    }
}

fn scalar_sum<S: Sum>(
    modulus: &Modulus,
    segments: &[&[u64]],
    factors: &[u64],
    out: &mut [u64; PAIR],
) {
    for (column, out) in out.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        let words = |term: &[u64; PAIR]| term.as_chunks::<WIDTH>().0[column];
        let mut sum = Accumulators::<S>::new(modulus);
        let mut factors = factors;
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

pub(super) fn pair_tiles_lazy(
    modulus: &Modulus,
    is_narrow: bool,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    for (i, out) in out.iter_mut().enumerate() {
        let factors = factors.range(i * each..(i + 1) * each);
        if is_narrow {
            pair_sum::<u64>(modulus, segments, factors, out);
        } else {
            pair_sum::<u128>(modulus, segments, factors, out);
        }
    }
}

fn pair_sum<S: Sum>(
    modulus: &Modulus,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    for (column, out) in out.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
        let mut sum = Accumulators::<S>::new(modulus);
        let terms = segments.iter().flat_map(|segment| segment.as_chunks::<PAIR>().0);
        for (tile, term) in factors.tiles().zip(terms) {
            let factors = tile.words(column * WIDTH % TILE);
            sum.add(&factors, &term.as_chunks::<WIDTH>().0[column]);
        }
        *out = sum.finish();
    }
}

/// What holds a sum of products.
trait Sum: Copy + Default + From<u64> {
    /// Products that it takes before it must be reduced.
    fn room(modulus: &Modulus) -> usize;

    fn add_product(&mut self, a: u64, b: u64);

    fn reduce(self, modulus: &Modulus) -> u64;
}

/// For any products.
impl Sum for u128 {
    fn room(modulus: &Modulus) -> usize {
        lazy_terms(modulus)
    }

    #[inline]
    fn add_product(&mut self, a: u64, b: u64) {
        *self += Self::from(a) * Self::from(b);
    }

    fn reduce(self, modulus: &Modulus) -> u64 {
        modulus.reduce_wide(self)
    }
}

/// For products below 2^52.
impl Sum for u64 {
    /// A reduced value and so many products are below 2^64.
    fn room(_: &Modulus) -> usize {
        (1 << 12) - 1
    }

    #[inline]
    fn add_product(&mut self, a: u64, b: u64) {
        *self = self.wrapping_add(a.wrapping_mul(b));
    }

    fn reduce(self, modulus: &Modulus) -> u64 {
        modulus.reduce(self)
    }
}

/// [`WIDTH`] sums of products, reduced only when they would overflow and at the end.
struct Accumulators<'a, S> {
    modulus: &'a Modulus,
    sums: [S; WIDTH],
    room: usize,
}

impl<'a, S: Sum> Accumulators<'a, S> {
    fn new(modulus: &'a Modulus) -> Self {
        Self { modulus, sums: [S::default(); WIDTH], room: S::room(modulus) }
    }

    #[inline]
    fn add(&mut self, a: &[u64; WIDTH], b: &[u64; WIDTH]) {
        if self.room == 0 {
            self.sums = self.sums.map(|sum| sum.reduce(self.modulus).into());
            self.room = S::room(self.modulus);
        }
        self.room -= 1;
        for ((sum, &a), &b) in self.sums.iter_mut().zip(a).zip(b) {
            sum.add_product(a, b);
        }
    }

    fn finish(self) -> [u64; WIDTH] {
        self.sums.map(|sum| sum.reduce(self.modulus))
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

/// Both polynomials of block `index` of a key switch.
fn switched_block(
    modulus: &Modulus,
    reduction: Reduction,
    switch: &KeySwitch<'_>,
    count: usize,
    (index, (block, order)): (usize, (usize, &[u64; BLOCK])),
) -> [[u64; BLOCK]; 2] {
    let key = &switch.key.as_chunks::<BLOCK>().0[2 * count * index..][..2 * count];
    let digits = switch.digits.as_chunks::<BLOCK>().0;
    let per_digit = digits.len() / count.max(1);
    [0, 1].map(|poly| {
        let term = |k: usize| (&digits[k * per_digit + block], &key[2 * k + poly]);
        order.map(|from| {
            let factors = |k| (term(k).0[from as usize], term(k).1[from as usize]);
            let products = (0..count).map(factors);
            match reduction {
                Reduction::Eager => {
                    products.fold(0, |sum, (a, b)| modulus.add(sum, modulus.mul(a, b)))
                }
                Reduction::Lazy => lazy_sum(modulus, products),
            }
        })
    })
}

/// A sum of products that is reduced only when it would overflow and at the end.
fn lazy_sum(modulus: &Modulus, products: impl Iterator<Item = (u64, u64)>) -> u64 {
    let room = lazy_terms(modulus);
    let mut sum = 0u128;
    for (i, (a, b)) in products.enumerate() {
        if i > 0 && i % room == 0 {
            sum = u128::from(modulus.reduce_wide(sum));
        }
        sum += u128::from(a) * u128::from(b);
    }
    modulus.reduce_wide(sum)
}

pub(super) fn switch_key(
    modulus: &Modulus,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    adds: bool,
    [first, second]: [&mut [u64]; 2],
) {
    let count = switch.digits.len() / first.len().max(1);
    let sums = first.as_chunks_mut::<BLOCK>().0.iter_mut().zip(second.as_chunks_mut().0);
    for (place, (first, second)) in switch.permutation.blocks().enumerate().zip(sums) {
        let words = switched_block(modulus, reduction, &switch, count, place);
        for (sum, words) in [first, second].into_iter().zip(words) {
            for (sum, word) in sum.iter_mut().zip(words) {
                *sum = if adds { modulus.add(*sum, word) } else { word };
            }
        }
    }
}

pub(super) fn switch_key_to_pairs(
    modulus: &Modulus,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let count = switch.digits.len() / addend.len().max(1);
    for (i, (block, order)) in switch.permutation.blocks().enumerate() {
        let place = (i, (block, order));
        let words = switched_block(modulus, reduction, &switch, count, place);
        let pair = &mut out.words[i * BLOCK / TILE * out.stride * PAIR..][..PAIR];
        for (poly, half) in pair.chunks_exact_mut(TILE).enumerate() {
            for (j, out) in half[i * BLOCK % TILE..][..BLOCK].iter_mut().enumerate() {
                let word = modulus.sub(words[poly][j], subtrahends[poly][i * BLOCK + j]);
                let addend = if poly == 0 { addend[block * BLOCK + order[j] as usize] } else { 0 };
                *out = modulus.add(word, addend);
            }
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
pub(super) fn small_forward(modulus: &Modulus, roots: &[Root], data: &mut [[u64; BATCH]]) {
    let mut half = data.len() / 2;
    let mut blocks = 1;
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
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
pub(super) fn small_inverse(modulus: &Modulus, by: &InverseRoots, data: &mut [[u64; BATCH]]) {
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
