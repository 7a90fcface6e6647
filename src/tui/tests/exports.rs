//! What `e` writes, and what it refuses.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::scene;
use crate::preset::Experiment;
use crate::report::SweepRow;
use crate::tui::app::{App, Asking, Overlay, Tone};
use crate::tui::event::{Effect, Event};

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(0, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Asks for an export to `path`.
fn export(app: &mut App, path: &str) -> Vec<Effect> {
    press(app, KeyCode::Char('e'));
    retype(app, path)
}

/// Puts `path` in place of what the prompt holds.
fn retype(app: &mut App, path: &str) -> Vec<Effect> {
    app.update(0, Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    app.update(0, Event::Paste(path.into()));
    press(app, KeyCode::Enter)
}

fn text(effects: &[Effect]) -> &str {
    match effects {
        [Effect::Export { text, overwrite: false, .. }] => text,
        other => panic!("{other:?}"),
    }
}

fn prompt(app: &App) -> Option<(Asking, &str)> {
    match &app.overlay {
        Some(Overlay::Prompt { asking, input }) => Some((*asking, input.value())),
        _ => None,
    }
}

#[test]
fn the_ending_says_the_format() {
    let app = scene("finished").app;
    let toml = export(&mut app.clone(), "x.toml");
    let experiment = Experiment::parse(text(&toml), "x").expect("valid");
    assert_eq!(experiment, app.form.experiment());
    assert!(text(&toml).contains("[measured]"));
    for (path, part) in [
        ("x.seal.cpp", "seal::EncryptionParameters"),
        ("x.openfhe.cpp", "CCParams<CryptoContextBFVRNS>"),
        ("x.lattigo.go", "bgv.ParametersLiteral"),
    ] {
        let effects = export(&mut app.clone(), path);
        assert!(text(&effects).contains(part), "{effects:?}");
    }
}

#[test]
fn an_unknown_ending_keeps_the_prompt() {
    for (name, asking, path, good) in [
        ("finished", Asking::ExportPath, "my.csv", "my.toml"),
        ("compare", Asking::ExportRuns, "my.toml", "my.csv"),
    ] {
        let mut app = scene(name).app;
        assert!(export(&mut app, path).is_empty());
        assert_eq!(prompt(&app), Some((asking, path)));
        let (tone, message) = app.message.clone().expect("a message");
        assert!(tone == Tone::Bad && message.starts_with("the name must end in ."), "{message}");
        assert!(!text(&retype(&mut app, good)).is_empty());
        assert!(app.message.is_none() && app.overlay.is_none());
    }
}

#[test]
fn runs_are_written_in_the_order_shown() {
    let app = scene("pinned").app;
    let shown = app.compare.order().iter().filter_map(|&i| app.compare.run(i));
    let shown: Vec<SweepRow> = shown.map(|run| run.record.clone().into()).collect();
    let effects = export(&mut app.clone(), "runs.jsonl");
    let rows = text(&effects).lines().map(serde_json::from_str::<SweepRow>);
    let rows: Vec<SweepRow> = rows.map(|row| row.expect("a row")).collect();
    assert!(rows.len() > 1 && rows == shown, "{rows:?}");
    for (path, part) in [("a.csv", "layer.name,"), ("a.md", "| layer"), ("a.tex", "\\toprule")] {
        let effects = export(&mut app.clone(), path);
        assert!(text(&effects).contains(part), "{effects:?}");
    }
}

#[test]
fn without_runs_nothing_is_asked() {
    let mut app = scene("compare empty").app;
    press(&mut app, KeyCode::Char('e'));
    assert!(app.overlay.is_none());
    assert!(matches!(app.message, Some((Tone::Bad, _))));
}

#[test]
fn replacing_a_table_writes_the_table() {
    let mut app = scene("compare").app;
    export(&mut app, "runs.csv");
    app.overlay = Some(Overlay::Overwrite("runs.csv".into()));
    let effects = press(&mut app, KeyCode::Char('y'));
    let [Effect::Export { text, overwrite: true, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(text.starts_with("schema,"), "{text}");
}

#[test]
fn rows_of_a_sweep_are_written_as_sorted_with_those_that_failed() {
    let app = scene("sweep done").app;
    let effects = export(&mut app.clone(), "rows.jsonl");
    let rows = text(&effects).lines().map(serde_json::from_str::<SweepRow>);
    let rows: Vec<SweepRow> = rows.map(|row| row.expect("a row")).collect();
    let order = app.sweep.order().iter();
    let sorted = order.filter_map(|&index| app.sweep.rows()[index].to_export(false, u64::MAX, 1));
    assert_eq!(rows, sorted.collect::<Vec<_>>());
    let failed = rows.iter().filter(|row| row.failed().is_some()).count();
    assert_eq!((rows.len(), failed), (12, 6));
    for (path, part) in [("a.csv", "layer.name,"), ("a.md", "| layer"), ("a.tex", "\\toprule")] {
        let effects = export(&mut app.clone(), path);
        assert!(text(&effects).contains(part), "{effects:?}");
    }
    // Predictions are written too, and say that they are.
    let effects = export(&mut scene("sweep planned").app, "rows.jsonl");
    assert_eq!(text(&effects).matches("\"predicted\":true").count(), 34);
}

#[test]
fn a_sweep_without_figures_has_nothing_to_write() {
    let mut app = scene("ready").app;
    app.act(crate::tui::action::Action::Sweep);
    press(&mut app, KeyCode::Char('e'));
    assert!(app.overlay.is_none());
    assert!(matches!(app.message, Some((Tone::Bad, _))));
}
