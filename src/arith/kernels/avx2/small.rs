//! Small transforms of eight polynomials side by side.

use std::arch::x86_64::{
    _mm_cvtsi64_si128, _mm_srli_si128, _mm256_add_epi64, _mm256_cvtepi8_epi64,
};

use super::bounds::{Bounds, WORD};
use super::butterfly::{Centred, forward_four, forward_two, inverse_last_four, inverse_last_two};
use super::long::{forward_levels, inverse_levels, leave};
use super::{
    Constants, Words, barrett, by_sign, keep, load, load_doubles, mul_shoup, splat_factor, store,
    to_words, values,
};
use crate::arith::kernels::stream::Stream;
use crate::arith::kernels::{BATCH, InverseRoots, Root, RowsMut, SmallRoots};
use crate::arith::{Modulus, Shoup};

/// Writes a row after the other.
#[target_feature(enable = "avx2")]
pub(in super::super) fn spread(rows: &[[u64; BATCH]], out: RowsMut<'_>) {
    let stream = Stream::new(out.streams);
    for (row, words) in rows.iter().zip(out.words.chunks_mut(out.stride)) {
        let (halves, _) = row.as_chunks();
        for (words, half) in words.as_chunks_mut().0.iter_mut().zip(halves) {
            stream.write_256(words, load(half));
        }
    }
}

/// Signed bytes: q is added to those below zero.
#[target_feature(enable = "avx2")]
pub(in super::super) fn lift_bytes(
    constants: &Constants,
    bytes: &[i8],
    stride: usize,
    out: &mut [[u64; BATCH]],
) {
    let q = barrett(constants).words;
    for (bytes, out) in bytes.chunks(stride).zip(out) {
        let Some(bytes) = bytes.first_chunk::<BATCH>() else { return };
        let bytes = _mm_cvtsi64_si128(i64::from_le_bytes(bytes.map(i8::cast_unsigned)));
        let halves = [bytes, _mm_srli_si128::<{ BATCH as i32 / 2 }>(bytes)];
        for (out, half) in out.as_chunks_mut().0.iter_mut().zip(halves) {
            let words = _mm256_cvtepi8_epi64(half);
            store(out, by_sign(words, _mm256_add_epi64(words, q), words));
        }
    }
}

/// Roots as levels of transforms take them.
#[derive(Clone, Debug)]
pub(in super::super) struct CentredRoots {
    forward: Vec<Centred>,
    inverse: Vec<Centred>,
    /// The share of the last level backwards, and its root times it.
    last: [Centred; 2],
}

impl CentredRoots {
    pub(in super::super) fn new(
        modulus: &Modulus,
        forward: &[Root],
        inverse: &InverseRoots,
    ) -> Self {
        let q = modulus.value() as f64;
        let centred = |root: &Root| Centred::new(q, root);
        Self {
            forward: forward.iter().map(centred).collect(),
            inverse: inverse.roots.iter().map(centred).collect(),
            last: [centred(&inverse.share), centred(&inverse.last)],
        }
    }
}

/// The vectors of a batch after the other: two for each coefficient.
const fn vectors(data: &mut [[u64; BATCH]]) -> &mut [Words] {
    data.as_flattened_mut().as_chunks_mut().0
}

/// Two levels at a time, after one where their number is odd.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &SmallRoots,
    data: &mut [[u64; BATCH]],
) {
    let (by, bounds, heap) = (barrett(constants), Bounds::new(constants), &roots.centred.forward);
    let (len, data) = (data.len(), vectors(data));
    let (mut blocks, mut bound) = (2, bounds.apart(WORD));
    if len.ilog2() % 2 == 1 {
        forward_two(&by, heap[1], data);
    } else {
        forward_four::<true, false>(&by, heap, [1; 2], data);
        (blocks, bound) = (4, bounds.apart(bound));
    }
    while blocks < len {
        bound = forward_levels(&by, bounds, bound, heap, [blocks; 2], data);
        blocks *= 4;
    }
    leave(&by, constants, data);
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    roots: &SmallRoots,
    data: &mut [[u64; BATCH]],
) {
    let (by, bounds, roots) = (barrett(constants), Bounds::new(constants), &roots.centred);
    let (mut blocks, data) = (data.len(), vectors(data));
    let is_odd = blocks.ilog2() % 2 == 1;
    for words in &mut *data {
        keep(words, values::<true>(words));
    }
    let mut bound = WORD;
    while blocks > 4 {
        blocks /= 4;
        bound = inverse_levels(&by, bounds, bound, &roots.inverse, [blocks; 2], data);
    }
    if is_odd {
        inverse_last_two(&by, roots.last, data);
    } else {
        inverse_last_four(&by, &roots.inverse, roots.last, data);
    }
}

#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_scale(
    constants: &Constants,
    factor: Shoup,
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let factor = splat_factor(factor);
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        store(words, to_words(&by, mul_shoup(&by, load_doubles(words), factor)));
    }
}
