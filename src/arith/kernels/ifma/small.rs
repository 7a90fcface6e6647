//! Small transforms of eight polynomials side by side, and rows of eight words.

use std::arch::x86_64::{
    _mm_cvtsi64_si128, _mm512_add_epi64, _mm512_cvtepi8_epi64, _mm512_min_epu64,
};

use super::butterfly::{
    bounds, forward_four, forward_two, inverse_four, inverse_last_four, inverse_last_two,
    is_wide_forward, is_wide_inverse, levels,
};
use super::{Constants, load, mul_shoup, splat, splat_factor, store, subtract_once};
use crate::arith::Shoup;
use crate::arith::kernels::stream::Stream;
use crate::arith::kernels::{BATCH, InverseRoots, Root, RowsMut, SmallRoots};

/// Writes a row after the other.
#[target_feature(enable = "avx512f")]
pub(in super::super) fn spread(rows: &[[u64; BATCH]], out: RowsMut<'_>) {
    let stream = Stream::new(out.streams);
    for (row, words) in rows.iter().zip(out.words.chunks_mut(out.stride)) {
        if let Some((words, _)) = words.split_first_chunk_mut() {
            stream.write_512(words, load(row));
        }
    }
}

/// Signed bytes: q is added to those below zero.
#[target_feature(enable = "avx512f")]
pub(in super::super) fn lift_bytes(
    constants: &Constants,
    bytes: &[i8],
    stride: usize,
    out: &mut [[u64; BATCH]],
) {
    let q = splat(constants.q);
    for (bytes, out) in bytes.chunks(stride).zip(out) {
        let Some(bytes) = bytes.first_chunk::<BATCH>() else { return };
        let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(bytes.map(i8::cast_unsigned)));
        let words = _mm512_cvtepi8_epi64(bytes);
        // As an unsigned number what is below zero is larger than with q.
        store(out, _mm512_min_epu64(words, _mm512_add_epi64(words, q)));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &SmallRoots,
    data: &mut [[u64; BATCH]],
) {
    if is_wide_forward(constants) {
        forward::<true>(constants, &roots.forward, data);
    } else {
        forward::<false>(constants, &roots.forward, data);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn forward<const WIDE: bool>(constants: &Constants, roots: &[Root], data: &mut [[u64; BATCH]]) {
    let by = levels(constants);
    let mut blocks = 1;
    if data.len() == 2 {
        return forward_two::<WIDE, true>(&by, roots[1], data);
    }
    if data.len().ilog2() % 2 == 1 {
        forward_two::<WIDE, false>(&by, roots[1], data);
        blocks = 2;
    }
    while 4 * blocks < data.len() {
        forward_four::<WIDE, false>(&by, roots, [blocks; 2], data);
        blocks *= 4;
    }
    forward_four::<WIDE, true>(&by, roots, [blocks; 2], data);
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    roots: &SmallRoots,
    data: &mut [[u64; BATCH]],
) {
    if is_wide_inverse(constants, data.len()) {
        inverse::<true>(constants, &roots.inverse, data);
    } else {
        inverse::<false>(constants, &roots.inverse, data);
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn inverse<const WIDE: bool>(
    constants: &Constants,
    InverseRoots { roots, share, last }: &InverseRoots,
    data: &mut [[u64; BATCH]],
) {
    let by = levels(constants);
    let (mut blocks, mut done) = (data.len(), 0);
    while blocks > 4 {
        blocks /= 4;
        let bounds = bounds::<WIDE>(&by, constants, done);
        inverse_four::<WIDE>(&by, bounds, roots, [blocks; 2], data);
        done += 2;
    }
    let bounds = bounds::<WIDE>(&by, constants, done);
    if blocks == 4 {
        inverse_last_four::<WIDE>(&by, bounds, roots, [*share, *last], data);
    } else {
        inverse_last_two::<WIDE>(&by, bounds, [*share, *last], data);
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
