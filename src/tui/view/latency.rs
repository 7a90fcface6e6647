//! Latency by stage.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{Figure, bar, block, outdated, value};
use crate::conv::Stage;
use crate::report::Record;
use crate::tui::app::App;

/// Rows that the panel needs.
pub(super) const HEIGHT: u16 = 10;

/// The stages of an inference, with what was measured and what is predicted of their times in
/// milliseconds.
fn times(app: &App) -> Vec<(&'static str, Option<f64>, Option<f64>)> {
    let stages = [
        Stage::Encrypt,
        Stage::Rotate,
        Stage::Multiply,
        Stage::Mix,
        Stage::Response,
        Stage::Decrypt,
    ];
    let of_record = |record: &Record| {
        let time = &record.latency_ms;
        [
            time.encrypt,
            time.rotate,
            time.multiply,
            time.mix,
            time.response,
            time.decrypt,
            time.transfer,
        ]
        .map(Some)
    };
    let predicted = app.predicted_of_shown().map(of_record).unwrap_or_default();
    let measured = if let Some(running) = &app.running {
        let spent = |stage: Stage| {
            let begun = running.fraction(stage).is_some();
            begun.then(|| running.spent_ms[stage as usize] as f64)
        };
        let mut measured = [None; 7];
        measured.iter_mut().zip(stages.map(spent)).for_each(|(time, spent)| *time = spent);
        measured
    } else {
        app.shown().map(|run| of_record(&run.record)).unwrap_or_default()
    };
    let names = stages.iter().map(|stage| stage.name()).chain(["transfer"]);
    names.zip(measured).zip(predicted).map(|((name, ms), guess)| (name, ms, guess)).collect()
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let run = app.shown().filter(|_| app.running.is_none()).map(|run| &run.record);
    let title = match (run, app.predicted_of_shown()) {
        (Some(run), _) => format!("latency, ms   server {:.1}", run.latency_ms.server),
        (None, Some(guess)) => {
            format!("latency, ms   server ~{:.1}{}", guess.latency_ms.server, outdated(app))
        }
        (None, None) => "latency, ms".into(),
    };
    let block = block(app, &title, false);
    let inner = block.inner(area);
    let rows = times(app);
    let longest = rows.iter().flat_map(|row| [row.1, row.2]).flatten().fold(1e-9, f64::max);
    let width = inner.width.saturating_sub(10 + 10);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (name, ms, predicted) in &rows {
        let mut spans = vec![Span::styled(format!("{name:<9}"), theme.text)];
        let mark = predicted.map(|ms| ms / longest);
        spans.extend(bar(app, width, ms.unwrap_or(0.0) / longest, mark));
        spans.push(value(app, Figure::new(*ms, *predicted).as_ref(), 9, false));
        lines.push(Line::from(spans));
    }
    if let Some(record) = run.or_else(|| app.predicted_of_shown()) {
        let (time, mark) = (&record.latency_ms, if record.predicted { "~" } else { "" });
        let (keys, weights) = (time.keygen, time.weights);
        let text = format!("once: keys {mark}{keys:.0}, weights {mark}{weights:.0}");
        lines.push(Line::styled(text, theme.dim));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
