//! Explore: one layer, its parameters and its run.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{form, latency, layers, noise, pictures, sizes, verdict};
use crate::tui::app::App;

/// From this size on, layers, form and pictures stand beside the rest.
const WIDE: (u16, u16) = (108, 32);

/// Columns of the left side.
const LEFT: u16 = 38;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if is_wide(area) {
        let [left, right] =
            Layout::horizontal([Constraint::Length(LEFT), Constraint::Min(0)]).areas(area);
        let [top, bottom] =
            Layout::vertical([Constraint::Min(6), Constraint::Length(form::HEIGHT)]).areas(left);
        layers::draw(app, frame, top);
        form::draw(app, frame, bottom);
        draw_wide(app, frame, right);
    } else {
        draw_compact(app, frame, area);
    }
}

/// Whether everything stands side by side.
pub(super) const fn is_wide(area: Rect) -> bool {
    area.width >= WIDE.0 && area.height >= WIDE.1
}

fn halves(area: Rect) -> [Rect; 2] {
    Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area)
}

fn draw_wide(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let [top, figures, amounts, below] = Layout::vertical([
        Constraint::Length(verdict::HEIGHT),
        Constraint::Length(latency::HEIGHT),
        Constraint::Length(sizes::HEIGHT),
        Constraint::Min(0),
    ])
    .areas(area);
    verdict::draw(app, frame, top);
    let [left, right] = halves(figures);
    noise::draw(app, frame, left);
    latency::draw(app, frame, right);
    let [left, right] = halves(amounts);
    sizes::draw_bytes(app, frame, left);
    sizes::draw_work(app, frame, right);
    pictures::draw(app, frame, below);
}

fn draw_compact(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let [top, budget, amounts] = Layout::vertical([
        Constraint::Length(verdict::HEIGHT),
        Constraint::Length(noise::HEIGHT),
        Constraint::Min(0),
    ])
    .areas(area);
    verdict::draw(app, frame, top);
    noise::draw(app, frame, budget);
    let [left, right] = halves(amounts);
    latency::draw(app, frame, left);
    sizes::draw_bytes(app, frame, right);
}
