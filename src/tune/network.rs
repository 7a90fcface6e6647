//! Parameters for the layers of a network, and what its run is held against.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// `runs` with the parameters, algorithms and lanes that are predicted to be best, several layers sought
/// at a time, on as many threads as runs have; what is found does not depend on how many.
/// Noise is predicted for seeded weights of the layers' bit widths. `proceed` hears of layers done,
/// and ends the search by `false`, which gives what there is.
///
/// # Errors
/// [`JobError`] where a layer is not valid, or nothing will do for it.
pub fn tuned(
    estimator: &Estimator,
    runs: &[RunSpec],
    wanted: Wanted<'_>,
    mut proceed: impl FnMut(usize, usize) -> bool + Send,
) -> Result<Vec<RunSpec>, JobError> {
    tuned_on(threads(runs), estimator, runs, wanted, &mut proceed)
}

fn tuned_on(
    threads: usize,
    estimator: &Estimator,
    runs: &[RunSpec],
    wanted: Wanted<'_>,
    proceed: &mut Proceed<'_>,
) -> Result<Vec<RunSpec>, JobError> {
    let best = |group: &[RunSpec], course: &Course<'_>| {
        let query = Query {
            runs: group.to_vec(),
            objective: wanted.objective,
            algorithms: wanted.algorithms.to_vec(),
            margin_bits: MARGIN_BITS,
            plain: PlainRule::default(),
        };
        let found = search(estimator, &query, |_, _| course.goes_on())?;
        let candidate = found.candidates.first().ok_or_else(|| {
            let layers: Vec<String> = group.iter().map(|run| run.layer.full_name()).collect();
            JobError::NothingWillDo(layers.join(", "))
        })?;
        Ok(candidate.runs(&query))
    };
    match wanted.sharing {
        Sharing::OneSet => best(runs, &Course::of(1, proceed)),
        Sharing::PerLayer => for_each(runs, threads, proceed, |run, course| {
            let found = best(std::slice::from_ref(run), course)?;
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
    mut proceed: impl FnMut(usize, usize) -> bool + Send,
) -> Result<Vec<RunSpec>, JobError> {
    for_each(runs, threads(runs), &mut proceed, |run, course| {
        if !course.goes_on() {
            return Ok(run.clone());
        }
        any(estimator, run).map(|(run, _)| run)
    })
}

/// The threads of a network's runs.
fn threads(runs: &[RunSpec]) -> usize {
    runs.iter().map(|run| run.threads).max().unwrap_or(1)
}

/// What `best` gives of each run of a network. Runs that differ in nothing that a prediction depends
/// on share one answer.
fn for_each(
    runs: &[RunSpec],
    threads: usize,
    proceed: &mut Proceed<'_>,
    best: impl Fn(&RunSpec, &Course<'_>) -> Result<RunSpec, JobError> + Sync,
) -> Result<Vec<RunSpec>, JobError> {
    let first = |run: &RunSpec| runs.iter().position(|other| is_like(run, other));
    let firsts: Vec<Option<usize>> = runs.iter().map(first).collect();
    let distinct: Vec<usize> =
        (0..runs.len()).filter(|place| firsts[*place] == Some(*place)).collect();
    let course = Course::of(distinct.len(), proceed);
    let answers = in_turn(&distinct, threads, |place| {
        // What they share must hold the sums of all of them.
        let alike = runs.iter().zip(&firsts).filter(|(_, first)| **first == Some(*place));
        let largest_output = alike.filter_map(|(run, _)| run.largest_output).max();
        let run = RunSpec { largest_output, ..runs[*place].clone() };
        let answer = best(&run, &course);
        course.done.fetch_add(1, Ordering::Relaxed);
        answer
    })?;
    let answers: BTreeMap<usize, RunSpec> = distinct.into_iter().zip(answers).collect();
    let as_first = |(run, first): (&RunSpec, &Option<usize>)| {
        let RunSpec { params, algorithm, pinned, .. } = answers.get(&(*first)?)?.clone();
        Some(RunSpec { params, algorithm, pinned, ..run.clone() })
    };
    Ok(runs.iter().zip(&firsts).filter_map(as_first).collect())
}

/// Hears of layers done and of how many there are, and says whether to go on.
type Proceed<'a> = dyn FnMut(usize, usize) -> bool + Send + 'a;

/// How far all layers are together.
struct Course<'a> {
    proceed: Mutex<&'a mut Proceed<'a>>,
    done: AtomicUsize,
    of: usize,
}

impl<'a> Course<'a> {
    fn of(of: usize, proceed: &'a mut Proceed<'a>) -> Self {
        Self { proceed: Mutex::new(proceed), done: AtomicUsize::new(0), of }
    }

    fn goes_on(&self) -> bool {
        let mut proceed = self.proceed.lock().unwrap_or_else(PoisonError::into_inner);
        (*proceed)(self.done.load(Ordering::Relaxed), self.of)
    }
}

/// What `answer` gives of all items, in their order. So many threads each take the next one that is left;
/// they are none of a pool, whose threads take up other work, and with it locks, while they wait.
///
/// # Errors
/// That of the first item which has one; of what comes after it nothing more is begun.
fn in_turn<T: Sync, A: Send>(
    items: &[T],
    threads: usize,
    answer: impl Fn(&T) -> Result<A, JobError> + Sync,
) -> Result<Vec<A>, JobError> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut answers = Vec::new();
        while !has_failed.load(Ordering::Relaxed) {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { break };
            let answer = answer(item);
            has_failed.fetch_or(answer.is_err(), Ordering::Relaxed);
            answers.push((place, answer));
        }
        answers
    };
    let mut answers = std::thread::scope(|scope| {
        let helper = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (1..threads.min(items.len())).filter_map(helper).collect();
        let mut all = work();
        for helper in helpers {
            all.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        all
    });
    // Items are taken in order, so all before the first that failed are there.
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
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
    proceed: impl FnMut(usize, usize) -> bool + Send,
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

    /// How many threads seek changes nothing of what is found.
    #[test]
    fn threads_find_the_same() {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let network = catalogue.network("resnet20").expect("exists");
        let params = catalogue.params_set("n4096-t20").expect("exists");
        let run = |layer: &LayerPreset| RunSpec {
            backend: Backend::Portable,
            ..RunSpec::new(layer.clone(), params.clone())
        };
        let runs: Vec<RunSpec> = network.layers.iter().map(run).collect();
        let found = |threads| -> Vec<_> {
            let wanted = Wanted {
                algorithms: &[AlgorithmKind::Coefficient],
                sharing: Sharing::PerLayer,
                objective: Objective::Total,
            };
            let mut last = (0, 0);
            let mut hear = |done, of| {
                assert!(done >= last.0 && done < of, "{done} {of}");
                last = (done, of);
                true
            };
            let best = tuned_on(threads, &Estimator::default(), &runs, wanted, &mut hear);
            assert!(last.0 > 0 && last.1 < runs.len(), "{last:?}");
            let best = best.expect("will do").into_iter();
            best.map(|run| (run.layer.full_name(), run.params, run.pinned)).collect()
        };
        let one = found(1);
        assert_eq!(one.len(), network.layers.len());
        assert_eq!(one, found(3));
    }

    #[test]
    fn the_first_failure_is_told_and_ends_it() {
        let asked = AtomicUsize::new(0);
        let answer = |item: &usize| {
            asked.fetch_add(1, Ordering::Relaxed);
            if *item < 40 { Ok(*item) } else { Err(JobError::NothingWillDo(item.to_string())) }
        };
        let items: Vec<usize> = (0..1000).collect();
        for threads in [1, 4] {
            assert_eq!(in_turn(&items[..40], threads, answer).expect("all"), &items[..40]);
            asked.store(0, Ordering::Relaxed);
            let error = in_turn(&items, threads, answer).expect_err("fails");
            assert!(matches!(&error, JobError::NothingWillDo(first) if first == "40"), "{error}");
            assert!(asked.load(Ordering::Relaxed) <= 40 + threads);
        }
    }
}
