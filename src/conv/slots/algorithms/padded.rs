//! `padded`: one zero-padded channel per ciphertext, weights as plain integers.
//!
//! A weight multiplies a whole ciphertext as an integer: it adds little noise and takes one small
//! number of storage. But channels cannot share a ciphertext.

use ndarray::ArrayView4;

use crate::arith::kernels::ScalarSums;
use crate::bfv::Context;
use crate::conv::gains::WeightGains;
use crate::conv::setting::Setting;
use crate::conv::slots::{
    Layout, Output, Packing, RowUse, ScalarRows, SlotPlan, SlotWeights, Wave, derive_integers,
    integer_gains, integer_work, multiply_scalars,
};
use crate::conv::sums::Sums;
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Server, Stage, Steps};

/// One signed byte per weight.
#[derive(Debug)]
pub struct PaddedWeights {
    /// (output channel, input channel, kernel row, kernel column).
    weights: Vec<i8>,
}

impl SlotWeights for PaddedWeights {
    const NAME: &'static str = "padded";

    const SUMMARY: &'static str = "one zero-padded channel per ciphertext, integer weights";

    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = ScalarRows;

    fn admits(packing: &Packing) -> bool {
        packing.lanes_per_row() == 1 && packing.rows() == RowUse::Strips
    }

    fn prepare(
        _: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let weights = weights.iter().copied().collect();
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
        ScalarRows::integer_bytes(setting, plan.wave_sums(), plan.max_terms())
    }

    fn multiply_bytes(plan: &SlotPlan) -> u64 {
        ScalarSums::bytes(plan.wave_sums(), plan.max_terms())
    }

    fn work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)> {
        integer_work(plan)
    }

    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains {
        integer_gains(plan, weights)
    }

    fn space(plan: &SlotPlan, context: &Context) -> ScalarRows {
        ScalarRows::taken_for_integers(context, plan.wave_sums(), plan.max_terms())
    }

    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut ScalarRows,
    ) -> Result<(), ConvError> {
        derive_integers(server, plan, outputs, &self.weights, derived)
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
