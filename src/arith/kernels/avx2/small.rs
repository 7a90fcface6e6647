//! Small transforms of eight polynomials side by side.

use std::arch::x86_64::{
    __m256d, _mm_cvtsi64_si128, _mm_srli_si128, _mm256_add_epi64, _mm256_add_pd,
    _mm256_castpd_si256, _mm256_castsi256_pd, _mm256_cvtepi8_epi64, _mm256_sub_pd,
};

use super::{
    Barrett, Constants, barrett, by_sign, load, load_doubles, mul_shoup, remainder, splat_factor,
    store, to_words,
};
use crate::arith::Shoup;
use crate::arith::kernels::stream::Stream;
use crate::arith::kernels::{BATCH, InverseRoots, Root, RowsMut};

/// The halves of a batch, while a transform keeps doubles in its words.
#[inline]
#[target_feature(enable = "avx2")]
fn load_batch(batch: &[u64; BATCH]) -> [__m256d; 2] {
    let (halves, _) = batch.as_chunks();
    [_mm256_castsi256_pd(load(&halves[0])), _mm256_castsi256_pd(load(&halves[1]))]
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_batch(batch: &mut [u64; BATCH], values: [__m256d; 2]) {
    for (half, value) in batch.as_chunks_mut().0.iter_mut().zip(values) {
        store(half, _mm256_castpd_si256(value));
    }
}

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

/// Integers in `[0, q)` become doubles, in place.
#[target_feature(enable = "avx2")]
fn enter(data: &mut [[u64; BATCH]]) {
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        store(words, _mm256_castpd_si256(load_doubles(words)));
    }
}

/// Undoes [`enter`] for doubles whose quotients by q [`remainder`] takes.
#[target_feature(enable = "avx2,fma")]
fn leave(by: &Barrett, data: &mut [[u64; BATCH]]) {
    for words in data.as_flattened_mut().as_chunks_mut().0 {
        let value = _mm256_castsi256_pd(load(words));
        store(words, to_words(by, remainder(by, value)));
    }
}

/// Between stages all values are within 3/2 q of zero, so that the remainder of one is hardly more
/// than q / 2, a product of one at most (1/2 + 3/8) q, and their sum and difference within 3/2 q.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_forward(
    constants: &Constants,
    roots: &[Root],
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let mut half = data.len() / 2;
    let mut blocks = 1;
    enter(data);
    while half > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&roots[blocks..]) {
            let root = splat_factor(root.by);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (mut sums, mut differences) = (load_batch(a), load_batch(b));
                for (x, y) in sums.iter_mut().zip(&mut differences) {
                    let (kept, product) = (remainder(&by, *x), mul_shoup(&by, *y, root));
                    (*x, *y) = (_mm256_add_pd(kept, product), _mm256_sub_pd(kept, product));
                }
                store_batch(a, sums);
                store_batch(b, differences);
            }
        }
        half /= 2;
        blocks *= 2;
    }
    leave(&by, data);
}

/// Between stages all values are within q of zero, so that a difference is within 2^51.
#[target_feature(enable = "avx2,fma")]
pub(in super::super) fn small_inverse(
    constants: &Constants,
    inverse: &InverseRoots,
    data: &mut [[u64; BATCH]],
) {
    let by = barrett(constants);
    let mut half = 1;
    let mut blocks = data.len() / 2;
    enter(data);
    while blocks > 0 {
        for (block, root) in data.chunks_exact_mut(2 * half).zip(&inverse.roots[blocks..]) {
            let root = splat_factor(root.by);
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let (mut sums, mut products) = (load_batch(a), load_batch(b));
                for (x, y) in sums.iter_mut().zip(&mut products) {
                    let difference = _mm256_sub_pd(*x, *y);
                    *x = remainder(&by, _mm256_add_pd(*x, *y));
                    *y = mul_shoup(&by, difference, root);
                }
                store_batch(a, sums);
                store_batch(b, products);
            }
        }
        half *= 2;
        blocks /= 2;
    }
    leave(&by, data);
    small_scale(constants, inverse.share.by, data);
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
