//! A sweep: started, cancelled, sorted, opened, and never in the way of a run.

use crossterm::event::KeyCode;

use super::{end, scene, sweep};
use crate::conv::AlgorithmKind;
use crate::job::{JobEvent, Problem};
use crate::report::Verdict;
use crate::tui::action::Action;
use crate::tui::app::{App, Screen};
use crate::tui::event::{Effect, Event};
use crate::tui::metric::Metric;
use crate::tui::replay::Replay;
use crate::tui::sweep::{Column, Phase, Row, Standing, State, Sweep};

fn message(app: &App) -> &str {
    app.message.as_ref().map_or("", |(_, text)| text)
}

/// The number of the job that effects start.
fn started(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::Start { number, .. } => Some(*number),
        _ => None,
    })
}

const EXACT: Standing = Standing::Judged(Verdict::Exact);
/// Five sets of all algorithms, and two without a special prime of those that need none.
const POINTS: usize = 5 * 6 + 2 * 2;

const PREDICTED: Standing = Standing::Judged(Verdict::Predicted);

fn planned() -> App {
    let mut app = scene("ready").app;
    app.act(Action::Sweep);
    app
}

fn standings(app: &App) -> Vec<Standing> {
    app.sweep.rows().iter().map(Row::standing).collect()
}

#[test]
fn a_plan_follows_the_form_until_it_is_started() {
    let mut app = planned();
    assert_eq!(app.sweep.rows().len(), POINTS);
    app.act(Action::SweepAlgorithms);
    assert_eq!(app.sweep.rows().len(), 5);
    app.act(Action::Explore);
    app.field = 6;
    app.act(Action::Decrease);
    assert_eq!(app.form.algorithm, AlgorithmKind::Hadamard);
    app.act(Action::Sweep);
    assert!(app.sweep.rows().iter().all(|row| row.form.algorithm == AlgorithmKind::Hadamard));
    app.act(Action::Run);
    let before = app.sweep.rows().len();
    app.act(Action::SweepAlgorithms);
    assert_eq!(
        (app.sweep.rows().len(), message(&app)),
        (before, "a sweep is in progress; c cancels it")
    );
}

#[test]
fn points_are_run_one_after_the_other_and_kept() {
    let mut replay = sweep(&scene("ready")).expect("recorded");
    assert_eq!(replay.app.sweep.phase(), Phase::Going);
    assert_eq!(replay.app.sweep.current(), Some(0));
    end(&mut replay).expect("recorded");
    let app = replay.app;
    assert_eq!(app.sweep.phase(), Phase::Ended);
    assert_eq!(app.sweep.ended(), 12);
    let exact = standings(&app).iter().filter(|standing| **standing == EXACT).count();
    assert_eq!(exact, 6);
    // Every one is a run of Compare too.
    assert_eq!(app.compare.order().len(), 6);
    assert!(app.running.is_none());
}

#[test]
fn job_numbers_rise_and_a_failed_point_does_not_stop_the_sweep() {
    let mut app = planned();
    let first = started(&app.act(Action::Run)).expect("started");
    for (number, i) in (first..).zip(0..POINTS as u64) {
        let event = if i == 3 {
            JobEvent::Panicked("index out of bounds".into())
        } else {
            JobEvent::Failed("needs more memory".into())
        };
        let effects = app.update(10 * i, Event::Job { number, event });
        assert!(app.overlay.is_none());
        match started(&effects) {
            Some(next) => assert_eq!(next, number + 1),
            None => assert_eq!(i, POINTS as u64 - 1),
        }
    }
    assert_eq!(app.sweep.phase(), Phase::Ended);
    assert_eq!(app.sweep.rows()[0].state, State::Failed("needs more memory".into()));
    let State::Failed(panic) = &app.sweep.rows()[3].state else { panic!("failed") };
    assert!(panic.text.contains("defect of heconv: index out of bounds"));
    // Nothing is on the front, and nothing is best.
    assert!(!app.sweep.front().contains(&true));
    assert!(app.sweep.best(Metric::Server).is_none());
}

#[test]
fn a_cancelled_sweep_keeps_what_is_done() {
    let mut replay = scene("sweep running");
    let ended = replay.app.sweep.ended();
    replay.press(KeyCode::Char('c')).expect("told");
    assert_eq!(replay.app.sweep.phase(), Phase::Stopped);
    assert_eq!((replay.app.sweep.rows().len(), replay.app.sweep.ended()), (12, ended));
    assert!(replay.app.running.is_none());
    let told = format!("sweep cancelled at {ended} of 12 points; Enter goes on");
    assert_eq!(message(&replay.app), told);
    // It goes on where it was.
    let mut again = replay.clone();
    again.press(KeyCode::Enter).expect("recorded");
    assert_eq!((again.app.sweep.phase(), again.app.sweep.ended()), (Phase::Going, ended));
    end(&mut again).expect("recorded");
    assert_eq!((again.app.sweep.phase(), again.app.sweep.ended()), (Phase::Ended, 12));
    // Or a new one can be set up.
    replay.types("n").expect("told");
    assert_eq!(replay.app.sweep.phase(), Phase::Planned);
    assert_eq!(replay.app.sweep.rows().len(), 12);
}

#[test]
fn a_sweep_cancelled_before_its_first_end_can_be_set_up_again() {
    let mut app = planned();
    let number = started(&app.act(Action::Run)).expect("started");
    app.act(Action::Cancel);
    app.update(5, Event::Job { number, event: JobEvent::Cancelled });
    assert_eq!((app.sweep.phase(), app.sweep.rows().len()), (Phase::Planned, POINTS));
    // The next sweep's jobs are not among the cancelled.
    assert_eq!(started(&app.act(Action::Run)), Some(number + 1));
}

#[test]
fn a_point_that_ends_while_it_is_cancelled_is_the_last() {
    let mut replay = sweep(&scene("ready")).expect("recorded");
    let app = &mut replay.app;
    app.act(Action::Cancel);
    let number = app.running.as_ref().expect("running").number;
    let event = JobEvent::Failed("no threads".into());
    assert_eq!(started(&app.update(9, Event::Job { number, event })), None);
    assert_eq!((app.sweep.phase(), app.sweep.ended()), (Phase::Stopped, 1));
}

#[test]
fn a_run_and_a_sweep_do_not_go_together() {
    let mut app = scene("sweep running").app;
    app.act(Action::Explore);
    assert!(started(&app.act(Action::Run)).is_none());
    assert_eq!(message(&app), "a sweep is in progress; c cancels it");
    assert!(started(&app.act(Action::RunBaseline)).is_none());
    let mut app = scene("running").app;
    app.act(Action::Sweep);
    assert!(started(&app.act(Action::Run)).is_none());
    assert_eq!(message(&app), "a run is in progress; c cancels it");
    assert_eq!(app.sweep.phase(), Phase::Planned);
}

#[test]
fn opening_a_point_shows_its_form_and_its_run() {
    let mut app = scene("sweep done").app;
    app.act(Action::First);
    app.act(Action::Run);
    assert_eq!(app.screen, Screen::Explore);
    let run = app.shown().expect("a run");
    assert_eq!(run.form.as_ref(), Some(&app.form));
    let least = app.sweep.best(Metric::Server).expect("runs");
    assert_eq!(Some(&run.record), app.sweep.rows()[least].record.as_ref());
    // A point that was not run is opened as a form alone.
    app.act(Action::Sweep);
    app.act(Action::Last);
    let row = &app.sweep.rows()[app.sweep.chosen().expect("a row")];
    assert!(matches!(row.state, State::Failed(_)));
    let form = row.form.clone();
    app.act(Action::OpenRow);
    assert_eq!((&app.form, app.shown().is_none()), (&form, true));
}

#[test]
fn a_point_that_waits_can_be_opened_while_the_sweep_goes_on() {
    let mut replay: Replay = scene("sweep running");
    replay.app.act(Action::Last);
    let index = replay.app.sweep.chosen().expect("a row");
    assert_eq!(replay.app.sweep.rows()[index].state, State::Waiting);
    replay.press(KeyCode::Enter).expect("opened");
    assert_eq!(replay.app.form, replay.app.sweep.rows()[index].form);
    assert_eq!(replay.app.sweep.phase(), Phase::Going);
    end(&mut replay).expect("recorded");
    assert_eq!(message(&replay.app), "the sweep has ended; 3 shows it");
    assert_eq!(replay.app.screen, Screen::Explore);
}

fn done() -> Sweep {
    scene("sweep done").app.sweep
}

fn sort_by(sweep: &mut Sweep, column: Column) {
    while sweep.sorted_by != column {
        sweep.act(Action::Sort);
    }
}

#[test]
fn rows_are_sorted_with_those_without_figures_last() {
    let mut sweep = done();
    for metric in Metric::ALL {
        sort_by(&mut sweep, Column::Figure(metric));
        for _ in 0..2 {
            let figures: Vec<Option<f64>> =
                sweep.order().iter().map(|index| sweep.rows()[*index].figure(metric)).collect();
            let known: Vec<f64> = figures.iter().copied().flatten().collect();
            assert!(figures[..known.len()].iter().all(Option::is_some), "{metric:?} {figures:?}");
            let falls = sweep.reversed;
            let sorted = |pair: &[f64]| if falls { pair[0] >= pair[1] } else { pair[0] <= pair[1] };
            assert!(known.windows(2).all(sorted), "{metric:?} {known:?}");
            sweep.act(Action::Reverse);
        }
    }
    sort_by(&mut sweep, Column::Point);
    assert!(sweep.order().iter().copied().eq(0..12), "{:?}", sweep.order());
    sweep.act(Action::Reverse);
    assert!(sweep.order().iter().copied().eq((0..12).rev()), "{:?}", sweep.order());
}

#[test]
fn the_cursor_stays_on_its_row() {
    let mut sweep = done();
    sweep.act(Action::Last);
    let chosen = sweep.chosen();
    for _ in 0..Column::ALL.len() {
        sweep.act(Action::Sort);
        assert_eq!(sweep.chosen(), chosen);
    }
    sweep.act(Action::First);
    assert_eq!(sweep.cursor(), 0);
}

#[test]
fn the_axes_are_two() {
    let mut sweep = done();
    for i in 0..20 {
        sweep.act(if i % 3 == 0 { Action::XAxis } else { Action::YAxis });
        assert_ne!(sweep.axes[0], sweep.axes[1]);
    }
}

#[test]
fn the_front_is_of_the_axes_and_of_good_rows() {
    let mut sweep = done();
    sweep.axes = [Metric::Server, Metric::Peak];
    let front = sweep.front();
    for (row, on_front) in sweep.rows().iter().zip(&front) {
        assert!(!on_front || row.is_good());
    }
    assert!(front[sweep.best(Metric::Server).expect("runs")]);
    assert!(front.contains(&true));
}

#[test]
fn a_record_is_judged() {
    let record = done().rows().iter().find_map(|row| row.record.clone()).expect("recorded");
    let mut row = Row::new(scene("ready").app.form);
    let mut verdict = |change: &dyn Fn(&mut crate::report::Record)| {
        let mut record = record.clone();
        change(&mut record);
        row.record = Some(record);
        (row.standing(), row.is_good(), Column::Figure(Metric::Noise).text(0, &row))
    };
    assert_eq!(verdict(&|_| ()).0, EXACT);
    let (word, is_good, bits) = verdict(&|record| {
        (record.predicted, record.verification, record.noise_bits.last) = (true, None, 12.34);
    });
    assert_eq!((word, is_good, bits.as_str()), (PREDICTED, true, "~12.3"));
    let without_budget = |record: &mut crate::report::Record| {
        (record.predicted, record.verification, record.noise_bits.last) = (true, None, -1.0);
    };
    assert_eq!((verdict(&without_budget).0, verdict(&without_budget).1), (PREDICTED, false));
    let overflow = |record: &mut crate::report::Record| {
        if let Some(checked) = &mut record.verification {
            checked.overflows = 3;
        }
    };
    assert_eq!(verdict(&overflow).0, Standing::Judged(Verdict::Overflowed));
    let wrong = |record: &mut crate::report::Record| {
        if let Some(checked) = &mut record.verification {
            checked.mismatches = 3;
        }
    };
    assert_eq!(verdict(&wrong).0, Standing::Judged(Verdict::Wrong));
    let noisy = |record: &mut crate::report::Record| {
        wrong(record);
        record.noise_bits.last = 0.0;
    };
    assert_eq!(verdict(&noisy).0, Standing::Judged(Verdict::OutOfNoise));
    assert!([overflow, wrong].iter().all(|change| !verdict(change).1));
}

#[test]
fn the_time_left_follows_from_the_points_done() {
    let sweep = scene("sweep running").app.sweep;
    let done: Vec<u64> =
        sweep.rows().iter().filter(|row| row.state == State::Done).map(|row| row.ms).collect();
    let mean = done.iter().sum::<u64>() / done.len() as u64;
    let left = (sweep.rows().len() - sweep.ended()) as u64;
    assert_eq!(sweep.remaining_ms(0), Some(left * mean));
    assert_eq!(sweep.remaining_ms(u64::MAX), Some((left - 1) * mean));
    assert_eq!(planned().sweep.remaining_ms(5), None);
}

#[test]
fn waiting_rows_are_predicted_and_runs_replace_that() {
    let app = scene("sweep planned").app;
    assert!(app.sweep.rows().iter().all(Row::is_predicted));
    assert!(standings(&app).iter().all(|standing| *standing == PREDICTED));
    let app = scene("sweep running").app;
    for row in app.sweep.rows() {
        let is_run = matches!(row.state, State::Done | State::Failed(_));
        assert_eq!(row.is_predicted(), !is_run, "{:?}", row.state);
    }
}

#[test]
fn stale_predictions_are_passed_over() {
    let mut app = planned();
    let number = app.sweep.number();
    let estimate = || scene("ready").app.estimate.expect("planned").map_err(Problem::from);
    app.update(1, Event::Predicted { number: number + 1, index: 0, estimate: estimate() });
    app.update(1, Event::Predicted { number, index: 99, estimate: estimate() });
    assert!(app.sweep.rows().iter().all(|row| row.record.is_none()));
    app.update(1, Event::Predicted { number, index: 1, estimate: estimate() });
    assert!(app.sweep.rows()[1].is_predicted());
    app.act(Action::SweepAlgorithms);
    assert_ne!(app.sweep.number(), number);
    app.update(1, Event::Predicted { number, index: 0, estimate: estimate() });
    assert!(app.sweep.rows()[0].record.is_none());
}

#[test]
fn a_predicted_sweep_starts_nothing_and_takes_late_predictions() {
    let mut app = planned();
    let number = app.sweep.number();
    app.act(Action::SweepRuns);
    // The points are the same, and so are their predictions.
    assert_eq!(app.sweep.number(), number);
    assert!(app.act(Action::Run).is_empty());
    assert_eq!((app.sweep.phase(), app.running.is_none()), (Phase::Ended, true));
    let estimate = scene("ready").app.estimate.expect("planned").map_err(Problem::from);
    app.update(1, Event::Predicted { number, index: 1, estimate });
    app.update(1, Event::Predicted { number, index: 2, estimate: Err("does not fit".into()) });
    let [waiting, predicted, failed] = &standings(&app)[..3] else { panic!("rows") };
    assert_eq!((*waiting, *predicted, *failed), (Standing::Waiting, PREDICTED, Standing::Failed));
    app.act(Action::NewSweep);
    assert_eq!(app.sweep.phase(), Phase::Planned);
}
