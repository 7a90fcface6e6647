//! Finds the best parameters by prediction.
//!
//! Times depend on the ring degree, the number of limbs and the plan, and on which limbs are narrow;
//! bytes rise with the size of Q; noise falls with P, on which nothing else depends but the keys'
//! message. So every family of sets takes the widest P, the least Q that keeps the margin,
//! and a few sizes above it, for a larger Q may let the response be smaller by a bit or two.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bandwidths::Landscape;
use super::cause::Cause;
use super::objective::Objective;
use super::plain::PlainRule;
use super::space::{Family, MAX_LIMBS, RING_DEGREES, plain_bits_for};
use crate::arith::largest_ntt_primes;
use crate::bfv::{Params, ParamsSpec, SHARED_BY};
use crate::conv::cost::CostTable;
use crate::conv::pricing::Pricing;
use crate::conv::{AlgorithmKind, Setting};
use crate::job::{Estimator, JobError, RunSpec, needed_bytes};
use crate::predict::{LayerPredictor, Planned, Prediction, Sketch};
use crate::report::bytes_text;

/// What is to be tuned.
#[derive(Clone, Debug)]
pub struct Query {
    /// The runs whose parameters, algorithm and lanes are sought: one, or one for each layer of a
    /// network that is to have one parameter set.
    pub runs: Vec<RunSpec>,
    /// What to minimise.
    pub objective: Objective,
    /// The algorithms to choose from.
    pub algorithms: Vec<AlgorithmKind>,
    /// Bits of noise budget that must be left with probability 1 - 2^-40.
    pub margin_bits: f64,
    /// What t must hold.
    pub plain: PlainRule,
}

/// A way to run the layers of a query.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The parameters.
    pub params: ParamsSpec,
    /// For each run of the query, its algorithm and lanes, and what is predicted of it.
    pub layers: Vec<(AlgorithmKind, Prediction)>,
    /// The objective's value.
    pub value: f64,
}

impl Candidate {
    /// The runs of the query under this candidate.
    pub fn runs(&self, query: &Query) -> Vec<RunSpec> {
        let run =
            |(run, (algorithm, prediction)): (&RunSpec, &(AlgorithmKind, Prediction))| RunSpec {
                params: self.params.clone(),
                algorithm: *algorithm,
                pinned: prediction.choice,
                ..run.clone()
            };
        query.runs.iter().zip(&self.layers).map(run).collect()
    }

    /// The algorithms, as one word.
    pub fn algorithm(&self) -> String {
        let mut names: Vec<&str> = self.layers.iter().map(|(kind, _)| kind.name()).collect();
        names.dedup();
        names.join(", ")
    }

    /// The least noise budget that is left with probability 1 - 2^-40.
    pub fn floor(&self) -> f64 {
        self.layers.iter().map(|(_, p)| p.noise.floor).fold(f64::INFINITY, f64::min)
    }
}

/// Something that was considered and is not the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// N.
    pub ring_degree: usize,
    /// The parameters, or what they have in common.
    pub params: String,
    /// The algorithm.
    pub algorithm: String,
    /// Why not, in kind.
    pub cause: Cause,
    /// Why not, in words.
    pub reason: String,
}

/// What a search gave.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Of every ring degree, number of limbs and algorithm that can do it the best, the best of all
    /// first.
    pub candidates: Vec<Candidate>,
    /// What cannot.
    pub rejected: Vec<Rejected>,
    /// What wins over links of other bandwidths, where that was sought too.
    pub landscape: Landscape,
}

/// A search under way.
struct Search<'a> {
    query: &'a Query,
    layers: Vec<(&'a RunSpec, Arc<LayerPredictor>)>,
    course: Course<'a>,
}

/// Asks now and then whether to go on.
struct Course<'a> {
    /// Ring degrees that are done.
    done: Cell<usize>,
    proceed: RefCell<&'a mut dyn FnMut(usize, usize) -> bool>,
    asked: Cell<Option<Instant>>,
    stopped: Cell<bool>,
}

impl Course<'_> {
    /// How long a search goes on unasked: noise of a large layer takes long to predict.
    const UNASKED: Duration = Duration::from_millis(50);

    fn goes_on(&self) -> bool {
        let is_due = self.asked.get().is_none_or(|asked| asked.elapsed() >= Self::UNASKED);
        if !self.stopped.get() && is_due {
            self.asked.set(Some(Instant::now()));
            let proceed = &mut *self.proceed.borrow_mut();
            self.stopped.set(!proceed(self.done.get(), RING_DEGREES.len()));
        }
        !self.stopped.get()
    }
}

/// Searches all families of parameters. `proceed` is told of the ring degrees that are done, again and
/// again; `false` ends the search with what it has.
///
/// # Errors
/// [`JobError`] where a layer or its weights are not valid.
pub fn search(
    estimator: &Estimator,
    query: &Query,
    mut proceed: impl FnMut(usize, usize) -> bool,
) -> Result<Found, JobError> {
    let layers = query.runs.iter().map(|run| Ok((run, estimator.predictor(run)?)));
    let layers: Vec<(&RunSpec, Arc<LayerPredictor>)> = layers.collect::<Result<_, JobError>>()?;
    let course = Course {
        done: Cell::new(0),
        proceed: RefCell::new(&mut proceed),
        asked: Cell::new(None),
        stopped: Cell::new(false),
    };
    let search = Search { query, layers, course };
    // Layers that share parameters may each have an algorithm of their own; of one layer, every
    // algorithm is an answer.
    let groups: Vec<&[AlgorithmKind]> = match search.layers.len() {
        1 => query.algorithms.chunks(1).collect(),
        _ => vec![&query.algorithms],
    };
    let mut found = Found::default();
    for (done, ring_degree) in RING_DEGREES.into_iter().enumerate() {
        search.course.done.set(done);
        search.course.asked.set(None);
        if !search.course.goes_on() {
            break;
        }
        for group in &groups {
            search_ring(&search, ring_degree, group, &mut found);
        }
    }
    found.candidates.sort_by(|a, b| a.value.total_cmp(&b.value));
    Ok(found)
}

/// The candidates of one ring degree and group of algorithms, one for each number of limbs.
fn search_ring(
    search: &Search<'_>,
    ring_degree: usize,
    group: &[AlgorithmKind],
    found: &mut Found,
) {
    let Search { query, layers, course } = search;
    let names: Vec<&str> = group.iter().map(|kind| kind.name()).collect();
    let rejected = |cause: Cause, reason: String| Rejected {
        ring_degree,
        params: format!("N = {ring_degree}"),
        algorithm: names.join(", "),
        cause,
        reason,
    };
    let mut reject = |cause, reason| found.rejected.push(rejected(cause, reason));
    let Some(run) = query.runs.first() else { return };
    if run.policy.table.cap_log2_qp(ring_degree, run.policy.level).is_none() {
        let (table, level) = (run.policy.table.name(), run.policy.level.bits());
        reject(Cause::Security, format!("table {table} has no entry for {level} bits"));
        return;
    }
    let largest = layers.iter().filter_map(|(run, layer)| query.plain.largest(run, layer)).max();
    let plain_bits = match query.plain {
        PlainRule::Bits(bits) => Some(bits),
        _ => largest.and_then(|largest| plain_bits_for(ring_degree, largest)),
    };
    let Some(plain_bits) = plain_bits else {
        reject(Cause::Params, "no t of 32 bits or less holds the results".into());
        return;
    };
    let prime = largest_ntt_primes(plain_bits, 2 * ring_degree as u64, 1, &[]);
    if let Err(error) = prime {
        reject(Cause::Params, format!("plaintext modulus: {error}"));
        return;
    }
    let fits = |(_, layer): &(&RunSpec, Arc<LayerPredictor>)| {
        group.iter().any(|kind| !layer.plans(*kind, ring_degree).is_empty())
    };
    if !layers.iter().all(fits) {
        reject(Cause::Fit, "the layer does not fit the ring".into());
        return;
    }
    let mut lacking = Lacking::default();
    let before = found.candidates.len();
    for limbs in 1..=MAX_LIMBS {
        let mut best: Option<Candidate> = None;
        for family in Family::all(ring_degree, limbs, plain_bits) {
            match search_family(search, family, group) {
                Ok(found) if best.as_ref().is_none_or(|best| found.value < best.value) => {
                    best = Some(found);
                }
                Ok(_) => {}
                Err(more) => lacking = lacking.and(more),
            }
        }
        found.candidates.extend(best);
    }
    // What was not looked at is not rejected.
    if found.candidates.len() == before && course.goes_on() {
        let (cause, reason) = lacking.told(query.margin_bits, run.max_memory);
        found.rejected.push(rejected(cause, reason));
    }
}

/// What sets lack that will not do.
#[derive(Clone, Copy, Debug, Default)]
struct Lacking {
    /// The most noise budget that any leaves; none where noise was not looked at.
    floor: Option<f64>,
    /// The fewest bytes that a plan needs which may not have them.
    needed: Option<u64>,
}

impl Lacking {
    /// What these and others lack.
    fn and(self, other: Self) -> Self {
        let floors = self.floor.into_iter().chain(other.floor);
        Self {
            floor: floors.reduce(f64::max),
            needed: self.needed.into_iter().chain(other.needed).min(),
        }
    }

    fn told(self, margin_bits: f64, max_memory: u64) -> (Cause, String) {
        match self {
            Self { floor: Some(most), needed } => {
                let within = needed.map_or("", |_| " within the memory limit");
                let text = format!(
                    "leaves at most {most:.1} bits of noise budget{within}, margin {margin_bits}"
                );
                (Cause::Noise, text)
            }
            Self { floor: None, needed: Some(needed) } => {
                let (needed, allowed) = (bytes_text(needed), bytes_text(max_memory));
                (Cause::Memory, format!("needs {needed}, --max-memory allows {allowed}"))
            }
            Self { floor: None, needed: None } => {
                (Cause::Security, "no Q that exceeds t is within the security cap".into())
            }
        }
    }
}

/// Values this close are equal: of such plans the one with the fewest bytes of keys is the best.
pub(super) const EQUAL: f64 = 0.02;

/// How many sizes of Q above the least are looked at.
const MORE_SIZES: u32 = 8;

/// The best set of a family, or what all of them lack.
fn search_family(
    search: &Search<'_>,
    family: Family,
    group: &[AlgorithmKind],
) -> Result<Candidate, Lacking> {
    let query = search.query;
    let suiting: Vec<AlgorithmKind> =
        group.iter().copied().filter(|kind| kind.suits(family.moduli)).collect();
    let group = suiting.as_slice();
    let mut best: Option<Candidate> = None;
    let mut lacking = Lacking::default();
    let mut try_size = |q_bits: u32, group: &[AlgorithmKind], best: &mut Option<Candidate>| {
        let found = query.runs.first().and_then(|run| family.widest(q_bits, &run.policy));
        let Some((special_bits, params)) = found else { return false };
        match best_plans(search, &params, group) {
            Ok((plans, value)) => {
                if best.as_ref().is_none_or(|best| value < best.value) {
                    let params = family.spec(q_bits, special_bits);
                    *best = Some(Candidate { params, layers: plans, value });
                }
                true
            }
            Err(more) => {
                lacking = lacking.and(more);
                false
            }
        }
    };
    // What keeps the margin is a run of sizes; in steps first, since most of them are far off. Of
    // several algorithms each has a run of its own, and the best may be at the beginning of any.
    let sizes = family.sizes();
    for kind in group {
        let alone = std::slice::from_ref(kind);
        let coarse = sizes.clone().step_by(MORE_SIZES as usize);
        let first = coarse.into_iter().find(|size| try_size(*size, alone, &mut best));
        let range = match first {
            Some(size) => {
                size.saturating_sub(MORE_SIZES - 1).max(*sizes.start())..=size + MORE_SIZES
            }
            None => sizes.clone(),
        };
        let mut kept = 0;
        for size in range {
            if try_size(size, alone, &mut best) {
                kept += 1;
                // One by itself was tried just now.
                if group.len() > 1 {
                    try_size(size, group, &mut best);
                }
            }
            if kept > MORE_SIZES {
                break;
            }
        }
    }
    best.map(|best| slimmed(search, family, group, best)).ok_or(lacking)
}

/// The same set with a special prime no wider than it need be: the least that keeps the margin, and
/// all but a little of the noise budget. Keys are smaller then, and all else is the same.
fn slimmed(
    search: &Search<'_>,
    family: Family,
    group: &[AlgorithmKind],
    best: Candidate,
) -> Candidate {
    const LITTLE: f64 = 0.25;
    let Some(run) = search.query.runs.first() else { return best };
    let q_bits = best.params.limbs.iter().map(|limb| limb.bits()).sum();
    let slimmer = best.params.special.and_then(|most| {
        (*family.sizes().start() / family.moduli.limbs as u32..most.bits()).find_map(
            |special_bits| {
                let spec = family.spec(q_bits, Some(special_bits));
                let params = Params::new(&spec, &run.policy).ok()?;
                let (plans, value) = best_plans(search, &params, group).ok()?;
                let candidate = Candidate { params: spec, layers: plans, value };
                let is_as_good = value <= best.value && candidate.floor() >= best.floor() - LITTLE;
                is_as_good.then_some(candidate)
            },
        )
    });
    slimmer.unwrap_or(best)
}

/// The best plan of each layer under `params`, and the objective's value; or what the first layer
/// lacks for which there is none.
fn best_plans(
    search: &Search<'_>,
    params: &Params,
    group: &[AlgorithmKind],
) -> Result<(Vec<(AlgorithmKind, Prediction)>, f64), Lacking> {
    let Search { query, layers, .. } = search;
    let mut plans = Vec::with_capacity(layers.len());
    for (run, layer) in layers {
        plans.push(best_plan(search, run, layer, params, group)?);
    }
    let values = plans
        .iter()
        .zip(layers)
        .map(|((_, prediction), (run, _))| query.objective.of_prediction(prediction, &run.link));
    let value = query.objective.over_layers(values);
    Ok((plans, value))
}

fn best_plan(
    search: &Search<'_>,
    run: &RunSpec,
    layer: &LayerPredictor,
    params: &Params,
    group: &[AlgorithmKind],
) -> Result<(AlgorithmKind, Prediction), Lacking> {
    let Search { query, course, .. } = search;
    if !course.goes_on() {
        return Err(Lacking::default());
    }
    let reference = CostTable::reference(run.backend);
    let costs = run.costs.as_deref().unwrap_or(&reference);
    let alone = Setting::new(params, run.reduction);
    let pricing = |by| Pricing { costs, setting: alone.shared(by), threads: run.threads };
    let value = |prediction: &Prediction| query.objective.of_prediction(prediction, &run.link);
    let all: Vec<(AlgorithmKind, Arc<Vec<Planned>>)> =
        group.iter().map(|kind| (*kind, layer.plans(*kind, params.ring_degree()))).collect();
    let sharing = SHARED_BY.into_iter().filter(|by| *by == 1 || params.special().is_some());
    let plans = all.iter().flat_map(|(kind, plans)| {
        let choices = layer.choices(*kind, plans, alone).into_iter();
        choices.map(|place| (*kind, &plans[place]))
    });
    let sketches = plans.flat_map(|(kind, plan)| {
        let sharing = sharing.clone();
        sharing.map(move |by| (kind, layer.sketch(plan, pricing(by)), alone.shared(by)))
    });
    let mut lacking = Lacking::default();
    // A run that holds more than it may is refused, so its plan is no answer.
    let sketches = sketches.filter(|(_, sketch, setting)| {
        let needed = needed_bytes(run, layer.layer(), sketch.outline(), *setting);
        if needed > run.max_memory {
            lacking = lacking.and(Lacking { needed: Some(needed), floor: None });
        }
        needed <= run.max_memory
    });
    // In the order of what they can be at best, so that noise is worked out for few of them.
    let mut bounds: Vec<(f64, AlgorithmKind, Sketch<'_>)> =
        sketches.map(|(kind, sketch, _)| (value(&sketch.bound()), kind, sketch)).collect();
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut least, mut good) = (f64::INFINITY, Vec::new());
    for (bound, kind, sketch) in bounds {
        if bound >= least * (1.0 + EQUAL) || !course.goes_on() {
            break;
        }
        let prediction = sketch.predict();
        lacking = lacking.and(Lacking { floor: Some(prediction.noise.floor), needed: None });
        if prediction.noise.floor >= query.margin_bits {
            let value = value(&prediction);
            least = least.min(value);
            good.push((value, kind, prediction));
        }
    }
    // Keys are sent once, but not for nothing.
    let good = good.into_iter().filter(|(value, ..)| *value <= least * (1.0 + EQUAL));
    let best = good.min_by(|(a, _, first), (b, _, second)| {
        first.sizes.keys.cmp(&second.sizes.keys).then(a.total_cmp(b))
    });
    best.map(|(_, kind, prediction)| (kind, prediction)).ok_or(lacking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::Backend;
    use crate::bfv::security::SecurityPolicy;
    use crate::preset::Catalogue;

    fn query(layer: &str, objective: Objective) -> Query {
        let catalogue = Catalogue::builtin().expect("valid presets");
        let layer = catalogue.layer(layer).expect("exists").clone();
        let params = Family::all(4096, 2, 20).next().expect("even").spec(70, Some(36));
        let run = RunSpec { backend: Backend::Portable, ..RunSpec::new(layer, params) };
        Query {
            runs: vec![run],
            objective,
            algorithms: AlgorithmKind::ALL.to_vec(),
            margin_bits: 4.0,
            plain: PlainRule::default(),
        }
    }

    /// For every objective the least value of any set, plan and algorithm of a ring degree that keeps
    /// cap and margin, by looking at all sizes of Q and P.
    fn exhaustive(query: &Query, estimator: &Estimator, ring_degree: usize) -> [f64; 9] {
        let run = &query.runs[0];
        let layer = estimator.predictor(run).expect("valid");
        let plain_bits = plain_bits_for(ring_degree, layer.largest()).expect("some t");
        let mut least = [f64::INFINITY; 9];
        for family in (1..=3).flat_map(|limbs| Family::all(ring_degree, limbs, plain_bits)) {
            let specials: Vec<Option<u32>> =
                if family.moduli.has_special { (20..=50).map(Some).collect() } else { vec![None] };
            for (q_bits, special_bits) in
                family.sizes().flat_map(|q| specials.iter().map(move |special| (q, *special)))
            {
                let spec = family.spec(q_bits, special_bits);
                let Ok(params) = Params::new(&spec, &run.policy) else { continue };
                for kind in AlgorithmKind::ALL.into_iter().filter(|kind| kind.suits(family.moduli))
                {
                    let costs = CostTable::reference(Backend::Portable);
                    let setting = Setting::new(&params, run.reduction);
                    let pricing = Pricing { costs: &costs, setting, threads: 1 };
                    let plans = layer.plans(kind, ring_degree);
                    let sharing = SHARED_BY.into_iter();
                    let sharing = sharing.filter(|by| *by == 1 || special_bits.is_some());
                    for (place, by) in layer
                        .choices(kind, &plans, setting)
                        .into_iter()
                        .flat_map(|place| sharing.clone().map(move |by| (place, by)))
                    {
                        let pricing = Pricing { setting: setting.shared(by), ..pricing };
                        let prediction = layer.predict_plan(&plans[place], &pricing);
                        if prediction.noise.floor >= query.margin_bits {
                            for (least, objective) in least.iter_mut().zip(Objective::ALL) {
                                let value = objective.of_prediction(&prediction, &run.link);
                                *least = least.min(value);
                            }
                        }
                    }
                }
            }
        }
        least
    }

    /// Nothing in the whole space is more than 5 % better than what the search finds.
    #[test]
    fn the_search_misses_nothing() {
        let estimator = Estimator::default();
        let degrees = [2048, 4096];
        let all = degrees.map(|ring_degree| {
            exhaustive(&query("bench/c16-32-k3", Objective::Total), &estimator, ring_degree)
        });
        for (i, objective) in Objective::ALL.into_iter().enumerate() {
            let query = query("bench/c16-32-k3", objective);
            let found = search(&estimator, &query, |_, _| true).expect("valid");
            for (ring_degree, all) in degrees.into_iter().zip(all) {
                let all = all[i];
                let here = found.candidates.iter().filter(|c| c.params.ring_degree == ring_degree);
                let best = here.map(|candidate| candidate.value).fold(f64::INFINITY, f64::min);
                let name = objective.name();
                assert!(best <= all * 1.05, "{name}, N {ring_degree}: {best}, exhaustive {all}");
            }
            assert!(found.candidates.is_sorted_by(|a, b| a.value <= b.value));
            assert!(found.candidates[0].floor() >= 4.0);
        }
    }

    /// What is found holds what it promises, and what is not is told why.
    #[test]
    fn candidates_are_secure_and_the_rest_is_explained() {
        let estimator = Estimator::default();
        let query = query("mobilenetv1/dw3", Objective::Total);
        let found = search(&estimator, &query, |_, _| true).expect("valid");
        for candidate in &found.candidates {
            let params = Params::new(&candidate.params, &SecurityPolicy::default());
            assert!(params.is_ok_and(|params| params.security().ok), "{}", candidate.params.name);
            let [run] = candidate.runs(&query).try_into().expect("one layer");
            // Nothing that was kept for other sets stands for this one.
            let again = Estimator::default().estimate(&run).expect("fits").record;
            assert!((query.objective.of_record(&again) - candidate.value).abs() < 0.01);
            assert!(again.noise_bits.predicted_final_floor >= query.margin_bits - 0.01);
        }
        assert!(found.rejected.iter().any(|lost| lost.reason.contains("noise budget")));
        assert!(found.rejected.iter().any(|lost| lost.params == "N = 1024"));
    }

    /// What the search gives can be run within the limit, and where nothing can, that is said.
    #[test]
    fn the_memory_limit_is_held() {
        let estimator = Estimator::default();
        let mut query = query("bench/c16-32-k3", Objective::Server);
        let needed = |candidate: &Candidate, query: &Query| {
            let [run] = candidate.runs(query).try_into().expect("one layer");
            let unlimited = RunSpec { max_memory: u64::MAX, ..run };
            let params = Params::new(&unlimited.params, &unlimited.policy).expect("valid");
            let layer = estimator.predictor(&unlimited).expect("valid");
            let setting = unlimited.setting(&params);
            let plans = layer.plans(unlimited.algorithm, params.ring_degree());
            let lanes = |plan: &&Planned| unlimited.pinned.admits(&AsRef::as_ref(*plan).choice());
            let all = plans.iter().filter(lanes);
            let bytes = all.map(|plan| {
                let outline = AsRef::as_ref(plan).outline(setting, unlimited.threads);
                needed_bytes(&unlimited, layer.layer(), &outline, setting)
            });
            bytes.min().expect("a plan")
        };
        let free = search(&estimator, &query, |_, _| true).expect("valid");
        let limit = needed(&free.candidates[0], &query) - 1;
        query.runs[0].max_memory = limit;
        let found = search(&estimator, &query, |_, _| true).expect("valid");
        assert!(!found.candidates.is_empty());
        for candidate in &found.candidates {
            assert!(needed(candidate, &query) <= limit, "{}", candidate.params.name);
            let [run] = candidate.runs(&query).try_into().expect("one layer");
            assert!(crate::job::Prepared::new(&run).is_ok(), "{}", candidate.params.name);
        }
        query.runs[0].max_memory = 1 << 20;
        let none = search(&estimator, &query, |_, _| true).expect("valid");
        assert!(none.candidates.is_empty());
        let memory = none.rejected.iter().find(|lost| lost.cause == Cause::Memory);
        let reason = &memory.expect("told").reason;
        assert!(reason.starts_with("needs ") && reason.contains("1.00 MiB"), "{reason}");
    }

    #[test]
    fn an_impossible_margin_finds_nothing() {
        let estimator = Estimator::default();
        let query = Query { margin_bits: 900.0, ..query("bench/c16-32-k3", Objective::Total) };
        let found = search(&estimator, &query, |_, _| true).expect("valid");
        assert!(found.candidates.is_empty() && !found.rejected.is_empty());
        let stopped = search(&estimator, &query, |done, _| done < 1).expect("valid");
        assert!(stopped.rejected.len() < found.rejected.len());
    }
}
