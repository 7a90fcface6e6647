//! A bare `heconv`: the explorer, or without a terminal the demo run.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

use super::{Failure, presets, run};
use crate::memory;
use crate::report::History;
use crate::tui::config::Config;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Theme;
use crate::tui::{App, ColourDepth, Style};

/// Arguments of `heconv guard`, which the explorer starts.
#[derive(Debug, clap::Args)]
pub(super) struct GuardArgs {
    /// The terminal's modes: input, output, control, local.
    #[arg(num_args = 4, required = true)]
    modes: Vec<u64>,
}

/// Stands guard over the explorer's terminal.
pub(super) fn guard(args: &GuardArgs) -> Result<(), Failure> {
    let modes = args.modes.first_chunk().copied().unwrap_or_default();
    Ok(crate::tui::stand_guard(modes)?)
}

/// Opens the explorer.
pub(super) fn open(ascii: bool) -> Result<(), Failure> {
    if let Some(why) = no_explorer() {
        writeln!(
            io::stderr(),
            "heconv: {why}, so this is the demo run; `heconv run` is the command for it"
        )?;
        return run::run(run::Args::default());
    }
    let catalogue = presets::load()?;
    // Without a home there are no settings: a directory that cannot exist stands for none.
    let directory = choose_base_strategy().map(|base| base.config_dir().join("heconv"));
    let directory = directory.unwrap_or_else(|_| PathBuf::from("/nonexistent/heconv"));
    let mut notices: Vec<String> = catalogue.notices().map(String::from).collect();
    let (config, themes) = settings(&directory, &mut notices)?;
    let get = |name: &str| std::env::var(name).ok();
    let glyphs = Glyphs::choose(if ascii { Some(true) } else { config.ascii }, get);
    let style = Style::new(themes, &config.theme, ColourDepth::detect(get), glyphs);
    // Without a place for the history the explorer starts with none and keeps none.
    let history = History::open_default().ok();
    let loaded = history.as_ref().and_then(|history| history.load().ok()).unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let max_memory = memory::default_limit();
    let (mut app, first) =
        App::new(&catalogue, config.keymap, style, loaded.records, threads, max_memory)
            .map_err(Failure::input)?;
    app.warn(&notices);
    match crate::tui::run(app, first, history)? {
        None => Ok(()),
        Some(signal) => Err(Failure::Signal(signal)),
    }
}

/// Why the explorer cannot be here, if it cannot.
fn no_explorer() -> Option<&'static str> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Some("no terminal for the explorer");
    }
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_dumb.then_some("the explorer cannot be drawn where TERM=dumb")
}

/// The user's settings and all themes. A file that is broken is told on standard error and among
/// the `notices`, and what it says is as by default.
fn settings(directory: &Path, notices: &mut Vec<String>) -> Result<(Config, Vec<Theme>), Failure> {
    let mut problems = Vec::new();
    let config = Config::load(directory).unwrap_or_else(|error| {
        problems.push(format!("{error}; settings are as by default"));
        Config::default()
    });
    let names = Theme::names(directory).unwrap_or_else(|error| {
        problems.push(format!("{error}; there are the built-in themes"));
        Theme::builtin_names()
    });
    let mut themes = Vec::new();
    for name in &names {
        match Theme::load(name, directory) {
            Ok(theme) => themes.push(theme),
            Err(error) => problems.push(format!("{error}; it is left out")),
        }
    }
    let prefix = format!("{}/", directory.display());
    for problem in &problems {
        writeln!(io::stderr(), "heconv: warning: {problem}")?;
        notices.push(problem.replace(&prefix, ""));
    }
    Ok((config, themes))
}
