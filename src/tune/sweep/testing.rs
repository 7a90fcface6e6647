//! A small sweep for tests, and records that nobody measured.

use super::{Settings, Sweep};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{ParamsSpec, PrimeSpec};
use crate::conv::{AlgorithmKind, LayerSpec};
use crate::job::{Asked, RunSpec};
use crate::preset::LayerPreset;
use crate::report::{FailedPoint, Link, Record, testing};

/// A layer of the network `net`.
pub(in crate::tune) fn layer(name: &str) -> LayerPreset {
    let spec = LayerSpec {
        name: name.into(),
        in_channels: 1,
        out_channels: 1,
        height: 4,
        width: 4,
        kernel: [3, 3],
        stride: 1,
        padding: Some([1; 4]),
        groups: 1,
        activation_bits: 4,
        activation_signed: None,
        weight_bits: 4,
    };
    LayerPreset::new(spec, Some("net".into()))
}

/// A parameter set.
pub(in crate::tune) fn set(name: &str) -> ParamsSpec {
    ParamsSpec {
        name: name.into(),
        ring_degree: 4096,
        limbs: vec![PrimeSpec::Bits(35); 2],
        special: Some(PrimeSpec::Bits(36)),
        plain: PrimeSpec::Bits(20),
    }
}

/// Sixteen points.
pub(in crate::tune) fn sweep() -> Sweep {
    let sweep = Sweep::new(
        vec![layer("b"), layer("a")],
        vec![set("n4096"), set("n2048,x")],
        vec![AlgorithmKind::Padded, AlgorithmKind::Conventional],
        vec![Reduction::Lazy, Reduction::Eager],
    );
    sweep.expect("a sweep")
}

/// Settings that no run here looks at.
pub(in crate::tune) fn settings() -> Settings {
    Settings {
        policy: SecurityPolicy::default(),
        backend: Backend::Portable,
        threads: 1,
        seed: Some(1),
        repeat: 1,
        max_memory: u64::MAX,
        link: Link::default(),
        costs: None,
        predicted: false,
    }
}

/// A record under the names of `spec`.
pub(in crate::tune) fn record_of(spec: &RunSpec) -> Record {
    let mut record = testing::record();
    let asked = Asked::new(spec, false).row();
    if let Some(FailedPoint { layer, params, .. }) = asked.failed() {
        record.layer.clone_from(layer);
        record.params.name.clone_from(&params.name);
        if let Some(primes) = &params.primes {
            record.params.plain_modulus = primes.plain_modulus;
            record.params.limbs.clone_from(&primes.limbs);
            record.params.special = primes.special;
        }
    }
    record.algorithm = spec.algorithm.name().into();
    record.reduction = spec.reduction.name().into();
    record.backend = spec.backend.name().into();
    record.threads = spec.threads;
    record.seed = spec.data_seed();
    record.seeded_secrets = spec.seed.is_some();
    record.heconv_version = env!("CARGO_PKG_VERSION").into();
    record
}
