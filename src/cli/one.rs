//! Arguments of the commands that take one layer: an experiment file, and what overrides it.

use std::io::{self, Write};
use std::path::PathBuf;

use super::choices::AnyForm;
use super::common::Common;
use super::{Failure, calibrate, choices, complete, presets};
use crate::arith::kernels::Reduction;
use crate::conv::{AlgorithmChoice, AlgorithmKind, Choice};
use crate::job::{Estimator, RunSpec};
use crate::preset::Experiment;
use crate::tune::{Standings, any};

/// The layer where none is named.
pub(super) const DEFAULT_LAYER: &str = "demo/photo";
/// The parameters where none are named.
pub(super) const DEFAULT_PARAMS: &str = "n4096-t20";

/// One layer, its parameters and algorithm.
#[derive(Debug, Default, clap::Args)]
pub(super) struct One {
    /// An experiment file; `-` is standard input.
    #[arg(add = complete::files())]
    experiment: Option<PathBuf>,
    /// The layer, by name; the demo layer where absent.
    #[arg(long, value_name = "NAME", add = complete::layers())]
    layer: Option<String>,
    /// Parameters: a name, a file, or like '4096:35,35|36:20' (ring degree : limb bits | special
    /// bits : plain bits); n4096-t20 where absent.
    #[arg(long, value_name = "NAME|FILE|SET", add = complete::params())]
    params: Option<String>,
    /// The algorithm, or `any` for the one with the least predicted total time; hadamard-fused where
    /// absent.
    #[arg(long, value_parser = choices::algorithm(), value_name = "NAME|any")]
    algorithm: Option<AlgorithmChoice>,
    /// How sums are reduced; lazy where absent.
    #[arg(long, value_parser = choices::reduction(), value_name = "MODE")]
    reduction: Option<Reduction>,
    /// Lanes of a ciphertext, or its interleaved channels; chosen by predicted server time where absent.
    #[arg(long, value_name = "C")]
    lanes: Option<usize>,
    /// Baby steps of `interleaved`; chosen by predicted server time where absent.
    #[arg(long, value_name = "B")]
    babies: Option<usize>,
    /// How `coefficient` and `interleaved` store weights: their transforms, or themselves, to be
    /// transformed at every inference; `auto` is what is fastest.
    #[arg(long, value_parser = choices::weight_form(), value_name = "FORM")]
    weight_form: Option<AnyForm>,
    /// How many outputs share their second polynomial: fewer bytes back, for a key switch each and more
    /// keys; none where absent.
    #[arg(long, value_name = "R", value_parser = choices::shared_by())]
    shared_by: Option<usize>,
    /// The weights, of shape (output channels, input channels, rows, columns): whole numbers as they
    /// are, or floats, which are quantised; the array of a .npy file, or LAYER.weight, or what the
    /// layer's network calls it, in a .npz or .safetensors file.
    #[arg(long, value_name = "FILE.npy|FILE.npz|FILE.safetensors")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl One {
    /// The run these arguments ask for, once, on the layer's own input; and what they say of its
    /// algorithm, which is its own unless it is any.
    pub(super) fn into_spec(self) -> Result<(RunSpec, AlgorithmChoice), Failure> {
        let file = self.experiment.as_deref().map(Experiment::read).transpose();
        let file = file.map_err(Failure::input)?;
        let catalogue = presets::load()?;
        let named = |name: &str| catalogue.layer(name).cloned().map_err(Failure::input);
        let layer = match (&self.layer, &file) {
            (Some(name), _) => named(name)?,
            (None, Some(file)) => catalogue.with_origin(file.layer.clone()),
            (None, None) => named(DEFAULT_LAYER)?,
        };
        let named = |name: &str| catalogue.params_set(name).map_err(Failure::input);
        let params = match (&self.params, &file) {
            (Some(name), _) => named(name)?,
            (None, Some(file)) => file.params.clone(),
            (None, None) => named(DEFAULT_PARAMS)?,
        };
        let file = file.as_ref();
        let common = &self.common;
        let usual = AlgorithmKind::HadamardFused;
        let choice = self.algorithm.or(file.and_then(|f| f.algorithm)).unwrap_or(usual.into());
        let pinned = file.map(|file| file.pinned).unwrap_or_default();
        let spec = RunSpec {
            policy: common.policy_over(file.map(|f| f.policy)),
            algorithm: choice.one().unwrap_or(usual),
            reduction: self.reduction.or(file.and_then(|f| f.reduction)).unwrap_or(Reduction::Lazy),
            backend: common.backend(),
            threads: common.threads(file.and_then(|f| f.threads))?,
            seed: common.seed(file.and_then(|f| f.seed)),
            max_memory: common.max_memory(),
            weights: self.weights,
            link: common.link(),
            pinned: Choice {
                lanes: self.lanes.or(pinned.lanes),
                babies: self.babies.or(pinned.babies),
                weight_form: self.weight_form.map_or(pinned.weight_form, |form| form.0),
                shared_by: self.shared_by.or(pinned.shared_by),
            },
            costs: calibrate::costs(common.backend()),
            ..RunSpec::new(layer, params)
        };
        Ok((spec, choice))
    }
}

/// `run` with the algorithm that was chosen, or with the one that is predicted to be best, which is
/// said on stderr.
pub(super) fn settled(
    run: RunSpec,
    choice: AlgorithmChoice,
    estimator: &Estimator,
) -> Result<RunSpec, Failure> {
    if choice != AlgorithmChoice::Any {
        return Ok(run);
    }
    let (run, standings) = any(estimator, &run).map_err(Failure::input)?;
    writeln!(io::stderr(), "heconv: any: {}", told(&standings))?;
    Ok(run)
}

/// What was chosen, and over what.
fn told(standings: &Standings) -> String {
    let mut ranked = standings.ranked.iter().map(|(kind, total)| (kind.name(), total));
    let best = ranked.next().map(|(name, total)| format!("{name}, {total:.1} ms total predicted"));
    let others = ranked.map(|(name, total)| format!("{name} {total:.1} ms"));
    let next = match others.collect::<Vec<_>>().join(", ") {
        others if others.is_empty() => "; no other will do".into(),
        others => format!("; next {others}"),
    };
    best.unwrap_or_default() + &next
}
