//! `heconv completions` and `heconv man`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Command, CommandFactory, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;
use clap_mangen::Man;

use super::{Cli, Failure};

/// The variable by which a shell asks for completions.
const VARIABLE: &str = "HECONV_COMPLETE";

/// Arguments of `heconv completions`.
#[derive(Debug, clap::Args)]
pub(super) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Arguments of `heconv man`.
#[derive(Debug, clap::Args)]
pub(super) struct ManArgs {
    /// Write a page for each command to this directory: heconv.1, heconv-run.1, and so on; one page
    /// about all of them on standard output where absent.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

/// Answers a shell that asks what could come next, and ends; does nothing where none asks.
pub(super) fn answer_shell() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let name = args.shell.to_possible_value().map(|value| value.get_name().to_owned());
    let shells = Shells::builtins();
    let shell = name.as_deref().and_then(|name| shells.completer(name));
    let shell = shell.ok_or_else(|| Failure::Failed("no such shell".into()))?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "heconv", "heconv", "heconv", &mut script)?;
    Ok(io::stdout().write_all(&script)?)
}

pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    // The pages of `help` would say again what those of the commands do.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(directory) = &args.directory {
        let failed = |error| {
            Failure::Failed(format!("cannot write to --directory {}: {error}", directory.display()))
        };
        std::fs::create_dir_all(directory).map_err(failed)?;
        return clap_mangen::generate_to(command, directory).map_err(failed);
    }
    // Through a buffer: whatever happens to the reader, it gets whole sections.
    let mut page = Vec::new();
    whole_page(&command, &mut page)?;
    Ok(io::stdout().write_all(&page)?)
}

/// One page about the program and all of its commands.
fn whole_page(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    let shown = |command: &&Command| !command.is_hide_set();
    for command in command.get_subcommands().filter(shown) {
        writeln!(page, ".SH \"HECONV {}\"", command.get_name().to_uppercase())?;
        let man = Man::new(command.clone());
        for (heading, render) in [
            ("DESCRIPTION", Man::render_description_section as fn(&Man, &mut dyn Write) -> _),
            ("SYNOPSIS", Man::render_synopsis_section),
            ("OPTIONS", Man::render_options_section),
        ] {
            let mut section = Vec::new();
            render(&man, &mut section)?;
            let section = String::from_utf8_lossy(&section);
            // The command has a section of its own; these are parts of it.
            page.extend(section.replace(&format!(".SH {heading}\n"), ".PP\n").bytes());
        }
    }
    man.render_version_section(page)
}
