//! Runs of a layer against each other, turn by turn.

use serde::Serialize;

use super::{BenchRun, Figures, Spread};
use crate::arith::kernels::Reduction;
use crate::conv::AlgorithmKind;
use crate::report::rounded;

/// What others take over what one takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ratios {
    /// Every other algorithm over `hadamard-fused`, of the same reduction and threads.
    pub over_fused: Vec<Ratio>,
    /// Eager over lazy reduction, of the same algorithm and threads.
    pub eager_over_lazy: Vec<ReductionRatio>,
    /// The fewest threads over more, of the same algorithm and reduction.
    pub fewest_over_more_threads: Vec<ThreadsRatio>,
}

/// An algorithm over `hadamard-fused`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// Threads of both.
    pub threads: usize,
    /// Server times within each turn.
    pub server: Spread,
    /// Median totals.
    pub total: f64,
    /// Bytes of stored weights.
    pub weights: f64,
    /// Bytes that the server holds at its fullest.
    pub server_peak: f64,
    /// Bytes of upload and download.
    pub communication: f64,
}

/// Eager over lazy reduction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReductionRatio {
    /// The algorithm's name.
    pub algorithm: String,
    /// Threads of both.
    pub threads: usize,
    /// Server times within each turn.
    pub server: Spread,
    /// Times of the multiply stage, of the runs with the median server time.
    pub multiply: f64,
}

/// Fewer over more threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadsRatio {
    /// The algorithm's name.
    pub algorithm: String,
    /// `eager` or `lazy`.
    pub reduction: String,
    /// The fewest threads.
    pub from: usize,
    /// More threads.
    pub to: usize,
    /// Server times within each turn.
    pub server: Spread,
}

/// Server times of `over` over those of `under`, turn by turn.
fn server(over: &Figures, under: &Figures) -> Option<Spread> {
    Spread::of(over.turns.iter().zip(&under.turns).map(|(over, under)| over / under.max(1e-9)))
}

fn quotient(over: f64, under: f64) -> f64 {
    rounded(over / under.max(1e-9), 3)
}

impl Ratios {
    /// Of the runs of one layer. What has no figures is left out.
    pub fn of(runs: &[BenchRun]) -> Self {
        let figures =
            |run: &BenchRun, algorithm: &str, reduction: &str, threads: usize| -> Option<Figures> {
                let is_it = run.algorithm == algorithm
                    && run.reduction == reduction
                    && run.threads == threads;
                run.figures.clone().filter(|_| is_it)
            };
        let find = |algorithm: &str, reduction: &str, threads: usize| {
            runs.iter().find_map(|run| figures(run, algorithm, reduction, threads))
        };
        let fewest = runs.iter().map(|run| run.threads).min().unwrap_or(1);
        let mut ratios = Self::default();
        for run in runs {
            let BenchRun { algorithm, reduction, threads, figures: Some(mine), .. } = run else {
                continue;
            };
            let fused = AlgorithmKind::HadamardFused.name();
            if algorithm != fused {
                let fused = find(fused, reduction, *threads);
                ratios.over_fused.extend(fused.and_then(|fused| over_fused(run, mine, &fused)));
            }
            if reduction == Reduction::Eager.name() {
                let lazy = find(algorithm, Reduction::Lazy.name(), *threads);
                let ratio = lazy.and_then(|lazy| {
                    Some(ReductionRatio {
                        algorithm: algorithm.clone(),
                        threads: *threads,
                        server: server(mine, &lazy)?,
                        multiply: quotient(mine.multiply_ms, lazy.multiply_ms),
                    })
                });
                ratios.eager_over_lazy.extend(ratio);
            }
            if *threads > fewest {
                let few = find(algorithm, reduction, fewest);
                let ratio = few.and_then(|few| {
                    Some(ThreadsRatio {
                        algorithm: algorithm.clone(),
                        reduction: reduction.clone(),
                        from: fewest,
                        to: *threads,
                        server: server(&few, mine)?,
                    })
                });
                ratios.fewest_over_more_threads.extend(ratio);
            }
        }
        ratios
    }
}

fn over_fused(run: &BenchRun, mine: &Figures, fused: &Figures) -> Option<Ratio> {
    let (held, held_fused) = (&mine.storage_bytes, &fused.storage_bytes);
    let bytes = |over: u64, under: u64| quotient(over as f64, under as f64);
    let sent = |figures: &Figures| {
        figures.communication_bytes.upload + figures.communication_bytes.download
    };
    Some(Ratio {
        algorithm: run.algorithm.clone(),
        reduction: run.reduction.clone(),
        threads: run.threads,
        server: server(mine, fused)?,
        total: quotient(mine.total_ms.median, fused.total_ms.median),
        weights: bytes(held.weights, held_fused.weights),
        server_peak: bytes(held.server_peak, held_fused.server_peak),
        communication: bytes(sent(mine), sent(fused)),
    })
}
