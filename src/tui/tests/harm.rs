//! Nothing that a user or a terminal does harms the explorer.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{SCENES, scene, with_style};
use crate::job::{Estimate, JobEvent};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::colour::ColourDepth;
use crate::tui::event::{Effect, Event};
use crate::tui::glyphs::Glyphs;
use crate::tui::view;

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((self.0 >> 33) % end as u64) as usize
    }

    fn key(&mut self) -> KeyEvent {
        const NAMED: [KeyCode; 20] = [
            KeyCode::Enter,
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Insert,
            KeyCode::F(1),
            KeyCode::Null,
            KeyCode::Char('漢'),
        ];
        const MODIFIERS: [KeyModifiers; 6] = [
            KeyModifiers::NONE,
            KeyModifiers::NONE,
            KeyModifiers::NONE,
            KeyModifiers::SHIFT,
            KeyModifiers::CONTROL,
            KeyModifiers::ALT,
        ];
        let code = match self.below(3) {
            0 => NAMED[self.below(NAMED.len())],
            _ => KeyCode::Char(char::from(b' ' + self.below(95) as u8)),
        };
        KeyEvent::new(code, MODIFIERS[self.below(MODIFIERS.len())])
    }
}

fn draw(app: &App, width: u16, height: u16) {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(app, frame));
}

/// The estimate that any plan is answered with: real ones would take long.
fn estimate() -> Box<Estimate> {
    scene("ready").app.estimate.expect("planned").expect("valid")
}

/// Answers effects without doing them: jobs fail, are cancelled, panic or go on by the dice.
fn answer(app: &mut App, effects: Vec<Effect>, estimate: &Estimate, dice: &mut Dice) {
    for effect in effects {
        let event = match effect {
            Effect::Plan { number, .. } => {
                let estimate = match dice.below(4) {
                    0 => Err("no plan".into()),
                    _ => Ok(Box::new(estimate.clone())),
                };
                let input = (dice.below(4) > 0).then(|| Arc::new(ndarray::Array3::ones((3, 4, 5))));
                Event::Planned { number, estimate, input }
            }
            Effect::Start { number, .. } | Effect::Cancel(number) => {
                let event = match dice.below(4) {
                    0 => JobEvent::Failed("failed".into()),
                    1 => JobEvent::Cancelled,
                    2 => JobEvent::Panicked("panicked".into()),
                    _ => continue,
                };
                Event::Job { number, event }
            }
            Effect::Search { number, .. } => {
                let more = app.update(app.now_ms, Event::Searching { number, done: 1, of: 6 });
                answer(app, more, estimate, dice);
                let found = match dice.below(4) {
                    0 => Err("no layer".into()),
                    1 => continue,
                    _ => Ok(Box::default()),
                };
                Event::Found { number, found }
            }
            Effect::Predict { number, specs } => {
                let estimate = match dice.below(4) {
                    0 => Err("does not fit".into()),
                    _ => Ok(Box::new(estimate.clone())),
                };
                Event::Predicted { number, index: dice.below(specs.len() + 1), estimate }
            }
            Effect::Export { path, .. } => Event::Exported(Ok(path)),
            _ => continue,
        };
        let more = app.update(app.now_ms + 1, event);
        answer(app, more, estimate, dice);
    }
}

#[test]
fn every_action_can_be_done_on_every_screen() {
    let (estimate, mut dice) = (estimate(), Dice(1));
    for (_, replay) in SCENES.iter() {
        for screen in [Screen::Explore, Screen::Compare, Screen::Sweep, Screen::Network] {
            for first in Action::ALL {
                let mut app = replay.app.clone();
                app.screen = screen;
                let effects = app.act(*first);
                answer(&mut app, effects, &estimate, &mut dice);
                draw(&app, 80, 24);
                let second = Action::ALL[dice.below(Action::ALL.len())];
                let effects = app.act(second);
                answer(&mut app, effects, &estimate, &mut dice);
                draw(&app, 120, 40);
            }
        }
    }
}

#[test]
fn the_view_fits_every_size() {
    let mut dice = Dice(2);
    for (_, replay) in SCENES.iter() {
        for (depth, glyphs) in
            [(ColourDepth::True, &Glyphs::UNICODE), (ColourDepth::None, &Glyphs::ASCII)]
        {
            let replay = with_style(replay, depth, glyphs);
            for (width, height) in [(1, 1), (200, 1), (1, 60), (200, 60), (60, 18), (108, 34)] {
                draw(&replay.app, width, height);
            }
            for _ in 0..40 {
                draw(&replay.app, 1 + dice.below(200) as u16, 1 + dice.below(60) as u16);
            }
        }
    }
}

#[test]
fn ten_thousand_random_keys_do_no_harm() {
    let (estimate, mut dice) = (estimate(), Dice(3));
    let mut app = scene("compare").app;
    for i in 0..10_000_u64 {
        let effects = app.update(10 * i, Event::Key(dice.key()));
        answer(&mut app, effects, &estimate, &mut dice);
        if i % 50 == 0 {
            draw(&app, 1 + dice.below(200) as u16, 1 + dice.below(60) as u16);
        }
    }
    assert!(app.form.check().is_ok() || app.problem.is_some());
}

#[test]
fn a_paste_of_a_megabyte_is_cut() {
    for (name, replay) in SCENES.iter() {
        for text in ["a\u{1b}[31m\n漢".repeat(1 << 17), "9".repeat(1 << 20)] {
            let mut app = replay.app.clone();
            let before = app.form.clone();
            app.update(1, Event::Paste(text));
            draw(&app, 80, 24);
            match &app.overlay {
                Some(Overlay::Prompt { input, .. }) => {
                    assert!(input.value().chars().count() <= 4096, "{name}");
                    assert!(!input.value().contains(char::is_control), "{name}");
                }
                Some(Overlay::Palette(palette)) => {
                    assert!(palette.input.value().chars().count() <= 1024, "{name}");
                }
                _ => assert_eq!(app.form, before, "{name}"),
            }
            let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
            app.update(2, Event::Key(enter));
            draw(&app, 80, 24);
        }
    }
}

#[test]
fn undo_restores_every_form() {
    let mut app = scene("ready").app;
    let mut dice = Dice(4);
    let mut forms = vec![app.form.clone()];
    while forms.len() < 60 {
        app.field = dice.below(crate::tui::form::Field::ALL.len());
        let action = match dice.below(3) {
            0 => Action::Increase,
            1 => Action::Decrease,
            _ => {
                app.panel = crate::tui::app::Panel::Layers;
                if dice.below(2) == 0 { Action::Down } else { Action::Up }
            }
        };
        app.act(action);
        if forms.last() != Some(&app.form) {
            forms.push(app.form.clone());
        }
    }
    while let Some(form) = forms.pop() {
        assert_eq!(app.form, form);
        assert_eq!(app.problem, form.check().err());
        let current = app.layers.current().map(crate::preset::LayerPreset::full_name);
        assert!(forms.is_empty() || current.is_some());
        app.act(Action::Undo);
    }
    assert_eq!(app.message.expect("told").1, "nothing to undo");
}
