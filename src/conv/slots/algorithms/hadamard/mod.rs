//! `hadamard`: channels in lanes, integer weights through the Walsh-Hadamard matrix.
//!
//! The weights w of the d channels of a ciphertext are stored as w^ = H w, with H the d x d
//! Walsh-Hadamard matrix: small integers, which multiply whole ciphertexts into d accumulators
//! A_k. Then S = sum over k of h_k A_k, with the lane pattern h_k = (row k of H) / d mod t, puts
//! on every lane the weight that belongs there, since H H = d I.

mod patterns;
mod tiles;

use ndarray::ArrayView4;
use rayon::prelude::*;

use self::patterns::Patterns;
use self::tiles::{Tiles, accumulators};
use crate::arith::kernels::{BATCH, ScalarSums};
use crate::bfv::{Context, Params};
use crate::conv::gains::{Gain, WeightGains};
use crate::conv::setting::Setting;
use crate::conv::slots::algorithms::hadamard_fused::FusedWeights;
use crate::conv::slots::{
    LaneTransform, Layout, Output, Packing, ScalarRows, SlotPlan, SlotWeights, Term, Wave,
    integer_bits, largest_weight,
};
use crate::conv::sums::Sums;
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Server, Stage, Steps};

/// The transformed weights.
#[derive(Debug)]
pub struct HadamardWeights {
    /// For each sum and each k, one integer per term; `starts` has the first of each sum.
    weights: Vec<i16>,
    starts: Vec<usize>,
}

/// d: the channels of a ciphertext.
fn order(plan: &SlotPlan) -> usize {
    plan.packing().channels_per_ciphertext()
}

/// The largest absolute value of a transformed weight: of d weights.
fn largest(plan: &SlotPlan) -> u64 {
    order(plan) as u64 * largest_weight(plan.packing().layer())
}

/// The weights of one term on the d lanes that differ.
fn lane_weights(
    plan: &SlotPlan,
    weights: ArrayView4<'_, i8>,
    output: &Output,
    term: &Term,
) -> Vec<i64> {
    let weight = |lane| plan.weight(output, term, lane).map_or(0, |place| weights[place].into());
    plan.distinct_lanes().map(weight).collect()
}

/// H times `values`, in place (fast Walsh-Hadamard transform); a power of two of them.
pub fn walsh_hadamard(values: &mut [i64]) {
    let mut half = 1;
    while half < values.len() {
        for block in values.chunks_exact_mut(2 * half) {
            let (upper, lower) = block.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

/// What one inference derives: the transformed weights modulo every limb, and the patterns h_k as
/// block scalars.
#[derive(Debug, Default)]
pub struct Derived {
    /// For each sum of a wave d rows, one factor a term.
    weights: ScalarRows,
    /// Made with the first wave.
    patterns: Option<ScalarRows>,
}

impl SlotWeights for HadamardWeights {
    const NAME: &'static str = "hadamard";

    const SUMMARY: &'static str =
        "channels in lanes, integer weights through the Walsh-Hadamard matrix";

    const LAYOUT: Layout = Layout::Interleaved;

    type Derived = Derived;

    /// 16 bits must hold a sum of one weight per channel.
    fn admits(packing: &Packing) -> bool {
        let largest = packing.channels_per_ciphertext() as i64 * packing.layer().max_weight();
        FusedWeights::admits(packing) && largest <= i64::from(i16::MAX)
    }

    fn prepare(
        plan: &SlotPlan,
        _: &Context,
        weights: ArrayView4<'_, i8>,
        steps: Steps<'_>,
    ) -> Result<Self, ConvError> {
        let outputs = plan.outputs();
        let d = order(plan);
        let sizes = || outputs.iter().map(|output| d * plan.term_count(output));
        let starts = sizes().scan(0, |next, size| {
            let start = *next;
            *next += size;
            Some(start)
        });
        let starts: Vec<usize> = starts.collect();
        let mut transformed = vec![0; sizes().sum()];
        let mut rest = transformed.as_mut_slice();
        let parts = sizes().map(|size| rest.split_off_mut(..size).unwrap_or_default());
        let parts: Vec<(&Output, &mut [i16])> = outputs.iter().zip(parts).collect();
        let transform = |(output, transformed): (&Output, &mut [i16])| {
            let terms = plan.term_count(output);
            for (i, term) in plan.terms(output).enumerate() {
                let mut values = lane_weights(plan, weights, output, &term);
                walsh_hadamard(&mut values);
                for (k, value) in values.iter().enumerate() {
                    // The planner admits only orders whose sums fit.
                    transformed[k * terms + i] = *value as i16;
                }
            }
            steps.advance(1)
        };
        parts.into_par_iter().try_for_each(transform)?;
        Ok(Self { weights: transformed, starts })
    }

    fn prepare_steps(plan: &SlotPlan) -> usize {
        plan.sums()
    }

    fn bytes(&self) -> u64 {
        size_of_val(self.weights.as_slice()) as u64
    }

    fn predicted_bytes(plan: &SlotPlan, _: Setting<'_>) -> u64 {
        (order(plan) * plan.total_terms() * size_of::<i16>()) as u64
    }

    fn scratch_bytes(plan: &SlotPlan, setting: Setting<'_>) -> u64 {
        let d = order(plan);
        ScalarRows::bytes(setting, 1, plan.packing().lanes(), d)
            + ScalarRows::integer_bytes(setting, plan.wave_sums() * d, plan.max_terms())
    }

    fn multiply_bytes(plan: &SlotPlan) -> u64 {
        ScalarSums::bytes(accumulators(plan), plan.max_terms())
    }

    fn work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)> {
        let (d, lanes) = (order(plan), plan.packing().lanes());
        let bits = integer_bits(largest(plan));
        let accumulate =
            |(count, terms)| (Stage::Multiply, Primitive::IntegerSum { terms, bits }, d * count);
        let others = [
            (Stage::Multiply, Primitive::Factor, d * plan.total_terms()),
            (Stage::Multiply, Primitive::BlockScalars { lanes }, d),
            (Stage::Mix, Primitive::LoneSum { terms: d }, plan.sums()),
        ];
        others.into_iter().chain(plan.sum_sizes().map(accumulate)).collect()
    }

    /// The transformed weights w^ multiply as integers; each of the d patterns h_k then multiplies
    /// its accumulator.
    ///
    /// On one thread: predictions ask for gains from within parallel work and wait for each other's, so
    /// a thread that waited here for parts of its own could be given the work that waits for it.
    fn gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains {
        let d = order(plan);
        let of_sum = |output: &Output| {
            let mut gains = vec![Gain::default(); d];
            for term in plan.terms(output) {
                let mut values = lane_weights(plan, weights, output, &term);
                walsh_hadamard(&mut values);
                let is_rotated = !term.shift.is_identity();
                for (gain, value) in gains.iter_mut().zip(values) {
                    gain.add(is_rotated, (value * value) as f64);
                }
            }
            gains
        };
        let mut sums = Vec::with_capacity(plan.sums() * d);
        plan.outputs().iter().for_each(|output| sums.extend(of_sum(output)));
        WeightGains { sums, patterns: d, fixed: None }
    }

    fn patterns(plan: &SlotPlan) -> usize {
        order(plan)
    }

    /// From the centred coefficients of every h_k.
    fn pattern_norms(plan: &SlotPlan, params: &Params) -> Vec<f64> {
        let (d, plain) = (order(plan), params.plain());
        let Some(transform) = LaneTransform::of_plain(plain, plan.packing().lanes()) else {
            return vec![f64::INFINITY; d];
        };
        let squares = |start| {
            let coefficients = Patterns::coefficients(plan, plain, &transform, start);
            let square = |c: &u64| (plain.centre(*c) as f64).powi(2);
            (0..BATCH.min(d - start))
                .map(|i| coefficients.iter().map(|c| square(&c[i])).sum())
                .collect::<Vec<f64>>()
        };
        (0..d).step_by(BATCH).flat_map(squares).collect()
    }

    fn space(plan: &SlotPlan, context: &Context) -> Derived {
        let sums = plan.wave_sums() * order(plan);
        let weights = ScalarRows::taken_for_integers(context, sums, plan.max_terms());
        Derived { weights, patterns: None }
    }

    fn derive(
        &self,
        server: &Server<'_>,
        plan: &SlotPlan,
        outputs: &[Output],
        derived: &mut Derived,
    ) -> Result<(), ConvError> {
        let context = server.evaluator().context();
        let (d, most) = (order(plan), plan.max_terms());
        let (size, proceed) = ([outputs.len() * d, most], || server.check_cancelled());
        derived.weights.build_integers(context, size, largest(plan), proceed, |row| {
            let output = &outputs[row / d];
            let terms = plan.term_count(output);
            let first = self.starts[output.index] + row % d * terms;
            self.weights[first..first + terms].iter().map(|weight| i64::from(*weight))
        })?;
        if derived.patterns.is_none() {
            derived.patterns = Some(Patterns::scalars(server, plan)?);
        }
        Ok(())
    }

    fn multiply(
        &self,
        server: &Server<'_>,
        wave: &Wave<'_>,
        derived: &Derived,
        sums: &mut Sums,
    ) -> Result<(), ConvError> {
        let Some(patterns) = &derived.patterns else { return Ok(()) };
        Tiles::new(server, wave, &derived.weights, patterns).fill(sums)?;
        let d = order(wave.plan);
        let terms: usize = wave.outputs.iter().map(|output| wave.plan.term_count(output)).sum();
        server.count_scalar_multiplications(d * (terms + wave.outputs.len()));
        server.count_integer_multiplications(d * terms);
        Ok(())
    }
}
