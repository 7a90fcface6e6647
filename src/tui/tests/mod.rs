//! Tests of the whole explorer, on the recording.

mod compare;
mod exports;
mod files;
mod frames;
mod harm;
mod kept;
mod models;
mod network;
mod optimise;
mod pictures;
mod pointer;
mod scenes;
mod shown;
mod sweep;
mod verdicts;
mod walk;

use std::sync::LazyLock;

use crossterm::event::KeyCode;

use super::colour::ColourDepth;
use super::glyphs::Glyphs;
use super::replay::Replay;
use super::screenshot::{run, set};
use super::style::Style;
use super::theme::Theme;

/// Every state of the screen that looks different, by name.
static SCENES: LazyLock<Vec<(&'static str, Replay)>> =
    LazyLock::new(|| scenes::scenes().expect("the recording holds these runs"));

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

/// The scene of a name.
fn scene(name: &str) -> Replay {
    let found = SCENES.iter().find(|(known, _)| *known == name);
    found.expect("a scene").1.clone()
}
