//! The Network screen: planned, run, cancelled, compared, opened, and never in the way of a run.

use std::sync::Mutex;

use super::scene;
use crate::conv::{Observer, Stage};
use crate::job::{Finished, NetworkObserver, NetworkSpec, PreparedNetwork};
use crate::tui::action::Action;
use crate::tui::app::{App, Screen};
use crate::tui::event::{Effect, Event};
use crate::tui::network::{NetworkEvent, NetworkJob, NetworkPhase};

/// Keeps what happens.
#[derive(Default)]
pub(super) struct Notes(pub(super) Mutex<Vec<NetworkEvent>>);

impl Observer for Notes {
    fn enter(&self, stage: Stage, _: u64) {
        self.note(NetworkEvent::Stage(stage));
    }
    fn advance(&self, _: Stage, _: u64) {}
    fn measured(&self, _: Stage, _: f64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl NetworkObserver for Notes {
    fn layer(&self, index: usize) {
        self.note(NetworkEvent::Layer(index));
    }
    fn finished(&self, index: usize, layer: &Finished) {
        self.note(NetworkEvent::Finished(index, Box::new(layer.clone())));
    }
}

impl Notes {
    fn note(&self, event: NetworkEvent) {
        self.0.lock().expect("no panic").push(event);
    }
}

fn shown() -> App {
    let mut app = scene("ready").app;
    app.networks.select("resnet20");
    app.act(Action::Network);
    app
}

fn message(app: &App) -> &str {
    app.message.as_ref().map_or("", |(_, text)| text)
}

/// The run that effects start.
fn started(effects: Vec<Effect>) -> Option<(u64, NetworkSpec)> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::RunNetwork { number, job: NetworkJob::Network(spec) } => Some((number, *spec)),
        _ => None,
    })
}

#[test]
fn a_plan_follows_the_form_and_the_network() {
    let mut app = scene("ready").app;
    app.networks.select("resnet20");
    let effects = app.act(Action::Network);
    assert!(matches!(&effects[..], [Effect::PredictNetwork { specs, .. }] if specs.len() == 19));
    assert!(app.act(Action::Network).is_empty(), "nothing has changed");
    app.act(Action::Right);
    assert_ne!(app.networks.chosen().expect("there is one").name(), "resnet20");
    app.act(Action::Left);
    assert_eq!(app.networks.chosen().expect("there is one").name(), "resnet20");
    app.act(Action::Explore);
    app.field = 6;
    app.act(Action::Decrease);
    assert_eq!(app.act(Action::Network).len(), 1);
    assert!(app.networks.rows.iter().all(|row| row.form.algorithm == app.form.algorithm));
}

#[test]
fn a_run_fills_the_rows_and_can_be_opened() {
    let mut app = shown();
    let (number, spec) = started(app.act(Action::Run)).expect("starts");
    assert!(app.is_moving());
    app.act(Action::Run);
    assert_eq!(message(&app), "a network's run is in progress; c cancels it");
    let notes = Notes::default();
    let result = PreparedNetwork::new(&spec).expect("valid").run(&notes).expect("runs");
    assert!(result.record.verdict.is_exact());
    for event in notes.0.into_inner().expect("no panic") {
        // Of another run, and of this one.
        app.update(1, Event::Network { number: number + 1, event: NetworkEvent::Layer(7) });
        app.update(1, Event::Network { number, event });
    }
    assert!(app.networks.rows.iter().all(|row| row.finished.is_some()));
    let done = NetworkEvent::Done(Box::new(result.record));
    app.update(2, Event::Network { number, event: done });
    assert!(matches!(&app.networks.phase, NetworkPhase::Done(record) if record.verdict.is_exact()));
    assert!(!app.is_moving());
    // A result stays while other screens are seen and the form is changed.
    app.act(Action::Explore);
    app.field = 6;
    app.act(Action::Decrease);
    app.act(Action::Network);
    assert!(matches!(app.networks.phase, NetworkPhase::Done(_)));
    let effects = app.act(Action::RunBaseline);
    let compares = |effect: &Effect| matches!(effect, Effect::CompareNetwork { layers, .. } if layers.len() == 19);
    assert!(effects.iter().any(compares) && app.is_moving());
    let number = app.networks.number;
    app.update(3, Event::Network { number, event: NetworkEvent::ComparisonsDone });
    assert!(!app.networks.is_going());
    // It is still there after a look at other networks.
    let totals = app.networks.rows.iter().map(|row| row.finished.clone()).collect::<Vec<_>>();
    app.act(Action::Right);
    assert!(app.networks.rows.iter().all(|row| row.finished.is_none()));
    app.act(Action::Left);
    assert!(matches!(app.networks.phase, NetworkPhase::Done(_)));
    assert_eq!(
        app.networks.rows.iter().map(|row| row.finished.clone()).collect::<Vec<_>>(),
        totals
    );
    app.act(Action::Down);
    app.act(Action::Run);
    assert_eq!(app.screen, Screen::Explore);
    // What is shown is what the layer's run in the network gave.
    let measured = totals[1].as_ref().map(|finished| &finished.layer.record);
    assert_eq!(app.shown().map(|run| &run.record), measured);
    assert_eq!(app.form.layer.full_name(), "resnet20/block1_conv1");
    app.act(Action::Network);
    app.act(Action::NewSweep);
    assert_eq!(app.networks.phase, NetworkPhase::Planned);
    assert!(app.networks.rows.iter().all(|row| row.finished.is_none()));
}

#[test]
fn a_run_is_cancelled_and_may_fail() {
    let mut app = shown();
    let (number, _) = started(app.act(Action::Run)).expect("starts");
    let effects = app.act(Action::Cancel);
    assert!(matches!(&effects[..], [Effect::StopNetwork(stopped)] if *stopped == number));
    app.update(1, Event::Network { number, event: NetworkEvent::Cancelled });
    assert_eq!((message(&app), app.is_moving()), ("cancelled", false));
    let (number, _) = started(app.act(Action::Run)).expect("starts again");
    app.act(Action::Explore);
    app.update(2, Event::Network { number, event: NetworkEvent::Failed("no more room".into()) });
    assert_eq!((message(&app), app.is_moving()), ("no more room", false));
}

#[test]
fn what_has_not_been_run_cannot_be_compared() {
    let mut app = shown();
    assert!(app.act(Action::RunBaseline).is_empty());
    assert_eq!(message(&app), "Enter runs the network first; then it can be compared");
}

#[test]
fn all_layers_are_exported_to_a_directory() {
    let mut app = shown();
    app.act(Action::Export);
    let effects = app.update(1, Event::Key(crossterm::event::KeyCode::Enter.into()));
    let [Effect::ExportAll { directory, files }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((directory.to_str(), files.len()), (Some("resnet20-n4096-t20"), 19));
    for (name, text, _) in files {
        crate::preset::Experiment::parse(text, name).expect("reads back");
    }
}

#[test]
fn layers_are_tuned_and_stay_so_until_put_away() {
    let mut app = shown();
    let effects = app.act(Action::Optimise);
    let [Effect::TuneNetwork { number, layers, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert!(app.is_moving());
    app.update(1, Event::Network { number: *number, event: NetworkEvent::Tuning(2, 7) });
    assert_eq!(app.networks.tuning, Some((2, 7)));
    // What a search gives for each layer.
    let set = app.presets.iter().find(|set| set.name == "n8192-t20").cloned().expect("a set");
    let tuned = layers.iter().map(|run| crate::job::RunSpec { params: set.clone(), ..run.clone() });
    let event = NetworkEvent::Tuned(tuned.collect());
    let effects = app.update(2, Event::Network { number: *number, event });
    assert!(matches!(&effects[..], [Effect::PredictNetwork { specs, .. }] if specs.len() == 19));
    assert!(!app.is_moving());
    // Explore keeps its own parameters, and the network those that were found.
    app.act(Action::Explore);
    app.act(Action::Network);
    assert!(app.networks.rows.iter().all(|row| row.form.params == set));
    assert_ne!(app.form.params, set);
    let (_, spec) = started(app.act(Action::Run)).expect("starts");
    assert!(spec.layers.iter().all(|run| run.params == set));
    let number = app.networks.number;
    app.update(3, Event::Network { number, event: NetworkEvent::Cancelled });
    app.act(Action::NewSweep);
    assert!(app.networks.rows.iter().all(|row| row.form.params == app.form.params));
}

#[test]
fn a_cancelled_run_goes_on_where_it_was() {
    let mut app = shown();
    let (number, spec) = started(app.act(Action::Run)).expect("starts");
    let notes = Notes::default();
    PreparedNetwork::new(&spec).expect("valid").run(&notes).expect("runs");
    let events = notes.0.into_inner().expect("no panic");
    let ended = |event: &NetworkEvent| matches!(event, NetworkEvent::Finished(..));
    for event in events.into_iter().filter(ended).take(5) {
        app.update(1, Event::Network { number, event });
    }
    app.act(Action::Cancel);
    app.update(2, Event::Network { number, event: NetworkEvent::Cancelled });
    assert_eq!(app.networks.rows.iter().filter(|row| row.finished.is_some()).count(), 5);
    let (_, spec) = started(app.act(Action::Run)).expect("goes on");
    assert_eq!(spec.finished.len(), 5);
}
