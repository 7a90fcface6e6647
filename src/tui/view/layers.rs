//! The list of layers.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{List, ListItem, ListState};

use super::parts::block;
use crate::report::counted;
use crate::tui::app::{App, Overlay, Panel};
use crate::tui::layers::Row;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let focused = app.panel == Panel::Layers && !matches!(app.overlay, Some(Overlay::Parameters));
    let title = if app.layers.filter.is_empty() {
        "layers   / filter".into()
    } else {
        format!("layers   /{}", app.layers.filter)
    };
    let rows = app.layers.rows();
    let room = usize::from(area.width.saturating_sub(2)).saturating_sub(SHAPE);
    let names = rows.iter().filter_map(|row| match row {
        Row::Layer(index) => Some(app.layers.layer(*index)?.spec.name.chars().count()),
        Row::Network { .. } => None,
    });
    let width = names.max().unwrap_or(0).clamp(NAME, room.max(NAME));
    let items: Vec<ListItem<'_>> = rows.iter().map(|row| item(app, row, width)).collect();
    let style = if focused { theme.selected } else { theme.accent };
    let list = List::new(items).block(block(app, &title, focused)).highlight_style(style);
    let mut state = ListState::default().with_selected(Some(app.layers.cursor()));
    frame.render_stateful_widget(list, area, &mut state);
    if rows.is_empty() {
        let inner = area.inner(ratatui::layout::Margin { horizontal: 2, vertical: 1 });
        frame.render_widget(Line::styled("no layer has this name", theme.dim), inner);
    }
}

/// The least columns of a name.
const NAME: usize = 12;

/// Columns of a layer's mark and of its shape.
const SHAPE: usize = 2 + 21;

/// A row, with names in so many columns.
fn item(app: &App, row: &Row, width: usize) -> ListItem<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    match row {
        Row::Network { name, folded, count } => {
            let mark = if *folded { glyphs.folded } else { glyphs.unfolded };
            let count =
                if *folded { format!("   {}", counted(*count, "layer")) } else { String::new() };
            ListItem::new(Line::styled(format!("{mark} {name}{count}"), theme.title))
        }
        Row::Layer(index) => {
            let Some(layer) = app.layers.layer(*index) else { return ListItem::new("") };
            let spec = &layer.spec;
            let is_chosen = layer.full_name() == app.form.layer.full_name();
            let mark = if is_chosen { glyphs.arrow } else { " " };
            let name: String = spec.name.chars().take(width).collect();
            let text = format!(
                "{mark} {name:<width$}{:>4} to {:<4} {:>3}x{}",
                spec.in_channels, spec.out_channels, spec.height, spec.width
            );
            ListItem::new(Line::styled(text, theme.text))
        }
    }
}
