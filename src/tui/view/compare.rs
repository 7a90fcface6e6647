//! Compare: every run a row, ratios to a baseline, and which fields differ.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, TableState, Wrap};

use super::parts::{block, change};
use crate::report::Record;
use crate::tui::action::Action;
use crate::tui::app::{App, Done};
use crate::tui::compare::{Column, differences};
use crate::tui::metric::Metric;
use crate::tui::when::when;

/// The table, and what is said of the chosen run.
pub(super) fn areas(area: Rect) -> [Rect; 2] {
    Layout::vertical([Constraint::Min(4), Constraint::Length(8)]).areas(area)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if app.zoomed {
        return draw_table(app, frame, area);
    }
    let [table, details] = areas(area);
    draw_table(app, frame, table);
    if app.compare.graph {
        super::graph::draw(app, frame, details);
    } else {
        draw_details(app, frame, details);
    }
}

/// Cells of the bars.
const BAR: u16 = 14;

/// The widest that a column may be where others have no room.
const WIDEST: usize = 40;

/// The width of a column: that of its heading and of its longest text.
fn size(app: &App, column: Column) -> u16 {
    let compare = &app.compare;
    let texts = compare.order().iter().filter_map(|&index| Some((index, compare.run(index)?)));
    let texts = texts.map(|(index, run)| text(app, column, index, run).chars().count());
    let usual = match column {
        Column::Time => 5,
        Column::Figure(Metric::Server | Metric::Total | Metric::Noise) => 8,
        Column::Figure(_) => 9,
        _ => 0,
    };
    // The heading has the mark of the order behind it.
    texts.max().unwrap_or(0).max(usual).max(column.label().len() + 1).min(WIDEST) as u16
}

/// What stands in a column.
fn text(app: &App, column: Column, index: usize, run: &Done) -> String {
    let glyphs = app.style.glyphs();
    match column {
        Column::Time if app.compare.baseline == Some(index) => {
            format!("{} {}", index + 1, glyphs.pin)
        }
        Column::Time if run.record.verdict().is_bad() => format!("{} {}", index + 1, glyphs.cross),
        Column::Time => (index + 1).to_string(),
        column => column.text(run, app.at()),
    }
}

/// Columns that fit, from the left: the first, and those behind it that are not scrolled out. The last
/// one takes what is left.
fn columns(app: &App, width: u16) -> Vec<(Column, u16)> {
    let mut room = width.saturating_sub(2 + app.compare.bar.map_or(0, |_| BAR + 1));
    let mut chosen: Vec<(Column, u16)> = Vec::new();
    let behind = Column::ALL.iter().skip(1 + app.compare.scrolled);
    for column in Column::ALL.iter().take(1).chain(behind).copied() {
        let size = size(app, column);
        if size > room {
            // A name that is cut says more than nothing, a figure less.
            if !column.is_number() && room > 8 {
                chosen.push((column, room));
            }
            break;
        }
        room = room.saturating_sub(size + 1);
        chosen.push((column, size));
    }
    chosen
}

fn draw_table(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, glyphs, compare) = (app.style.theme(), app.style.glyphs(), &app.compare);
    let title = match compare.filter.as_str() {
        "" => format!("runs   {}", compare.order().len()),
        filter => {
            format!("runs   {} of {}   /{filter}", compare.order().len(), compare.runs().len())
        }
    };
    let block = block(app, &title, true);
    if compare.order().is_empty() {
        let text = match compare.filter.as_str() {
            "" => "no runs yet: Enter in Explore makes one",
            _ => "no run says so: Esc shows all",
        };
        let text = Line::styled(text, theme.dim);
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    }
    let columns = columns(app, area.width);
    let hidden = Column::ALL.len() - columns.len();
    let block = if hidden == 0 {
        block
    } else {
        let keys = format!("{} {}", app.key_name(Action::Left), app.key_name(Action::Right));
        let text = format!(" {keys} for {hidden} more columns ");
        block.title_bottom(Line::styled(text, theme.dim).right_aligned())
    };
    let heading = |(column, size): &(Column, u16)| {
        let mark = match (*column == compare.sorted_by, compare.reversed) {
            (false, _) => "",
            (true, true) => glyphs.descending,
            (true, false) => glyphs.ascending,
        };
        Cell::from(aligned(*column, &format!("{}{mark}", column.label()), *size))
    };
    let of_bar = compare.bar.map(|metric| Cell::from(metric.label()));
    let header = Row::new(columns.iter().map(heading).chain(of_bar)).style(theme.header);
    let rows = compare.order().iter().map(|&index| {
        let Some(run) = compare.run(index) else { return Row::default() };
        let cell = |(column, size): &(Column, u16)| {
            Cell::from(aligned(*column, &text(app, *column, index, run), *size))
        };
        let of_bar = compare.bar.map(|metric| {
            let part = metric.figure(&run.record) / compare.largest(metric).max(f64::MIN_POSITIVE);
            Cell::from(glyphs.bar(usize::from(BAR), part)).style(theme.bar)
        });
        let style = match (compare.baseline == Some(index), run.record.verdict().is_bad()) {
            (_, true) => theme.bad,
            (true, _) => theme.baseline,
            _ => theme.text,
        };
        Row::new(columns.iter().map(cell).chain(of_bar)).style(style)
    });
    let of_bar = compare.bar.map(|_| BAR);
    let widths = columns.iter().map(|(_, size)| *size).chain(of_bar).map(Constraint::Length);
    let table =
        Table::new(rows, widths).header(header).row_highlight_style(theme.selected).block(block);
    let mut state = TableState::default().with_selected(Some(compare.cursor()));
    frame.render_stateful_widget(table, area, &mut state);
}

/// Figures stand to the right, and what is too long is cut.
fn aligned(column: Column, text: &str, size: u16) -> String {
    let size = usize::from(size);
    let text: String = text.chars().take(size).collect();
    if column.is_number() { format!("{text:>size$}") } else { text }
}

/// The chosen run against the baseline.
fn draw_details(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let Some(record) = app.compare.chosen_record() else {
        frame.render_widget(block(app, "against the baseline", false), area);
        return;
    };
    let note = app.compare.chosen().and_then(|index| app.compare.run(index)?.note.clone());
    let with_note = |block: Block<'static>| match &note {
        Some(note) => block.title_bottom(Line::styled(format!(" {note} "), theme.accent)),
        None => block,
    };
    if let Some(fault) = record.fault() {
        let title = format!("not compared: {}", fault.verdict.label());
        let lines = vec![Line::styled(fault.what, theme.bad), Line::styled(fault.mend, theme.text)];
        let paragraph = Paragraph::new(lines).wrap(Wrap { trim: true });
        frame.render_widget(paragraph.block(with_note(block(app, &title, false))), area);
        return;
    }
    let other = app.compare.baseline_of(record);
    let mut lines = Vec::new();
    let title = if let Some((index, run)) = other {
        let other = &run.record;
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
        let differs = match differences(record, other) {
            fields if fields.is_empty() => "nothing".into(),
            fields => fields.join(", "),
        };
        lines.push(Line::styled(format!("differs in {differs}"), theme.dim));
        let (algorithm, reduction, layer) = (&other.algorithm, &other.reduction, &other.layer.name);
        let when = when(run.at, app.at());
        format!("against run {}, {algorithm} {reduction} on {layer}, {when}", index + 1)
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
    let block = with_note(block(app, &title, false));
    frame.render_widget(Paragraph::new(lines).block(block), area);
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
