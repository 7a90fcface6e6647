//! What the algorithms share that work on coefficients: how planes lie in the coefficients of a
//! polynomial, which polynomials weights make, and their products.
//!
//! A product of polynomials does all taps of a kernel at once, and its factors are small integers: it
//! takes far fewer multiplications than lanes do, and adds far less noise.

mod algorithm;
pub mod algorithms;
mod packing;
mod plan;
mod polynomials;
mod touched;
mod weights;

pub use packing::{Packing, Spread};
pub use plan::CoefficientPlan;
pub use polynomials::Polynomials;
pub use weights::{Space, Weights};

#[cfg(test)]
mod tests;
