//! `heconv record`, `heconv screenshot` and `heconv draw`, with which the pictures of the documentation
//! are made.

use std::fs;
use std::path::PathBuf;

use super::Failure;
use crate::draw::diagrams;
use crate::tui::{Recording, pictures};

/// Arguments of `heconv record`.
#[derive(Debug, clap::Args)]
pub(super) struct RecordArgs {
    /// Where to write the recording.
    file: PathBuf,
    /// How often to run everything; the run in the middle by its total time is kept.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    tries: u32,
}

/// Arguments of `heconv screenshot` and `heconv draw`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write the pictures.
    directory: PathBuf,
}

pub(super) fn record(args: &RecordArgs) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let recording = Recording::make(threads, args.tries).map_err(failed)?;
    let text = recording.to_json().map_err(failed)?;
    fs::write(&args.file, text).map_err(|error| failed(format!("{}: {error}", args.file.display())))
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    write(args, pictures().map_err(failed)?)
}

pub(super) fn draw(args: &Args) -> Result<(), Failure> {
    write(args, diagrams().map_err(failed)?)
}

fn write(args: &Args, pictures: Vec<(&str, String)>) -> Result<(), Failure> {
    fs::create_dir_all(&args.directory)?;
    for (name, picture) in pictures {
        fs::write(args.directory.join(name), picture)?;
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}
