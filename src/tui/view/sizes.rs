//! Bytes and work: exact before a run, confirmed by it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{block, name_style, outdated, ratio, row};
use crate::report::{MessageParts, OperationCounts, Record, bytes_text, count_text, counted};
use crate::tui::app::{App, Done};

/// Rows that the panels need.
pub(super) const HEIGHT: u16 = 9;

/// Columns of the names of messages, and of their sizes.
const AROUND_BAR: u16 = 12 + 10;

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
            match parts_of(record, name) {
                Some(parts) => message(app, name, parts, value, width, style),
                None => row(name, value, width, name_style(app, name, theme.dim), style),
            }
        })
        .collect();
    if let Some(run) = run
        && let Some((_, Done { record: other, .. })) = app.compare.baseline_of(&run.record)
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
    if has_room && record.is_some_and(|record| record.messages.is_some()) {
        lines.insert(2, legend(app));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// What the bytes of a message are for, where `name` is that of one and it is known.
fn parts_of(record: Option<&Record>, name: &str) -> Option<MessageParts> {
    let messages = record?.messages?;
    match name {
        "upload" => Some(messages.upload),
        "download" => Some(messages.download),
        _ => None,
    }
}

/// The parts of a message, each with a sign of its own: without colours they are as different.
fn signs(app: &App, parts: MessageParts) -> [(&'static str, u64, &'static str, Style); 4] {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    [
        (glyphs.bar[glyphs.bar.len() - 1], parts.payload, "payload", theme.bar),
        (glyphs.ghost, parts.noise, "noise", theme.bar_predicted),
        ("s", parts.seed, "seed", theme.accent),
        ("h", parts.header, "header", theme.dim),
    ]
}

/// A message: its name, a bar of what its bytes are for, and its size.
fn message(
    app: &App,
    name: &str,
    parts: MessageParts,
    value: String,
    width: u16,
    style: Style,
) -> Line<'static> {
    let bar = width.saturating_sub(AROUND_BAR);
    let signs = signs(app, parts);
    let cells = cells(signs.map(|(_, bytes, _, _)| bytes), usize::from(bar));
    let of_name = name_style(app, name, app.style.theme().dim);
    let mut spans = vec![Span::styled(format!("{name:<12}"), of_name)];
    for ((sign, _, _, style), count) in signs.into_iter().zip(cells) {
        spans.push(Span::styled(sign.repeat(count), style));
    }
    let rest = usize::from(width.saturating_sub(12 + bar));
    spans.push(Span::styled(format!("{value:>rest$}"), style));
    Line::from(spans)
}

/// The cells of each part of a bar of `width`: by its share, but one for the least that is there, taken
/// from the largest.
fn cells(bytes: [u64; 4], width: usize) -> [usize; 4] {
    let total = bytes.iter().sum::<u64>().max(1) as f64;
    let least = |bytes: u64| usize::from(bytes > 0);
    let mut cells =
        bytes.map(|part| ((part as f64 / total * width as f64).round() as usize).max(least(part)));
    let largest = (0..cells.len()).max_by_key(|i| cells[*i]).unwrap_or(0);
    let others = cells.iter().sum::<usize>() - cells[largest];
    cells[largest] = width.saturating_sub(others);
    cells
}

/// The names of the parts.
fn legend(app: &App) -> Line<'static> {
    let dim = app.style.theme().dim;
    let none = MessageParts { payload: 0, noise: 0, seed: 0, header: 0 };
    let mut spans = Vec::new();
    for (sign, _, name, style) in signs(app, none) {
        spans.push(Span::styled(sign, style));
        spans.push(Span::styled(format!(" {name}  "), dim));
    }
    Line::from(spans)
}

/// A count of the server's work, and its name.
type WorkRow = (&'static str, fn(&OperationCounts) -> u64);

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
    let figures: [WorkRow; 5] = [
        ("rotations", |work| work.rotations),
        ("transforms", |work| work.ntts),
        ("plaintext multiplications", |work| work.plaintext_multiplications),
        ("scalar multiplications", |work| work.scalar_multiplications),
        ("coefficient multiply-adds", |work| work.coefficient_multiply_adds),
    ];
    let mut lines: Vec<Line<'_>> = figures
        .into_iter()
        .map(|(name, value)| {
            row(name, count(value), width, name_style(app, name, theme.dim), style)
        })
        .collect();
    if let Some(run) = run {
        lines.push(row("backend", run.record.backend.clone(), width, theme.dim, style));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_is_there_is_seen_and_the_bar_is_full() {
        assert_eq!(cells([300, 700, 0, 0], 10), [3, 7, 0, 0]);
        // A seed of 32 bytes is a cell, taken from the noise.
        assert_eq!(cells([160_000, 400_000, 32, 24], 16), [5, 9, 1, 1]);
        for width in 4..40 {
            assert_eq!(cells([5, 90_000, 32, 24], width).iter().sum::<usize>(), width);
        }
    }
}
