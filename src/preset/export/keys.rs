//! The Galois keys that the server of an experiment needs.

use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::Params;
use crate::conv::cost::CostTable;
use crate::conv::{AlgorithmChoice, Layer, Setting};
use crate::preset::Experiment;

/// The elements g of the automorphisms X -> X^g, each once, rising: those of the plan that a run
/// takes. None where no algorithm is named, and none where the layer does not fit.
pub(super) fn elements(experiment: &Experiment, params: &Params) -> Vec<u64> {
    let Experiment { layer, algorithm, reduction, pinned, .. } = experiment;
    let setting =
        Setting::new(params, reduction.unwrap_or(Reduction::Lazy)).shared(pinned.sharing());
    let plan = algorithm.and_then(AlgorithmChoice::one).and_then(|algorithm| {
        let layer = Layer::new(&layer.spec).ok()?;
        // That of a run on this machine, if nothing is pinned.
        let costs = CostTable::reference(Backend::detect());
        algorithm.plan(&layer, setting, &costs, *pinned).ok()
    });
    let keys = plan.map(|plan| plan.outline(setting, 1).keys).unwrap_or_default();
    let mut elements: Vec<u64> = keys.iter().map(|key| key.element.exponent() as u64).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}
