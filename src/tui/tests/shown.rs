//! Figures stand only beside the form they are of.

use crossterm::event::KeyCode;

use super::scene;
use crate::tui::action::Action;
use crate::tui::app::{App, Screen};
use crate::tui::form::Field;

fn algorithm(app: &App) -> Option<String> {
    app.shown().map(|run| run.record.algorithm.clone())
}

#[test]
fn a_changed_form_hides_the_run_and_undo_brings_it_back() {
    let mut app = scene("finished").app;
    app.field = Field::ALL.iter().position(|field| *field == Field::LimbBits).expect("a field");
    app.act(Action::Decrease);
    assert_eq!(algorithm(&app), None);
    app.act(Action::Undo);
    assert_eq!(algorithm(&app).as_deref(), Some("hadamard-fused"));
    app.act(Action::Last);
    app.act(Action::PreviousPanel);
    app.act(Action::Last);
    assert_ne!(app.form.layer.full_name(), "demo/photo");
    assert_eq!(algorithm(&app), None);
    app.act(Action::Undo);
    assert_eq!(algorithm(&app).as_deref(), Some("hadamard-fused"));
}

#[test]
fn a_run_of_the_baseline_is_not_shown_beside_another_form() {
    let mut replay = scene("ready");
    super::run(&mut replay, KeyCode::Char('b')).expect("recorded");
    assert_eq!(algorithm(&replay.app), None);
    super::set(&mut replay, "algorithm", "conventional").expect("typed");
    assert_eq!(algorithm(&replay.app).as_deref(), Some("conventional"));
}

#[test]
fn a_cancelled_run_shows_the_one_before() {
    let mut replay = scene("finished");
    replay.press(KeyCode::Enter).expect("recorded");
    replay.pass(0.5).expect("recorded");
    replay.press(KeyCode::Char('c')).expect("recorded");
    assert_eq!(algorithm(&replay.app).as_deref(), Some("hadamard-fused"));
}

/// Deletes the chosen run: the question is answered.
fn delete(app: &mut App) {
    assert!(app.act(Action::Delete).is_empty());
    let yes = crossterm::event::KeyEvent::from(KeyCode::Char('y'));
    let effects = app.update(0, crate::tui::event::Event::Key(yes));
    assert!(matches!(&effects[..], [crate::tui::event::Effect::Amend(_, None)]), "{effects:?}");
}

#[test]
fn deleting_a_run_does_not_show_another() {
    let mut app = scene("finished").app;
    app.act(Action::Compare);
    app.act(Action::Last);
    let gone = app.compare.chosen().and_then(|i| app.compare.run(i)).map(|run| &run.record);
    assert_eq!(gone.map(|record| record.algorithm.as_str()), Some("conventional"));
    delete(&mut app);
    assert_eq!(app.screen, Screen::Compare);
    assert_eq!(algorithm(&app).as_deref(), Some("hadamard-fused"));
    delete(&mut app);
    assert_eq!(algorithm(&app), None);
}

#[test]
fn the_former_estimate_stays_a_moment_marked() {
    let mut app = scene("ready").app;
    app.field = Field::ALL.iter().position(|field| *field == Field::LimbBits).expect("a field");
    let before = app.predicted().cloned();
    app.act(Action::Decrease);
    assert!(app.is_outdated() && app.is_moving());
    assert_eq!(app.predicted(), before.as_ref());
    app.update(1000, crate::tui::event::Event::Tick);
    assert_eq!(app.predicted(), None);
    // An invalid form has no estimate.
    let app = scene("invalid").app;
    assert!(app.predicted().is_none() && !app.is_outdated());
}
