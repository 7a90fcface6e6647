//! A record for tests.

use super::{
    Ciphertexts, Communication, LatencyMs, LayerRecord, Link, Machine, MessageParts, Messages,
    NoiseBits, OperationCounts, ParamsRecord, Record, ResponseRecord, SCHEMA, SecurityRecord,
    Storage, Verification,
};

/// The record of a run that never was, with every figure different.
pub(crate) fn record() -> Record {
    Record {
        schema: SCHEMA,
        heconv_version: "0.0.1".into(),
        machine: Machine { cpu: "A \"fast\" CPU\\".into(), cores: 3 },
        layer: layer(),
        params: ParamsRecord {
            name: "n4096-t20".into(),
            ring_degree: 4096,
            plain_modulus: 1_032_193,
            limbs: vec![34_359_214_081, 34_358_747_137],
            special: Some(68_719_403_009),
            log2_q: 70.0,
            log2_qp: 106.0,
        },
        security: SecurityRecord {
            table: "bossuat2024".into(),
            level: 128,
            cap_log2_qp: Some(106.0),
            ok: true,
        },
        algorithm: "hadamard-fused".into(),
        reduction: "lazy".into(),
        backend: "portable".into(),
        threads: 2,
        seed: 7,
        seeded_secrets: true,
        lanes: 4,
        babies: None,
        weight_form: None,
        weight_scales: None,
        notes: Vec::new(),
        predicted: false,
        verification: Some(Verification {
            mismatches: 0,
            overflows: 0,
            values: 23_808,
            largest_value: Some(6775),
        }),
        plaintext_headroom_bits: 6.25,
        plaintext_headroom_worst_bits: Some(1.5),
        noise_bits: NoiseBits {
            fresh: 38.5,
            rotated: Some(36.75),
            multiplied: Some(30.12),
            last: 25.0,
            predicted_fresh: 45.4,
            predicted_rotated: Some(41.6),
            predicted_multiplied: 17.9,
            predicted_final: 24.9,
            predicted_final_floor: 23.31,
        },
        latency_ms: LatencyMs {
            keygen: 10.001,
            weights: 2.5,
            encrypt: 1.25,
            rotate: 4.0,
            multiply: 5.5,
            mix: 0.125,
            server: 9.625,
            response: 0.5,
            decrypt: 0.75,
            transfer: 52.0,
            total: 64.125,
            predicted_server: Some(9.5),
        },
        link: Link::default(),
        storage_bytes: Storage { weights: 4096, galois_keys: 1_048_576, server_peak: 2_097_152 },
        communication_bytes: Communication {
            upload: 65_536,
            download: 32_768,
            keys: 524_288,
            predicted_upload: Some(65_536),
            predicted_download: Some(32_768),
        },
        ciphertexts: Some(Ciphertexts { upload: 2, download: 3 }),
        messages: Some(messages()),
        response: Some(ResponseRecord {
            c0_bits: 21,
            c1_bits: 29,
            coefficients: 12_288,
            shared_by: 2,
        }),
        operations: OperationCounts {
            rotations: 8,
            plaintext_multiplications: 96,
            scalar_multiplications: 384,
            coefficient_multiply_adds: 3_145_728,
            narrow_multiply_adds: 1_048_576,
            ntts: 60,
        },
        repeat: None,
        extrapolated_from: None,
    }
}

fn messages() -> Messages {
    Messages {
        upload: MessageParts { payload: 40_000, noise: 25_471, seed: 33, header: 32 },
        download: MessageParts { payload: 20_000, noise: 12_737, seed: 0, header: 31 },
    }
}

fn layer() -> LayerRecord {
    LayerRecord {
        name: "bench/c16-32-k3".into(),
        in_channels: 16,
        out_channels: 24,
        height: 32,
        width: 31,
        kernel: [3, 5],
        stride: 1,
        padding: [1, 2, 1, 2],
        groups: 1,
        activation_bits: 4,
        activation_signed: false,
        weight_bits: 5,
    }
}
