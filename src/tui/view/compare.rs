//! Compare: every run a row, ratios to a baseline, and which fields differ.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row, Table, TableState, Wrap};

use super::parts::{block, change};
use crate::report::Record;
use crate::tui::app::App;
use crate::tui::compare::Column;
use crate::tui::metric::Metric;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let [table, details] =
        Layout::vertical([Constraint::Min(4), Constraint::Length(8)]).areas(area);
    draw_table(app, frame, table);
    draw_details(app, frame, details);
}

/// Columns that fit, the least important dropped first.
fn columns(width: u16) -> Vec<(Column, u16)> {
    let all = [
        (Column::Time, 5),
        (Column::Layer, 20),
        (Column::Method, 21),
        (Column::Params, 17),
        (Column::Figure(Metric::Server), 10),
        (Column::Figure(Metric::Noise), 10),
        (Column::Figure(Metric::Weights), 11),
        (Column::Figure(Metric::Total), 10),
        (Column::Figure(Metric::Sent), 10),
        (Column::Figure(Metric::Peak), 10),
    ];
    let mut room = width.saturating_sub(4);
    let mut chosen: Vec<(Column, u16)> = Vec::new();
    for (column, size) in all {
        if size < room {
            room -= size + 1;
            chosen.push((column, size));
        }
    }
    chosen
}

fn draw_table(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let glyphs = app.style.glyphs();
    let compare = &app.compare;
    let block = block(app, &format!("runs   {}", compare.order().len()), true);
    if compare.order().is_empty() {
        let text = Line::styled("no runs yet: Enter in Explore makes one", theme.dim);
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    }
    let columns = columns(area.width);
    let heading = |(column, _): &(Column, u16)| {
        let mark = match (*column == compare.sorted_by, compare.reversed) {
            (false, _) => "",
            (true, true) => glyphs.descending,
            (true, false) => glyphs.ascending,
        };
        Cell::from(format!("{}{mark}", column.label()))
    };
    let header = Row::new(columns.iter().map(heading)).style(theme.header);
    let rows = compare.order().iter().map(|&index| {
        let is_baseline = compare.baseline == Some(index);
        let Some(run) = compare.run(index) else { return Row::default() };
        let is_bad = run.record.verdict().is_bad();
        let cell = |(column, size): &(Column, u16)| {
            let text = match column {
                Column::Time if is_baseline => format!("{} {}", index + 1, glyphs.pin),
                Column::Time if is_bad => format!("{} {}", index + 1, glyphs.cross),
                Column::Time => (index + 1).to_string(),
                column => column.text(&run.record),
            };
            Cell::from(text.chars().take(usize::from(*size)).collect::<String>())
        };
        let style = match (is_baseline, is_bad) {
            (_, true) => theme.bad,
            (true, _) => theme.baseline,
            _ => theme.text,
        };
        Row::new(columns.iter().map(cell)).style(style)
    });
    let widths = columns.iter().map(|(_, size)| Constraint::Length(*size));
    let table =
        Table::new(rows, widths).header(header).row_highlight_style(theme.selected).block(block);
    let mut state = TableState::default().with_selected(Some(compare.cursor()));
    frame.render_stateful_widget(table, area, &mut state);
}

/// The chosen run against the baseline.
fn draw_details(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let Some(record) = app.compare.chosen_record() else {
        frame.render_widget(block(app, "against the baseline", false), area);
        return;
    };
    if let Some(fault) = record.fault() {
        let title = format!("not compared: {}", fault.verdict.label());
        let lines = vec![Line::styled(fault.what, theme.bad), Line::styled(fault.mend, theme.text)];
        let paragraph = Paragraph::new(lines).wrap(Wrap { trim: true });
        frame.render_widget(paragraph.block(block(app, &title, false)), area);
        return;
    }
    let other = app.compare.baseline_of(record);
    let mut lines = Vec::new();
    let title = if let Some(other) = other {
        let (mine, theirs) = (&record.latency_ms, &other.latency_ms);
        let sent =
            |r: &Record| (r.communication_bytes.upload + r.communication_bytes.download) as f64;
        let held = |r: &Record| r.storage_bytes.weights as f64;
        let peak = |r: &Record| r.storage_bytes.server_peak as f64;
        lines.extend([
            pair(app, "server", theirs.server / mine.server, "time"),
            pair(app, "total", theirs.total / mine.total, "time"),
            pair(app, "weights", held(other) / held(record), "storage"),
            pair(app, "sent", sent(other) / sent(record), "communication"),
            pair(app, "peak", peak(other) / peak(record), "memory"),
        ]);
        lines.push(Line::styled(format!("differs in {}", differences(record, other)), theme.dim));
        format!("against {} {} on {}", other.algorithm, other.reduction, other.layer.name)
    } else {
        let text = match record.algorithm.as_str() {
            _ if app.compare.baseline == app.compare.chosen() => {
                "this is the pinned baseline: choose a run to hold against it"
            }
            "conventional" => "this is a baseline: choose a run to hold against it, or pin another",
            _ => "nothing to compare with: pin a run, or run the conventional algorithm",
        };
        lines.push(Line::styled(text, theme.dim));
        "against the baseline".into()
    };
    frame.render_widget(Paragraph::new(lines).block(block(app, &title, false)), area);
}

/// How much less of something the chosen run takes, or more.
fn pair(app: &App, name: &str, times: f64, what: &str) -> Line<'static> {
    let theme = app.style.theme();
    Line::from(vec![
        Span::styled(format!("{name:<9}"), theme.text),
        Span::styled(format!("{:>13} ", change(times)), theme.accent),
        Span::styled(what.to_owned(), theme.dim),
    ])
}

/// The names of the fields in which two runs differ.
fn differences(a: &Record, b: &Record) -> String {
    let fields = [
        ("layer", a.layer != b.layer),
        ("parameters", a.params != b.params),
        ("algorithm", a.algorithm != b.algorithm),
        ("reduction", a.reduction != b.reduction),
        ("backend", a.backend != b.backend),
        ("threads", a.threads != b.threads),
        ("seed", a.seed != b.seed),
        ("machine", a.machine != b.machine),
    ];
    let names: Vec<&str> = fields.iter().filter(|field| field.1).map(|field| field.0).collect();
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}
