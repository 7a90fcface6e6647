//! The algorithm of a run that may have any.

use super::MARGIN_BITS;
use crate::bfv::Params;
use crate::conv::AlgorithmKind;
use crate::job::{Estimator, JobError, RunSpec};

/// What algorithms come to with the parameters of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Standings {
    /// Those that will do, with their predicted milliseconds from the input to the output; the
    /// fastest first.
    pub ranked: Vec<(AlgorithmKind, f64)>,
    /// The others, and why not.
    pub unfit: Vec<(AlgorithmKind, String)>,
}

/// `run` with whichever algorithm takes the least predicted total time of those that fit, hold no more
/// memory than they may and keep [`MARGIN_BITS`] of noise budget but for one time in 2^40; and how
/// all of them stand. The algorithm that `run` has counts for nothing.
///
/// # Errors
/// [`JobError`] where the layer, its weights or the parameters are not valid, and
/// [`JobError::NoAlgorithm`] where no algorithm will do.
pub fn any(estimator: &Estimator, run: &RunSpec) -> Result<(RunSpec, Standings), JobError> {
    // What no algorithm can change is told once.
    Params::new(&run.params, &run.policy)
        .map_err(|source| JobError::Params { params: run.params.name.clone(), source })?;
    estimator.predictor(run)?;
    let mut standings = Standings { ranked: Vec::new(), unfit: Vec::new() };
    for kind in AlgorithmKind::ALL {
        match total(estimator, &RunSpec { algorithm: kind, ..run.clone() }) {
            Ok(total) => standings.ranked.push((kind, total)),
            Err(reason) => standings.unfit.push((kind, reason)),
        }
    }
    standings.ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    let Some((algorithm, _)) = standings.ranked.first() else {
        let reasons = standings.unfit.into_iter();
        return Err(JobError::NoAlgorithm {
            layer: run.layer.full_name(),
            params: run.params.name.clone(),
            reasons: reasons.map(|(kind, reason)| (kind.name(), reason)).collect(),
        });
    };
    Ok((RunSpec { algorithm: *algorithm, ..run.clone() }, standings))
}

/// The predicted milliseconds of a run in all, or why it will not do.
fn total(estimator: &Estimator, run: &RunSpec) -> Result<f64, String> {
    let reason = |error: JobError| match error {
        // Which layer is said already.
        JobError::DoesNotFit { source, .. } => source.to_string(),
        other => other.to_string(),
    };
    estimator.require_run(run).map_err(reason)?;
    let record = estimator.estimate(run).map_err(reason)?.record;
    let floor = record.noise_bits.predicted_final_floor;
    if floor < MARGIN_BITS {
        return Err(format!("noise budget {floor:.1} bits, margin {MARGIN_BITS}"));
    }
    Ok(record.latency_ms.total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::Choice;
    use crate::preset::Catalogue;

    fn run(layer: &str, params: &str) -> RunSpec {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer(layer).expect("exists").clone();
        RunSpec::new(layer, catalogue.params_set(params).expect("valid"))
    }

    fn total_of(estimator: &Estimator, run: &RunSpec, algorithm: AlgorithmKind) -> f64 {
        let run = RunSpec { algorithm, ..run.clone() };
        estimator.estimate(&run).expect("fits").record.latency_ms.total
    }

    #[test]
    fn the_least_total_of_those_that_keep_the_margin_is_taken() {
        let estimator = Estimator::default();
        let mut winners = Vec::new();
        for mbit in [1.0, 100_000.0] {
            let mut run = run("bench/c16-32-k3", "n8192-t20");
            run.link.bandwidth_bits_per_second = mbit * 1e6;
            let (chosen, standings) = any(&estimator, &run).expect("one will do");
            let all = standings.ranked.len() + standings.unfit.len();
            assert_eq!(all, AlgorithmKind::ALL.len());
            assert_eq!(chosen.algorithm, standings.ranked[0].0);
            for (kind, total) in &standings.ranked {
                let difference = total - total_of(&estimator, &run, *kind);
                assert!(difference.abs() < 1e-9, "{kind:?}: {difference}");
                assert!(*total >= standings.ranked[0].1);
            }
            winners.push(standings.ranked);
        }
        assert!(winners[0][0].1 > winners[1][0].1, "a slow link takes longer: {winners:?}");
    }

    #[test]
    fn where_none_will_do_each_is_told_why() {
        let estimator = Estimator::default();
        // t takes all the room that Q has.
        let error = any(&estimator, &run("bench/c16-32-k3", "4096:30|30:28"));
        let Err(JobError::NoAlgorithm { reasons, .. }) = &error else { panic!("{error:?}") };
        assert_eq!(reasons.len(), AlgorithmKind::ALL.len());
        let said = error.expect_err("none").to_string();
        for kind in AlgorithmKind::ALL {
            assert!(said.contains(kind.name()), "{said}");
        }
        assert!(said.contains("bits, margin 4"), "{said}");
        // What is the same for all is said as of any run.
        let insecure = any(&estimator, &run("bench/c16-32-k3", "4096:50,50|50:20"));
        assert!(matches!(insecure, Err(JobError::Params { .. })), "{insecure:?}");
        let little = RunSpec { max_memory: 1 << 20, ..run("bench/c16-32-k3", "n4096-t20") };
        let said = any(&estimator, &little).expect_err("none").to_string();
        assert!(said.contains("--max-memory allows 1.00 MiB"), "{said}");
    }

    #[test]
    fn lanes_leave_those_that_have_them() {
        let run =
            RunSpec { pinned: Choice::of_lanes(Some(2)), ..run("bench/c16-32-k3", "n4096-t20") };
        let (chosen, standings) = any(&Estimator::default(), &run).expect("one will do");
        assert_eq!(chosen.pinned, Choice::of_lanes(Some(2)));
        let unfit = standings.unfit.iter().map(|(_, reason)| reason);
        assert!(unfit.clone().all(|reason| !reason.starts_with("layer ")), "{standings:?}");
    }
}
