//! What primitives cost on this machine, for every thread that predicts.

use std::sync::{Arc, OnceLock};

use crate::arith::kernels::Backend;
use crate::conv::cost::CostTable;
use crate::predict::Calibration;

/// The costs, measured at most once, by the first thread that cannot do without.
#[derive(Clone, Debug, Default)]
pub(super) struct Costs(Arc<OnceLock<Option<Arc<CostTable>>>>);

impl Costs {
    /// The costs, waited for; `None` where they cannot be measured.
    pub(super) fn wait(&self) -> Option<Arc<CostTable>> {
        let measure = || {
            let calibration = Calibration::load_or_measure(Backend::detect()).ok()?;
            Some(Arc::new(calibration.costs))
        };
        self.0.get_or_init(measure).clone()
    }

    /// Whether it takes measuring to know them: that is done once for a machine.
    pub(super) fn must_measure(&self) -> bool {
        self.0.get().is_none() && Calibration::load(Backend::detect()).is_none()
    }

    /// The costs where they are known.
    pub(super) fn known(&self) -> Option<Arc<CostTable>> {
        self.0.get().cloned().flatten()
    }
}
