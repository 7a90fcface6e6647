//! Scenes of the explorer: every state of the screen that looks different.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{end, style, sweep};
use crate::job::JobEvent;
use crate::network::{Answer, Fidelity, LayerReport};
use crate::report::{KeyBytes, NetworkLayer, NetworkTotals, Record, Verdict, Verification};
use crate::tui::RecordingError;
use crate::tui::colour::ColourDepth;
use crate::tui::event::{Event, ExportError};
use crate::tui::glyphs::Glyphs;
use crate::tui::network::NetworkOutcome;
use crate::tui::recording::RecordedNetwork;
use crate::tui::replay::Replay;
use crate::tui::screenshot::{all_runs, run, set};
use crate::tune::{Cause, Found, Landscape, Rejected};

/// A scene and its name.
type Scene = (&'static str, Replay);

pub fn scenes() -> Result<Vec<Scene>, RecordingError> {
    let ready = Replay::new(style(ColourDepth::True, &Glyphs::UNICODE))?;
    let mut scenes = runs(&ready)?;
    scenes.extend(forms(&ready)?);
    scenes.extend(sweeps(&ready)?);
    scenes.extend(optimisations(&ready)?);
    scenes.extend(networks(&ready)?);
    scenes.push(("ready", ready));
    Ok(scenes)
}

/// A scene after some keys.
fn after(keys: &str, from: &Replay) -> Result<Replay, RecordingError> {
    let mut replay = from.clone();
    replay.types(keys).map(|()| replay)
}

fn runs(ready: &Replay) -> Result<Vec<Scene>, RecordingError> {
    let mut finished = ready.clone();
    run(&mut finished, KeyCode::Char('b'))?;
    run(&mut finished, KeyCode::Enter)?;
    let mut running = ready.clone();
    running.press(KeyCode::Enter)?;
    running.pass(0.6)?;
    let mut error = running.clone();
    let failed = JobEvent::Failed("cannot start threads: resource temporarily unavailable".into());
    error.event(Event::Job { number: 1, event: failed })?;
    let mut compare = finished.clone();
    all_runs(&mut compare)?;
    let compare = after("2", &compare)?;
    let mut overwrite = ready.clone();
    overwrite.event(Event::Exported(Err(ExportError::Exists("photo.toml".into()))))?;
    Ok(vec![
        ("compare empty", after("2", ready)?),
        ("palette", after(":ru", ready)?),
        ("prompt", after("e", ready)?),
        ("help", after("?", ready)?),
        ("overwrite", overwrite),
        ("layers", after("l", ready)?),
        ("parameters", after("p", &finished)?),
        ("pictures", after("m", &finished)?),
        ("pinned", after("Psr", &compare)?),
        ("running", running),
        ("finished", finished),
        ("error", error),
        ("compare", compare),
    ])
}

/// Forms that something is to be said about.
fn forms(ready: &Replay) -> Result<Vec<Scene>, RecordingError> {
    let with = |values: &[(&str, &str)]| {
        let mut replay = ready.clone();
        values.iter().try_for_each(|(field, value)| set(&mut replay, field, value))?;
        Ok::<Replay, RecordingError>(replay)
    };
    let mut memory = ready.clone();
    if let Some(Ok(estimate)) = &mut memory.app.estimate {
        estimate.needed_bytes = 70 << 30;
    }
    let mut unfit = ready.clone();
    unfit.app.estimate =
        Some(Err("layer demo/photo: no plan of padded has 16 lanes of a ring of degree 4096, \
                  and no other will do either"
            .into()));
    let mut small = ready.clone();
    let layer = small.app.layers.find("vgg16/conv5_3").cloned();
    small.app.choose(layer, None);
    set(&mut small, "activation bits", "10")?;
    set(&mut small, "t bits", "16")?;
    Ok(vec![
        ("invalid", with(&[("limb bits", "36 36")])?),
        ("noise gone", with(&[("limb bits", "30"), ("t bits", "20")])?),
        ("noise short", with(&[("limb bits", "32")])?),
        ("t small", small),
        ("lanes", with(&[("limb bits", "30 30 30"), ("ring degree", "8192"), ("lanes", "4")])?),
        ("memory", memory),
        ("unfit", unfit),
    ])
}

fn sweeps(ready: &Replay) -> Result<Vec<Scene>, RecordingError> {
    let mut sweeping = sweep(ready)?;
    while sweeping.app.sweep.current() < Some(6) {
        sweeping.pass(1.0)?;
    }
    sweeping.pass(0.4)?;
    let mut swept = sweeping.clone();
    end(&mut swept)?;
    let mut predicted = after("3d", ready)?;
    predicted.press(KeyCode::Enter)?;
    Ok(vec![
        ("sweep planned", after("3", ready)?),
        ("sweep predicted", after("ssss", &predicted)?),
        ("sweep chart", after("ssssvj", &swept)?),
        ("sweep done", after("ssss", &swept)?),
        ("sweep running", sweeping),
    ])
}

/// The built-in model before its run and after one. Its figures are those that are predicted, and what
/// floats give is made up: neither depends on the machine.
fn networks(ready: &Replay) -> Result<Vec<Scene>, RecordingError> {
    let planned = after("4", ready)?;
    let mut done = planned.clone();
    let predicted = planned.app.networks.rows.iter().filter_map(|row| row.record());
    let ratios = [46.9, 41.25, 40.0, 41.0];
    let layers = predicted.zip(ratios).map(|((record, _), ratio)| NetworkLayer {
        activation: LayerReport {
            name: record.layer.name.clone(),
            input_scale: 0.25,
            zero_channels: 0,
            largest_sum: 1000,
            scale: None,
            shape: [1, 1, 1],
        },
        record: Record {
            predicted: false,
            verification: Some(Verification { values: 10, ..Verification::default() }),
            ..record.clone()
        },
        signal_to_noise_db: Some(ratio),
        activation_ms: 0.5,
    });
    let layers: Vec<NetworkLayer> = layers.collect();
    let totals =
        NetworkTotals::of(layers.iter().map(|layer| &layer.record), 2.0, KeyBytes::default());
    let labels: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let scores = [-3.0, -2.5, 10.5, 4.25, -6.0, 0.5, -8.0, 3.0, 2.5, -1.0];
    let outcome = NetworkOutcome {
        verdict: Verdict::Exact,
        output_values: 10,
        output_mismatches: 0,
        totals,
        wall_ms: 600.0,
        fidelity: Some(Fidelity { cosine: 0.99995, largest_error: 0.108, largest_value: 10.434 }),
        answer: Answer::of(&scores, &scores, Some(&labels)),
    };
    let finished = layers.into_iter().map(|layer| {
        let mut value = serde_json::to_value(layer)?;
        value["digest"] = "made up".into();
        serde_json::from_value(value)
    });
    let layers = finished.collect::<Result<_, _>>()?;
    done.network_ran(RecordedNetwork { layers, outcome })?;
    Ok(vec![("network planned", planned), ("network done", done)])
}

/// An optimisation from the question to the decision. The finalists were not recorded: their runs
/// give what was predicted.
fn optimisations(ready: &Replay) -> Result<Vec<Scene>, RecordingError> {
    let asking = after("o", ready)?;
    let mut searching = asking.clone();
    // Without the search, which would be done at once.
    let enter = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
    searching.app.update(0, Event::Key(enter));
    searching.app.update(800, Event::Searching { number: 1, done: 2, of: 6 });
    let mut nothing = searching.clone();
    let rejected = |ring_degree: usize, cause, reason: &str| Rejected {
        ring_degree,
        cause,
        params: format!("N = {ring_degree}"),
        algorithm: "conventional".into(),
        reason: reason.into(),
    };
    let found = Box::new(Found {
        candidates: Vec::new(),
        rejected: vec![
            rejected(1024, Cause::Security, "no Q that exceeds t is within the security cap"),
            rejected(2048, Cause::Noise, "leaves at most -12.3 bits of noise budget, margin 4"),
        ],
        landscape: Landscape::default(),
    });
    nothing.event(Event::Found { number: 1, found: Ok(found) })?;
    let mut running = asking.clone();
    running.press(KeyCode::Enter)?;
    let mut decided = running.clone();
    while decided.app.running.is_some() {
        decided.pass(1.0)?;
    }
    let mut best = decided.clone();
    best.press(KeyCode::Esc)?;
    Ok(vec![
        ("optimise asking", after("kkl", &asking)?),
        ("optimise searching", searching),
        ("optimise running", running),
        ("optimise nothing", nothing),
        ("optimise scrolled", after("jjjjjjjj", &decided)?),
        ("optimise decided", decided),
        ("optimise best", best),
    ])
}
