//! Every key of the help, on every screen: it does what is said, and nothing is said that does nothing.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{SCENES, frames, scene};
use crate::tui::action::Action;
use crate::tui::app::{App, HelpView, Overlay};
use crate::tui::event::{Effect, Event};
use crate::tui::key::Key;
use crate::tui::keymap::Context;
use crate::tui::view;

fn screen(app: &App, width: u16, height: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(app, frame));
    let buffer = terminal.backend().buffer();
    // Where the cursor stands is told by looks alone.
    let looks: Vec<_> =
        buffer.content.iter().map(|cell| (cell.modifier, cell.fg, cell.bg)).collect();
    format!("{}{looks:?}", frames::text(buffer))
}

fn press(app: &mut App, key: Key) -> Vec<Effect> {
    app.update(app.now_ms, Event::Key(key.event()))
}

fn types(app: &mut App, text: &str) {
    for c in text.chars() {
        app.update(0, Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
    }
}

/// The scenes of a screen without anything over it.
fn on(context: Context) -> Vec<App> {
    let apps = SCENES.iter().map(|(_, replay)| replay.app.clone());
    apps.filter(|app| app.context() == context && app.overlay.is_none()).collect()
}

#[test]
fn every_key_does_what_its_line_says() {
    for context in Context::SCREENS {
        let apps = on(context);
        let app = apps.first().cloned().unwrap_or_else(|| {
            let mut app = scene("ready").app;
            app.act(Action::Network);
            app
        });
        for (keys, summary, action) in app.keymap.help(context) {
            for key in keys {
                let (mut by_key, mut by_name) = (app.clone(), app.clone());
                by_name.message = None;
                let effects = [press(&mut by_key, key), by_name.act(action)];
                assert_eq!(format!("{:?}", effects[0]), format!("{:?}", effects[1]), "{key}");
                let screens = [screen(&by_key, 120, 40), screen(&by_name, 120, 40)];
                assert_eq!(screens[0], screens[1], "{key} on {context:?}: {summary}");
            }
        }
    }
}

#[test]
fn no_key_of_a_screen_does_nothing() {
    let preludes: [&[Action]; 5] = [
        &[],
        &[Action::Right],
        &[Action::Down, Action::Down],
        &[Action::Last],
        &[Action::NextPanel, Action::Down, Action::Down, Action::Increase],
    ];
    let mut dead = Vec::new();
    for context in Context::SCREENS {
        let mut apps = on(context);
        if context == Context::Network {
            let mut app = scene("ready").app;
            app.act(Action::Network);
            apps.push(app);
        }
        for (keys, summary, action) in scene("ready").app.keymap.help(context) {
            // What is not open cannot be closed, and the screen is there already.
            let is_here = action.name().strip_prefix("show-") == Some(context.title());
            if action == Action::Close || is_here {
                continue;
            }
            let does = |app: &App, prelude: &&[Action]| {
                let mut app = app.clone();
                for action in *prelude {
                    app.act(*action);
                }
                app.message = None;
                let screens = |app: &App| [screen(app, 120, 40), screen(app, 80, 24)];
                let before = screens(&app);
                let effects = press(&mut app, keys[0]);
                !effects.is_empty() || app.message.is_some() || screens(&app) != before
            };
            if !apps.iter().any(|app| preludes.iter().any(|prelude| does(app, prelude))) {
                dead.push(format!("{} on {context:?}: {summary}", keys[0]));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn the_help_begins_with_the_screen_and_has_every_key_and_word() {
    for (name, first) in [("ready", "explore"), ("compare", "compare"), ("sweep planned", "sweep")]
    {
        let mut app = scene(name).app;
        app.act(Action::Help);
        let shown = frames::text(&draw(&app, 120, 200));
        let titles = ["explore", "compare", "sweep", "network", "everywhere"];
        let place = |title: &&str| shown.find(&format!("│{title} ")).expect(title);
        let found = titles.iter().min_by_key(|title| place(title));
        assert_eq!(found, Some(&first), "{shown}");
        for context in Context::ALL {
            for (keys, _, _) in app.keymap.help(context) {
                for key in keys {
                    assert!(shown.contains(&key.to_string()), "{key} of {context:?}");
                }
            }
        }
        // Nothing is cut on a small screen: the last word of each line is there.
        let small = frames::text(&draw(&app, 80, 300));
        for word in ["encrypted, decrypted", "plain convolution", "beyond the memory limit"] {
            let words: Vec<&str> = word.split(' ').collect();
            assert!(words.iter().all(|word| small.contains(word)), "{word}");
        }
    }
}

fn draw(app: &App, width: u16, height: u16) -> ratatui::buffer::Buffer {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(frame) = terminal.draw(|frame| view::draw(app, frame));
    frame.buffer.clone()
}

#[test]
fn the_help_is_searched() {
    let mut app = scene("ready").app;
    types(&mut app, "?/baby");
    let shown = screen(&app, 120, 40);
    assert!(shown.contains("baby steps") && !shown.contains("eager, lazy"), "{shown}");
    assert!(shown.contains("help   /baby_"));
    // What is typed is found, and not done: q is a letter here.
    types(&mut app, "q");
    assert!(screen(&app, 120, 40).contains("nothing in the help says so"));
    let esc = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
    app.update(0, Event::Key(esc));
    assert!(matches!(&app.overlay, Some(Overlay::Help(help)) if *help == HelpView::default()));
    app.update(0, Event::Key(esc));
    assert!(app.overlay.is_none());
}

#[test]
fn figures_are_explained_where_they_are() {
    let mut app = scene("finished").app;
    app.act(Action::NextPanel);
    app.act(Action::NextPanel);
    app.act(Action::Down);
    app.act(Action::Down);
    app.act(Action::Run);
    assert!(app.running.is_none());
    let shown = screen(&app, 80, 24);
    for part in ["multiplied", "moved by", "measured", "predicted"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    app.act(Action::Close);
    // In a table the column that rows are sorted by is meant.
    let mut app = scene("compare").app;
    types(&mut app, "sssw");
    assert!(screen(&app, 80, 24).contains("total   arrows"), "{}", screen(&app, 80, 24));
}

#[test]
fn what_is_not_permitted_is_no_error() {
    use crate::job::{JobEvent, Problem};
    use crate::report::Refusal;
    let mut app = scene("running").app;
    let number = app.running.as_ref().expect("a run").number;
    let problem =
        Problem { text: "needs 9 GiB, may have 1".into(), refusal: Some(Refusal::Memory) };
    app.update(0, Event::Job { number, event: JobEvent::Failed(problem) });
    let shown = screen(&app, 80, 24);
    assert!(shown.contains("not permitted") && !shown.contains("error"), "{shown}");
}

#[test]
fn the_first_start_says_that_it_measures() {
    let mut app = scene("ready").app;
    app.estimate = None;
    app.update(0, Event::Calibrating(true));
    assert!(screen(&app, 80, 24).contains("measuring this machine, once"));
    app.update(0, Event::Calibrating(false));
    assert!(!screen(&app, 80, 24).contains("measuring this machine"));
}
