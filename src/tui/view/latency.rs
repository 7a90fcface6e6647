//! Latency by stage.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{bar, block};
use crate::conv::Stage;
use crate::tui::app::App;

/// Rows that the panel needs.
pub(super) const HEIGHT: u16 = 10;

/// The stages of an inference, with what is known of their times in milliseconds.
fn times(app: &App) -> Vec<(&'static str, Option<f64>)> {
    let stages = [
        Stage::Encrypt,
        Stage::Rotate,
        Stage::Multiply,
        Stage::Mix,
        Stage::Response,
        Stage::Decrypt,
    ];
    if let Some(running) = &app.running {
        let spent = |stage: Stage| {
            let begun = running.fraction(stage).is_some();
            (stage.name(), begun.then(|| running.spent_ms[stage as usize] as f64))
        };
        return stages.into_iter().map(spent).chain([("transfer", None)]).collect();
    }
    let Some(run) = app.shown() else {
        return stages.iter().map(|s| (s.name(), None)).chain([("transfer", None)]).collect();
    };
    let time = &run.record.latency_ms;
    let all = [
        time.encrypt,
        time.rotate,
        time.multiply,
        time.mix,
        time.response,
        time.decrypt,
        time.transfer,
    ];
    stages.iter().map(|s| s.name()).chain(["transfer"]).zip(all.map(Some)).collect()
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let title = match app.shown().filter(|_| app.running.is_none()) {
        Some(run) => format!("latency, ms   server {:.1}", run.record.latency_ms.server),
        None => "latency, ms".into(),
    };
    let block = block(app, &title, false);
    let inner = block.inner(area);
    let rows = times(app);
    let longest = rows.iter().filter_map(|row| row.1).fold(1e-9, f64::max);
    let width = inner.width.saturating_sub(10 + 10);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (name, ms) in &rows {
        let mut spans = vec![Span::styled(format!("{name:<9}"), theme.text)];
        spans.extend(bar(app, width, ms.unwrap_or(0.0) / longest, None));
        let value = ms.map_or_else(|| "-".into(), |ms| format!("{ms:.1}"));
        spans.push(Span::styled(format!("{value:>9}"), theme.text));
        lines.push(Line::from(spans));
    }
    if let Some(run) = app.shown().filter(|_| app.running.is_none()) {
        let time = &run.record.latency_ms;
        let text = format!("once: keys {:.0}, weights {:.0}", time.keygen, time.weights);
        lines.push(Line::styled(text, theme.dim));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
