//! An algorithm on slots: everything but the form of its weights.

use ndarray::{Array3, ArrayView3, ArrayView4};

use super::{Output, Panel, Shift, SlotPlan, Sums, mix, rotate_inputs};
use crate::bfv::noise::{NoiseModel, Samples};
use crate::bfv::{Ciphertext, Context, Plaintext};
use crate::conv::Layer;
use crate::conv::algorithm::{Algorithm, Operations, PreparedWeights, StageNoise, Units};
use crate::conv::server::{ConvError, Server, Stage, Steps};
use crate::ring::GaloisElement;

/// The form in which an algorithm on slots stores weights, and how it multiplies by them.
pub trait WeightForm: Send + Sync + Sized {
    /// What is derived from the stored weights at every inference.
    type Derived: Send + Sync;

    /// Stores weights of shape (output channels, input channels, kernel rows, kernel columns).
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn prepare(
        plan: &SlotPlan,
        context: &Context,
        weights: ArrayView4<'_, i64>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError>;

    /// Steps of [`WeightForm::prepare`].
    fn prepare_units(_: &SlotPlan) -> u64 {
        1
    }

    /// Bytes stored.
    fn bytes(&self) -> u64;

    /// Bytes that [`WeightForm::bytes`] will be.
    fn predicted_bytes(plan: &SlotPlan, context: &Context) -> u64;

    /// Bytes of derived weights and scratch, on top of inputs, sums and outputs.
    fn scratch_bytes(plan: &SlotPlan, context: &Context) -> u64;

    /// Products of a ciphertext with dense plaintexts, and with scalars, in one strip group.
    fn multiplications(plan: &SlotPlan) -> (usize, usize);

    /// Steps of the multiply stage in one strip group.
    fn multiply_units(plan: &SlotPlan, context: &Context) -> u64;

    /// Predicted variance of each of the plan's sums, for inputs of the given variances.
    fn variances(&self, plan: &SlotPlan, context: &Context, inputs: &InputVariance) -> Vec<f64>;

    /// Predicted variance of each of the plan's sums at the coefficients 0 and N/2, where it is
    /// larger than elsewhere.
    ///
    /// Rotations keep these two coefficients in place, so there the error of an input meets all its
    /// rotated copies: integer weights w add it up to (sum of w)^2 instead of the sum of w^2. Other
    /// weights are polynomials, which blend coefficients.
    fn fixed_variances(&self, _: &SlotPlan, _: &InputVariance) -> Option<Vec<f64>> {
        None
    }

    /// Derives what multiplication needs, on the server's clock.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn derive(&self, server: &Server<'_>, plan: &SlotPlan) -> Result<Self::Derived, ConvError>;

    /// The sums of `outputs` from the rotated inputs of one strip group, on the server's clock.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    fn multiply(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &Self::Derived,
        panels: &[Panel],
    ) -> Result<Sums, ConvError>;
}

/// Predicted variances of inputs as they are and rotated.
#[derive(Clone, Copy, Debug)]
pub struct InputVariance {
    fresh: f64,
    rotated: f64,
}

impl InputVariance {
    /// The variance at a fixed coefficient of a sum of one input with integer weights, given by
    /// shift: the fresh error is the same under all shifts, what rotations add is not.
    pub fn fixed<'a>(&self, terms: impl Iterator<Item = (&'a Shift, f64)>) -> f64 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (shift, weight) in terms {
            sum += weight;
            squares += weight * weight * (self.under(shift) - self.fresh);
        }
        self.fresh * sum * sum + squares
    }

    fn new(model: &NoiseModel) -> Self {
        let fresh = model.fresh();
        Self { fresh, rotated: fresh + model.key_switch() + model.rounding() }
    }

    /// The variance of an input under `shift`.
    pub const fn under(&self, shift: &Shift) -> f64 {
        if shift.is_identity() { self.fresh } else { self.rotated }
    }
}

/// An algorithm on slots with weights of form `W`.
#[derive(Debug)]
pub struct SlotAlgorithm<W> {
    plan: SlotPlan,
    form: std::marker::PhantomData<fn() -> W>,
}

impl<W: WeightForm> SlotAlgorithm<W> {
    /// The algorithm with a plan.
    pub const fn new(plan: SlotPlan) -> Self {
        Self { plan, form: std::marker::PhantomData }
    }
}

/// How many ciphertexts of a stage are sampled for noise.
const SAMPLES: usize = 4;

/// At most [`SAMPLES`] of `0..count`, evenly spaced, the last among them.
fn sampled(count: usize) -> impl Iterator<Item = usize> {
    let samples = count.min(SAMPLES);
    (1..=samples).map(move |i| i * count / samples - 1)
}

impl<W: WeightForm + 'static> Algorithm for SlotAlgorithm<W> {
    fn lanes(&self) -> usize {
        self.plan.packing().lanes()
    }

    fn galois_elements(&self) -> Vec<GaloisElement> {
        self.plan.galois_elements()
    }

    fn uploads(&self) -> usize {
        self.plan.packing().strip_groups() * self.plan.in_groups()
    }

    fn downloads(&self) -> usize {
        self.plan.packing().strip_groups() * self.plan.out_groups()
    }

    fn pack(&self, context: &Context, input: ArrayView3<'_, i64>) -> Vec<Plaintext> {
        self.plan.packing().pack(context, input)
    }

    fn prepare(
        &self,
        context: &Context,
        weights: ArrayView4<'_, i64>,
        steps: Steps<'_>,
    ) -> Result<Box<dyn PreparedWeights + '_>, ConvError> {
        let weights = W::prepare(&self.plan, context, weights, steps)?;
        Ok(Box::new(Prepared { plan: &self.plan, weights }))
    }

    fn unpack(&self, context: &Context, outputs: &[Plaintext]) -> Array3<i64> {
        self.plan.packing().unpack(context, outputs)
    }

    fn operations(&self, context: &Context) -> Operations {
        let limbs = context.params().limbs().len();
        let (decompose, divide) = (limbs + limbs * limbs, 2 * (1 + limbs));
        let outputs = self.plan.outputs();
        let moves = |output: &&Output| !output.offset.element.is_identity();
        let shifts = self.plan.shifts().iter().filter(|shift| !shift.is_identity()).count();
        let moved = outputs.iter().filter(moves).count();
        let (inputs, groups) = (self.plan.in_groups(), 0..self.plan.out_groups());
        let divided =
            groups.filter(|group| outputs.iter().filter(moves).any(|o| o.group == *group));
        let hoisted = if shifts > 0 { decompose } else { 0 };
        let ntts =
            inputs * (hoisted + shifts * divide) + moved * decompose + divided.count() * divide;
        let (plaintext, scalar) = W::multiplications(&self.plan);
        let strips = self.plan.packing().strip_groups();
        let words = 2 * context.ciphertext_basis().words();
        Operations {
            rotations: (strips * (inputs * shifts + moved)) as u64,
            plaintext_multiplications: (strips * plaintext) as u64,
            scalar_multiplications: (strips * scalar) as u64,
            coefficient_multiply_adds: (strips * (plaintext + scalar) * words) as u64,
            ntts: (strips * ntts) as u64,
        }
    }

    fn subset(&self, ciphertexts: usize) -> Option<(Layer, Box<dyn Algorithm>)> {
        let packing = self.plan.packing();
        let channels = ciphertexts * packing.channels_per_ciphertext();
        if channels >= packing.layer().out_channels() {
            return None;
        }
        let layer = packing.layer().truncated(channels);
        let plan = SlotPlan::new(packing.for_layer(layer.clone()));
        Some((layer, Box::new(Self::new(plan))))
    }

    fn units(&self, context: &Context) -> Units {
        let strips = self.plan.packing().strip_groups() as u64;
        Units {
            weights: W::prepare_units(&self.plan),
            rotate: (self.plan.shifts().len() * self.uploads()) as u64,
            multiply: strips * W::multiply_units(&self.plan, context),
            mix: strips * self.plan.outputs().len() as u64,
        }
    }

    fn weight_bytes(&self, context: &Context) -> u64 {
        W::predicted_bytes(&self.plan, context)
    }

    fn working_bytes(&self, context: &Context) -> u64 {
        let panels = self.plan.in_groups() as u64 * Panel::bytes(context, self.plan.shifts().len());
        let ciphertexts = self.uploads() + self.plan.outputs().len() + self.downloads();
        panels + Panel::bytes(context, ciphertexts) + W::scratch_bytes(&self.plan, context)
    }
}

struct Prepared<'a, W> {
    plan: &'a SlotPlan,
    weights: W,
}

impl<W: WeightForm> PreparedWeights for Prepared<'_, W> {
    fn bytes(&self) -> u64 {
        self.weights.bytes()
    }

    fn noise(&self, context: &Context) -> StageNoise {
        let model = NoiseModel::new(context.params());
        let inputs = InputVariance::new(&model);
        let sums = self.weights.variances(self.plan, context, &inputs);
        // Every sum that moves is switched; the moved ones of an output share one rounding.
        let mut outputs = vec![0.0; self.plan.out_groups()];
        let mut moved = vec![false; outputs.len()];
        for (output, variance) in self.plan.outputs().iter().zip(&sums) {
            outputs[output.group] += variance;
            if !output.offset.element.is_identity() {
                outputs[output.group] += model.key_switch();
                moved[output.group] = true;
            }
        }
        let count = (context.ring_degree() * self.plan.packing().strip_groups()) as u64;
        let sample = |(variance, moved): (f64, bool)| {
            let rounding = if moved { model.rounding() } else { 0.0 };
            Samples { variance: variance + rounding, count }
        };
        let mut outputs: Vec<Samples> = outputs.into_iter().zip(moved).map(sample).collect();
        // Such weights go with one channel per ciphertext, whose sums are outputs and do not move.
        let fixed = self.weights.fixed_variances(self.plan, &inputs).unwrap_or_default();
        let count = 2 * self.plan.packing().strip_groups() as u64;
        outputs.extend(fixed.into_iter().map(|variance| Samples { variance, count }));
        StageNoise {
            rotated: inputs.rotated,
            multiplied: sums.iter().copied().fold(0.0, f64::max),
            outputs,
        }
    }

    /// Strip groups one after the other, so that only one group's rotated inputs are held.
    fn convolve(
        &self,
        server: &Server<'_>,
        inputs: &[Ciphertext],
    ) -> Result<Vec<Ciphertext>, ConvError> {
        let context = server.evaluator().context();
        let outputs = self.plan.outputs();
        let derived = server.stage(Stage::Multiply, || self.weights.derive(server, self.plan))?;
        let mut results = Vec::new();
        for (group, inputs) in inputs.chunks(self.plan.in_groups()).enumerate() {
            let panels = rotate_inputs(server, self.plan, inputs)?;
            let sums = self.weights.multiply(server, self.plan, &outputs, &derived, &panels)?;
            if group == 0 {
                for term in sampled(self.plan.shifts().len()) {
                    server.sample(Stage::Rotate, &panels[0].ciphertext(context, term));
                }
                for sum in sampled(outputs.len()) {
                    server.sample(Stage::Multiply, &sums.ciphertext(context, sum));
                }
            }
            results.extend(mix(server, self.plan, &outputs, &sums)?);
        }
        Ok(results)
    }
}
