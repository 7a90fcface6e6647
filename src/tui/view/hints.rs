//! The keys that matter now.

use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::network::NetworkPhase;
use crate::tui::optimise::Decided;
use crate::tui::sweep::Phase;

/// What the keys that matter now do.
pub(super) fn hints(app: &App, is_wide: bool) -> Vec<(Action, &'static str)> {
    if matches!(app.overlay, Some(Overlay::Prompt { .. } | Overlay::Palette(_))) {
        return vec![(Action::Close, "close")];
    }
    match app.overlay {
        Some(Overlay::Optimise(_)) => return question(),
        Some(Overlay::Decision(_)) => return decision(app),
        Some(Overlay::Leave(_)) => return vec![(Action::Quit, "leave")],
        _ => {}
    }
    match app.screen {
        Screen::Explore => explore(app, is_wide),
        Screen::Compare => vec![
            (Action::OpenRow, "open"),
            (Action::Pin, "pin baseline"),
            (Action::Sort, "sort"),
            (Action::Note, "note"),
            (Action::Delete, "delete"),
            (Action::Help, "help"),
            (Action::Right, "columns"),
            (Action::Chart, "bars"),
            (Action::Graph, "graph"),
            (Action::Filter, "filter"),
            (Action::Reverse, "reverse"),
            (Action::Explore, "explore"),
            (Action::Quit, "quit"),
            (Action::Export, "export"),
        ],
        Screen::Sweep => sweep(app),
        Screen::Network => network(app),
    }
}

fn network(app: &App) -> Vec<(Action, &'static str)> {
    let is_model = app.networks.chosen().is_some_and(|one| one.model().is_some());
    let first = if app.networks.is_going() {
        vec![(Action::Cancel, "cancel")]
    } else if matches!(app.networks.phase, NetworkPhase::Done(_)) {
        vec![
            (Action::Run, "open layer"),
            (Action::RunBaseline, "compare"),
            (Action::NewSweep, "new run"),
            (Action::Right, "next network"),
        ]
    } else {
        vec![
            (Action::Run, "run"),
            (Action::Optimise, "tune"),
            (Action::Left, "previous"),
            (Action::Right, "next network"),
        ]
    };
    let setting = is_model.then_some((Action::Edit, "set"));
    let more = [
        (Action::Export, "export"),
        (Action::Down, "down"),
        (Action::Explore, "explore"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
    ];
    first.into_iter().chain(setting).chain(more).collect()
}

fn question() -> Vec<(Action, &'static str)> {
    vec![
        (Action::Run, "start"),
        (Action::Up, "up"),
        (Action::Down, "down"),
        (Action::Left, "less"),
        (Action::Right, "more"),
        (Action::Close, "leave"),
    ]
}

fn decision(app: &App) -> Vec<(Action, &'static str)> {
    let mut hints = vec![(Action::Close, "close"), (Action::Down, "down"), (Action::Up, "up")];
    if let Some(best) = app.decided.as_deref().and_then(Decided::best_form) {
        let is_taken = best == app.form;
        hints.push(if is_taken {
            (Action::Export, "export")
        } else {
            (Action::Run, "load the row")
        });
        hints.extend(is_taken.then_some((Action::Copy, "copy")));
        hints.extend(is_taken.then_some((Action::Undo, "undo")));
    }
    hints
}

fn sweep(app: &App) -> Vec<(Action, &'static str)> {
    let mut hints = match app.sweep.phase() {
        // The keys that set it up stand beside what they set.
        Phase::Planned => vec![(Action::Run, "start"), (Action::Edit, "ranges")],
        Phase::Going => vec![(Action::Cancel, "cancel"), (Action::Run, "open")],
        Phase::Stopped => {
            vec![(Action::Run, "go on"), (Action::OpenRow, "open"), (Action::NewSweep, "new")]
        }
        Phase::Ended => vec![(Action::Run, "open"), (Action::NewSweep, "new")],
    };
    hints.extend([
        (Action::Export, "export"),
        (Action::Chart, "chart"),
        (Action::XAxis, "x axis"),
        (Action::YAxis, "y axis"),
        (Action::Sort, "sort"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
        (Action::Reverse, "reverse"),
        (Action::Explore, "explore"),
        (Action::Commands, "commands"),
    ]);
    hints
}

fn explore(app: &App, is_wide: bool) -> Vec<(Action, &'static str)> {
    let mut hints = Vec::new();
    if app.fix.is_some() {
        hints.push((Action::Fix, "fix"));
    }
    hints.push(if app.running.is_some() || app.optimising.is_some() {
        (Action::Cancel, "cancel")
    } else {
        (Action::Run, "run")
    });
    if !is_wide {
        hints.extend([
            (Action::Layers, "layers"),
            (Action::Parameters, "params"),
            (Action::Pictures, "maps"),
        ]);
    }
    hints.extend([
        (Action::RunBaseline, "baseline"),
        (Action::Optimise, "optimise"),
        (Action::Help, "help"),
        (Action::Quit, "quit"),
    ]);
    hints.extend(app.decided.as_ref().map(|_| (Action::Decision, "decision")));
    hints.extend([
        (Action::Export, "export"),
        (Action::NextPanel, "panel"),
        (Action::Edit, "edit"),
        (Action::Increase, "more"),
        (Action::Decrease, "less"),
        (Action::Commands, "commands"),
        (Action::Compare, "compare"),
        (Action::Sweep, "sweep"),
    ]);
    hints
}
