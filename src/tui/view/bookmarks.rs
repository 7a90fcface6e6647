//! The bookmarks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::parts::{block, centred};
use super::setting::setting_of_form;
use crate::tui::app::App;

/// The widest that they are.
const WIDEST: u16 = 110;

pub(super) fn draw(app: &App, at: usize, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let rows = app.bookmarks.len() as u16;
    let area = centred(area, WIDEST, rows.saturating_add(2).max(3));
    let block = block(app, "bookmarks   Enter opens, d deletes, Esc closes", true);
    let inner = block.inner(area);
    let longest = app.bookmarks.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(i, (name, form)): (usize, &(String, _))| {
        let setting = setting_of_form(form, inner.width.saturating_sub(longest as u16 + 3));
        let style = if i == at { theme.selected } else { theme.text };
        Line::styled(format!(" {name:<longest$}  {setting}"), style)
    };
    let room = usize::from(inner.height);
    let first = (at + 1).saturating_sub(room);
    let lines: Vec<Line<'_>> =
        app.bookmarks.iter().enumerate().skip(first).take(room).map(line).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block.style(theme.text)), area);
}
