//! Which algorithm and parameters win over links of which bandwidth.

use super::search::{Candidate, Found, Query, Rejected, search};
use super::{Objective, RING_DEGREES};
use crate::conv::{AlgorithmKind, Choice};
use crate::job::{Estimator, JobError};
use crate::report::{Link, bandwidth_text};

/// The bandwidths that are looked at where none are named, in bits a second.
pub const BANDWIDTHS: [f64; 5] = [1e6, 1e7, 1e8, 1e9, 1e10];

/// What is predicted over a link.
#[derive(Clone, Debug)]
pub struct AtBandwidth {
    /// The link.
    pub link: Link,
    /// Of each algorithm that will do its best candidate, the best of all first. Their values are
    /// milliseconds from the input to the output.
    pub bests: Vec<Candidate>,
}

impl AtBandwidth {
    /// The candidate with the least total time.
    pub fn winner(&self) -> Option<&Candidate> {
        self.bests.first()
    }
}

/// What wins where.
#[derive(Clone, Debug, Default)]
pub struct Landscape {
    /// The bandwidths, the least first.
    pub at: Vec<AtBandwidth>,
    /// What will do nowhere: what it lacks does not depend on the link.
    pub rejected: Vec<Rejected>,
}

/// What takes the least total time over links of `bits_per_second`, with the round trip of the query's;
/// its objective and bandwidth count for nothing. It is sought at both ends, and in between it is the
/// best of all that was found for either: over a faster link a candidate gains the more, the more it
/// sends, so what is best at both ends is so everywhere. `proceed` is told of parts that are done, of
/// all; `false` ends the search with what it has.
///
/// # Errors
/// As [`search`].
pub fn landscape(
    estimator: &Estimator,
    query: &Query,
    bits_per_second: &[f64],
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Landscape, JobError> {
    let mut sorted = bits_per_second.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let mut ends: Vec<f64> = sorted.first().into_iter().chain(sorted.last()).copied().collect();
    ends.dedup();
    let parts = RING_DEGREES.len();
    let (mut candidates, mut rejected) = (Vec::new(), Vec::new());
    for (index, end) in ends.iter().enumerate() {
        let found = search(estimator, &over(query, *end), |done, _| {
            proceed(index * parts + done, ends.len() * parts)
        })?;
        candidates.extend(found.candidates);
        rejected = found.rejected;
    }
    Ok(Landscape { at: ranked(query, &candidates, &sorted), rejected })
}

/// As [`search`], and with it what wins over links of [`BANDWIDTHS`] among all that is found for the
/// query's own.
///
/// # Errors
/// As [`search`].
pub fn survey(
    estimator: &Estimator,
    query: &Query,
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Found, JobError> {
    let is_total = query.objective == Objective::Total;
    let parts = RING_DEGREES.len();
    let all = if is_total { parts } else { 2 * parts };
    let found = search(estimator, query, |done, _| proceed(done, all))?;
    let at = if is_total {
        ranked(query, &found.candidates, &BANDWIDTHS)
    } else {
        let query = Query { objective: Objective::Total, ..query.clone() };
        let totals = search(estimator, &query, |done, _| proceed(parts + done, all))?;
        ranked(&query, &totals.candidates, &BANDWIDTHS)
    };
    Ok(Found { landscape: Landscape { at, rejected: Vec::new() }, ..found })
}

/// Times this close are those of the same work, whatever the last digits say.
const SAME: f64 = 1e-9;

/// The candidates by their total time over links of each bandwidth. Of those that do the same work, as two
/// algorithms may, the one comes first that wins over slower links too.
fn ranked(query: &Query, candidates: &[Candidate], bits_per_second: &[f64]) -> Vec<AtBandwidth> {
    let Some(run) = query.runs.first() else { return Vec::new() };
    let at = |bandwidth: &f64| {
        let link = Link { bandwidth_bits_per_second: *bandwidth, ..run.link };
        let valued = |one: &Candidate| Candidate { value: one.total_ms(&link), ..one.clone() };
        let mut all: Vec<Candidate> = candidates.iter().map(valued).collect();
        all.sort_by(|a, b| a.value.total_cmp(&b.value));
        AtBandwidth { link, bests: bests(all) }
    };
    let mut ranked: Vec<AtBandwidth> = bits_per_second.iter().map(at).collect();
    let mut last: Option<String> = None;
    for AtBandwidth { bests, .. } in &mut ranked {
        let least = bests.first().map_or(f64::INFINITY, |best| best.value);
        let is_last = |one: &Candidate| last.as_ref().is_some_and(|name| *name == one.algorithm());
        let same = bests.iter().position(is_last);
        if let Some(place) = same.filter(|place| bests[*place].value <= least * (1.0 + SAME)) {
            bests[..=place].rotate_right(1);
        }
        last = bests.first().map(Candidate::algorithm);
    }
    ranked
}

/// The query for the least total time over a link of so many bits a second.
fn over(query: &Query, bandwidth: f64) -> Query {
    let mut query = Query { objective: Objective::Total, ..query.clone() };
    for run in &mut query.runs {
        run.link.bandwidth_bits_per_second = bandwidth;
    }
    query
}

/// The first candidate of each algorithm.
fn bests(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen: Vec<String> = Vec::new();
    let is_first = |candidate: &Candidate| {
        let name = candidate.algorithm();
        let is_first = !seen.contains(&name);
        seen.push(name);
        is_first
    };
    candidates.into_iter().filter(is_first).collect()
}

/// The least total time of an algorithm over links of any bandwidth, as far as the candidates that were
/// found for some are the best for all.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// The algorithm.
    pub algorithm: String,
    candidates: Vec<&'a Candidate>,
    rtt_ms: f64,
}

impl Curve<'_> {
    /// Milliseconds from the input to the output over a link of so many bits a second.
    pub fn total_ms(&self, bits_per_second: f64) -> f64 {
        let link = Link { bandwidth_bits_per_second: bits_per_second, rtt_ms: self.rtt_ms };
        let totals = self.candidates.iter().map(|candidate| candidate.total_ms(&link));
        totals.fold(f64::INFINITY, f64::min)
    }
}

impl Candidate {
    /// Predicted milliseconds from the input to the output over a link, for all layers together.
    pub fn total_ms(&self, link: &Link) -> f64 {
        let totals = self.layers.iter().map(|(_, p)| Objective::Total.of_prediction(p, link));
        Objective::Total.over_layers(totals)
    }

    /// A figure of it that is the same over every link.
    pub fn figure(&self, objective: Objective) -> f64 {
        let link = Link::default();
        objective.over_layers(self.layers.iter().map(|(_, p)| objective.of_prediction(p, &link)))
    }

    /// Whether it is run in the same way as `other`.
    pub fn is_as(&self, other: &Self) -> bool {
        let plans = |one: &Self| -> Vec<(AlgorithmKind, Choice)> {
            one.layers.iter().map(|(kind, prediction)| (*kind, prediction.choice)).collect()
        };
        self.params == other.params && plans(self) == plans(other)
    }
}

/// The bandwidth at which one algorithm gives way to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossing {
    /// Bits a second.
    pub bits_per_second: f64,
    /// The algorithm that wins below.
    pub below: String,
    /// The algorithm that wins above.
    pub above: String,
}

impl Landscape {
    /// The curves of all algorithms, in the order in which they first win, or else stand.
    pub fn curves(&self) -> Vec<Curve<'_>> {
        let mut curves: Vec<Curve<'_>> = Vec::new();
        let winners = self.at.iter().filter_map(AtBandwidth::winner);
        let names =
            winners.chain(self.at.iter().flat_map(|at| &at.bests)).map(Candidate::algorithm);
        for algorithm in names {
            if curves.iter().any(|curve| curve.algorithm == algorithm) {
                continue;
            }
            let all = self.at.iter().flat_map(|at| &at.bests);
            let candidates = all.filter(|one| one.algorithm() == algorithm).collect();
            let rtt_ms = self.at.first().map_or(0.0, |at| at.link.rtt_ms);
            curves.push(Curve { algorithm, candidates, rtt_ms });
        }
        curves
    }

    /// The same in words.
    pub fn changes(&self) -> String {
        let crossings = self.crossings();
        let Some(first) = crossings.first() else {
            let winner = self.at.iter().find_map(AtBandwidth::winner);
            return winner
                .map_or_else(String::new, |one| format!("{} everywhere", one.algorithm()));
        };
        let above = crossings.iter().map(|crossing| {
            let Crossing { bits_per_second, above, .. } = crossing;
            format!("{above} from about {}", bandwidth_text(*bits_per_second))
        });
        std::iter::once(first.below.clone()).chain(above).collect::<Vec<_>>().join(", ")
    }

    /// Where the winning algorithm changes, the least bandwidth first.
    pub fn crossings(&self) -> Vec<Crossing> {
        const STEPS: i32 = 400;
        let curves = self.curves();
        let total = |curve: usize, bandwidth| {
            curves.get(curve).map_or(f64::INFINITY, |curve| curve.total_ms(bandwidth))
        };
        // Of those that do the same work the first, whatever the last digits say.
        let winner = |bandwidth| {
            let totals = || curves.iter().map(|curve| curve.total_ms(bandwidth));
            let least = totals().fold(f64::INFINITY, f64::min);
            totals().position(|total| total <= least * (1.0 + SAME)).unwrap_or(0)
        };
        let ends = [self.at.first(), self.at.last()];
        let [Some(low), Some(high)] = ends.map(|at| Some(at?.link.bandwidth_bits_per_second))
        else {
            return Vec::new();
        };
        let step = |i: i32| low * (high / low).powf(f64::from(i) / f64::from(STEPS));
        let crossing = |i: i32| {
            let (below, above) = (winner(step(i)), winner(step(i + 1)));
            let name = |curve: usize| curves.get(curve).map(|curve| curve.algorithm.clone());
            let is_below = |bandwidth| total(below, bandwidth) <= total(above, bandwidth);
            let bits_per_second = bisected([step(i), step(i + 1)], is_below);
            let names = (name(below)?, name(above)?);
            (below != above).then_some(Crossing { bits_per_second, below: names.0, above: names.1 })
        };
        (0..STEPS).filter_map(crossing).collect()
    }
}

/// Where `is_below` ends, between two numbers above 0 of which it is true of the first alone.
fn bisected([mut low, mut high]: [f64; 2], is_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..50 {
        let middle = (low * high).sqrt();
        if is_below(middle) { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::search::EQUAL;
    use super::*;
    use crate::arith::kernels::Backend;
    use crate::job::RunSpec;
    use crate::preset::Catalogue;
    use crate::tune::{MARGIN_BITS, PlainRule};

    fn query(layer: &str) -> Query {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer(layer).expect("exists").clone();
        let params = catalogue.params_set("n4096-t20").expect("exists");
        Query {
            runs: vec![RunSpec { backend: Backend::Portable, ..RunSpec::new(layer, params) }],
            objective: Objective::Memory,
            algorithms: AlgorithmKind::ALL.to_vec(),
            margin_bits: MARGIN_BITS,
            plain: PlainRule::default(),
        }
    }

    /// Whether a candidate is as good as another, up to what a search holds equal: among plans as close as
    /// that it takes the one with the fewest bytes of keys.
    fn is_as_good(winner: &Candidate, best: &Candidate) -> bool {
        (winner.value - best.value).abs() <= EQUAL * best.value
    }

    /// What wins over a link is what a search for that link alone finds, and the curves say so too.
    #[test]
    fn each_winner_is_that_of_its_own_search() {
        let (estimator, query) = (Estimator::default(), query("bench/c16-32-k3"));
        let found = landscape(&estimator, &query, &[1e9, 1e6, 1e6], |_, _| true).expect("valid");
        let bandwidths: Vec<f64> =
            found.at.iter().map(|at| at.link.bandwidth_bits_per_second).collect();
        assert_eq!(bandwidths, [1e6, 1e9]);
        let curves = found.curves();
        for at in &found.at {
            let bandwidth = at.link.bandwidth_bits_per_second;
            let alone = search(&estimator, &over(&query, bandwidth), |_, _| true).expect("valid");
            let (winner, best) = (at.winner().expect("one"), &alone.candidates[0]);
            assert!(is_as_good(winner, best), "{} {}", winner.value, best.value);
            let least = winner.value * (1.0 - SAME);
            assert!(at.bests.iter().all(|one| one.value >= least));
            let totals = curves.iter().map(|curve| curve.total_ms(bandwidth));
            let least = totals.fold(f64::INFINITY, f64::min);
            assert!((least - winner.value).abs() < 1e-9 * least, "{least} {}", winner.value);
        }
        // Bytes matter the more the slower the link is.
        let sent = |at: &AtBandwidth| at.winner().map(|one| one.figure(Objective::Communication));
        assert!(sent(&found.at[0]) <= sent(&found.at[1]));
    }

    #[test]
    fn winners_meet_where_they_cross() {
        let (estimator, query) = (Estimator::default(), query("bench/c16-32-k3"));
        let found = landscape(&estimator, &query, &BANDWIDTHS, |_, _| true).expect("valid");
        let curves = found.curves();
        let total = |name: &str, bandwidth| {
            let curve = curves.iter().find(|curve| curve.algorithm == name).expect("a curve");
            curve.total_ms(bandwidth)
        };
        let winner = |at: &AtBandwidth| at.winner().expect("one").algorithm();
        let mut name = winner(&found.at[0]);
        for crossing in found.crossings() {
            assert_eq!(crossing.below, name);
            let [below, above] = [&crossing.below, &crossing.above]
                .map(|name| total(name, crossing.bits_per_second));
            assert!((below - above).abs() < 1e-3 * above, "{crossing:?}: {below} {above}");
            name = crossing.above;
        }
        let last = found.at.last().expect("five");
        let bandwidth = last.link.bandwidth_bits_per_second;
        assert!(total(&name, bandwidth) <= total(&winner(last), bandwidth) * (1.0 + 1e-9));
    }

    #[test]
    fn a_search_that_is_stopped_has_what_is_done() {
        let (estimator, query) = (Estimator::default(), query("bench/c16-32-k3"));
        let parts = RING_DEGREES.len();
        let some = landscape(&estimator, &query, &BANDWIDTHS, |done, of| {
            assert_eq!(of, 2 * parts);
            done < parts
        });
        let alone = landscape(&estimator, &query, &[1e6], |_, _| true).expect("valid");
        let (some, alone) = (&some.expect("valid").at[0], &alone.at[0]);
        assert!(some.winner().expect("one").is_as(alone.winner().expect("one")));
    }

    /// Whatever the objective is, the survey beside its search is of total times.
    #[test]
    fn a_survey_is_of_total_times() {
        let (estimator, query) = (Estimator::default(), query("bench/c16-32-k3"));
        let found = survey(&estimator, &query, |_, _| true).expect("valid");
        let total = Query { objective: Objective::Total, ..query };
        let totals = survey(&estimator, &total, |_, _| true).expect("valid");
        let usual = BANDWIDTHS
            .iter()
            .position(|bandwidth| (*bandwidth - 1e8).abs() < 1.0)
            .expect("among them");
        let winner = |found: &Found| found.landscape.at[usual].winner().expect("one").clone();
        assert!(is_as_good(&winner(&found), &totals.candidates[0]));
        assert!(is_as_good(&winner(&totals), &totals.candidates[0]));
        assert!(found.candidates.iter().all(|one| one.value > 1e5), "bytes of memory");
    }

    #[test]
    fn where_nothing_will_do_it_is_told() {
        let query = Query { margin_bits: 900.0, ..query("bench/c16-32-k3") };
        let found = landscape(&Estimator::default(), &query, &[1e6, 1e9], |_, _| true);
        let found = found.expect("valid");
        assert!(found.at.iter().all(|at| at.winner().is_none()) && !found.rejected.is_empty());
        assert!(found.crossings().is_empty() && found.curves().is_empty());
    }
}
