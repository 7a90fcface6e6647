//! Files of the user: opened, completed and saved.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::scene;
use crate::preset::{Catalogue, SweepFile, check_file};
use crate::tensor::TensorFile;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Screen, Tone};
use crate::tui::event::{Effect, Event};
use crate::tui::form::Field;
use crate::tui::network::NetworkJob;
use crate::tui::open::open;
use crate::tui::paths;

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    app.update(0, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Types `:open PATH` and takes in what is there.
fn opens(app: &mut App, path: &Path) -> Vec<Effect> {
    press(app, KeyCode::Char(':'));
    app.update(0, Event::Paste(format!("open {}", path.display())));
    let effects = press(app, KeyCode::Enter);
    let [Effect::Open { path, weights }] = &effects[..] else { panic!("{effects:?}") };
    let opened = open(path, *weights);
    app.update(0, Event::Opened(path.clone(), Box::new(opened)))
}

fn saved(app: &mut App, text: &str) -> String {
    press(app, KeyCode::Char(':'));
    app.update(0, Event::Paste(format!("save {text}")));
    match &press(app, KeyCode::Enter)[..] {
        [Effect::Export { text, overwrite: false, .. }] => text.clone(),
        other => panic!("{other:?}, {:?}", app.message),
    }
}

fn message(app: &App) -> (Tone, &str) {
    app.message.as_ref().map_or((Tone::Info, ""), |(tone, text)| (*tone, text))
}

struct Place(tempfile::TempDir);

impl Place {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

fn place() -> Place {
    Place(tempfile::tempdir().expect("a directory"))
}

#[test]
fn what_is_saved_opens_again() {
    let place = place();
    let mut app = scene("finished").app;
    let form = app.form.parse(Field::OutChannels, "6", &app.presets).expect("a value");
    app.change_form_for_test(form);
    let experiment = place.file("mine.toml", &saved(&mut app, "experiment mine.toml"));
    let params = place.file("set.toml", &saved(&mut app, "params set.toml"));
    let network = place.file("layers.toml", &saved(&mut app, "network layers.toml"));
    for path in [&experiment, &params, &network] {
        check_file(path).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut other = scene("ready").app;
    opens(&mut other, &experiment);
    assert_eq!(other.form.experiment(), app.form.experiment());
    assert!(message(&other).1.contains("an experiment on own/c3-6-224-k3"), "{:?}", other.message);
    // The layer is listed, and found again.
    assert!(other.layers.find("own/c3-6-224-k3").is_some());
    opens(&mut other, &network);
    assert_eq!(other.form.layer.full_name(), "layers/c3-6-224-k3");
    opens(&mut other, &params);
    assert_eq!(other.form.params, app.form.params);
}

#[test]
fn a_sweep_is_saved_and_opened() {
    let place = place();
    let mut app = scene("sweep planned").app;
    let text = saved(&mut app, "sweep sweep.toml");
    let path = place.file("sweep.toml", &text);
    let catalogue = Catalogue::builtin().expect("valid");
    SweepFile::parse(&text, "sweep.toml", &catalogue).expect("valid");
    let mut other = scene("ready").app;
    opens(&mut other, &path);
    assert_eq!(other.screen, Screen::Sweep);
    // All with all, of which the screen leaves out what has no special prime to rotate with.
    let forms: Vec<_> = other.sweep.rows().iter().map(|row| row.form.clone()).collect();
    assert!(app.sweep.rows().iter().all(|row| forms.contains(&row.form)));
    // It stays as it is, whatever the form says.
    other.act(Action::Explore);
    other.field = 6;
    other.act(Action::Decrease);
    other.act(Action::Sweep);
    assert_eq!(other.sweep.rows().len(), forms.len());
}

#[test]
fn a_sweep_file_says_how_often_each_point_runs() {
    let place = place();
    let mut app = scene("ready").app;
    let text = "schema = 1\nlayers = [\"demo/photo\"]\nalgorithms = [\"padded\"]\nrepeat = 3\n";
    opens(&mut app, &place.file("sweep.toml", text));
    let effects = app.act(Action::Run);
    let [Effect::Start { spec, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(spec.repeat, 3);
    assert!(saved(&mut app, "sweep again.toml").contains("repeat = 3"));
}

#[test]
fn weights_and_pictures_become_those_of_the_form() {
    let place = place();
    let mut app = scene("ready").app;
    let weights = place.0.path().join("w.npy");
    let array = ndarray::Array4::<i8>::ones((8, 3, 3, 3));
    crate::tensor::write_weights(&weights, &array).expect("written");
    opens(&mut app, &weights);
    assert_eq!(app.form.data.weights.as_deref(), Some(weights.as_path()));
    assert_eq!(app.form.spec(1).weights.as_deref(), Some(weights.as_path()));
    let batch = place.0.path().join("x.npy");
    let array = ndarray::Array4::<i8>::ones((1, 3, 224, 224));
    crate::tensor::write_weights(&batch, &array).expect("written");
    opens(&mut app, &batch);
    assert_eq!(app.form.spec(1).input.as_deref(), Some(batch.as_path()));
    let picture = place.0.path().join("cat.png");
    crate::tensor::write_contact_sheet(&picture, &ndarray::Array3::ones((1, 4, 4)))
        .expect("written");
    opens(&mut app, &picture);
    let spec = app.form.spec(1);
    assert_eq!((spec.image.as_deref(), spec.input), (Some(picture.as_path()), None));
    // Another layer takes its own.
    app.act(Action::Last);
    assert_eq!(app.form.data, crate::tui::form::DataFiles::default());
    // What is not there, what it cannot be, and what it says.
    for (name, parts) in [
        ("w.npz", ["cannot read", "the nearest is w.npy"]),
        ("nowhere/w.npy", ["cannot read", "there is no directory"]),
        ("notes.pdf", ["must be said by its ending", ".onnx for a model"]),
        ("", ["is a directory", "name a file"]),
    ] {
        opens(&mut app, &place.0.path().join(name));
        let (tone, text) = message(&app);
        assert!(tone == Tone::Bad && parts.iter().all(|part| text.contains(part)), "{text}");
    }
    let broken = place.file("broken.toml", "schema = 1\n[layr]\n");
    opens(&mut app, &broken);
    assert!(message(&app).1.contains("broken.toml:2: unknown key `layr`"), "{:?}", app.message);
}

#[test]
fn weights_and_values_are_written() {
    let place = place();
    let mut app = scene("finished").app;
    let path = place.0.path().join("y.png");
    press(&mut app, KeyCode::Char(':'));
    app.update(0, Event::Paste(format!("save output {}", path.display())));
    let effects = press(&mut app, KeyCode::Enter);
    let [Effect::SaveValues { format, values, path, .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    format.write(path, values).expect("written");
    assert!(path.exists());
    // The weights that the run takes are those that a run from their file takes.
    let path = place.0.path().join("w.npy");
    let weights = crate::job::run_weights(&app.form.spec(u64::MAX)).expect("valid");
    crate::tensor::write_weights(&path, &weights).expect("written");
    assert!(TensorFile::open(&path).expect("opens").is_single());
    opens(&mut app, &path);
    assert_eq!(crate::job::run_weights(&app.form.spec(u64::MAX)).expect("valid"), weights);
    // Without a run there is nothing to write, which is said.
    let mut app = scene("ready").app;
    press(&mut app, KeyCode::Char(':'));
    app.update(0, Event::Paste("save output y.png".into()));
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    assert!(message(&app).1.contains("Enter in Explore runs the form"), "{:?}", app.message);
}

#[test]
fn paths_are_completed_where_they_are_typed() {
    let place = place();
    place.file("layer-one.toml", "");
    place.file("layer-two.toml", "");
    let start = format!("{}/lay", place.0.path().display());
    let complete = |app: &mut App| {
        let effects = press(app, KeyCode::Tab);
        let [Effect::Complete { text, endings }] = &effects[..] else { panic!("{effects:?}") };
        let found = paths::completions(text, endings);
        app.update(0, Event::Completed { text: text.clone(), found });
    };
    let mut app = scene("ready").app;
    app.act(Action::Open);
    app.update(0, Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    app.update(0, Event::Paste(start.clone()));
    complete(&mut app);
    let Some(Overlay::Prompt { input, .. }) = &app.overlay else { panic!("a prompt") };
    assert_eq!(input.value(), format!("{}/layer-", place.0.path().display()));
    assert_eq!(message(&app).1, "layer-one.toml  layer-two.toml");
    // The same behind a command, and behind the word for what is saved.
    for command in ["open", "save runs"] {
        let mut app = scene("ready").app;
        app.act(Action::Commands);
        app.update(0, Event::Paste(format!("{command} {start}")));
        complete(&mut app);
        let Some(Overlay::Palette(palette)) = &app.overlay else { panic!("commands") };
        assert!(palette.input.value().ends_with("/layer-"), "{}", palette.input.value());
    }
}

#[test]
fn what_to_save_is_taught() {
    let mut app = scene("ready").app;
    app.act(Action::Save);
    app.update(0, Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL)));
    app.update(0, Event::Paste("wieghts mine.xyz".into()));
    assert!(press(&mut app, KeyCode::Enter).is_empty());
    // The prompt stays with what was typed.
    let Some(Overlay::Prompt { input, .. }) = &app.overlay else { panic!("a prompt") };
    assert_eq!(input.value(), "wieghts mine.xyz");
    assert!(
        message(&app).1.contains("write it before the path, like weights"),
        "{:?}",
        app.message
    );
}

#[test]
fn a_plan_is_pinned_and_free_again() {
    let mut app = scene("finished").app;
    app.field = Field::ALL.iter().position(|field| *field == Field::Plan).expect("a field");
    let lanes = app.shown().map(|run| run.record.lanes);
    app.act(Action::Increase);
    assert_eq!((app.form.pinned.lanes, app.form.value(Field::Plan).as_str()), (lanes, "pinned"));
    // Another reduction keeps it.
    let eager = app.form.parse(Field::Reduction, "eager", &app.presets).expect("a value");
    assert_eq!(eager.pinned.lanes, lanes);
    app.act(Action::Decrease);
    assert_eq!(app.form.value(Field::Plan), "free");
}

#[test]
fn a_network_takes_weights_and_an_input_of_its_own() {
    let place = place();
    let mut app = scene("ready").app;
    app.networks.select("resnet20");
    app.act(Action::Network);
    let picture = place.0.path().join("cat.png");
    crate::tensor::write_contact_sheet(&picture, &ndarray::Array3::ones((1, 4, 4)))
        .expect("written");
    opens(&mut app, &picture);
    assert_eq!(app.screen, Screen::Network);
    let effects = app.act(Action::Run);
    let spec = effects.iter().find_map(|effect| match effect {
        Effect::RunNetwork { job: NetworkJob::Network(spec), .. } => Some(spec),
        _ => None,
    });
    assert_eq!(spec.expect("starts").image.as_deref(), Some(picture.as_path()));
    // The layer of the form keeps its own, and so does another network.
    assert_eq!(app.form.data, crate::tui::form::DataFiles::default());
    opens(&mut app, &picture);
    assert!(message(&app).1.starts_with("not opened"), "{:?}", app.message);
}
