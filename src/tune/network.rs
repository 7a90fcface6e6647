//! Parameters for the layers of a network, and what its run is held against.

use std::collections::BTreeMap;

use super::{MARGIN_BITS, Objective, PlainRule, Query, any, search};
use crate::bfv::ParamsSpec;
use crate::conv::{AlgorithmKind, Choice, LayerSpec};
use crate::job::{Baseline, Estimator, JobError, RunSpec, Wire};
use crate::preset::LayerPreset;

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
    let mut best = |group: &[RunSpec], done, of| {
        let query = Query {
            runs: group.to_vec(),
            objective: wanted.objective,
            algorithms: wanted.algorithms.to_vec(),
            margin_bits: MARGIN_BITS,
            plain: PlainRule::default(),
        };
        let found = search(estimator, &query, |_, _| proceed(done, of))?;
        let candidate = found.candidates.first().ok_or_else(|| {
            let layers: Vec<String> = group.iter().map(|run| run.layer.full_name()).collect();
            JobError::NothingWillDo(layers.join(", "))
        })?;
        Ok(candidate.runs(&query))
    };
    match wanted.sharing {
        Sharing::OneSet => best(runs, 0, 1),
        Sharing::PerLayer => for_each(runs, |run, done, of| {
            let found = best(std::slice::from_ref(run), done, of)?;
            found.into_iter().next().ok_or_else(|| JobError::NothingWillDo(run.layer.full_name()))
        }),
    }
}

/// `runs`, each with whichever algorithm takes the least predicted total time with its parameters.
/// `proceed` hears of layers done, and ends the search by `false`, which leaves the rest as they are.
///
/// # Errors
/// As [`any()`], for the first layer for which no algorithm will do.
pub fn any_for_each(
    estimator: &Estimator,
    runs: &[RunSpec],
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Vec<RunSpec>, JobError> {
    for_each(runs, |run, done, of| {
        if !proceed(done, of) {
            return Ok(run.clone());
        }
        any(estimator, run).map(|(run, _)| run)
    })
}

/// What `best` gives of each run of a network. Runs that differ in nothing that a prediction depends
/// on share one answer. `best` is told how many of these are done, of how many.
fn for_each(
    runs: &[RunSpec],
    mut best: impl FnMut(&RunSpec, usize, usize) -> Result<RunSpec, JobError>,
) -> Result<Vec<RunSpec>, JobError> {
    let first = |run: &RunSpec| runs.iter().position(|other| is_like(run, other));
    let firsts: Vec<Option<usize>> = runs.iter().map(first).collect();
    let distinct = (0..runs.len()).filter(|place| firsts[*place] == Some(*place));
    let of = distinct.clone().count();
    let answers = distinct.enumerate().map(|(done, place)| {
        // What they share must hold the sums of all of them.
        let alike = runs.iter().zip(&firsts).filter(|(_, first)| **first == Some(place));
        let largest_output = alike.filter_map(|(run, _)| run.largest_output).max();
        let run = RunSpec { largest_output, ..runs[place].clone() };
        Ok((place, best(&run, done, of)?))
    });
    let answers: BTreeMap<usize, RunSpec> = answers.collect::<Result<_, JobError>>()?;
    let as_first = |(run, first): (&RunSpec, &Option<usize>)| {
        let RunSpec { params, algorithm, pinned, .. } = answers.get(&(*first)?)?.clone();
        Some(RunSpec { params, algorithm, pinned, ..run.clone() })
    };
    Ok(runs.iter().zip(&firsts).filter_map(as_first).collect())
}

/// Whether the same is predicted of both, but for how large sums are. All runs of a network have the same
/// setting, so what may differ is the layer, what is added to its sums, and its weights where they come
/// from a file.
fn is_like(a: &RunSpec, b: &RunSpec) -> bool {
    let nameless = |run: &RunSpec| LayerPreset {
        spec: LayerSpec { name: String::new(), ..run.layer.spec.clone() },
        network: None,
        origin: run.layer.origin.clone().filter(|_| run.weights.is_some()),
        ..run.layer.clone()
    };
    a.largest_bias == b.largest_bias && a.weights == b.weights && nameless(a) == nameless(b)
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
        // It has data of its own.
        weights: None,
        largest_output: None,
        ..run.clone()
    };
    let layers: Vec<RunSpec> = runs.iter().map(apart).collect();
    let wanted = Wanted {
        algorithms: &[AlgorithmKind::Conventional],
        sharing: Sharing::PerLayer,
        objective: Objective::Total,
    };
    // The whole layer may need more memory than there is; of each a part is run.
    let unlimited = |run: &RunSpec| RunSpec { max_memory: u64::MAX, ..run.clone() };
    let whole: Vec<RunSpec> = layers.iter().map(unlimited).collect();
    let best = tuned(estimator, &whole, wanted, proceed)?.into_iter().zip(&layers);
    let best = best.map(|(best, run)| RunSpec { max_memory: run.max_memory, ..best }).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::Backend;
    use crate::preset::Catalogue;

    /// Layers that are alike share parameters, whose t holds the sums of all of them.
    #[test]
    fn t_holds_the_sums_of_all_layers_that_share_it() {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer("bench/c16-32-k3").expect("exists").clone();
        let params = catalogue.params_set("n4096-t20").expect("exists");
        let run = RunSpec { backend: Backend::Portable, ..RunSpec::new(layer, params) };
        let of = |largest| RunSpec { largest_output: Some(largest), ..run.clone() };
        let wanted = Wanted {
            algorithms: &[AlgorithmKind::Interleaved],
            sharing: Sharing::PerLayer,
            objective: Objective::Communication,
        };
        let bits = |runs: &[RunSpec]| -> Vec<u32> {
            let best = tuned(&Estimator::default(), runs, wanted, |_, _| true).expect("will do");
            best.iter().map(|run| run.params.plain.bits()).collect()
        };
        assert_eq!(bits(&[of(5_000), of(200_000)]), [19, 19]);
        // The least prime = 1 mod 8192 above 10,000 has 16 bits.
        assert_eq!(bits(&[of(5_000)]), [16]);
    }
}
