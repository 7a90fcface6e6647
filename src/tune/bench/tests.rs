//! Turns and ratios, of runs that nobody made.

use std::sync::Mutex;

use super::execute::turns;
use super::{Bench, BenchRun, Kind, Ratios};
use crate::arith::kernels::Reduction;
use crate::conv::{AlgorithmKind, ConvError};
use crate::job::{JobError, RunSpec};
use crate::report::Record;
use crate::tune::sweep::testing::{layer, record_of, set, settings};
use crate::tune::sweep::{Measure, Settings};

fn plan() -> Bench {
    Bench {
        layers: vec![layer("a")],
        kinds: [AlgorithmKind::HadamardFused, AlgorithmKind::Padded]
            .map(|algorithm| Kind { algorithm, params: set("n4096"), weight_form: None })
            .into(),
        reductions: vec![Reduction::Eager, Reduction::Lazy],
        threads: vec![1, 4],
        settings: Settings { repeat: 3, ..settings() },
    }
}

fn run(measure: &Measure<'_>) -> Vec<BenchRun> {
    let plan = plan();
    turns(&plan, &plan.layers[0], measure, &mut || ()).expect("not cancelled")
}

/// A record with server time `server`.
fn record(spec: &RunSpec, server: f64) -> Record {
    let mut record = record_of(spec);
    (record.latency_ms.server, record.latency_ms.multiply) = (server, server / 2.0);
    record.verification = Some(crate::report::Verification::default());
    record
}

/// What kind of run it is: its factor.
fn factor(spec: &RunSpec) -> f64 {
    let padded = if spec.algorithm == AlgorithmKind::Padded { 3.0 } else { 1.0 };
    let eager = if spec.reduction == Reduction::Eager { 5.0 } else { 1.0 };
    padded * eager / spec.threads as f64
}

#[test]
fn runs_take_turns() {
    let order = Mutex::new(Vec::new());
    let runs = run(&|spec| {
        assert_eq!(spec.repeat, 1);
        let kind = (spec.threads, spec.algorithm.name(), spec.reduction.name());
        order.lock().expect("not poisoned").push(kind);
        Ok(record(spec, 1.0))
    });
    let order = order.into_inner().expect("not poisoned");
    let kinds = |run: &BenchRun| (run.threads, run.algorithm.clone(), run.reduction.clone());
    let of_runs: Vec<_> = runs.iter().map(kinds).collect();
    assert_eq!((order.len(), runs.len()), (24, 8));
    for turn in order.chunks(8) {
        let turn: Vec<_> = turn.iter().map(|(t, a, r)| (*t, (*a).into(), (*r).into())).collect();
        assert_eq!(turn, of_runs);
    }
}

/// A machine that is slower in one turn than in the others changes no ratio.
#[test]
fn ratios_are_those_within_a_turn() {
    let count = Mutex::new(0);
    let runs = run(&|spec| {
        let mut count = count.lock().expect("not poisoned");
        let turn = *count / 8;
        *count += 1;
        Ok(record(spec, factor(spec) * [1.0, 7.0, 2.0][turn]))
    });
    let ratios = Ratios::of(&runs);
    let spread = |spread: super::Spread| [spread.min, spread.median, spread.max];
    assert_eq!(ratios.over_fused.len(), 4);
    for ratio in &ratios.over_fused {
        assert_eq!((ratio.algorithm.as_str(), spread(ratio.server)), ("padded", [3.0; 3]));
    }
    assert_eq!(ratios.eager_over_lazy.len(), 4);
    for ratio in &ratios.eager_over_lazy {
        assert_eq!((spread(ratio.server), ratio.multiply), ([5.0; 3], 5.0));
    }
    assert_eq!(ratios.fewest_over_more_threads.len(), 4);
    for ratio in &ratios.fewest_over_more_threads {
        assert_eq!((ratio.from, ratio.to, spread(ratio.server)), (1, 4, [4.0; 3]));
    }
    let fused = runs.iter().find(|run| run.reduction == "lazy").and_then(|run| run.figures.clone());
    assert_eq!(fused.map(|figures| spread(figures.server_ms)), Some([1.0, 2.0, 7.0]));
}

#[test]
fn what_fails_says_why_and_costs_nothing_else() {
    let runs = run(&|spec| match spec.algorithm {
        AlgorithmKind::Padded => Err(JobError::Threads("none left".into())),
        _ => Ok(record(spec, 1.0)),
    });
    let (good, bad): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.figures.is_some());
    assert_eq!((good.len(), bad.len()), (4, 4));
    assert_eq!(bad[0].error.as_deref(), Some("cannot start threads: none left"));
    let ratios = Ratios::of(&runs);
    assert!(ratios.over_fused.is_empty());
    assert_eq!(ratios.eager_over_lazy.len(), 2);
}

#[test]
fn a_wrong_turn_makes_all_wrong() {
    let count = Mutex::new(0);
    let runs = run(&|spec| {
        let mut count = count.lock().expect("not poisoned");
        *count += 1;
        let mut record = record(spec, 1.0);
        if let (9, Some(verification)) = (*count, &mut record.verification) {
            verification.overflows = 1;
        }
        Ok(record)
    });
    let exact =
        |run: &BenchRun| run.figures.as_ref().is_some_and(|figures| figures.verdict.is_exact());
    let all: Vec<bool> = runs.iter().map(exact).collect();
    assert_eq!(all, [false, true, true, true, true, true, true, true]);
    let wrong = runs[0].figures.as_ref().expect("it was run");
    assert_eq!(wrong.verdict, crate::report::Verdict::Overflowed);
    assert!(wrong.fault.as_ref().is_some_and(|fault| fault.what.contains("1 of")), "{wrong:?}");
}

#[test]
fn it_stops_when_asked_to() {
    let plan = plan();
    let stop = |_: &RunSpec| Err(ConvError::Cancelled.into());
    let end = turns(&plan, &plan.layers[0], &stop, &mut || ());
    assert!(matches!(end, Err(super::BenchError::Cancelled)));
}
