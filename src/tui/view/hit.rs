//! What is under the pointer.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::{compare, explore, form, network, sweep};
use crate::tui::app::{App, Screen};
use crate::tui::meaning::MEANINGS;

/// Something that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The name of a screen.
    Screen(Screen),
    /// A row of the list of layers.
    Layer(usize),
    /// A field of the form, by its place among all.
    Field(usize),
    /// A figure, by its place among all.
    Figure(usize),
    /// A row of the table that the screen shows.
    Row(usize),
    /// The border between the lists and the figures of Explore.
    Border,
    /// Nothing of these.
    Nothing,
}

/// What is at `at` of a terminal of this size.
pub fn hit(app: &App, size: Rect, at: Position) -> Hit {
    let [header, body, _] = super::areas(size);
    if header.contains(at) {
        return super::screen_at(at.x).map_or(Hit::Nothing, Hit::Screen);
    }
    if app.zoomed {
        return Hit::Nothing;
    }
    match app.screen {
        Screen::Explore => of_explore(app, size, body, at),
        Screen::Compare => {
            let [table, _] = compare::areas(body);
            row(table, 1, app.compare.order().len(), app.compare.cursor(), at)
        }
        Screen::Sweep => {
            let table = sweep::table_area(app, body);
            row(table, 1, app.sweep.order().len(), app.sweep.cursor(), at)
        }
        Screen::Network => {
            let table = network::areas(app, body).table;
            let networks = &app.networks;
            let focus = networks.current.map_or(networks.cursor, |(index, _)| index);
            row(table, 1, networks.rows.len(), focus, at)
        }
    }
}

/// The row of a bordered table below some lines of heading, which is scrolled no further than the row
/// of its cursor asks for.
fn row(area: Rect, heading: u16, count: usize, cursor: usize, at: Position) -> Hit {
    place_in_list(area, heading, count, cursor, at).map_or(Hit::Nothing, Hit::Row)
}

fn place_in_list(
    area: Rect,
    heading: u16,
    count: usize,
    cursor: usize,
    at: Position,
) -> Option<usize> {
    let inner = area.inner(ratatui::layout::Margin { horizontal: 1, vertical: 1 });
    let [_, rows] =
        Layout::vertical([Constraint::Length(heading), Constraint::Min(0)]).areas(inner);
    let first = (cursor + 1).saturating_sub(usize::from(rows.height));
    let place = first + usize::from(at.y.saturating_sub(rows.y));
    (rows.contains(at) && place < count).then_some(place)
}

fn of_explore(app: &App, size: Rect, body: Rect, at: Position) -> Hit {
    if let Some([layers, parameters]) = explore::lists(app, body) {
        if at.x + 1 == layers.right() || at.x == layers.right() {
            return Hit::Border;
        }
        let count = app.layers.rows().len();
        if let Some(place) = place_in_list(layers, 0, count, app.layers.cursor(), at) {
            return Hit::Layer(place);
        }
        if let Some(place) = form::field_at(app, parameters, at) {
            return Hit::Field(place);
        }
    }
    figure_at(app, size, at).map_or(Hit::Nothing, Hit::Figure)
}

/// The figure whose name begins the row of the panel that `at` is in. What is drawn says it.
fn figure_at(app: &App, size: Rect, at: Position) -> Option<usize> {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(size.width, size.height));
    let Ok(frame) = terminal.draw(|frame| super::draw(app, frame));
    let cells = |x: u16| frame.buffer.cell((x, at.y)).map_or("", |cell| cell.symbol());
    let border = app.style.glyphs().border.vertical_left;
    let left = (0..=at.x).rev().find(|x| cells(*x) == border)? + 1;
    let text: String = (left..size.width).map(cells).take_while(|cell| *cell != border).collect();
    let fits = MEANINGS.iter().enumerate().filter(|(_, meaning)| text.starts_with(meaning.name));
    fits.max_by_key(|(_, meaning)| meaning.name.len()).map(|(place, _)| place)
}
