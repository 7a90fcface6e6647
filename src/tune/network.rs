//! Parameters for the layers of a network, and what its run is held against.

use super::{Objective, Query, search};
use crate::bfv::ParamsSpec;
use crate::conv::{AlgorithmKind, Choice};
use crate::job::{Baseline, Estimator, JobError, RunSpec, Wire};

/// Bits of noise budget that tuned layers keep but for one time in 2^40.
pub const MARGIN_BITS: f64 = 4.0;

/// The parameters of the baseline that people run today, by name.
pub const BASELINE_PARAMS: &str = "n8192-t20";

/// Whether layers have parameters of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Each layer those that are best for it.
    PerLayer,
    /// All layers one set, so that keys are sent once.
    OneSet,
}

/// How parameters for a network are sought.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The algorithms to choose from.
    pub algorithms: &'a [AlgorithmKind],
    /// Whether layers have parameters of their own.
    pub sharing: Sharing,
    /// What to minimise.
    pub objective: Objective,
}

/// `runs` with the parameters, algorithms and lanes that are predicted to be best.
/// Noise is predicted for seeded weights of the layers' bit widths. `proceed` hears of layers done,
/// and ends the search by `false`, which gives what there is.
///
/// # Errors
/// [`JobError`] where a layer is not valid, or nothing will do for it.
pub fn tuned(
    estimator: &Estimator,
    runs: &[RunSpec],
    wanted: Wanted<'_>,
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Vec<RunSpec>, JobError> {
    let groups: Vec<&[RunSpec]> = match wanted.sharing {
        Sharing::PerLayer => runs.chunks(1).collect(),
        Sharing::OneSet => vec![runs],
    };
    let mut best = Vec::with_capacity(runs.len());
    for (done, group) in groups.iter().enumerate() {
        let query = Query {
            runs: group.to_vec(),
            objective: wanted.objective,
            algorithms: wanted.algorithms.to_vec(),
            margin_bits: MARGIN_BITS,
            plain_bits: None,
        };
        let found = search(estimator, &query, |_, _| proceed(done, groups.len()))?;
        let Some(candidate) = found.candidates.first() else {
            let layers: Vec<String> = group.iter().map(|run| run.layer.full_name()).collect();
            return Err(JobError::NothingWillDo(layers.join(", ")));
        };
        best.extend(candidate.runs(&query));
    }
    Ok(best)
}

/// The two ways to run a network conventionally: as people do, with `params` and whole ciphertexts,
/// and at its best. Of each layer one ciphertext of output channels is computed.
///
/// # Errors
/// As [`tuned`].
pub fn conventional(
    estimator: &Estimator,
    runs: &[RunSpec],
    params: &ParamsSpec,
    proceed: impl FnMut(usize, usize) -> bool,
) -> Result<[Baseline; 2], JobError> {
    let apart = |run: &RunSpec| RunSpec {
        params: params.clone(),
        algorithm: AlgorithmKind::Conventional,
        pinned: Choice::default(),
        subset: Some(1),
        weights: None,
        ..run.clone()
    };
    let layers: Vec<RunSpec> = runs.iter().map(apart).collect();
    let wanted = Wanted {
        algorithms: &[AlgorithmKind::Conventional],
        sharing: Sharing::PerLayer,
        objective: Objective::Total,
    };
    let best = tuned(estimator, &layers, wanted, proceed)?;
    let usual = Baseline {
        name: "conventional".into(),
        about: format!(
            "conventional at {} for all layers, ciphertexts sent whole: both polynomials modulo Q",
            params.name
        ),
        layers,
        wire: Wire::Plain,
    };
    let tuned = Baseline {
        name: "conventional-tuned".into(),
        about: "conventional with parameters tuned for each layer, seeded uploads and switched responses"
            .into(),
        layers: best,
        wire: Wire::Compact,
    };
    Ok([usual, tuned])
}
