//! Completion of names of presets, the user's own among them, and of files beside them.

use std::ffi::OsStr;

use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};

use crate::network::onnx::Builtin;
use crate::preset::{Catalogue, LayerPreset};
use crate::tui::OPENED;

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
        with_files(names, typed, &["toml", "onnx"])
    })
}

/// Completes names of parameter sets, and files.
pub(super) fn params() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| with_files(sets(typed), typed, &["toml"]))
}

/// As [`params`], where sets may be tuned too.
pub(super) fn tuned_params() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let mut names = beginning_with(typed, ["tuned".into(), "tuned-shared".into()]);
        names.extend(sets(typed));
        with_files(names, typed, &["toml"])
    })
}

/// Completes files that the explorer opens.
pub(super) fn files() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| with_files(Vec::new(), typed, &OPENED))
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

/// `names`, and after them the files with one of these endings that what was typed leads to.
fn with_files(
    mut names: Vec<CompletionCandidate>,
    typed: &OsStr,
    endings: &'static [&'static str],
) -> Vec<CompletionCandidate> {
    let is_wanted = |path: &std::path::Path| {
        let end = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        endings.iter().any(|ending| ending.trim_start_matches('.').eq_ignore_ascii_case(end))
    };
    names.extend(PathCompleter::any().filter(is_wanted).complete(typed));
    names
}
