//! Weights as integers: one channel per ciphertext.

use std::collections::HashMap;

use ndarray::ArrayView4;

use super::{Output, ScalarRows, SlotPlan, integer_bits};
use crate::conv::gains::{Gain, WeightGains};
use crate::conv::work::Primitive;
use crate::conv::{ConvError, Layer, Server, Stage};

/// An upper bound of the absolute value of weights that the layer's bits allow.
pub const fn largest_weight(layer: &Layer) -> u64 {
    layer.max_weight().unsigned_abs() + 1
}

/// The work of multiplying by integers, one for a whole ciphertext.
pub fn integer_work(plan: &SlotPlan) -> Vec<(Stage, Primitive, usize)> {
    let bits = integer_bits(largest_weight(plan.packing().layer()));
    let sums = plan.sum_sizes();
    let sums =
        sums.map(|(count, terms)| (Stage::Multiply, Primitive::IntegerSum { terms, bits }, count));
    std::iter::once((Stage::Multiply, Primitive::Factor, plan.total_terms())).chain(sums).collect()
}

/// Makes `rows` the factors of `outputs`, from the weights of the layer as (output channel, input
/// channel of its group, kernel row, kernel column).
///
/// # Errors
/// [`ConvError::Cancelled`].
pub fn derive_integers(
    server: &Server<'_>,
    plan: &SlotPlan,
    outputs: &[Output],
    weights: &[i8],
    rows: &mut ScalarRows,
) -> Result<(), ConvError> {
    let context = server.evaluator().context();
    let (size, proceed) = ([outputs.len(), plan.max_terms()], || server.check_cancelled());
    let largest = largest_weight(plan.packing().layer());
    rows.build_integers(context, size, largest, proceed, |sum| {
        integer_terms(plan, &outputs[sum], weights)
    })
}

/// The weights of one output, in the order of terms, from those of the layer as (output channel, input
/// channel of its group, kernel row, kernel column).
fn integer_terms<'a>(
    plan: &'a SlotPlan,
    output: &'a Output,
    weights: &'a [i8],
) -> impl Iterator<Item = i64> + 'a {
    let [_, inputs, rows, columns] = plan.packing().layer().weight_shape();
    plan.terms(output).map(move |term| {
        let place = plan.weight(output, &term, (0, 0));
        let weight = place.map(|[o, i, y, x]| weights[((o * inputs + i) * rows + y) * columns + x]);
        weight.unwrap_or(0).into()
    })
}

/// The gains of weights that multiply whole ciphertexts as integers.
pub fn integer_gains(plan: &SlotPlan, weights: ArrayView4<'_, i8>) -> WeightGains {
    let mut sums = vec![Gain::default(); plan.sums()];
    let mut fixed = Vec::with_capacity(plan.out_groups());
    // One output ciphertext after the other: what is kept of it alone is as much as its weights.
    for group in 0..plan.out_groups() {
        let mut of_group = Fixed::default();
        for output in plan.outputs_of(group..group + 1) {
            for term in plan.terms(&output) {
                let Some(place) = plan.weight(&output, &term, (0, 0)) else { continue };
                let (weight, is_rotated) = (f64::from(weights[place]), !term.shift.is_identity());
                sums[output.index].add(is_rotated, weight * weight);
                of_group.add(term.input, term.place, is_rotated, weight);
            }
        }
        fixed.push(of_group.gain());
    }
    let fixed = Some(fixed);
    WeightGains { fixed, ..WeightGains::of_one_pattern(sums) }
}

/// The weights of one output by what errors they meet at the coefficients 0 and N/2, whatever moves
/// before or after the multiplication.
#[derive(Clone, Debug, Default)]
struct Fixed {
    /// For each input, the sum of all weights: its fresh error is the same under all rotations.
    inputs: HashMap<usize, f64>,
    /// For each rotation of each input, the sum of its weights: what the rotation adds is its own.
    rotations: HashMap<(usize, usize), f64>,
}

impl Fixed {
    fn add(&mut self, input: usize, place: usize, is_rotated: bool, weight: f64) {
        *self.inputs.entry(input).or_default() += weight;
        if is_rotated {
            *self.rotations.entry((input, place)).or_default() += weight;
        }
    }

    /// fresh (sums of inputs)^2 + (rotated - fresh) (sums of rotations)^2.
    fn gain(&self) -> Gain {
        let rotated = self.rotations.values().map(|sum| sum * sum).sum::<f64>();
        let fresh = self.inputs.values().map(|sum| sum * sum).sum::<f64>();
        Gain { fresh: fresh - rotated, rotated }
    }
}
