//! Networks, parameter sets, experiments and sweeps as TOML files: those embedded in the binary, and the
//! user's own.
//!
//! - A *network* is a list of layers: `schema = 1`, `name`, `about`, then `[[layer]]` tables. One
//!   that gives its `input` is a graph that runs: its layers say what they take (`from`, else the
//!   layer before) and what follows them (`bias`, `add`, `activation`, `pool`), and the sizes of
//!   their inputs need not be given.
//! - A *parameter set* is `schema = 1` and a `[params]` table.
//! - An *experiment* is all that a run needs in one file: `schema = 1`, `algorithm`, `reduction`,
//!   `threads`, `seed`, a `[layer]` and a `[params]` table; `[security]` says what the parameters are
//!   held against.
//! - A *sweep* lists what is to be run in all combinations: `schema = 1`, `layers`, `params`,
//!   `algorithms`, `reductions`, `threads`, `seed`, `repeat` and `[[grid]]` tables.
//!
//! Whatever is wrong with a file is told in one line that names the file, the line and what would
//! be right.

use crate::bfv::security::SecurityPolicy;

mod catalogue;
mod check;
mod data;
mod error;
mod experiment;
mod export;
mod files;
mod filter;
mod grid;
mod inline;
mod layer;
mod network;
mod node;
mod not_yet;
mod params;
mod reader;
mod select;
mod sweep;
#[cfg(test)]
mod tests;

pub use catalogue::Catalogue;
pub use check::{Checked, Preset, PresetKind, check_file, read_preset};
pub use data::LayerData;
pub use error::{Pattern, PresetError, Problem};
pub use experiment::{Experiment, MAX_THREADS};
pub use export::{
    ExportFormat, experiment_toml, export_text, layers_toml, params_toml, save_new, save_over,
    sweep_toml, unknown_export_ending,
};
pub use files::network_text;
pub use filter::Filter;
pub use inline::parse as inline_params;
pub use layer::{LayerPreset, OWN_NETWORK};
pub use network::Network;
pub use sweep::{MAX_REPEAT, SweepFile};

/// How much a reader lets pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    /// Strides, groups and insecure parameters that are well formed, though a run would refuse
    /// them.
    Load,
    /// Only what runs without further flags.
    Check,
}

impl Strictness {
    /// What parameters are held against where `policy` is that of their file.
    const fn policy(self, policy: SecurityPolicy) -> SecurityPolicy {
        let insecure = matches!(self, Self::Load) || policy.insecure;
        SecurityPolicy { insecure, ..policy }
    }
}
