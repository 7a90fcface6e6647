//! The pictures of the documentation: scripted screens on the recording.

use crossterm::event::KeyCode;
use ratatui::style::Color;

use super::colour::ColourDepth;
use super::glyphs::Glyphs;
use super::recording::RecordingError;
use super::replay::Replay;
use super::style::Style;
use super::svg::svg;
use super::theme::Theme;

/// Every picture by its file name. The same on every machine.
///
/// # Errors
/// That the recording in this program lacks a run.
pub fn pictures() -> Result<Vec<(&'static str, String)>, RecordingError> {
    let mut replay = Replay::new(style())?;
    let mut network = replay.clone();
    network.press(KeyCode::Char('4'))?;
    run(&mut replay, KeyCode::Char('b'))?;
    let mut running = replay.clone();
    running.press(KeyCode::Enter)?;
    running.pass(0.6)?;
    run(&mut replay, KeyCode::Enter)?;
    let mut compare = replay.clone();
    all_runs(&mut compare)?;
    // By server time, the least first.
    compare.types("2ss")?;
    let mut pictures = vec![
        ("explore.svg", picture(&replay, 120, 40)),
        ("running.svg", picture(&running, 120, 40)),
        ("compare.svg", picture(&compare, 100, 30)),
        ("compact.svg", picture(&replay, 80, 24)),
    ];
    if let Some(run) = network.recorded_network() {
        network.network_ran(run)?;
        pictures.push(("network.svg", picture(&network, 100, 30)));
    }
    Ok(pictures)
}

/// The default looks, in a terminal that can show them.
fn style() -> Style {
    Style::new(vec![Theme::default()], "dark", ColourDepth::True, &Glyphs::UNICODE)
}

/// Starts a run by its key, to its end.
pub(super) fn run(replay: &mut Replay, key: KeyCode) -> Result<(), RecordingError> {
    replay.press(key)?;
    replay.pass(1.0)
}

/// After the runs of the conventional and the fused algorithm, all others that were recorded.
pub(super) fn all_runs(replay: &mut Replay) -> Result<(), RecordingError> {
    set(replay, "reduction", "eager")?;
    run(replay, KeyCode::Enter)?;
    set(replay, "reduction", "lazy")?;
    set(replay, "algorithm", "hadamard")?;
    run(replay, KeyCode::Enter)?;
    set(replay, "algorithm", "hadamard-fused")
}

/// Types a value into a field of the form.
pub(super) fn set(replay: &mut Replay, label: &str, value: &str) -> Result<(), RecordingError> {
    let at = super::form::Field::ALL.iter().position(|field| field.label() == label);
    replay.app.field = at.unwrap_or(0);
    replay.press(KeyCode::Char('i'))?;
    for _ in 0..40 {
        replay.press(KeyCode::Backspace)?;
    }
    replay.types(value)?;
    replay.press(KeyCode::Enter)
}

fn picture(replay: &Replay, width: u16, height: u16) -> String {
    let text = replay.app.style.theme().text;
    let rgb = |colour, other| match colour {
        Some(Color::Rgb(r, g, b)) => (r, g, b),
        _ => other,
    };
    let (background, foreground) = (rgb(text.bg, (0, 0, 0)), rgb(text.fg, (255, 255, 255)));
    svg(&replay.draw(width, height), background, foreground)
}
