//! Stores past the caches, and the fence that they need.

use std::arch::x86_64::{__m512i, _mm_sfence, _mm512_stream_si512};

use super::store;
use crate::arith::kernels::BLOCK;

/// Writes blocks, past the caches where that is wanted.
///
/// What is written past the caches is not ordered with anything else by itself, not even by the
/// lock or the channel over which another thread is told that it is there. So a fence follows when
/// this is dropped: at the end of a kernel, and where one panics half way.
pub(super) struct Stream {
    past_caches: bool,
}

impl Stream {
    /// A writer of blocks, past the caches where `past_caches`.
    pub(super) const fn new(past_caches: bool) -> Self {
        Self { past_caches }
    }

    /// Writes a block; past the caches only where it begins at a cache line, as it must for that.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn write(&self, words: &mut [u64; BLOCK], value: __m512i) {
        if self.past_caches && words.as_ptr().addr().is_multiple_of(size_of::<__m512i>()) {
            // SAFETY: the array is 64 writable bytes, and they begin at a multiple of 64. `Drop`
            // orders what is written this way before what comes later.
            unsafe { _mm512_stream_si512(words.as_mut_ptr().cast(), value) };
        } else {
            store(words, value);
        }
    }
}

impl Drop for Stream {
    #[inline]
    fn drop(&mut self) {
        if self.past_caches {
            // SAFETY: every processor of this architecture has SSE.
            unsafe { _mm_sfence() };
        }
    }
}
