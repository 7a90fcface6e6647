//! Predictions for one layer with its weights.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndarray::{Array4, ArrayView4};

use crate::arith::Modulus;
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::{Params, Widths};
use crate::conv::cost::{CostTable, StageTimes};
use crate::conv::gains::{SumGains, WeightGains};
use crate::conv::noise::{PredictedBudgets, StageNoise};
use crate::conv::planner::{DoesNotFit, choose};
use crate::conv::pricing::Pricing;
use crate::conv::sizes::{Sizes, beside_server_bytes};
use crate::conv::work::Work;
use crate::conv::{
    AlgorithmKind, Choice, Layer, Operations, Outline, Plan, Setting, largest_output,
};

/// What a run will give.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// What the plan has decided.
    pub choice: Choice,
    /// Ciphertexts sent.
    pub uploads: usize,
    /// Ciphertexts sent back.
    pub downloads: usize,
    /// Noise budgets.
    pub noise: PredictedBudgets,
    /// Times of the stages.
    pub times: StageTimes,
    /// Bits of the coefficients of the response.
    pub response: Widths,
    /// Coefficients of c0 that the response carries.
    pub read: usize,
    /// Bytes held and sent, exactly.
    pub sizes: Sizes,
    /// Bytes that a run takes besides the server's own and its data.
    pub beside_server_bytes: u64,
    /// The server's work, exactly.
    pub operations: Operations,
    /// log2 t - 1 - log2 of the largest value that any input gives with the weights.
    pub headroom_bits: f64,
    /// The same over all weights of the layer's bit width.
    pub worst_headroom_bits: f64,
}

/// Predicts runs of one layer with known weights, under any parameters.
///
/// The first prediction of a packing walks over the weights; those after it take well below a
/// millisecond.
#[derive(Debug)]
pub struct LayerPredictor {
    layer: Layer,
    weights: Array4<i8>,
    largest: i64,
    plans: Mutex<HashMap<(AlgorithmKind, usize), Plans>>,
    chosen: Mutex<HashMap<Asked, usize>>,
    /// The costs that runs are planned with.
    reference: CostTable,
}

/// All plans of an algorithm at a ring degree.
pub type Plans = Arc<Vec<Planned>>;

/// What the planner's choice follows from: algorithm, N, all primes, reduction and what is pinned.
/// Which limbs are narrow, and whether sums may be moved with one less, depend on the primes.
type Asked = (AlgorithmKind, usize, Vec<u64>, Reduction, Choice);

/// A plan, and what is worked out of the weights once.
#[derive(Debug)]
pub struct Planned {
    algorithm: Box<dyn Plan>,
    gains: OnceLock<WeightGains>,
    /// By plaintext modulus.
    sums: Mutex<HashMap<u64, Arc<SumGains>>>,
}

impl Planned {
    fn new(algorithm: Box<dyn Plan>) -> Self {
        Self { algorithm, gains: OnceLock::new(), sums: Mutex::default() }
    }

    fn noise(&self, params: &Params, weights: ArrayView4<'_, i8>) -> StageNoise {
        let gains = self.gains.get_or_init(|| self.algorithm.gains(weights));
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let under = || Arc::new(gains.under(&self.algorithm.pattern_norms(params)));
        let sums = Arc::clone(sums.entry(params.plain().value()).or_insert_with(under));
        self.algorithm.noise(params, &sums)
    }
}

impl LayerPredictor {
    /// A predictor for `layer` with `weights` of its shape, of runs on `backend`.
    pub fn new(layer: Layer, weights: Array4<i8>, backend: Backend) -> Self {
        let largest = largest_output(&layer, weights.view());
        Self {
            layer,
            weights,
            largest,
            plans: Mutex::default(),
            chosen: Mutex::default(),
            reference: CostTable::reference(backend),
        }
    }

    /// The largest absolute value that any input gives with the weights.
    pub const fn largest(&self) -> i64 {
        self.largest
    }

    /// The layer.
    pub const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Every plan worth considering at a ring degree; none where the layer does not fit.
    pub fn plans(&self, kind: AlgorithmKind, ring_degree: usize) -> Plans {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let all = kind.candidates(&self.layer, ring_degree).into_iter();
            Arc::new(all.map(Planned::new).collect())
        };
        Arc::clone(plans.entry((kind, ring_degree)).or_insert_with(make))
    }

    /// All plans, and the place of the one that a run would take.
    ///
    /// # Errors
    /// [`DoesNotFit`] as the planner says.
    pub fn plan(
        &self,
        kind: AlgorithmKind,
        setting: Setting<'_>,
        pinned: Choice,
    ) -> Result<(Plans, usize), DoesNotFit> {
        let plans = self.plans(kind, setting.ring_degree());
        let place = self.choose(kind, &plans, setting, pinned)?;
        Ok((plans, place))
    }

    /// Of [`LayerPredictor::plans`] those that a run can be told to take, by their places: one for
    /// each number of lanes and form of weights. Of baby steps the planner knows best.
    pub fn choices(
        &self,
        kind: AlgorithmKind,
        plans: &[Planned],
        setting: Setting<'_>,
    ) -> Vec<usize> {
        let choice = |plan: &Planned| Choice { babies: None, ..plan.algorithm.choice() };
        let mut choices: Vec<Choice> = plans.iter().map(choice).collect();
        choices.sort_unstable();
        choices.dedup();
        let chosen = |choice| self.choose(kind, plans, setting, choice).ok();
        choices.into_iter().filter_map(chosen).collect()
    }

    /// The plan that a run would take.
    fn choose(
        &self,
        kind: AlgorithmKind,
        plans: &[Planned],
        setting: Setting<'_>,
        pinned: Choice,
    ) -> Result<usize, DoesNotFit> {
        let params = setting.params;
        // There is no prime 0, so that a set without P is none with it.
        let special = params.special().map_or(0, Modulus::value);
        let primes = params.limbs().iter().chain([params.plain()]).map(Modulus::value);
        let primes = primes.chain([special]).collect();
        let pinned = Choice { shared_by: setting.sharing(), ..pinned };
        let key = (kind, setting.ring_degree(), primes, setting.reduction, pinned);
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = chosen.get(&key) {
            return Ok(*index);
        }
        let index = choose(kind, &self.layer, plans, setting, &self.reference, pinned)?;
        chosen.insert(key, index);
        Ok(index)
    }

    /// What a run of `plan` will give.
    pub fn predict_plan(&self, plan: &Planned, pricing: &Pricing<'_>) -> Prediction {
        self.sketch(plan, *pricing).predict()
    }

    /// What a run of `plan` sends, holds and does.
    pub fn sketch<'a>(&'a self, plan: &'a Planned, pricing: Pricing<'a>) -> Sketch<'a> {
        let outline = plan.algorithm.outline(pricing.setting, pricing.threads);
        Sketch { layer: self, plan, pricing, outline, work: OnceLock::new() }
    }
}

/// What a run of a plan sends, holds and does: all its figures follow from that.
#[derive(Debug)]
pub struct Sketch<'a> {
    layer: &'a LayerPredictor,
    plan: &'a Planned,
    pricing: Pricing<'a>,
    outline: Outline,
    work: OnceLock<Work>,
}

impl Sketch<'_> {
    /// What it sends and holds.
    pub const fn outline(&self) -> &Outline {
        &self.outline
    }

    /// What the run will give.
    pub fn predict(&self) -> Prediction {
        let (setting, outline) = (self.pricing.setting, &self.outline);
        let noise = self.plan.noise(setting.params, self.layer.weights.view());
        let noise = noise.shared(setting, outline.output_limbs);
        let shared_by = outline.shared_by;
        let widths = Widths::least(setting.params, &noise.outputs, &outline.downloads, shared_by);
        self.prediction(widths, noise.budgets(setting.params))
    }

    /// What is known of it without its noise: with the fewest bits of a response, so that no figure will
    /// be less.
    pub fn bound(&self) -> Prediction {
        let nothing = f64::NEG_INFINITY;
        let budgets = PredictedBudgets {
            fresh: nothing,
            rotated: None,
            multiplied: nothing,
            last: nothing,
            floor: nothing,
        };
        self.prediction(Widths::fewest(self.pricing.setting.params), budgets)
    }

    fn prediction(&self, response: Widths, noise: PredictedBudgets) -> Prediction {
        let Self { layer, plan, pricing, outline, .. } = self;
        let algorithm = plan.algorithm.as_ref();
        let work = self.work.get_or_init(|| algorithm.work(pricing.setting));
        let (setting, params) = (pricing.setting, pricing.setting.params);
        Prediction {
            choice: Choice { shared_by: setting.sharing(), ..algorithm.choice() },
            uploads: outline.uploads.len(),
            downloads: outline.downloads.len(),
            noise,
            times: work.times(pricing),
            response,
            read: outline.read_count(setting.ring_degree()),
            sizes: Sizes::of(outline, setting, response, pricing.threads),
            beside_server_bytes: beside_server_bytes(outline, setting),
            operations: work.operations(setting),
            headroom_bits: headroom_bits(params, layer.largest),
            worst_headroom_bits: headroom_bits(params, layer.layer.worst_output()),
        }
    }
}

impl AsRef<dyn Plan> for Planned {
    fn as_ref(&self) -> &(dyn Plan + 'static) {
        self.algorithm.as_ref()
    }
}

/// log2 t - 1 - log2 of the largest absolute value: negative where it may not fit.
pub fn headroom_bits(params: &Params, largest: i64) -> f64 {
    (params.plain().value() as f64).log2() - 1.0 - (largest.max(1) as f64).log2()
}
