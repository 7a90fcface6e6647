//! The points of a sweep as a table.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Row as TableRow, Table, TableState};

use super::parts::{block, standing_style};
use crate::report::Verdict;
use crate::tui::app::App;
use crate::tui::metric::Metric;
use crate::tui::sweep::{Column, Row, Standing, Sweep};

/// The widest that a column may be.
const WIDEST: usize = 22;

/// Columns by importance: those that do not fit are left out from the end.
const IMPORTANCE: [Column; 11] = [
    Column::Point,
    Column::Params,
    Column::Algorithm,
    Column::Verdict,
    Column::Figure(Metric::Server),
    Column::Figure(Metric::Noise),
    Column::Reduction,
    Column::Figure(Metric::Total),
    Column::Figure(Metric::Weights),
    Column::Figure(Metric::Sent),
    Column::Figure(Metric::Peak),
];

/// The width at which every column fits, borders included.
pub(super) fn width(app: &App) -> u16 {
    Column::ALL.map(|column| size(&app.sweep, column) + 1).iter().sum::<u16>() + 1
}

/// The width of a column: that of its heading and of its longest text, so that nothing moves while
/// figures come in, at least that of a usual figure.
fn size(sweep: &Sweep, column: Column) -> u16 {
    let texts = sweep.rows().iter().enumerate().map(|(i, row)| column.text(i, row));
    let longest = texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let usual = match column {
        // A number, and the mark of the front.
        Column::Point => longest + 2,
        Column::Figure(Metric::Server | Metric::Total | Metric::Noise) => 8,
        Column::Figure(_) => 10,
        _ => 0,
    };
    // The heading has the mark of the order behind it.
    longest.max(usual).max(column.label().len() + 1).min(WIDEST) as u16
}

/// Columns that fit, from the left, with their widths.
fn columns(sweep: &Sweep, width: u16) -> Vec<(Column, u16)> {
    let mut room = width.saturating_sub(2);
    let mut chosen = Vec::new();
    // Scrolled sideways they are taken in their order, behind the first.
    let scrolled = Column::ALL.iter().skip(1 + sweep.scrolled);
    let in_order = Column::ALL.iter().take(1).chain(scrolled).copied();
    let wanted: Vec<Column> =
        if sweep.scrolled == 0 { IMPORTANCE.to_vec() } else { in_order.collect() };
    for column in wanted {
        let size = size(sweep, column);
        if size > room {
            break;
        }
        room = room.saturating_sub(size + 1);
        chosen.push((column, size));
    }
    let place = |column: Column| Column::ALL.iter().position(|other| *other == column);
    chosen.sort_by_key(|(column, _)| place(*column));
    chosen
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, glyphs, sweep) = (app.style.theme(), app.style.glyphs(), &app.sweep);
    let block = block(app, &format!("points   {}", sweep.rows().len()), true);
    if sweep.rows().is_empty() {
        let text = Line::styled("there is nothing to run", theme.dim);
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    }
    let columns = columns(sweep, area.width);
    let heading = |(column, size): &(Column, u16)| {
        let mark = match (*column == sweep.sorted_by, sweep.reversed) {
            (false, _) => "",
            (true, true) => glyphs.descending,
            (true, false) => glyphs.ascending,
        };
        Cell::from(aligned(*column, format!("{}{mark}", column.label()), *size))
    };
    let header = TableRow::new(columns.iter().map(heading)).style(theme.header);
    let front = sweep.front();
    let rows = sweep.order().iter().map(|&index| {
        let row = &sweep.rows()[index];
        let cell = |(column, size): &(Column, u16)| {
            let mut text = column.text(index, row);
            if *column == Column::Point && front[index] {
                text = format!("{text} {}", glyphs.pin);
            }
            let cell = Cell::from(aligned(*column, text, *size));
            let is_verdict = *column == Column::Verdict;
            if is_verdict { cell.style(standing_style(app, row.standing())) } else { cell }
        };
        TableRow::new(columns.iter().map(cell)).style(row_style(app, row))
    });
    let widths = columns.iter().map(|(_, size)| Constraint::Length(*size));
    let table =
        Table::new(rows, widths).header(header).row_highlight_style(theme.selected).block(block);
    let mut state = TableState::default().with_selected(Some(sweep.cursor()));
    frame.render_stateful_widget(table, area, &mut state);
}

fn row_style(app: &App, row: &Row) -> ratatui::style::Style {
    match row.standing() {
        Standing::Judged(Verdict::Exact) => app.style.theme().text,
        Standing::Failed => app.style.theme().dim,
        standing => standing_style(app, standing),
    }
}

/// Figures stand to the right, and what is too long is cut.
fn aligned(column: Column, text: String, size: u16) -> String {
    let size = usize::from(size);
    let text: String = text.chars().take(size).collect();
    if matches!(column, Column::Figure(_)) { format!("{text:>size$}") } else { text }
}
