//! Words aligned to a cache line.

use std::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// Words of a cache line, which is also one AVX-512 register.
const LINE: usize = 8;

/// Words that begin at a cache line.
///
/// They come zeroed from the allocator, which for large ones means that memory is neither written
/// nor taken before it is used.
#[derive(Debug)]
pub struct AlignedWords {
    /// Longer than `len` by a line, so that a line begins within its first words.
    storage: Vec<u64>,
    start: usize,
    len: usize,
}

/// `len` zero words.
pub fn zeroed(len: usize) -> AlignedWords {
    let storage = vec![0u64; len + LINE];
    // Where the offset cannot be told, unaligned words are slower and otherwise as good.
    let start = storage.as_ptr().align_offset(LINE * size_of::<u64>()).min(LINE);
    AlignedWords { storage, start, len }
}

impl Deref for AlignedWords {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.storage[self.start..self.start + self.len]
    }
}

impl DerefMut for AlignedWords {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.storage[self.start..self.start + self.len]
    }
}

impl Clone for AlignedWords {
    fn clone(&self) -> Self {
        let mut words = zeroed(self.len);
        words.copy_from_slice(self);
        words
    }
}

impl Zeroize for AlignedWords {
    fn zeroize(&mut self) {
        self.storage.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_at_a_line_and_copy() {
        for len in [0, 1, 7, 8, 100, 4096] {
            let mut words = zeroed(len);
            assert_eq!(words.len(), len);
            assert_eq!(words.as_ptr().addr() % 64, 0);
            assert!(words.iter().all(|word| *word == 0));
            words.fill(7);
            let copy = words.clone();
            assert_eq!((copy.as_ptr().addr() % 64, &copy[..]), (0, &words[..]));
            words.zeroize();
            assert!(words.iter().all(|word| *word == 0));
        }
    }
}
