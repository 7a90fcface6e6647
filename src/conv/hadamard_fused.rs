//! `hadamard-fused`: channels in lanes, the weights of a term as one scalar per block.
//!
//! The Walsh patterns h_k that [`super::hadamard`] weighs with w^_k = H w are constant on lanes, and
//! so is their sum, which is nothing but the raw weights on their lanes. So the sum over k is taken
//! before the multiplication instead of after it: c scalars per limb, made on the fly from the raw
//! weights, and one multiplication where `hadamard` has c.

use ndarray::ArrayView4;

use super::lanes::LaneTransform;
use super::server::{ConvError, Server, Stage, Steps};
use super::slots::{
    InputVariance, Output, Panel, RowUse, ScalarRows, Shift, SlotPlan, Sums, WeightForm,
    multiply_scalars,
};
use super::weights::PackedWeights;
use crate::arith::kernels::BATCH;
use crate::bfv::Context;
use crate::bfv::noise::NoiseModel;

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

impl FusedWeights {
    /// One channel per ciphertext: all D are integers. For each sum, what `of_channel` makes of the
    /// weights of each channel by shift, added up.
    fn of_integers(
        &self,
        plan: &SlotPlan,
        of_channel: impl Fn(&mut dyn Iterator<Item = (&Shift, f64)>) -> f64,
    ) -> Vec<f64> {
        let layer = plan.packing().layer();
        let weights = self.packed.unpack();
        let [rows, columns] = layer.kernel();
        let per_output = layer.in_channels() * rows * columns;
        let sum = |output: &Output| {
            let channels =
                weights[output.group * per_output..][..per_output].chunks_exact(rows * columns);
            let channel = |channel: &[i8]| {
                of_channel(&mut plan.shifts().iter().filter_map(|shift| {
                    let w = plan.lane_weight(&output.offset, shift, 0, 0)?;
                    Some((shift, f64::from(channel[w.tap[0] * columns + w.tap[1]])))
                }))
            };
            channels.map(channel).sum()
        };
        plan.outputs().iter().map(sum).collect()
    }
}

impl WeightForm for FusedWeights {
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

    fn predicted_bytes(plan: &SlotPlan, _: &Context) -> u64 {
        PackedWeights::predicted_bytes(plan.packing().layer())
    }

    fn scratch_bytes(plan: &SlotPlan, context: &Context) -> u64 {
        let (sums, lanes) = (plan.outputs().len(), plan.packing().lanes());
        let unpacked = plan.packing().layer().weight_count() as u64;
        ScalarRows::bytes(context, sums, lanes, plan.max_terms()) + unpacked
    }

    fn multiplications(plan: &SlotPlan) -> (usize, usize) {
        (0, plan.total_terms())
    }

    fn multiply_units(_: &SlotPlan, context: &Context) -> u64 {
        Sums::tasks(context) as u64
    }

    /// Any lane with a weight makes a D whose coefficients are spread over all of `[0, t)`: c of
    /// them, or c - 1 where both rows agree and D is symmetric under X -> X^-1.
    fn variances(&self, plan: &SlotPlan, context: &Context, inputs: &InputVariance) -> Vec<f64> {
        let packing = plan.packing();
        if packing.channels_per_ciphertext() == 1 {
            return self.of_integers(plan, |terms| {
                terms.map(|(shift, weight)| weight * weight * inputs.under(shift)).sum()
            });
        }
        let lanes = packing.lanes() as f64;
        let spread = match (packing.lanes(), packing.rows()) {
            // (w0 + w1) / 2 is small or near t/2, with equal chance: t^2/8 instead of t^2/12.
            (2, _) => 2.5,
            (_, RowUse::Strips) => lanes - 1.0,
            (_, RowUse::Channels) => lanes,
        };
        let factor = NoiseModel::new(context.params()).sparse(spread);
        let layer = packing.layer();
        let channels = packing.channels_per_ciphertext();
        let is_used = |output: &Output, group: usize, shift| {
            plan.lanes().any(|(row, lane)| {
                plan.lane_weight(&output.offset, shift, row, lane).is_some_and(|w| {
                    output.group * channels + w.out_channel < layer.out_channels()
                        && group * channels + w.in_channel < layer.in_channels()
                })
            })
        };
        let variance = |output: &Output| {
            let shifts = plan.shifts()[..output.offset.shifts].iter();
            let groups = |shift| {
                let used = (0..plan.in_groups()).filter(|group| is_used(output, *group, shift));
                used.count() as f64 * factor * inputs.under(shift)
            };
            shifts.map(groups).sum()
        };
        plan.outputs().iter().map(variance).collect()
    }

    fn fixed_variances(&self, plan: &SlotPlan, inputs: &InputVariance) -> Option<Vec<f64>> {
        let is_integer = plan.packing().channels_per_ciphertext() == 1;
        is_integer.then(|| self.of_integers(plan, |terms| inputs.fixed(terms)))
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
