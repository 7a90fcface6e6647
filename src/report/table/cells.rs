//! The figures of a row that people compare, as they read them.

use crate::report::{FailedPoint, Outcome, Record, SweepRow, Verdict, bytes_text, count_text};

/// How many columns there are.
pub(super) const COLUMNS: usize = 11;

/// The headings.
pub(super) const HEADINGS: [&str; COLUMNS] = [
    "layer",
    "parameters",
    "algorithm",
    "reduction",
    "server ms",
    "total ms",
    "bits left",
    "weights",
    "up + down",
    "peak",
    "verified",
];

/// Whether the column holds figures, which stand at its right.
pub(super) const fn is_figure(column: usize) -> bool {
    matches!(column, 4..=9)
}

/// The cells of one row, not yet escaped.
pub(super) struct Cells(pub(super) [String; COLUMNS]);

impl Cells {
    pub(super) fn new(row: &SweepRow) -> Self {
        match &row.outcome {
            Outcome::Done(record) => done(record),
            Outcome::Failed(point) => failed(point),
        }
    }
}

fn done(record: &Record) -> Cells {
    let (time, sent) = (&record.latency_ms, &record.communication_bytes);
    let predicted = if record.predicted { "predicted " } else { "" };
    Cells([
        record.layer.name.clone(),
        record.params.name.clone(),
        record.algorithm.clone(),
        record.reduction.clone(),
        format!("{:.1}", time.server),
        format!("{:.1}", time.total),
        format!("{predicted}{:.1}", record.noise_bits.last),
        bytes_text(record.storage_bytes.weights),
        bytes_text(sent.upload.saturating_add(sent.download)),
        bytes_text(record.storage_bytes.server_peak),
        verdict(record),
    ])
}

/// What the comparison with the plain convolution gave.
fn verdict(record: &Record) -> String {
    let found = record.verification.unwrap_or_default();
    let text = match record.verdict() {
        Verdict::Exact => "yes".to_owned(),
        Verdict::Predicted => "predicted".to_owned(),
        Verdict::Overflowed => format!("NO, {} overflow t", count_text(found.overflows)),
        Verdict::OutOfNoise => {
            format!("NO, noise ran out, {} differ", count_text(found.mismatches))
        }
        Verdict::Wrong => format!("NO, {} differ", count_text(found.mismatches)),
    };
    match &record.extrapolated_from {
        Some(part) => {
            format!("{text}, extrapolated from {} of {}", part.output_ciphertexts, part.of)
        }
        None => text,
    }
}

fn failed(point: &FailedPoint) -> Cells {
    let mut cells: [String; COLUMNS] = Default::default();
    let FailedPoint { layer, params, algorithm, reduction, error, refused, .. } = point;
    for (cell, text) in cells.iter_mut().zip([&layer.name, &params.name, algorithm, reduction]) {
        cell.clone_from(text);
    }
    let how = if refused.is_some() { "not permitted" } else { "failed" };
    cells[COLUMNS - 1] = format!("{how}: {error}");
    Cells(cells)
}

/// The rows with every cell escaped and as wide as its column, figures at the right; the headings,
/// which need no escape, first.
pub(super) fn aligned(rows: &[Cells], escape: fn(&str) -> String) -> Vec<[String; COLUMNS]> {
    let escaped = rows.iter().map(|row| row.0.each_ref().map(|cell| escape(cell)));
    let mut lines: Vec<_> = std::iter::once(HEADINGS.map(String::from)).chain(escaped).collect();
    for column in 0..COLUMNS {
        let widths = lines.iter().map(|line| line[column].chars().count());
        let width = widths.max().unwrap_or_default();
        for line in &mut lines {
            let cell = &line[column];
            line[column] = if is_figure(column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
        }
    }
    lines
}

/// A character that would break a line, as a space; of the others each as `escape` says.
pub(super) fn escaped(text: &str, escape: fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match escape(c) {
            _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => out.push(' '),
            Some(replacement) => out.push_str(replacement),
            None => out.push(c),
        }
    }
    out
}
