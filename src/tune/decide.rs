//! Which candidates are run to confirm the choice, and what the runs decide.

use super::cause::Cause;
use super::objective::Objective;
use super::pareto;
use super::search::{Candidate, Found, Query, Rejected};
use crate::job::Problem;
use crate::report::{Record, bytes_text};

/// How often a candidate is run where its time decides, so that the spread of times is known.
pub const REPEAT: usize = 3;

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
pub type Confirmation = (usize, Result<Vec<Record>, Problem>);

/// A candidate whose figure is, as far as can be measured, that of the best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tied {
    /// Its place among those found.
    pub place: usize,
    /// The objective's value.
    pub value: f64,
    /// The least and the most of it over repeated runs.
    pub spread: [f64; 2],
    /// Bytes sent in both directions.
    pub sent: u64,
}

/// What a tuner decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The place of the best candidate, and the records of its runs.
    pub best: Option<(usize, Vec<Record>)>,
    /// Candidates within the measured spread of each other: the best, which sends the fewest bytes
    /// of them, and then the others. Empty where nothing ties with it.
    pub tie: Vec<Tied>,
    /// The places of candidates that no other beats in server time, total time, communication,
    /// memory and the objective at once, by prediction.
    pub front: Vec<usize>,
    /// Everything else, and why.
    pub rejected: Vec<Rejected>,
}

/// Decides by the runs that were made: the least value, or of those that tie with it the one with
/// the fewest bytes.
pub fn decide(query: &Query, found: &Found, confirmations: &[Confirmation]) -> Decision {
    let measured: Vec<(Tied, &[Record])> = confirmations
        .iter()
        .filter_map(|(place, run)| {
            let records = run.as_ref().ok().filter(|records| is_right(records))?;
            Some((Tied::new(query.objective, *place, records), records.as_slice()))
        })
        .collect();
    let mut tie = tie(measured.iter().map(|(one, _)| *one).collect());
    let best = tie.first().copied();
    if tie.len() == 1 {
        tie.clear();
    }
    let mut rejected = Vec::new();
    for (place, candidate) in found.candidates.iter().enumerate() {
        if best.is_some_and(|best| best.place == place) {
            continue;
        }
        let run = confirmations.iter().find(|(run, _)| *run == place).map(|(_, run)| run);
        let (cause, reason) = match (run, best) {
            (Some(Err(problem)), _) => {
                let cause = problem.refusal.map_or(Cause::Failed, Cause::Refused);
                (cause, problem.text.clone())
            }
            (Some(Ok(records)), _) if !is_right(records) => {
                let fault = records.iter().find_map(Record::fault);
                (Cause::Wrong, fault.map_or_else(|| "nothing was run".into(), |fault| fault.why()))
            }
            (Some(Ok(records)), Some(best)) => {
                let measured = Tied::new(query.objective, place, records);
                if tie.iter().any(|tied| tied.place == place) {
                    (Cause::Tied, measured.against(&best, query.objective))
                } else {
                    let reason = beaten("measured", query.objective, measured.value, best.value);
                    (Cause::Beaten, reason)
                }
            }
            _ => {
                let winner = best.and_then(|best| found.candidates.get(best.place));
                let least = winner.map_or(candidate.value, |c| c.value);
                (Cause::Beaten, beaten("predicted", query.objective, candidate.value, least))
            }
        };
        rejected.push(Rejected {
            ring_degree: candidate.params.ring_degree,
            params: candidate.params.name.clone(),
            algorithm: candidate.algorithm(),
            cause,
            reason,
        });
    }
    rejected.extend(found.rejected.iter().cloned());
    let front = front(query, &found.candidates);
    let best = best.and_then(|best| measured.iter().find(|(one, _)| one.place == best.place));
    let best = best.map(|(one, records)| (one.place, records.to_vec()));
    Decision { best, tie, front, rejected }
}

impl Tied {
    /// What was measured of a candidate over all its layers.
    fn new(objective: Objective, place: usize, records: &[Record]) -> Self {
        let spreads: Vec<[f64; 2]> = records.iter().map(|r| objective.spread(r)).collect();
        let over = |end: usize| objective.over_layers(spreads.iter().map(|spread| spread[end]));
        Self {
            place,
            value: objective.over_layers(records.iter().map(|r| objective.of_record(r))),
            spread: [over(0), over(1)],
            sent: records
                .iter()
                .map(|r| r.communication_bytes.upload + r.communication_bytes.download)
                .sum(),
        }
    }

    /// Whether this and the other are each within what was measured of the other.
    fn ties_with(&self, other: &Self) -> bool {
        let within = |value: f64, [least, most]: [f64; 2]| (least..=most).contains(&value);
        within(self.value, other.spread) && within(other.value, self.spread)
    }

    /// Why the best and not this one.
    fn against(&self, best: &Self, objective: Objective) -> String {
        let [value, least, most] =
            [self.value, best.spread[0], best.spread[1]].map(|value| objective.text(value));
        let within = if objective.is_time() { format!("{least} to {most}") } else { least };
        let bytes = if self.sent == best.sent {
            "and sends as much".to_owned()
        } else {
            format!("and sends {}, not {}", bytes_text(self.sent), bytes_text(best.sent))
        };
        format!("a tie: {} {value} beside {within} of the best, {bytes}", objective.name())
    }
}

/// The one with the least value and all that tie with it, the fewest bytes first; of as many, the
/// least value.
fn tie(measured: Vec<Tied>) -> Vec<Tied> {
    let least = measured.iter().min_by(|a, b| a.value.total_cmp(&b.value)).copied();
    let Some(least) = least else { return Vec::new() };
    let mut tie: Vec<Tied> = measured
        .into_iter()
        .filter(|one| one.place == least.place || one.ties_with(&least))
        .collect();
    tie.sort_by(|a, b| a.sent.cmp(&b.sent).then(a.value.total_cmp(&b.value)));
    tie
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::record;
    use crate::report::{LatencyMs, Repeat};

    /// A run whose total time is `value`, from `least` to `most` when repeated, that sends `sent`.
    fn run(value: f64, [least, most]: [f64; 2], sent: u64) -> Record {
        let mut record = record();
        let total = |total| LatencyMs { total, ..LatencyMs::default() };
        record.latency_ms = total(value);
        record.repeat = Some(Repeat { runs: 3, min: total(most), max: total(least) });
        (record.communication_bytes.upload, record.communication_bytes.download) = (sent, 0);
        record
    }

    /// The places of a tie by total time, the best first.
    fn places(runs: &[(f64, [f64; 2], u64)]) -> Vec<usize> {
        let measured = runs.iter().enumerate().map(|(place, (value, spread, sent))| {
            Tied::new(Objective::Total, place, &[run(*value, *spread, *sent)])
        });
        tie(measured.collect()).iter().map(|one| one.place).collect()
    }

    #[test]
    fn within_the_spread_of_each_other_the_fewest_bytes_win() {
        let fast = (10.0, [9.5, 10.8], 3000);
        // Each within the spread of the other.
        assert_eq!(places(&[fast, (10.4, [9.9, 11.0], 1000)]), [1, 0]);
        assert_eq!(places(&[(10.4, [9.9, 11.0], 4000), fast]), [1, 0]);
        // As many bytes: the least value.
        assert_eq!(places(&[(10.4, [9.9, 11.0], 3000), fast]), [1, 0]);
        // Beyond the spread of either it is no tie, whatever it sends.
        assert_eq!(places(&[fast, (11.0, [9.9, 12.0], 1)]), [0]);
        assert_eq!(places(&[fast, (10.4, [10.1, 11.0], 1)]), [0]);
        // One run that took long does not make it one.
        assert_eq!(places(&[(10.0, [9.5, 99.0], 3000), (20.0, [19.0, 21.0], 1)]), [0]);
        // What ties with another that ties with the best need not tie with the best.
        let chain = [fast, (10.7, [9.9, 11.5], 2000), (11.4, [10.6, 12.0], 1)];
        assert_eq!(places(&chain), [1, 0]);
        assert!(places(&[]).is_empty());
    }

    #[test]
    fn bytes_are_exact_and_tie_where_they_are_equal() {
        let tied = |upload, download| {
            let mut record = run(1.0, [0.5, 2.0], upload);
            record.communication_bytes.download = download;
            Tied::new(Objective::Upload, download as usize, &[record])
        };
        let places = |all: Vec<Tied>| tie(all).iter().map(|one| one.place).collect::<Vec<_>>();
        assert_eq!(places(vec![tied(100, 30), tied(100, 20), tied(101, 1)]), [20, 30]);
    }

    #[test]
    fn layers_add_up_with_their_spreads() {
        let records = [run(1.0, [0.5, 2.0], 10), run(10.0, [9.0, 12.0], 20)];
        let both = Tied::new(Objective::Total, 0, &records);
        assert_eq!((both.value, both.spread, both.sent), (11.0, [9.5, 14.0], 30));
    }

    #[test]
    fn a_tie_is_said() {
        let tied = |place, value, spread, sent| Tied { place, value, spread, sent };
        let best = tied(0, 10.0, [9.5, 10.8], 1000);
        let said = tied(1, 10.4, [9.9, 11.0], 3000).against(&best, Objective::Total);
        let words = "a tie: total 10.4 ms beside 9.5 ms to 10.8 ms of the best, and sends 2.93 KiB, not 1000 B";
        assert_eq!(said, words);
        let said = tied(1, 10.0, [10.0; 2], 1000).against(&best, Objective::Memory);
        assert_eq!(said, "a tie: memory 10 B beside 9 B of the best, and sends as much");
    }
}
