//! A sweep file: layers, parameter sets, algorithms and reductions, all with all.

use std::path::Path;

use crate::arith::kernels::Reduction;
use crate::bfv::ParamsSpec;
use crate::conv::AlgorithmKind;
use crate::toml_reader::{origin, read_text};

use super::error::{PresetError, Problem};
use super::experiment::MAX_THREADS;
use super::layer::LayerPreset;
use super::reader::{Field, Section, Source};
use super::{Catalogue, grid};

/// How often a point of a sweep may be repeated.
pub const MAX_REPEAT: usize = 1000;

/// A sweep as a file gives it. What a file leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepFile {
    /// The layers of `layers`, pattern by pattern.
    pub layers: Option<Vec<LayerPreset>>,
    /// The parameter sets of `params`, pattern by pattern, then those of the grids, which need not
    /// be valid.
    pub params: Option<Vec<ParamsSpec>>,
    /// The algorithms.
    pub algorithms: Option<Vec<AlgorithmKind>>,
    /// The reduction modes.
    pub reductions: Option<Vec<Reduction>>,
    /// The number of threads.
    pub threads: Option<usize>,
    /// The seed of data and secrets.
    pub seed: Option<u64>,
    /// How often to run each point.
    pub repeat: Option<usize>,
}

pub(super) const KEYS: [&str; 9] =
    ["schema", "layers", "params", "algorithms", "reductions", "threads", "seed", "repeat", "grid"];

/// The keys that no other kind of file has.
pub(super) const SWEEP_KEYS: [&str; 5] = ["layers", "algorithms", "reductions", "repeat", "grid"];

impl SweepFile {
    /// Reads the text of a sweep file; `origin` is the name to use for it in errors. Its patterns
    /// are looked up in `catalogue`.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str, origin: &str, catalogue: &Catalogue) -> Result<Self, PresetError> {
        let source = Source { origin, text };
        let table = source.parse()?;
        read(&Section::root(source, &table)?, catalogue)
    }

    /// Reads a sweep file, as [`SweepFile::parse`] does.
    ///
    /// # Errors
    /// That the file cannot be read, or its first mistake.
    pub fn read(path: &Path, catalogue: &Catalogue) -> Result<Self, PresetError> {
        Self::parse(&read_text(path)?, &origin(path), catalogue)
    }
}

/// Whether the file is a sweep, by the keys it has.
pub(super) fn is_one(root: &Section<'_>) -> bool {
    let has_list = root.get("params").is_some_and(|field| field.is_list() || field.is_text());
    has_list || SWEEP_KEYS.iter().any(|key| root.get(key).is_some())
}

pub(super) fn read(root: &Section<'_>, catalogue: &Catalogue) -> Result<SweepFile, PresetError> {
    root.only(&KEYS)?;
    let threads = 1..=MAX_THREADS as i128;
    let threads = root.get("threads").map(|field| field.integer(threads)).transpose()?;
    let seed = root.get("seed").map(|field| field.integer(0..=u64::MAX.into())).transpose()?;
    let repeat = 1..=MAX_REPEAT as i128;
    let repeat = root.get("repeat").map(|field| field.integer(repeat)).transpose()?;
    let layers = "a list of layer names or patterns";
    let layers = root
        .get("layers")
        .map(|field| named(&field, layers, |pattern| catalogue.layers_matching(pattern)));
    Ok(SweepFile {
        layers: layers.transpose()?,
        params: params(root, catalogue)?,
        algorithms: words(root, "algorithms", &AlgorithmKind::ALL, AlgorithmKind::name)?,
        reductions: words(root, "reductions", &Reduction::ALL, Reduction::name)?,
        threads: threads.map(|threads| threads as usize),
        seed: seed.map(|seed| seed as u64),
        repeat: repeat.map(|repeat| repeat as usize),
    })
}

/// The sets of `params` and of the grids.
fn params(
    root: &Section<'_>,
    catalogue: &Catalogue,
) -> Result<Option<Vec<ParamsSpec>>, PresetError> {
    let expected = "a list of parameter names, patterns, files or sets";
    let listed = root
        .get("params")
        .map(|field| named(&field, expected, |pattern| catalogue.params_matching(pattern)))
        .transpose()?;
    let Some(field) = root.get("grid") else { return Ok(listed) };
    let mut sets = listed.unwrap_or_default();
    for table in field.filled_list("a list of [[grid]] tables")? {
        sets.extend(grid::read(&table.section(" in [[grid]]", "a [[grid]] table")?)?);
    }
    Ok(Some(sets))
}

/// The presets that the patterns of a list name, pattern by pattern.
fn named<T>(
    field: &Field<'_>,
    expected: &'static str,
    matching: impl Fn(&str) -> Result<Vec<T>, PresetError>,
) -> Result<Vec<T>, PresetError> {
    let mut all = Vec::new();
    for entry in field.filled_list(expected)? {
        let found = matching(entry.text()?);
        all.extend(found.map_err(|error| entry.error(Problem::Named(error.to_string())))?);
    }
    Ok(all)
}

/// The things that the words of a list stand for.
fn words<T: Copy>(
    root: &Section<'_>,
    key: &'static str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<Vec<T>>, PresetError> {
    let Some(field) = root.get(key) else { return Ok(None) };
    let entries = field.filled_list("a list of names")?;
    entries.iter().map(|entry| entry.one_of(all, &name_of)).collect::<Result<_, _>>().map(Some)
}
