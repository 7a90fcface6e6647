//! A bare `heconv`: the explorer, or without a terminal the demo run.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::CommandFactory;
use etcetera::{BaseStrategy, choose_base_strategy};

use super::{Cli, Failure, complete, presets, run};
use crate::memory;
use crate::nearest::nearest;
use crate::preset::Catalogue;
use crate::report::History;
use crate::tui::config::Config;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Theme;
use crate::tui::{
    App, ColourDepth, Effect, Event, Opened, Saved, StateFile, Style, expanded, open_file,
    read_state,
};

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

/// Arguments of a bare `heconv`.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Args {
    /// What the explorer opens: an experiment, network, parameter set or sweep (.toml), a model (.onnx),
    /// weights (.npy, .npz, .safetensors), or an input (.png, .jpg, .npy).
    #[arg(value_parser = file, add = complete::files())]
    file: Option<PathBuf>,
    /// The layer it begins with, by name.
    #[arg(long, value_name = "NAME", add = complete::layers())]
    layer: Option<String>,
    /// The parameters it begins with: a name, a file, or like '4096:35,35|36:20'.
    #[arg(long, value_name = "NAME|FILE|SET", add = complete::params())]
    params: Option<String>,
    /// Draw the explorer with ASCII characters alone.
    #[arg(long)]
    ascii: bool,
}

/// Reads the name of a file to open, which no misspelt subcommand is.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = expanded(text);
    if path.exists() || text.contains(['.', '/', '~']) {
        return Ok(path);
    }
    let command = Cli::command();
    let names: Vec<&str> = command
        .get_subcommands()
        .filter(|one| !one.is_hide_set())
        .map(clap::Command::get_name)
        .collect();
    let nearest = nearest(text, names.iter().copied()).unwrap_or_default();
    Err(format!(
        "there is no subcommand '{text}', nor such a file; the nearest subcommand is '{nearest}'"
    ))
}

/// Opens the explorer.
pub(super) fn open(args: &Args) -> Result<(), Failure> {
    let asks = args.file.is_some() || args.layer.is_some() || args.params.is_some();
    if let Some(why) = no_explorer() {
        if asks {
            let hint = "`heconv run` takes an experiment, --layer and --params without one";
            return Err(Failure::Input(format!("{why}; {hint}")));
        }
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
    let glyphs = Glyphs::choose(if args.ascii { Some(true) } else { config.ascii }, get);
    let style = Style::new(themes, &config.theme, ColourDepth::detect(get), glyphs);
    // Without a place for the history the explorer starts with none and keeps none.
    let history = History::open_default().ok();
    let loaded = history.as_ref().and_then(|history| history.load().ok()).unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let max_memory = memory::default_limit();
    let (mut app, mut first) =
        App::new(&catalogue, config.keymap, style, loaded.entries, threads, max_memory)
            .map_err(Failure::input)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    app.started_at = now.ok().map(|since| since.as_millis() as u64);
    if let Some(directory) = history.as_ref().and_then(|history| history.path().parent()) {
        match read_state::<Saved>(StateFile::Explorer, directory) {
            Ok(saved) => {
                let saved = saved.unwrap_or_default();
                for path in &saved.networks {
                    match open_file(path, None) {
                        Ok(Opened::Network(network, _)) => app.list_network(*network),
                        Ok(_) => notices.push(format!("{}: no network any more", path.display())),
                        Err(problem) => notices.push(problem),
                    }
                }
                first.extend(app.restore(saved));
            }
            Err(problem) => {
                notices.push(problem);
                first.extend(app.restore(Saved::default()));
            }
        }
    }
    first.extend(begin(&mut app, &catalogue, args)?);
    app.warn(&notices);
    match crate::tui::run(app, first, history, config.mouse)? {
        None => Ok(()),
        Some(signal) => Err(Failure::Signal(signal)),
    }
}

/// Shows what the arguments ask for.
fn begin(app: &mut App, catalogue: &Catalogue, args: &Args) -> Result<Vec<Effect>, Failure> {
    let layer = args.layer.as_deref().map(|name| match app.layers.find(name) {
        Some(layer) => Ok(layer.clone()),
        None => catalogue.layer(name).cloned(),
    });
    let layer = layer.transpose();
    let params = args.params.as_deref().map(|text| catalogue.params_set(text)).transpose();
    let (layer, params) = (layer.map_err(Failure::input)?, params.map_err(Failure::input)?);
    let mut effects = Vec::new();
    if layer.is_some() || params.is_some() {
        effects.extend(app.choose(layer, params));
    }
    if let Some(path) = &args.file {
        let opened = open_file(path, app.weight_shape()).map_err(Failure::Input)?;
        let event = Event::Opened(path.clone(), Box::new(Ok(opened)));
        effects.extend(app.update(0, event));
    }
    Ok(effects)
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
