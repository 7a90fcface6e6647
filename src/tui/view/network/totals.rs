//! All layers together, and how other ways compare.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::parts::{bar, block, ratio};
use super::BAR;
use crate::report::{Comparison, KeyBytes, NetworkTotals, Record, bytes_text, counted};
use crate::tui::app::App;
use crate::tui::network::{NetworkPhase, NetworkRow};

/// All layers together: of the run where it is done, else of what is known so far.
pub(super) fn draw(app: &App, frame: &mut Frame<'_>, area: Rect) {
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
    let mut lines = vec![Line::styled(
        format!(
            "server {tilde}{:.0} ms   client {tilde}{:.0} ms   transfer {tilde}{:.0} ms   total {tilde}{:.0} ms",
            time.server, totals.client_ms, time.transfer, totals.total_ms
        ),
        theme.text,
    )];
    let all = time.server + totals.client_ms + time.transfer;
    let parts =
        [("server", time.server), ("client", totals.client_ms), ("transfer", time.transfer)];
    let parts = parts.map(|(name, ms)| (name, ms / all.max(1e-9)));
    if usize::from(area.height) > 4 + networks.comparisons.len() {
        lines.push(bars(app, parts));
    }
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

/// Where the time goes.
fn bars(app: &App, parts: [(&str, f64); 3]) -> Line<'static> {
    let mut spans = Vec::new();
    for (name, part) in parts {
        spans.push(Span::styled(format!("{name} "), app.style.theme().dim));
        spans.extend(bar(app, BAR, part, None));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
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
