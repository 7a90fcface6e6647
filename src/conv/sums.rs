//! The sums S of the multiply stage.

use std::ops::Range;

use crate::arith::kernels::{PAIR, TILE, ask_for};
use crate::arith::{AlignedWords, zeroed};
use crate::bfv::{Ciphertext, Context};

use super::setting::Setting;

/// Words of a polynomial that one task of the multiply stage handles.
const CHUNK: usize = 256;

/// Ciphertexts laid out as they are made, so that tasks over pieces of all of them write to places of
/// their own: for each limb, each tile and each ciphertext, [`PAIR`] words, and some are left free.
#[derive(Debug)]
pub struct Sums {
    words: AlignedWords,
    count: usize,
    chunk: usize,
    limbs: usize,
    ring_degree: usize,
}

/// The part of [`Sums`] that one task writes.
#[derive(Debug)]
pub struct SumsChunk<'a> {
    words: &'a mut [u64],
    chunk: usize,
    places: usize,
    /// The limb.
    pub limb: usize,
    first_tile: usize,
}

impl Sums {
    /// `count` zero ciphertexts.
    pub fn zero(context: &Context, count: usize) -> Self {
        let ring_degree = context.ring_degree();
        Self {
            words: zeroed(2 * Self::places(count) * context.ciphertext_basis().words()),
            count,
            chunk: CHUNK.min(ring_degree),
            limbs: context.ciphertext_basis().len(),
            ring_degree,
        }
    }

    /// The same ciphertexts, with all memory taken.
    pub fn taken(mut self) -> Self {
        self.words.take();
        self
    }

    /// Makes it hold `count` ciphertexts, no more than it was made for. What they are is left open.
    pub const fn resize(&mut self, count: usize) {
        self.count = count;
    }

    /// Ciphertexts that there is room for where there are `count` of them. Tiles of one that lie a multiple
    /// of a page apart have their words in the same sets of the caches, and would evict each other.
    pub const fn places(count: usize) -> usize {
        const PAGE: usize = 4096 / (PAIR * size_of::<u64>());
        if count > 0 && count.is_multiple_of(PAGE) { count + 1 } else { count }
    }

    /// Tasks that [`Sums::chunks_mut`] yields.
    pub fn tasks(setting: Setting<'_>) -> usize {
        setting.words() / CHUNK.min(setting.ring_degree())
    }

    /// The pieces for parallel tasks, which are to be taken one by one: those of a narrow limb take less
    /// time.
    pub fn chunks_mut(&mut self) -> Vec<SumsChunk<'_>> {
        let (chunk, per_limb) = (self.chunk, self.ring_degree / self.chunk);
        let places = Self::places(self.count);
        let pieces = self.words.chunks_exact_mut((2 * places * chunk).max(1)).enumerate();
        pieces
            .take(per_limb * self.limbs)
            .map(|(i, words)| SumsChunk {
                words,
                chunk,
                places,
                limb: i / per_limb,
                first_tile: i % per_limb * chunk / TILE,
            })
            .collect()
    }

    /// One of the ciphertexts.
    pub fn ciphertext(&self, context: &Context, index: usize) -> Ciphertext {
        let mut result = Ciphertext::zero(context);
        self.copy_to(index, &mut result);
        result
    }

    /// Copies one of the ciphertexts.
    pub fn copy_to(&self, index: usize, result: &mut Ciphertext) {
        let (tiles, places) = (self.ring_degree / TILE, Self::places(self.count));
        for limb in 0..self.limbs {
            let halves = result.c0.limb_mut(limb).chunks_exact_mut(TILE);
            let halves = halves.zip(result.c1.limb_mut(limb).chunks_exact_mut(TILE));
            for (tile, (first, second)) in halves.enumerate() {
                let of_tile = &self.words[(limb * tiles + tile) * places * PAIR..][..places * PAIR];
                let (pair, later) = of_tile[index * PAIR..].split_at(PAIR);
                // The next one is likely to be next.
                ask_for(&later[..later.len().min(PAIR)]);
                let (c0, c1) = pair.split_at(TILE);
                first.copy_from_slice(c0);
                second.copy_from_slice(c1);
            }
        }
    }
}

impl SumsChunk<'_> {
    /// The tiles of the chunk.
    pub fn tiles(&self) -> Range<usize> {
        self.first_tile..self.first_tile + self.chunk / TILE
    }

    /// One tile of some of the ciphertexts.
    pub fn tile_mut(&mut self, tile: usize, ciphertexts: Range<usize>) -> &mut [[u64; PAIR]] {
        let first = (tile - self.first_tile) * self.places;
        let tiles = self.words.as_chunks_mut().0;
        &mut tiles[first + ciphertexts.start..first + ciphertexts.end]
    }
}
