//! Which network, how it is run, and how far it is.

use std::path::Path;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::super::parts::block;
use super::model;
use crate::conv::Choice;
use crate::report::{Record, count_text, counted};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::form::Form;
use crate::tui::network::{NetworkPhase, NetworkRow, Subject};
use crate::tui::paths::shortened;

/// The network, how it is run, and how far it is.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, networks) = (app.style.theme(), &app.networks);
    let name = networks.chosen().map_or("no network that runs", Subject::name);
    let about = networks.chosen().map_or("", Subject::about);
    let title = format!("network   {name}   {about}");
    let form = networks.rows.first().map_or(&app.form, |row| &row.form);
    let of_form = Form { layer: form.layer.clone(), pinned: Choice::default(), ..app.form.clone() };
    let block = block(app, &title, false);
    let mut setting = Line::from(vec![
        Span::styled(
            format!("{} {} ", app.key_name(Action::Left), app.key_name(Action::Right)),
            theme.key_hint,
        ),
        Span::styled("network   ", theme.dim),
        Span::styled(
            match networks.tuned_for {
                Some(objective) => format!(
                    "each layer tuned for the least {objective}, {}, {}",
                    form.reduction.name(),
                    counted(form.threads, "thread"),
                ),
                None => format!(
                    "{}, {}, {}, {}",
                    form.params.name,
                    form.algorithm.name(),
                    form.reduction.name(),
                    counted(form.threads, "thread"),
                ),
            },
            theme.text,
        ),
    ]);
    let as_there = "   as in Explore";
    let room = usize::from(block.inner(area).width).saturating_sub(setting.width());
    if *form == of_form && as_there.len() <= room {
        setting.push_span(Span::styled(as_there, theme.dim));
    }
    let lines = vec![setting, progress(app)];
    let paragraph = Paragraph::new(lines).wrap(Wrap { trim: true });
    frame.render_widget(paragraph.block(block), area);
}

/// Rows of [`progress`]: one, but for why a run failed, which is to be read to its end.
pub(super) fn progress_rows(app: &App, width: u16) -> u16 {
    const MOST: usize = 5;
    let NetworkPhase::Failed(problem) = &app.networks.phase else { return 1 };
    // Words leave up to a quarter of a row empty.
    let usable = (usize::from(width) * 3 / 4).max(1);
    problem.chars().count().div_ceil(usable).clamp(1, MOST) as u16
}

fn progress(app: &App) -> Line<'static> {
    let (theme, glyphs, networks) = (app.style.theme(), app.style.glyphs(), &app.networks);
    match &networks.phase {
        _ if let Some((done, of)) = networks.tuning => {
            let text = format!("seeking parameters: {done} of {of} layers that differ");
            Line::styled(text, theme.accent)
        }
        _ if networks.is_comparing => {
            let done = networks.comparisons.len();
            let place = networks.current.map_or_else(
                || "searching parameters".to_owned(),
                |(index, _)| format!("layer {} of {}", index + 1, networks.rows.len()),
            );
            Line::styled(format!("conventionally, {} of 2: {place}", done + 1), theme.accent)
        }
        NetworkPhase::Planned => planned(app),
        NetworkPhase::Going => {
            let (index, stage) = networks.current.unwrap_or_default();
            let stage = stage.map_or("", crate::conv::Stage::name);
            let seconds = app.now_ms.saturating_sub(networks.since_ms) as f64 / 1e3;
            let left = remaining(app).map_or(String::new(), |s| format!(", about {s:.0} s left"));
            let layers = networks.rows.len();
            let text = format!("layer {} of {layers}, {stage}; {seconds:.1} s{left}", index + 1);
            Line::styled(text, theme.accent)
        }
        NetworkPhase::Done(record) if record.verdict.is_exact() && model(app).is_some() => {
            let (seconds, key) = (record.wall_ms / 1e3, app.key_name(Action::Run));
            Line::from(vec![
                Span::styled(format!("{} run in {seconds:.1} s", glyphs.check), theme.good),
                Span::styled(format!("   {key} "), theme.key_hint),
                Span::styled("opens the layer of the cursor", theme.dim),
            ])
        }
        NetworkPhase::Done(record) if record.verdict.is_exact() => {
            let values = count_text(record.output_values as u64);
            let text = format!(
                "{} exact   all {values} values equal the plain network   run in {:.1} s",
                glyphs.check,
                record.wall_ms / 1e3
            );
            Line::styled(text, theme.good)
        }
        NetworkPhase::Done(record) => {
            let wrong = count_text(record.output_mismatches as u64);
            let text =
                format!("{} {}   {wrong} values differ", glyphs.cross, record.verdict.label());
            Line::styled(text, theme.bad)
        }
        NetworkPhase::Failed(problem) => {
            Line::styled(format!("{} {problem}", glyphs.cross), theme.bad)
        }
    }
}

/// What a run will do.
fn planned(app: &App) -> Line<'static> {
    let (theme, networks) = (app.style.theme(), &app.networks);
    let done = networks.rows.iter().filter(|row| row.finished.is_some()).count();
    let file = |path: Option<&Path>, usual: &str| path.map_or_else(|| usual.to_owned(), shortened);
    let text = match done {
        0 if model(app).is_some() => "runs all layers encrypted, and checks every value".into(),
        0 => {
            let input = file(networks.data.input.as_deref(), "the photograph");
            let weights = file(networks.data.weights.as_deref(), "seeded weights");
            format!("runs it all encrypted on {input}, {weights}, and checks every value")
        }
        done => format!("goes on: {done} layers are done, and are not run again"),
    };
    Line::from(vec![
        Span::styled(format!("{} ", app.key_name(Action::Run)), theme.key_hint),
        Span::styled(text, theme.text),
    ])
}

/// Seconds that the rest will take: as much longer than predicted as what is done took.
fn remaining(app: &App) -> Option<f64> {
    let networks = &app.networks;
    let online = |record: &Record| {
        let time = &record.latency_ms;
        time.keygen + time.weights + time.total - time.transfer
    };
    let predicted = |row: &NetworkRow| row.predicted.as_ref()?.as_ref().ok().map(online);
    let (mut done, mut rest) = (0.0, 0.0);
    for row in &networks.rows {
        let part = if row.finished.is_some() { &mut done } else { &mut rest };
        *part += predicted(row)?;
    }
    let spent = app.now_ms.saturating_sub(networks.since_ms) as f64 / 1e3;
    (done > 0.0).then(|| spent * rest / done)
}
