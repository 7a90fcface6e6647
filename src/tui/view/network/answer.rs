//! What a model is given, and what it says that it is.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::parts::{bar, block, wrapped};
use crate::job::OpenedModel;
use crate::network::{Answer, Fidelity, Ranked};
use crate::report::{count_text, digits, percent_text};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::glyphs::Glyphs;
use crate::tui::large::large;
use crate::tui::network::{NetworkOutcome, NetworkPhase};
use crate::tui::picture::Picture;

/// From this width on there is what the server sees too.
const WIDE: u16 = 100;

/// The most columns of the name of a class in a list.
const NAME: usize = 24;

/// The input beside the answer.
pub(super) fn draw(app: &App, model: &OpenedModel, frame: &mut Frame<'_>, area: Rect) {
    let input = model.picture().and_then(|channels| Picture::from_channels(channels, 255));
    let seen = app.networks.seen.as_ref();
    let seen = seen.map(|seen| Picture::ciphertext(&seen.words, seen.limb_bits));
    let left = input.as_ref().map_or(0, |picture| columns(picture.size(), area));
    let middle = if area.width < WIDE { 0 } else { columns((1, 1), area) };
    let widths = [Constraint::Length(left), Constraint::Length(middle), Constraint::Min(0)];
    let [left, middle, right] = Layout::horizontal(widths).areas(area);
    if left.width > 0 {
        draw_picture(app, model.input_name(), input, frame, left);
    }
    if middle.width > 0 {
        draw_picture(app, "server sees", seen, frame, middle);
    }
    let block = block(app, "answer", false);
    let inner = block.inner(right);
    frame.render_widget(block, right);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let (word, style) = word(app);
    let text = draw_word(&word, style, app.style.glyphs(), frame, inner);
    let lines = match &app.networks.phase {
        NetworkPhase::Done(outcome) => said(app, outcome, text),
        NetworkPhase::Failed(_) => Vec::new(),
        _ => asked(app, model, text),
    };
    let above = text.height.saturating_sub(lines.len() as u16) / 2;
    let text = Rect { y: text.y + above, height: text.height - above, ..text };
    frame.render_widget(Paragraph::new(lines), text);
}

/// Columns that a picture of this width and height takes with its border, at most a third.
fn columns((width, height): (usize, usize), area: Rect) -> u16 {
    const LEAST: usize = 12;
    let rows = usize::from(area.height.saturating_sub(2));
    if rows < 3 {
        return 0;
    }
    // A cell is twice as high as it is wide.
    let columns = (2 * rows * width).div_ceil(height.max(1)).max(LEAST) + 2;
    columns.min(usize::from(area.width / 3)) as u16
}

/// A picture, or that there will be ciphertexts.
fn draw_picture(
    app: &App,
    title: &str,
    picture: Option<Picture>,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let theme = app.style.theme();
    let block = block(app, title, false);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(picture) = picture else {
        let middle = Rect { y: inner.y + inner.height / 2, height: inner.height.min(1), ..inner };
        return frame.render_widget(Line::styled("ciphertexts", theme.dim).centered(), middle);
    };
    let mode = app.style.picture_mode();
    picture.render(inner, frame.buffer_mut(), mode, |r, g, b| theme.rgb(r, g, b));
}

/// The word that is to be seen from afar.
fn word(app: &App) -> (String, Style) {
    let theme = app.style.theme();
    match &app.networks.phase {
        NetworkPhase::Done(outcome) => {
            let top = outcome.answer.as_ref().and_then(|answer| answer.top.first());
            let style = if outcome.verdict.is_exact() { theme.accent } else { theme.bad };
            let word = |one: &Ranked| one.label.clone().unwrap_or_else(|| one.class.to_string());
            (top.map_or_else(String::new, word), style)
        }
        NetworkPhase::Failed(_) => (String::new(), theme.dim),
        _ => ("?".into(), theme.dim),
    }
}

/// Draws a word in large letters where it has room beside the text, and gives the room of the text.
fn draw_word(word: &str, style: Style, glyphs: &Glyphs, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let ink = glyphs.bar[8];
    let room = usize::from(area.width / 2);
    let Some(rows) = large(word, room, ink).filter(|rows| usize::from(area.height) >= rows.len())
    else {
        return area;
    };
    let width = rows[0].chars().count() as u16;
    let top = (area.height - rows.len() as u16) / 2;
    let lines: Vec<Line<'_>> = rows.into_iter().map(|row| Line::styled(row, style)).collect();
    frame.render_widget(
        Paragraph::new(lines),
        Rect { y: area.y + top, height: area.height - top, ..area },
    );
    let taken = (width + 3).min(area.width);
    Rect { x: area.x + taken, width: area.width - taken, ..area }
}

/// What there is to say before the answer.
fn asked(app: &App, model: &OpenedModel, area: Rect) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let [run, open, edit] = [Action::Run, Action::Open, Action::Edit].map(|key| app.key_name(key));
    let input = model.input_name();
    let question = format!(
        "What does the model make of {input}? {run} encrypts it; the server sees ciphertexts alone."
    );
    let hint = format!(
        "{open} opens another input, model or names of classes; {edit} sets bits, mean and std."
    );
    let rows = |text: &str, style: Style| -> Vec<Line<'static>> {
        let rows = wrapped(text, usize::from(area.width));
        rows.into_iter().map(|row| Line::styled(row, style)).collect()
    };
    [rows(&question, theme.text), rows(&hint, theme.dim)].concat()
}

/// The answer, how sure the model is of it, and what there is to say of its computation.
fn said(app: &App, outcome: &NetworkOutcome, area: Rect) -> Vec<Line<'static>> {
    const SPACED: usize = 9;
    let height = usize::from(area.height);
    let facts = facts(app, outcome, usize::from(area.width));
    let Some(answer) = &outcome.answer else {
        let values = count_text(outcome.output_values as u64);
        let text = format!("{values} values, which are no scores of classes: no answer in a word");
        return std::iter::once(Line::styled(text, app.style.theme().text)).chain(facts).collect();
    };
    let count = height.saturating_sub(facts.len()).clamp(1, 5);
    let mut lines = ranking(app, answer, count, usize::from(area.width));
    if height >= SPACED {
        lines.push(Line::default());
    }
    lines.extend(facts);
    lines
}

/// The classes that are ranked first, the first beside that in floats.
fn ranking(app: &App, answer: &Answer, count: usize, width: usize) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let cut = |one: &Ranked| {
        let start: String = one.name().chars().take(NAME).collect();
        start.trim_end().to_owned()
    };
    let names: Vec<String> = answer.top.iter().take(count).map(cut).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let percent = |one: &Ranked| one.probability.map_or_else(|| "-".into(), percent_text);
    // Another class may have a long name, and takes a row of its own.
    let other = answer.float_top.first().filter(|_| !answer.top1_agrees);
    let agrees = if other.is_none() { "as in floats" } else { "" };
    let room = width.saturating_sub(longest + 9 + 3 + agrees.len()).min(20) as u16;
    let lines = answer.top.iter().zip(&names).enumerate().map(|(place, (one, name))| {
        let style = if place == 0 { theme.text } else { theme.dim };
        let mut spans =
            vec![Span::styled(format!("{name:<longest$} {:>7}  ", percent(one)), style)];
        if room >= 6 {
            spans.extend(bar(app, room - 1, one.probability.unwrap_or(0.0), None));
        }
        if place == 0 {
            spans.push(Span::styled(format!("  {agrees}"), theme.good));
        }
        Line::from(spans)
    });
    let mut lines: Vec<Line<'static>> = lines.collect();
    if let Some(real) = other {
        let text = format!("in floats it is {}, {}", cut(real), percent(real));
        lines.insert(1.min(lines.len()), Line::styled(text, theme.bad));
        lines.truncate(count.max(2));
    }
    lines
}

/// Whether the encrypted computation is exact, and how near to floats it is.
fn facts(app: &App, outcome: &NetworkOutcome, width: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let values = count_text(outcome.output_values as u64);
    let fitting = |long: String, short: String| {
        if long.chars().count() <= width { long } else { short }
    };
    let exact = if outcome.verdict.is_exact() {
        let start = format!("{} exact: all {values} values", glyphs.check);
        let text =
            fitting(format!("{start} equal the plain network"), format!("{start} as unencrypted"));
        Line::styled(text, theme.good)
    } else {
        let (label, wrong) = (outcome.verdict.label(), outcome.output_mismatches as u64);
        let wrong = count_text(wrong);
        let text = format!("{} {label}: {wrong} of {values} values differ", glyphs.cross);
        Line::styled(text, theme.bad)
    };
    let near = outcome.fidelity.as_ref().map(|found| {
        let Fidelity { cosine, largest_error, largest_value } = *found;
        let [error, value] = [largest_error, largest_value].map(digits);
        let text = fitting(
            format!("beside floats: cosine {cosine:.5}, largest error {error} of {value}"),
            format!("floats: cosine {cosine:.5}, error {error} of {value}"),
        );
        Line::styled(text, theme.text)
    });
    std::iter::once(exact).chain(near).collect()
}
