//! heconv: a terminal explorer and parameter tuner for homomorphically encrypted CNN convolution.
//!
//! The rooms of the house, each using only those above it:
//!
//! - [`arith`]: integers modulo a word-sized prime, and the vector kernels
//! - [`ring`]: polynomials modulo X^N + 1 in residue-number form
//! - [`bfv`]: the encryption scheme
//! - [`conv`]: convolution under encryption, one file per algorithm
//! - [`report`]: the one record of a run
//! - [`preset`]: networks, parameter sets and experiments as TOML
//! - [`tensor`]: .npy arrays and PNG pictures
//! - [`job`]: a whole run from what a user asked for
//! - [`tune`]: finding the best parameters
//! - [`tui`]: the explorer
//! - [`cli`]: the command line, one file per subcommand

pub mod arith;
pub mod bfv;
pub mod cli;
pub mod conv;
pub mod job;
pub mod preset;
pub mod report;
pub mod ring;
pub mod tensor;
pub mod tui;
pub mod tune;
