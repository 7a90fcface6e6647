//! Nothing is lost without a question, and what was done is there after a restart.

use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::scene;
use crate::preset::Catalogue;
use crate::report::Entry;
use crate::tui::action::Action;
use crate::tui::app::{App, Done, Overlay, Screen};
use crate::tui::event::{Effect, Event};
use crate::tui::form::Field;
use crate::tui::keymap::Keymap;
use crate::tui::state::{Saved, SavedRows, StateFile, read};
use crate::tui::sweep::Phase;

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(app.now_ms, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn quits(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Quit])
}

#[test]
fn leaving_asks_while_something_runs_and_only_then() {
    assert!(quits(&press(&mut scene("finished").app, KeyCode::Char('q'))));
    for name in ["running", "sweep running", "optimise searching"] {
        let mut app = scene(name).app;
        assert!(press(&mut app, KeyCode::Char('q')).is_empty(), "{name}");
        assert!(matches!(app.overlay, Some(Overlay::Leave(_))), "{name}");
        // Any other key stays, and what runs goes on.
        assert!(press(&mut app, KeyCode::Char('x')).is_empty());
        assert!(app.overlay.is_none() && app.is_moving(), "{name}");
        press(&mut app, KeyCode::Char('q'));
        assert!(quits(&press(&mut app, KeyCode::Char('q'))), "{name}");
    }
    // Where text is typed too.
    let mut app = scene("running").app;
    press(&mut app, KeyCode::Char(':'));
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(app.update(0, Event::Key(control_c)).is_empty());
    assert!(quits(&app.update(0, Event::Key(control_c))));
}

#[test]
fn the_question_goes_with_what_it_was_about() {
    let mut replay = scene("running");
    replay.press(KeyCode::Char('q')).expect("told");
    assert!(matches!(replay.app.overlay, Some(Overlay::Leave(_))));
    replay.pass(1.0).expect("recorded");
    assert!(replay.app.overlay.is_none() && replay.app.running.is_none());
}

#[test]
fn q_closes_what_is_read() {
    for name in ["help", "error", "optimise decided", "layers", "parameters", "pictures"] {
        let mut app = scene(name).app;
        assert!(press(&mut app, KeyCode::Char('q')).is_empty(), "{name}");
        assert!(app.overlay.is_none(), "{name}");
    }
}

/// The explorer as it starts on what another one has left.
fn restarted(app: &App) -> App {
    restarting(app).0
}

/// The same, and what it still wants done.
pub(super) fn restarting(app: &App) -> (App, Vec<Effect>) {
    let directory = tempfile::tempdir().expect("a directory");
    for file in [StateFile::Explorer, StateFile::Sweep, StateFile::Networks] {
        let text = app.state(file).expect("a state");
        std::fs::write(file.path(directory.path()), text).expect("written");
    }
    let entry = |run: &Done| {
        let line = serde_json::to_string(&run.entry()).expect("JSON");
        let path = directory.path().join("history.jsonl");
        std::fs::write(&path, line + "\n").expect("written");
        let history = crate::report::History::open(path).expect("opens");
        history.load().expect("loads").entries.remove(0)
    };
    let history: Vec<Entry> = app.compare.runs().map(entry).collect();
    let catalogue = Catalogue::builtin().expect("valid");
    let (mut again, _) =
        App::new(&catalogue, Keymap::default(), app.style.clone(), history, 2, 16 << 30)
            .expect("valid");
    let saved = read::<Saved>(StateFile::Explorer, directory.path()).expect("reads");
    let effects = again.restore(saved.expect("there"));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::RestoreRows)));
    // Until rows have come in, nothing is written over them.
    assert!(again.state(StateFile::Sweep).is_none() && again.state(StateFile::Networks).is_none());
    again.update(0, Event::RowsRestored(Box::new(rows(directory.path()))));
    (again, effects)
}

fn rows(directory: &Path) -> SavedRows {
    let sweep = read(StateFile::Sweep, directory).expect("reads").expect("there");
    let networks = read(StateFile::Networks, directory).expect("reads").expect("there");
    SavedRows { sweep, networks, problems: Vec::new() }
}

#[test]
fn form_screen_theme_pin_and_order_survive() {
    let mut app = scene("compare").app;
    app.act(Action::Explore);
    for (field, value) in [
        (Field::OutChannels, "4"),
        (Field::Kernel, "5"),
        (Field::Bandwidth, "20Mbit"),
        (Field::SecurityTable, "he2018"),
        (Field::Weights, "/tmp/weights.npy"),
    ] {
        let form = app.form.parse(field, value, &app.presets).expect("a value");
        app.change_form_for_test(form);
    }
    assert_eq!(app.form.layer.full_name(), "own/c3-4-224-k5");
    app.act(Action::Theme);
    app.act(Action::Compare);
    app.act(Action::Down);
    app.act(Action::Pin);
    app.act(Action::Sort);
    let again = restarted(&app);
    assert_eq!(again.form, app.form);
    assert_eq!(again.screen, Screen::Compare);
    assert_eq!(again.style.theme_name(), app.style.theme_name());
    assert_eq!(again.compare.sorted_by, app.compare.sorted_by);
    assert_eq!(again.compare.baseline, app.compare.baseline);
    assert!(again.compare.baseline.is_some());
    let forms = |app: &App| app.compare.runs().map(|run| run.form.clone()).collect::<Vec<_>>();
    assert_eq!(forms(&again), forms(&app));
}

#[test]
fn the_run_shown_is_shown_again() {
    let app = scene("finished").app;
    let again = restarted(&app);
    let record = |app: &App| app.shown().map(|run| run.record.clone());
    assert!(record(&again).is_some());
    assert_eq!(record(&again), record(&app));
}

#[test]
fn a_sweep_goes_on_after_a_restart() {
    let app = scene("sweep running").app;
    let again = restarted(&app);
    assert_eq!(again.sweep.phase(), Phase::Stopped);
    assert_eq!(again.sweep.ended(), app.sweep.ended());
    assert_eq!(again.sweep.rows().len(), app.sweep.rows().len());
    let records = |app: &App| {
        let ended = app.sweep.rows().iter().filter(|row| row.has_ended());
        ended.map(|row| (row.form.clone(), row.record.clone())).collect::<Vec<_>>()
    };
    assert_eq!(records(&again), records(&app));
    let mut again = again;
    again.act(Action::Sweep);
    let effects = again.act(Action::Run);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Start { .. })));
    assert_eq!(again.sweep.phase(), Phase::Going);
    // One that ended is shown as it ended.
    let app = scene("sweep done").app;
    assert_eq!(restarted(&app).sweep.rows(), app.sweep.rows());
    assert_eq!(restarted(&app).sweep.phase(), Phase::Ended);
}

#[test]
fn bookmarks_come_back_after_a_restart_too() {
    let mut app = scene("ready").app;
    let first = app.form.clone();
    let keep = |app: &mut App, name: &str| {
        press(app, KeyCode::Char('B'));
        app.update(0, Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
        app.update(0, Event::Paste(name.into()));
        press(app, KeyCode::Enter);
    };
    keep(&mut app, "as it was");
    let form = app.form.parse(Field::OutChannels, "4", &app.presets).expect("a value");
    app.change_form_for_test(form.clone());
    keep(&mut app, "narrow");
    let mut again = restarted(&app);
    assert_eq!(again.bookmarks, app.bookmarks);
    press(&mut again, KeyCode::Char('\''));
    press(&mut again, KeyCode::Up);
    press(&mut again, KeyCode::Enter);
    assert_eq!(again.form, first);
    // The newest is chosen at first, and a deleted one is gone.
    press(&mut again, KeyCode::Char('\''));
    press(&mut again, KeyCode::Char('d'));
    assert_eq!(again.bookmarks.len(), 1);
    press(&mut again, KeyCode::Esc);
    press(&mut again, KeyCode::Char('u'));
    assert_eq!(again.form, form);
}
