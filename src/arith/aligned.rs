//! Words aligned to a cache line, large ones in huge pages.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;
use zeroize::Zeroize;

/// Words of a cache line, which is also one AVX-512 register.
const LINE: usize = 8;

/// From this size on words have pages of their own: two huge pages of 2 MiB.
const LARGE_BYTES: usize = 4 << 20;

/// Words that begin at a cache line.
///
/// They come zeroed from the system, which for large ones means that memory is neither written nor
/// taken before it is used.
#[derive(Debug)]
pub struct AlignedWords {
    storage: Storage,
    start: usize,
    len: usize,
}

impl Default for AlignedWords {
    fn default() -> Self {
        zeroed(0)
    }
}

#[derive(Debug)]
enum Storage {
    /// Longer than asked for by a line, so that a line begins within its first words.
    Heap(Vec<u64>),
    /// Pages of their own, huge ones where the system has them: taking a page at its first use costs
    /// more than filling it, and huge ones are taken five hundred times less often.
    Pages(MmapMut),
}

impl AlignedWords {
    /// Takes all memory of the words from the system now, which otherwise happens at their first use.
    /// They must still be zero.
    pub fn take(&mut self) {
        const PAGE: usize = 4096 / size_of::<u64>();
        self.chunks_mut(PAGE).for_each(|page| page[0] = 0);
    }
}

/// `len` zero words.
pub fn zeroed(len: usize) -> AlignedWords {
    if let Some(pages) = pages(len) {
        return AlignedWords { storage: Storage::Pages(pages), start: 0, len };
    }
    let storage = vec![0u64; len + LINE];
    // Where the offset cannot be told, unaligned words are slower and otherwise as good.
    let start = storage.as_ptr().align_offset(LINE * size_of::<u64>()).min(LINE);
    AlignedWords { storage: Storage::Heap(storage), start, len }
}

/// Pages for `len` words, where they are worth it and can be had.
fn pages(len: usize) -> Option<MmapMut> {
    let bytes = len.checked_mul(size_of::<u64>()).filter(|bytes| *bytes >= LARGE_BYTES)?;
    let pages = MmapMut::map_anon(bytes).ok()?;
    // Without huge pages the words are as good, and slower.
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::HugePage);
    Some(pages)
}

impl Deref for AlignedWords {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        let words: &[u64] = match &self.storage {
            Storage::Heap(words) => words,
            // Pages begin at multiples of 4096 bytes, so the cast holds.
            Storage::Pages(pages) => bytemuck::cast_slice(pages),
        };
        &words[self.start..self.start + self.len]
    }
}

impl DerefMut for AlignedWords {
    fn deref_mut(&mut self) -> &mut [u64] {
        let words: &mut [u64] = match &mut self.storage {
            Storage::Heap(words) => words,
            Storage::Pages(pages) => bytemuck::cast_slice_mut(pages),
        };
        &mut words[self.start..self.start + self.len]
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
        (**self).zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_at_a_line_and_copy() {
        for len in [0, 1, 7, 8, 100, 4096, 600_000] {
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
