//! What wins over links of which bandwidth: the winners, and a chart of every algorithm at its best.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::report::{Chart, ChartCell, ChartRow, bandwidth_text, bytes_text};
use crate::tui::app::App;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::Theme;
use crate::tune::{AtBandwidth, Landscape, Objective};

/// Rows of the curves.
const HEIGHT: usize = 9;

/// The most columns of the chart.
const WIDEST: usize = 96;

/// The report's lines in `width` columns; none where nothing was found.
pub(super) fn lines(app: &App, landscape: &Landscape, width: usize) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    if landscape.at.iter().all(|at| at.winner().is_none()) {
        return Vec::new();
    }
    let mut lines = vec![
        Line::default(),
        Line::styled("which wins where: the least total time by bandwidth", theme.title),
        Line::styled(row(["bandwidth", "algorithm", "params", "sent", "total"]), theme.header),
    ];
    let winners = landscape.at.iter().filter_map(winner);
    lines.extend(
        winners.map(|cells| Line::styled(row(cells.each_ref().map(String::as_str)), theme.dim)),
    );
    lines.push(Line::styled(landscape.changes(), theme.text));
    let rows = chart(landscape, width.min(WIDEST), HEIGHT);
    if !rows.is_empty() {
        lines.push(Line::default());
        lines.extend(rows.iter().map(|row| chart_line(app, row)));
        lines.extend(legend(app, landscape, width));
    }
    lines
}

/// Cells in their columns.
fn row([bandwidth, algorithm, params, sent, total]: [&str; 5]) -> String {
    let params: String = params.chars().take(21).collect();
    format!("{bandwidth:<12}{algorithm:<16}{params:<22}{sent:>11}{total:>14}")
}

fn winner(at: &AtBandwidth) -> Option<[String; 5]> {
    let winner = at.winner()?;
    Some([
        bandwidth_text(at.link.bandwidth_bits_per_second),
        winner.algorithm(),
        winner.params.name.clone(),
        bytes_text(winner.figure(Objective::Communication) as u64),
        format!("~{}", Objective::Total.text(winner.value)),
    ])
}

/// The chart of all algorithms over the bandwidths that were looked at.
fn chart(landscape: &Landscape, width: usize, height: usize) -> Vec<ChartRow> {
    let curves = landscape.curves();
    let tick = |at: &AtBandwidth| {
        let bandwidth = at.link.bandwidth_bits_per_second;
        (bandwidth, bandwidth_text(bandwidth))
    };
    let chart = Chart {
        curves: curves.iter().map(|curve| Box::new(|x| curve.total_ms(x)) as _).collect(),
        ticks: landscape.at.iter().map(tick).collect(),
        label: time_text,
        width,
        height,
    };
    chart.rows()
}

/// A round time.
fn time_text(ms: f64) -> String {
    let (value, unit) = if ms >= 1000.0 { (ms / 1000.0, "s") } else { (ms, "ms") };
    format!("{} {unit}", (value * 100.0).round() / 100.0)
}

/// The style of a curve: those of the theme that stand out, one after another.
fn curve_style(theme: &Theme, curve: usize) -> Style {
    let styles = [theme.accent, theme.baseline, theme.good, theme.warning, theme.bar, theme.title];
    styles[curve % styles.len()]
}

const fn mark(glyphs: &Glyphs, curve: usize) -> &'static str {
    glyphs.marks[curve % glyphs.marks.len()]
}

/// How a cell looks, without its style.
fn glyph(glyphs: &Glyphs, cell: ChartCell) -> String {
    match cell {
        ChartCell::Blank => " ".into(),
        ChartCell::Text(letter) => letter.into(),
        ChartCell::Vertical => glyphs.divider.into(),
        ChartCell::Horizontal => glyphs.border.horizontal_bottom.into(),
        ChartCell::Line(_) => glyphs.dot.into(),
        ChartCell::Mark(curve) => mark(glyphs, curve).into(),
    }
}

fn chart_line(app: &App, row: &[ChartCell]) -> Line<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let style = |cell: &ChartCell| match cell {
        ChartCell::Line(curve) | ChartCell::Mark(curve) => curve_style(theme, *curve),
        _ => theme.dim,
    };
    let span = |run: &[ChartCell]| {
        let text: String = run.iter().map(|cell| glyph(glyphs, *cell)).collect();
        Span::styled(text, run.first().map_or(theme.dim, style))
    };
    row.chunk_by(|a, b| style(a) == style(b)).map(span).collect()
}

/// The curves' marks and names, in rows of at most `width` columns.
fn legend(app: &App, landscape: &Landscape, width: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let mut rows = vec![Line::default()];
    for (place, curve) in landscape.curves().into_iter().enumerate() {
        let entry = [
            Span::styled(format!("{} ", mark(glyphs, place)), curve_style(theme, place)),
            Span::styled(format!("{}  ", curve.algorithm), theme.text),
        ];
        // The gap after the last of a row may stand outside.
        let needed = entry.iter().map(Span::width).sum::<usize>() - 2;
        match rows.last_mut() {
            Some(row) if row.width() + needed <= width => row.spans.extend(entry),
            _ => rows.push(Line::from(entry.to_vec())),
        }
    }
    rows
}

/// The chart and its legend as plain rows, of so many columns and rows of curves.
pub fn landscape_chart(
    landscape: &Landscape,
    glyphs: &Glyphs,
    (width, height): (usize, usize),
) -> Vec<String> {
    let rows = chart(landscape, width, height);
    let text = |row: &ChartRow| row.iter().map(|cell| glyph(glyphs, *cell)).collect();
    let mut text: Vec<String> = rows.iter().map(text).collect();
    if !text.is_empty() {
        let curves = landscape.curves().into_iter().enumerate();
        let entries =
            curves.map(|(place, curve)| format!("{} {}", mark(glyphs, place), curve.algorithm));
        text.push(entries.collect::<Vec<_>>().join("  "));
    }
    text
}
