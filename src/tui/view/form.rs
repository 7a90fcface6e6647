//! The parameter form.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{bar, block};
use crate::tui::app::{App, Overlay, Panel};
use crate::tui::form::Field;

/// Rows of the panel where there is little room: the fields that are used most, and two below.
const LEAST: u16 = 2 + 14 + 2;

/// Rows of the list of layers that the panel leaves.
const LAYERS: u16 = 20;

/// Rows of the panel in `height` rows, which it shares with the list of layers.
pub(super) fn height(height: u16) -> u16 {
    let all = 2 + lines_of_fields().count() as u16 + 2;
    height.saturating_sub(LAYERS).clamp(LEAST, all)
}

/// The lines of the form: headings, and fields by their places.
fn lines_of_fields() -> impl Iterator<Item = Result<usize, &'static str>> {
    let fields = Field::ALL.into_iter().enumerate();
    fields.flat_map(|(i, field)| field.heading().map(Err).into_iter().chain([Ok(i)]))
}

/// The first line that is seen, of so many rows.
fn first_line(app: &App, all: &[Result<usize, &str>], room: usize) -> usize {
    let at = all.iter().position(|line| *line == Ok(app.field)).unwrap_or(0);
    // What comes next is seen before the cursor is there.
    (at + 3).min(all.len()).saturating_sub(room)
}

/// The field at a place of the panel in `area`.
pub(super) fn field_at(app: &App, area: Rect, at: Position) -> Option<usize> {
    let inner = area.inner(Margin { horizontal: 1, vertical: 1 });
    let room = usize::from(inner.height.saturating_sub(2));
    let all: Vec<Result<usize, &str>> = lines_of_fields().collect();
    let row = usize::from(at.y.checked_sub(inner.y)?);
    let line = all.get(first_line(app, &all, room) + row)?;
    line.ok().filter(|_| inner.contains(at) && row < room)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let focused = app.panel == Panel::Parameters && !matches!(app.overlay, Some(Overlay::Layers));
    let block = block(app, "parameters   i edit  +/- step", focused);
    let inner = block.inner(area);
    let all: Vec<Result<usize, &str>> = lines_of_fields().collect();
    let room = usize::from(inner.height.saturating_sub(2));
    let first = first_line(app, &all, room);
    let below = all.len().saturating_sub(first + room);
    let block = match below {
        0 => block,
        _ => block.title_bottom(
            Line::styled(format!(" {} {below} more ", app.style.glyphs().descending), theme.dim)
                .right_aligned(),
        ),
    };
    let shown = all.into_iter().skip(first).take(room);
    let mut lines: Vec<Line<'_>> = shown
        .map(|line| match line {
            Ok(place) => field_line(app, place, focused, inner.width),
            Err(heading) => Line::styled(format!(" {heading}"), theme.title),
        })
        .collect();
    lines.push(security(app, inner.width));
    lines.push(headroom(app));
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A field and its value, of which the end is kept where it is a long path.
fn field_line(app: &App, place: usize, focused: bool, width: u16) -> Line<'static> {
    let (theme, field) = (app.style.theme(), Field::ALL[place]);
    let style = if focused && place == app.field { theme.selected } else { theme.text };
    let room = usize::from(width).saturating_sub(17);
    let value = app.form.value(field);
    let value = match value.chars().count() {
        count if count > room => {
            let kept: String = value.chars().skip(count + 1 - room.max(1)).collect();
            format!("{}{kept}", app.style.glyphs().ellipsis)
        }
        _ => value,
    };
    Line::styled(format!(" {:<16}{value:<room$}", field.label()), style)
}

/// log2(QP) against its cap, as a bar.
fn security(app: &App, width: u16) -> Line<'static> {
    let theme = app.style.theme();
    let Some((params, _)) = &app.checked else {
        return Line::styled(format!(" {} not valid", app.style.glyphs().cross), theme.bad);
    };
    let (used, cap) = (params.log2_qp(), params.security().cap_log2_qp.unwrap_or(1.0));
    let mut spans = vec![Span::styled(" log2(QP) ", theme.dim)];
    spans.extend(bar(app, width.saturating_sub(24), used / cap, None));
    spans.push(Span::styled(format!(" {used:.1}/{cap:.0}"), theme.good));
    Line::from(spans)
}

/// Whether t holds every output, by bit widths alone.
fn headroom(app: &App) -> Line<'static> {
    let theme = app.style.theme();
    let Some((params, layer)) = &app.checked else { return Line::default() };
    let bits = (params.plain().value() as f64).log2() - 1.0 - (layer.worst_output() as f64).log2();
    let (text, style) = if bits >= 0.0 {
        (format!(" t headroom, worst case {bits:.1}"), theme.dim)
    } else {
        (format!(" t headroom, worst case {bits:.1}"), theme.warning)
    };
    Line::styled(text, style)
}
