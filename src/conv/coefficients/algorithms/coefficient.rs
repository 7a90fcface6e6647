//! `coefficient`: channels in blocks of coefficients, after Cheetah.
//!
//! Huang, Lu, Hong and Ding, "Cheetah: Lean and Fast Secure Two-Party Deep Neural Network Inference",
//! USENIX Security 2022. Channel ch lies at X^(B ch + p), and the polynomial of an output channel has the
//! weight of channel ch and a tap at X^(B (last - ch) - shift): the last block of their product is the
//! output. Nothing is rotated, so there are no keys and no special prime, and any plaintext modulus will
//! do. Each output channel comes back in a ciphertext of its own, of whose c0 only the outputs are sent.

use crate::conv::algorithm::{Algorithm, Moduli};
use crate::conv::coefficients::algorithm::{CoefficientAlgorithm, is_short};
use crate::conv::coefficients::{CoefficientPlan, Packing};
use crate::conv::{Layer, Plan, WeightForm};

/// The algorithm.
#[derive(Clone, Copy, Debug)]
pub struct Coefficient;

impl Algorithm for Coefficient {
    fn name(&self) -> &'static str {
        "coefficient"
    }

    fn summary(&self) -> &'static str {
        "channels in blocks of coefficients, one output channel per ciphertext, no keys"
    }

    fn preset(&self) -> &'static str {
        "n2048-q50-t20"
    }

    fn is_on_slots(&self) -> bool {
        false
    }

    fn suits(&self, moduli: Moduli) -> bool {
        is_short(moduli) && !moduli.has_special
    }

    fn plans(&self, layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Plan>> {
        let Some(packing) = Packing::blocks(layer, ring_degree) else { return Vec::new() };
        let plan = |form| CoefficientPlan::new(packing.clone(), 1, form);
        WeightForm::ALL.map(plan).map(CoefficientAlgorithm::boxed).into()
    }
}
