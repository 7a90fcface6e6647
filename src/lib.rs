//! heconv: a terminal explorer and parameter tuner for homomorphically encrypted CNN convolution.
//!
//! The rooms of the house, each using only those above it:
//!
//! - `files`: their endings, and replacing them whole
//! - `units`: quantities with units
//! - [`memory`]: how much memory the process may take
//! - [`arith`]: integers modulo a word-sized prime, and the vector kernels
//! - [`ring`]: polynomials modulo X^N + 1 in residue-number form
//! - [`bfv`]: the encryption scheme
//! - [`conv`]: convolution under encryption, one file per algorithm
//! - [`tensor`]: arrays, files of tensors, and pictures
//! - [`toml_reader`]: TOML, every mistake told with its file, line and key
//! - [`network`]: networks that run, and their weights
//! - [`report`]: the one record of a run
//! - [`predict`]: every figure of a run without running it
//! - [`preset`]: networks, parameter sets, experiments and sweeps as TOML
//! - [`job`]: a whole run from what a user asked for
//! - [`draw`]: the diagrams of the documentation
//! - [`tune`]: many runs: sweeps over parameters, and the search for the best
//! - [`tui`]: the explorer
//! - [`cli`]: the command line, one file per subcommand

pub mod arith;
pub mod bfv;
pub mod cli;
pub mod conv;
pub mod draw;
pub(crate) mod files;
pub mod job;
pub mod memory;
mod nearest;
pub mod network;
pub mod predict;
pub mod preset;
pub mod report;
pub mod ring;
pub mod tensor;
pub mod toml_reader;
pub mod tui;
pub mod tune;
pub(crate) mod units;
