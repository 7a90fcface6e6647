//! The BFV scheme: parameters and their security, keys, encryption, evaluation, noise and wire
//! format.

pub mod params;
pub mod security;

pub use params::{Params, ParamsError, ParamsSpec, PrimeSpec};
