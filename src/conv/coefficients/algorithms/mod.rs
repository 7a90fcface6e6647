//! The algorithms on coefficients, one file each: they differ in packings.

pub mod coefficient;
pub mod interleaved;
