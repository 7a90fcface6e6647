//! A benchmark as tables for a document.

use std::fmt::Write;

use crate::arith::kernels::Reduction;
use crate::conv::AlgorithmKind;
use crate::report::{bandwidth_text, bytes_text, count_text, counted};
use crate::tune::bench::{BenchRecord, Figures, LayerBench, Ratio};

/// What was measured and how, then tables for each reduction and number of threads, of server times
/// and of total times, without a newline at its end.
pub(super) fn tables(record: &BenchRecord) -> String {
    let mut parts = vec![head(record)];
    for reduction in [Reduction::Lazy, Reduction::Eager].map(Reduction::name) {
        for &threads in &record.threads {
            parts.extend(table(record, reduction, threads));
            parts.extend(totals(record, reduction, threads));
        }
    }
    parts.join("\n\n")
}

fn head(record: &BenchRecord) -> String {
    let mut text = format!(
        "{}, {}, {}; {}; medians of {} in turn.",
        record.machine.cpu,
        counted(record.machine.cores, "core"),
        record.backend,
        record.params.name,
        counted(record.repeat, "run"),
    );
    for limits in &record.limits {
        let _ = write!(text, "\nLimits on {}: ", counted(limits.threads, "thread"));
        if let Some(ns) = limits.multiply_add_ns {
            let _ = write!(text, "{ns:.4} ns a multiply-add on registers, ");
        }
        let _ = write!(text, "{:.1} GB/s read from memory.", limits.memory_read_gb_per_s);
    }
    text
}

/// The runs of a layer under one reduction on some threads.
struct Row<'a> {
    bench: &'a LayerBench,
    reduction: &'static str,
    threads: usize,
}

impl Row<'_> {
    fn figures(&self, algorithm: AlgorithmKind) -> Option<&Figures> {
        let run = self.bench.runs.iter().find(|run| {
            run.algorithm == algorithm.name()
                && run.reduction == self.reduction
                && run.threads == self.threads
        });
        run?.figures.as_ref()
    }

    fn over_fused(&self, algorithm: AlgorithmKind) -> Option<&Ratio> {
        self.bench.ratios.over_fused.iter().find(|ratio| {
            ratio.algorithm == algorithm.name()
                && ratio.reduction == self.reduction
                && ratio.threads == self.threads
        })
    }

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![format!("`{}`", self.bench.layer.name)];
        for algorithm in AlgorithmKind::ALL {
            cells.push(or_dash(self.figures(algorithm), |f| {
                let wrong = if f.verdict.is_bad() { f.verdict.label() } else { "" };
                format!("{:.1} {wrong}", f.server_ms.median).trim_end().to_owned()
            }));
        }
        let ratio = self.over_fused(AlgorithmKind::Conventional);
        cells.push(or_dash(ratio, |ratio| {
            format!(
                "{:.2} ({:.2} to {:.2})",
                ratio.server.median, ratio.server.min, ratio.server.max
            )
        }));
        for algorithm in [AlgorithmKind::Conventional, AlgorithmKind::HadamardFused] {
            cells.push(or_dash(self.figures(algorithm), |f| bytes_text(f.storage_bytes.weights)));
        }
        cells.push(or_dash(ratio, |ratio| count_text(ratio.weights.round() as u64)));
        let fused = self.figures(AlgorithmKind::HadamardFused);
        cells.push(or_dash(fused.and_then(|f| f.share_of_limit), |share| {
            format!("{:.0} %", share * 100.0)
        }));
        cells
    }
}

fn or_dash<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map_or_else(|| "-".into(), text)
}

/// The rows of a table; none where nothing was run so.
fn rows<'a>(
    record: &'a BenchRecord,
    reduction: &'static str,
    threads: usize,
) -> Option<Vec<Row<'a>>> {
    let row = |bench| Row { bench, reduction, threads };
    let rows: Vec<Row<'_>> = record.layers.iter().map(row).collect();
    let is_run = |row: &Row<'_>| AlgorithmKind::ALL.iter().any(|kind| row.figures(*kind).is_some());
    rows.iter().any(is_run).then_some(rows)
}

/// A title, a line of headings, and lines of cells.
fn lines(title: String, columns: &[String], cells: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let mut lines = vec![title, line(columns), format!("|{}", "---|".repeat(columns.len()))];
    lines.extend(cells.map(|cells| line(&cells)));
    lines.join("\n")
}

/// The table of total times, with the algorithm that takes the least; none where nothing was run so.
fn totals(record: &BenchRecord, reduction: &'static str, threads: usize) -> Option<String> {
    let rows = rows(record, reduction, threads)?;
    let mut columns = vec!["layer".to_owned()];
    columns.extend(AlgorithmKind::ALL.map(|kind| format!("`{}` ms", kind.name())));
    columns.push("least".into());
    let cells = |row: &Row<'_>| {
        let total = |kind: AlgorithmKind| Some(row.figures(kind)?.total_ms.median);
        let mut cells = vec![format!("`{}`", row.bench.layer.name)];
        let all = AlgorithmKind::ALL.map(|kind| or_dash(total(kind), |ms| format!("{ms:.1}")));
        cells.extend(all);
        let known = AlgorithmKind::ALL.into_iter().filter_map(|kind| Some((kind, total(kind)?)));
        let least = known.min_by(|a, b| a.1.total_cmp(&b.1));
        cells.push(or_dash(least, |(kind, _)| format!("`{}`", kind.name())));
        cells
    };
    let title = format!(
        "Total time over {} and {} ms round trip, {reduction} reduction, {}:\n",
        bandwidth_text(record.link.bandwidth_bits_per_second),
        record.link.rtt_ms,
        counted(threads, "thread")
    );
    Some(lines(title, &columns, rows.iter().map(cells)))
}

/// The table of server times; none where nothing was run so.
fn table(record: &BenchRecord, reduction: &'static str, threads: usize) -> Option<String> {
    let rows = rows(record, reduction, threads)?;
    let mut columns = vec!["layer".to_owned()];
    columns.extend(AlgorithmKind::ALL.map(|kind| format!("`{}` ms", kind.name())));
    let rest = [
        "conventional / fused",
        "weights, conventional",
        "weights, fused",
        "ratio",
        "fused, of the limit",
    ];
    columns.extend(rest.map(str::to_owned));
    let title = format!("Server time, {reduction} reduction, {}:\n", counted(threads, "thread"));
    Some(lines(title, &columns, rows.iter().map(Row::cells)))
}
