//! The layers of a network, a row each.

use std::fmt::Write;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::parts::{bar, block};
use super::{BAR, model};
use crate::report::{Record, bytes_text};
use crate::tui::app::App;
use crate::tui::network::NetworkRow;

/// The least width that all columns fit.
const WIDE: u16 = 110;

/// How the table is laid out.
struct Plan {
    is_wide: bool,
    /// Columns of names, and of channels and planes.
    names: usize,
    shapes: usize,
    /// Whether there is a column of what quantisation costs, and the row where it costs the most.
    has_noise: bool,
    noisiest: Option<usize>,
    /// Cells of the bars.
    bar: u16,
    /// Milliseconds of the longest bar.
    longest: f64,
}

/// The headings of the figures, and columns for each: bytes take more.
const FIGURES: [(&str, usize); 6] = [
    ("server ms", 10),
    ("total ms", 10),
    ("sent", 11),
    ("bits left", 10),
    ("weights", 11),
    ("peak", 11),
];

/// How many of them fit a small screen.
const FEW: usize = 4;

/// Columns of the signal to quantisation noise.
const NOISE: usize = 8;

impl Plan {
    fn new(app: &App, width: u16) -> Self {
        const LEAST: usize = 13;
        let (networks, is_wide) = (&app.networks, width >= WIDE);
        let measured = networks.rows.iter().filter_map(|row| row.finished.as_ref());
        let has_noise = model(app).is_some()
            || measured
                .map(|finished| &finished.layer)
                .any(|layer| layer.signal_to_noise_db.is_some());
        let shapes = if is_wide { 16 } else { 14 };
        let figures: usize = figures(is_wide).iter().map(|(_, columns)| columns).sum();
        let others = 2 + shapes + figures + if has_noise { NOISE } else { 0 };
        let room = usize::from(width.saturating_sub(2)).saturating_sub(others);
        let bar = if is_wide { 3 + usize::from(BAR) } else { 0 };
        let longest =
            networks.rows.iter().map(|row| row.form.layer.spec.name.chars().count() + 1).max();
        let names = longest.unwrap_or(0).clamp(LEAST, room.saturating_sub(bar).max(LEAST));
        let times = networks.rows.iter().filter_map(|row| row.record());
        Self {
            is_wide,
            names,
            shapes,
            has_noise,
            noisiest: networks.noisiest(),
            bar: (room - names.min(room)).saturating_sub(3).min(bar) as u16,
            longest: times.map(|(record, _)| record.latency_ms.server).fold(1e-9, f64::max),
        }
    }

    fn head(&self, style: Style) -> Line<'static> {
        let (names, shapes) = (self.names, self.shapes);
        let shape = if self.is_wide { "channels, plane" } else { "channels" };
        let mut text = format!("  {:<names$}{shape:>shapes$}", "layer");
        for (name, columns) in figures(self.is_wide) {
            let _ = write!(text, "{name:>columns$}");
        }
        if self.has_noise {
            let _ = write!(text, "{:>NOISE$}", "SQNR dB");
        }
        Line::styled(text, style)
    }
}

/// The figures that fit.
fn figures(is_wide: bool) -> &'static [(&'static str, usize)] {
    if is_wide { &FIGURES } else { &FIGURES[..FEW] }
}

/// A table, as far as it fits, around the cursor or the layer that is run.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let networks = &app.networks;
    let plan = Plan::new(app, area.width);
    let mut block = block(app, "layers", true);
    let inner = block.inner(area);
    if let Some(noise) = noisiest_text(app, &plan) {
        block = block.title_bottom(noise.right_aligned());
    }
    let room = usize::from(inner.height.saturating_sub(1));
    let focus = networks.current.map_or(networks.cursor, |(index, _)| index);
    let first = (focus + 1).saturating_sub(room);
    let rows = networks.rows.iter().enumerate().skip(first).take(room);
    let lines = std::iter::once(plan.head(app.style.theme().dim))
        .chain(rows.map(|(index, row)| line(app, &plan, index, row)));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

/// Which layer quantisation costs the most, in words.
fn noisiest_text(app: &App, plan: &Plan) -> Option<Line<'static>> {
    let row = app.networks.rows.get(plan.noisiest?)?;
    let ratio = row.finished.as_ref()?.layer.signal_to_noise_db?;
    let (name, mark) = (&row.form.layer.spec.name, app.style.glyphs().descending);
    let text = format!(" {mark} quantisation costs {name} the most: {ratio:.1} dB ");
    Some(Line::styled(text, app.style.theme().warning))
}

fn line(app: &App, plan: &Plan, index: usize, row: &NetworkRow) -> Line<'static> {
    let (theme, glyphs, networks) = (app.style.theme(), app.style.glyphs(), &app.networks);
    let spec = &row.form.layer.spec;
    let is_current = networks.current.is_some_and(|(current, _)| current == index);
    let mark = match &row.finished {
        _ if is_current => glyphs.spinner((app.now_ms / 120) as usize),
        Some(_) => glyphs.check,
        None => " ",
    };
    let style = if networks.cursor == index { theme.selected } else { theme.text };
    let (names, shapes) = (plan.names, plan.shapes);
    let name: String = spec.name.chars().take(names - 1).collect();
    let shape =
        format!("{}-{} {}x{}", spec.in_channels, spec.out_channels, spec.height, spec.width);
    let mut spans = vec![
        Span::styled(format!("{mark} "), theme.good),
        Span::styled(format!("{name:<names$}"), style),
        Span::styled(format!("{shape:>shapes$}"), theme.dim),
    ];
    let Some((record, is_measured)) = row.record() else {
        let text = match &row.predicted {
            Some(Err(problem)) => format!("   {problem}"),
            _ => format!("   {}", glyphs.ellipsis),
        };
        spans.push(Span::styled(text, theme.dim));
        return Line::from(spans);
    };
    let style = if is_measured { theme.text } else { theme.dim };
    let texts = texts(row, record).into_iter().zip(figures(plan.is_wide));
    spans.extend(texts.map(|(text, (_, columns))| {
        // Behind a tilde it is predicted.
        let text = if is_measured { text } else { format!("~{text}") };
        Span::styled(format!("{text:>columns$}"), style)
    }));
    if plan.has_noise {
        spans.push(noise(app, plan, index, row));
    }
    if plan.bar > 3 {
        spans.push(Span::raw("  "));
        spans.extend(bar(app, plan.bar, record.latency_ms.server / plan.longest, None));
    }
    Line::from(spans)
}

/// The signal to quantisation noise of a layer, marked where it is the least.
fn noise(app: &App, plan: &Plan, index: usize, row: &NetworkRow) -> Span<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let ratio = row.finished.as_ref().and_then(|finished| finished.layer.signal_to_noise_db);
    let text = ratio.map_or_else(|| "-".into(), |ratio| format!("{ratio:.1}"));
    if plan.noisiest == Some(index) {
        return Span::styled(
            format!("{:>NOISE$}", format!("{}{text}", glyphs.descending)),
            theme.warning,
        );
    }
    Span::styled(format!("{text:>NOISE$}"), if ratio.is_some() { theme.text } else { theme.dim })
}

/// The figures of a layer.
fn texts(row: &NetworkRow, record: &Record) -> [String; FIGURES.len()] {
    let activation = row.finished.as_ref().map_or(0.0, |finished| finished.layer.activation_ms);
    let sent = &record.communication_bytes;
    [
        format!("{:.1}", record.latency_ms.server),
        format!("{:.1}", record.latency_ms.total + activation),
        bytes_text(sent.upload + sent.download),
        format!("{:.1}", record.noise_bits.last),
        bytes_text(record.storage_bytes.weights),
        bytes_text(record.storage_bytes.server_peak),
    ]
}
