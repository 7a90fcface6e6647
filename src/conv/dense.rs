//! Sums of products with a dense plaintext per term.

use std::ops::Range;

use rayon::prelude::*;

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

    /// The words of all terms of one tile.
    pub fn words<'a>(
        &self,
        panels: &'a Panels,
        limb: usize,
        tile: usize,
    ) -> impl Iterator<Item = &'a [u64]> {
        self.segments.iter().map(move |(panel, range)| {
            &panels.tile(*panel, limb, tile)[range.start * PAIR..range.end * PAIR]
        })
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
    runs: &[Alike],
    weights: &[Factors<'_>],
    sums: &mut Sums,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let terms: usize = runs.iter().map(|run| run.sums.len() * run.terms).sum();
    let multiply = |mut chunk: SumsChunk<'_>| {
        let (limb, size) = (chunk.limb, terms * TILE);
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let (mut segments, mut near) = (Vec::new(), Vec::new());
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            let mut first = tile * size;
            for run in runs {
                let end = first + run.sums.len() * run.terms * TILE;
                let mine = weights[limb].range(first..end);
                first = end;
                let out = chunk.tile_mut(tile, run.sums.clone());
                let words = run.words(panels, limb, tile);
                if run.gathers() {
                    near.clear();
                    words.for_each(|words| near.extend_from_slice(words));
                    dense_tiles(kernels, context.reduction(), &[&near], mine, out);
                } else {
                    segments.clear();
                    segments.extend(words);
                    dense_tiles(kernels, context.reduction(), &segments, mine, out);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().with_max_len(1).try_for_each(multiply)?;
    server.count_plaintext_multiplications(terms);
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
