//! `interleaved`: channels interleaved in coefficients, packed both ways by a flat merge.
//!
//! Channel ch of m lies at X^(m p + ch). The product with an output channel's polynomial holds that
//! output at the multiples of m, and rubbish between them. The sum over all m automorphisms that keep X^m
//! keeps m times the outputs and kills the rubbish; monomials that are folded into the weights let m
//! outputs share it, and m^-1 modulo Q, folded into the inputs, leaves the noise that of the products. So
//! there are as few products as without merging, and the key switches of an output ciphertext share one
//! division by P. See [`CoefficientPlan`] for the formula, and for how baby steps on inputs spare giant
//! steps on sums.

use crate::conv::algorithm::{Algorithm, Moduli};
use crate::conv::coefficients::algorithm::{CoefficientAlgorithm, is_short};
use crate::conv::coefficients::polynomials::max_interleave;
use crate::conv::coefficients::{CoefficientPlan, Packing};
use crate::conv::{Layer, Plan, WeightForm};

/// The most baby steps that are worth considering. With b of them there are (b - 1) `C_in` / m rotations
/// of inputs and (m/b - 1) `C_out` / m of sums, which are least together at b^2 = m `C_out` / `C_in`;
/// up to twice as many, since one of an input takes less.
fn most_babies(layer: &Layer, channels: usize) -> usize {
    let even = channels * layer.out_channels() / layer.in_channels();
    (2 * even.isqrt().next_power_of_two()).clamp(1, channels)
}

/// The algorithm.
#[derive(Clone, Copy, Debug)]
pub struct Interleaved;

impl Algorithm for Interleaved {
    fn name(&self) -> &'static str {
        "interleaved"
    }

    fn summary(&self) -> &'static str {
        "channels interleaved in coefficients, outputs merged by rotations"
    }

    fn preset(&self) -> &'static str {
        "n4096-q44-t20"
    }

    fn is_on_slots(&self) -> bool {
        false
    }

    fn suits(&self, moduli: Moduli) -> bool {
        is_short(moduli)
    }

    fn plans(&self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>> {
        let widest = layer.in_channels().max(layer.out_channels()).next_power_of_two();
        let most = widest.min(ring_degree).min(max_interleave(layer.max_weight()));
        let powers = |most: usize| {
            std::iter::successors(Some(1), |count| Some(2 * count)).take_while(move |c| *c <= most)
        };
        let packings = powers(most).filter_map(|m| Packing::interleaved(layer, ring_degree, m));
        let plans = packings.flat_map(|packing| {
            let babies = powers(most_babies(layer, packing.channels()));
            babies.flat_map(move |babies| {
                WeightForm::ALL.map(|form| CoefficientPlan::new(packing.clone(), babies, form))
            })
        });
        plans.map(CoefficientAlgorithm::boxed).collect()
    }
}
