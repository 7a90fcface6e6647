//! What the explorer says of runs that are not exact.

use ndarray::Array3;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::{frames, scene};
use crate::job::{JobError, JobEvent, RunResult};
use crate::report::Record;
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::event::{Effect, Event};
use crate::tui::network::NetworkEvent;
use crate::tui::view;

/// Ends the run that `action` starts with the record of the finished one, changed.
fn run(app: &mut App, action: Action, change: impl Fn(&mut Record)) {
    let done = scene("finished").app.shown().expect("a run").clone();
    let mut record = done.record;
    change(&mut record);
    let number = app.act(action).iter().find_map(|effect| match effect {
        Effect::Start { number, .. } => Some(*number),
        _ => None,
    });
    let number = number.expect("it starts a run");
    let tensor = |channels| Array3::zeros((channels, 224, 224));
    let (input, output, upload_sample) = (tensor(3), tensor(8), vec![0; 4096]);
    let result = RunResult { record, input, output, upload_sample };
    let event = JobEvent::Finished(Box::new(result));
    app.update(app.now_ms + 1, Event::Job { number, event });
}

fn overflow(record: &mut Record) {
    let found = record.verification.as_mut().expect("a run");
    (found.overflows, found.largest_value) = (1234, Some(600_000));
}

fn no_noise(record: &mut Record) {
    record.verification.as_mut().expect("a run").mismatches = 401_408;
    let noise = &mut record.noise_bits;
    (noise.last, noise.predicted_final, noise.predicted_final_floor) = (0.0, -3.1, -4.2);
}

fn defect(record: &mut Record) {
    record.verification.as_mut().expect("a run").mismatches = 1;
}

/// The screen with its lines joined, as words may wrap anywhere.
fn screen(app: &App, width: u16, height: u16) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_) = terminal.draw(|frame| view::draw(app, frame));
    let text = frames::text(terminal.backend().buffer()).replace('│', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_line_after_a_run_says_why_and_what_would_mend_it() {
    let overflowed = ["✗ OVERFLOWED: 1,234 of 401,408 values", "600,000", "use a t of 21 bits"];
    let noisy = ["✗ OUT OF NOISE: 401,408 of 401,408", "-3.1 predicted", "5 more bits of Q"];
    let wrong = ["✗ WRONG: 1 of 401,408 values", "although", "a defect of heconv"];
    let changes: [fn(&mut Record); 3] = [overflow, no_noise, defect];
    for (change, words) in changes.into_iter().zip([overflowed, noisy, wrong]) {
        let mut app = scene("ready").app;
        run(&mut app, Action::Run, change);
        for (width, height) in [(80, 24), (120, 40)] {
            let screen = screen(&app, width, height);
            for word in words {
                assert!(screen.contains(word), "{word:?} in {screen}");
            }
            assert!(!screen.contains("exact"), "{screen}");
        }
    }
}

#[test]
fn a_run_of_another_form_is_told_as_bad() {
    let mut app = scene("ready").app;
    run(&mut app, Action::RunBaseline, |record| {
        record.algorithm = "conventional".into();
        overflow(record);
    });
    let (tone, text) = app.message.clone().expect("a message");
    assert_eq!(tone, Tone::Bad);
    assert!(text.contains("conventional OVERFLOWED, 1,234 of 401,408 values"), "{text}");
}

#[test]
fn nothing_is_held_against_a_run_that_is_not_exact() {
    let mut app = scene("ready").app;
    run(&mut app, Action::RunBaseline, |record| {
        record.algorithm = "conventional".into();
        overflow(record);
    });
    run(&mut app, Action::Run, |_| ());
    let exact = app.shown().expect("a run").record.clone();
    assert!(app.compare.baseline_of(&exact).is_none());

    app.act(Action::Compare);
    app.act(Action::Last);
    assert_eq!(app.compare.chosen_record().map(|r| r.algorithm.as_str()), Some("conventional"));
    let shown = screen(&app, 120, 40);
    assert!(shown.contains("not compared: OVERFLOWED") && shown.contains("1 ✗"), "{shown}");
    assert!(shown.contains("use a t of 21 bits"), "{shown}");
    app.act(Action::Pin);
    assert_eq!(app.compare.baseline, None);
    let message = app.message.clone().map(|(_, text)| text).unwrap_or_default();
    assert!(message.starts_with("not pinned") && message.contains("overflow"), "{message}");
}

#[test]
fn a_point_of_a_sweep_says_why_it_is_bad() {
    let mut app = scene("ready").app;
    app.act(Action::Sweep);
    run(&mut app, Action::Run, no_noise);
    let shown = screen(&app, 120, 40);
    assert!(shown.contains("OUT OF NOISE") && shown.contains("5 more bits of Q"), "{shown}");
}

#[test]
fn a_network_that_stops_says_why_to_the_end() {
    let mut app = scene("ready").app;
    app.networks.select("resnet20");
    app.act(Action::Network);
    let (layer, mut record) =
        ("first".into(), scene("finished").app.shown().expect("a run").record.clone());
    overflow(&mut record);
    let error = JobError::Wrong { layer, fault: record.fault().expect("an overflow") };
    app.act(Action::Run);
    let (number, event) = (app.networks.number, NetworkEvent::Failed(error.to_string()));
    app.update(app.now_ms + 1, Event::Network { number, event });
    for (width, height) in [(80, 24), (120, 40)] {
        let shown = screen(&app, width, height);
        for words in ["layer first: overflow: 1,234 of", "holds all of them, instead of 20"] {
            assert!(shown.contains(words), "{words:?} in {shown}");
        }
    }
}

#[test]
fn a_stage_that_a_plan_does_not_have_is_not_drawn() {
    let mut app = scene("ready").app;
    run(&mut app, Action::Run, |record| {
        (record.noise_bits.rotated, record.noise_bits.predicted_rotated) = (None, None);
    });
    let Ok(mut terminal) = Terminal::new(TestBackend::new(120, 40));
    let Ok(_) = terminal.draw(|frame| view::draw(&app, frame));
    let text = frames::text(terminal.backend().buffer());
    let row = |name: &str| text.lines().any(|line| line.contains(name));
    assert!(row("multiplied ") && !row("rotated "), "{text}");
}
