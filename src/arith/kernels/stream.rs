//! Stores past the caches, and the fence that they need.

use std::arch::x86_64::{
    __m256i, __m512i, _mm_sfence, _mm256_storeu_si256, _mm256_stream_si256, _mm512_storeu_si512,
    _mm512_stream_si512,
};

/// Writes words, past the caches where that is wanted.
///
/// What is written past the caches is not ordered with anything else by itself, not even by the
/// lock or the channel over which another thread is told that it is there. So a fence follows when
/// this is dropped: at the end of a kernel, and where one panics half way.
pub(super) struct Stream {
    past_caches: bool,
}

impl Stream {
    /// A writer, past the caches where `past_caches`.
    pub(super) const fn new(past_caches: bool) -> Self {
        Self { past_caches }
    }

    /// Whether to write a register past the caches: only where it begins at a multiple of its size, as it
    /// must for that.
    #[inline]
    fn goes_past<const N: usize>(&self, words: &[u64; N]) -> bool {
        self.past_caches && words.as_ptr().addr().is_multiple_of(size_of_val(words))
    }

    /// Writes a register of AVX-512.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn write_512(&self, words: &mut [u64; 8], value: __m512i) {
        // SAFETY: the array is 64 writable bytes, which begin at a multiple of 64 where the instruction
        // asks for it. `Drop` orders what is written past the caches before what comes later.
        unsafe {
            if self.goes_past(words) {
                _mm512_stream_si512(words.as_mut_ptr().cast(), value);
            } else {
                _mm512_storeu_si512(words.as_mut_ptr().cast(), value);
            }
        }
    }

    /// Writes a register of AVX2.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn write_256(&self, words: &mut [u64; 4], value: __m256i) {
        // SAFETY: as above, of 32 bytes.
        unsafe {
            if self.goes_past(words) {
                _mm256_stream_si256(words.as_mut_ptr().cast(), value);
            } else {
                _mm256_storeu_si256(words.as_mut_ptr().cast(), value);
            }
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
