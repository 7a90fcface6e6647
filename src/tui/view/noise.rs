//! The noise budget, falling stage by stage, measured against predicted.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::parts::{Figure, bar, block, name_style, outdated, value};
use crate::conv::Stage;
use crate::report::{NoiseBits, Record};
use crate::tui::app::App;

/// Rows that the panel needs.
pub(super) const HEIGHT: u16 = 8;

/// A stage's budget.
struct Budget {
    name: &'static str,
    measured: Option<f64>,
    predicted: Option<f64>,
}

fn budgets(app: &App) -> [Budget; 4] {
    let names = ["fresh", "rotated", "multiplied", "final"];
    let stages = [Stage::Encrypt, Stage::Rotate, Stage::Multiply, Stage::Mix];
    let predictions = |noise: &NoiseBits| {
        [
            Some(noise.predicted_fresh),
            noise.predicted_rotated,
            Some(noise.predicted_multiplied),
            Some(noise.predicted_final),
        ]
    };
    let estimated = app.predicted_of_shown().map(|record| predictions(&record.noise_bits));
    let (measured, predicted) = if let Some(running) = &app.running {
        let measured = stages.map(|stage| running.budgets[stage as usize]);
        (measured, estimated.unwrap_or_default())
    } else if let Some(run) = app.shown() {
        let noise = &run.record.noise_bits;
        let measured = [Some(noise.fresh), noise.rotated, noise.multiplied, Some(noise.last)];
        (measured, predictions(noise))
    } else {
        ([None; 4], estimated.unwrap_or_default())
    };
    std::array::from_fn(|i| Budget {
        name: names[i],
        measured: measured[i],
        predicted: predicted[i],
    })
}

/// The budget of a ciphertext without noise, where the scale ends: with the parameters of the
/// figures shown, or of the form where nothing is known of these.
fn without_noise(app: &App, record: Option<&Record>) -> f64 {
    let of_record = record.map(|Record { params, .. }| (params.log2_q, params.plain_modulus));
    let of_form = app.checked.as_ref().map(|(params, _)| (params.log2_q(), params.plain().value()));
    let (log2_q, plain) = of_record.or(of_form).unwrap_or((50.0, 1));
    (log2_q - 1.0 - (plain.max(1) as f64).log2()).max(1.0)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = app.style.theme();
    let predicted = app.predicted_of_shown();
    let late = predicted.map(|_| outdated(app)).unwrap_or_default();
    let block = block(app, &format!("noise budget, bits{late}"), false);
    let inner = block.inner(area);
    let rows = budgets(app);
    let shown = app.shown().filter(|_| app.running.is_none()).map(|run| &run.record);
    let record = shown.or(predicted);
    let whole = without_noise(app, record);
    let width = inner.width.saturating_sub(11 + 14);
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut above: Option<Figure> = None;
    // A plan that rotates no input has no such stage.
    let is_there = |row: &&Budget| row.measured.or(row.predicted).is_some() || record.is_none();
    for row in rows.iter().filter(is_there) {
        let fraction = row.measured.unwrap_or(0.0) / whole;
        let style = name_style(app, row.name, theme.text);
        let mut spans = vec![Span::styled(format!("{:<11}", row.name), style)];
        spans.extend(bar(app, width, fraction, row.predicted.map(|bits| bits / whole)));
        let now = Figure::new(row.measured, row.predicted);
        let loss = match (&above, &now) {
            (Some(before), Some(now)) if before.is_measured == now.is_measured => {
                format!("{:+.1}", now.value - before.value)
            }
            _ => String::new(),
        };
        spans.push(value(app, now.as_ref(), 7, now.as_ref().is_some_and(|now| now.value < 1.0)));
        spans.push(Span::styled(format!("{loss:>6}"), theme.dim));
        lines.push(Line::from(spans));
        above = now.or(above);
    }
    lines.push(legend(app));
    if let Some(record) = record {
        let noise = &record.noise_bits;
        let (expected, floor) = (noise.predicted_final, noise.predicted_final_floor);
        let mut text = format!("predicted {expected:.1}, floor {floor:.1}");
        let headroom = record.plaintext_headroom_bits;
        if inner.width > 50 {
            text = format!("{text}   plaintext headroom {headroom:.1}");
        }
        let style = if floor < 0.0 || headroom < 0.0 { theme.warning } else { theme.dim };
        lines.push(Line::styled(text, style));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn legend(app: &App) -> Line<'static> {
    let (theme, glyphs) = (app.style.theme(), app.style.glyphs());
    let full = glyphs.bar[glyphs.bar.len() - 1];
    Line::from(vec![
        Span::styled(full, theme.bar),
        Span::styled(" measured  ", theme.dim),
        Span::styled(glyphs.divider, theme.bar_predicted),
        Span::styled(" predicted  0: wrong", theme.dim),
    ])
}
