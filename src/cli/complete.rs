//! Completion of names of presets, the user's own among them, and of files beside them.

use std::ffi::OsStr;

use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};

use crate::network::onnx::Builtin;
use crate::preset::{Catalogue, LayerPreset};

/// Completes names of layers.
pub(super) fn layers() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        named(typed, |catalogue| catalogue.layers().map(LayerPreset::full_name).collect())
    })
}

/// Completes names of networks, and files.
pub(super) fn networks() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut names = named(typed, |all| all.networks().map(|one| one.name.clone()).collect());
        names.extend(beginning_with(typed, [Builtin::NAME.into()]));
        with_files(names, typed)
    })
}

/// Completes names of parameter sets, and files.
pub(super) fn params() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| with_files(sets(typed), typed))
}

/// As [`params`], where sets may be tuned too.
pub(super) fn tuned_params() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut names = beginning_with(typed, ["tuned".into(), "tuned-shared".into()]);
        names.extend(sets(typed));
        with_files(names, typed)
    })
}

/// Completes TOML files.
pub(super) fn files() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| with_files(Vec::new(), typed))
}

fn sets(typed: &OsStr) -> Vec<CompletionCandidate> {
    named(typed, |catalogue| catalogue.params().map(|set| set.name.clone()).collect())
}

/// The names of a catalogue that begin with what was typed. What is broken is not told here.
fn named(typed: &OsStr, names: impl Fn(&Catalogue) -> Vec<String>) -> Vec<CompletionCandidate> {
    let names = Catalogue::load().map(|catalogue| names(&catalogue)).unwrap_or_default();
    beginning_with(typed, names)
}

fn beginning_with(
    typed: &OsStr,
    names: impl IntoIterator<Item = String>,
) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let names = names.into_iter().filter(|name| name.starts_with(typed.as_ref()));
    names.map(CompletionCandidate::new).collect()
}

/// `names`, and after them the TOML files that what was typed leads to.
fn with_files(mut names: Vec<CompletionCandidate>, typed: &OsStr) -> Vec<CompletionCandidate> {
    let is_toml = |path: &std::path::Path| path.extension().is_some_and(|end| end == "toml");
    names.extend(PathCompleter::any().filter(is_toml).complete(typed));
    names
}
