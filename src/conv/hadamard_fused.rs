//! `hadamard-fused`: channels in lanes, the weights of a term as one scalar per block.
//!
//! The Walsh patterns h_k that [`super::hadamard`] weighs with w^_k = H w are constant on lanes, and
//! so is their sum, which is nothing but the raw weights on their lanes. So the sum over k is taken
//! before the multiplication instead of after it: c scalars per limb, made on the fly from the raw
//! weights, and one multiplication where `hadamard` has c.

use ndarray::ArrayView4;

use super::cost::Pricing;
use super::gains::{Gain, WeightGains};
use super::lanes::LaneTransform;
use super::server::{ConvError, Server, Stage, Steps};
use super::setting::Setting;
use super::slots::{
    Layout, MultiplyCost, Output, Panel, RowUse, ScalarRows, Shift, SlotPlan, Sums, WeightForm,
    integer_gains, multiply_scalars,
};
use super::weights::PackedWeights;
use crate::arith::kernels::BATCH;
use crate::bfv::noise::NoiseModel;
use crate::bfv::{Context, Params};

/// The raw weights, bit-packed.
#[derive(Debug)]
pub struct FusedWeights {
    packed: PackedWeights,
}

/// A lane with a weight, for one offset and one shift.
#[derive(Clone, Copy, Debug)]
struct LaneSource {
    /// Its place in the lane transform.
    entry: usize,
    out_channel: usize,
    in_channel: usize,
    /// Kernel position.
    tap: usize,
}

/// The lanes with weights, for every shift of one offset.
fn lane_sources(
    plan: &SlotPlan,
    transform: &LaneTransform,
    output: &Output,
) -> Vec<Vec<LaneSource>> {
    let kernel_width = plan.packing().layer().kernel()[1];
    let sources = |shift| {
        let source = |(row, lane)| {
            let w = plan.lane_weight(&output.offset, shift, row, lane)?;
            Some(LaneSource {
                entry: transform.entry(row, lane),
                out_channel: w.out_channel,
                in_channel: w.in_channel,
                tap: w.tap[0] * kernel_width + w.tap[1],
            })
        };
        plan.lanes().filter_map(source).collect()
    };
    plan.shifts()[..output.offset.shifts].iter().map(sources).collect()
}

/// Makes block scalars of one layer.
struct ScalarMaker<'a> {
    plan: &'a SlotPlan,
    context: &'a Context,
    transform: LaneTransform,
    outputs: Vec<Output>,
    /// (output channel, input channel, kernel position).
    weights: Vec<i8>,
}

impl ScalarMaker<'_> {
    /// The scalars of one sum: for each limb, each block, one per term.
    fn fill(&self, sum: usize, factors: &mut [u64]) {
        let output = &self.outputs[sum];
        let lanes = self.transform.lanes();
        let sources = lane_sources(self.plan, &self.transform, output);
        let terms = self.plan.max_terms();
        let used = self.plan.in_groups() * output.offset.shifts;
        let mut values = vec![[0; BATCH]; lanes];
        let mut scalars = vec![[0; BATCH]; lanes];
        for start in (0..used).step_by(BATCH) {
            values.fill([0; BATCH]);
            let size = BATCH.min(used - start);
            for i in 0..size {
                let (group, shift) =
                    ((start + i) / output.offset.shifts, (start + i) % output.offset.shifts);
                for source in &sources[shift] {
                    values[source.entry][i] = self.weight(output.group, group, source);
                }
            }
            self.transform.coefficients(&mut values);
            for (limb, factors) in factors.chunks_exact_mut(lanes * terms).enumerate() {
                self.transform.block_scalars(limb, &values, &mut scalars);
                for (block, scalars) in factors.chunks_exact_mut(terms).zip(&scalars) {
                    block[start..start + size].copy_from_slice(&scalars[..size]);
                }
            }
        }
    }

    /// The weight of a lane modulo t; 0 where it holds no channel.
    fn weight(&self, out_group: usize, in_group: usize, source: &LaneSource) -> u64 {
        let layer = self.plan.packing().layer();
        let channels = self.plan.packing().channels_per_ciphertext();
        let out_channel = out_group * channels + source.out_channel;
        let in_channel = in_group * channels + source.in_channel;
        if out_channel >= layer.out_channels() || in_channel >= layer.in_channels() {
            return 0;
        }
        let taps = layer.kernel()[0] * layer.kernel()[1];
        let weight =
            self.weights[(out_channel * layer.in_channels() + in_channel) * taps + source.tap];
        let t = self.context.params().plain().value();
        if weight < 0 { t - u64::from(weight.unsigned_abs()) } else { weight.unsigned_abs().into() }
    }
}

/// Whether a term has a weight on any lane.
fn is_used(plan: &SlotPlan, output: &Output, in_group: usize, shift: &Shift) -> bool {
    let (layer, channels) = (plan.packing().layer(), plan.packing().channels_per_ciphertext());
    plan.lanes().any(|(row, lane)| {
        plan.lane_weight(&output.offset, shift, row, lane).is_some_and(|w| {
            output.group * channels + w.out_channel < layer.out_channels()
                && in_group * channels + w.in_channel < layer.in_channels()
        })
    })
}

impl WeightForm for FusedWeights {
    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = ScalarRows;

    fn prepare(
        plan: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i64>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let packed = PackedWeights::new(plan.packing().layer(), weights);
        steps.advance(1)?;
        Ok(Self { packed })
    }

    fn bytes(&self) -> u64 {
        self.packed.bytes()
    }

    fn predicted_bytes(plan: &SlotPlan, _: Setting<'_>) -> u64 {
        PackedWeights::predicted_bytes(plan.packing().layer())
    }

    fn scratch_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        let (sums, lanes) = (plan.outputs().len(), plan.packing().lanes());
        let unpacked = plan.packing().layer().weight_count() as u64;
        ScalarRows::bytes(setting, sums, lanes, plan.max_terms()) + unpacked
    }

    fn multiplications(plan: &SlotPlan) -> (usize, usize) {
        (0, plan.total_terms())
    }

    fn multiply_units(_: &SlotPlan, setting: Setting<'_>) -> u64 {
        Sums::tasks(setting) as u64
    }

    fn cost(plan: &SlotPlan, pricing: &Pricing<'_>) -> MultiplyCost {
        let sums =
            |output: &Output| pricing.scalar_sums(1, plan.in_groups() * output.offset.shifts);
        MultiplyCost {
            derive: pricing.block_scalars(plan.total_terms(), plan.packing().lanes()),
            multiply: plan.outputs().iter().map(sums).sum(),
            ..MultiplyCost::default()
        }
    }

    /// One channel per ciphertext makes integers of all D. Else a gain counts the D that hold a
    /// weight on any lane.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i64>) -> WeightGains {
        if plan.packing().channels_per_ciphertext() == 1 {
            return integer_gains(plan, weights);
        }
        let gain = |output: &Output| {
            let mut gain = Gain::default();
            for shift in &plan.shifts()[..output.offset.shifts] {
                let used =
                    (0..plan.in_groups()).filter(|group| is_used(plan, output, *group, shift));
                gain.add(!shift.is_identity(), used.count() as f64);
            }
            gain
        };
        WeightGains::of_one_pattern(plan.outputs().iter().map(gain).collect())
    }

    /// Any lane with a weight makes a D whose coefficients are spread over all of `[0, t)`: c of
    /// them, or c - 1 where both rows agree and D is symmetric under X -> X^-1.
    fn pattern_norms(plan: &SlotPlan, params: &Params) -> Vec<f64> {
        let packing = plan.packing();
        if packing.channels_per_ciphertext() == 1 {
            return vec![1.0];
        }
        let lanes = packing.lanes() as f64;
        let spread = match (packing.lanes(), packing.rows()) {
            // (w0 + w1) / 2 is small or near t/2, with equal chance: t^2/8 instead of t^2/12.
            (2, _) => 2.5,
            (_, RowUse::Strips) => lanes - 1.0,
            (_, RowUse::Channels) => lanes,
        };
        vec![NoiseModel::new(params).sparse(spread)]
    }

    fn derive(&self, server: &Server<'_>, plan: &SlotPlan) -> Result<ScalarRows, ConvError> {
        let context = server.evaluator().context();
        let lanes = plan.packing().lanes();
        let maker = ScalarMaker {
            plan,
            context,
            transform: LaneTransform::new(context, lanes),
            outputs: plan.outputs(),
            weights: self.packed.unpack(),
        };
        let (sums, proceed) = (maker.outputs.len(), || server.check_cancelled());
        ScalarRows::build(context, sums, lanes, plan.max_terms(), proceed, |sum, factors| {
            maker.fill(sum, factors);
        })
    }

    fn multiply(
        &self,
        server: &Server<'_>,
        _: &SlotPlan,
        outputs: &[Output],
        derived: &ScalarRows,
        panels: &[Panel],
    ) -> Result<Sums, ConvError> {
        server.stage(Stage::Multiply, || multiply_scalars(server, panels, outputs, derived))
    }
}
