//! Sums of products with a dense plaintext per term.

use std::ops::Range;

use rayon::prelude::*;

use super::near::Near;
use super::panel::Panels;
use super::sums::{Sums, SumsChunk};
use super::{ConvError, Server};
use crate::arith::kernels::{Factors, Kernels, PAIR, Reduction, TILE};

/// A run of sums with the same terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The places of the sums.
    pub sums: Range<usize>,
    /// The panels whose words they are made of, and which of their terms.
    pub segments: Vec<(usize, Range<usize>)>,
    /// How many terms each has.
    pub terms: usize,
}

impl Alike {
    /// Whether the words of a tile are worth being laid end to end first: they come in pieces of few
    /// terms, each of which costs every sum some time, and there are many sums.
    pub const fn gathers(&self) -> bool {
        const FEW_TERMS: usize = 3;
        const MANY_SUMS: usize = 16;
        self.terms < FEW_TERMS * self.segments.len() && self.sums.end - self.sums.start >= MANY_SUMS
    }

    /// The words of all terms of one tile, of panels `later` places later.
    pub fn words<'a>(
        &self,
        panels: &'a Panels,
        later: usize,
        [limb, tile]: [usize; 2],
    ) -> impl Iterator<Item = &'a [u64]> {
        self.segments.iter().map(move |(panel, range)| {
            &panels.tile(later + panel, limb, tile)[range.start * PAIR..range.end * PAIR]
        })
    }
}

/// How often sums are made with the same weights: each time of panels and in places so many later.
#[derive(Clone, Copy, Debug)]
pub struct Copies {
    /// How often.
    pub count: usize,
    /// Panels of one time.
    pub panels: usize,
    /// Sums of one time.
    pub sums: usize,
}

impl Copies {
    /// Once.
    pub const ONE: Self = Self { count: 1, panels: 0, sums: 0 };

    /// A run, and some of its sums after the others: as many as are made each time before the next time,
    /// so that their weights are still in a cache.
    fn parts(self, run: &Alike) -> impl Iterator<Item = (&Alike, Range<usize>)> {
        const CACHED_SUMS: usize = 32;
        let most = if self.count > 1 { CACHED_SUMS } else { run.sums.len().max(1) };
        let starts = run.sums.clone().step_by(most);
        starts.map(move |start| (run, start..run.sums.end.min(start + most)))
    }

    /// The places of sums, one of these times.
    pub const fn places(self, copy: usize, sums: &Range<usize>) -> Range<usize> {
        sums.start + copy * self.sums..sums.end + copy * self.sums
    }
}

/// What makes tiles of sums.
struct Maker<'a> {
    panels: &'a Panels,
    kernels: &'a Kernels,
    reduction: Reduction,
    /// Words of a tile, laid end to end.
    near: Near,
}

impl Maker<'_> {
    /// One tile of sums of a run, of panels `later` places later.
    fn make(
        &mut self,
        run: &Alike,
        later: usize,
        place: [usize; 2],
        factors: Factors<'_>,
        out: &mut [[u64; PAIR]],
    ) {
        let words = run.words(self.panels, later, place);
        if run.gathers() {
            let near = self.near.lay(run.terms * PAIR, words);
            dense_tiles(self.kernels, self.reduction, &[near], factors, out);
        } else {
            let segments: Vec<&[u64]> = words.collect();
            dense_tiles(self.kernels, self.reduction, &segments, factors, out);
        }
    }
}

/// Sums of words of `panels` times dense plaintexts: `weights` holds, for each limb, of each tile, each sum
/// of `runs` and each of its terms, [`TILE`] words.
///
/// # Errors
/// [`ConvError::Cancelled`].
pub fn multiply_dense(
    server: &Server<'_>,
    panels: &Panels,
    (runs, copies): (&[Alike], Copies),
    weights: &[Factors<'_>],
    sums: &mut Sums,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let terms: usize = runs.iter().map(|run| run.sums.len() * run.terms).sum();
    let multiply = |mut chunk: SumsChunk<'_>| {
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let (reduction, near) = (context.reduction(), Near::default());
        let mut maker = Maker { panels, kernels, reduction, near };
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            let mut first = tile * terms * TILE;
            for (run, sums) in runs.iter().flat_map(|run| copies.parts(run)) {
                let end = first + sums.len() * run.terms * TILE;
                let factors = weights[limb].range(first..end);
                first = end;
                for copy in 0..copies.count {
                    let out = chunk.tile_mut(tile, copies.places(copy, &sums));
                    maker.make(run, copy * copies.panels, [limb, tile], factors, out);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().with_max_len(1).try_for_each(multiply)?;
    server.count_plaintext_multiplications(copies.count * terms);
    Ok(())
}

/// One tile of several sums of the same terms, whose factors follow each other.
pub fn dense_tiles(
    kernels: &Kernels,
    reduction: Reduction,
    segments: &[&[u64]],
    factors: Factors<'_>,
    sums: &mut [[u64; PAIR]],
) {
    if segments.iter().all(|words| words.is_empty()) {
        sums.as_flattened_mut().fill(0);
    } else {
        kernels.pair_tiles(reduction, segments, factors, sums);
    }
}
