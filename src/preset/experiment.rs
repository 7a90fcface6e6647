//! An experiment file: all that a run needs.

use std::path::Path;

use crate::arith::kernels::Reduction;
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{ParamsSpec, SHARED_BY};
use crate::conv::{AlgorithmChoice, Choice, WeightForm};
use crate::toml_reader::{origin, read_text};

use super::Strictness;
use super::error::{PresetError, Problem};
use super::layer::{self, LayerPreset};
use super::params;
use super::reader::{Section, Source};

/// The most threads an experiment may ask for.
pub const MAX_THREADS: usize = 4096;

/// A run as a file gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// The layer.
    pub layer: LayerPreset,
    /// The encryption parameters.
    pub params: ParamsSpec,
    /// What they are held against.
    pub policy: SecurityPolicy,
    /// The algorithm, where given.
    pub algorithm: Option<AlgorithmChoice>,
    /// The reduction mode, where given.
    pub reduction: Option<Reduction>,
    /// The number of threads, where given.
    pub threads: Option<usize>,
    /// The seed of data and secrets, where given.
    pub seed: Option<u64>,
    /// What of the plan is given.
    pub pinned: Choice,
}

/// The last four are what an exported experiment reports about its run; they are not read.
pub(super) const KEYS: [&str; 16] = [
    "schema",
    "layer",
    "params",
    "algorithm",
    "reduction",
    "threads",
    "seed",
    "lanes",
    "babies",
    "weight_form",
    "shared_by",
    "security",
    "plan",
    "predicted",
    "measured",
    "heconv_version",
];

/// The keys that no other kind of file has.
pub(super) const RUN_KEYS: &[&str] = KEYS.split_at(3).1;

impl Experiment {
    /// Reads the text of an experiment file; `origin` is the name to use for it in errors.
    ///
    /// Strides, groups and insecure parameters pass, whether or not they can be run.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PresetError> {
        let source = Source { origin, text };
        let table = source.parse()?;
        read(&Section::root(source, &table)?, Strictness::Load)
    }

    /// Reads an experiment file, as [`Experiment::parse`] does.
    ///
    /// # Errors
    /// That the file cannot be read, or its first mistake.
    pub fn read(path: &Path) -> Result<Self, PresetError> {
        Self::parse(&read_text(path)?, &origin(path))
    }
}

pub(super) fn read(root: &Section<'_>, strictness: Strictness) -> Result<Experiment, PresetError> {
    root.only(&KEYS)?;

    let algorithm = root
        .get("algorithm")
        .map(|field| field.one_of(&AlgorithmChoice::all(), AlgorithmChoice::name))
        .transpose()?;
    let reduction = root
        .get("reduction")
        .map(|field| field.one_of(&Reduction::ALL, Reduction::name))
        .transpose()?;
    let threads =
        root.get("threads").map(|field| field.integer(1..=MAX_THREADS as i128)).transpose()?;
    let seed = root.get("seed").map(|field| field.integer(0..=u64::MAX.into())).transpose()?;
    let count = |key| root.get(key).map(|field| field.integer(1..=32768)).transpose();
    let (lanes, babies) = (count("lanes")?, count("babies")?);
    let weight_form = root
        .get("weight_form")
        .map(|field| field.one_of(&WeightForm::ALL, WeightForm::name))
        .transpose()?;
    let shared_by = root
        .get("shared_by")
        .map(|field| {
            let by = field.integer(1..=8)?;
            let by = SHARED_BY.into_iter().find(|one| *one as i128 == by);
            by.ok_or_else(|| field.error(Problem::SharedBy))
        })
        .transpose()?;
    let policy = policy(root)?;
    let section = root.need("layer")?.section(" in [layer]", "a [layer] table")?;
    Ok(Experiment {
        layer: layer::read(&section, None)?,
        params: params::read_within(root, strictness, policy)?,
        policy,
        algorithm,
        reduction,
        threads: threads.map(|threads| threads as usize),
        seed: seed.map(|seed| seed as u64),
        pinned: Choice {
            lanes: lanes.map(|lanes| lanes as usize),
            babies: babies.map(|babies| babies as usize),
            weight_form,
            shared_by,
        },
    })
}

const SECURITY_KEYS: [&str; 3] = ["table", "level", "insecure"];

/// What parameters are held against; what `[security]` does not say is as by default.
fn policy(root: &Section<'_>) -> Result<SecurityPolicy, PresetError> {
    let mut policy = SecurityPolicy::default();
    let Some(field) = root.get("security") else { return Ok(policy) };
    let section = field.section(" in [security]", "a [security] table")?;
    section.only(&SECURITY_KEYS)?;
    if let Some(field) = section.get("table") {
        policy.table = field.one_of(&SecurityTable::ALL, SecurityTable::name)?;
    }
    if let Some(field) = section.get("level") {
        let bits = field.integer(0..=i128::from(u32::MAX))?;
        let level = SecurityLevel::ALL.into_iter().find(|level| i128::from(level.bits()) == bits);
        policy.level = level.ok_or_else(|| field.error(Problem::Level { bits }))?;
    }
    if let Some(field) = section.get("insecure") {
        policy.insecure = field.boolean()?;
    }
    Ok(policy)
}
