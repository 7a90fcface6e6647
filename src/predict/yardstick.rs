//! What measured runs are held against: the limits of the machine and its primitives.

use super::probe::{self, Limits, Primitives};
use crate::arith::kernels::Backend;
use crate::bfv::Params;

/// Measures the limits of `threads` threads, in about a quarter of a second.
///
/// # Errors
/// Why they cannot be measured, in one line.
pub fn limits(backend: Backend, threads: usize) -> Result<Limits, String> {
    probe::limits(backend, threads).map_err(|error| error.to_string())
}

/// Measures primitives under `params`, on one core, in less than a second.
///
/// # Errors
/// Why they cannot be measured, in one line.
pub fn primitives(params: &Params, backend: Backend) -> Result<Primitives, String> {
    probe::primitives(params, backend).map_err(|error| error.to_string())
}
