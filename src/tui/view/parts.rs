//! Small pieces that panels are made of.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use crate::report::Verdict;
use crate::tui::app::{App, Panel, Screen};
use crate::tui::meaning::MEANINGS;
use crate::tui::sweep::Standing;

/// A bordered block with a title; brighter where it takes keys.
pub(super) fn block(app: &App, title: &str, focused: bool) -> Block<'static> {
    let theme = app.style.theme();
    let border = if focused { theme.border_focused } else { theme.border };
    Block::bordered()
        .border_set(app.style.glyphs().border)
        .border_style(border)
        .title(Span::styled(format!(" {title} "), theme.title))
}

/// Behind predicted figures that are of a former form: something is still to come.
pub(super) fn outdated(app: &App) -> String {
    if app.is_outdated() { format!(" {}", app.style.glyphs().ellipsis) } else { String::new() }
}

/// A horizontal bar of `width` cells for `fraction` of them, in eighths of a cell where glyphs
/// allow, with a mark at what is predicted and a faint bar up to there.
pub(super) fn bar(
    app: &App,
    width: u16,
    fraction: f64,
    predicted: Option<f64>,
) -> Vec<Span<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let steps = glyphs.bar.len() - 1;
    let filled = (fraction.clamp(0.0, 1.0) * f64::from(width) * steps as f64).round() as usize;
    let mark = predicted.map(|m| (m.clamp(0.0, 1.0) * f64::from(width)).round() as usize);
    // One cell more than the bar takes, for a mark at its end.
    (0..=usize::from(width))
        .map(|cell| {
            let here = filled.saturating_sub(cell * steps).min(steps);
            if mark == Some(cell) {
                // Inside the bar, the mark is cut out of it.
                let is_inside = here == steps && !glyphs.bar[steps].is_ascii();
                let cut = theme.bar.add_modifier(Modifier::REVERSED);
                Span::styled(glyphs.divider, if is_inside { cut } else { theme.bar_predicted })
            } else if here == 0 && mark.is_some_and(|mark| cell < mark) {
                Span::styled(glyphs.ghost, theme.dim)
            } else {
                Span::styled(glyphs.bar[here], theme.bar)
            }
        })
        .collect()
}

/// How the name of a figure is written: marked where the cursor is on it.
pub(super) fn name_style(app: &App, name: &str, style: Style) -> Style {
    let is_here = app.screen == Screen::Explore
        && app.panel == Panel::Figures
        && MEANINGS.get(app.figure).is_some_and(|meaning| meaning.name == name);
    if is_here { app.style.theme().selected } else { style }
}

/// A figure on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figure {
    /// The figure.
    pub value: f64,
    /// Whether a run gave it; else it is predicted.
    pub is_measured: bool,
}

impl Figure {
    /// What was measured, or else what is predicted.
    pub(super) fn new(measured: Option<f64>, predicted: Option<f64>) -> Option<Self> {
        let value = measured.or(predicted)?;
        Some(Self { value, is_measured: measured.is_some() })
    }
}

/// A figure in `width` cells, right: predicted ones fainter and after a tilde, none as a dash.
pub(super) fn value(
    app: &App,
    figure: Option<&Figure>,
    width: usize,
    is_bad: bool,
) -> Span<'static> {
    let theme = app.style.theme();
    let (text, style) = match figure {
        None => ("-".into(), theme.dim),
        Some(Figure { value, is_measured: true }) => (format!("{value:.1}"), theme.text),
        Some(Figure { value, is_measured: false }) => (format!("~{value:.1}"), theme.dim),
    };
    Span::styled(format!("{text:>width$}"), if is_bad { theme.bad } else { style })
}

/// A row of a label, left, and a value, right, in `width` cells.
pub(super) fn row(
    label: &str,
    value: String,
    width: u16,
    label_style: Style,
    style: Style,
) -> Line<'static> {
    let used = label.chars().count() + value.chars().count();
    let gap = usize::from(width).saturating_sub(used).max(1);
    Line::from(vec![
        Span::styled(label.to_owned(), label_style),
        Span::raw(" ".repeat(gap)),
        Span::styled(value, style),
    ])
}

/// A rectangle of at most this size in the middle of `area`.
pub(super) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// A ratio as people say it.
pub(super) fn ratio(value: f64) -> String {
    match value {
        v if !v.is_finite() => "-".into(),
        v if v >= 100.0 => format!("{v:.0}x"),
        v if v >= 10.0 => format!("{v:.1}x"),
        v => format!("{v:.2}x"),
    }
}

/// How much less of something there is, or more, for `times` as much elsewhere.
pub(super) fn change(times: f64) -> String {
    match times {
        times if times > 1.005 => format!("{} less", ratio(times)),
        times if times < 0.995 => format!("{} more", ratio(1.0 / times)),
        _ => "same".into(),
    }
}

/// How the verdict on a point of a sweep is written, or what else is known of it.
pub(super) fn standing_style(app: &App, standing: Standing) -> Style {
    let theme = app.style.theme();
    match standing {
        standing if standing.is_bad() => theme.bad,
        Standing::Judged(Verdict::Exact) => theme.good,
        Standing::Running => theme.accent,
        Standing::Judged(_) | Standing::Waiting | Standing::Failed | Standing::Refused(_) => {
            theme.dim
        }
    }
}

/// A text in rows of at most `width` columns, where its words allow.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(row) = rows.last_mut() else { break };
        if row.is_empty() {
            row.push_str(word);
        } else if row.chars().count() + 1 + word.chars().count() <= width {
            row.push(' ');
            row.push_str(word);
        } else {
            rows.push(word.to_owned());
        }
    }
    rows
}
