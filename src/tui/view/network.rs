//! Network: a network layer by layer, what is predicted of each and what its run gave, and totals.

use std::fmt::Write;
use std::path::Path;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::parts::{bar, block, ratio};
use crate::conv::Choice;
use crate::report::{Comparison, KeyBytes, NetworkTotals, Record, bytes_text, count_text, counted};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::form::Form;
use crate::tui::network::{NetworkPhase, NetworkRow};
use crate::tui::paths::shortened;

/// The least width that all columns fit.
const WIDE: u16 = 110;

/// Cells of the bars.
const BAR: u16 = 12;

/// How it is run, the layers, and the totals.
pub(super) fn areas(app: &App, area: Rect) -> [Rect; 3] {
    let comparisons = app.networks.comparisons.len() as u16;
    let bottom = Constraint::Length(5 + comparisons);
    let top = Constraint::Length(3 + progress_rows(app, area.width.saturating_sub(2)));
    Layout::vertical([top, Constraint::Min(4), bottom]).areas(area)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if app.zoomed {
        return draw_rows(app, frame, area);
    }
    let [top, middle, bottom] = areas(app, area);
    draw_top(app, frame, top);
    draw_rows(app, frame, middle);
    draw_totals(app, frame, bottom);
}

/// The network, how it is run, and how far it is.
fn draw_top(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, networks) = (app.style.theme(), &app.networks);
    let name = networks.chosen().map_or("no network that runs", |network| network.name.as_str());
    let about = networks.chosen().map_or("", |network| network.about.as_str());
    let title = format!("network   {name}   {about}");
    let form = networks.rows.first().map_or(&app.form, |row| &row.form);
    let of_form = Form { layer: form.layer.clone(), pinned: Choice::default(), ..app.form.clone() };
    let setting = Line::from(vec![
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
        Span::styled(if *form == of_form { "   as in Explore" } else { "" }, theme.dim),
    ]);
    let lines = vec![setting, progress(app)];
    let paragraph = Paragraph::new(lines).wrap(Wrap { trim: true });
    frame.render_widget(paragraph.block(block(app, &title, false)), area);
}

/// Rows of [`progress`]: one, but for why a run failed, which is to be read to its end.
fn progress_rows(app: &App, width: u16) -> u16 {
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
        NetworkPhase::Planned => {
            let key = app.key_name(Action::Run);
            let text = match networks.rows.iter().filter(|row| row.finished.is_some()).count() {
                0 => {
                    let file = |path: Option<&Path>, usual: &str| {
                        path.map_or_else(|| usual.to_owned(), shortened)
                    };
                    let data = &networks.data;
                    let input = file(data.input.as_deref(), "the photograph");
                    let weights = file(data.weights.as_deref(), "seeded weights");
                    format!("runs it all encrypted on {input}, {weights}, and checks every value")
                }
                done => format!("goes on: {done} layers are done, and are not run again"),
            };
            Line::from(vec![
                Span::styled(format!("{key} "), theme.key_hint),
                Span::styled(text, theme.text),
            ])
        }
        NetworkPhase::Going => {
            let (index, stage) = networks.current.unwrap_or_default();
            let stage = stage.map_or("", crate::conv::Stage::name);
            let seconds = app.now_ms.saturating_sub(networks.since_ms) as f64 / 1e3;
            let left = remaining(app).map_or(String::new(), |s| format!(", about {s:.0} s left"));
            let layers = networks.rows.len();
            let text = format!("layer {} of {layers}, {stage}; {seconds:.1} s{left}", index + 1);
            Line::styled(text, theme.accent)
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

/// A table, as far as it fits, around the cursor or the layer that is run.
fn draw_rows(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let networks = &app.networks;
    let block = block(app, "layers", true);
    let inner = block.inner(area);
    let is_wide = area.width >= WIDE;
    let longest =
        networks.rows.iter().filter_map(|row| row.record()).map(|(r, _)| r.latency_ms.server);
    let longest = longest.fold(0.0, f64::max);
    let names = names_width(app, inner.width, is_wide);
    let lines =
        networks.rows.iter().enumerate().map(|(i, row)| line(app, i, row, is_wide, longest, names));
    let room = usize::from(inner.height.saturating_sub(1));
    let focus = networks.current.map_or(networks.cursor, |(index, _)| index);
    let first = (focus + 1).saturating_sub(room);
    let lines = std::iter::once(head(app, is_wide, names)).chain(lines.skip(first).take(room));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

/// Columns of names: as many as the longest takes, where there is room.
fn names_width(app: &App, width: u16, is_wide: bool) -> usize {
    const LEAST: usize = 16;
    let names = app.networks.rows.iter().map(|row| row.form.layer.spec.name.chars().count() + 1);
    let others = 2 + 16 + if is_wide { 6 * 11 + 3 + usize::from(BAR) } else { 4 * 11 };
    let room = usize::from(width).saturating_sub(others);
    names.max().unwrap_or(0).clamp(LEAST, room.max(LEAST))
}

fn head(app: &App, is_wide: bool, names: usize) -> Line<'static> {
    let mut text = format!("  {:<names$}{:>16}", "layer", "channels, plane");
    for name in ["server ms", "total ms", "sent", "bits left"] {
        let _ = write!(text, "{name:>11}");
    }
    if is_wide {
        let _ = write!(text, "{:>11}{:>11}", "weights", "peak");
    }
    Line::styled(text, app.style.theme().dim)
}

fn line(
    app: &App,
    index: usize,
    row: &NetworkRow,
    is_wide: bool,
    longest: f64,
    names: usize,
) -> Line<'static> {
    let (theme, glyphs, networks) = (app.style.theme(), app.style.glyphs(), &app.networks);
    let spec = &row.form.layer.spec;
    let is_current = networks.current.is_some_and(|(current, _)| current == index);
    let mark = match &row.finished {
        _ if is_current => glyphs.spinner((app.now_ms / 120) as usize),
        Some(_) => glyphs.check,
        None => " ",
    };
    let style = if networks.cursor == index { theme.selected } else { theme.text };
    let name: String = spec.name.chars().take(names - 1).collect();
    let shape =
        format!("{}-{} {}x{}", spec.in_channels, spec.out_channels, spec.height, spec.width);
    let mut spans = vec![
        Span::styled(format!("{mark} "), theme.good),
        Span::styled(format!("{name:<names$}"), style),
        Span::styled(format!("{shape:>16}"), theme.dim),
    ];
    let Some((record, is_measured)) = row.record() else {
        let text = match &row.predicted {
            Some(Err(problem)) => format!("   {problem}"),
            _ => format!("   {}", glyphs.ellipsis),
        };
        spans.push(Span::styled(text, theme.dim));
        return Line::from(spans);
    };
    let figures = figures(row, record, is_wide);
    let style = if is_measured { theme.text } else { theme.dim };
    spans.extend(figures.into_iter().map(|text| figure(&text, is_measured, style)));
    if is_wide {
        spans.push(Span::raw("  "));
        spans.extend(bar(app, BAR, record.latency_ms.server / longest.max(1e-9), None));
    }
    Line::from(spans)
}

/// A figure in its column, after a tilde where it is predicted.
fn figure(text: &str, is_measured: bool, style: Style) -> Span<'static> {
    let text = if is_measured { text.to_owned() } else { format!("~{text}") };
    Span::styled(format!("{text:>11}"), style)
}

fn figures(row: &NetworkRow, record: &Record, is_wide: bool) -> Vec<String> {
    let activation = row.finished.as_ref().map_or(0.0, |finished| finished.layer.activation_ms);
    let total = record.latency_ms.total + activation;
    let sent = &record.communication_bytes;
    let mut all = vec![
        format!("{:.1}", record.latency_ms.server),
        format!("{total:.1}"),
        bytes_text(sent.upload + sent.download),
        format!("{:.1}", record.noise_bits.last),
    ];
    if is_wide {
        all.push(bytes_text(record.storage_bytes.weights));
        all.push(bytes_text(record.storage_bytes.server_peak));
    }
    all
}

/// All layers together: of the run where it is done, else of what is known so far.
fn draw_totals(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, networks) = (app.style.theme(), &app.networks);
    let rows = &networks.rows;
    let known: Vec<(&Record, bool)> = rows.iter().filter_map(NetworkRow::record).collect();
    let is_measured = !known.is_empty() && known.iter().all(|(_, is_measured)| *is_measured);
    let activations =
        rows.iter().filter_map(|row| Some(row.finished.as_ref()?.layer.activation_ms));
    let records = known.iter().map(|(record, _)| *record);
    let totals = match &networks.phase {
        NetworkPhase::Done(record) => record.totals,
        _ => NetworkTotals::of(records, activations.sum(), KeyBytes::default()),
    };
    let tilde = if is_measured { "" } else { "~" };
    let time = &totals.latency_ms;
    let all = time.server + totals.client_ms + time.transfer;
    let mut lines = vec![Line::styled(
        format!(
            "server {tilde}{:.0} ms   client {tilde}{:.0} ms   transfer {tilde}{:.0} ms   total {tilde}{:.0} ms",
            time.server, totals.client_ms, time.transfer, totals.total_ms
        ),
        theme.text,
    )];
    let mut spans = Vec::new();
    for (name, ms) in
        [("server", time.server), ("client", totals.client_ms), ("transfer", time.transfer)]
    {
        spans.push(Span::styled(format!("{name} "), theme.dim));
        spans.extend(bar(app, BAR, ms / all.max(1e-9), None));
        spans.push(Span::raw("  "));
    }
    lines.push(Line::from(spans));
    lines.push(Line::styled(
        format!(
            "weights {tilde}{}   server peak {tilde}{}   sent {tilde}{}",
            bytes_text(totals.storage_bytes.weights),
            bytes_text(totals.storage_bytes.server_peak),
            bytes_text(totals.communication()),
        ),
        theme.text,
    ));
    lines.extend(networks.comparisons.iter().map(|comparison| compared(app, comparison)));
    let title = format!("{} of {}", known.len(), counted(rows.len(), "layer"));
    let mut block = block(app, &title, false);
    if let Some(row) = rows.get(networks.cursor).filter(|_| networks.tuned_for.is_some()) {
        let (name, form) = (&row.form.layer.spec.name, &row.form);
        let text = format!(" {name}: {}, {} ", form.params.name, form.algorithm.name());
        block = block.title_bottom(Line::styled(text, theme.accent));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// How many times the run's figures another way takes.
fn compared(app: &App, comparison: &Comparison) -> Line<'static> {
    let theme = app.style.theme();
    let ratios = &comparison.ratios;
    let text = format!(
        ": server {}  total {}  peak {}  sent {}  weights {}",
        ratio(ratios.server),
        ratio(ratios.latency),
        ratio(ratios.memory),
        ratio(ratios.communication),
        ratio(ratios.weights),
    );
    let is_part = comparison.layers.iter().any(|layer| layer.extrapolated_from.is_some());
    let note = if is_part { ", extrapolated" } else { "" };
    if let Some(fault) = comparison.layers.iter().find_map(Record::fault) {
        let text = format!("{} {}: {}", app.style.glyphs().cross, comparison.name, fault.why());
        return Line::styled(text, theme.bad);
    }
    Line::from(vec![
        Span::styled(comparison.name.clone(), theme.accent),
        Span::styled(text, theme.text),
        Span::styled(note, theme.dim),
    ])
}
