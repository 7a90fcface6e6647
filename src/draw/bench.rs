//! What runs of a bench layer would take, as the program plans and predicts them.

use super::DrawError;
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::Params;
use crate::bfv::security::SecurityPolicy;
use crate::conv::cost::CostTable;
use crate::conv::{AlgorithmKind, Choice, Layer, Operations, Plan, Setting};
use crate::job::{Estimator, RunSpec};
use crate::preset::{Catalogue, LayerPreset};
use crate::report::NoiseBits;

/// What runs of the layer are planned for.
const BACKEND: Backend = Backend::Avx512Ifma;

/// The layer that diagrams with figures are about.
pub(super) const LAYER: &str = "bench/c256-14-k3";

/// A bench layer, planned and predicted on the reference machine.
pub(super) struct Bench {
    catalogue: Catalogue,
    preset: LayerPreset,
    layer: Layer,
    estimator: Estimator,
}

/// A plan under its parameters.
pub(super) struct Planned {
    /// The plan.
    pub(super) plan: Box<dyn Plan>,
    /// Its parameters.
    pub(super) params: Params,
}

impl Planned {
    const fn setting(&self) -> Setting<'_> {
        Setting::new(&self.params, Reduction::Lazy)
    }

    /// The server's work.
    pub(super) fn operations(&self) -> Operations {
        self.plan.work(self.setting()).operations(self.setting())
    }

    /// How many keys it needs.
    pub(super) fn keys(&self) -> usize {
        self.plan.outline(self.setting(), 1).keys.len()
    }
}

impl Bench {
    /// [`LAYER`].
    ///
    /// # Errors
    /// [`DrawError`] where there is none.
    pub(super) fn new() -> Result<Self, DrawError> {
        let catalogue = Catalogue::builtin()?;
        let preset = catalogue.layer(LAYER)?.clone();
        let layer = Layer::new(&preset.spec)?;
        Ok(Self { catalogue, preset, layer, estimator: Estimator::default() })
    }

    /// The layer.
    pub(super) const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// The plan that a run would take under a parameter set.
    ///
    /// # Errors
    /// [`DrawError`] where there is none.
    pub(super) fn plan(
        &self,
        kind: AlgorithmKind,
        params: &str,
        pinned: Choice,
    ) -> Result<Planned, DrawError> {
        let spec = self.catalogue.params_set(params)?;
        let params = Params::new(&spec, &SecurityPolicy::default())?;
        let setting = Setting::new(&params, Reduction::Lazy);
        let plan = kind.plan(&self.layer, setting, &CostTable::reference(BACKEND), pinned)?;
        Ok(Planned { plan, params })
    }

    /// The predicted noise budgets of that run.
    ///
    /// # Errors
    /// [`DrawError`] where it cannot be predicted.
    pub(super) fn noise(
        &self,
        kind: AlgorithmKind,
        params: &str,
        pinned: Choice,
    ) -> Result<NoiseBits, DrawError> {
        let params = self.catalogue.params_set(params)?;
        let spec = RunSpec {
            algorithm: kind,
            backend: BACKEND,
            pinned,
            ..RunSpec::new(self.preset.clone(), params)
        };
        Ok(self.estimator.estimate(&spec)?.record.noise_bits)
    }
}
