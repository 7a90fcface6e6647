//! An algorithm on coefficients.

use std::sync::{Mutex, OnceLock, PoisonError};

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};

use super::plan::CoefficientPlan;
use super::touched::touched;
use super::weights::{Batch, Space, Weights};
use crate::arith::Modulus;
use crate::bfv::noise::{NoiseModel, Samples, merged};
use crate::bfv::{Ciphertext, Coefficients, Context, Params, Plaintext};
use crate::conv::algorithm::Moduli;
use crate::conv::explain::{Facts, coefficient_facts};
use crate::conv::gains::{Gain, SumGains, WeightGains};
use crate::conv::mix::{Moved, Outputs, mix, mix_scratch_bytes};
use crate::conv::noise::StageNoise;
use crate::conv::outline::share_bytes;
use crate::conv::panel::{Panels, rotate_inputs, rotate_scratch_bytes};
use crate::conv::server::{SAMPLES, sampled};
use crate::conv::setting::Setting;
use crate::conv::sums::Sums;
use crate::conv::work::{Load, Primitive, Work};
use crate::conv::{
    Choice, ConvError, Layer, Need, Outline, Plan, PreparedWeights, Server, Stage, Steps,
    WeightForm, WorkingBytes,
};

/// Whether moduli are few: in coefficients noise is small, so that one limb or two will do, and products
/// have no use for a narrow one.
pub const fn is_short(moduli: Moduli) -> bool {
    moduli.limbs <= 2 && !moduli.has_narrow_limb
}

/// An algorithm on coefficients, with a plan.
#[derive(Debug)]
pub struct CoefficientAlgorithm {
    plan: CoefficientPlan,
    /// Of each ciphertext sent back, the coefficients that are read.
    read: OnceLock<Vec<Coefficients>>,
    /// Of each ciphertext sent to the server, the coefficients of c0 that outputs depend on.
    touched: OnceLock<Vec<Coefficients>>,
}

impl CoefficientAlgorithm {
    /// The algorithm with a plan.
    pub fn boxed(plan: CoefficientPlan) -> Box<dyn Plan> {
        Box::new(Self { plan, read: OnceLock::new(), touched: OnceLock::new() })
    }

    /// Baby steps leave outputs times b, which the client takes off: b and its inverse modulo t.
    fn factor(&self, plain: &Modulus) -> [u64; 2] {
        let babies = plain.reduce(self.plan.babies() as u64);
        [babies, plain.unit_inverse(babies).unwrap_or_default()]
    }

    /// Inputs that are rotated, in one strip.
    const fn rotated(&self) -> usize {
        if self.plan.babies() > 1 { self.plan.inputs() } else { 0 }
    }

    fn read(&self) -> &[Coefficients] {
        self.read.get_or_init(|| self.plan.packing().read())
    }

    fn touched(&self) -> &[Coefficients] {
        self.touched.get_or_init(|| touched(&self.plan))
    }

    /// Ciphertexts sent to the server, and back.
    fn messages(&self) -> [usize; 2] {
        [self.plan.inputs(), self.plan.out_groups()].map(|count| self.plan.strips() * count)
    }

    /// Bytes that the server holds besides keys, weights and messages, on `threads` threads.
    fn working_bytes(&self, setting: Setting<'_>, threads: usize) -> WorkingBytes {
        let plan = &self.plan;
        let (space, scratch) = match plan.form() {
            WeightForm::Transformed => (0, 0),
            WeightForm::Raw => (
                Batch::bytes(plan, setting) + plan.packing().layer().weight_count() as u64,
                threads as u64 * Batch::scratch_bytes(plan),
            ),
        };
        let mix = || mix_scratch_bytes(plan.wave_groups(), setting.limbs(), setting, threads);
        let sums = Sums::places(plan.wave_sums());
        let held = plan.together() * plan.inputs() * plan.babies() + sums;
        WorkingBytes {
            prepare: Weights::prepare_bytes(plan, setting, threads),
            space: Panels::bytes(setting, held) + space,
            scratch: rotate_scratch_bytes(plan.together() * self.rotated(), setting, threads)
                .max(scratch)
                .max(if plan.merges() { mix() } else { 0 })
                .max(share_bytes(setting, setting.limbs(), self.messages()[1], threads)),
        }
    }

    /// Bytes that gains take, and what noise is predicted from them.
    fn gains_bytes(&self) -> u64 {
        // Of an output channel its squares, gains twice over and its variance.
        let each = size_of::<f64>() + 2 * size_of::<Gain>() + size_of::<Samples>();
        (self.plan.packing().layer().out_channels() * each) as u64
    }
}

impl Plan for CoefficientAlgorithm {
    fn choice(&self) -> Choice {
        let (lanes, babies) = (self.plan.packing().channels(), self.plan.babies());
        Choice {
            lanes: Some(lanes),
            // Blocks have no steps.
            babies: (!self.plan.is_blocks()).then_some(babies),
            weight_form: Some(self.plan.form()),
            shared_by: None,
        }
    }

    fn lacks(&self, params: &Params) -> Option<Need> {
        let needs: &[Need] = match (self.plan.babies() > 1, self.plan.merges()) {
            (true, _) => &[Need::SpecialPrime, Need::OddPlain],
            (false, true) => &[Need::SpecialPrime],
            (false, false) => &[],
        };
        Need::missing(needs, params)
    }

    fn describe(&self) -> Facts {
        coefficient_facts(&self.plan)
    }

    fn work(&self, setting: Setting<'_>) -> Work {
        let (plan, limbs) = (&self.plan, setting.limbs());
        let mut work = Work::of_messages(&[(plan.key_count(), limbs)], self.messages(), limbs);
        let rounds = plan.strips();
        let by_input = Load { rounds, parts: plan.inputs() };
        let rotations = plan.inputs() * (plan.babies() - 1);
        work.add(Stage::Rotate, by_input, Primitive::Decomposition { limbs }, self.rotated());
        work.add(Stage::Rotate, by_input, Primitive::HoistedRotation, rotations);
        work.add(Stage::Rotate, by_input, Primitive::Placing, plan.inputs());
        let evenly = Load { rounds, parts: Sums::tasks(setting) };
        for (count, terms) in plan.sum_sizes() {
            let sum = match plan.form() {
                WeightForm::Transformed => Primitive::PackedSum { terms },
                WeightForm::Raw => Primitive::DenseSum { terms },
            };
            work.add(Stage::Multiply, evenly, sum, count);
        }
        let (stage, load) = match plan.form() {
            WeightForm::Transformed => (Stage::Weights, Load { rounds: 1, ..evenly }),
            WeightForm::Raw => (Stage::Multiply, Load { rounds: plan.rounds(), ..evenly }),
        };
        let weights = plan.packing().layer().weight_count() * plan.babies();
        let polynomial = Primitive::Polynomial { giants: plan.giants() };
        work.add(stage, load, polynomial, plan.total_terms());
        work.add(stage, load, Primitive::PlacedWeight, weights);
        let outputs = plan.out_groups();
        let by_output = Load { rounds, parts: outputs };
        work.add(Stage::Mix, by_output, Primitive::Placing, outputs);
        if plan.merges() {
            let moved = outputs * (plan.giants() - 1);
            work.add(Stage::Mix, by_output, Primitive::RotatedSum { limbs }, moved);
            work.add(Stage::Mix, by_output, Primitive::Division { limbs }, outputs);
        }
        let multiply = match plan.form() {
            WeightForm::Transformed => plan.waves().len() * evenly.parts,
            WeightForm::Raw => outputs,
        };
        work.tell(Stage::Weights, Weights::prepare_steps(plan));
        work.tell(Stage::Rotate, rounds * plan.inputs() * plan.babies());
        work.tell(Stage::Multiply, plan.rounds() * multiply);
        work.tell(Stage::Mix, rounds * plan.sums());
        work.share(setting, limbs, self.messages()[1]);
        work
    }

    fn outline(&self, setting: Setting<'_>, threads: usize) -> Outline {
        let (plan, limbs) = (&self.plan, setting.limbs());
        Outline {
            keys: plan.galois_keys(limbs),
            uploads: self.touched().to_vec(),
            downloads: self.read().to_vec(),
            output_limbs: limbs,
            weight_bytes: Weights::predicted_bytes(plan, setting),
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
        Ok(self.plan.packing().pack(context, input))
    }

    fn pack_channels(
        &self,
        context: &Context,
        values: ArrayView1<'_, i64>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let plain = context.params().plain();
        let [factor, _] = self.factor(plain);
        Ok(self.plan.packing().pack_channels(plain, values, factor))
    }

    fn prepare(
        &self,
        context: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Box<dyn PreparedWeights + '_>, ConvError> {
        let plan = &self.plan;
        let weights = Weights::prepare(plan, context, weights, steps)?;
        // A server takes its working space once, not for every inference.
        let terms = std::iter::repeat_n(plan.babies(), plan.together() * plan.inputs());
        let panels = Panels::zero(context, terms).taken();
        let space = Space::new(plan, context);
        let touched = self.touched().first().cloned().unwrap_or(Coefficients::All);
        let limbs = context.ciphertext_basis().len();
        let results = Outputs::taken(context, limbs, self.messages()[1]);
        let space = Mutex::new((panels, space, results));
        Ok(Box::new(Prepared { plan, touched, read: self.read(), weights, space }))
    }

    fn unpack(&self, context: &Context, outputs: &[Plaintext]) -> Result<Array3<i64>, ConvError> {
        let plain = context.params().plain();
        let [_, inverse] = self.factor(plain);
        Ok(self.plan.packing().unpack(plain, outputs, inverse))
    }

    /// Of each output channel: the sum of its squared weights, and of those of the outputs that the
    /// rounding of rotated inputs reaches it from, which giant steps alone do not keep apart.
    fn gains(&self, weights: ArrayView4<'_, i8>) -> WeightGains {
        let square = |weight: &i8| f64::from(*weight).powi(2);
        let squares: Vec<f64> =
            weights.outer_iter().map(|filter| filter.iter().map(square).sum()).collect();
        let (each, giants) = (self.plan.packing().out_channels(), self.plan.giants());
        let gain = |(output, own): (usize, &f64)| {
            let first = output / each * each;
            let group = first..(first + each).min(squares.len());
            let near = group.filter(|other| (other - first) % giants == (output - first) % giants);
            Gain { fresh: *own, rotated: near.map(|other| squares[other]).sum() }
        };
        WeightGains::of_one_pattern(squares.iter().enumerate().map(gain).collect())
    }

    fn pattern_norms(&self, _: &Params) -> Vec<f64> {
        vec![1.0]
    }

    fn noise(&self, params: &Params, gains: &SumGains) -> StageNoise {
        let model = NoiseModel::new(params);
        let babies = self.plan.babies() as f64;
        // What rotating an input adds, once for each baby step but the identity; there is no key switch
        // where there are none.
        let rotation = if babies > 1.0 { model.switches(1) } else { 0.0 };
        let giants = self.plan.giants();
        // What merging the outputs of a ciphertext adds to each. Channels of one giant step are one sum,
        // and moving one without a weight, which is exactly zero, adds nothing.
        let merge = |products: &[f64]| {
            let has_weights =
                |giant: &usize| products.iter().skip(*giant).step_by(giants).any(|v| *v > 0.0);
            model.switches((1..giants).filter(has_weights).count())
        };
        let product = |gain: &Gain| {
            babies * babies * gain.fresh * model.fresh() + (babies - 1.0) * gain.rotated * rotation
        };
        // What is not read is rubbish.
        let layer = self.plan.packing().layer();
        let count = (layer.out_height() * layer.out_width()) as u64;
        let products: Vec<f64> = gains.sums.iter().map(product).collect();
        let outputs = products.chunks(self.plan.packing().out_channels()).flat_map(|products| {
            let merge = merge(products);
            products.iter().map(move |v| Samples { variance: v + merge, count })
        });
        StageNoise {
            rotated: (babies > 1.0).then(|| model.fresh() + rotation),
            multiplied: products.iter().copied().fold(0.0, f64::max),
            outputs: merged(outputs),
        }
    }

    /// Baby steps cost noise budget. Weights are taken to be bell-shaped around 0, the largest at three
    /// standard deviations, as [`crate::conv::data`] makes them and quantisation leaves them.
    fn assumed_noise(&self, params: &Params) -> Option<StageNoise> {
        let packing = self.plan.packing();
        let layer = packing.layer();
        let [rows, columns] = layer.kernel();
        let deviation = layer.max_weight() as f64 / 3.0;
        let own = (layer.group_channels()[1] * rows * columns) as f64 * deviation * deviation;
        // As many outputs as a ciphertext has, which are all alike.
        let near = packing.out_channels().min(layer.out_channels()) / self.plan.giants();
        let gain = Gain { fresh: own, rotated: own * near.max(1) as f64 };
        let sums = vec![gain; layer.out_channels().min(packing.out_channels())];
        Some(self.noise(params, &SumGains { sums, fixed: Vec::new() }))
    }

    fn subset(&self, ciphertexts: usize) -> Option<(Layer, Box<dyn Plan>)> {
        let layer = self.plan.packing().layer();
        let part = layer.truncated(ciphertexts * self.plan.packing().out_channels());
        (part.out_channels() < layer.out_channels())
            .then(|| (part.clone(), Self::boxed(self.plan.for_layer(part))))
    }
}

struct Prepared<'a> {
    plan: &'a CoefficientPlan,
    /// Of the first input, what is of use of c0.
    touched: Coefficients,
    /// Of each output, what is read.
    read: &'a [Coefficients],
    weights: Weights,
    space: Mutex<(Panels, Space, Outputs)>,
}

impl Prepared<'_> {
    /// Panels of some strips: every input under every baby step, divided by m/b, so that no product need
    /// be.
    fn fill(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
        is_first: bool,
        panels: &mut Panels,
    ) -> Result<(), ConvError> {
        let (plan, context) = (self.plan, server.evaluator().context());
        rotate_inputs(server, |_| plan.elements(), inputs, panels)?;
        if is_first {
            for baby in 1..plan.babies().min(SAMPLES + 1) {
                let used = self.touched.moved(plan.baby(baby), context.ring_degree());
                server.sample(Stage::Rotate, &panels.ciphertext(context, 0, baby), &used);
            }
        }
        if plan.merges() {
            let giants = plan.giants() as u64;
            server.stage(Stage::Rotate, || panels.divide(context, giants));
        }
        Ok(())
    }

    /// What becomes of the sums of `groups` output ciphertexts: giant step after giant step.
    fn moved(&self, groups: usize) -> Vec<Moved> {
        let giants = self.plan.giants();
        let of_step = |giant: usize| {
            let element = self.plan.giant(giant);
            (0..groups).map(move |group| Moved { sum: group * giants + giant, group, element })
        };
        (0..giants).flat_map(of_step).collect()
    }
}

impl PreparedWeights for Prepared<'_> {
    fn bytes(&self) -> u64 {
        self.weights.bytes()
    }

    /// Some strips after the others, and of those one wave after the other.
    fn convolve(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
    ) -> Result<Vec<Ciphertext>, ConvError> {
        let (plan, context) = (self.plan, server.evaluator().context());
        // What an inference that panicked has left is overwritten.
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        let (panels, space, outputs) = &mut *space;
        let mut results = Vec::new();
        for (round, inputs) in inputs.chunks(plan.together() * plan.inputs()).enumerate() {
            let mut of_strips = vec![Vec::new(); inputs.len() / plan.inputs()];
            self.fill(server, inputs, round == 0, panels)?;
            for (index, wave) in plan.waves().into_iter().enumerate() {
                let groups = of_strips.len() * wave.len();
                let count = groups * plan.giants();
                space.sums.resize(count);
                server.stage(Stage::Multiply, || {
                    let strips = of_strips.len();
                    self.weights.multiply(server, plan, (index, &wave), strips, panels, space)
                })?;
                // Sums that are to be merged are divided by m/b modulo Q, and no ciphertexts of
                // anything until they are.
                if round == 0 && index == 0 && !plan.merges() {
                    for sum in sampled(count) {
                        let used = &self.read[sum];
                        server.sample(Stage::Multiply, &space.sums.ciphertext(context, sum), used);
                    }
                }
                let made = mix(server, 0..groups, &self.moved(groups), &space.sums, outputs)?;
                let mut made = made.into_iter();
                for strip in &mut of_strips {
                    strip.extend(made.by_ref().take(wave.len()));
                }
            }
            results.extend(of_strips.into_iter().flatten());
        }
        Ok(results)
    }
}
