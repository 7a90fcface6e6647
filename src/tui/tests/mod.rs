//! Tests of the whole explorer, on the recording.

mod exports;
mod frames;
mod harm;
mod pictures;
mod shown;
mod sweep;

use std::sync::LazyLock;

use crossterm::event::KeyCode;

use super::colour::ColourDepth;
use super::event::{Event, ExportError};
use super::glyphs::Glyphs;
use super::replay::Replay;
use super::screenshot::{all_runs, run, set};
use super::style::Style;
use super::theme::Theme;
use crate::job::JobEvent;

/// Every state of the screen that looks different, by name.
static SCENES: LazyLock<Vec<(&'static str, Replay)>> =
    LazyLock::new(|| scenes().expect("the recording holds these runs"));

fn style(depth: ColourDepth, glyphs: &'static Glyphs) -> Style {
    Style::new(vec![Theme::default()], "dark", depth, glyphs)
}

/// A scene in other looks.
fn with_style(replay: &Replay, depth: ColourDepth, glyphs: &'static Glyphs) -> Replay {
    let mut replay = replay.clone();
    replay.app.style = style(depth, glyphs);
    replay
}

/// A sweep of the demo over one parameter set, both reductions, just started. Half of its points
/// were recorded, and the others fail.
fn sweep(ready: &Replay) -> Result<Replay, super::RecordingError> {
    let mut sweep = ready.clone();
    sweep.app.presets.retain(|preset| preset.name == "n4096-t20");
    sweep.types("3m")?;
    sweep.press(KeyCode::Enter)?;
    Ok(sweep)
}

/// Lets a sweep come to its end.
fn end(sweep: &mut Replay) -> Result<(), super::RecordingError> {
    while sweep.app.running.is_some() {
        sweep.pass(1.0)?;
    }
    Ok(())
}

fn scenes() -> Result<Vec<(&'static str, Replay)>, super::RecordingError> {
    let ready = Replay::new(style(ColourDepth::True, &Glyphs::UNICODE))?;
    let after = |keys: &str, from: &Replay| {
        let mut replay = from.clone();
        replay.types(keys).map(|()| replay)
    };
    let mut finished = ready.clone();
    run(&mut finished, KeyCode::Char('b'))?;
    run(&mut finished, KeyCode::Enter)?;
    let mut running = ready.clone();
    running.press(KeyCode::Enter)?;
    running.pass(0.6)?;
    let mut invalid = ready.clone();
    set(&mut invalid, "limb bits", "36 36")?;
    let mut error = running.clone();
    let failed = JobEvent::Failed("cannot start threads: resource temporarily unavailable".into());
    error.event(Event::Job { number: 1, event: failed })?;
    let mut compare = finished.clone();
    all_runs(&mut compare)?;
    let compare = after("2", &compare)?;
    let mut overwrite = ready.clone();
    overwrite.event(Event::Exported(Err(ExportError::Exists("photo.toml".into()))))?;
    let mut sweeping = sweep(&ready)?;
    while sweeping.app.sweep.current() < Some(6) {
        sweeping.pass(1.0)?;
    }
    sweeping.pass(0.4)?;
    let mut swept = sweeping.clone();
    end(&mut swept)?;
    Ok(vec![
        ("sweep planned", after("3", &ready)?),
        ("sweep chart", after("ssssvj", &swept)?),
        ("sweep done", after("ssss", &swept)?),
        ("sweep running", sweeping),
        ("compare empty", after("2", &ready)?),
        ("palette", after(":ru", &ready)?),
        ("prompt", after("e", &ready)?),
        ("help", after("?", &ready)?),
        ("overwrite", overwrite),
        ("layers", after("l", &ready)?),
        ("parameters", after("p", &finished)?),
        ("pictures", after("m", &finished)?),
        ("pinned", after("Psr", &compare)?),
        ("ready", ready),
        ("running", running),
        ("finished", finished),
        ("invalid", invalid),
        ("error", error),
        ("compare", compare),
    ])
}

/// The scene of a name.
fn scene(name: &str) -> Replay {
    let found = SCENES.iter().find(|(known, _)| *known == name);
    found.expect("a scene").1.clone()
}
