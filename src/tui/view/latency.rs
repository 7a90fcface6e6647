//! Latency by stage.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{Figure, bar, block, name_style, outdated, value};
use crate::conv::Stage;
use crate::report::Record;
use crate::tui::app::App;

/// Rows that the panel needs.
pub(super) const HEIGHT: u16 = 10;

/// A stage, with what was measured and what is predicted of its time in milliseconds.
type Time = (&'static str, Option<f64>, Option<f64>);

/// The stages of an inference, the transfer last.
fn times(app: &App) -> Vec<Time> {
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

/// The milliseconds of the longest bar. A transfer that takes far longer than all else does not
/// count: nothing could be told of the rest.
fn scale(rows: &[Time]) -> f64 {
    const FAR: f64 = 2.0;
    let longest =
        |rows: &[Time]| rows.iter().flat_map(|row| [row.1, row.2]).flatten().fold(1e-9, f64::max);
    let (all, stages) = (longest(rows), longest(&rows[..rows.len().saturating_sub(1)]));
    if all > FAR * stages && stages > 1e-9 { stages } else { all }
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
    let scale = scale(&rows);
    let width = inner.width.saturating_sub(10 + 10);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (name, ms, predicted) in &rows {
        let style = name_style(app, name, theme.text);
        let mut spans = vec![Span::styled(format!("{name:<9}"), style)];
        let mark = predicted.map(|ms| ms / scale);
        spans.extend(bar(app, width, ms.unwrap_or(0.0) / scale, mark));
        if ms.or(*predicted).is_some_and(|ms| ms > scale) {
            // The bar goes on beyond its end.
            spans.pop();
            spans.push(Span::styled(app.style.glyphs().arrow, theme.bar_predicted));
        }
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
