//! Which candidates are run to confirm the choice, and what the runs decide.

use super::objective::Objective;
use super::pareto;
use super::search::{Candidate, Found, Query, Rejected};
use crate::report::Record;

/// How many candidates are run at most.
const FINALISTS: usize = 3;

/// How much worse than the best a prediction may be for a run to turn the tables: predictions of
/// time are off by up to a quarter, those of bytes are exact.
const DOUBT: f64 = 1.5;

/// The candidates to run, by their places among those found, the likeliest first.
pub fn finalists(query: &Query, found: &Found) -> Vec<usize> {
    let Some(best) = found.candidates.first() else { return Vec::new() };
    let limit = best.value * if query.objective.is_time() { DOUBT } else { 1.0 };
    let near = found.candidates.iter().take_while(|candidate| candidate.value <= limit);
    (0..near.count().min(FINALISTS)).collect()
}

/// A candidate that was run: its place, and the records of its layers or why there are none.
pub type Confirmation = (usize, Result<Vec<Record>, String>);

/// What a tuner decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The place of the best candidate, and the records of its runs.
    pub best: Option<(usize, Vec<Record>)>,
    /// The places of candidates that no other beats in server time, total time, communication,
    /// memory and the objective at once, by prediction.
    pub front: Vec<usize>,
    /// Everything else, and why.
    pub rejected: Vec<Rejected>,
}

/// Decides by the runs that were made.
pub fn decide(query: &Query, found: &Found, confirmations: &[Confirmation]) -> Decision {
    let value = |records: &[Record]| {
        query.objective.over_layers(records.iter().map(|r| query.objective.of_record(r)))
    };
    let right = confirmations.iter().filter_map(|(place, run)| {
        let records = run.as_ref().ok().filter(|records| is_right(records))?;
        Some((value(records), *place, records))
    });
    let best = right.min_by(|a, b| a.0.total_cmp(&b.0));
    let mut rejected = Vec::new();
    for (place, candidate) in found.candidates.iter().enumerate() {
        if best.as_ref().is_some_and(|(_, best, _)| *best == place) {
            continue;
        }
        let run = confirmations.iter().find(|(run, _)| *run == place).map(|(_, run)| run);
        let reason = match (run, &best) {
            (Some(Err(error)), _) => error.clone(),
            (Some(Ok(records)), _) if !is_right(records) => {
                let fault = records.iter().find_map(Record::fault);
                fault.map_or_else(|| "nothing was run".into(), |fault| fault.why())
            }
            (Some(Ok(records)), Some((least, ..))) => {
                let value = value(records);
                beaten("measured", query.objective, value, *least)
            }
            _ => {
                let winner = best.as_ref().map_or(0, |(_, place, _)| *place);
                let least = found.candidates.get(winner).map_or(candidate.value, |c| c.value);
                beaten("predicted", query.objective, candidate.value, least)
            }
        };
        rejected.push(Rejected {
            params: candidate.params.name.clone(),
            algorithm: candidate.algorithm(),
            reason,
        });
    }
    rejected.extend(found.rejected.iter().cloned());
    let front = front(query, &found.candidates);
    Decision { best: best.map(|(_, place, records)| (place, records.clone())), front, rejected }
}

/// Whether every layer is exact.
fn is_right(records: &[Record]) -> bool {
    records.iter().all(Record::is_exact)
}

fn beaten(how: &str, objective: Objective, value: f64, least: f64) -> String {
    let (name, ratio) = (objective.name(), value / least);
    let (value, least) = (objective.text(value), objective.text(least));
    format!("{how} {name} {value}, {ratio:.2}x the {least} of the best")
}

/// The candidates that no other beats.
fn front(query: &Query, candidates: &[Candidate]) -> Vec<usize> {
    let metrics = [
        Objective::Server,
        Objective::Total,
        Objective::Communication,
        Objective::Memory,
        query.objective,
    ];
    let point = |candidate: &Candidate| -> Vec<f64> {
        let metric = |objective: Objective| {
            let values = candidate.layers.iter().zip(&query.runs);
            objective.over_layers(values.map(|((_, p), run)| objective.of_prediction(p, &run.link)))
        };
        metrics.into_iter().map(metric).collect()
    };
    let points: Vec<Vec<f64>> = candidates.iter().map(point).collect();
    let is_front = pareto::front(&points);
    (0..candidates.len()).filter(|place| is_front[*place]).collect()
}
