//! The backends.

use serde_json::json;

use super::Row;
use crate::arith::kernels::Backend;
use crate::cli::Failure;
use crate::conv::AlgorithmKind;
use crate::conv::cost::CostTable;
use crate::job::{Estimator, RunSpec};
use crate::preset::Catalogue;
use crate::report::rounded;

/// A backend, and what to expect of it.
pub(super) fn backend(backend: Backend) -> Result<Row, Failure> {
    let (available, auto) = (backend.is_available(), backend == Backend::detect());
    let state = match (available, auto) {
        (false, _) => "not on this machine",
        (true, true) => "available, chosen by auto",
        (true, false) => "available",
    };
    let expected = Expected::of(backend)?;
    let (name, summary) = (backend.name(), backend.summary());
    let json = json!({
        "name": name,
        "available": available,
        "auto": auto,
        "summary": summary,
        "reference": {
            "transform_us": expected.transform_us,
            "server_ms": { "interleaved": expected.servers[0], "hadamard-fused": expected.servers[1] },
        },
    });
    let [interleaved, fused] = expected.servers;
    let columns = vec![
        name.into(),
        state.into(),
        format!("transform {:.1} us", expected.transform_us),
        format!("{LAYER} interleaved {interleaved:.0} ms"),
        format!("hadamard-fused {fused:.0} ms"),
        summary.into(),
    ];
    Ok(Row { columns, json })
}

/// The layer that backends are compared by.
const LAYER: &str = "bench/c256-14-k3";

/// What to expect of a backend: predicted with the costs of its reference machine, on one thread.
struct Expected {
    /// A transform of one limb at N = 4096.
    transform_us: f64,
    /// The server's time for [`LAYER`] by `interleaved` and by `hadamard-fused`, each under the parameters
    /// that benchmarks give it, in milliseconds.
    servers: [f64; 2],
}

impl Expected {
    fn of(backend: Backend) -> Result<Self, Failure> {
        const N: f64 = 4096.0;
        let catalogue = Catalogue::builtin().map_err(fault)?;
        let costs = CostTable::reference(backend);
        let estimator = Estimator::default();
        let server = |algorithm: AlgorithmKind| {
            let params = catalogue.params_set(algorithm.preset()).map_err(fault)?;
            let layer = catalogue.layer(LAYER).map_err(fault)?.clone();
            let run = RunSpec { algorithm, backend, threads: 1, ..RunSpec::new(layer, params) };
            let estimate = estimator.estimate(&run).map_err(fault)?;
            Ok::<_, Failure>(rounded(estimate.record.latency_ms.server, 1))
        };
        let servers = [server(AlgorithmKind::Interleaved)?, server(AlgorithmKind::HadamardFused)?];
        Ok(Self { transform_us: rounded(costs.ntt.at(N) * N * N.log2() / 1e3, 1), servers })
    }
}

fn fault(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(error.to_string())
}
