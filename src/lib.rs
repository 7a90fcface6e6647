//! heconv: a terminal explorer and parameter tuner for homomorphically encrypted CNN convolution.
//!
//! The rooms of the house, each using only those above it:
//!
//! - [`arith`]: integers modulo a word-sized prime, and the vector kernels
//! - [`ring`]: polynomials modulo X^N + 1 in residue-number form
//! - [`bfv`]: the encryption scheme
//! - [`conv`]: convolution under encryption, one file per algorithm
//! - [`preset`]: networks, parameter sets and experiments as TOML

pub mod arith;
pub mod bfv;
pub mod conv;
pub mod preset;
pub mod ring;
