//! A benchmark for people.

use std::fmt::Write;

use crate::predict::Limits;
use crate::report::{ParamsRecord, bandwidth_text, bytes_text, count_text, counted};
use crate::tune::bench::{BenchRecord, BenchRun, Figures, LayerBench, Ratio, Ratios, Spread};

/// A report, without a newline at its end.
pub(super) fn text(record: &BenchRecord) -> String {
    let mut parts = vec![head(record), machine(record)];
    parts.extend(record.layers.iter().map(layer));
    parts.join("\n\n")
}

fn head(record: &BenchRecord) -> String {
    let bits = |prime: &u64| (prime.ilog2() + 1).to_string();
    let set = |params: &ParamsRecord| {
        format!(
            "{}: N {}, t {} bits, limbs {} bits",
            params.name,
            params.ring_degree,
            bits(&params.plain_modulus),
            params.sizes_text()
        )
    };
    let sets: Vec<String> = record.params.iter().map(set).collect();
    format!(
        "machine    {}, {}, {}\n\
         params     {}\n\
         runs       {} of each, those of a layer in turn; medians (least to most)\n\
         total      with the transfer over {} and {} ms round trip",
        record.machine.cpu,
        counted(record.machine.cores, "core"),
        record.backend,
        sets.join("\n           "),
        record.repeat,
        bandwidth_text(record.link.bandwidth_bits_per_second),
        record.link.rtt_ms,
    )
}

/// What a multiply-add takes at least.
pub(super) fn multiply_adds(limits: &Limits) -> Option<String> {
    let any = limits.multiply_add_ns?;
    let of = |words: &str, ns: Option<f64>| {
        ns.map(|ns| format!("{ns:.4} of words of {words} bits")).into_iter()
    };
    let words =
        of("36", limits.estimated_multiply_add_ns).chain(of("26", limits.half_multiply_add_ns));
    Some(format!("{any:.4} ns on registers ({})", words.collect::<Vec<_>>().join(", ")))
}

/// Limits and primitives.
fn machine(record: &BenchRecord) -> String {
    let mut text = String::from("limits");
    for limits in &record.limits {
        let multiply_add = multiply_adds(limits).unwrap_or_else(|| "not measured".into());
        let _ = write!(
            text,
            "\n  {:<10}multiply-add {multiply_add}, memory read {:.1} GB/s",
            threads(limits.threads),
            limits.memory_read_gb_per_s
        );
    }
    let Some(all) = &record.primitives_us else { return text };
    text.push_str("\nprimitives, us on one thread, lazy");
    let rows = [
        ("forward transform of a limb", all.ntt_forward),
        ("hoisted rotation of an input", all.hoisted_rotation),
        ("rotation of a sum, added up", all.output_rotation),
        ("encryption", all.encryption),
        ("decryption of a response", all.decryption),
        ("encoding of a weight plaintext", all.weight_encoding),
    ];
    for (name, us) in rows {
        let _ = write!(text, "\n  {name:<32}{us:>9.1}");
    }
    text
}

fn threads(count: usize) -> String {
    counted(count, "thread")
}

fn layer(bench: &LayerBench) -> String {
    let layer = &bench.layer;
    let mut text = format!(
        "{}: {} -> {} channels, {}x{}, kernel {}x{}\n  {:<16}{:<7}{:>3}{:>26}{:>9}{:>9}{:>9}{:>9}\
         {:>8}{:>7}{:>7}{:>12}{:>12}{:>12}  {}",
        layer.name,
        layer.in_channels,
        layer.out_channels,
        layer.height,
        layer.width,
        layer.kernel[0],
        layer.kernel[1],
        "algorithm",
        "mode",
        "thr",
        "server ms",
        "rotate",
        "multiply",
        "mix",
        "total",
        "ns/mac",
        "limit",
        "memory",
        "weights",
        "server peak",
        "sent",
        "result",
    );
    for run in &bench.runs {
        text.push('\n');
        text.push_str(&row(run));
    }
    text + &ratios(&bench.ratios)
}

fn row(run: &BenchRun) -> String {
    let start = format!("  {:<16}{:<7}{:>3}", run.algorithm, run.reduction, run.threads);
    let Some(figures) = &run.figures else {
        return format!("{start}  {}", run.error.as_deref().unwrap_or_default());
    };
    start + &cells(figures)
}

fn cells(figures: &Figures) -> String {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "-".into(), |share| format!("{:.0} %", share * 100.0))
    };
    let (held, sent) = (&figures.storage_bytes, &figures.communication_bytes);
    format!(
        "{:>26}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>8.3}{:>7}{:>7}{:>12}{:>12}{:>12}  {}",
        spread(&figures.server_ms, 1),
        figures.rotate_ms,
        figures.multiply_ms,
        figures.mix_ms,
        figures.total_ms.median,
        figures.multiply_ns_per_mac,
        percent(figures.share_of_limit),
        percent(figures.share_of_memory_limit),
        bytes_text(held.weights),
        bytes_text(held.server_peak),
        bytes_text(sent.upload + sent.download),
        figures.verdict.label(),
    )
}

fn spread(spread: &Spread, digits: usize) -> String {
    let Spread { median, min, max } = spread;
    format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
}

/// A table of ratios: a row for each label, a column for each algorithm that has any.
struct Grid<'a> {
    title: &'static str,
    cells: Vec<(String, &'a str, String)>,
}

impl Grid<'_> {
    /// The table, each line after a newline; nothing where there are no ratios.
    fn text(&self) -> String {
        let mut columns: Vec<&str> = Vec::new();
        for (_, column, _) in &self.cells {
            if !columns.contains(column) {
                columns.push(column);
            }
        }
        if columns.is_empty() {
            return String::new();
        }
        let mut text = format!("\n  {:<32}", self.title);
        for name in &columns {
            let _ = write!(text, "{name:>24}");
        }
        let mut labels: Vec<&String> = Vec::new();
        for (label, ..) in &self.cells {
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        for label in labels {
            let _ = write!(text, "\n    {label:<30}");
            for name in &columns {
                let is_it =
                    |(row, column, _): &&(String, &str, String)| row == label && column == name;
                let cell = self.cells.iter().find(is_it).map_or("-", |(_, _, cell)| cell);
                let _ = write!(text, "{cell:>24}");
            }
        }
        text
    }
}

fn ratios(ratios: &Ratios) -> String {
    let over = |title, cell: fn(&Ratio) -> String| {
        let cells = ratios.over_fused.iter().map(|ratio| {
            let label = format!("{}, {}", ratio.reduction, threads(ratio.threads));
            (label, ratio.algorithm.as_str(), cell(ratio))
        });
        Grid { title, cells: cells.collect() }
    };
    let by_mode = ratios
        .eager_over_lazy
        .iter()
        .map(|ratio| (threads(ratio.threads), ratio.algorithm.as_str(), spread(&ratio.server, 2)));
    let multiply = ratios.eager_over_lazy.iter().map(|ratio| {
        let cell = format!("{:.2}", ratio.multiply);
        (threads(ratio.threads), ratio.algorithm.as_str(), cell)
    });
    let by_threads = ratios.fewest_over_more_threads.iter().map(|ratio| {
        let label = format!("{}, {} / {}", ratio.reduction, threads(ratio.from), ratio.to);
        (label, ratio.algorithm.as_str(), spread(&ratio.server, 2))
    });
    let grids = [
        over("server / hadamard-fused", |ratio| spread(&ratio.server, 2)),
        over("total / hadamard-fused", |ratio| format!("{:.2}", ratio.total)),
        over("weights / hadamard-fused", |ratio| times(ratio.weights)),
        over("server peak / hadamard-fused", |ratio| format!("{:.2}", ratio.server_peak)),
        over("sent / hadamard-fused", |ratio| format!("{:.2}", ratio.communication)),
        Grid { title: "server, eager / lazy", cells: by_mode.collect() },
        Grid { title: "multiply stage, eager / lazy", cells: multiply.collect() },
        Grid { title: "server, by threads", cells: by_threads.collect() },
    ];
    grids.iter().map(Grid::text).collect()
}

/// A factor that may be large.
fn times(factor: f64) -> String {
    if factor < 100.0 { format!("{factor:.2}") } else { count_text(factor.round() as u64) }
}
