//! Bytes and work: exact before a run, confirmed by it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::parts::{block, outdated, ratio, row};
use crate::report::{MessageParts, OperationCounts, Record, bytes_text, count_text, counted};
use crate::tui::app::App;

/// Rows that the panels need.
pub(super) const HEIGHT: u16 = 8;

pub(super) fn draw_bytes(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let run = app.shown().filter(|_| app.running.is_none());
    let title = match (run, app.is_outdated()) {
        (None, false) => "bytes, exact before the run".to_owned(),
        _ => format!("bytes{}", run.map_or_else(|| outdated(app), |_| String::new())),
    };
    let block = block(app, &title, false);
    let width = block.inner(area).width;
    let record = run.map(|run| &run.record).or_else(|| app.predicted_of_shown());
    let style = if run.is_some() { theme.text } else { theme.dim };
    let names = ["upload", "download", "keys, once", "weights", "server peak"];
    let amounts = match record {
        Some(record) => {
            let (sent, held) = (&record.communication_bytes, &record.storage_bytes);
            [sent.upload, sent.download, sent.keys, held.weights, held.server_peak].map(Some)
        }
        None => [None; 5],
    };
    let mut lines: Vec<Line<'_>> = names
        .into_iter()
        .zip(amounts)
        .map(|(name, bytes)| {
            let value = bytes.map_or_else(|| "-".into(), bytes_text);
            row(name, value, width, theme.dim, style)
        })
        .collect();
    if let Some(run) = run
        && let Some(other) = app.compare.baseline_of(&run.record)
        && other.layer == run.record.layer
    {
        let times = other.storage_bytes.weights as f64 / run.record.storage_bytes.weights as f64;
        let value = format!("{}  {} less", bytes_text(other.storage_bytes.weights), ratio(times));
        lines.push(row(
            &format!("  {}", other.algorithm),
            value,
            width,
            theme.baseline,
            theme.baseline,
        ));
    }
    let has_room = lines.len() < usize::from(block.inner(area).height);
    if let Some(messages) = record.and_then(|record| record.messages).filter(|_| has_room) {
        let percent = |parts: MessageParts| format!("{:.0} %", 100.0 * parts.payload_share());
        let (up, down) = (percent(messages.upload), percent(messages.download));
        let value = format!("{up} up, {down} down");
        lines.push(row("payload", value, width, theme.dim, style));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

pub(super) fn draw_work(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let run = app.shown().filter(|_| app.running.is_none());
    let record = run.map(|run| &run.record).or_else(|| app.predicted_of_shown());
    let style = if run.is_some() { theme.text } else { theme.dim };
    let lanes = |record: &Record| format!("work   {}", counted(record.lanes, "lane"));
    let late = run.map_or_else(|| outdated(app), |_| String::new());
    let title = record.map_or_else(|| "work".into(), |record| lanes(record) + &late);
    let block = block(app, &title, false);
    let width = block.inner(area).width;
    let work = record.map(|record| record.operations);
    let count = |value: fn(&OperationCounts) -> u64| {
        work.as_ref().map_or_else(|| "-".into(), |work| count_text(value(work)))
    };
    let mut lines = vec![
        row("rotations", count(|w| w.rotations), width, theme.dim, style),
        row("transforms", count(|w| w.ntts), width, theme.dim, style),
        row(
            "plaintext multiplications",
            count(|w| w.plaintext_multiplications),
            width,
            theme.dim,
            style,
        ),
        row("scalar multiplications", count(|w| w.scalar_multiplications), width, theme.dim, style),
        row(
            "coefficient multiply-adds",
            count(|w| w.coefficient_multiply_adds),
            width,
            theme.dim,
            style,
        ),
    ];
    if let Some(run) = run {
        lines.push(row("backend", run.record.backend.clone(), width, theme.dim, style));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
