//! What a run needs, before it is prepared.

use super::{RunSpec, data};
use crate::conv::sizes::{key_exchange_bytes, server_peak_bound};
use crate::conv::{Algorithm, Layer, Setting};

/// Bytes that a run of the whole `layer` by this plan may hold at most, whatever else `spec` says of
/// parameters and algorithm: what is held against its limit before it begins.
pub fn needed_bytes(
    spec: &RunSpec,
    layer: &Layer,
    plan: &dyn Algorithm,
    setting: Setting<'_>,
) -> u64 {
    server_peak_bound(plan, setting, spec.threads)
        + key_exchange_bytes(plan, setting)
        + data::bytes(layer, layer)
}
