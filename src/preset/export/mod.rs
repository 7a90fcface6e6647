//! Writing an experiment to a file: all of it for heconv, its parameter set for other libraries.

mod keys;
mod lattigo;
mod library;
mod openfhe;
mod save;
mod seal;
mod toml;

use std::path::Path;

use self::library::LibrarySet;
use super::Experiment;
use crate::bfv::ParamsError;
use crate::files;
use crate::report::Record;

pub use self::save::{save_new, save_over};
pub use self::toml::{experiment_toml, layers_toml, params_toml, sweep_toml};

/// What a file of an experiment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The whole experiment, for heconv.
    Toml,
    /// The parameter set in C++, for Microsoft SEAL 4.
    Seal,
    /// The parameter set in C++, for OpenFHE.
    OpenFhe,
    /// The parameter set in Go, for Lattigo 6.
    Lattigo,
}

impl ExportFormat {
    /// Every format, heconv's own first.
    pub const ALL: [Self; 4] = [Self::Toml, Self::Seal, Self::OpenFhe, Self::Lattigo];

    /// How the names of such files end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Toml => ".toml",
            Self::Seal => ".seal.cpp",
            Self::OpenFhe => ".openfhe.cpp",
            Self::Lattigo => ".lattigo.go",
        }
    }

    /// The format that the name of a file asks for, if any.
    pub fn of(path: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|format| files::ends_in(path, format.ending()))
    }
}

/// What is wrong with the name of a file of which [`ExportFormat::of`] knows no format.
pub fn unknown_export_ending() -> String {
    files::must_end_in(ExportFormat::ALL.map(ExportFormat::ending))
}

/// The text of a file in `format`, with the figures of the experiment's run where there is one.
///
/// # Errors
/// That the parameters are not well formed, of which no library could be told. Parameters above the
/// security cap are, and are marked as such.
pub fn export_text(
    format: ExportFormat,
    experiment: &Experiment,
    record: Option<&Record>,
) -> Result<String, ParamsError> {
    let set = || LibrarySet::new(experiment);
    Ok(match format {
        ExportFormat::Toml => experiment_toml(experiment, record),
        ExportFormat::Seal => seal::text(&set()?),
        ExportFormat::OpenFhe => openfhe::text(&set()?),
        ExportFormat::Lattigo => lattigo::text(&set()?),
    })
}
