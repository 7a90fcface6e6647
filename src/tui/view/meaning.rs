//! What a figure means.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::parts::{block, centred, wrapped};
use crate::tui::app::App;
use crate::tui::meaning::MEANINGS;

/// The widest that the text is.
const WIDEST: u16 = 76;

/// Columns of the words before a text.
const BEFORE: usize = 14;

pub(super) fn draw(app: &App, place: usize, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let Some(meaning) = MEANINGS.get(place) else { return };
    let width = usize::from(WIDEST.min(area.width)).saturating_sub(4);
    let mut lines: Vec<Line<'static>> = wrapped(meaning.what, width)
        .into_iter()
        .map(|row| Line::styled(format!(" {row}"), theme.text))
        .collect();
    lines.push(Line::default());
    let shown = app.shown().map(|run| (meaning.value)(&run.record));
    let predicted = app.predicted_of_shown().map(|record| format!("~{}", (meaning.value)(record)));
    let none = || "nothing is known yet".to_owned();
    let now = match (shown, predicted) {
        (Some(shown), Some(predicted)) => format!("{shown} measured, {predicted} predicted"),
        (Some(shown), None) => format!("{shown} measured"),
        (None, predicted) => predicted.unwrap_or_else(none),
    };
    for (name, text) in
        [("now", now.as_str()), ("predicted", meaning.predicted), ("moved by", meaning.moved_by)]
    {
        for (i, row) in wrapped(text, width.saturating_sub(BEFORE)).into_iter().enumerate() {
            let name = if i == 0 { name } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!(" {name:<BEFORE$}"), theme.accent),
                Span::styled(row, theme.text),
            ]));
        }
    }
    let title = format!("{}   arrows: the next figure, Esc closes", meaning.name);
    let area = centred(area, WIDEST, lines.len() as u16 + 2);
    frame.render_widget(Clear, area);
    let block = block(app, &title, true).style(theme.text);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
