//! The multiply stage: sums of rotated inputs times weights.

use rayon::prelude::*;

use super::{Output, ScalarRows, SlotPlan, Wave};
use crate::arith::kernels::{PAIR, ScalarSums, TILE};
use crate::conv::dense::Alike;
use crate::conv::near::Near;
use crate::conv::sums::{Sums, SumsChunk};
use crate::conv::{ConvError, Server};

/// The runs of `outputs`.
pub fn runs(plan: &SlotPlan, outputs: &[Output]) -> Vec<Alike> {
    let alike = |a: &Output, b: &Output| {
        plan.are_alike(&a.offset, &b.offset) && plan.window(a.group) == plan.window(b.group)
    };
    let mut start = 0;
    let run = |outputs: &[Output]| {
        let first = &outputs[0];
        let segment = |input| (input, plan.used(&first.offset, input));
        let sums = start..start + outputs.len();
        start = sums.end;
        let segments = plan.inputs_of(first.group).map(segment).collect();
        Alike { sums, segments, terms: plan.term_count(first) }
    };
    outputs.chunk_by(alike).map(run).collect()
}

/// The sums of a wave, with one scalar per block of each term.
///
/// # Errors
/// [`ConvError::Cancelled`].
pub fn multiply_scalars(
    server: &Server<'_>,
    wave: &Wave<'_>,
    rows: &ScalarRows,
    sums: &mut Sums,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let tiles_per_block = context.ring_degree() / TILE / rows.blocks();
    let alike = runs(wave.plan, wave.outputs);
    let multiply = |mut chunk: SumsChunk<'_>| {
        let limb = chunk.limb;
        let kernels = context.ciphertext_basis().limbs()[limb].kernels();
        let none = || ScalarSums::new(kernels, context.reduction());
        let mut by: Vec<_> = alike.iter().map(|_| none()).collect();
        let mut laid = None;
        let mut segments = Vec::with_capacity(wave.plan.inputs());
        let mut near = Near::default();
        for tile in chunk.tiles() {
            server.check_cancelled()?;
            let block = tile / tiles_per_block;
            if laid.replace(block) != Some(block) {
                for (run, by) in alike.iter().zip(&mut by) {
                    let row = |sum| rows.row(sum, limb, block, run.terms);
                    by.lay(run.sums.clone().map(row), rows.bias(run.terms));
                }
            }
            for (i, (run, by)) in alike.iter().zip(&by).enumerate() {
                // While one tile is worked on, a part of the next one at a time is on its way.
                let panels = wave.panels.count();
                let share = i * panels / alike.len()..(i + 1) * panels / alike.len();
                wave.panels.ask_for(share, limb, tile + 1);
                let sums = chunk.tile_mut(tile, run.sums.clone());
                let words = run.words(wave.panels, 0, [limb, tile]);
                if run.gathers() {
                    by.tile(&[near.lay(run.terms * PAIR, words)], sums);
                } else {
                    segments.clear();
                    segments.extend(words);
                    by.tile(&segments, sums);
                }
            }
        }
        server.advance(1);
        Ok::<_, ConvError>(())
    };
    sums.chunks_mut().into_par_iter().with_max_len(1).try_for_each(multiply)?;
    let terms = alike.iter().map(|run| run.sums.len() * run.terms).sum();
    server.count_scalar_multiplications(terms);
    if wave.plan.multiplies_by_integers() {
        server.count_integer_multiplications(terms);
    }
    Ok(())
}
