//! The lane patterns h_k that accumulators are weighed with.

use super::order;
use crate::arith::Modulus;
use crate::arith::kernels::BATCH;
use crate::conv::slots::{LaneTransform, ScalarRows, SlotPlan};
use crate::conv::{ConvError, Server};

/// Entry (i, j) of the Walsh-Hadamard matrix: (-1)^(bits that i and j share).
const fn is_negative(i: usize, j: usize) -> bool {
    (i & j).count_ones() % 2 == 1
}

/// The patterns h_k.
pub(super) struct Patterns;

impl Patterns {
    /// All of them as block scalars: for each limb and each block, one factor for every k.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub(super) fn scalars(server: &Server<'_>, plan: &SlotPlan) -> Result<ScalarRows, ConvError> {
        let context = server.evaluator().context();
        let transform = LaneTransform::new(context, plan.packing().lanes())?;
        let (d, lanes) = (order(plan), transform.lanes());
        let proceed = || server.check_cancelled();
        let mut patterns = ScalarRows::default();
        patterns.build(context, [1, 1], [lanes, d], proceed, |_, mut factors| {
            let mut scalars = vec![[0; BATCH]; lanes];
            for start in (0..d).step_by(BATCH) {
                let coefficients =
                    Self::coefficients(plan, context.params().plain(), &transform, start);
                let size = BATCH.min(d - start);
                let by_limb = factors.iter_mut().flat_map(|sum| sum.chunks_exact_mut(lanes * d));
                for (limb, factors) in by_limb.enumerate() {
                    transform.block_scalars(limb, &coefficients, &mut scalars);
                    for (block, scalars) in factors.chunks_exact_mut(d).zip(&scalars) {
                        block[start..start + size].copy_from_slice(&scalars[..size]);
                    }
                }
            }
        })?;
        Ok(patterns)
    }

    /// Coefficients of the patterns from `start` on, a batch of them.
    pub(super) fn coefficients(
        plan: &SlotPlan,
        plain: &Modulus,
        transform: &LaneTransform,
        start: usize,
    ) -> Vec<[u64; BATCH]> {
        let share = plain.inverse(plain.reduce(order(plan) as u64));
        let mut values = vec![[0; BATCH]; transform.lanes()];
        for (row, lane) in plan.lanes() {
            let channel = plan.packing().channel_in_group(row, lane);
            for (i, value) in values[transform.entry(row, lane)].iter_mut().enumerate() {
                *value = if is_negative(start + i, channel) { plain.neg(share) } else { share };
            }
        }
        transform.coefficients(&mut values);
        values
    }
}
