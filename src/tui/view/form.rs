//! The parameter form.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{bar, block};
use crate::tui::app::{App, Overlay, Panel};
use crate::tui::form::Field;

/// Rows that the panel needs.
pub(super) const HEIGHT: u16 = 2 + Field::ALL.len() as u16 + 2;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let focused = app.panel == Panel::Parameters && !matches!(app.overlay, Some(Overlay::Layers));
    let block = block(app, "parameters   i edit  +/- step", focused);
    let inner = block.inner(area);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (i, field) in Field::ALL.into_iter().enumerate() {
        let is_here = focused && i == app.field;
        let style = if is_here { theme.selected } else { theme.text };
        let value = app.form.value(field);
        let room = usize::from(inner.width).saturating_sub(17);
        let text = format!(" {:<16}{value:<room$}", field.label());
        lines.push(Line::styled(text, style));
    }
    lines.push(security(app, inner.width));
    lines.push(headroom(app));
    frame.render_widget(Paragraph::new(lines).block(block), area);
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
