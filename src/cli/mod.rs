//! The command line: one file per subcommand.

mod bench;
mod calibrate;
mod check;
mod choices;
mod common;
mod complete;
mod estimate;
mod explain;
mod explore;
mod export;
mod files;
mod interruption;
mod list;
mod network;
mod one;
mod output;
mod presets;
mod progress;
mod run;
mod screenshot;
mod shell;
mod sweep;
mod tune;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::{memory, units};

/// Explore and tune homomorphically encrypted CNN convolution.
///
/// Without a subcommand it opens the explorer, a terminal interface; without a terminal it convolves
/// the demo photograph and reports.
#[derive(Debug, Parser)]
#[command(
    name = "heconv",
    version,
    about,
    long_about,
    propagate_version = true,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    explore: explore::Args,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Convolve one layer under encryption and report noise, time, storage and communication.
    Run(Box<run::Args>),
    /// Run every combination of layers, parameter sets, algorithms and reductions, a row each.
    Sweep(Box<sweep::Args>),
    /// Predict what a run would give, without running it.
    Estimate(Box<estimate::Args>),
    /// Find the best parameters, algorithm and lanes for a layer or a network.
    Tune(Box<tune::Args>),
    /// Compare algorithms, reductions and threads, runs in turn, with what the machine allows.
    Bench(Box<bench::Args>),
    /// Run a whole network, layer by layer, encrypted: client and server take turns.
    Network(Box<network::Args>),
    /// Measure what primitives cost on this machine anew, for predictions of time.
    Calibrate(calibrate::Args),
    /// Show what can be named: networks, layers, params, algorithms, and more.
    List(list::Args),
    /// Check a network, parameter, experiment or sweep file.
    Check(check::Args),
    /// Write a completion script for a shell.
    Completions(shell::CompletionsArgs),
    /// Write the manual: one page, or one for each command.
    Man(shell::ManArgs),
    /// Give the terminal back when the explorer that started this has died.
    #[command(hide = true)]
    Guard(explore::GuardArgs),
    /// Run the demo in several ways and write what happened.
    #[command(hide = true)]
    Record(screenshot::RecordArgs),
    /// Draw pictures of the explorer from the recording in this program.
    #[command(hide = true)]
    Screenshot(screenshot::Args),
    /// Draw the diagrams of the documentation.
    #[command(hide = true)]
    Draw(screenshot::Args),
}

/// Why a command ends without success.
#[derive(Debug)]
enum Failure {
    /// Bad usage or bad input: exit 2.
    Input(String),
    /// A wrong result or a failed run: exit 1.
    Failed(String),
    /// Stopped by a signal: exit 130.
    Interrupted,
    /// The explorer was ended by this signal: exit 128 and its number, as shells count it.
    Signal(i32),
    /// Whoever read the output has gone; nothing is wrong.
    ClosedPipe,
}

impl Failure {
    fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Failed(format!("cannot write: {error}")),
        }
    }
}

/// Starts the process anew with one arena where its address space is limited: glibc sets 64 MiB aside
/// for every thread that allocates, of which a few would leave nothing.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn save_addresses() {
    use std::os::unix::process::CommandExt;
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    if !memory::has_limited_addresses() || std::env::var_os(ARENAS).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into());
    // This comes back only where it cannot be done; then there are the arenas.
    let _ = std::process::Command::new(program).arg0(name).args(arguments).env(ARENAS, "1").exec();
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    save_addresses();
    shell::answer_shell();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let result = match cli.command {
        Some(Command::Run(args)) => run::run(*args),
        Some(Command::Sweep(args)) => sweep::run(*args),
        Some(Command::Estimate(args)) => estimate::run(*args),
        Some(Command::Tune(args)) => tune::run(*args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Network(args)) => network::run(*args),
        Some(Command::Calibrate(args)) => calibrate::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Completions(args)) => shell::completions(&args),
        Some(Command::Man(args)) => shell::man(&args),
        Some(Command::Guard(args)) => explore::guard(&args),
        Some(Command::Record(args)) => screenshot::record(&args),
        Some(Command::Screenshot(args)) => screenshot::run(&args),
        Some(Command::Draw(args)) => screenshot::draw(&args),
        None => explore::open(&cli.explore),
    };
    let (message, code) = match result {
        Ok(()) | Err(Failure::ClosedPipe) => return ExitCode::SUCCESS,
        Err(Failure::Input(message)) => (message, 2),
        Err(Failure::Failed(message)) => (message, 1),
        Err(Failure::Interrupted) => ("interrupted".into(), 130),
        Err(Failure::Signal(signal)) => return ExitCode::from(128 + signal as u8),
    };
    complain(&message);
    ExitCode::from(code)
}

/// Writes an error to stderr, in one line, however long what it quotes may be.
fn complain(message: &str) {
    const LONGEST: usize = 400;
    const END: usize = 150;
    let characters: Vec<char> = message.chars().collect();
    let message = if characters.len() <= LONGEST {
        message.to_owned()
    } else {
        // What is wrong stands at the start, and what would be right at the end.
        let start = characters[..LONGEST - END].iter();
        start
            .chain(&[' ', '.', '.', '.', ' '])
            .chain(&characters[characters.len() - END..])
            .collect()
    };
    // Nothing is left to be done where not even an error can be written.
    let _ = writeln!(io::stderr(), "heconv: {message}");
}

/// What clap says about a value that is none of those it knows, shorter.
fn in_our_words(line: &str) -> String {
    let all = line.strip_prefix("[possible values: ").and_then(|rest| rest.strip_suffix(']'));
    let nearest = line
        .strip_prefix("tip: a similar value exists: \'")
        .and_then(|rest| rest.strip_suffix('\''));
    match (all, nearest) {
        (Some(all), _) => format!("one of {all}"),
        (_, Some(nearest)) => format!("did you mean {nearest}?"),
        _ => line.into(),
    }
}

/// Prints help, or what was wrong with the arguments in one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let noise = ["Usage:", "heconv <COMMAND>", "For more information", "tip: to pass"];
    let said = text
        .lines()
        .map(|line| in_our_words(line.trim()))
        .filter(|line| !line.is_empty() && !noise.iter().any(|start| line.starts_with(start)));
    let message = said.collect::<Vec<_>>().join("; ").replace(":; ", ": ");
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    complain(&format!("{message}; --help says more"));
    ExitCode::from(2)
}
