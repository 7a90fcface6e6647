//! Sums of words by words, all of at most 32 bits.
//!
//! Integer multiplication gives whole products, which are added modulo 2^64. What that leaves out, a
//! small multiple of 2^64, an estimate tells: the sum of the same products as floats of 24 bits, eight of
//! them at once. Each product of floats is off by 2 parts in 2^24 and what their factors have lost, and each
//! sum by one of its own, so the estimate of n products below 2^64 is off by n (n+5) 2^(64-25) at most,
//! and by less than the half of 2^64 that would matter.

use std::arch::x86_64::{
    __m256, __m256d, __m256i, _mm256_add_pd, _mm256_castps_si256, _mm256_castps256_ps128,
    _mm256_castsi256_ps, _mm256_cvtepi32_ps, _mm256_cvtps_pd, _mm256_extractf128_ps,
    _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_fnmadd_pd, _mm256_loadu_si256, _mm256_mul_ps,
    _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_permutevar8x32_ps, _mm256_set1_pd,
    _mm256_set1_ps, _mm256_setr_epi32, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_srli_epi32,
    _mm256_srli_epi64, _mm256_sub_pd, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
};
use std::mem::MaybeUninit;

use super::dense::{Products, ask};
use super::estimate::{EIGHTS, lower_halves};
use super::scalar_halves::add_product;
use super::wide::{Count, digits, reduce_digits, reduce_words};
use super::{Constants, LANES, SIGNED, Words, load, store, words};
use crate::arith::kernels::factors::Tile;
use crate::arith::kernels::{Factors, PAIR, TILE};

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// A term: of each eight, its words as halves side by side, then the same as floats.
type Term = [Words; 2 * EIGHTS];

/// Products of halves of words.
#[derive(Clone, Copy)]
pub(super) struct OfHalves<'a> {
    constants: &'a Constants,
    /// Whether products have at most 52 bits, so that there is nothing to be estimated.
    is_narrow: bool,
    /// Whether factors are halves side by side; they are words otherwise.
    are_packed: bool,
}

impl<'a> OfHalves<'a> {
    pub(super) const fn new(
        constants: &'a Constants,
        is_narrow: bool,
        factors: Factors<'_>,
    ) -> Self {
        Self { constants, is_narrow, are_packed: factors.word_bytes() == size_of::<u32>() }
    }
}

/// Eight sums.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    /// Modulo 2^64, those at even places.
    even: __m256i,
    /// Those at odd places.
    odd: __m256i,
    /// The sums over 2^64, nearly.
    estimate: __m256,
}

impl Products for OfHalves<'_> {
    type Sums = [Sums; EIGHTS];
    const REGISTERS: usize = 2 * EIGHTS;

    /// The estimates of so many are off by an eighth of 2^64; narrow ones are below half of it.
    fn terms(self) -> usize {
        1 << 11
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn none(self) -> Self::Sums {
        let zero = _mm256_setzero_si256();
        [Sums { even: zero, odd: zero, estimate: _mm256_setzero_ps() }; EIGHTS]
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn enter(self, terms: &[&[u64; PAIR]], near: &mut [MaybeUninit<Words>]) {
        /// Floats of halves and of factors are of half their values.
        const UNIT: f32 = 4.0 / (u64::MAX as f32);
        let unit = _mm256_set1_ps(UNIT);
        for (near, term) in near.chunks_exact_mut(Self::REGISTERS).zip(terms) {
            let (halves, floats) = near.split_at_mut(EIGHTS);
            let eights = term.as_chunks::<LANES>().0.as_chunks().0;
            for ((half, float), [first, second]) in halves.iter_mut().zip(floats).zip(eights) {
                let both = side_by_side(load(first), load(second));
                half.write(words(both));
                let floats = _mm256_mul_ps(half_as_floats(both), unit);
                float.write(words(_mm256_castps_si256(floats)));
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn add(
        self,
        terms: &[Words],
        factors: Factors<'_>,
        next: *const u8,
        sums: &mut Self::Sums,
    ) {
        let terms = terms.as_chunks().0;
        match (self.is_narrow, self.are_packed) {
            (false, true) => add_terms::<true, true>(terms, factors, next, sums),
            (false, false) => add_terms::<true, false>(terms, factors, next, sums),
            (true, true) => add_terms::<false, true>(terms, factors, next, sums),
            (true, false) => add_terms::<false, false>(terms, factors, next, sums),
        }
    }

    fn count(self, terms: usize) -> Count {
        Count::single(terms)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn fold(self, sums: &mut Self::Sums, _: Count) {
        for sums in sums.as_chunks_mut().0 {
            let reduced = self.reduced(sums);
            for (sum, [even, odd]) in sums.iter_mut().zip(reduced) {
                *sum = Sums { even, odd, estimate: _mm256_setzero_ps() };
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn finish(self, sums: &Self::Sums, _: Count, out: &mut [u64; PAIR]) {
        let eights = out.as_chunks_mut::<LANES>().0.as_chunks_mut::<2>().0;
        for (eights, sums) in eights.chunks_exact_mut(TOGETHER).zip(sums.as_chunks().0) {
            for ([first, second], [even, odd]) in eights.iter_mut().zip(self.reduced(sums)) {
                let low = _mm256_unpacklo_epi64(even, odd);
                let high = _mm256_unpackhi_epi64(even, odd);
                store(first, _mm256_permute2x128_si256::<0x20>(low, high));
                store(second, _mm256_permute2x128_si256::<0x31>(low, high));
            }
        }
    }
}

/// Eights that are reduced side by side: the steps of one fill the time that those of the other take.
const TOGETHER: usize = 2;

impl OfHalves<'_> {
    /// The sums at even places and those at odd ones modulo q.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn reduced(self, sums: &[Sums; TOGETHER]) -> [[__m256i; 2]; TOGETHER] {
        let [first, second] = sums;
        let words = [first.even, first.odd, second.even, second.odd];
        let [a, b, c, d] = if self.is_narrow {
            reduce_words(self.constants, words)
        } else {
            let [[a, b], [c, d]] = [first.estimates(), second.estimates()];
            reduce(self.constants, words, [a, b, c, d])
        };
        [[a, b], [c, d]]
    }
}

impl Sums {
    /// Nearly what the sums at even places are over 2^64, and those at odd ones.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn estimates(&self) -> [__m256d; 2] {
        let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
        let estimates = _mm256_permutevar8x32_ps(self.estimate, order);
        let odd = _mm256_extractf128_ps::<1>(estimates);
        [_mm256_cvtps_pd(_mm256_castps256_ps128(estimates)), _mm256_cvtps_pd(odd)]
    }
}

/// Sums modulo q of what they are modulo 2^64 and of nearly what they are over 2^64.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn reduce<const N: usize>(
    constants: &Constants,
    sums: [__m256i; N],
    estimates: [__m256d; N],
) -> [__m256i; N] {
    let (unit, magic) = ((1u64 << 32) as f64, _mm256_set1_pd(SIGNED));
    let [mut high, low] = digits(sums);
    let mut multiples = estimates;
    for (multiple, high) in multiples.iter_mut().zip(&high) {
        *multiple = _mm256_fnmadd_pd(*high, _mm256_set1_pd(1.0 / unit), *multiple);
    }
    for (high, multiple) in high.iter_mut().zip(&multiples) {
        let multiple = _mm256_sub_pd(_mm256_add_pd(*multiple, magic), magic);
        *high = _mm256_fmadd_pd(multiple, _mm256_set1_pd(unit), *high);
    }
    reduce_digits(constants, high, low)
}

/// The lower halves of eight words in their order.
#[inline]
#[target_feature(enable = "avx2")]
fn side_by_side(first: __m256i, second: __m256i) -> __m256i {
    _mm256_permute4x64_epi64::<0b11_01_10_00>(lower_halves(first, second))
}

/// Half of each integer, which the instruction takes for signed.
#[inline]
#[target_feature(enable = "avx2")]
fn half_as_floats(halves: __m256i) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_srli_epi32::<1>(halves))
}

/// Eight factors side by side: half `HALF` of a tile.
#[inline]
#[target_feature(enable = "avx2")]
fn halves<const HALF: usize, const PACKED: bool>(tile: Tile<'_>) -> __m256i {
    let words = tile.half::<HALF>();
    // SAFETY: half a tile is 32 bytes where it is packed and 64 otherwise, and the instruction asks for
    // no alignment.
    unsafe {
        if PACKED {
            _mm256_loadu_si256(words.cast())
        } else {
            let (first, second) = (words.cast(), words.add(size_of::<__m256i>()).cast());
            side_by_side(_mm256_loadu_si256(first), _mm256_loadu_si256(second))
        }
    }
}

/// Adds terms times as many tiles of factors, and asks for as many from `next` on. By itself, since within a
/// larger function there are not registers enough.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn add_terms<const ESTIMATES: bool, const PACKED: bool>(
    terms: &[Term],
    factors: Factors<'_>,
    mut next: *const u8,
    sums: &mut [Sums; EIGHTS],
) {
    let [
        Sums { even: mut a, odd: mut b, estimate: mut w },
        Sums { even: mut c, odd: mut d, estimate: mut x },
        Sums { even: mut e, odd: mut f, estimate: mut y },
        Sums { even: mut g, odd: mut h, estimate: mut z },
    ] = *sums;
    let mut tiles = factors.tiles();
    assert!(factors.len() >= terms.len() * TILE, "a term without factors");
    for term in terms {
        // SAFETY: there are as many tiles as terms.
        let tile = unsafe { tiles.next_unchecked() };
        // Of a packed tile there is one line, of another two.
        next = ask(next, LINE);
        if !PACKED {
            next = ask(next, LINE);
        }
        let factor = halves::<0, PACKED>(tile);
        let odd = _mm256_srli_epi64::<32>(factor);
        let words = load(&term[0]);
        a = add_product(a, words, factor);
        b = add_product(b, _mm256_srli_epi64::<32>(words), odd);
        let words = load(&term[2]);
        e = add_product(e, words, factor);
        f = add_product(f, _mm256_srli_epi64::<32>(words), odd);
        if ESTIMATES {
            let factor = half_as_floats(factor);
            w = _mm256_fmadd_ps(_mm256_castsi256_ps(load(&term[EIGHTS])), factor, w);
            y = _mm256_fmadd_ps(_mm256_castsi256_ps(load(&term[EIGHTS + 2])), factor, y);
        }
        let factor = halves::<1, PACKED>(tile);
        let odd = _mm256_srli_epi64::<32>(factor);
        let words = load(&term[1]);
        c = add_product(c, words, factor);
        d = add_product(d, _mm256_srli_epi64::<32>(words), odd);
        let words = load(&term[3]);
        g = add_product(g, words, factor);
        h = add_product(h, _mm256_srli_epi64::<32>(words), odd);
        if ESTIMATES {
            let factor = half_as_floats(factor);
            x = _mm256_fmadd_ps(_mm256_castsi256_ps(load(&term[EIGHTS + 1])), factor, x);
            z = _mm256_fmadd_ps(_mm256_castsi256_ps(load(&term[EIGHTS + 3])), factor, z);
        }
    }
    *sums = [
        Sums { even: a, odd: b, estimate: w },
        Sums { even: c, odd: d, estimate: x },
        Sums { even: e, odd: f, estimate: y },
        Sums { even: g, odd: h, estimate: z },
    ];
}
