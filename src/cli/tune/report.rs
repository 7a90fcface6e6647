//! The answer of a tuner, as text and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::Answer;
use crate::cli::Failure;
use crate::report::{Record, SCHEMA, bytes_text, counted};
use crate::tune::{Candidate, Objective};

/// The answer as JSON.
#[derive(Serialize)]
pub(super) struct Json<'a> {
    schema: u32,
    objective: &'a str,
    margin_bits: f64,
    /// The record of the best, which was run; for several layers, one of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<Best<'a>>,
    /// What nothing else beats in server time, total time, communication and memory at once.
    front: Vec<Point>,
    rejected: Vec<Lost<'a>>,
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
    server_ms: f64,
    total_ms: f64,
    communication_bytes: f64,
    memory_bytes: f64,
    predicted_final_floor: f64,
}

#[derive(Serialize)]
struct Lost<'a> {
    params: &'a str,
    algorithm: &'a str,
    reason: &'a str,
}

/// A figure of a candidate over all layers.
fn figure(answer: &Answer, candidate: &Candidate, objective: Objective) -> f64 {
    let layers = candidate.layers.iter().zip(&answer.query.runs);
    objective.over_layers(layers.map(|((_, p), run)| objective.of_prediction(p, &run.link)))
}

fn front(answer: &Answer) -> impl Iterator<Item = &Candidate> {
    answer.decision.front.iter().filter_map(|place| answer.found.candidates.get(*place))
}

fn point(answer: &Answer, candidate: &Candidate) -> Point {
    let rounded = |value: f64| crate::report::rounded(value, 3);
    Point {
        params: candidate.params.name.clone(),
        algorithm: candidate.algorithm(),
        lanes: candidate.layers.iter().map(|(_, prediction)| prediction.lanes).collect(),
        server_ms: rounded(figure(answer, candidate, Objective::Server)),
        total_ms: rounded(figure(answer, candidate, Objective::Total)),
        communication_bytes: figure(answer, candidate, Objective::Communication),
        memory_bytes: figure(answer, candidate, Objective::Memory),
        predicted_final_floor: rounded(candidate.floor()),
    }
}

/// The answer for programs.
pub(super) fn json(answer: &Answer) -> Json<'_> {
    Json {
        schema: SCHEMA,
        objective: answer.query.objective.name(),
        margin_bits: answer.query.margin_bits,
        best: answer.best().map(|(_, records)| match records {
            [record] => Best::Layer(record),
            layers => Best::Layers { layers },
        }),
        front: front(answer).map(|candidate| point(answer, candidate)).collect(),
        rejected: answer
            .decision
            .rejected
            .iter()
            .map(|lost| Lost {
                params: &lost.params,
                algorithm: &lost.algorithm,
                reason: &lost.reason,
            })
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
        for record in records {
            let (time, sent) = (&record.latency_ms, &record.communication_bytes);
            writeln!(
                out,
                "{}: {}, {}, {}; server {:.1} ms, total {:.1} ms, up + down {}, \
                 {:.1} bits left (at least {:.1} predicted)",
                record.layer.name,
                record.algorithm,
                counted(record.lanes, "lane"),
                record.verdict().label(),
                time.server,
                time.total,
                bytes_text(sent.upload + sent.download),
                record.noise_bits.last,
                record.noise_bits.predicted_final_floor,
            )?;
        }
    }
    writeln!(out, "\npredicted front: what nothing else beats in all of these figures")?;
    writeln!(
        out,
        "  {:<28} {:<15}{:>10}{:>10}{:>12}{:>12}{:>7}",
        "params", "algorithm", "server ms", "total ms", "up + down", "memory", "floor"
    )?;
    for candidate in front(answer) {
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
    writeln!(out, "\nwhy not the others, each ring degree and algorithm at its best")?;
    let mut seen = Vec::new();
    for lost in &answer.decision.rejected {
        let ring = lost.params.split(':').next().unwrap_or_default();
        if !seen.contains(&(ring, lost.algorithm.as_str())) {
            seen.push((ring, &lost.algorithm));
            writeln!(out, "  {:<28} {:<15} {}", lost.params, lost.algorithm, lost.reason)?;
        }
    }
    let more = answer.decision.rejected.len() - seen.len();
    if more > 0 {
        writeln!(out, "  and {more} more in --format json")?;
    }
    Ok(())
}
