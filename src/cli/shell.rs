//! `heconv completions` and `heconv man`.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure};

/// Arguments of `heconv completions`.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    // Through a buffer: the generator panics where the reader has gone.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "heconv", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

pub(super) fn man() -> Result<(), Failure> {
    Ok(clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?)
}
