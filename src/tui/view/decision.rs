//! What an optimisation came to: the best, what nothing beats, and why not the others.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::landscape;
use super::parts::{block, centred, change, wrapped};
use crate::report::{Record, bytes_text, counted};
use crate::tui::app::App;
use crate::tui::optimise::{Decided, FRONT};
use crate::tune::{Candidate, Objective, Rejected};

/// The most columns.
const WIDEST: u16 = 112;

/// Lines above the first row of the front.
const HEAD_OF_FRONT: usize = 3;

/// Columns of an algorithm's name, with a gap.
const ALGORITHM: usize = 16;

pub(super) fn draw(app: &App, at: u16, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let Some(decided) = app.decided.as_deref() else { return };
    let area = centred(area, WIDEST, area.height);
    let objective = decided.answer.query.objective.name();
    let title = format!("optimised for the least {objective}   Enter loads a row, Esc closes");
    let block = block(app, &title, true).style(theme.text);
    let inner = block.inner(area);
    let (mut lines, rows) = lines(app, decided, usize::from(inner.width));
    let at = usize::from(at);
    if let Some(line) = rows.get(at).and_then(|line| lines.get_mut(*line)) {
        *line = std::mem::take(line).patch_style(theme.selected);
    }
    // The row of the cursor stands in the middle, once it is beyond that; without rows it scrolls.
    let middle = usize::from(inner.height) / 2;
    let wanted = rows
        .get(at)
        .map_or(if rows.is_empty() { at } else { 0 }, |line| line.saturating_sub(middle));
    let is_end = !rows.is_empty() && at + 1 >= rows.len();
    let last = lines.len().saturating_sub(usize::from(inner.height));
    let scroll = if is_end && at > 0 { last } else { wanted.min(last) } as u16;
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block).scroll((scroll, 0)), area);
}

/// The report, and the places of the lines that can be loaded, in the order of
/// [`Decided::form_at`].
fn lines(app: &App, decided: &Decided, width: usize) -> (Vec<Line<'static>>, Vec<usize>) {
    let theme = app.style.theme();
    let mut rows: Vec<usize> = decided.best().map(|_| 0).into_iter().collect();
    let mut lines = match decided.best() {
        Some((candidate, record)) => {
            let mut lines = best(app, decided, candidate, record);
            lines.extend(against_before(app, decided, record));
            lines.extend(tie(app, decided, width));
            lines
        }
        None => nothing(app, decided, width),
    };
    let (first, rest) = decided.answer.losers();
    let names = |losers: &[&Rejected]| longest(losers.iter().map(|lost| lost.params.as_str()));
    let of_front =
        decided.answer.front().take(FRONT).map(|candidate| candidate.params.name.as_str());
    let of_front = longest(of_front).max(names(&first));
    let above = lines.len() + HEAD_OF_FRONT;
    lines.extend(front(app, decided, of_front, width));
    rows.extend((0..decided.answer.front().take(FRONT).count()).map(|i| above + i));
    lines.extend(landscape::lines(app, &decided.answer.found.landscape, width));
    let of_rest = names(&rest);
    let causes = decided.answer.causes();
    for (title, losers, params, is_first) in [
        ("why not the others: each ring and algorithm at its best", first, of_front, true),
        ("and the rest", rest, of_rest, false),
    ] {
        if !losers.is_empty() {
            lines.push(Line::default());
            lines.push(Line::styled(title, theme.title));
        }
        if !losers.is_empty() && is_first {
            lines.extend(
                wrapped(&causes, width).into_iter().map(|row| Line::styled(row, theme.dim)),
            );
        }
        for lost in losers {
            rows.push(lines.len());
            lines.extend(lost_lines(app, lost, params, width));
        }
    }
    (lines, rows)
}

fn best(
    app: &App,
    decided: &Decided,
    candidate: &Candidate,
    record: &Record,
) -> Vec<Line<'static>> {
    let (theme, glyphs, objective) =
        (app.style.theme(), app.style.glyphs(), decided.answer.query.objective);
    let figure = objective.text(objective.of_record(record));
    let (time, noise) = (&record.latency_ms, &record.noise_bits);
    let sent = record.communication_bytes.upload + record.communication_bytes.download;
    vec![
        Line::from(vec![
            Span::styled(format!("{} {} {figure}", glyphs.check, objective.name()), theme.good),
            Span::styled(
                format!(
                    "   {}   {}   {}",
                    candidate.params.name,
                    record.algorithm,
                    counted(record.lanes, "lane")
                ),
                theme.text,
            ),
        ]),
        Line::styled(
            format!(
                "  measured: server {:.1} ms, total {:.1} ms, {} sent, {:.1} bits left",
                time.server,
                time.total,
                bytes_text(sent),
                noise.last,
            ),
            theme.text,
        ),
        Line::styled(
            format!(
                "  at least {:.1} bits left but for one run in 2^40; margin {}",
                noise.predicted_final_floor, decided.answer.query.margin_bits
            ),
            theme.dim,
        ),
    ]
}

/// The best against a run of the form that the optimisation began with, where there is one.
fn against_before(app: &App, decided: &Decided, record: &Record) -> Option<Line<'static>> {
    if decided.best_form().as_ref() == Some(&decided.form) {
        return Some(Line::styled("  which the form was already", app.style.theme().dim));
    }
    let before = &app.compare.run(app.compare.newest_of(&decided.form)?)?.record;
    if let Some(fault) = before.fault() {
        let text = format!("  not compared with the form before: {}", fault.why());
        return Some(Line::styled(text, app.style.theme().warning));
    }
    let objective = decided.answer.query.objective;
    let (old, new) = (objective.of_record(before), objective.of_record(record));
    let text = format!(
        "  {} than the form before, which took {}",
        change(old / new).replace("same", "no less"),
        objective.text(old)
    );
    Some(Line::styled(text, app.style.theme().baseline))
}

/// What is as good as the best, as far as was measured.
fn tie(app: &App, decided: &Decided, width: usize) -> Vec<Line<'static>> {
    let (answer, style) = (&decided.answer, app.style.theme().warning);
    let others = answer.decision.tie.iter().skip(1);
    let others = others.filter_map(|tied| Some((tied, answer.found.candidates.get(tied.place)?)));
    let rows = others.flat_map(|(tied, candidate)| {
        let objective = answer.query.objective;
        let text = format!(
            "a tie with {} {}: {} {}, {} sent; within the spread of runs the fewest bytes win",
            candidate.params.name,
            candidate.algorithm(),
            objective.name(),
            objective.text(tied.value),
            bytes_text(tied.sent),
        );
        wrapped(&text, width.saturating_sub(2))
    });
    rows.map(|row| Line::styled(format!("  {row}"), style)).collect()
}

fn nothing(app: &App, decided: &Decided, width: usize) -> Vec<Line<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let mut lines =
        vec![Line::styled(format!("{} no parameters will do", glyphs.cross), theme.bad)];
    if let Some(lost) = decided.answer.why_nothing() {
        let text = format!("closest: {}, {}: {}", lost.params, lost.algorithm, lost.reason);
        let style = theme.warning;
        lines.extend(wrapped(&text, width).into_iter().map(|row| Line::styled(row, style)));
    }
    lines
}

/// The candidates that no other beats, the most important figures first where there is little room.
fn front(app: &App, decided: &Decided, params: usize, width: usize) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let count = decided.answer.front().count();
    if count == 0 {
        return Vec::new();
    }
    let all = [Objective::Server, Objective::Total, Objective::Communication, Objective::Memory];
    let headings = ["server", "total", "sent", "memory"];
    let room = width.saturating_sub(params + ALGORITHM + FLOOR) / FIGURE;
    let columns = &all[..room.min(all.len())];
    let names = headings[..columns.len()].iter().map(|name| format!("{name:>FIGURE$}"));
    let start = params + ALGORITHM;
    let heading = format!("{:start$}{}{:>FLOOR$}", "", names.collect::<String>(), "floor");
    let mut lines = vec![
        Line::default(),
        Line::styled("predicted front: what nothing beats in all of these figures", theme.title),
        Line::styled(heading, theme.header),
    ];
    for candidate in decided.answer.front().take(FRONT) {
        let figures = columns.iter().map(|objective| {
            let text = objective.text(decided.answer.figure(candidate, *objective));
            format!("{:>FIGURE$}", format!("{}{text}", if objective.is_time() { "~" } else { "" }))
        });
        let text = format!(
            "{}{:<ALGORITHM$}{}{:>FLOOR$.1}",
            name(&candidate.params.name, params),
            candidate.algorithm(),
            figures.collect::<String>(),
            candidate.floor(),
        );
        let is_best = decided.best().is_some_and(|(best, _)| best.params == candidate.params)
            && decided.best().is_some_and(|(best, _)| best.algorithm() == candidate.algorithm());
        lines.push(Line::styled(text, if is_best { theme.good } else { theme.dim }));
    }
    if count > FRONT {
        lines.push(Line::styled(format!("and {} more", count - FRONT), theme.dim));
    }
    lines
}

/// Columns that names need, with a gap.
fn longest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(str::len).max().unwrap_or(0).clamp(8, 30) + 2
}

/// Columns of a figure of the front.
const FIGURE: usize = 12;

/// Columns of a noise budget.
const FLOOR: usize = 7;

/// A row of what lost, its reason in a column of its own.
fn lost_lines(app: &App, lost: &Rejected, params: usize, width: usize) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let start = params + ALGORITHM;
    let reason = wrapped(&lost.reason, width.saturating_sub(start).max(20));
    let rows = reason.into_iter().enumerate().map(|(i, part)| {
        let what = if i == 0 {
            format!("{}{:<ALGORITHM$}", name(&lost.params, params), lost.algorithm)
        } else {
            " ".repeat(start)
        };
        Line::from(vec![Span::styled(what, theme.text), Span::styled(part, theme.dim)])
    });
    rows.collect()
}

/// A name in `width` columns, cut where it is longer.
fn name(name: &str, width: usize) -> String {
    let cut: String = name.chars().take(width - 1).collect();
    format!("{cut:<width$}")
}
