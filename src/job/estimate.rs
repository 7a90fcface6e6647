//! Estimates: records without runs.

use std::sync::{Arc, Mutex, PoisonError};

use super::data::{self, FromFile};
use super::memory::{Work, loading_bytes, needed_for_part, require, run_bytes, weight_bytes};
use super::{DEFAULT_SEED, JobError, RunSpec, record};
use crate::arith::kernels::Backend;
use crate::bfv::Params;
use crate::conv::cost::CostTable;
use crate::conv::pricing::Pricing;
use crate::conv::{Plan, Setting};
use crate::predict::{LayerPredictor, Plans};
use crate::preset::LayerPreset;
use crate::report::{Record, bytes_text};

/// What a run will give, and what it will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The record, with predictions in all places.
    pub record: Record,
    /// Bytes that the run will hold, client and server and plain data together.
    pub needed_bytes: u64,
}

/// What the weights of a run follow from, and the backend that it is planned for.
type Weights = (LayerPreset, u64, Option<std::path::PathBuf>, Backend);

/// What is worked out of them.
type Known = (Arc<LayerPredictor>, Arc<FromFile>);

/// A layer that is kept.
#[derive(Debug)]
struct Kept {
    weights: Weights,
    known: Known,
    bytes: u64,
}

/// Makes estimates, and keeps what it has worked out of the weights of the last few layers, within the
/// memory that runs may have.
#[derive(Debug)]
pub struct Estimator {
    layers: Mutex<Vec<Kept>>,
    /// One over the part of a run's memory that may be held.
    part: u64,
}

/// The checked parameters of a run.
fn params(spec: &RunSpec) -> Result<Params, JobError> {
    Params::new(&spec.params, &spec.policy)
        .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })
}

/// All plans of its algorithm, and the place of the one that a run would take.
fn plan(
    spec: &RunSpec,
    predictor: &LayerPredictor,
    setting: Setting<'_>,
) -> Result<(Plans, usize), JobError> {
    let found = predictor.plan(spec.algorithm, setting, spec.pinned);
    found.map_err(|source| JobError::DoesNotFit { layer: spec.layer.full_name(), source })
}

impl Default for Estimator {
    /// For predictions while nothing runs.
    fn default() -> Self {
        Self { layers: Mutex::default(), part: 1 }
    }
}

impl Estimator {
    /// How many layers are kept.
    const KEPT: usize = 16;

    const EIGHTH: u64 = 8;

    /// For predictions beside runs: they hold no more than an eighth of what a run may. A limit by
    /// default leaves a fifth of memory to others than a run, so both together have enough.
    pub fn beside_runs() -> Self {
        Self { part: Self::EIGHTH, ..Self::default() }
    }

    /// Bytes that predictions may hold for a run.
    const fn allowed(&self, spec: &RunSpec) -> u64 {
        spec.max_memory / self.part
    }

    /// The estimate of a run. Its algorithm is planned as the run's; its times come from the spec's
    /// costs, or those of its backend's reference machine. The memory that the run needs is not held against
    /// its limit, but that of the prediction is.
    ///
    /// # Errors
    /// [`JobError`] where the layer, parameters or weights are not valid, the layer does not fit, or a
    /// prediction takes too much memory.
    pub fn estimate(&self, spec: &RunSpec) -> Result<Estimate, JobError> {
        let params = params(spec)?;
        let (predictor, from_file) = self.known(spec)?;
        let setting = spec.setting(&params);
        let reference = CostTable::reference(spec.backend);
        let costs = spec.costs.as_deref().unwrap_or(&reference);
        let layer = predictor.layer();
        let (plans, place) = plan(spec, &predictor, setting)?;
        let plan = &plans[place];
        let pricing = Pricing { costs, setting, threads: spec.threads };
        let sketch = predictor.sketch(plan, pricing);
        self.require(spec, weight_bytes(layer).saturating_add(sketch.outline().gains_bytes))?;
        let prediction = sketch.predict();
        let server = [prediction.sizes.server_peak, prediction.beside_server_bytes];
        let needed_bytes = run_bytes(spec, [layer, layer], server);
        let record = record::predicted(spec, layer, &params, &prediction);
        Ok(Estimate { record: from_file.record(record), needed_bytes })
    }

    /// Whether a run may hold what it needs, as it is asked before it begins.
    ///
    /// # Errors
    /// [`JobError`] where it may not, or where it is no run.
    pub fn require_run(&self, spec: &RunSpec) -> Result<(), JobError> {
        let params = params(spec)?;
        let predictor = self.predictor(spec)?;
        let setting = spec.setting(&params);
        let (plans, place) = plan(spec, &predictor, setting)?;
        let whole: &dyn Plan = plans[place].as_ref();
        let part = spec.subset.and_then(|ciphertexts| whole.subset(ciphertexts));
        let part = part.as_ref().map(|(layer, plan)| (layer, plan.as_ref()));
        let (layer, plan) = part.unwrap_or((predictor.layer(), whole));
        let outline = plan.outline(setting, spec.threads);
        let needed = needed_for_part(spec, [predictor.layer(), layer], &outline, setting);
        require(Work::Run, needed, spec.max_memory)
    }

    /// The predictor of a run's layer and weights.
    ///
    /// # Errors
    /// [`JobError`] where the layer or its weights are not valid, or they take too much memory.
    pub fn predictor(&self, spec: &RunSpec) -> Result<Arc<LayerPredictor>, JobError> {
        self.known(spec).map(|(predictor, _)| predictor)
    }

    fn known(&self, spec: &RunSpec) -> Result<Known, JobError> {
        let seed = spec.seed.unwrap_or(DEFAULT_SEED);
        let layer = data::layer(spec)?;
        let mut preset = spec.layer.clone();
        // What a predictor knows of signs is not what the layer says but what its input has.
        preset.spec.activation_signed = Some(layer.activation_signed());
        let key = (preset, seed, spec.weights.clone(), spec.backend);
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = layers.iter().position(|kept| kept.weights == key) {
            // The last used comes last, the first goes first.
            let kept = layers.remove(at);
            let known = kept.known.clone();
            layers.push(kept);
            return Ok(known);
        }
        let needed = loading_bytes(&layer, spec.weights.as_deref());
        if needed <= self.allowed(spec) {
            let room = self.allowed(spec) - needed;
            let held = |layers: &[Kept]| layers.iter().map(|kept| kept.bytes).sum::<u64>();
            while layers.len() == Self::KEPT || held(&layers) > room {
                layers.remove(0);
            }
        }
        self.require(spec, needed)?;
        let bytes = weight_bytes(&layer);
        let (weights, from_file) = data::weights(spec, &layer, &layer, seed)?;
        let known =
            (Arc::new(LayerPredictor::new(layer, weights, spec.backend)), Arc::new(from_file));
        layers.push(Kept { weights: key, known: known.clone(), bytes });
        Ok(known)
    }

    /// Whether a prediction may hold so many bytes.
    fn require(&self, spec: &RunSpec, needed: u64) -> Result<(), JobError> {
        let work = Work::Prediction(spec.layer.full_name());
        let allowed = self.allowed(spec);
        if self.part > 1 && needed > allowed {
            let [whole, part] = [spec.max_memory, allowed].map(bytes_text);
            let allowed = format!("{part} for predictions, an eighth of {whole}");
            return Err(JobError::Memory { work, needed: bytes_text(needed), allowed });
        }
        require(work, needed, allowed)
    }
}
