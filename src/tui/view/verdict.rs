//! The verdict: what is chosen, what is happening, and how it came out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::optimise;
use super::parts::{bar, block, change, outdated};
use super::setting::{setting_of_form, setting_of_record};
use crate::conv::Stage;
use crate::report::{Fault, Record, bytes_text, count_text};
use crate::tui::action::Action;
use crate::tui::app::{App, Done};
use crate::tui::compare::differences;
use crate::tui::running::Running;
use crate::tui::when::when;

/// Rows of the panel.
pub(super) const HEIGHT: u16 = 5;

/// Columns that all stages take with wide gaps between them.
const ALL_STAGES: u16 = 84;

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let of_shown = app.shown().and_then(|run| run.form.as_ref());
    let form = app.running.as_ref().map(|running| &running.form).or(of_shown).unwrap_or(&app.form);
    let spec = &form.layer.spec;
    let title = format!(
        "{}   {} to {} channels, {}x{}, {}x{}",
        form.layer.full_name(),
        spec.in_channels,
        spec.out_channels,
        spec.height,
        spec.width,
        spec.kernel[0],
        spec.kernel[1],
    );
    let block = block(app, &title, false);
    let inner = block.inner(area);
    let mut lines = Vec::new();
    let is_idle = app.running.is_none() && app.optimising.is_none();
    let is_problem = app.problem.is_some() && is_idle;
    let fault = app.shown().filter(|_| is_idle && !is_problem).and_then(|run| run.record.fault());
    if !is_problem && fault.is_none() {
        let setting = match app.shown().filter(|run| run.form.is_none() && app.running.is_none()) {
            Some(run) => setting_of_record(&run.record, inner.width),
            None => setting_of_form(form, inner.width),
        };
        lines.push(Line::styled(setting, app.style.theme().dim));
    }
    if let Some(running) = &app.running {
        lines.extend(progress(app, running, inner.width));
    } else if let Some(optimisation) = &app.optimising {
        lines.extend(optimise::progress(app, optimisation, inner.width));
    } else if let Some(problem) = &app.problem {
        lines.extend(invalid(app, problem));
    } else if let Some(fault) = &fault {
        lines.extend(faulty(app, fault));
    } else if let Some(run) = app.shown() {
        lines.extend(result(app, run, inner.width));
    } else {
        lines.extend(ready(app));
    }
    let paragraph = Paragraph::new(lines).block(block);
    // Only what is wrong may be too long for its line, and it has the rest of the panel to itself.
    let wraps = is_problem || fault.is_some() || matches!(app.forecast(), Some(Err(_)));
    let paragraph = if wraps { paragraph.wrap(Wrap { trim: true }) } else { paragraph };
    frame.render_widget(paragraph, area);
}

fn ready(app: &App) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    if let Some(Err(problem)) = app.forecast() {
        return vec![Line::styled(format!("{} {problem}", app.style.glyphs().cross), theme.bad)];
    }
    let key =
        app.keymap.keys_for(app.screen_context(), Action::Run).first().map(ToString::to_string);
    let key = key.unwrap_or_else(|| ":run".into());
    let mut lines = vec![Line::from(vec![
        Span::styled("Press ", theme.text),
        Span::styled(key, theme.key_hint),
        Span::styled(" to encrypt the input, convolve it encrypted, and decrypt", theme.text),
    ])];
    lines.push(forecast(app));
    lines
}

/// What is predicted of the form's run, what speaks against it first.
fn forecast(app: &App) -> Line<'static> {
    let (theme, cross) = (app.style.theme(), app.style.glyphs().cross);
    let Some(record) = app.predicted() else {
        let text = if app.is_calibrating {
            "measuring this machine, once: predictions come in about two seconds"
        } else {
            "working out what it will take"
        };
        return Line::styled(text, theme.dim);
    };
    let noise = &record.noise_bits;
    if let Some((needed, allowed)) = app.memory_missing() {
        let (needed, allowed) = (bytes_text(needed), bytes_text(allowed));
        let text = format!("{cross} needs {needed} of memory, may have {allowed}");
        return Line::styled(text, theme.bad);
    }
    if noise.last < 0.0 {
        let text = format!(
            "{cross} noise will run out (~{:.1} bits left): more limb bits, or fewer t bits",
            noise.last
        );
        return Line::styled(text, theme.bad);
    }
    let floor = noise.predicted_final_floor;
    if floor < 0.0 {
        let text = format!(
            "noise may run out (at worst {floor:.1} bits): more limb bits, or fewer t bits"
        );
        return Line::styled(text, theme.warning);
    }
    let headroom = record.plaintext_headroom_bits;
    if headroom < 0.0 {
        let more = (-headroom).ceil();
        let text =
            format!("results may not fit t ({headroom:.1} bits): {more} more t bits hold all");
        return Line::styled(text, theme.warning);
    }
    let text = format!(
        "predicted: server ~{:.1} ms   total ~{:.1} ms   ~{:.1} bits left{}",
        record.latency_ms.server,
        record.latency_ms.total,
        noise.last,
        outdated(app),
    );
    Line::styled(text, theme.dim)
}

fn invalid(app: &App, problem: &str) -> Vec<Line<'static>> {
    let theme = app.style.theme();
    let problem = format!("{} {problem}", app.style.glyphs().cross);
    let mut lines = vec![Line::styled(problem, theme.bad)];
    if let Some((change, _)) = &app.fix {
        let key =
            app.keymap.keys_for(app.screen_context(), Action::Fix).first().map(ToString::to_string);
        lines.push(Line::from(vec![
            Span::styled(key.unwrap_or_default(), theme.key_hint),
            Span::styled(format!(" fixes it: {change}"), theme.text),
        ]));
    }
    lines
}

fn progress(app: &App, running: &Running, width: u16) -> Vec<Line<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let mut stages = Vec::new();
    let gap = if width < ALL_STAGES { " " } else { "  " };
    for stage in Stage::ALL {
        let (text, style) = match running.fraction(stage) {
            Some(done) if done >= 1.0 => {
                (format!("{} {}{gap}", stage.name(), glyphs.check), theme.good)
            }
            Some(_) => (format!("{}  {gap}", stage.name()), theme.accent),
            None => (format!("{}  {gap}", stage.name()), theme.dim),
        };
        stages.push(Span::styled(text, style));
    }
    let stage = running.stage.unwrap_or(Stage::Keygen);
    let fraction = running.fraction(stage).unwrap_or(0.0);
    let what = match stage {
        _ if running.cancelling => "cancelling",
        Stage::Decrypt if fraction >= 1.0 => "comparing",
        stage => stage.name(),
    };
    let mut line = vec![Span::styled(format!("{what:<10} "), theme.accent)];
    line.extend(bar(app, width.saturating_sub(40).min(40), fraction, None));
    let left = running
        .remaining_ms()
        .map_or_else(String::new, |ms| format!("  {:.1} s left", ms as f64 / 1e3));
    let text =
        format!(" {:>3.0} %  {:.1} s{left}", fraction * 100.0, running.elapsed_ms() as f64 / 1e3);
    line.push(Span::styled(text, theme.text));
    vec![Line::from(stages), Line::from(line)]
}

/// Why a run is not exact, and what would mend it.
fn faulty(app: &App, fault: &Fault) -> Vec<Line<'static>> {
    let (theme, cross) = (app.style.theme(), app.style.glyphs().cross);
    let (label, what) = (fault.verdict.label(), &fault.what);
    vec![
        Line::styled(format!("{cross} {label}: {what}"), theme.bad),
        Line::styled(fault.mend.clone(), theme.text),
    ]
}

/// How an exact run came out.
fn result(app: &App, run: &Done, width: u16) -> Vec<Line<'static>> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let record = &run.record;
    let values = count_text(record.verification.unwrap_or_default().values);
    let verdict = record.verdict().label();
    let verdict = Span::styled(format!("{} {verdict}  {values} values", glyphs.check), theme.good);
    let figures = format!(
        "   server {:.1} ms   total {:.1} ms   {:.1} bits left",
        record.latency_ms.server, record.latency_ms.total, record.noise_bits.last
    );
    let mut lines = vec![Line::from(vec![verdict, Span::styled(figures, theme.text)])];
    let same_layer = |(_, other): &(usize, &Done)| other.record.layer == record.layer;
    lines.push(match app.compare.baseline_of(record).filter(same_layer) {
        Some((index, run)) => {
            let other = &run.record;
            let (mine, theirs) = (record.latency_ms.server, other.latency_ms.server);
            let held = |r: &Record| r.storage_bytes.weights as f64;
            let figures = format!(
                "server {}, weights {}, {:+.1} bits",
                change(theirs / mine),
                change(held(other) / held(record)),
                record.noise_bits.last - other.noise_bits.last,
            );
            let when = when(run.at, app.at());
            let whom = format!("run {}, {} {}", index + 1, other.algorithm, other.reduction);
            let differs = differences(record, other).join(", ");
            // What it is held against, when that was and what differs, as far as there is room.
            let short = format!(
                "server {}, {:+.1} bits vs run {}, {when}",
                change(theirs / mine),
                record.noise_bits.last - other.noise_bits.last,
                index + 1
            );
            let texts = [
                format!("{figures} vs {whom}, {when}; differs in {differs}"),
                format!("{figures} vs run {}, {when}; differs in {differs}", index + 1),
                format!("{short}; differs in {differs}"),
                short,
            ];
            let fits = |text: &&String| text.chars().count() <= usize::from(width);
            let text = texts.iter().find(fits).or(texts.last()).cloned().unwrap_or_default();
            Line::styled(text, theme.baseline)
        }
        None if record.algorithm == "conventional" => Line::default(),
        None => {
            let key = app.keymap.keys_for(app.screen_context(), Action::RunBaseline);
            let key = key.first().map(ToString::to_string).unwrap_or_default();
            Line::from(vec![
                Span::styled(key, theme.key_hint),
                Span::styled(" runs the conventional baseline to compare with", theme.dim),
            ])
        }
    });
    lines
}
