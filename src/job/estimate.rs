//! Estimates: records without runs.

use std::sync::{Arc, Mutex, PoisonError};

use super::data::{self, FromFile};
use super::{DEFAULT_SEED, JobError, RunSpec, record};
use crate::bfv::Params;
use crate::conv::Setting;
use crate::conv::cost::CostTable;
use crate::predict::LayerPredictor;
use crate::preset::LayerPreset;
use crate::report::Record;

/// What a run will give, and what it will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The record, with predictions in all places.
    pub record: Record,
    /// Bytes that the run will hold, client and server and plain data together.
    pub needed_bytes: u64,
}

/// What the weights of a run follow from.
type Weights = (LayerPreset, u64, Option<std::path::PathBuf>);

/// What is worked out of them.
type Known = (Arc<LayerPredictor>, Arc<FromFile>);

/// Makes estimates, and keeps what it has worked out of the weights of the last few layers.
#[derive(Debug, Default)]
pub struct Estimator {
    layers: Mutex<Vec<(Weights, Known)>>,
}

impl Estimator {
    /// How many layers are kept.
    const KEPT: usize = 16;

    /// The estimate of a run. Its algorithm is planned as the run's; its times come from the spec's
    /// costs, or those of the reference machine. Memory is not held against any limit.
    ///
    /// # Errors
    /// [`JobError`] where the layer, parameters or weights are not valid, or the layer does not fit.
    pub fn estimate(&self, spec: &RunSpec) -> Result<Estimate, JobError> {
        let params = Params::new(&spec.params, &spec.policy)
            .map_err(|source| JobError::Params { params: spec.params.name.clone(), source })?;
        let (predictor, from_file) = self.known(spec)?;
        let setting = Setting { params: &params, reduction: spec.reduction };
        let reference = CostTable::default();
        let costs = spec.costs.as_deref().unwrap_or(&reference);
        let prediction = predictor
            .predict(spec.algorithm, setting, spec.lanes, costs, spec.threads)
            .map_err(|source| JobError::DoesNotFit { layer: spec.layer.full_name(), source })?;
        let layer = predictor.layer();
        let needed_bytes = prediction.sizes.server_peak
            + prediction.key_exchange_bytes
            + data::bytes(layer, layer);
        let record = record::predicted(spec, layer, &params, &prediction);
        Ok(Estimate { record: from_file.record(record), needed_bytes })
    }

    /// The predictor of a run's layer and weights.
    ///
    /// # Errors
    /// [`JobError`] where the layer or its weights are not valid.
    pub fn predictor(&self, spec: &RunSpec) -> Result<Arc<LayerPredictor>, JobError> {
        self.known(spec).map(|(predictor, _)| predictor)
    }

    fn known(&self, spec: &RunSpec) -> Result<Known, JobError> {
        let seed = spec.seed.unwrap_or(DEFAULT_SEED);
        let layer = data::layer(spec)?;
        let mut preset = spec.layer.clone();
        // What a predictor knows of signs is not what the layer says but what its input has.
        preset.spec.activation_signed = Some(layer.activation_signed());
        let key = (preset, seed, spec.weights.clone());
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = layers.iter().position(|(known, _)| *known == key) {
            // The last used comes last, the first goes first.
            let entry = layers.remove(at);
            let known = entry.1.clone();
            layers.push(entry);
            return Ok(known);
        }
        let (weights, from_file) = data::weights(spec, &layer, &layer, seed)?;
        let known = (Arc::new(LayerPredictor::new(layer, weights)), Arc::new(from_file));
        if layers.len() == Self::KEPT {
            layers.remove(0);
        }
        layers.push((key, known.clone()));
        Ok(known)
    }
}
