//! Key switches: few products a word, permuted as they are written.

use std::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_setzero_pd, _mm256_setzero_si256,
};

use super::permute::permuted;
use super::scalar_halves::add_product;
use super::wide::{Count, Split, Wide, multiply_add, reduce, reduce_words, split, wide};
use super::{
    Barrett, Constants, Unpack, barrett, difference, load, mul_barrett, remainder, store,
    subtract_once, to_doubles, to_words, unpack,
};
use crate::arith::kernels::factors::Tiles;
use crate::arith::kernels::stream::Stream;
use crate::arith::kernels::{BLOCK, KeySwitch, PAIR, PairsMut, Reduction, TILE};

/// Digits whose products are reduced one by one, up to their signs, and added: of so few this takes less
/// than a wide sum. Each lies in (-q, q), so that all together are doubles without loss.
const FEW_DIGITS: usize = 4;

/// A block of both polynomials, each in two halves.
type Blocks = [[__m256i; 2]; 2];

/// How the sums of a key switch are made, four words at a time.
///
/// Methods are unsafe for they have the features that this module's functions have, which safe ones of a
/// trait cannot: where those may be called, so may they.
trait Way: Copy {
    /// A sum of products.
    type Sum: Copy;

    /// The sum of none.
    unsafe fn none(self) -> Self::Sum;

    /// The sum and the product of a digit and of a key, in `[0, q)`.
    unsafe fn and(self, sum: Self::Sum, digit: __m256i, key: __m256i) -> Self::Sum;

    /// A sum of so many products modulo q, in `[0, q)`.
    unsafe fn reduced(self, sum: Self::Sum, digits: usize) -> __m256i;
}

/// Whole products of halves, all of whose sum a word holds.
#[derive(Clone, Copy)]
struct Halves<'a>(&'a Constants);

impl Way for Halves<'_> {
    type Sum = __m256i;

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn none(self) -> __m256i {
        _mm256_setzero_si256()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn and(self, sum: __m256i, digit: __m256i, key: __m256i) -> __m256i {
        add_product(sum, digit, key)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn reduced(self, sum: __m256i, _: usize) -> __m256i {
        let [word] = reduce_words(self.0, [sum]);
        word
    }
}

/// At most [`FEW_DIGITS`] products, each reduced.
#[derive(Clone, Copy)]
struct Few(Barrett);

impl Way for Few {
    type Sum = __m256d;

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn none(self) -> __m256d {
        _mm256_setzero_pd()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn and(self, sum: __m256d, digit: __m256i, key: __m256i) -> __m256d {
        _mm256_add_pd(sum, mul_barrett(&self.0, to_doubles(digit), to_doubles(key)))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn reduced(self, sum: __m256d, digits: usize) -> __m256i {
        to_words(&self.0, if digits > 1 { remainder(&self.0, sum) } else { sum })
    }
}

/// At most 4096 products, none of them reduced.
#[derive(Clone, Copy)]
struct Many<'a>(&'a Constants, Split);

impl Way for Many<'_> {
    type Sum = Wide;

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn none(self) -> Wide {
        wide(_mm256_setzero_si256())
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn and(self, sum: Wide, digit: __m256i, key: __m256i) -> Wide {
        multiply_add(&self.1, sum, to_doubles(digit), to_doubles(key))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn reduced(self, sum: Wide, digits: usize) -> __m256i {
        reduce(self.0, sum, Count::single(digits))
    }
}

/// Every product and every sum reduced.
#[derive(Clone, Copy)]
struct Eager(Barrett);

impl Way for Eager {
    type Sum = __m256i;

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn none(self) -> __m256i {
        _mm256_setzero_si256()
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn and(self, sum: __m256i, digit: __m256i, key: __m256i) -> __m256i {
        let product = mul_barrett(&self.0, to_doubles(digit), to_doubles(key));
        subtract_once(_mm256_add_epi64(sum, to_words(&self.0, product)), self.0.words)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn reduced(self, sum: __m256i, _: usize) -> __m256i {
        sum
    }
}

/// What blocks of a key switch are made of, one after the other.
struct Terms<'a> {
    digits: &'a [[u64; BLOCK]],
    /// How many digits there are.
    count: usize,
    /// Blocks of a digit.
    blocks: usize,
    keys: Tiles<'a>,
    unpack: Unpack,
}

impl<'a> Terms<'a> {
    /// Of a switch that makes polynomials of `len` words.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn new(switch: &KeySwitch<'a>, len: usize) -> Self {
        let digits = switch.digits.as_chunks().0;
        let (count, unpack) = (switch.digits.len() / len.max(1), unpack(switch.key));
        Self { digits, count, blocks: len / BLOCK, keys: switch.key.tiles(), unpack }
    }

    /// The next block of both polynomials, before its words are permuted, from block `block` of the
    /// digits. Of its own for each caller, so that it becomes a part of it.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn next<W: Way, const TO_PAIRS: bool>(&mut self, way: W, block: usize) -> Blocks {
        // SAFETY: as this function, which has the features.
        unsafe {
            let [mut a, mut b, mut c, mut d] = [way.none(); 4];
            for (k, key) in self.keys.by_ref().take(self.count).enumerate() {
                let [first, second] = &self.digits[k * self.blocks + block].as_chunks().0 else {
                    break;
                };
                let (first, second) = (load(first), load(second));
                a = way.and(a, first, self.unpack.column::<0>(key));
                b = way.and(b, second, self.unpack.column::<1>(key));
                c = way.and(c, first, self.unpack.column::<2>(key));
                d = way.and(d, second, self.unpack.column::<3>(key));
            }
            let count = self.count;
            let (a, b) = (way.reduced(a, count), way.reduced(b, count));
            [[a, b], [way.reduced(c, count), way.reduced(d, count)]]
        }
    }
}

/// Calls a function with the way to sum products of `count` digits.
macro_rules! by_way {
    ($constants:ident, $reduction:ident, $count:expr, $function:ident ( $($argument:expr),* )) => {
        match ($reduction, $count) {
            (Reduction::Eager, _) => $function(Eager(barrett($constants)), $($argument),*),
            // Of a single one there is nothing to be added.
            (_, 2..) if $constants.fit_word($count) => $function(Halves($constants), $($argument),*),
            (_, ..=FEW_DIGITS) => $function(Few(barrett($constants)), $($argument),*),
            _ => $function(Many($constants, split($constants)), $($argument),*),
        }
    };
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn switch_key(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    adds: bool,
    sums: [&mut [u64]; 2],
) {
    let terms = Terms::new(&switch, sums[0].len());
    by_way!(constants, reduction, terms.count, switch_by(constants, terms, &switch, adds, sums));
}

#[target_feature(enable = "avx2,fma")]
fn switch_by<W: Way>(
    way: W,
    constants: &Constants,
    mut terms: Terms<'_>,
    switch: &KeySwitch<'_>,
    adds: bool,
    [first, second]: [&mut [u64]; 2],
) {
    let q = barrett(constants).words;
    let places = first.as_chunks_mut::<BLOCK>().0.iter_mut().zip(second.as_chunks_mut().0);
    for ((block, order), (first, second)) in switch.permutation.by_halves().zip(places) {
        let made = terms.next::<W, false>(way, block);
        for (out, halves) in [first, second].into_iter().zip(made) {
            for (i, half) in halves.into_iter().enumerate() {
                let i = (i ^ order.swap) % 2;
                let (words, out) = (permuted(half, &order.parts[i]), &mut out.as_chunks_mut().0[i]);
                let sum = _mm256_add_epi64(load(out), words);
                store(out, if adds { subtract_once(sum, q) } else { words });
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn switch_key_to_pairs(
    constants: &Constants,
    reduction: Reduction,
    switch: KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let terms = Terms::new(&switch, addend.len());
    let count = terms.count;
    by_way!(
        constants,
        reduction,
        count,
        pairs_by(constants, terms, &switch, subtrahends, addend, out)
    );
}

#[target_feature(enable = "avx2,fma")]
fn pairs_by<W: Way>(
    way: W,
    constants: &Constants,
    mut terms: Terms<'_>,
    switch: &KeySwitch<'_>,
    subtrahends: [&[u64]; 2],
    addend: &[u64],
    out: PairsMut<'_>,
) {
    let (by, stream) = (barrett(constants), Stream::new(out.streams));
    let addends = addend.as_chunks::<BLOCK>().0;
    for (place, (block, order)) in switch.permutation.by_halves().enumerate() {
        let [[a, b], second] = terms.next::<W, true>(way, block);
        // What is added is permuted with what it is added to.
        let [a_more, b_more] = addends[block].as_chunks().0 else { break };
        let sums = [_mm256_add_epi64(a, load(a_more)), _mm256_add_epi64(b, load(b_more))];
        let first = sums.map(|sum| subtract_once(sum, by.words));
        let pair = &mut out.words[place * BLOCK / TILE * out.stride * PAIR..][..PAIR];
        for (poly, (out, made)) in pair.chunks_exact_mut(TILE).zip([first, second]).enumerate() {
            let less = &subtrahends[poly].as_chunks::<BLOCK>().0[place];
            let out = &mut out.as_chunks_mut::<BLOCK>().0[place % (TILE / BLOCK)];
            for (i, half) in made.into_iter().enumerate() {
                let i = (i ^ order.swap) % 2;
                let words = permuted(half, &order.parts[i]);
                let words = difference(&by, words, load(&less.as_chunks().0[i]));
                stream.write_256(&mut out.as_chunks_mut().0[i], words);
            }
        }
    }
}
