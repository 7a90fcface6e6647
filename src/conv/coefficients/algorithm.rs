//! An algorithm on coefficients.

use std::sync::{Mutex, OnceLock, PoisonError};

use ndarray::{Array3, ArrayView1, ArrayView3, ArrayView4};

use super::plan::CoefficientPlan;
use super::weights::{Batch, Space, Weights};
use crate::arith::Modulus;
use crate::bfv::noise::{NoiseModel, Samples, merged};
use crate::bfv::{Ciphertext, Coefficients, Context, GaloisKeyId, Params, Plaintext};
use crate::conv::algorithm::{Algorithm, Need, PreparedWeights};
use crate::conv::cost::{Pricing, StageTimes};
use crate::conv::explain::{Facts, coefficient_facts};
use crate::conv::gains::{Gain, SumGains, WeightGains};
use crate::conv::mix::{Moved, mix, mix_scratch_bytes};
use crate::conv::noise::StageNoise;
use crate::conv::panel::{Panels, rotate_inputs, rotate_scratch_bytes};
use crate::conv::server::{SAMPLES, sampled};
use crate::conv::setting::Setting;
use crate::conv::sums::Sums;
use crate::conv::work::{Multiplications, Operations, Units, WorkingBytes};
use crate::conv::{Choice, ConvError, Layer, Server, Stage, Steps, WeightForm};

/// An algorithm on coefficients, with a plan.
#[derive(Debug)]
pub struct CoefficientAlgorithm {
    plan: CoefficientPlan,
    /// What [`Algorithm::sent`] gives.
    read: OnceLock<Vec<Coefficients>>,
}

impl CoefficientAlgorithm {
    /// The algorithm with a plan.
    pub fn boxed(plan: CoefficientPlan) -> Box<dyn Algorithm> {
        Box::new(Self { plan, read: OnceLock::new() })
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

    /// Rotations of all inputs of one strip.
    const fn input_rotations(&self) -> usize {
        self.plan.inputs() * (self.plan.babies() - 1)
    }

    /// Rotations of all sums of one strip.
    const fn sum_rotations(&self) -> usize {
        self.plan.out_groups() * (self.plan.giants() - 1)
    }

    fn multiplications(&self) -> Multiplications {
        let plaintext = self.plan.strips() * self.plan.total_terms();
        Multiplications { plaintext, ..Multiplications::default() }
    }

    /// Transforms of weights that every inference makes, of one limb each.
    fn weight_ntts(&self) -> usize {
        match self.plan.form() {
            WeightForm::Transformed => 0,
            WeightForm::Raw => self.plan.strips() * self.plan.total_terms(),
        }
    }
}

impl Algorithm for CoefficientAlgorithm {
    fn choice(&self) -> Choice {
        let (lanes, babies) = (self.plan.packing().channels(), self.plan.babies());
        Choice {
            lanes: Some(lanes),
            // Blocks have no steps.
            babies: (!self.plan.is_blocks()).then_some(babies),
            weight_form: Some(self.plan.form()),
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

    fn galois_keys(&self, params: &Params) -> Vec<GaloisKeyId> {
        self.plan.galois_keys(params.limbs().len())
    }

    fn output_limbs(&self, params: &Params) -> usize {
        params.limbs().len()
    }

    fn uploads(&self) -> usize {
        self.plan.strips() * self.plan.inputs()
    }

    fn downloads(&self) -> usize {
        self.plan.strips() * self.plan.out_groups()
    }

    fn sent(&self) -> Vec<Coefficients> {
        self.read.get_or_init(|| self.plan.packing().read()).clone()
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
        let terms = std::iter::repeat_n(plan.babies(), plan.inputs());
        let panels = Panels::zero(context, terms).taken();
        let space = Space::new(plan, context);
        Ok(Box::new(Prepared { plan, weights, space: Mutex::new((panels, space)) }))
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

    fn gains_bytes(&self) -> u64 {
        // Of an output channel its squares, gains twice over and its variance.
        let each = size_of::<f64>() + 2 * size_of::<Gain>() + size_of::<Samples>();
        (self.plan.packing().layer().out_channels() * each) as u64
    }

    fn pattern_norms(&self, _: &Params) -> Vec<f64> {
        vec![1.0]
    }

    fn noise(&self, params: &Params, gains: &SumGains) -> StageNoise {
        let model = NoiseModel::new(params);
        let babies = self.plan.babies() as f64;
        // What rotating an input adds, once for each baby step but the identity; there is no key switch
        // where there are none.
        let rotation = if babies > 1.0 { model.key_switch() + model.rounding() } else { 0.0 };
        let merge = if self.plan.merges() {
            (self.plan.giants() - 1) as f64 * model.key_switch() + model.rounding()
        } else {
            0.0
        };
        let product = |gain: &Gain| {
            babies * babies * gain.fresh * model.fresh() + (babies - 1.0) * gain.rotated * rotation
        };
        let (packing, strips) = (self.plan.packing(), self.plan.strips());
        let count = (strips * params.ring_degree() / packing.out_channels()) as u64;
        let products: Vec<f64> = gains.sums.iter().map(product).collect();
        let outputs = products.iter().map(|v| Samples { variance: v + merge, count });
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

    fn times(&self, pricing: &Pricing<'_>) -> StageTimes {
        let plan = &self.plan;
        let (strips, limbs) = (plan.strips() as f64, pricing.setting.limbs());
        let rotate = self.rotated() as f64 * pricing.decompose(limbs)
            + self.input_rotations() as f64 * pricing.rotation()
            + plan.inputs() as f64 * pricing.placed_sum();
        let made = |count: f64| match plan.form() {
            WeightForm::Transformed => 0.0,
            WeightForm::Raw => count,
        };
        let weights = plan.packing().layer().weight_count() * plan.babies();
        let polynomials = pricing.polynomials(plan.total_terms(), plan.giants(), weights);
        let multiply = plan.sum_sizes().map(|(c, terms)| pricing.dense_sums(c, terms)).sum::<f64>()
            + made(polynomials);
        let merge = if plan.merges() {
            pricing.divide(limbs) + (plan.giants() - 1) as f64 * pricing.rotated_sum(limbs)
        } else {
            0.0
        };
        let mix = plan.out_groups() as f64 * (pricing.placed_sum() + merge);
        let even = |total: f64| pricing.shared(total, Sums::tasks(pricing.setting));
        let mut times = StageTimes::default();
        times.set(Stage::Keygen, pricing.keys(plan.key_count(), limbs));
        times.set(Stage::Weights, even(polynomials - made(polynomials)));
        times.set(Stage::Encrypt, pricing.uploads(self.uploads()));
        times.set(Stage::Rotate, strips * pricing.shared(rotate, plan.inputs()));
        times.set(Stage::Multiply, even(strips * multiply));
        times.set(Stage::Mix, strips * pricing.shared(mix, plan.out_groups()));
        times.set(Stage::Response, pricing.responses(self.downloads(), limbs));
        times.set(Stage::Decrypt, pricing.decryptions(self.downloads()));
        times
    }

    fn operations(&self, setting: Setting<'_>) -> Operations {
        let limbs = setting.limbs();
        let (decompose, divide) = (limbs + limbs * limbs, 2 * (1 + limbs));
        let (rotations, moved) = (self.input_rotations(), self.sum_rotations());
        let divided = if self.plan.merges() { self.plan.out_groups() } else { 0 };
        let ntts = (self.rotated() + moved) * decompose + (rotations + divided) * divide;
        let strips = self.plan.strips();
        Operations {
            rotations: (strips * (rotations + moved)) as u64,
            ntts: (strips * ntts + self.weight_ntts() * limbs) as u64,
            ..self.multiplications().operations(setting)
        }
    }

    fn subset(&self, ciphertexts: usize) -> Option<(Layer, Box<dyn Algorithm>)> {
        let layer = self.plan.packing().layer();
        let part = layer.truncated(ciphertexts * self.plan.packing().out_channels());
        (part.out_channels() < layer.out_channels())
            .then(|| (part.clone(), Self::boxed(self.plan.for_layer(part))))
    }

    fn units(&self, setting: Setting<'_>) -> Units {
        let plan = &self.plan;
        let multiply = match plan.form() {
            WeightForm::Transformed => plan.waves().len() * Sums::tasks(setting),
            WeightForm::Raw => plan.out_groups(),
        };
        let strips = plan.strips() as u64;
        Units {
            weights: Weights::prepare_units(plan),
            rotate: strips * (plan.inputs() * plan.babies()) as u64,
            multiply: strips * multiply as u64,
            mix: strips * plan.sums() as u64,
        }
    }

    fn weight_bytes(&self, setting: Setting<'_>) -> u64 {
        Weights::predicted_bytes(&self.plan, setting)
    }

    fn working_bytes(&self, setting: Setting<'_>, threads: usize) -> WorkingBytes {
        let plan = &self.plan;
        let (space, scratch) = match plan.form() {
            WeightForm::Transformed => (0, 0),
            WeightForm::Raw => (
                Batch::bytes(plan, setting) + plan.packing().layer().weight_count() as u64,
                threads as u64 * Batch::scratch_bytes(plan),
            ),
        };
        let groups = plan.waves().first().map_or(0, ExactSizeIterator::len);
        let mix = || mix_scratch_bytes(groups, setting.limbs(), setting, threads);
        let held = plan.inputs() * plan.babies() + plan.wave_sums();
        WorkingBytes {
            prepare: Weights::prepare_bytes(plan, setting, threads),
            space: Panels::bytes(setting, held) + space,
            scratch: rotate_scratch_bytes(self.rotated(), setting, threads)
                .max(scratch)
                .max(if plan.merges() { mix() } else { 0 }),
        }
    }
}

struct Prepared<'a> {
    plan: &'a CoefficientPlan,
    weights: Weights,
    space: Mutex<(Panels, Space)>,
}

impl Prepared<'_> {
    /// Panels of one strip: every input under every baby step, divided by m/b, so that no product need
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
                server.sample(Stage::Rotate, &panels.ciphertext(context, 0, baby));
            }
        }
        if plan.merges() {
            let giants = plan.giants() as u64;
            server.stage(Stage::Rotate, || panels.divide(context, giants));
        }
        Ok(())
    }

    /// What becomes of the sums of a wave: giant step after giant step.
    fn moved(&self, wave: &std::ops::Range<usize>) -> Vec<Moved> {
        let giants = self.plan.giants();
        let of_step = |giant: usize| {
            let element = self.plan.giant(giant);
            let groups = wave.clone().enumerate();
            groups.map(move |(i, group)| Moved { sum: i * giants + giant, group, element })
        };
        (0..giants).flat_map(of_step).collect()
    }
}

impl PreparedWeights for Prepared<'_> {
    fn bytes(&self) -> u64 {
        self.weights.bytes()
    }

    /// Strips one after the other, and in each one wave after the other.
    fn convolve(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
    ) -> Result<Vec<Ciphertext>, ConvError> {
        let (plan, context) = (self.plan, server.evaluator().context());
        // What an inference that panicked has left is overwritten.
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        let (panels, space) = &mut *space;
        let mut results = Vec::new();
        for (strip, inputs) in inputs.chunks(plan.inputs()).enumerate() {
            self.fill(server, inputs, strip == 0, panels)?;
            for (index, wave) in plan.waves().into_iter().enumerate() {
                let count = wave.len() * plan.giants();
                space.sums.resize(count);
                server.stage(Stage::Multiply, || {
                    self.weights.multiply(server, plan, (index, &wave), panels, space)
                })?;
                // Sums that are to be merged are divided by m/b modulo Q, and no ciphertexts of
                // anything until they are.
                if strip == 0 && index == 0 && !plan.merges() {
                    for sum in sampled(count) {
                        server.sample(Stage::Multiply, &space.sums.ciphertext(context, sum));
                    }
                }
                let limbs = context.params().limbs().len();
                results.extend(mix(server, limbs, wave.clone(), &self.moved(&wave), &space.sums)?);
            }
        }
        Ok(results)
    }
}
