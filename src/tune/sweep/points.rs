//! The points of a sweep, in a fixed order.

use std::fmt;
use std::sync::Arc;

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::ParamsSpec;
use crate::bfv::security::SecurityPolicy;
use crate::conv::AlgorithmKind;
use crate::conv::cost::CostTable;
use crate::job::{Asked, RunSpec};
use crate::preset::LayerPreset;
use crate::report::{Link, Outcome, SweepRow};

/// The most points a sweep may have.
pub const MAX_POINTS: usize = 1_000_000;

/// Why lists make no sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// Two different things have the same name, so that their rows could not be told apart.
    #[error("two different {what} are called {name:?}; rename one")]
    SameName {
        /// What they are.
        what: &'static str,
        /// Their name.
        name: String,
    },
    /// The cross product is too large.
    #[error("the sweep has {points} points, at most {MAX_POINTS}; shorten its lists")]
    TooManyPoints {
        /// How many it has.
        points: usize,
    },
}

/// What all points of a sweep have in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What parameters are held against.
    pub policy: SecurityPolicy,
    /// The instruction set.
    pub backend: Backend,
    /// Threads of each run, at least one.
    pub threads: usize,
    /// The seed of data and secrets, as in [`RunSpec`].
    pub seed: Option<u64>,
    /// How often to run each point, at least once.
    pub repeat: usize,
    /// Bytes that a run may hold.
    pub max_memory: u64,
    /// The link between client and server.
    pub link: Link,
    /// What primitives cost on this machine, for predictions of time.
    pub costs: Option<Arc<CostTable>>,
    /// Whether points are predicted, and nothing is run.
    pub predicted: bool,
}

/// The cross product of layers, parameter sets, algorithms and reductions.
#[derive(Clone, Debug)]
pub struct Sweep {
    layers: Vec<LayerPreset>,
    params: Vec<ParamsSpec>,
    algorithms: Vec<AlgorithmKind>,
    reductions: Vec<Reduction>,
}

impl Sweep {
    /// A sweep over these lists. What is in a list twice counts once.
    ///
    /// # Errors
    /// [`SweepError`] where points could not be told apart or are too many.
    pub fn new(
        layers: Vec<LayerPreset>,
        params: Vec<ParamsSpec>,
        algorithms: Vec<AlgorithmKind>,
        reductions: Vec<Reduction>,
    ) -> Result<Self, SweepError> {
        let sweep = Self {
            layers: distinct(layers, "layers", LayerPreset::full_name)?,
            params: distinct(params, "parameter sets", |set| set.name.clone())?,
            algorithms: distinct(algorithms, "algorithms", |kind| kind.name().into())?,
            reductions: distinct(reductions, "reductions", |one| one.name().into())?,
        };
        let points = [sweep.params.len(), sweep.algorithms.len(), sweep.reductions.len()]
            .into_iter()
            .fold(sweep.layers.len(), usize::saturating_mul);
        if points > MAX_POINTS { Err(SweepError::TooManyPoints { points }) } else { Ok(sweep) }
    }

    /// All points: layer by layer, then set by set, algorithm by algorithm, reduction by reduction,
    /// each in the order of its list.
    pub fn points(&self) -> Vec<Point<'_>> {
        let mut points = Vec::new();
        for layer in &self.layers {
            for params in &self.params {
                for &algorithm in &self.algorithms {
                    let point = |&reduction| Point { layer, params, algorithm, reduction };
                    points.extend(self.reductions.iter().map(point));
                }
            }
        }
        points
    }
}

/// `items` without repetitions, none of which share a name.
pub(in crate::tune) fn distinct<T: PartialEq>(
    items: Vec<T>,
    what: &'static str,
    name_of: impl Fn(&T) -> String,
) -> Result<Vec<T>, SweepError> {
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<T> = Vec::with_capacity(items.len());
    for item in items {
        let name = name_of(&item);
        match places.get(&name) {
            None => {
                places.insert(name, kept.len());
                kept.push(item);
            }
            Some(&place) if kept.get(place) == Some(&item) => {}
            Some(_) => return Err(SweepError::SameName { what, name }),
        }
    }
    Ok(kept)
}

/// One run of a sweep.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    /// The layer.
    pub layer: &'a LayerPreset,
    /// The encryption parameters, which need not be valid.
    pub params: &'a ParamsSpec,
    /// The algorithm.
    pub algorithm: AlgorithmKind,
    /// The reduction mode.
    pub reduction: Reduction,
}

impl Point<'_> {
    /// The run it stands for.
    pub fn spec(&self, settings: &Settings) -> RunSpec {
        RunSpec {
            policy: settings.policy,
            algorithm: self.algorithm,
            reduction: self.reduction,
            backend: settings.backend,
            threads: settings.threads,
            seed: settings.seed,
            repeat: settings.repeat,
            max_memory: settings.max_memory,
            link: settings.link,
            costs: settings.costs.clone(),
            ..RunSpec::new(self.layer.clone(), self.params.clone())
        }
    }

    /// What tells it from all other points.
    pub fn key(&self) -> PointKey {
        PointKey {
            layer: self.layer.full_name(),
            params: self.params.name.clone(),
            algorithm: self.algorithm.name().into(),
            reduction: self.reduction.name().into(),
        }
    }

    /// What is asked for at it.
    pub fn asked(&self, settings: &Settings) -> Asked {
        Asked::new(&self.spec(settings), settings.predicted)
    }
}

/// The names that identify a point.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointKey {
    /// The layer's full name.
    pub layer: String,
    /// The parameter set's name.
    pub params: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// The reduction mode's name.
    pub reduction: String,
}

impl PointKey {
    /// The point a row is of.
    pub fn of(row: &SweepRow) -> Self {
        let (layer, params, algorithm, reduction) = match &row.outcome {
            Outcome::Done(record) => {
                (&record.layer.name, &record.params.name, &record.algorithm, &record.reduction)
            }
            Outcome::Failed(point) => {
                (&point.layer.name, &point.params.name, &point.algorithm, &point.reduction)
            }
        };
        Self {
            layer: layer.clone(),
            params: params.clone(),
            algorithm: algorithm.clone(),
            reduction: reduction.clone(),
        }
    }
}

impl fmt::Display for PointKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, params, algorithm, reduction } = self;
        write!(formatter, "{layer} {params} {algorithm} {reduction}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{layer, set, settings, sweep};
    use super::*;

    #[test]
    fn points_come_in_the_order_of_the_lists() {
        let keys: Vec<_> = sweep().points().iter().map(|point| point.key().to_string()).collect();
        assert_eq!(keys.len(), 16);
        assert_eq!(
            keys[..5],
            [
                "net/b n4096 padded lazy",
                "net/b n4096 padded eager",
                "net/b n4096 conventional lazy",
                "net/b n4096 conventional eager",
                "net/b n2048,x padded lazy",
            ]
        );
        assert_eq!(keys[8], "net/a n4096 padded lazy");
        let again: Vec<_> = sweep().points().iter().map(|point| point.key().to_string()).collect();
        assert_eq!(keys, again);
    }

    #[test]
    fn what_is_listed_twice_counts_once() {
        let sweep = Sweep::new(
            vec![layer("a"), layer("b"), layer("a")],
            vec![set("n4096"), set("n4096")],
            vec![AlgorithmKind::Padded; 3],
            vec![Reduction::Lazy; 2],
        );
        assert_eq!(sweep.expect("a sweep").points().len(), 2);
    }

    #[test]
    fn names_tell_points_apart() {
        let other = ParamsSpec { ring_degree: 8192, ..set("n4096") };
        let sweep = Sweep::new(
            vec![layer("a")],
            vec![set("n4096"), other],
            vec![AlgorithmKind::Padded],
            vec![Reduction::Lazy],
        );
        let error = sweep.expect_err("two sets").to_string();
        assert_eq!(error, "two different parameter sets are called \"n4096\"; rename one");
    }

    #[test]
    fn the_number_of_points_is_bounded() {
        let sweep = |layers: usize| {
            let layers = (0..layers).map(|i| layer(&i.to_string())).collect();
            let sets = (0..1000).map(|i| set(&i.to_string())).collect();
            Sweep::new(layers, sets, AlgorithmKind::ALL[..4].to_vec(), vec![Reduction::Lazy])
        };
        assert_eq!(sweep(250).expect("the most").points().len(), MAX_POINTS);
        let error = sweep(251).expect_err("too many").to_string();
        assert!(error.starts_with("the sweep has 1004000 points, at most 1000000"), "{error}");
    }

    #[test]
    fn reasons_are_one_line() {
        let sweep = sweep();
        let row = sweep.points()[0].asked(&settings()).failed(&"a\nb\tc".into());
        assert_eq!(row.failed().map(|point| point.error.as_str()), Some("a b c"));
    }
}
