//! `--export`: the experiment of a command, written to a file.

use std::path::{Path, PathBuf};

use super::{Failure, files};
use crate::preset::{
    Experiment, ExportFormat, export_text, save_new, save_over, unknown_export_ending,
};
use crate::report::Record;

/// Arguments of a command that can write its experiment.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Args {
    /// Write the experiment to a file: .toml for heconv, or its parameter set alone as code for
    /// SEAL (.seal.cpp), OpenFHE (.openfhe.cpp) or Lattigo (.lattigo.go).
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Replace the file of --export where there is one.
    #[arg(long, requires = "export")]
    force: bool,
}

/// A file to write once there is something to write.
#[derive(Debug)]
pub(super) struct Export {
    path: PathBuf,
    format: ExportFormat,
    force: bool,
}

/// A directory to write experiments to, one a layer.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    force: bool,
}

/// Where what was found is to be written.
#[derive(Debug)]
pub(super) enum Target {
    /// One file.
    File(Export),
    /// One file a layer.
    Directory(Directory),
}

impl Directory {
    /// The file for the experiment of `layer`.
    pub(super) fn experiment(&self, layer: &str) -> Result<Export, Failure> {
        let name = format!("{}.toml", layer.replace(['/', '\\'], "-"));
        let path = self.path.join(name);
        let args = Args { export: Some(path.clone()), force: self.force };
        args.into_export()?.ok_or_else(|| refused(&path, " is no file"))
    }
}

impl Args {
    /// The directory to export to, if any, made where it is not there.
    pub(super) fn into_directory(self) -> Result<Option<Directory>, Failure> {
        let Some(path) = self.export else { return Ok(None) };
        if ExportFormat::of(&path).is_some() {
            let what = ": must be a directory, for one experiment a layer, not a file";
            return Err(refused(&path, what));
        }
        std::fs::create_dir_all(&path).map_err(|error| {
            refused(&path, &format!(": must be a directory, for one experiment a layer: {error}"))
        })?;
        Ok(Some(Directory { path, force: self.force }))
    }

    /// The export asked for, if any, once it is clear that it can be written.
    pub(super) fn into_export(self) -> Result<Option<Export>, Failure> {
        let Some(path) = self.export else { return Ok(None) };
        let format = ExportFormat::of(&path)
            .ok_or_else(|| refused(&path, &format!(": {}", unknown_export_ending())))?;
        files::check_directory("--export", &path)?;
        if path.is_dir() {
            return Err(refused(&path, " is a directory"));
        }
        // A link that leads nowhere is there too.
        if path.symlink_metadata().is_ok() && !self.force {
            return Err(refused(&path, " is there already; --force replaces it"));
        }
        Ok(Some(Export { path, format, force: self.force }))
    }
}

impl Export {
    /// Whether the file is to hold the whole experiment, so that heconv can repeat it.
    pub(super) fn is_whole(&self) -> bool {
        self.format == ExportFormat::Toml
    }

    /// Writes the file.
    pub(super) fn write(
        &self,
        experiment: &Experiment,
        record: Option<&Record>,
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("cannot write --export {}: {error}", self.path.display()))
        };
        let text = export_text(self.format, experiment, record).map_err(|error| failed(&error))?;
        let save = if self.force { save_over } else { save_new };
        save(&self.path, &text).map_err(|error| failed(&error))
    }
}

fn refused(path: &Path, problem: &str) -> Failure {
    Failure::Input(format!("--export {}{problem}", path.display()))
}
