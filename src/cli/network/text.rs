//! A network's record for people.

use std::cmp::Ordering;
use std::fmt::Write;

use crate::network::{Answer, Ranked};
use crate::report::{
    ClientWork, Comparison, LayerRecord, NetworkLayer, NetworkRecord, NetworkTotals, bytes_text,
    count_text, counted,
};

/// A report, without a newline at its end.
pub(super) fn text(record: &NetworkRecord) -> String {
    let mut parts = vec![head(record), layers(record)];
    if !record.comparisons.is_empty() {
        parts.push(comparisons(record));
    }
    parts.extend(
        record.client.as_ref().map(|work| format!("{}\n{}", integers(record), client(work))),
    );
    parts.extend(record.answer.as_ref().map(answer));
    parts.join("\n\n")
}

/// Bits of the integers of a model's layers.
fn integers(record: &NetworkRecord) -> String {
    let layers = || record.layers.iter().map(|layer| &layer.record.layer);
    let range = |bits: fn(&LayerRecord) -> u32| {
        let [least, most] = [layers().map(bits).min(), layers().map(bits).max()];
        let [least, most] = [least, most].map(Option::unwrap_or_default);
        if least == most { least.to_string() } else { format!("{least} to {most}") }
    };
    let [weights, activations] =
        [range(|layer| layer.weight_bits), range(|layer| layer.activation_bits)];
    format!("integers: weights of {weights} bits, activations of {activations}")
}

/// What the client computes of a model.
fn client(client: &ClientWork) -> String {
    let each = |(operator, count): (&String, &usize)| match count {
        1 => operator.clone(),
        _ => format!("{operator} x{count}"),
    };
    let operators: Vec<String> = client.operators.iter().map(each).collect();
    let mut text = format!("the client computes in floats: {}", operators.join(", "));
    for layer in &client.layers {
        let _ = write!(text, "\nand, which the server cannot: {layer}");
    }
    text
}

/// The classes that are ranked first.
fn answer(answer: &Answer) -> String {
    let name = |one: &Ranked| one.label.clone().unwrap_or_else(|| format!("class {}", one.class));
    let best = |top: &[Ranked]| top.first().map(name).unwrap_or_default();
    let mut text = format!("answer: {}", best(&answer.top));
    if answer.top1_agrees {
        text.push_str(", as in floats");
    } else {
        let _ = write!(text, "; in floats {}", best(&answer.float_top));
    }
    let of = answer.float_top.len();
    let _ = write!(text, "; {} of the first {of} are those in floats", answer.top5_shared);
    for one in &answer.top {
        let _ = write!(text, "\n{:>12.4}  {}", one.score, name(one));
    }
    text
}

fn head(record: &NetworkRecord) -> String {
    let values = count_text(record.output_values as u64);
    let verdict = if record.verdict.is_exact() {
        format!("exact: all {values} values of the output equal the plain network")
    } else {
        let (label, wrong) = (record.verdict.label(), count_text(record.output_mismatches as u64));
        format!("{label}: {wrong} of {values} values of the output differ from the plain network")
    };
    let totals = &record.totals;
    let mut text = format!(
        "{verdict}\n{}: {}, server {:.0} ms, client {:.0} ms, transfer {:.0} ms, total {:.0} ms\n\
         weights stored {}, server peak {}, sent {}, keys {}\nrun in {:.1} s",
        record.network,
        counted(totals.layers, "layer"),
        totals.latency_ms.server,
        totals.client_ms,
        totals.latency_ms.transfer,
        totals.total_ms,
        bytes_text(totals.storage_bytes.weights),
        bytes_text(totals.storage_bytes.server_peak),
        bytes_text(totals.communication()),
        bytes_text(totals.communication_bytes.keys),
        record.wall_ms / 1e3,
    );
    if let Some(peak) = record.process_peak_bytes {
        let _ = write!(
            text,
            "; this process, client and checks included, held at most {}",
            bytes_text(peak)
        );
    }
    if let Some(found) = &record.fidelity {
        let _ = write!(
            text,
            "\nbeside the network in floats: cosine {:.6}, largest error {} of values up to {}",
            found.cosine,
            digits(found.largest_error),
            digits(found.largest_value)
        );
    }
    text
}

/// Three digits of a number that is not negative.
fn digits(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        0.001..1000.0 => format!("{value:.*}", (2.0 - value.log10().floor()) as usize),
        _ => format!("{value:.2e}"),
    }
}

/// The figures' columns, all of the same width.
const COLUMNS: [&str; 7] =
    ["server ms", "client ms", "total ms", "upload", "download", "weights", "peak"];

fn layers(record: &NetworkRecord) -> String {
    let name = |layer: &NetworkLayer| layer.record.layer.name.clone();
    let short = |name: String| name.rsplit('/').next().map(String::from).unwrap_or_default();
    let names: Vec<String> = record.layers.iter().map(|layer| short(name(layer))).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0).max("layer".len());
    let mut text = format!("{:<width$}  {:<15}{:>8}{:>7}", "layer", "algorithm", "params", "lanes");
    for column in COLUMNS {
        let _ = write!(text, "{column:>12}");
    }
    text.push_str("  bits left");
    let is_trained = record.fidelity.is_some();
    if is_trained {
        // Signal to quantisation noise.
        text.push_str("  SQNR dB");
    }
    let worst = worst(record);
    for (name, layer) in names.iter().zip(&record.layers) {
        let run = &layer.record;
        let time = &run.latency_ms;
        let client = time.encrypt + time.decrypt + layer.activation_ms;
        let total = time.total + layer.activation_ms;
        let params =
            format!("{}{}", run.params.ring_degree, "+".repeat(run.params.limbs.len() - 1));
        let _ = write!(
            text,
            "\n{name:<width$}  {:<15}{params:>8}{:>7}{:>12.1}{client:>12.1}{total:>12.1}\
             {:>12}{:>12}{:>12}{:>12}{:>11.1}",
            run.algorithm,
            run.lanes,
            time.server,
            bytes_text(run.communication_bytes.upload),
            bytes_text(run.communication_bytes.download),
            bytes_text(run.storage_bytes.weights),
            bytes_text(run.storage_bytes.server_peak),
            run.noise_bits.last,
        );
        if is_trained {
            let ratio = layer.signal_to_noise_db.map_or("-".into(), |ratio| format!("{ratio:.1}"));
            let _ = write!(text, "{ratio:>9}");
            if worst == Some(name.as_str()) {
                text.push_str("  the least");
            }
        }
    }
    text
}

/// The layer with the least signal to quantisation noise, of several.
fn worst(record: &NetworkRecord) -> Option<&str> {
    let ratio = |layer: &NetworkLayer| layer.signal_to_noise_db;
    let told = record.layers.iter().filter(|layer| ratio(layer).is_some());
    let least = told.min_by(|a, b| ratio(a).partial_cmp(&ratio(b)).unwrap_or(Ordering::Equal))?;
    let name = least.record.layer.name.rsplit('/').next();
    name.filter(|_| record.layers.len() > 1)
}

fn comparisons(record: &NetworkRecord) -> String {
    let width = record.comparisons.iter().map(|c| c.name.len()).max().unwrap_or(0).max(8);
    let mut text = format!(
        "{:<width$}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "against", "server ms", "total ms", "peak", "sent", "weights"
    );
    let row = |text: &mut String, name: &str, totals: &NetworkTotals| {
        let _ = write!(
            text,
            "\n{name:<width$}{:>12.0}{:>12.0}{:>12}{:>12}{:>12}",
            totals.latency_ms.server,
            totals.total_ms,
            bytes_text(totals.storage_bytes.server_peak),
            bytes_text(totals.communication()),
            bytes_text(totals.storage_bytes.weights),
        );
    };
    row(&mut text, "this run", &record.totals);
    for comparison in &record.comparisons {
        row(&mut text, &comparison.name, &comparison.totals);
        let ratios = &comparison.ratios;
        let _ = write!(
            text,
            "\n{:<width$}{:>11.2}x{:>11.2}x{:>11.2}x{:>11.2}x{:>11.0}x",
            "", ratios.server, ratios.latency, ratios.memory, ratios.communication, ratios.weights
        );
    }
    record.comparisons.iter().for_each(|comparison| about(&mut text, comparison));
    text
}

fn about(text: &mut String, comparison: &Comparison) {
    let parts = comparison.layers.iter().filter(|layer| layer.extrapolated_from.is_some()).count();
    let _ = write!(
        text,
        "\n{}: {}; of {parts} of {} one ciphertext of outputs was computed and scaled",
        comparison.name,
        comparison.about,
        counted(comparison.layers.len(), "layer"),
    );
}
