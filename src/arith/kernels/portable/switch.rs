//! Key switches.

use std::ops::Range;

use super::sums::{OfHalves, Sum};
use crate::arith::Modulus;
use crate::arith::kernels::{BLOCK, Factors, KeySwitch, PAIR, PairsMut, Reduction, TILE, Width};

/// A word for each place of a block.
type Block = [u64; BLOCK];

/// What makes both polynomials of one block of the result: its place there, where it is taken from, and
/// in what order.
type Place<'a> = (usize, (usize, &'a Block));

/// The digits and keys of one block.
struct Terms<'a> {
    digits: &'a [Block],
    /// A tile for each digit.
    keys: Factors<'a>,
    /// Blocks of a digit, and the one that is meant.
    blocks: usize,
    block: usize,
}

impl<'a> Terms<'a> {
    fn new(switch: &KeySwitch<'a>, count: usize, (index, (block, _)): Place<'a>) -> Self {
        let keys = switch.key.range(count * index * TILE..count * (index + 1) * TILE);
        let digits = switch.digits.as_chunks::<BLOCK>().0;
        Self { digits, keys, blocks: digits.len() / count.max(1), block }
    }

    /// Folds the words of each digit with those of both polynomials, in the order they have there.
    fn fold<S: Copy>(&self, start: S, mut and: impl FnMut(S, u64, u64) -> S) -> [[S; BLOCK]; 2] {
        let mut sums = [[start; BLOCK]; 2];
        for (k, key) in self.keys.tiles().enumerate() {
            let digit = &self.digits[k * self.blocks + self.block];
            for (poly, sums) in sums.iter_mut().enumerate() {
                let key: Block = key.words(poly * BLOCK);
                *sums = std::array::from_fn(|i| and(sums[i], digit[i], key[i]));
            }
        }
        sums
    }

    /// Sums that are reduced only when they would overflow and at the end.
    fn lazy<S: Sum>(&self, modulus: &Modulus) -> [Block; 2] {
        let most = S::room(modulus);
        let count = self.keys.len() / TILE;
        let mut totals = self.part(0..most.min(count)).summed::<S>(modulus);
        for first in (most..count).step_by(most) {
            let sums = self.part(first..count.min(first + most)).summed::<S>(modulus);
            for (total, sum) in totals.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *total = modulus.add(*total, *sum);
            }
        }
        totals
    }

    /// Some of the terms.
    fn part(&self, digits: Range<usize>) -> Self {
        let keys = self.keys.range(digits.start * TILE..digits.end * TILE);
        Self { digits: &self.digits[digits.start * self.blocks..], keys, ..*self }
    }

    /// Sums that do not overflow.
    #[inline]
    fn summed<S: Sum>(&self, modulus: &Modulus) -> [Block; 2] {
        let sums = self.fold(S::default(), S::and_product);
        let mut reduced = [[0; BLOCK]; 2];
        for (reduced, sum) in reduced.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            *reduced = sum.reduced(modulus);
        }
        reduced
    }
}

/// Both polynomials of a block of a key switch by `count` digits.
fn switched(
    modulus: &Modulus,
    reduction: Reduction,
    switch: &KeySwitch<'_>,
    count: usize,
    place: Place<'_>,
) -> [Block; 2] {
    let (terms, (_, (_, order))) = (Terms::new(switch, count, place), place);
    let sums = match reduction {
        Reduction::Eager => terms.fold(0, |sum, a, b| modulus.add(sum, modulus.mul(a, b))),
        Reduction::Lazy => match Width::of(modulus.bits(), modulus.bits()) {
            Width::Halves => terms.lazy::<OfHalves>(modulus),
            _ => terms.lazy::<u128>(modulus),
        },
    };
    sums.map(|sums| order.map(|from| sums[from as usize]))
}

pub(in crate::arith::kernels) fn switch_key(
    modulus: &Modulus,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    adds: bool,
    [first, second]: [&mut [u64]; 2],
) {
    let count = switch.digits.len() / first.len().max(1);
    let sums = first.as_chunks_mut::<BLOCK>().0.iter_mut().zip(second.as_chunks_mut().0);
    for (place, (first, second)) in switch.permutation.blocks().enumerate().zip(sums) {
        let words = switched(modulus, reduction, &switch, count, place);
        for (sum, words) in [first, second].into_iter().zip(words) {
            for (sum, word) in sum.iter_mut().zip(words) {
                *sum = if adds { modulus.add(*sum, word) } else { word };
            }
        }
    }
}

pub(in crate::arith::kernels) fn switch_key_to_pairs(
    modulus: &Modulus,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let count = switch.digits.len() / addend.len().max(1);
    for (i, (block, order)) in switch.permutation.blocks().enumerate() {
        let words = switched(modulus, reduction, &switch, count, (i, (block, order)));
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
