//! The view: draws the state and changes nothing.
//!
//! ```text
//! +-------------------------------------------------+
//! | header: screens, security, state                |
//! +-----------+-------------------------------------+
//! | layers    | verdict                             |
//! |           +------------------+------------------+
//! |           | noise budget     | latency          |
//! +-----------+------------------+------------------+
//! | parameters| bytes            | work             |
//! |           +------------------+------------------+
//! |           | input | server sees | decrypted     |
//! +-----------+-------------------------------------+
//! | hints                                           |
//! +-------------------------------------------------+
//! ```

mod bookmarks;
mod compare;
mod decision;
mod explore;
mod form;
mod graph;
mod help;
mod hints;
mod hit;
mod landscape;
mod latency;
mod layers;
mod meaning;
mod network;
mod noise;
mod optimise;
mod overlay;
mod parts;
mod pictures;
mod points;
mod scatter;
mod setting;
mod sizes;
mod sweep;
mod verdict;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use self::parts::wrapped;
use super::app::{App, Screen, Tone};

pub use hit::{Hit, hit};
pub use landscape::landscape_chart;

/// The smallest terminal that everything fits.
const SMALLEST: (u16, u16) = (60, 18);

/// Draws the explorer.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, app.style.theme().text);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(app, frame, area);
        return;
    }
    let [header, body, hints] = areas(area);
    draw_header(app, frame, header);
    match app.screen {
        Screen::Explore => explore::draw(app, frame, body),
        Screen::Compare => compare::draw(app, frame, body),
        Screen::Sweep => sweep::draw(app, frame, body),
        Screen::Network => network::draw(app, frame, body),
    }
    if app.message.is_none() {
        draw_hints(app, frame, hints, explore::is_wide(body));
    }
    if let Some(overlay) = &app.overlay {
        overlay::draw(app, overlay, frame, body);
    }
    draw_message(app, frame, area);
}

/// The header, the screen and the hints.
fn areas(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area)
}

fn too_small(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (width, height) = SMALLEST;
    let text = format!("heconv needs {width}x{height}, this is {}x{}", area.width, area.height);
    let widget = Paragraph::new(text).style(app.style.theme().warning);
    frame.render_widget(widget.wrap(ratatui::widgets::Wrap { trim: true }), area);
}

/// What the header begins with.
const PROGRAM: &str = " heconv ";

/// The name of a screen in the header.
fn tab(number: usize, screen: Screen) -> String {
    format!(" {number} {} ", screen.name())
}

/// The screen whose name is at this column of the header.
fn screen_at(column: u16) -> Option<Screen> {
    let mut end = PROGRAM.len();
    let mut tabs = (1..).zip(Screen::ALL);
    let found = tabs.find(|(number, screen)| {
        end += tab(*number, *screen).len();
        usize::from(column) < end
    });
    found.map(|(_, screen)| screen).filter(|_| usize::from(column) >= PROGRAM.len())
}

fn draw_header(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let mut spans = vec![Span::styled(PROGRAM, theme.title)];
    for (number, screen) in (1..).zip(Screen::ALL) {
        let style = if app.screen == screen { theme.selected } else { theme.dim };
        spans.push(Span::styled(tab(number, screen), style));
    }
    let left = Line::from(spans);
    let room = usize::from(area.width).saturating_sub(left.width());
    frame.render_widget(left, area);
    let right = [true, false]
        .map(|with_bits| security(app, with_bits))
        .map(|security| Line::from(vec![security, Span::raw("  "), state(app), Span::raw(" ")]));
    let right = right.into_iter().find(|line| line.width() < room);
    let right = right.unwrap_or_else(|| Line::from(vec![state(app), Span::raw(" ")]));
    frame.render_widget(right.right_aligned(), area);
}

/// The form's security, with log2(QP) against the cap where there is room.
fn security(app: &App, with_bits: bool) -> Span<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    match &app.checked {
        Some((params, _)) => {
            let verdict = params.security();
            let cap = verdict.cap_log2_qp.unwrap_or(0.0);
            let (level, bits) = (verdict.level.bits(), params.log2_qp());
            let sign = if verdict.ok { glyphs.check } else { glyphs.cross };
            let mut text = format!("{level}-bit {sign}");
            if with_bits {
                text = format!("{text} log2(QP) {bits:.1}/{cap:.0}");
            }
            Span::styled(text, if verdict.ok { theme.good } else { theme.bad })
        }
        None => Span::styled(format!("{} invalid", glyphs.cross), theme.bad),
    }
}

fn state(app: &App) -> Span<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let what = match (&app.optimising, app.sweep.current()) {
        (Some(optimisation), _) => format!("optimise: {}", optimisation.progress()),
        (None, Some(current)) => format!("sweep {}/{}", current + 1, app.sweep.rows().len()),
        (None, None) if app.running.is_some() => "running".to_owned(),
        (None, None) if app.networks.is_going() => {
            let (layer, _) = app.networks.current.unwrap_or_default();
            format!("network {}/{}", layer + 1, app.networks.rows.len())
        }
        (None, None) => return Span::styled(format!("{} idle", glyphs.dot), theme.dim),
    };
    let frame = glyphs.spinner((app.now_ms / 120) as usize);
    Span::styled(format!("{frame} {what}"), theme.accent)
}

/// The message, at the bottom: all of it, over what is above where it is long.
fn draw_message(app: &App, frame: &mut Frame<'_>, area: Rect) {
    const MOST: usize = 4;
    let Some((tone, text)) = &app.message else { return };
    let theme = app.style.theme();
    let style = if *tone == Tone::Bad { theme.bad } else { theme.accent };
    let rows = wrapped(text, usize::from(area.width.saturating_sub(2)));
    let rows: Vec<Line<'_>> =
        rows.into_iter().take(MOST).map(|row| Line::styled(format!(" {row}"), style)).collect();
    let height = (rows.len() as u16).min(area.height);
    let area = Rect { y: area.bottom() - height, height, ..area };
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(rows).style(theme.text), area);
}

/// The keys that matter now.
fn draw_hints(app: &App, frame: &mut Frame<'_>, area: Rect, is_wide: bool) {
    let theme = app.style.theme();
    let mut spans = vec![Span::raw(" ")];
    let mut room = area.width.saturating_sub(1) as usize;
    for (action, name) in hints::hints(app, is_wide) {
        let Some(key) = app.keymap.keys_for(app.context(), action).first() else { continue };
        let key = key.to_string();
        let width = key.chars().count() + name.chars().count() + 3;
        if width > room {
            break;
        }
        room -= width;
        spans.push(Span::styled(key, theme.key_hint));
        spans.push(Span::styled(format!(" {name}  "), theme.dim));
    }
    frame.render_widget(Line::from(spans), area);
}
