//! The runs of this session, one after the other: a column each for some figures.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::block;
use crate::report::counted;
use crate::tui::app::{App, Done};
use crate::tui::metric::Metric;

/// The figures, a row each.
const FIGURES: [Metric; 5] =
    [Metric::Server, Metric::Total, Metric::Noise, Metric::Sent, Metric::Peak];

/// Columns of a figure's name, and of its range.
const AROUND: u16 = 11 + 26;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, compare) = (app.style.theme(), &app.compare);
    let runs: Vec<(usize, &Done)> = compare
        .runs()
        .enumerate()
        .filter(|(_, run)| {
            run.at >= app.started_at && (run.at.is_some() || app.started_at.is_none())
        })
        .collect();
    let title = format!("this session: {}, the newest right", counted(runs.len(), "run"));
    let block = block(app, &title, false);
    if runs.is_empty() {
        let text = Line::styled("nothing was run in this session yet", theme.dim);
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    }
    let room = usize::from(block.inner(area).width.saturating_sub(AROUND)).max(1);
    let shown = &runs[runs.len().saturating_sub(room)..];
    let mut lines: Vec<Line<'static>> =
        FIGURES.iter().map(|metric| line(app, *metric, shown)).collect();
    // The chosen run stands below its columns.
    if let Some(at) = shown.iter().position(|(index, _)| compare.chosen() == Some(*index)) {
        let text = format!("{:11}{:at$}{}", "", "", app.style.glyphs().ascending);
        lines.push(Line::styled(text, theme.accent));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A figure of each run, as high as it is among them, and the least and the most.
fn line(app: &App, metric: Metric, runs: &[(usize, &Done)]) -> Line<'static> {
    let (theme, levels) = (app.style.theme(), app.style.glyphs().levels);
    let figures: Vec<f64> = runs.iter().map(|(_, run)| metric.figure(&run.record)).collect();
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut spans = vec![Span::styled(format!("{:<11}", metric.label()), theme.text)];
    spans.extend(figures.iter().zip(runs).map(|(figure, (_, run))| {
        let part = figure.max(0.0) / most.max(f64::MIN_POSITIVE);
        let level = (part * (levels.len() - 1) as f64).round() as usize;
        let style = if run.record.verdict().is_bad() { theme.bad } else { theme.bar };
        Span::styled(levels[level.min(levels.len() - 1)], style)
    }));
    let range = if figures.len() == 1 {
        format!("  {}", metric.text(most))
    } else {
        format!("  {} to {}", metric.text(least), metric.text(most))
    };
    spans.push(Span::styled(range, theme.dim));
    Line::from(spans)
}
