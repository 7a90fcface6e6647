//! What was sought, what was found, and what was decided.

use std::collections::HashSet;

use super::{Candidate, Cause, Confirmation, Decision, Found, Objective, Query, Rejected, decide};
use crate::report::Record;

/// A query with its answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was sought.
    pub query: Query,
    /// What the search gave.
    pub found: Found,
    /// The decision.
    pub decision: Decision,
}

impl Answer {
    /// The answer by the runs that were made.
    pub fn new(query: Query, found: Found, confirmations: &[Confirmation]) -> Self {
        let decision = decide(&query, &found, confirmations);
        Self { query, found, decision }
    }

    /// The best candidate, and the records of its runs: one for each run of the query.
    pub fn best(&self) -> Option<(&Candidate, &[Record])> {
        let (place, records) = self.decision.best.as_ref()?;
        Some((self.found.candidates.get(*place)?, records))
    }

    /// The candidates that no other beats, by prediction.
    pub fn front(&self) -> impl Iterator<Item = &Candidate> {
        self.decision.front.iter().filter_map(|place| self.found.candidates.get(*place))
    }

    /// A figure of a candidate over all runs of the query, as predicted.
    pub fn figure(&self, candidate: &Candidate, objective: Objective) -> f64 {
        let layers = candidate.layers.iter().zip(&self.query.runs);
        objective.over_layers(layers.map(|((_, p), run)| objective.of_prediction(p, &run.link)))
    }

    /// All others with the reasons against them: of each ring degree and algorithm the likeliest,
    /// then the rest.
    pub fn losers(&self) -> (Vec<&Rejected>, Vec<&Rejected>) {
        let best = self.best().map(|(best, _)| (best.params.ring_degree, best.algorithm()));
        let mut seen: HashSet<(usize, String)> = best.into_iter().collect();
        let is_first = |lost: &&Rejected| seen.insert((lost.ring_degree, lost.algorithm.clone()));
        self.decision.rejected.iter().partition(is_first)
    }

    /// How many others there are of each cause, in words; nothing where there are none.
    pub fn causes(&self) -> String {
        Cause::in_words(self.decision.rejected.iter().map(|lost| lost.cause))
    }

    /// Why there is no best: the reason against what came closest.
    pub fn why_nothing(&self) -> Option<&Rejected> {
        let rejected = &self.decision.rejected;
        // Candidates come first, the likeliest at the head. Without any, the largest ring is last,
        // which leaves the most room.
        if self.found.candidates.is_empty() { rejected.last() } else { rejected.first() }
    }
}
