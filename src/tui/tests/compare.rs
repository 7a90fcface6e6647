//! Compare: what a small screen shows, columns and bars, notes, deletion, filters, and the baseline.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{frames, scene};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::event::{Effect, Event};
use crate::tui::view;

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(app.now_ms, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(app: &mut App, text: &str) {
    text.chars().for_each(|c| drop(press(app, KeyCode::Char(c))));
}

fn screen(app: &App, width: u16, height: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(app, frame));
    frames::text(terminal.backend().buffer())
}

#[test]
fn a_small_screen_has_the_figures_and_scrolls_to_the_rest() {
    let mut app = scene("compare").app;
    let shown = screen(&app, 80, 24);
    for heading in ["run", "method", "server ms", "total ms", "bits left", "sent"] {
        assert!(shown.contains(heading), "{heading} in {shown}");
    }
    // Names are whole.
    assert!(shown.contains("hadamard-fused eager"), "{shown}");
    let mut seen = shown;
    for _ in 0..14 {
        press(&mut app, KeyCode::Right);
        seen += &screen(&app, 80, 24);
    }
    for heading in
        ["layer", "when", "params", "weights", "peak", "threads", "lanes", "note", "machine"]
    {
        assert!(seen.contains(heading), "{heading}");
    }
    assert!(seen.contains("just now") && seen.contains("demo/photo"), "{seen}");
    for _ in 0..20 {
        press(&mut app, KeyCode::Left);
    }
    assert_eq!(screen(&app, 80, 24), screen(&scene("compare").app, 80, 24));
}

#[test]
fn bars_are_of_any_figure() {
    let mut app = scene("compare").app;
    press(&mut app, KeyCode::Char('v'));
    // The longest is full; others are not, unless they are as long.
    let shown = screen(&app, 120, 40);
    let full = shown.matches(&"█".repeat(14)).count();
    assert!((1..4).contains(&full), "{shown}");
    press(&mut app, KeyCode::Char('v'));
    press(&mut app, KeyCode::Char('b'));
    assert_eq!(screen(&app, 120, 40), shown);
    for _ in 0..crate::tui::metric::Metric::ALL.len() {
        press(&mut app, KeyCode::Char('v'));
    }
    assert_eq!(screen(&app, 120, 40), screen(&scene("compare").app, 120, 40));
    // The other way around.
    press(&mut app, KeyCode::Char('b'));
    assert!(screen(&app, 120, 40).contains("peak"));
}

#[test]
fn notes_stay_with_their_run_and_are_found() {
    let mut app = scene("compare").app;
    press(&mut app, KeyCode::Down);
    let run = app.compare.chosen().expect("a run");
    press(&mut app, KeyCode::Char('n'));
    types(&mut app, "lid closed");
    let effects = press(&mut app, KeyCode::Enter);
    let [Effect::Amend(old, Some(new))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((old.beside.note.clone(), new.beside.note.as_deref()), (None, Some("lid closed")));
    assert_eq!(app.compare.chosen(), Some(run));
    assert!(screen(&app, 80, 24).contains("lid closed"));
    types(&mut app, "/closed");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.compare.order(), [run]);
    assert!(screen(&app, 80, 24).contains("runs   1 of "), "{}", screen(&app, 80, 24));
    press(&mut app, KeyCode::Esc);
    assert!(app.compare.order().len() > 1);
}

#[test]
fn a_run_is_deleted_after_a_question_alone() {
    let mut app = scene("compare").app;
    let before = app.compare.order().len();
    press(&mut app, KeyCode::Char('d'));
    assert!(press(&mut app, KeyCode::Char('x')).is_empty());
    assert_eq!(app.compare.order().len(), before);
    press(&mut app, KeyCode::Char('d'));
    let effects = press(&mut app, KeyCode::Char('y'));
    assert!(matches!(&effects[..], [Effect::Amend(_, None)]), "{effects:?}");
    assert_eq!(app.compare.order().len(), before - 1);
}

#[test]
fn the_headline_says_which_run_when_and_what_differs() {
    let app = scene("finished").app;
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let shown = screen(&app, width, height);
        assert!(shown.contains("vs run 1, "), "{shown}");
        assert!(shown.contains("just now; differs in algorithm"), "{shown}");
    }
    assert!(screen(&app, 200, 60).contains("vs run 1, conventional lazy, just now; differs"));
}

#[test]
fn a_run_without_a_date_is_no_baseline_unless_pinned() {
    let app = scene("finished").app;
    let mut history: Vec<_> = app.compare.runs().map(crate::tui::app::Done::entry).collect();
    let conventional = history.iter().position(|entry| entry.record.algorithm == "conventional");
    let place = conventional.expect("it ran");
    let record = app.shown().expect("a run").record.clone();
    let compare = crate::tui::compare::Compare::new(history.clone());
    assert_eq!(compare.baseline_of(&record).map(|(index, _)| index), Some(place));
    history[place].beside.at = None;
    let mut compare = crate::tui::compare::Compare::new(history);
    assert!(compare.baseline_of(&record).is_none());
    compare.select(place);
    compare.act(Action::Pin);
    assert_eq!(compare.baseline_of(&record).map(|(index, _)| index), Some(place));
}

#[test]
fn rows_of_the_report_are_loaded() {
    let mut app = scene("optimise decided").app;
    let decided = app.decided.clone().expect("a decision");
    assert!(decided.rows() > 2);
    let mut loaded = 0;
    for row in 0..decided.rows() {
        app.overlay = Some(crate::tui::app::Overlay::Decision(row as u16));
        app.message = None;
        press(&mut app, KeyCode::Enter);
        match decided.form_at(row, &app.presets) {
            // Whatever can be loaded is, and the rest says why not.
            Ok(form) => {
                assert_eq!(app.form, form, "row {row}");
                loaded += 1;
            }
            Err(_) => assert!(app.message.is_some() && app.overlay.is_some(), "row {row}"),
        }
    }
    assert!(loaded > 3, "{loaded}");
}

#[test]
fn a_session_is_a_graph() {
    let mut app = scene("compare").app;
    press(&mut app, KeyCode::Char('V'));
    let count = app.compare.order().len();
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let shown = screen(&app, width, height);
        assert!(shown.contains(&format!("this session: {count} runs")), "{shown}");
        for name in ["server ms", "bits left", "sent"] {
            let is_columns = |c: char| ('▁'..='█').contains(&c);
            let line = shown
                .lines()
                .find(|line| line.contains(&format!("│{name}")) && line.contains(is_columns));
            let columns = line.expect(name).chars().filter(|c| is_columns(*c)).count();
            assert_eq!(columns, count, "{name}: {shown}");
        }
    }
    // Runs of earlier sessions are not of this one.
    app.started_at = app.started_at.map(|at| at + 1_000_000_000);
    assert!(screen(&app, 80, 24).contains("nothing was run in this session yet"));
}
