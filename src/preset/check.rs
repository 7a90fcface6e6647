//! Checking a file without running it.

use std::fmt;
use std::path::Path;

use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec};
use crate::conv::LayerSpec;
use crate::toml_reader::{origin, read_text};

use super::error::{PresetError, Problem};
use super::layer::LayerPreset;
use super::reader::{Section, Source};
use super::sweep::{self, SweepFile};
use super::{Catalogue, Experiment, Network, Strictness, experiment, network, params};

/// What a file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PresetKind {
    /// A list of layers.
    Network,
    /// Encryption parameters.
    Params,
    /// All that a run needs.
    Experiment,
    /// Runs with all combinations of what it lists.
    Sweep,
}

impl PresetKind {
    /// The word for it in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Params => "parameter set",
            Self::Experiment => "experiment",
            Self::Sweep => "sweep",
        }
    }
}

/// A file that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What it describes.
    pub kind: PresetKind,
    /// What it says, in one line.
    pub summary: String,
}

impl fmt::Display for Checked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.name(), self.summary)
    }
}

/// A preset of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Preset {
    /// Layers.
    Network(Box<Network>),
    /// Encryption parameters.
    Params(ParamsSpec),
    /// A run.
    Experiment(Box<Experiment>),
    /// Runs.
    Sweep(Box<SweepFile>),
}

/// Reads a file of whatever kind; what it names is looked up in `catalogue`.
///
/// # Errors
/// That the file cannot be read, or its first mistake.
pub fn read_preset(path: &Path, catalogue: &Catalogue) -> Result<Preset, PresetError> {
    let (text, origin) = (read_text(path)?, origin(path));
    let source = Source { origin: &origin, text: &text };
    let table = source.parse()?;
    let root = Section::root(source, &table)?;
    let strictness = Strictness::Load;
    Ok(match kind(&root)? {
        PresetKind::Network => Preset::Network(Box::new(network::read(&root)?)),
        PresetKind::Params => Preset::Params(params::read_file(&root, strictness)?),
        PresetKind::Experiment => {
            let experiment = experiment::read(&root, strictness)?;
            let layer = catalogue.with_origin(experiment.layer.clone());
            Preset::Experiment(Box::new(Experiment { layer, ..experiment }))
        }
        PresetKind::Sweep => Preset::Sweep(Box::new(sweep::read(&root, catalogue)?)),
    })
}

/// Checks a network, parameter set or experiment file: that it can be run, securely; or a sweep
/// file, in which sets of a grid need not be valid.
///
/// # Errors
/// That the file cannot be read, or its first mistake.
pub fn check_file(path: &Path) -> Result<Checked, PresetError> {
    check_text(&read_text(path)?, &origin(path))
}

/// As [`check_file`], for a text read from `origin`.
pub(super) fn check_text(text: &str, origin: &str) -> Result<Checked, PresetError> {
    let source = Source { origin, text };
    let table = source.parse()?;
    let root = Section::root(source, &table)?;
    let kind = kind(&root)?;
    let strictness = Strictness::Check;
    let summary = match kind {
        PresetKind::Network => {
            let network = network::read(&root)?;
            let (count, plural) = (network.layers.len(), network.layers.len() != 1);
            let runs = network.graph.map_or_else(String::new, |graph| {
                let [channels, height, width] = graph.input_shape();
                format!(", runs on {channels}x{height}x{width}")
            });
            format!("{:?}: {count} layer{}{runs}", network.name, if plural { "s" } else { "" })
        }
        PresetKind::Params => {
            describe_params(&params::read_file(&root, strictness)?, SecurityPolicy::default())
        }
        PresetKind::Experiment => {
            let experiment = experiment::read(&root, strictness)?;
            let layer = describe_layer(&experiment.layer);
            format!(
                "{layer}; parameters {}",
                describe_params(&experiment.params, experiment.policy)
            )
        }
        PresetKind::Sweep => {
            describe_sweep(source.stem(), &sweep::read(&root, &Catalogue::load()?)?)
        }
    };
    Ok(Checked { kind, summary })
}

/// What the file is, by the tables it has.
fn kind(root: &Section<'_>) -> Result<PresetKind, PresetError> {
    match root.get("layer") {
        Some(field) if field.is_list() => Ok(PresetKind::Network),
        Some(_) => Ok(PresetKind::Experiment),
        None if sweep::is_one(root) => Ok(PresetKind::Sweep),
        None => {
            root.only(&[&network::KEYS[..], &experiment::KEYS, &sweep::KEYS].concat())?;
            let of_a_run = experiment::RUN_KEYS.iter().any(|key| root.get(key).is_some());
            match root.get("params") {
                Some(_) if of_a_run => Ok(PresetKind::Experiment),
                Some(_) => Ok(PresetKind::Params),
                None => Err(root.error(Problem::NoPreset)),
            }
        }
    }
}

fn describe_layer(layer: &LayerPreset) -> String {
    let name = layer.full_name();
    let LayerSpec { in_channels, out_channels, height, width, kernel: [rows, columns], .. } =
        layer.spec;
    format!("{name:?}: {in_channels}->{out_channels}, {height}x{width}, kernel {rows}x{columns}")
}

fn describe_params(spec: &ParamsSpec, policy: SecurityPolicy) -> String {
    let (name, ring_degree, limbs) = (&spec.name, spec.ring_degree, spec.limbs.len());
    let found = Params::new(spec, &policy).map_or_else(
        |_| String::new(),
        |params| format!(", log2(QP) {:.1}, t = {}", params.log2_qp(), params.plain().value()),
    );
    format!("{name:?}: ring degree {ring_degree}, limbs {limbs}{found}")
}

/// What the file lists; what it leaves out comes from the command line.
fn describe_sweep(name: &str, sweep: &SweepFile) -> String {
    let count = |count: Option<usize>, what: &str| {
        count.map(|count| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
    };
    let parts = [
        count(sweep.layers.as_ref().map(Vec::len), "layer"),
        count(sweep.params.as_ref().map(Vec::len), "parameter set"),
        count(sweep.algorithms.as_ref().map(Vec::len), "algorithm"),
        count(sweep.reductions.as_ref().map(Vec::len), "reduction"),
    ];
    format!("{name:?}: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
