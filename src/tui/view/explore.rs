//! Explore: one layer, its parameters and its run.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{form, latency, layers, noise, pictures, sizes, verdict};
use crate::tui::app::{App, Panel};
use crate::tui::meaning::MEANINGS;

/// From this size on, layers, form and pictures stand beside the rest.
const WIDE: (u16, u16) = (108, 32);

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if app.zoomed {
        return draw_zoomed(app, frame, area);
    }
    let Some([top, bottom]) = lists(app, area) else {
        return draw_compact(app, frame, area);
    };
    layers::draw(app, frame, top);
    form::draw(app, frame, bottom);
    draw_wide(app, frame, Rect { x: top.right(), width: area.right() - top.right(), ..area });
}

/// Where layers and form are, where they stand beside the rest.
pub(super) fn lists(app: &App, area: Rect) -> Option<[Rect; 2]> {
    if !is_wide(area) {
        return None;
    }
    let left = Rect { width: app.left, ..area };
    let form = Constraint::Length(form::height(area.height));
    Some(Layout::vertical([Constraint::Min(6), form]).areas(left))
}

/// The panel that takes keys, alone.
fn draw_zoomed(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let is_of =
        |names: &[&str]| MEANINGS.get(app.figure).is_some_and(|one| names.contains(&one.name));
    match app.panel {
        Panel::Layers => layers::draw(app, frame, area),
        Panel::Parameters => form::draw(app, frame, area),
        Panel::Figures
            if is_of(&["fresh", "rotated", "multiplied", "final", "plaintext headroom"]) =>
        {
            noise::draw(app, frame, area);
        }
        Panel::Figures
            if is_of(&["upload", "download", "keys, once", "weights", "server peak"]) =>
        {
            sizes::draw_bytes(app, frame, area);
        }
        Panel::Figures
            if is_of(&[
                "rotations",
                "transforms",
                "plaintext multiplications",
                "scalar multiplications",
                "coefficient multiply-adds",
                "lanes",
            ]) =>
        {
            sizes::draw_work(app, frame, area);
        }
        Panel::Figures => latency::draw(app, frame, area),
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
