//! Accumulators and their weighted sums, tile by tile.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::order;
use crate::arith::kernels::{PAIR, ScalarSums, TILE};
use crate::conv::dense::Alike;
use crate::conv::slots::{ScalarRows, SlotPlan, Wave, runs};
use crate::conv::sums::{Sums, SumsChunk};
use crate::conv::{ConvError, Server, Stage};

/// Nanoseconds that all threads spent on accumulators, and on the sums of patterns.
#[derive(Default)]
struct Watch([AtomicU64; 2]);

impl Watch {
    fn add(&self, phase: usize, time: Duration) {
        self.0[phase].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// The share of the second phase.
    fn share(&self) -> f64 {
        let [first, second] = self.0.each_ref().map(|time| time.load(Ordering::Relaxed) as f64);
        second / (first + second).max(1.0)
    }
}

/// Accumulators that are made together: of as many sums as stay close to the core, or of one.
pub(super) fn accumulators(plan: &SlotPlan) -> usize {
    const WORDS: usize = 1 << 14;
    let d = order(plan);
    d * (WORDS / (d * PAIR)).max(1)
}

/// The multiply stage: what is read of a tile of the panels serves as many sums as are made together.
pub(super) struct Tiles<'a> {
    server: &'a Server<'a>,
    wave: &'a Wave<'a>,
    runs: Vec<Alike>,
    weights: &'a ScalarRows,
    patterns: &'a ScalarRows,
    watch: Watch,
}

impl<'a> Tiles<'a> {
    /// The stage for a wave, with transformed weights and patterns as factors.
    pub(super) fn new(
        server: &'a Server<'a>,
        wave: &'a Wave<'a>,
        weights: &'a ScalarRows,
        patterns: &'a ScalarRows,
    ) -> Self {
        let runs = runs(wave.plan, wave.outputs);
        Self { server, wave, runs, weights, patterns, watch: Watch::default() }
    }

    /// Fills all sums, on the time of both stages that this is part of.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub(super) fn fill(&self, sums: &mut Sums) -> Result<(), ConvError> {
        self.server.shared_stage([Stage::Multiply, Stage::Mix], || {
            sums.chunks_mut()
                .into_par_iter()
                .with_max_len(1)
                .try_for_each(|chunk| self.fill_chunk(chunk))?;
            Ok::<_, ConvError>(((), self.watch.share()))
        })
    }

    fn fill_chunk(&self, mut chunk: SumsChunk<'_>) -> Result<(), ConvError> {
        let context = self.server.evaluator().context();
        let d = order(self.wave.plan);
        let mut accumulators = vec![[0; PAIR]; accumulators(self.wave.plan)];
        let together = accumulators.len() / d;
        let mut segments = Vec::with_capacity(self.wave.plan.inputs());
        let kernels = context.ciphertext_basis().limbs()[chunk.limb].kernels();
        let mut by = ScalarSums::new(kernels, context.reduction());
        for run in &self.runs {
            for first in run.sums.clone().step_by(together) {
                let sums = first..run.sums.end.min(first + together);
                // The accumulators A_k of these sums.
                let rows = sums.start * d..sums.end * d;
                let row = |row| self.weights.row(row, chunk.limb, 0, run.terms);
                by.lay(rows.clone().map(row), self.weights.bias(run.terms));
                for tile in chunk.tiles() {
                    self.server.check_cancelled()?;
                    segments.clear();
                    segments.extend(run.words(self.wave.panels, 0, [chunk.limb, tile]));
                    let start = Instant::now();
                    by.tile(&segments, &mut accumulators[..rows.len()]);
                    let middle = Instant::now();
                    self.combine(&accumulators, sums.clone(), tile, &mut chunk);
                    self.watch.add(0, middle - start);
                    self.watch.add(1, middle.elapsed());
                }
            }
        }
        self.server.advance(1);
        Ok(())
    }

    /// S = sum over k of h_k A_k.
    fn combine(
        &self,
        accumulators: &[[u64; PAIR]],
        sums: Range<usize>,
        tile: usize,
        chunk: &mut SumsChunk<'_>,
    ) {
        let context = self.server.evaluator().context();
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let d = order(self.wave.plan);
        let tiles_per_block = context.ring_degree() / TILE / self.wave.plan.packing().lanes();
        let row = self.patterns.row(0, limb, tile / tiles_per_block, d);
        let out = chunk.tile_mut(tile, sums);
        for (out, accumulators) in out.iter_mut().zip(accumulators.chunks_exact(d)) {
            kernels.scalar_tile(context.reduction(), &[accumulators.as_flattened()], row, out);
        }
    }
}
