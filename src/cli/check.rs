//! `heconv check`: whether a file is what it should be.

use std::io::{self, Write};
use std::path::PathBuf;

use super::Failure;
use crate::preset::check_file;

/// Arguments of `heconv check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network, parameter, experiment or sweep files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for path in &args.files {
        let checked = check_file(path).map_err(Failure::input)?;
        writeln!(out, "{}: {checked}", path.display())?;
    }
    Ok(())
}
