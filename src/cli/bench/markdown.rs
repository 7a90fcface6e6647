//! A benchmark as tables for a document.

use std::fmt::Write;

use crate::arith::kernels::Reduction;
use crate::conv::AlgorithmKind;
use crate::report::{Link, bandwidth_text, bytes_text, counted};
use crate::tune::bench::{BenchRecord, BenchRun, Figures, LayerBench};

use super::text::multiply_adds;

/// Bandwidths that total times are told over, bits per second.
const BANDWIDTHS: [f64; 3] = [1e7, 1e8, 1e9];

/// What was measured and how, then a table for each reduction and number of threads, without a newline
/// at its end.
pub(super) fn tables(record: &BenchRecord) -> String {
    let mut parts = vec![head(record)];
    for reduction in [Reduction::Lazy, Reduction::Eager].map(Reduction::name) {
        parts
            .extend(record.threads.iter().filter_map(|&threads| table(record, reduction, threads)));
    }
    parts.join("\n\n")
}

fn head(record: &BenchRecord) -> String {
    let mut text = format!(
        "{}, {}, {}; medians of {} in turn.",
        record.machine.cpu,
        counted(record.machine.cores, "core"),
        record.backend,
        counted(record.repeat, "run"),
    );
    for limits in &record.limits {
        let _ = write!(text, "\nLimits on {}: ", counted(limits.threads, "thread"));
        if let Some(multiply_add) = multiply_adds(limits) {
            let _ = write!(text, "a multiply-add {multiply_add}, ");
        }
        let _ = write!(text, "{:.1} GB/s read from memory.", limits.memory_read_gb_per_s);
    }
    text
}

/// The table of one reduction on some threads: a row for every layer and algorithm; none where nothing
/// was run so.
fn table(record: &BenchRecord, reduction: &str, threads: usize) -> Option<String> {
    let is_it = |run: &&BenchRun| run.reduction == reduction && run.threads == threads;
    let of_layer = |bench: &LayerBench| {
        let runs = bench.runs.iter().filter(is_it);
        let rows = runs.filter_map(|run| Some((run.clone(), run.figures.clone()?)));
        rows.collect::<Vec<(BenchRun, Figures)>>()
    };
    let layers: Vec<_> = record.layers.iter().map(|bench| (bench, of_layer(bench))).collect();
    layers.iter().any(|(_, runs)| !runs.is_empty()).then_some(())?;
    let mut columns: Vec<String> =
        ["layer", "algorithm", "params", "server ms"].map(String::from).into();
    columns.extend(["of `hadamard-fused`", "of the limit"].map(String::from));
    columns.extend(["upload", "download", "weights", "keys"].map(String::from));
    columns.extend(BANDWIDTHS.map(|rate| format!("total at {}, ms", bandwidth_text(rate))));
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let title = format!(
        "{reduction} reduction, {}; total times with {} ms round trip, the least of a layer in bold:\n",
        counted(threads, "thread"),
        record.link.rtt_ms,
    );
    let mut lines = vec![title, line(&columns), format!("|{}", "---|".repeat(columns.len()))];
    for (bench, runs) in &layers {
        lines.extend(rows(bench, runs, record.link).iter().map(|cells| line(cells)));
    }
    Some(lines.join("\n"))
}

/// The cells of a layer's rows.
fn rows(bench: &LayerBench, runs: &[(BenchRun, Figures)], link: Link) -> Vec<Vec<String>> {
    let totals = |figures: &Figures| BANDWIDTHS.map(|rate| total_ms(figures, link, rate));
    let mut least = [f64::INFINITY; BANDWIDTHS.len()];
    for (_, figures) in runs {
        for (least, total) in least.iter_mut().zip(totals(figures)) {
            *least = least.min(total);
        }
    }
    let fused = AlgorithmKind::HadamardFused.name();
    let fused = runs.iter().find(|(run, _)| run.algorithm == fused);
    let fused = fused.map(|(_, figures)| figures.server_ms.median);
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".into());
    let row = |(i, (run, figures)): (usize, &(BenchRun, Figures))| {
        let sent = &figures.communication_bytes;
        let wrong = if figures.verdict.is_bad() { figures.verdict.label() } else { "" };
        let name = if i == 0 { format!("`{}`", bench.layer.name) } else { String::new() };
        let share = figures.share_of_limit.into_iter().chain(figures.share_of_memory_limit);
        let share = share.reduce(f64::max).map(|share| format!("{:.0} %", share * 100.0));
        let server = figures.server_ms.median;
        let mut cells = vec![
            name,
            format!("`{}`", run.algorithm),
            run.params.clone(),
            format!("{server:.1} {wrong}").trim_end().to_owned(),
            or_dash(fused.map(|fused| format!("{:.2}", server / fused.max(1e-9)))),
            or_dash(share),
            bytes_text(sent.upload),
            bytes_text(sent.download),
            bytes_text(figures.storage_bytes.weights),
            bytes_text(sent.keys),
        ];
        cells.extend(totals(figures).iter().zip(least).map(|(total, least)| {
            if *total <= least { format!("**{total:.0}**") } else { format!("{total:.0}") }
        }));
        cells
    };
    runs.iter().enumerate().map(row).collect()
}

/// The total time over a link of this bandwidth, from that over the record's.
fn total_ms(figures: &Figures, link: Link, bandwidth_bits_per_second: f64) -> f64 {
    let sent = figures.communication_bytes.upload + figures.communication_bytes.download;
    let other = Link { bandwidth_bits_per_second, ..link };
    figures.total_ms.median - link.transfer_ms(sent) + other.transfer_ms(sent)
}
