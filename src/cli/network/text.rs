//! A network's record for people.

use std::fmt::Write;

use crate::network::{Answer, Ranked};
use crate::report::{
    ClientWork, Comparison, LayerRecord, NetworkLayer, NetworkRecord, NetworkTotals, bytes_text,
    count_text, counted, digits, noisiest, percent_text,
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
    parts.extend(record.answer.as_ref().map(ranking));
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

/// What is in the picture, before all else.
fn answer(answer: &Answer) -> String {
    let said = |one: &Ranked| match one.probability {
        Some(probability) => format!("{}, {}", one.name(), percent_text(probability)),
        None => one.name(),
    };
    let mut text = answer.top.first().map(said).unwrap_or_default();
    if answer.top1_agrees {
        text.push_str(", as in floats");
    } else {
        let real = answer.float_top.first().map(said).unwrap_or_default();
        let _ = write!(text, "; in floats {real}");
    }
    if let Some(second) = answer.top.get(1) {
        let _ = write!(text, "; then {}", said(second));
    }
    text
}

/// The classes that are ranked first, with their scores.
fn ranking(answer: &Answer) -> String {
    let (shared, of) = (answer.top5_shared, answer.float_top.len());
    let mut text = format!("{:>12}  of the first {of}, {shared} are those in floats", "score");
    for one in &answer.top {
        let _ = write!(text, "\n{:>12.4}  {}", one.score, one.name());
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
    let answer = record.answer.as_ref().map_or_else(String::new, |found| answer(found) + "\n");
    let totals = &record.totals;
    let mut text = format!(
        "{answer}{verdict}\n{}: {}, server {:.0} ms, client {:.0} ms, transfer {:.0} ms, total {:.0} ms\n\
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
    if !record.outputs.is_empty() {
        let shape =
            |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
        let outputs =
            record.outputs.iter().map(|one| format!("{} ({})", one.name, shape(&one.shape)));
        let _ = write!(text, "\noutputs: {}", outputs.collect::<Vec<_>>().join(", "));
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

/// The figures' columns, all of the same width.
const COLUMNS: [&str; 7] =
    ["server ms", "client ms", "total ms", "upload", "download", "weights", "peak"];

fn layers(record: &NetworkRecord) -> String {
    let names: Vec<&str> = record.layers.iter().map(name).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0).max("layer".len());
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
    let worst = noisiest(&record.layers);
    for (place, (name, layer)) in names.iter().zip(&record.layers).enumerate() {
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
            if worst == Some(place) {
                text.push_str("  the least");
            }
        }
    }
    text
}

/// The name of a layer within its network, which may hold slashes itself.
fn name(layer: &NetworkLayer) -> &str {
    let full = layer.record.layer.name.as_str();
    full.split_once('/').map_or(full, |(_, name)| name)
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
