//! `padded`: one zero-padded channel per ciphertext, weights as plain integers.
//!
//! A weight multiplies a whole ciphertext as an integer: it adds little noise and takes one small
//! number of storage. But channels cannot share a ciphertext.

use ndarray::ArrayView4;

use super::cost::Pricing;
use super::gains::WeightGains;
use super::server::{ConvError, Server, Stage, Steps};
use super::setting::Setting;
use super::slots::{
    Layout, MultiplyCost, Output, Packing, RowUse, ScalarRows, SlotPlan, Sums, Wave, WeightForm,
    integer_gains, multiply_scalars,
};
use crate::bfv::Context;

/// One signed byte per weight.
#[derive(Debug)]
pub struct PaddedWeights {
    /// (output channel, input channel, kernel row, kernel column).
    weights: Vec<i8>,
}

impl PaddedWeights {
    /// The weights of one output, in the order of terms.
    fn terms<'a>(
        &'a self,
        plan: &'a SlotPlan,
        output: &'a Output,
    ) -> impl Iterator<Item = i8> + 'a {
        let [_, inputs, rows, columns] = plan.packing().layer().weight_shape();
        plan.terms(output).map(move |term| {
            let place = plan.weight(output, &term, (0, 0));
            place
                .map_or(0, |[o, i, y, x]| self.weights[((o * inputs + i) * rows + y) * columns + x])
        })
    }
}

impl WeightForm for PaddedWeights {
    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = ScalarRows;

    fn admits(packing: &Packing) -> bool {
        packing.lanes_per_row() == 1 && packing.rows() == RowUse::Strips
    }

    fn prepare(
        _: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i64>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let weights = weights.iter().map(|w| *w as i8).collect();
        steps.advance(1)?;
        Ok(Self { weights })
    }

    fn bytes(&self) -> u64 {
        self.weights.len() as u64
    }

    fn predicted_bytes(plan: &SlotPlan, _: Setting<'_>) -> u64 {
        plan.packing().layer().weight_count() as u64
    }

    fn scratch_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        ScalarRows::bytes(setting, plan.wave_sums(), 1, plan.max_terms())
    }

    fn multiplications(plan: &SlotPlan) -> (usize, usize) {
        (0, plan.total_terms())
    }

    fn cost(plan: &SlotPlan, pricing: &Pricing<'_>) -> MultiplyCost {
        let (sums, terms) = (plan.outputs().len(), plan.max_terms());
        MultiplyCost {
            multiply: pricing.factors(sums * terms) + pricing.scalar_sums(sums, terms),
            ..MultiplyCost::default()
        }
    }

    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
        integer_gains(plan, weights)
    }

    fn space(plan: &SlotPlan, context: &Context) -> ScalarRows {
        ScalarRows::taken(context, plan.wave_sums(), [1, plan.max_terms()])
    }

    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut ScalarRows,
    ) -> Result<(), ConvError> {
        let context = server.evaluator().context();
        let (size, proceed) = ([1, plan.max_terms()], || server.check_cancelled());
        derived.build(context, [outputs.len(), 1], size, proceed, |sum, factors| {
            let limbs = context.ciphertext_basis().limbs();
            let by_limb =
                factors.into_iter().flat_map(|sum| sum.chunks_exact_mut(plan.max_terms()));
            for (limb, factors) in limbs.iter().zip(by_limb) {
                for (factor, weight) in factors.iter_mut().zip(self.terms(plan, &outputs[sum])) {
                    *factor = limb.modulus().from_signed(weight.into());
                }
            }
        })
    }

    fn multiply(
        &self,
        server: &Server<'_>,
        wave: &Wave<'_>,
        derived: &ScalarRows,
        sums: &mut Sums,
    ) -> Result<(), ConvError> {
        server.stage(Stage::Multiply, || multiply_scalars(server, wave, derived, sums))
    }
}
