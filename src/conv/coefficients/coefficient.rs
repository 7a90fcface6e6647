//! `coefficient`: channels in blocks of coefficients, after Cheetah.
//!
//! Huang, Lu, Hong and Ding, "Cheetah: Lean and Fast Secure Two-Party Deep Neural Network Inference",
//! USENIX Security 2022. Channel ch lies at X^(B ch + p), and the polynomial of an output channel has the
//! weight of channel ch and a tap at X^(B (last - ch) - shift): the last block of their product is the
//! output. Nothing is rotated, so there are no keys and no special prime, and any plaintext modulus will
//! do. Each output channel comes back in a ciphertext of its own, of whose c0 only the outputs are sent.

use super::algorithm::CoefficientAlgorithm;
use super::packing::Packing;
use super::plan::CoefficientPlan;
use crate::conv::{Algorithm, Layer, WeightForm};

/// Every plan of `layer` that is worth considering.
pub fn coefficient(layer: &Layer, ring_degree: usize) -> Vec<Box<dyn Algorithm>> {
    let Some(packing) = Packing::blocks(layer, ring_degree) else { return Vec::new() };
    let plan = |form| CoefficientPlan::new(packing.clone(), 1, form);
    WeightForm::ALL.map(plan).map(CoefficientAlgorithm::boxed).into()
}
