//! An algorithm on slots: everything but the form of its weights.

use std::sync::{Mutex, PoisonError};

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};

use super::form::{SlotWeights, Wave};
use super::level::moving_variance;
use super::{Output, SlotPlan};
use crate::bfv::noise::{NoiseModel, Samples, merged};
use crate::bfv::{Ciphertext, Coefficients, Context, Params, Plaintext};
use crate::conv::explain::{Facts, slot_facts};
use crate::conv::gains::{Gain, SumGains, WeightGains};
use crate::conv::mix::{Moved, Outputs, mix, mix_scratch_bytes};
use crate::conv::noise::StageNoise;
use crate::conv::outline::share_bytes;
use crate::conv::panel::{Panels, rotate_inputs, rotate_scratch_bytes};
use crate::conv::server::sampled;
use crate::conv::setting::Setting;
use crate::conv::sums::Sums;
use crate::conv::work::{Load, Primitive, Work};
use crate::conv::{
    Choice, ConvError, Layer, Need, Outline, Plan, PreparedWeights, Server, Stage, Steps,
    WorkingBytes,
};

/// Predicted variances of inputs as they are and rotated.
#[derive(Clone, Copy, Debug)]
struct InputVariance {
    fresh: f64,
    rotated: f64,
}

impl InputVariance {
    fn new(model: &NoiseModel) -> Self {
        let fresh = model.fresh();
        Self { fresh, rotated: fresh + model.switches(1) }
    }

    fn under(&self, gain: &Gain) -> f64 {
        gain.fresh * self.fresh + gain.rotated * self.rotated
    }
}

/// An algorithm on slots with weights of form `W`.
#[derive(Debug)]
pub struct SlotAlgorithm<W> {
    plan: SlotPlan,
    form: std::marker::PhantomData<fn() -> W>,
}

impl<W: SlotWeights> SlotAlgorithm<W> {
    /// The algorithm with a plan.
    pub const fn new(plan: SlotPlan) -> Self {
        Self { plan, form: std::marker::PhantomData }
    }

    /// The variance of v of an output after the mix stage, as if it had all limbs, by what its sums have
    /// together and how many of those that are moved have any. A sum without a weight is exactly zero, and
    /// moving that adds nothing.
    fn mixed_variance(&self, params: &Params) -> impl Fn(f64, usize) -> f64 {
        let (model, lower) = (NoiseModel::new(params), self.plan.lowered(params));
        let (log2_q, plain) = (params.log2_q(), params.plain().value() as f64);
        move |sums, moved| match &lower {
            Some(lower) => {
                let last = (log2_q - lower.log2_q()).exp2();
                // On the lower level, too, t |v| counts as at least 1.
                let own = if sums > 0.0 { moving_variance(lower, moved) } else { plain.powi(-2) };
                sums + last * last * own
            }
            None => sums + model.switches(moved),
        }
    }

    /// Ciphertexts sent to the server, and back.
    fn messages(&self) -> [usize; 2] {
        [self.plan.inputs(), self.plan.out_groups()]
            .map(|count| self.plan.packing().strip_groups() * count)
    }

    /// Bytes that the server holds besides keys, weights and messages, on `threads` threads.
    fn working_bytes(&self, setting: Setting<'_>, threads: usize) -> WorkingBytes {
        let plan = &self.plan;
        let ciphertexts = plan.rotated_inputs() + Sums::places(plan.wave_sums());
        let groups = plan.waves().first().map_or(0, ExactSizeIterator::len);
        let limbs = plan.output_limbs(setting.params);
        let mix = || mix_scratch_bytes(groups, limbs, setting, threads);
        WorkingBytes {
            prepare: W::prepare_bytes(plan, setting),
            space: Panels::bytes(setting, ciphertexts) + W::scratch_bytes(plan, setting),
            scratch: rotate_scratch_bytes(plan.rotated(), setting, threads)
                .max(threads as u64 * W::multiply_bytes(plan))
                .max(if plan.moved() > 0 { mix() } else { 0 })
                .max(share_bytes(setting, limbs, self.messages()[1], threads)),
        }
    }

    /// Bytes that gains take, and what noise is predicted from them.
    fn gains_bytes(&self) -> u64 {
        // Of a sum its gains, what they come to under one t, its place in the plan and its variance;
        // of an output ciphertext as many that are apart.
        let of_sum = (W::patterns(&self.plan) + 1) * size_of::<Gain>()
            + size_of::<Output>()
            + size_of::<f64>();
        let of_output = 2 * size_of::<Gain>() + 2 * size_of::<Samples>();
        (self.plan.sums() as u64)
            .saturating_mul(of_sum as u64)
            .saturating_add((self.plan.out_groups() * of_output) as u64)
    }
}

impl<W: SlotWeights + 'static> Plan for SlotAlgorithm<W> {
    fn choice(&self) -> Choice {
        Choice::of_lanes(Some(self.plan.packing().lanes()))
    }

    fn lacks(&self, params: &Params) -> Option<Need> {
        let rotates = self.plan.input_rotations() > 0 || self.plan.moved() > 0;
        let needs = if rotates { &[Need::Slots, Need::SpecialPrime][..] } else { &[Need::Slots] };
        Need::missing(needs, params)
    }

    fn describe(&self) -> Facts {
        slot_facts(&self.plan)
    }

    fn work(&self, setting: Setting<'_>) -> Work {
        let plan = &self.plan;
        let (all, limbs) = (setting.limbs(), plan.output_limbs(setting.params));
        let [upper, lower] = plan.key_counts(all, limbs);
        let mut work = Work::of_messages(&[(upper, all), (lower, limbs)], self.messages(), limbs);
        let rounds = plan.packing().strip_groups();
        let by_input = Load { rounds, parts: plan.inputs() };
        let decomposition = Primitive::Decomposition { limbs: all };
        work.add(Stage::Rotate, by_input, decomposition, plan.rotated());
        work.add(Stage::Rotate, by_input, Primitive::HoistedRotation, plan.input_rotations());
        // Deriving, multiplying and what goes with it are cut into many small tasks.
        let parts = Sums::tasks(setting);
        for (stage, primitive, count) in W::work(plan) {
            let rounds = if stage == Stage::Weights { 1 } else { rounds };
            work.add(stage, Load { rounds, parts }, primitive, count);
        }
        let (outputs, moved) = (plan.out_groups(), plan.moved());
        let by_output = Load { rounds, parts: outputs };
        work.add(Stage::Mix, by_output, Primitive::Placing, outputs);
        work.add(Stage::Mix, by_output, Primitive::RotatedSum { limbs }, moved * outputs);
        let divided = if moved > 0 { outputs } else { 0 };
        work.add(Stage::Mix, by_output, Primitive::Division { limbs }, divided);
        work.tell(Stage::Weights, W::prepare_steps(plan));
        work.tell(Stage::Rotate, rounds * plan.rotated_inputs());
        work.tell(Stage::Multiply, rounds * plan.waves().len() * parts);
        work.tell(Stage::Mix, rounds * plan.sums());
        work.share(setting, limbs, self.messages()[1]);
        work
    }

    fn outline(&self, setting: Setting<'_>, threads: usize) -> Outline {
        let (plan, [uploads, downloads]) = (&self.plan, self.messages());
        let limbs = plan.output_limbs(setting.params);
        Outline {
            keys: plan.galois_keys(setting.limbs(), limbs),
            uploads: vec![Coefficients::All; uploads],
            downloads: vec![Coefficients::All; downloads],
            output_limbs: limbs,
            weight_bytes: W::predicted_bytes(plan, setting),
            working: self.working_bytes(setting, threads),
            gains_bytes: self.gains_bytes(),
            shared_by: setting.shared_by,
        }
    }

    fn pack(
        &self,
        context: &Context,
        input: ArrayView3<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        self.plan.packing().pack(context, input)
    }

    fn pack_channels(
        &self,
        context: &Context,
        values: ArrayView1<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        self.plan.packing().pack_channels(context, values)
    }

    fn prepare(
        &self,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Box<dyn PreparedWeights + '_>, ConvError> {
        let plan = &self.plan;
        let weights = W::prepare(plan, context, weights, steps)?;
        let limbs = plan.output_limbs(context.params());
        // A server takes its working space once, not for every inference.
        let space = Space {
            panels: Panels::zero(context, plan.terms_of_inputs()).taken(),
            sums: Sums::zero(context, plan.wave_sums()).taken(),
            derived: W::space(plan, context),
            results: Outputs::taken(context, limbs, self.messages()[1]),
        };
        Ok(Box::new(Prepared { plan, weights, space: Mutex::new(space) }))
    }

    fn unpack(&self, context: &Context, outputs: &[Plaintext]) -> Result<Array3<i64>, ConvError> {
        self.plan.packing().unpack(context, outputs)
    }

    fn gains(&self, weights: ArrayView4<'_, i8>) -> WeightGains {
        W::gains(&self.plan, weights)
    }

    fn pattern_norms(&self, params: &Params) -> Vec<f64> {
        W::pattern_norms(&self.plan, params)
    }

    fn noise(&self, params: &Params, gains: &SumGains) -> StageNoise {
        let plan = &self.plan;
        let model = NoiseModel::new(params);
        let inputs = InputVariance::new(&model);
        let sums: Vec<f64> = gains.sums.iter().map(|gain| inputs.under(gain)).collect();
        // Of each output what its sums have, and how many of those that are moved.
        let mut outputs = vec![(0.0, 0); plan.out_groups()];
        for (output, variance) in plan.outputs().iter().zip(&sums) {
            let (total, moved) = &mut outputs[output.group];
            *total += variance;
            *moved += usize::from(*variance > 0.0 && !output.offset.element.is_identity());
        }
        let mixed = self.mixed_variance(params);
        let strips = plan.packing().strip_groups() as u64;
        let samples = |coefficients: usize, variance: f64, moved: usize| Samples {
            variance: mixed(variance, moved),
            count: coefficients as u64 * strips,
        };
        let fixed = gains.fixed.iter().zip(&outputs);
        let fixed = fixed.map(|(gain, (_, moved))| samples(2, inputs.under(gain), *moved));
        let n = params.ring_degree();
        let outputs = outputs.iter().map(|(variance, moved)| samples(n, *variance, *moved));
        StageNoise {
            rotated: (plan.rotated() > 0).then_some(inputs.rotated),
            multiplied: sums.iter().copied().fold(0.0, f64::max),
            outputs: merged(outputs.chain(fixed)),
        }
    }

    fn subset(&self, ciphertexts: usize) -> Option<(Layer, Box<dyn Plan>)> {
        let packing = self.plan.packing();
        let channels = ciphertexts * packing.channels_per_ciphertext();
        let layer = packing.layer().truncated(channels);
        if layer.out_channels() == packing.layer().out_channels() {
            return None;
        }
        let plan = SlotPlan::new(packing.for_layer(layer.clone()), self.plan.split());
        Some((layer, Box::new(Self::new(plan))))
    }
}

/// What becomes of the sums of `outputs`.
pub fn moved(outputs: &[Output]) -> Vec<Moved> {
    let moved = |(sum, output): (usize, &Output)| Moved {
        sum,
        group: output.group,
        element: output.offset.element,
    };
    outputs.iter().enumerate().map(moved).collect()
}

struct Prepared<'a, W: SlotWeights> {
    plan: &'a SlotPlan,
    weights: W,
    space: Mutex<Space<W::Derived>>,
}

/// Working space of one inference after the other.
struct Space<D> {
    panels: Panels,
    sums: Sums,
    derived: D,
    results: Outputs,
}

impl<W: SlotWeights> PreparedWeights for Prepared<'_, W> {
    fn bytes(&self) -> u64 {
        self.weights.bytes()
    }

    /// Strip groups one after the other, so that only one group's rotated inputs are held, and in
    /// each one wave after the other.
    fn convolve(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
    ) -> Result<Vec<Ciphertext>, ConvError> {
        let context = server.evaluator().context();
        // What an inference that panicked has left is overwritten.
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        let Space { panels, sums, derived, results } = &mut *space;
        let mut made = Vec::new();
        for (strips, inputs) in inputs.chunks(self.plan.inputs()).enumerate() {
            rotate_inputs(server, |input| self.plan.elements(input), inputs, panels)?;
            for (index, groups) in self.plan.waves().into_iter().enumerate() {
                let outputs = self.plan.outputs_of(groups.clone());
                server.stage(Stage::Multiply, || {
                    self.weights.derive(server, self.plan, &outputs, derived)
                })?;
                sums.resize(outputs.len());
                let wave = Wave { plan: self.plan, index, outputs: &outputs, panels };
                self.weights.multiply(server, &wave, derived, sums)?;
                if strips == 0 && index == 0 {
                    let rotations = self.plan.first_rotations();
                    let all = &Coefficients::All;
                    for (input, term) in sampled(rotations.len()).map(|i| rotations[i]) {
                        server.sample(Stage::Rotate, &panels.ciphertext(context, input, term), all);
                    }
                    for sum in sampled(outputs.len()) {
                        server.sample(Stage::Multiply, &sums.ciphertext(context, sum), all);
                    }
                }
                made.extend(mix(server, groups, &moved(&outputs), sums, results)?);
            }
        }
        Ok(made)
    }
}
