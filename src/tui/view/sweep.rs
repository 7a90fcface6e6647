//! Sweep: what is swept, how far it is, every point a row, and a chart of two figures.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::parts::{bar, block, standing_style};
use super::setting::setting_of_form;
use super::{points, scatter};
use crate::report::{Verdict, counted};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::metric::Metric;
use crate::tui::running::Running;
use crate::tui::sweep::{Column, Phase, Row, Runs, State};
use crate::tune::sweep::Tally;

/// The least width at which table and chart stand side by side.
const WIDE: u16 = 110;

/// The least height at which the chart stands below the table.
const HIGH: u16 = 32;

/// The least width of the chart beside the table.
const CHART: u16 = 37;

/// Where the table is and where the chart is, as far as each is shown.
fn areas(app: &App, area: Rect) -> (Option<Rect>, Option<Rect>) {
    let [_, middle, _] = rows(area);
    let turned = app.sweep.chart_turned;
    let has_figures = app.sweep.rows().iter().any(|row| row.record.is_some());
    if app.zoomed {
        let is_chart = turned && has_figures;
        return if is_chart { (None, Some(area)) } else { (Some(area), None) };
    }
    if area.width >= WIDE && !turned {
        // The table takes what it needs, and the chart the rest.
        let table = points::width(app).min(middle.width - CHART);
        let sides = Layout::horizontal([Constraint::Length(table), Constraint::Min(0)]);
        let [left, right] = sides.areas(middle);
        (Some(left), Some(right))
    } else if area.width < WIDE && area.height >= HIGH && !turned {
        let half = Constraint::Percentage(50);
        let [above, below] = Layout::vertical([half, half]).areas(middle);
        (Some(above), Some(below))
    } else if area.width < WIDE && area.height < HIGH && turned && has_figures {
        (None, Some(middle))
    } else {
        (Some(middle), None)
    }
}

/// What is swept, its points, and the chosen one.
fn rows(area: Rect) -> [Rect; 3] {
    Layout::vertical([Constraint::Length(4), Constraint::Min(4), Constraint::Length(5)]).areas(area)
}

/// Where the table is; an empty place where it is not shown.
pub(super) fn table_area(app: &App, area: Rect) -> Rect {
    areas(app, area).0.unwrap_or_default()
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (table, chart) = areas(app, area);
    if let Some(area) = table {
        points::draw(app, frame, area);
    }
    if let Some(area) = chart {
        draw_chart(app, frame, area);
    }
    if app.zoomed {
        return;
    }
    let [top, _, bottom] = rows(area);
    draw_top(app, frame, top);
    draw_details(app, frame, bottom);
}

/// What is swept, and how far it is.
fn draw_top(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let sweep = &app.sweep;
    let layer = &sweep.rows().first().map_or(&app.form, |row| &row.form).layer;
    let spec = &layer.spec;
    let title = format!(
        "sweep   {}   {} to {} channels, {}x{}, {}x{}",
        layer.full_name(),
        spec.in_channels,
        spec.out_channels,
        spec.height,
        spec.width,
        spec.kernel[0],
        spec.kernel[1],
    );
    let block = block(app, &title, false);
    let width = block.inner(area).width;
    let progress = match (sweep.phase(), &app.running) {
        (Phase::Going, Some(running)) => going(app, running, width),
        (Phase::Ended, _) => ended(app, width),
        (Phase::Stopped, _) => stopped(app),
        _ => planned(app),
    };
    let lines = vec![scope(app, width), progress];
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// What is swept, with the keys that change it, and with names where there is room for them.
fn scope(app: &App, width: u16) -> Line<'static> {
    if app.sweep.is_fixed() {
        return fixed(app);
    }
    let named = scope_line(app, true);
    if named.width() <= usize::from(width) { named } else { scope_line(app, false) }
}

/// Points that were typed as ranges, or are from a file.
fn fixed(app: &App) -> Line<'static> {
    let theme = app.style.theme();
    let what = match app.sweep.ranges.as_str() {
        "" => "the points of a file".to_owned(),
        ranges => ranges.to_owned(),
    };
    let runs = match (app.sweep.scope.runs, app.sweep.repeat()) {
        (Runs::Predicted, _) => "predicted only".to_owned(),
        (Runs::Real, 1) => "real runs".into(),
        (Runs::Real, repeat) => format!("real runs, {repeat} of each"),
    };
    Line::from(vec![
        Span::styled(format!("{} ", app.key_name(Action::Edit)), theme.key_hint),
        Span::styled(format!("{what}   "), theme.text),
        Span::styled(format!("{} ", app.key_name(Action::SweepRuns)), theme.key_hint),
        Span::styled(format!("{runs}   "), theme.text),
        Span::styled(format!("{} ", app.key_name(Action::NewSweep)), theme.key_hint),
        Span::styled("follows the form again", theme.dim),
    ])
}

fn scope_line(app: &App, is_named: bool) -> Line<'static> {
    let theme = app.style.theme();
    let is_open = app.sweep.phase() == Phase::Planned;
    let mut spans = Vec::new();
    for (action, name, value) in scope_fields(app, is_named) {
        if is_open {
            spans.push(Span::styled(format!("{} ", app.key_name(action)), theme.key_hint));
        }
        if is_named {
            spans.push(Span::styled(format!("{name} "), theme.dim));
        }
        spans.push(Span::styled(format!("{value}   "), theme.text));
    }
    Line::from(spans)
}

/// The keys, names and values of what is swept; values that come without names say more.
fn scope_fields(app: &App, is_named: bool) -> [(Action, &'static str, String); 4] {
    let scope = app.sweep.scope;
    // The first point has the set and the algorithm that the form had when it was planned.
    let form = app.sweep.rows().first().map_or(&app.form, |row| &row.form);
    let algorithms = match (scope.all_algorithms, is_named) {
        (true, true) => "all",
        (true, false) => "all algorithms",
        (false, _) => form.algorithm.name(),
    };
    let reductions = if scope.both_reductions { "lazy, eager" } else { "lazy" };
    let sets = match (scope.neighbours, is_named) {
        (true, true) => format!("{} and neighbours", form.params.name),
        (true, false) => "set, neighbours".to_owned(),
        (false, _) => "presets".to_owned(),
    };
    let runs = match (scope.runs, is_named) {
        (Runs::Predicted, _) => "predicted only",
        (Runs::Real, true) => "real",
        (Runs::Real, false) => "real runs",
    };
    [
        (Action::SweepAlgorithms, "algorithms", algorithms.to_owned()),
        (Action::SweepReductions, "reductions", reductions.to_owned()),
        (Action::SweepSets, "parameters", sets),
        (Action::SweepRuns, "runs", runs.to_owned()),
    ]
}

fn planned(app: &App) -> Line<'static> {
    let theme = app.style.theme();
    if let Some(problem) = &app.sweep.problem {
        return Line::styled(format!("{} {problem}", app.style.glyphs().cross), theme.bad);
    }
    let count = app.sweep.rows().len();
    let text = if app.sweep.scope.runs == Runs::Predicted {
        format!(" keeps the predictions of {}; nothing is run", counted(count, "point"))
    } else {
        format!(
            " starts {}, one after the other; figures with ~ are predicted",
            counted(count, "run")
        )
    };
    Line::from(vec![
        Span::styled(app.key_name(Action::Run), theme.key_hint),
        Span::styled(text, theme.text),
    ])
}

fn going(app: &App, running: &Running, width: u16) -> Line<'static> {
    let theme = app.style.theme();
    let sweep = &app.sweep;
    let (all, ended) = (sweep.rows().len(), sweep.ended());
    let elapsed = running.elapsed_ms();
    let left = sweep
        .remaining_ms(elapsed)
        .map_or_else(String::new, |ms| format!(", about {} left", seconds(ms)));
    let spent = seconds(sweep.spent_ms() + elapsed);
    let what = match (running.cancelling, running.stage) {
        (true, _) => "cancelling",
        (false, Some(stage)) => stage.name(),
        (false, None) => "starting",
    };
    let point = sweep.current().unwrap_or(0) + 1;
    let text = format!(" point {point} of {all}   {spent}{left}   ");
    let mut spans =
        bar(app, width.saturating_sub(60).clamp(8, 30), ended as f64 / all.max(1) as f64, None);
    spans.push(Span::styled(text, theme.text));
    spans.push(Span::styled(what, theme.accent));
    Line::from(spans)
}

/// A sweep that was cancelled, and how it goes on.
fn stopped(app: &App) -> Line<'static> {
    let (theme, sweep) = (app.style.theme(), &app.sweep);
    let text = format!("stopped at {} of {} points   ", sweep.ended(), sweep.rows().len());
    Line::from(vec![
        Span::styled(text, theme.text),
        Span::styled(app.key_name(Action::Run), theme.key_hint),
        Span::styled(" goes on   ", theme.dim),
        Span::styled(app.key_name(Action::NewSweep), theme.key_hint),
        Span::styled(" sets up another", theme.dim),
    ])
}

fn ended(app: &App, width: u16) -> Line<'static> {
    let (theme, sweep) = (app.style.theme(), &app.sweep);
    let mut tally = Tally::default();
    sweep.rows().iter().filter_map(Row::failure).for_each(|standing| tally.add(standing));
    let mut text = if sweep.scope.runs == Runs::Predicted {
        format!("{} predicted", counted(sweep.rows().len(), "point"))
    } else {
        let run = sweep.rows().iter().filter(|row| row.state == State::Done).count();
        format!("{} in {}", counted(run, "run"), seconds(sweep.spent_ms()))
    };
    if tally.failed > 0 {
        text = format!("{text}, {} failed", tally.failed);
    }
    for (refusal, count) in tally.refused() {
        text = format!("{text}, {count} {}", refusal.of_points());
    }
    let mut line = Line::styled(text, theme.text);
    for metric in [Metric::Server, Metric::Total, Metric::Noise] {
        let Some(index) = sweep.best(metric) else { continue };
        let figure = Column::Figure(metric).text(index, &sweep.rows()[index]);
        let most = if metric.more_is_better() { "most" } else { "least" };
        let before = line.clone();
        line.push_span(Span::styled(format!("   {most} {} ", metric.label()), theme.dim));
        line.push_span(Span::styled(format!("{figure} (#{})", index + 1), theme.accent));
        if line.width() > usize::from(width) {
            return before;
        }
    }
    line
}

fn seconds(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{:.1} s", ms as f64 / 1e3),
        10_000..120_000 => format!("{} s", ms / 1000),
        _ => format!("{} min", (ms + 30_000) / 60_000),
    }
}

/// The chosen point: its setting, and what came of it.
fn draw_details(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let chosen = app.sweep.chosen().and_then(|i| Some((i, app.sweep.rows().get(i)?)));
    let Some((index, row)) = chosen else {
        frame.render_widget(block(app, "point", false), area);
        return;
    };
    let setting = setting_of_form(&row.form, area.width.saturating_sub(2));
    let setting = Line::styled(setting, app.style.theme().dim);
    let paragraph = Paragraph::new(vec![setting, outcome(app, row)]).wrap(Wrap { trim: true });
    let title = format!("point {}", index + 1);
    frame.render_widget(paragraph.block(block(app, &title, false)), area);
}

/// What came of a point.
fn outcome(app: &App, row: &Row) -> Line<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let standing = row.standing();
    match (&row.state, &row.record) {
        (State::Failed(problem), _) if problem.refusal.is_some() => {
            Line::styled(format!("not permitted: {problem}"), theme.warning)
        }
        (State::Failed(problem), _) => {
            Line::styled(format!("{} {problem}", glyphs.cross), theme.bad)
        }
        (_, Some(record)) if let Some(fault) = record.fault() => {
            Line::styled(format!("{} {fault}", glyphs.cross), theme.bad)
        }
        (_, Some(record)) => {
            let figures = Metric::ALL.map(|metric| {
                format!("   {} {}", metric.label(), Column::Figure(metric).text(0, row))
            });
            let text = if record.predicted { theme.dim } else { theme.text };
            Line::from(vec![
                Span::styled(judgement(app, record.verdict()), standing_style(app, standing)),
                Span::styled(figures.concat(), text),
            ])
        }
        (State::Waiting, None) => match &row.warning {
            Some(problem) => Line::styled(format!("{} {problem}", glyphs.cross), theme.warning),
            None => Line::styled("not run yet", theme.dim),
        },
        (_, None) => Line::styled(standing.label(), theme.accent),
    }
}

/// The verdict on a record.
fn judgement(app: &App, verdict: Verdict) -> String {
    let glyphs = app.style.glyphs();
    if verdict.is_exact() {
        format!("{} {}", glyphs.check, verdict.label())
    } else {
        verdict.label().to_owned()
    }
}

/// The rows that have figures, along the two axes.
fn draw_chart(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let (theme, glyphs, sweep) = (app.style.theme(), app.style.glyphs(), &app.sweep);
    let title = format!("{} against {}", sweep.axes[1].label(), sweep.axes[0].label());
    let legend = format!(" {} front  {} other  {} wrong ", glyphs.pin, glyphs.point, glyphs.cross);
    let block = block(app, &title, false).title_bottom(Line::styled(legend, theme.dim));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let points = chart_points(app);
    if points.is_empty() {
        let text = "points appear here as their runs are done";
        frame.render_widget(Paragraph::new(Line::styled(text, theme.dim)), inner);
        return;
    }
    let chart = scatter::Scatter {
        axes: sweep.axes.map(|metric| scatter::Axis {
            name: metric.label().to_owned(),
            text: Box::new(move |figure| metric.text(figure)),
            more_is_better: metric.more_is_better(),
        }),
        points,
        glyphs,
        dim: theme.dim,
        text: theme.text,
        line: theme.chart_line,
    };
    chart.draw(frame.buffer_mut(), inner);
}

/// The points of the chart, those that matter most last.
fn chart_points(app: &App) -> Vec<scatter::Point> {
    let (theme, glyphs, sweep) = (app.style.theme(), app.style.glyphs(), &app.sweep);
    let front = sweep.front();
    let mut ranked = Vec::new();
    for (index, row) in sweep.rows().iter().enumerate() {
        let [Some(x), Some(y)] = sweep.axes.map(|metric| row.figure(metric)) else { continue };
        let (on_front, is_chosen) = (front[index], sweep.chosen() == Some(index));
        let (glyph, style) = match row.standing() {
            standing if standing.is_bad() => (glyphs.cross, theme.bad),
            _ if row.is_predicted() && on_front => (glyphs.pin, theme.dim),
            _ if row.is_predicted() => (glyphs.point, theme.dim),
            _ if on_front => (glyphs.pin, theme.accent),
            _ => (glyphs.point, theme.text),
        };
        let style = if is_chosen { theme.selected } else { style };
        ranked.push(((is_chosen, on_front), scatter::Point { at: [x, y], glyph, style, on_front }));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, point)| point).collect()
}
