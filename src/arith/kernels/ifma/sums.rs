//! Sums of products.

use std::arch::x86_64::{
    __m256i, __m512i, _mm512_add_epi64, _mm512_castsi256_si512, _mm512_inserti64x4,
    _mm512_madd52lo_epu64, _mm512_setzero_si512,
};

use super::{
    Constants, LANES, LAZY_TERMS, Wide, barrett, load, mul_barrett, mul_shoup, multiply_add,
    reduce, reduce_short, splat, splat_factor, store, subtract_once, wide,
};
use crate::arith::Shoup;
use crate::arith::kernels::avx2::{AHEAD, Unpack, ask, unpack};
use crate::arith::kernels::factors::Tile;
use crate::arith::kernels::{Factors, PAIR, Row, TILE, Width};

#[inline]
#[target_feature(enable = "avx512f")]
fn store_pair(out: &mut [u64; PAIR], values: [__m512i; PAIR / LANES]) {
    for (out, value) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(values) {
        store(out, value);
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_pair(term: &[u64; PAIR]) -> [__m512i; PAIR / LANES] {
    let words = term.as_chunks::<LANES>().0;
    [load(&words[0]), load(&words[1]), load(&words[2]), load(&words[3])]
}

/// Reduces `sums` in place. A loop and not `array::map`, which is compiled without the target features
/// and so could not inline a closure that has them.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn fold(constants: &Constants, sums: &mut [Wide; PAIR / LANES]) {
    for sum in sums {
        *sum = wide(reduce(constants, *sum));
    }
}

/// Reduces sums of `terms` products and writes them out.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn finish(constants: &Constants, terms: usize, sums: &[Wide; PAIR / LANES], out: &mut [u64; PAIR]) {
    let out = out.as_chunks_mut::<LANES>().0.iter_mut().zip(sums);
    if terms <= constants.short_terms {
        let by = barrett(constants);
        for (out, sum) in out {
            store(out, reduce_short(&by, *sum));
        }
    } else {
        for (out, sum) in out {
            store(out, reduce(constants, *sum));
        }
    }
}

/// The sum plus a product, which has no high half where it is `NARROW`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn add_product<const NARROW: bool>(sum: Wide, word: __m512i, factor: __m512i) -> Wide {
    if NARROW {
        Wide { low: _mm512_madd52lo_epu64(sum.low, word, factor), high: sum.high }
    } else {
        multiply_add(sum, word, factor)
    }
}

/// As many sums at a time as have their accumulators in registers.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn scalar_tile_lazy<const O: usize>(
    constants: &Constants,
    is_narrow: bool,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let (quads, octets) = (rows.as_chunks::<4>().0.iter(), rows.as_chunks::<8>().0.iter());
    match (is_narrow, O) {
        (true, 8) if rows[0].factors.len() <= LAZY_TERMS => {
            for (rows, out) in octets.zip(out.as_chunks_mut().0) {
                octet_narrow(constants, segments, rows, out);
            }
        }
        (true, 4 | 8) => {
            for (rows, out) in quads.zip(out.as_chunks_mut().0) {
                scalar_halves_lazy::<true>(constants, segments, *rows, out);
            }
        }
        (false, 4 | 8) => {
            for (rows, out) in quads.zip(out.as_chunks_mut().0) {
                scalar_halves_lazy::<false>(constants, segments, *rows, out);
            }
        }
        (true, _) => scalar_whole_lazy::<O, true>(constants, segments, rows, out),
        (false, _) => scalar_whole_lazy::<O, false>(constants, segments, rows, out),
    }
}

/// Eight sums of at most [`LAZY_TERMS`] narrow products: one half of the pair after the other, each
/// with 16 accumulators. Places are written out, since a loop over so many would not keep them in
/// registers.
#[target_feature(enable = "avx512f,avx512ifma")]
fn octet_narrow(
    constants: &Constants,
    segments: &[&[u64]],
    rows: &[Row<'_>; 8],
    out: &mut [[u64; PAIR]; 8],
) {
    for half in 0..2 {
        let mut sums = [[_mm512_setzero_si512(); TILE / LANES]; 8];
        let mut start = 0;
        for segment in segments {
            let terms = segment.as_chunks::<PAIR>().0;
            let mut factors = [[].as_slice(); 8];
            for (factors, row) in factors.iter_mut().zip(rows) {
                *factors = &row.factors[start..start + terms.len()];
            }
            start += terms.len();
            for (k, term) in terms.iter().enumerate() {
                let words = &term.as_chunks::<LANES>().0[2 * half..2 * half + 2];
                let words = [load(&words[0]), load(&words[1])];
                macro_rules! add {
                    ($($sum:literal)*) => { $(
                        let factor = splat(factors[$sum][k]);
                        let [low, high] = sums[$sum];
                        sums[$sum] = [
                            _mm512_madd52lo_epu64(low, words[0], factor),
                            _mm512_madd52lo_epu64(high, words[1], factor),
                        ];
                    )* };
                }
                add!(0 1 2 3 4 5 6 7);
            }
        }
        let (is_short, by) = (start <= constants.short_terms, barrett(constants));
        macro_rules! finish {
            ($($sum:literal)*) => { $(
                let words = &mut out[$sum].as_chunks_mut::<LANES>().0[2 * half..2 * half + 2];
                let [low, high] = sums[$sum];
                let [low, high] = [wide(low), wide(high)];
                if is_short {
                    store(&mut words[0], reduce_short(&by, low));
                    store(&mut words[1], reduce_short(&by, high));
                } else {
                    store(&mut words[0], reduce(constants, low));
                    store(&mut words[1], reduce(constants, high));
                }
            )* };
        }
        finish!(0 1 2 3 4 5 6 7);
    }
}

/// `O * 8` accumulators, all in registers for `O <= 2`. Products that are `NARROW` have no high half.
#[target_feature(enable = "avx512f,avx512ifma")]
fn scalar_whole_lazy<const O: usize, const NARROW: bool>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let mut sums = [[wide(_mm512_setzero_si512()); PAIR / LANES]; O];
    let mut room = LAZY_TERMS;
    let mut start = 0;
    for segment in segments {
        let mut terms = segment.as_chunks::<PAIR>().0;
        while !terms.is_empty() {
            if room == 0 {
                for sums in &mut sums {
                    fold(constants, sums);
                }
                room = LAZY_TERMS;
            }
            let (now, later) = terms.split_at(terms.len().min(room));
            // Equal lengths, told to the compiler once, keep bounds checks out of the loop.
            let mut factors = [[].as_slice(); O];
            for (factors, row) in factors.iter_mut().zip(&rows) {
                *factors = &row.factors[start..start + now.len()];
            }
            for (k, term) in now.iter().enumerate() {
                let words = load_pair(term);
                for (sums, row) in sums.iter_mut().zip(factors) {
                    let factor = splat(row[k]);
                    for (sum, word) in sums.iter_mut().zip(words) {
                        *sum = add_product::<NARROW>(*sum, word, factor);
                    }
                }
            }
            (terms, start, room) = (later, start + now.len(), room - now.len());
        }
    }
    for (out, sums) in out.iter_mut().zip(&sums) {
        finish(constants, start, sums, out);
    }
}

/// [`scalar_whole_lazy`] of four sums: one half of the pair after the other, each with 16
/// accumulators, so that every word that is loaded meets four factors.
#[target_feature(enable = "avx512f,avx512ifma")]
fn scalar_halves_lazy<const NARROW: bool>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; 4],
    out: &mut [[u64; PAIR]; 4],
) {
    let by = barrett(constants);
    let count = rows[0].factors.len();
    for half in 0..2 {
        let mut sums = [[wide(_mm512_setzero_si512()); TILE / LANES]; 4];
        let mut room = LAZY_TERMS;
        let mut start = 0;
        for segment in segments {
            let mut terms = segment.as_chunks::<PAIR>().0;
            while !terms.is_empty() {
                if room == 0 {
                    for sum in sums.as_flattened_mut() {
                        *sum = wide(reduce(constants, *sum));
                    }
                    room = LAZY_TERMS;
                }
                let (now, later) = terms.split_at(terms.len().min(room));
                let mut factors = [[].as_slice(); 4];
                for (factors, row) in factors.iter_mut().zip(&rows) {
                    *factors = &row.factors[start..start + now.len()];
                }
                for (k, term) in now.iter().enumerate() {
                    let words = &term.as_chunks::<LANES>().0[2 * half..2 * half + 2];
                    let words = [load(&words[0]), load(&words[1])];
                    for (sums, row) in sums.iter_mut().zip(factors) {
                        let factor = splat(row[k]);
                        for (sum, word) in sums.iter_mut().zip(words) {
                            *sum = add_product::<NARROW>(*sum, word, factor);
                        }
                    }
                }
                (terms, start, room) = (later, start + now.len(), room - now.len());
            }
        }
        for (out, sums) in out.iter_mut().zip(sums) {
            let out = &mut out.as_chunks_mut::<LANES>().0[2 * half..2 * half + 2];
            for (out, sum) in out.iter_mut().zip(sums) {
                let is_short = count <= constants.short_terms;
                store(out, if is_short { reduce_short(&by, sum) } else { reduce(constants, sum) });
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn scalar_tile_eager<const O: usize>(
    constants: &Constants,
    segments: &[&[u64]],
    rows: [Row<'_>; O],
    out: &mut [[u64; PAIR]; O],
) {
    let q = splat(constants.q);
    let mut sums = [[_mm512_setzero_si512(); PAIR / LANES]; O];
    let mut start = 0;
    for segment in segments {
        let terms = segment.as_chunks::<PAIR>().0;
        let range = start..start + terms.len();
        let (mut factors, mut quotients) = ([[].as_slice(); O], [[].as_slice(); O]);
        for (i, row) in rows.iter().enumerate() {
            factors[i] = &row.factors[range.clone()];
            quotients[i] = &row.quotients[range.clone()];
        }
        start = range.end;
        for (k, term) in terms.iter().enumerate() {
            let words = load_pair(term);
            for ((sums, factors), quotients) in sums.iter_mut().zip(factors).zip(quotients) {
                let by = splat_factor(Shoup { factor: factors[k], quotient: quotients[k] });
                for (sum, word) in sums.iter_mut().zip(words) {
                    let product = subtract_once(mul_shoup(word, by, q), q);
                    *sum = subtract_once(_mm512_add_epi64(*sum, product), q);
                }
            }
        }
    }
    for (out, sums) in out.iter_mut().zip(sums) {
        store_pair(out, sums);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn pair_tiles_lazy(
    constants: &Constants,
    width: Width,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [[u64; PAIR]],
) {
    let each = factors.len() / out.len().max(1);
    for (i, out) in out.iter_mut().enumerate() {
        let factors = factors.range(i * each..(i + 1) * each);
        if width.is_narrow() {
            pair_tile_by::<true>(constants, segments, factors, out);
        } else {
            pair_tile_by::<false>(constants, segments, factors, out);
        }
    }
}

/// Eight words, the first four of them in `low`.
#[inline]
#[target_feature(enable = "avx512f")]
fn join(low: __m256i, high: __m256i) -> __m512i {
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
}

/// The factors of a term.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_factors(unpack: Unpack, tile: Tile<'_>) -> [__m512i; TILE / LANES] {
    [
        join(unpack.column::<0>(tile), unpack.column::<1>(tile)),
        join(unpack.column::<2>(tile), unpack.column::<3>(tile)),
    ]
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn pair_tile_by<const NARROW: bool>(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    let mut sums = [wide(_mm512_setzero_si512()); PAIR / LANES];
    let (unpack, mut tiles) = (unpack(factors), factors.tiles());
    let count = factors.len() / TILE;
    let mut ahead = factors.address(0).wrapping_add(AHEAD);
    let mut room = LAZY_TERMS;
    for segment in segments {
        let mut terms = segment.as_chunks::<PAIR>().0;
        while !terms.is_empty() {
            if room == 0 {
                fold(constants, &mut sums);
                room = LAZY_TERMS;
            }
            let (now, later) = terms.split_at(terms.len().min(room));
            (terms, room) = (later, room - now.len());
            for term in now {
                let Some(tile) = tiles.next() else { break };
                let (words, factor) = (load_pair(term), load_factors(unpack, tile));
                // They may lie in two lines.
                ahead = ask(ahead, factors.word_bytes() * TILE / 2);
                ahead = ask(ahead, factors.word_bytes() * TILE / 2);
                for (i, (sum, word)) in sums.iter_mut().zip(words).enumerate() {
                    *sum = add_product::<NARROW>(*sum, word, factor[i % 2]);
                }
            }
        }
    }
    finish(constants, count, &sums, out);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn pair_tile_eager(
    constants: &Constants,
    segments: &[&[u64]],
    factors: Factors<'_>,
    out: &mut [u64; PAIR],
) {
    let q = splat(constants.q);
    let unpack = unpack(factors);
    let mut sums = [_mm512_setzero_si512(); PAIR / LANES];
    let mut tiles = factors.tiles();
    for segment in segments {
        for term in segment.as_chunks::<PAIR>().0 {
            let Some(tile) = tiles.next() else { break };
            let (words, factor) = (load_pair(term), load_factors(unpack, tile));
            for (i, (sum, word)) in sums.iter_mut().zip(words).enumerate() {
                let product = mul_barrett(constants, word, factor[i % 2], q);
                *sum = subtract_once(_mm512_add_epi64(*sum, product), q);
            }
        }
    }
    store_pair(out, sums);
}
