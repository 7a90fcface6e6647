//! Models on the Network screen and in Explore: the built-in one, those of files, and what is said of
//! them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::kept::restarting;
use super::network::Notes;
use super::{frames, scene, with_style};
use crate::job::{Prepared, RunSpec};
use crate::network::onnx::ModelBuilder;
use crate::report::NetworkRecord;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Screen};
use crate::tui::colour::ColourDepth;
use crate::tui::event::{Effect, Event};
use crate::tui::form::Field;
use crate::tui::glyphs::Glyphs;
use crate::tui::network::{NetworkEvent, NetworkJob, NetworkPhase, Subject};
use crate::tui::open::{open, serve};
use crate::tui::replay::Replay;
use crate::tui::runtime::files::done;

fn assets(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/digits").join(name)
}

fn message(app: &App) -> &str {
    app.message.as_ref().map_or("", |(_, text)| text)
}

/// Types `:open PATH` and does what comes of it.
fn opens(app: &mut App, path: &Path) {
    app.update(0, Event::Key(KeyEvent::new(KeyCode::Char(':'), KeyModifiers::NONE)));
    app.update(0, Event::Paste(format!("open {}", path.display())));
    let effects = app.update(0, Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    let [Effect::Open { path, weights }] = &effects[..] else { panic!("{effects:?}") };
    let opened = open(path, *weights);
    let effects = app.update(0, Event::Opened(path.clone(), Box::new(opened)));
    serves(app, effects);
}

/// Types a text into a prompt, in place of what is there.
fn types(app: &mut App, text: &str) {
    app.update(0, Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    app.update(0, Event::Paste(text.into()));
}

fn serves(app: &mut App, effects: Vec<Effect>) {
    for effect in effects {
        if let Effect::Serve { source, asked, number } = effect {
            let served = serve(source, asked, number);
            app.update(0, Event::Served(Box::new(served)));
        }
    }
}

/// Runs the model that is shown, encrypted.
fn run(app: &mut App) -> NetworkRecord {
    let job = app.act(Action::Run).into_iter().find_map(|effect| match effect {
        Effect::RunNetwork { number, job: NetworkJob::Model(model, spec) } => {
            Some((number, model, spec))
        }
        _ => None,
    });
    let (number, model, spec) = job.expect("a model's run");
    let notes = Notes::default();
    let record = model.run(&spec, &notes).expect("runs").record;
    for event in notes.0.into_inner().expect("no panic") {
        app.update(1, Event::Network { number, event });
    }
    let event = NetworkEvent::Done(Box::new(record.clone()));
    app.update(2, Event::Network { number, event });
    record
}

fn mine(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("mine.onnx");
    std::fs::copy(assets("digits.onnx"), &path).expect("copied");
    path
}

#[test]
fn the_first_network_is_digits_and_ends_with_its_answer() {
    let mut replay = scene("ready");
    replay.press(KeyCode::Char('4')).expect("shown");
    assert_eq!(replay.app.networks.chosen().map(Subject::name), Some("digits"));
    let text = |replay: &Replay, width, height| frames::text(&replay.draw(width, height));
    for (width, height) in [(80, 24), (120, 40)] {
        let shown = text(&replay, width, height);
        for words in ["a digit", "What does the model make of a digit?", "bits, mean", "SQNR dB"] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
    }
    let record = run(&mut replay.app);
    assert!(record.verdict.is_exact());
    let ratios: Vec<f64> =
        record.layers.iter().filter_map(|layer| layer.signal_to_noise_db).collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    for (depth, glyphs) in [
        (ColourDepth::True, &Glyphs::UNICODE),
        (ColourDepth::None, &Glyphs::UNICODE),
        (ColourDepth::None, &Glyphs::ASCII),
    ] {
        let replay = with_style(&replay, depth, glyphs);
        let mark = glyphs.descending;
        for (width, height) in [(80, 24), (120, 40)] {
            let shown = text(&replay, width, height);
            for words in [
                // The upper end of a large 2.
                &glyphs.bar[8].repeat(6),
                "as in floats",
                "exact: all 10 values",
                "cosine 0.99",
                &format!("{mark}{least:.1}"),
            ] {
                assert!(shown.contains(words), "{words} in {shown}");
            }
            assert_eq!(shown.matches(&format!("{mark}{least:.1}")).count(), 1, "{shown}");
        }
    }
}

#[test]
fn layers_of_a_model_run_alone_on_what_the_client_gives_them() {
    let mut app = scene("ready").app;
    app.act(Action::Network);
    let record = run(&mut app);
    app.act(Action::Down);
    app.act(Action::Run);
    assert_eq!((app.screen, app.form.layer.full_name()), (Screen::Explore, "digits/conv2".into()));
    // The run alone gives what it gave in the network.
    let spec = app.form.spec(1 << 30);
    let result = Prepared::new(&spec).expect("valid").run(&Notes::default()).expect("runs");
    let largest = |record: &crate::report::Record| record.verification.map(|one| one.largest_value);
    assert!(result.record.is_exact());
    assert_eq!(largest(&result.record), largest(&record.layers[1].record));
    assert_eq!(result.record.weight_scales, record.layers[1].record.weight_scales);
    // With fewer bits it is still the layer, with another shape it is one of the user's own.
    let form = app.form.parse(Field::WeightBits, "4", &app.presets).expect("a value");
    let narrow = crate::job::run_weights(&form.spec(1 << 30)).expect("weights");
    assert_eq!(narrow.iter().map(|weight| weight.abs()).max(), Some(7));
    let form = app.form.parse(Field::OutChannels, "4", &app.presets).expect("a value");
    assert!(form.layer.data.is_none() && app.form.layer.data.is_some());
}

#[test]
fn a_model_of_a_file_is_listed_and_takes_an_input_and_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut app = scene("ready").app;
    opens(&mut app, &mine(&directory));
    assert_eq!(message(&app), "opened mine.onnx: 4 layers, on the photograph");
    assert_eq!(app.screen, Screen::Network);
    assert!(app.layers.find("mine.onnx/conv3").is_some_and(|layer| layer.data.is_some()));
    opens(&mut app, &assets("digit.png"));
    let names = directory.path().join("names.txt");
    let words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    std::fs::write(&names, words.join("\n")).expect("written");
    opens(&mut app, &names);
    assert_eq!(message(&app), "opened mine.onnx: 4 layers, on digit.png");
    run(&mut app);
    let NetworkPhase::Done(outcome) = &app.networks.phase else { panic!("not done") };
    let answer = outcome.answer.as_ref().expect("an answer");
    assert_eq!(answer.top[0].name(), "two");
    assert!(answer.top[0].probability.is_some_and(|probability| probability > 0.5));
    // Elsewhere names of classes are nobody's.
    app.networks.select("resnet20");
    opens(&mut app, &names);
    assert!(message(&app).starts_with("not opened: names of classes"), "{}", message(&app));
    let weights = directory.path().join("w.npz");
    std::fs::write(&weights, "").expect("written");
    opens(&mut app, &weights);
    assert!(message(&app).starts_with("not opened"), "{}", message(&app));
}

#[test]
fn what_is_wrong_with_a_model_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut app = scene("ready").app;
    let broken = directory.path().join("broken.onnx");
    std::fs::write(&broken, "no model").expect("written");
    opens(&mut app, &broken);
    assert!(message(&app).contains("broken.onnx: no ONNX model"), "{}", message(&app));
    let mut model = ModelBuilder::new(7, &[1, 3, 8, 8]);
    let x = model.conv("x", [4, 3, 3, 3], &[]);
    let x = model.node("Frobnicate", &[&x], &[]);
    let unknown = directory.path().join("unknown.onnx");
    std::fs::write(&unknown, model.bytes(&[&x])).expect("written");
    opens(&mut app, &unknown);
    let told = message(&app);
    assert!(told.contains("unknown.onnx") && told.contains("Frobnicate"), "{told}");
    assert_eq!(app.screen, Screen::Explore);
}

#[test]
fn models_come_back_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut app = scene("ready").app;
    opens(&mut app, &mine(&directory));
    opens(&mut app, &assets("digit.png"));
    run(&mut app);
    let (mut again, effects) = restarting(&app);
    // Until it is there, nothing of it is lost.
    assert_eq!(again.networks.chosen().map(Subject::name), Some("digits"));
    let (again_again, _) = restarting(&again);
    assert!(again_again.networks.models().count() == 1);
    serves(&mut again, effects);
    assert_eq!(again.networks.chosen().map(Subject::name), Some("mine.onnx"));
    let answer = |app: &App| match &app.networks.phase {
        NetworkPhase::Done(outcome) => {
            Some((outcome.answer.as_ref()?.top[0].class, outcome.totals))
        }
        _ => None,
    };
    assert!(answer(&app).is_some());
    assert_eq!(answer(&again), answer(&app));
    assert_eq!(again.networks.noisiest(), app.networks.noisiest());
    let data = |app: &App| {
        app.networks.rows.iter().map(|row| row.form.layer.data.clone()).collect::<Vec<_>>()
    };
    assert_eq!(data(&again), data(&app));
}

#[test]
fn a_model_is_tuned_and_compared_on_its_own_weights() {
    let mut app = scene("ready").app;
    app.act(Action::Network);
    let effects = app.act(Action::Optimise);
    let [Effect::TuneNetwork { layers, subject: Subject::Model(_), .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert!(layers.iter().all(|run: &RunSpec| run.layer.data.is_some()));
    app.update(1, Event::Network { number: app.networks.number, event: NetworkEvent::Cancelled });
    run(&mut app);
    let effects = app.act(Action::RunBaseline);
    let [Effect::CompareNetwork { layers, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert!(
        layers.iter().all(|run| run
            .layer
            .data
            .as_ref()
            .is_some_and(|data| Arc::strong_count(data) > 1))
    );
}

#[test]
fn bits_of_a_model_are_set() {
    let mut app = scene("ready").app;
    app.act(Action::Network);
    let says = |app: &mut App, text: &str| {
        app.act(Action::Edit);
        types(app, text);
        let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
        let effects = app.update(0, Event::Key(enter));
        serves(app, effects);
    };
    says(&mut app, "bits=4,5 mean=0.1");
    let bits = |app: &App| {
        let specs = app.networks.rows.iter().map(|row| &row.form.layer.spec);
        specs.map(|spec| (spec.weight_bits, spec.activation_bits)).collect::<Vec<_>>()
    };
    assert_eq!(bits(&app), [(4, 5); 4]);
    app.act(Action::Edit);
    let Some(Overlay::Prompt { input, .. }) = &app.overlay else { panic!("no prompt") };
    assert_eq!(input.value(), "bits=4,5 mean=0.1 std=1");
    app.overlay = None;
    assert!(run(&mut app).verdict.is_exact());
    // What is wrong is told, and the line stays; what a model refuses is told too.
    says(&mut app, "bits=9,9");
    assert!(message(&app).starts_with("bits: \"9,9\"") && app.overlay.is_some());
    app.overlay = None;
    says(&mut app, "mean=0.1,0.2");
    assert!(message(&app).contains("--mean takes 1 number or 1"), "{}", message(&app));
    assert_eq!(bits(&app), [(4, 5); 4]);
    app.networks.select("resnet20");
    app.act(Action::Edit);
    assert!(app.overlay.is_none() && message(&app).contains("no model"));
}

#[test]
fn a_layer_is_exported_with_its_weights_and_its_input() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut app = scene("ready").app;
    app.act(Action::Network);
    let target = directory.path().join("layers");
    app.act(Action::Export);
    types(&mut app, &target.display().to_string());
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    let effect = app.update(0, Event::Key(enter)).into_iter().next().expect("an export");
    let exported = done(effect, None);
    assert!(matches!(exported, Some(Event::Exported(Ok(_)))), "{exported:?}");
    let path = target.join("conv2.toml");
    let text = std::fs::read_to_string(&path).expect("written");
    let told = "# heconv run conv2.toml --weights conv2.weights.npy --input conv2.input.npy\n";
    assert!(text.contains(told), "{text}");
    // What that runs is the layer as the model has it.
    let experiment = crate::preset::Experiment::parse(&text, "conv2.toml").expect("reads back");
    let alone = RunSpec {
        weights: Some(target.join("conv2.weights.npy")),
        input: Some(target.join("conv2.input.npy")),
        ..RunSpec::new(experiment.layer, experiment.params)
    };
    let own = app.networks.rows[1].form.spec(1 << 30);
    let weights = crate::job::run_weights(&own).expect("weights");
    assert_eq!(crate::job::run_weights(&alone).expect("weights"), weights);
    let input = crate::job::input_preview(&own).expect("an input");
    assert_eq!(crate::job::input_preview(&alone).expect("an input"), input);
}

#[test]
fn the_form_follows_what_is_said_of_its_model() {
    let mut app = scene("ready").app;
    let layer = app.layers.find("digits/conv2").cloned();
    app.choose(layer, None);
    app.act(Action::Network);
    let says = |app: &mut App, text: &str| {
        app.act(Action::Edit);
        types(app, text);
        app.update(0, Event::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)))
    };
    // Of two that are asked for the later one counts, in whatever order they are there.
    let first = says(&mut app, "bits=3,3");
    let second = says(&mut app, "bits=4,4");
    serves(&mut app, second);
    serves(&mut app, first);
    assert_eq!(app.form.layer, *app.layers.find("digits/conv2").expect("listed"));
    assert_eq!(app.form.layer.spec.weight_bits, 4);
    assert!(app.form.layer.data.is_some());
    // While it runs nothing takes its place.
    app.act(Action::Run);
    assert!(says(&mut app, "bits=5,5").is_empty());
    assert!(message(&app).contains("in progress"), "{}", message(&app));
}

#[test]
fn another_answer_in_floats_is_told() {
    let mut replay = scene("network done");
    let NetworkPhase::Done(outcome) = &mut replay.app.networks.phase else { panic!("not done") };
    let answer = outcome.answer.as_mut().expect("an answer");
    let name = |names: &str| Some(names.to_owned());
    answer.top[0].label = name("Egyptian cat");
    answer.top1_agrees = false;
    answer.float_top[0].label = name("a rather long name of a tabby");
    for (width, height) in [(80, 24), (100, 30), (120, 40)] {
        let shown = frames::text(&replay.draw(width, height));
        for words in ["Egyptian cat  99.7 %", "in floats it is a rather long name of a, 99.7 %"] {
            assert!(shown.contains(words), "{words} in {shown}");
        }
        assert!(!shown.contains("as in floats"), "{shown}");
    }
    // What is no list of scores has no answer.
    let NetworkPhase::Done(outcome) = &mut replay.app.networks.phase else { panic!("not done") };
    outcome.answer = None;
    assert!(frames::text(&replay.draw(80, 24)).contains("no answer in a word"));
}
