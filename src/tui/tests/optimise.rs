//! An optimisation: asked, searched, run, decided, cancelled.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::scene;
use crate::conv::AlgorithmKind;
use crate::job::JobEvent;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::event::{Effect, Event};
use crate::tui::optimise::{Choice, Decided};
use crate::tune::{Found, Objective, Query};

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(0, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn message(app: &App) -> &str {
    app.message.as_ref().map_or("", |(_, text)| text)
}

/// The search that the only effect asks for.
fn searched(effects: Vec<Effect>) -> (u64, Query) {
    match effects.into_iter().next() {
        Some(Effect::Search { number, query }) => (number, *query),
        other => panic!("{other:?}"),
    }
}

fn decided(app: &App) -> &Decided {
    app.decided.as_deref().expect("a decision")
}

#[test]
fn the_answer_becomes_the_query() {
    let mut app = scene("ready").app;
    press(&mut app, KeyCode::Char('o'));
    // Up to the algorithm and the margin, and down to the second objective.
    for key in "khkll".chars() {
        press(&mut app, KeyCode::Char(key));
    }
    let Some(Overlay::Optimise(question)) = &app.overlay else { panic!("asking") };
    assert_eq!(question.at, Choice::Margin);
    for key in "jjj".chars() {
        press(&mut app, KeyCode::Char(key));
    }
    let (number, query) = searched(press(&mut app, KeyCode::Enter));
    assert_eq!((number, query.objective, query.margin_bits), (1, Objective::Server, 6.0));
    assert_eq!(query.algorithms, [AlgorithmKind::HadamardFused]);
    let run = &query.runs[0];
    assert_eq!((&run.layer, run.threads), (&app.form.layer, app.form.threads));
    assert!(app.overlay.is_none() && app.is_moving());
    // The next question begins with this answer.
    press(&mut app, KeyCode::Char('c'));
    press(&mut app, KeyCode::Char('o'));
    assert_eq!(searched(press(&mut app, KeyCode::Enter)).1.objective, Objective::Server);
}

#[test]
fn leaving_the_question_does_nothing() {
    let mut app = scene("optimise asking").app;
    assert!(press(&mut app, KeyCode::Esc).is_empty());
    assert!(app.overlay.is_none() && app.optimising.is_none());
}

#[test]
fn a_search_is_cancelled_at_once_and_what_it_tells_later_is_stale() {
    let mut app = scene("optimise searching").app;
    let effects = press(&mut app, KeyCode::Char('c'));
    assert!(matches!(effects[..], [Effect::StopSearch(1)]), "{effects:?}");
    assert_eq!(message(&app), "optimisation cancelled");
    assert!(!app.is_moving());
    let found = Event::Found { number: 1, found: Ok(Box::default()) };
    assert!(app.update(9, found).is_empty());
    assert!(app.decided.is_none() && app.overlay.is_none());
}

#[test]
fn nothing_else_runs_meanwhile() {
    let mut app = scene("optimise searching").app;
    for action in [Action::Run, Action::RunBaseline, Action::Optimise] {
        assert!(app.act(action).is_empty());
        assert_eq!(message(&app), "an optimisation is in progress; c cancels it");
    }
    app.act(Action::Sweep);
    assert!(app.act(Action::Run).is_empty());
}

#[test]
fn a_run_of_a_finalist_is_cancelled_and_with_it_all() {
    let mut replay = scene("optimise running");
    let form = replay.app.form.clone();
    replay.press(KeyCode::Char('c')).expect("told");
    let app = replay.app;
    assert!(app.running.is_none() && app.optimising.is_none() && app.decided.is_none());
    assert_eq!((message(&app), &app.form), ("optimisation cancelled", &form));
}

#[test]
fn the_best_becomes_the_form_with_its_run_and_undo_goes_back() {
    let mut app = scene("optimise decided").app;
    let before = scene("ready").app.form;
    let (candidate, record) = decided(&app).best().expect("a best");
    assert_eq!(app.form.params, candidate.params);
    assert_eq!(app.form.pinned.lanes, Some(record.lanes));
    assert_eq!(app.shown().map(|run| &run.record), Some(record));
    assert!(matches!(app.overlay, Some(Overlay::Decision(0))));
    // Every finalist is a run of Compare.
    assert!(app.compare.order().len() > 1);
    press(&mut app, KeyCode::Char('u'));
    assert_eq!((&app.form, app.overlay.is_none()), (&before, true));
    // The decision is still there, and Enter takes the best again.
    press(&mut app, KeyCode::Char('O'));
    press(&mut app, KeyCode::Enter);
    assert_eq!(Some(&app.form), decided(&app).best_form().as_ref());
}

#[test]
fn a_decision_scrolls_and_exports() {
    let mut app = scene("optimise decided").app;
    press(&mut app, KeyCode::Char('j'));
    assert!(matches!(app.overlay, Some(Overlay::Decision(1))));
    press(&mut app, KeyCode::Char('e'));
    press(&mut app, KeyCode::Backspace);
    app.update(0, Event::Paste("l".into()));
    let effects = press(&mut app, KeyCode::Enter);
    let [Effect::Export { text, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert!(text.contains("[measured]") && text.contains("lanes = "), "{text}");
}

#[test]
fn losers_come_with_one_of_each_ring_and_algorithm_first() {
    let app = scene("optimise decided").app;
    let decision = decided(&app);
    let (first, rest) = decision.answer.losers();
    assert_eq!(first.len() + rest.len(), decision.answer.decision.rejected.len());
    let key = |lost: &crate::tune::Rejected| (lost.ring_degree, lost.algorithm.clone());
    for (i, lost) in first.iter().enumerate() {
        assert!(first[..i].iter().all(|other| key(other) != key(lost)), "{lost:?}");
    }
}

#[test]
fn a_form_changed_meanwhile_is_left_alone() {
    let mut replay = scene("optimise running");
    replay.app.act(Action::NextPanel);
    replay.app.field = 1;
    replay.app.act(Action::Increase);
    let form = replay.app.form.clone();
    super::end(&mut replay).expect("told");
    assert_eq!(replay.app.form, form);
    assert_eq!(message(&replay.app), "the optimisation has ended; O shows it");
    replay.app.act(Action::Decision);
    assert!(matches!(replay.app.overlay, Some(Overlay::Decision(0))));
}

#[test]
fn failed_finalists_are_told_with_the_reason() {
    let mut app = scene("optimise running").app;
    let form = app.form.clone();
    while let Some(running) = &app.running {
        let (number, event) = (running.number, JobEvent::Failed("needs 9 GiB".into()));
        app.update(5, Event::Job { number, event });
    }
    assert!(decided(&app).best().is_none());
    assert_eq!(
        decided(&app).answer.why_nothing().map(|lost| lost.reason.as_str()),
        Some("needs 9 GiB")
    );
    assert_eq!((app.form, app.screen), (form, Screen::Explore));
}

#[test]
fn what_the_search_cannot_do_is_an_error() {
    let mut app = scene("optimise searching").app;
    app.update(5, Event::Found { number: 1, found: Err("no such weights".into()) });
    assert!(matches!(&app.overlay, Some(Overlay::Error(text)) if text == "no such weights"));
    assert!(app.optimising.is_none());
    // Without anything found there is a decision all the same.
    let mut app = scene("optimise searching").app;
    let found: Box<Found> = Box::default();
    app.update(5, Event::Found { number: 1, found: Ok(found) });
    assert!(decided(&app).best().is_none() && decided(&app).answer.why_nothing().is_none());
}
