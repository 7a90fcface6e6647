//! The answer of a tuner, as text and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::cli::Failure;
use crate::report::{Record, SCHEMA, bytes_text, counted};
use crate::tune::{Answer, Candidate, Cause, Objective, Tied};

/// The answer as JSON.
#[derive(Serialize)]
pub(super) struct Json<'a> {
    schema: u32,
    objective: &'a str,
    margin_bits: f64,
    /// What t holds: `weights`, `widths` or so many bits.
    plain_bits: String,
    /// The record of the best, which was run; for several layers, one of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<Best<'a>>,
    /// Where others are within the measured spread of the best: the best, then those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tie: Vec<Equal>,
    /// What nothing else beats in server time, total time, communication and memory at once.
    front: Vec<Point>,
    rejected: Vec<Lost<'a>>,
    /// How many of those that are rejected there are of each cause.
    causes: BTreeMap<&'a str, usize>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Best<'a> {
    Layer(&'a Record),
    Layers { layers: &'a [Record] },
}

/// A candidate, as predicted.
#[derive(Serialize)]
struct Point {
    params: String,
    algorithm: String,
    lanes: Vec<usize>,
    /// Outputs that share their second polynomial.
    shared_by: Vec<usize>,
    server_ms: f64,
    total_ms: f64,
    communication_bytes: f64,
    memory_bytes: f64,
    predicted_final_floor: f64,
}

/// A candidate of a tie, as measured.
#[derive(Serialize)]
struct Equal {
    params: String,
    algorithm: String,
    /// The objective's value, in milliseconds or bytes.
    value: f64,
    /// The least and the most of it over repeated runs.
    spread: [f64; 2],
    communication_bytes: u64,
}

#[derive(Serialize)]
struct Lost<'a> {
    ring_degree: usize,
    params: &'a str,
    algorithm: &'a str,
    cause: &'static str,
    reason: &'a str,
}

fn point(answer: &Answer, candidate: &Candidate) -> Point {
    let rounded = |value: f64| crate::report::rounded(value, 3);
    Point {
        params: candidate.params.name.clone(),
        algorithm: candidate.algorithm(),
        lanes: candidate
            .layers
            .iter()
            .map(|(_, prediction)| prediction.choice.lanes.unwrap_or(1))
            .collect(),
        shared_by: candidate.layers.iter().map(|(_, p)| p.choice.sharing()).collect(),
        server_ms: rounded(answer.figure(candidate, Objective::Server)),
        total_ms: rounded(answer.figure(candidate, Objective::Total)),
        communication_bytes: answer.figure(candidate, Objective::Communication),
        memory_bytes: answer.figure(candidate, Objective::Memory),
        predicted_final_floor: rounded(candidate.floor()),
    }
}

fn equal(answer: &Answer, tied: &Tied) -> Option<Equal> {
    let candidate = answer.found.candidates.get(tied.place)?;
    let rounded = |value: f64| crate::report::rounded(value, 3);
    Some(Equal {
        params: candidate.params.name.clone(),
        algorithm: candidate.algorithm(),
        value: rounded(tied.value),
        spread: tied.spread.map(rounded),
        communication_bytes: tied.sent,
    })
}

/// The answer for programs.
pub(super) fn json(answer: &Answer) -> Json<'_> {
    Json {
        schema: SCHEMA,
        objective: answer.query.objective.name(),
        margin_bits: answer.query.margin_bits,
        plain_bits: answer.query.plain.to_string(),
        best: answer.best().map(|(_, records)| match records {
            [record] => Best::Layer(record),
            layers => Best::Layers { layers },
        }),
        tie: answer.decision.tie.iter().filter_map(|tied| equal(answer, tied)).collect(),
        front: answer.front().map(|candidate| point(answer, candidate)).collect(),
        rejected: answer
            .decision
            .rejected
            .iter()
            .map(|lost| Lost {
                ring_degree: lost.ring_degree,
                cause: lost.cause.name(),
                params: &lost.params,
                algorithm: &lost.algorithm,
                reason: &lost.reason,
            })
            .collect(),
        causes: Cause::counted(answer.decision.rejected.iter().map(|lost| lost.cause))
            .into_iter()
            .map(|(cause, count)| (cause.name(), count))
            .collect(),
    }
}

/// The answer for people.
pub(super) fn print(answer: &Answer) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let objective = answer.query.objective;
    if let Some((candidate, records)) = answer.best() {
        let value = objective.over_layers(records.iter().map(|r| objective.of_record(r)));
        writeln!(out, "best for {}: {}", objective.name(), objective.text(value))?;
        writeln!(out, "params     {}", candidate.params.name)?;
        let (bits, held) = (candidate.params.plain.bits(), answer.query.plain.text());
        writeln!(out, "t          {bits} bits, for {held}")?;
        for record in records {
            let (time, sent) = (&record.latency_ms, &record.communication_bytes);
            let shared = record.response.map(|response| response.shared_by);
            let shared = shared.filter(|by| *by > 1);
            writeln!(
                out,
                "{}: {}, {}{}, {}; server {:.1} ms, total {:.1} ms, up + down {}, \
                 {:.1} bits left (at least {:.1} predicted)",
                record.layer.name,
                record.algorithm,
                counted(record.lanes, "lane"),
                shared.map_or_else(String::new, |by| format!(", {by} outputs to a c1")),
                record.verdict().label(),
                time.server,
                time.total,
                bytes_text(sent.upload + sent.download),
                record.noise_bits.last,
                record.noise_bits.predicted_final_floor,
            )?;
        }
    }
    print_tie(&mut out, answer)?;
    writeln!(out, "\npredicted front: what nothing else beats in all of these figures")?;
    writeln!(
        out,
        "  {:<28} {:<15}{:>10}{:>10}{:>12}{:>12}{:>7}",
        "params", "algorithm", "server ms", "total ms", "up + down", "memory", "floor"
    )?;
    for candidate in answer.front() {
        let point = point(answer, candidate);
        writeln!(
            out,
            "  {:<28} {:<15}{:>10.1}{:>10.1}{:>12}{:>12}{:>7.1}",
            point.params,
            point.algorithm,
            point.server_ms,
            point.total_ms,
            bytes_text(point.communication_bytes as u64),
            bytes_text(point.memory_bytes as u64),
            point.predicted_final_floor,
        )?;
    }
    print_losers(&mut out, answer)?;
    Ok(())
}

/// The candidates that are as good as the best, as far as was measured.
fn print_tie(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let objective = answer.query.objective;
    let tie: Vec<Equal> =
        answer.decision.tie.iter().filter_map(|tied| equal(answer, tied)).collect();
    if tie.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\na tie: within the spread of each other's runs; the fewest bytes are preferred"
    )?;
    for Equal { params, algorithm, value, spread, communication_bytes } in tie {
        let [value, least, most] = [value, spread[0], spread[1]].map(|value| objective.text(value));
        let spread =
            if objective.is_time() { format!(" ({least} to {most})") } else { String::new() };
        let (name, sent) = (objective.name(), bytes_text(communication_bytes));
        writeln!(out, "  {params:<28} {algorithm:<15} {name} {value}{spread}, up + down {sent}")?;
    }
    Ok(())
}

/// What is not the answer, counted, and of each ring degree and algorithm the likeliest.
fn print_losers(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let (first, rest) = answer.losers();
    writeln!(
        out,
        "\nwhy not the others ({}), each ring degree and algorithm at its best",
        answer.causes()
    )?;
    for lost in first {
        writeln!(out, "  {:<28} {:<15} {}", lost.params, lost.algorithm, lost.reason)?;
    }
    if !rest.is_empty() {
        writeln!(out, "  and {} more in --format json", rest.len())?;
    }
    Ok(())
}
