//! `heconv check`: whether a file is what it should be.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{Failure, complete};
use crate::preset::check_file;
use crate::toml_reader::origin;

/// Arguments of `heconv check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Network, parameter, experiment or sweep files; `-` is standard input.
    #[arg(required = true, add = complete::files())]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut wrong = None;
    for path in &args.files {
        match check_file(path) {
            Ok(checked) => writeln!(io::stdout(), "{}: {checked}", origin(path))?,
            // The last is told as the command ends.
            Err(error) => {
                if let Some(before) = wrong.replace(error) {
                    writeln!(io::stderr(), "heconv: {before}")?;
                }
            }
        }
    }
    wrong.map_or(Ok(()), |error| Err(Failure::input(error)))
}
