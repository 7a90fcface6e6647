//! The record of a run from what was predicted of it.

use super::{DEFAULT_SEED, RunSpec};
use crate::bfv::Params;
use crate::conv::Layer;
use crate::predict::Prediction;
use crate::report::{
    Ciphertexts, Communication, LatencyMs, LayerRecord, Machine, ParamsRecord, Record,
    ResponseRecord, SCHEMA, SecurityRecord, rounded,
};

/// The record of a run of `spec` that was not made. A run puts what it measured in its place.
pub fn predicted(
    spec: &RunSpec,
    layer: &Layer,
    params: &Params,
    prediction: &Prediction,
) -> Record {
    let sizes = prediction.sizes;
    let (storage_bytes, sent): (_, Communication) = sizes.into();
    Record {
        schema: SCHEMA,
        heconv_version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::detect(),
        layer: LayerRecord::new(spec.layer.full_name(), layer),
        params: ParamsRecord::new(params),
        security: SecurityRecord::new(params),
        algorithm: spec.algorithm.name().to_owned(),
        reduction: spec.reduction.name().to_owned(),
        backend: spec.backend.name().to_owned(),
        threads: spec.threads,
        seed: spec.seed.unwrap_or(DEFAULT_SEED),
        seeded_secrets: spec.seed.is_some(),
        lanes: prediction.choice.lanes.unwrap_or(1),
        babies: prediction.choice.babies,
        weight_form: prediction.choice.weight_form.map(|form| form.name().to_owned()),
        weight_scales: None,
        notes: Vec::new(),
        predicted: true,
        verification: None,
        plaintext_headroom_bits: rounded(prediction.headroom_bits, 2),
        plaintext_headroom_worst_bits: Some(rounded(prediction.worst_headroom_bits, 2)),
        noise_bits: prediction.noise.into(),
        latency_ms: LatencyMs::predicted(
            &prediction.times,
            spec.link.transfer_ms(sizes.upload + sizes.download),
        ),
        link: spec.link,
        storage_bytes,
        communication_bytes: Communication {
            predicted_upload: Some(sizes.upload),
            predicted_download: Some(sizes.download),
            ..sent
        },
        ciphertexts: Some(Ciphertexts {
            upload: prediction.uploads,
            download: prediction.downloads,
        }),
        messages: Some(sizes.into()),
        response: Some(ResponseRecord {
            c0_bits: prediction.response.c0,
            c1_bits: prediction.response.c1,
            coefficients: prediction.read as u64,
            shared_by: prediction.choice.sharing(),
        }),
        operations: prediction.operations.into(),
        repeat: None,
        extrapolated_from: None,
    }
}
