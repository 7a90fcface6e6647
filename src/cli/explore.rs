//! A bare `heconv`: the explorer, or without a terminal the demo run.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

use super::{Failure, run};
use crate::preset::Catalogue;
use crate::report::{History, total_memory};
use crate::tui::config::Config;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Theme;
use crate::tui::{App, ColourDepth, Style};

/// Opens the explorer.
pub(super) fn open(ascii: bool) -> Result<(), Failure> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        writeln!(
            io::stderr(),
            "heconv: no terminal for the explorer, so this is the demo run; `heconv run` is the command for it"
        )?;
        return run::run(run::Args::default());
    }
    let catalogue = Catalogue::load().map_err(Failure::input)?;
    // Without a home there are no settings: a directory that cannot exist stands for none.
    let directory = choose_base_strategy().map(|base| base.config_dir().join("heconv"));
    let directory = directory.unwrap_or_else(|_| PathBuf::from("/nonexistent/heconv"));
    let config = Config::load(&directory).map_err(Failure::input)?;
    let get = |name: &str| std::env::var(name).ok();
    let names = Theme::names(&directory).map_err(Failure::input)?;
    let themes = names.iter().map(|name| Theme::load(name, &directory));
    let themes = themes.collect::<Result<_, _>>().map_err(Failure::input)?;
    let glyphs = Glyphs::choose(if ascii { Some(true) } else { config.ascii }, get);
    let style = Style::new(themes, &config.theme, ColourDepth::detect(get), glyphs);
    // Without a place for the history the explorer starts with none and keeps none.
    let history = History::open_default().ok();
    let loaded = history.as_ref().and_then(|history| history.load().ok()).unwrap_or_default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let max_memory = total_memory() / 5 * 4;
    let (app, first) =
        App::new(&catalogue, config.keymap, style, loaded.records, threads, max_memory)
            .map_err(Failure::input)?;
    match crate::tui::run(app, first, history)? {
        None => Ok(()),
        Some(signal) => Err(Failure::Signal(signal)),
    }
}
