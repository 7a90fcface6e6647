//! Sums of products that are reduced only when they would overflow and at the end.
//!
//! A sum walks over its terms in pieces that stay in the nearest cache, and in each piece over few words at
//! a time, whose sums stay in registers. What holds a sum follows from the products: of halves of words a
//! word does, which compilers turn into vectors where the machine has them (SSE2, NEON), and of other
//! narrow ones; any others take 128 bits, unless they are estimated.

use crate::arith::Modulus;
use crate::arith::kernels::chunks::Chunks;
use crate::arith::kernels::{Factors, PAIR, Row, TILE, Width};

/// Terms of a piece: 8 KiB of panel.
const PIECE: usize = 32;

/// What holds a sum of products.
pub(super) trait Sum: Copy + Default + From<u64> {
    /// Products that it takes, besides a reduced value, before it must be reduced.
    fn room(modulus: &Modulus) -> usize;

    /// The sum and a product.
    fn and_product(self, a: u64, b: u64) -> Self;

    /// The sum modulo q.
    fn reduced(self, modulus: &Modulus) -> u64;
}

/// For any products of b-bit factors: of 2b bits, so that 2^(128-2b) - 1 of them have room.
impl Sum for u128 {
    fn room(modulus: &Modulus) -> usize {
        let spare_bits = (128 - 2 * modulus.bits()).min(32);
        (1usize << spare_bits) - 1
    }

    #[inline]
    fn and_product(self, a: u64, b: u64) -> Self {
        self + Self::from(a) * Self::from(b)
    }

    #[inline]
    fn reduced(self, modulus: &Modulus) -> u64 {
        modulus.reduce_wide(self)
    }
}

/// Narrow products, which are below 2^52: so many and a reduced value are below 2^64.
const NARROW_ROOM: usize = (1 << 12) - 1;

/// For narrow products.
impl Sum for u64 {
    fn room(_: &Modulus) -> usize {
        NARROW_ROOM
    }

    #[inline]
    fn and_product(self, a: u64, b: u64) -> Self {
        self.wrapping_add(a.wrapping_mul(b))
    }

    #[inline]
    fn reduced(self, modulus: &Modulus) -> u64 {
        modulus.reduce(self)
    }
}

/// For narrow products of words below 2^32.
#[derive(Clone, Copy, Default)]
pub(super) struct OfHalves(u64);

impl From<u64> for OfHalves {
    fn from(word: u64) -> Self {
        Self(word)
    }
}

impl Sum for OfHalves {
    fn room(_: &Modulus) -> usize {
        NARROW_ROOM
    }

    #[inline]
    fn and_product(self, a: u64, b: u64) -> Self {
        debug_assert!(a.max(b) < 1 << 32);
        Self(self.0.wrapping_add(u64::from(a as u32) * u64::from(b as u32)))
    }

    #[inline]
    fn reduced(self, modulus: &Modulus) -> u64 {
        modulus.reduce(self.0)
    }
}

/// Makes `out` of sums to which `add` adds the terms of a piece, of which it is told the first's place.
fn by_pieces<S: Sum, const O: usize>(
    modulus: &Modulus,
    segments: &[&[u64]],
    out: &mut [[u64; PAIR]; O],
    mut add: impl FnMut(usize, &[[u64; PAIR]], &mut [[S; PAIR]; O]),
) {
    let most = S::room(modulus);
    let (mut sums, mut room, mut place) = ([[S::default(); PAIR]; O], most, 0);
    for segment in segments {
        let mut terms = segment.as_chunks::<PAIR>().0;
        while !terms.is_empty() {
            if room == 0 {
                sums = sums.map(|sums| sums.map(|sum| sum.reduced(modulus).into()));
                room = most;
            }
            let (piece, rest) = terms.split_at(terms.len().min(PIECE).min(room));
            add(place, piece, &mut sums);
            (terms, room, place) = (rest, room - piece.len(), place + piece.len());
        }
    }
    *out = sums.map(|sums| sums.map(|sum| sum.reduced(modulus)));
}

pub(in crate::arith::kernels) fn scalar_tile_lazy<const O: usize>(
    modulus: &Modulus,
    is_narrow: bool,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    if is_narrow {
        scalar_sums::<u64, 4, O>(modulus, segments, rows, out);
    } else {
        scalar_sums::<u128, 2, O>(modulus, segments, rows, out);
    }
}

/// W words of a sum are kept in registers.
fn scalar_sums<S: Sum, const W: usize, const O: usize>(
    modulus: &Modulus,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    by_pieces(modulus, segments, out, |place, terms, sums: &mut [[S; PAIR]; O]| {
        for (row, sums) in rows.iter().zip(sums) {
            let factors = &row.factors[place..][..terms.len()];
            for (column, sums) in sums.as_chunks_mut::<W>().0.iter_mut().enumerate() {
                let mut kept = *sums;
                for (term, &factor) in terms.iter().zip(factors) {
                    let words = &term.as_chunks::<W>().0[column];
                    kept = std::array::from_fn(|i| kept[i].and_product(words[i], factor));
                }
                *sums = kept;
            }
        }
    });
}

/// Words of a sum of products of halves that are kept in registers.
pub(super) const KEPT: usize = 16;

/// Adds products of the lower halves of words and factors to sums, modulo 2^64.
#[inline]
pub(super) fn add_halves(terms: &[&[u64; PAIR]], factors: &[u64], sums: &mut [u64; PAIR]) {
    for (column, sums) in sums.as_chunks_mut::<KEPT>().0.iter_mut().enumerate() {
        let mut kept = *sums;
        for (term, &factor) in terms.iter().zip(factors) {
            let words = &term.as_chunks::<KEPT>().0[column];
            let product = |i: usize| u64::from(words[i] as u32) * u64::from(factor as u32);
            kept = std::array::from_fn(|i| kept[i].wrapping_add(product(i)));
        }
        *sums = kept;
    }
}

/// Sums of products of halves of words.
pub(in crate::arith::kernels) fn half_tiles(
    modulus: &Modulus,
    segments: &[&[u64]],
    rows: &[Row<'_>],
    out: &mut [[u64; PAIR]],
) {
    let reduce = |sums: &mut [[u64; PAIR]]| {
        sums.as_flattened_mut().iter_mut().for_each(|sum| *sum = modulus.reduce(*sum));
    };
    out.fill([0; PAIR]);
    let mut chunks = Chunks::<PIECE>::new(segments);
    let (mut start, mut room) = (0, NARROW_ROOM);
    while let Some(terms) = chunks.next() {
        if room < terms.len() {
            reduce(out);
            room = NARROW_ROOM;
        }
        let end = start + terms.len();
        for (sums, row) in out.iter_mut().zip(rows) {
            add_halves(terms, &row.factors[start..end], sums);
        }
        (start, room) = (end, room - terms.len());
    }
    reduce(out);
}

pub(in crate::arith::kernels) fn pair_tiles_lazy(
    modulus: &Modulus,
    width: Width,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    for (i, out) in out.iter_mut().enumerate() {
        let factors = factors.range(i * each..(i + 1) * each);
        let out = std::array::from_mut(out);
        // Narrow products of words by words are those of halves.
        if width.is_narrow() {
            pair_sums::<OfHalves, 16>(modulus, segments, factors, out);
        } else {
            pair_sums::<u128, 2>(modulus, segments, factors, out);
        }
    }
}

fn pair_sums<S: Sum, const W: usize>(
    modulus: &Modulus,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]; 1],
) {
    let (mut tiles, mut unpacked) = (factors.tiles(), [[0; TILE]; PIECE]);
    by_pieces(modulus, segments, out, |_, terms, [sums]: &mut [[S; PAIR]; 1]| {
        for (words, tile) in unpacked.iter_mut().zip(tiles.by_ref().take(terms.len())) {
            *words = tile.words(0);
        }
        for (column, sums) in sums.as_chunks_mut::<W>().0.iter_mut().enumerate() {
            let mut kept = *sums;
            for (term, factors) in terms.iter().zip(&unpacked) {
                let words = &term.as_chunks::<W>().0[column];
                let factors = &factors.as_chunks::<W>().0[column % (TILE / W)];
                kept = std::array::from_fn(|i| kept[i].and_product(words[i], factors[i]));
            }
            *sums = kept;
        }
    });
}
