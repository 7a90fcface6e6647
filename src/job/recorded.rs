//! What was said of the four algorithms on slots before there were others, line by line: plans, bytes,
//! counts, noise and times stay what they were. That outputs do, every run checks.

use std::fmt::Write;

use super::{Estimator, RunSpec};
use crate::arith::kernels::{Backend, Reduction};
use crate::conv::testing::LAYER;
use crate::conv::{AlgorithmKind, LayerSpec};
use crate::preset::Catalogue;

/// Layers of every kind: planes that fit, strips, strides, groups, odd kernels and dense layers.
fn layers() -> Vec<LayerSpec> {
    let of = |name: &str, [in_channels, out_channels, height, width]: [usize; 4], kernel| {
        LayerSpec { name: name.into(), in_channels, out_channels, height, width, kernel, ..LAYER }
    };
    vec![
        of("c64-56-k3", [64, 64, 56, 56], [3, 3]),
        of("c256-14-k3", [256, 256, 14, 14], [3, 3]),
        of("c128-28-k1", [128, 128, 28, 28], [1, 1]),
        of("c16-32-k3", [16, 16, 32, 32], [3, 3]),
        of("odd", [24, 40, 13, 9], [5, 5]),
        of("few", [5, 3, 31, 17], [3, 3]),
        of("strips", [2, 3, 90, 70], [3, 3]),
        LayerSpec { stride: 2, ..of("stride", [8, 12, 30, 30], [7, 7]) },
        LayerSpec { groups: 32, ..of("depthwise", [32, 32, 14, 14], [3, 3]) },
        of("dense", [64, 10, 1, 1], [1, 1]),
    ]
}

#[test]
fn algorithms_on_slots_stay_as_they_were() {
    let catalogue = Catalogue::builtin().expect("valid presets");
    let template = catalogue.layer("bench/c16-32-k3").expect("a layer");
    let estimator = Estimator::default();
    let mut table = String::from(
        "layer params algorithm reduction: lanes | uploads downloads | upload download keys | weights \
         galois-keys peak | rotations plaintext scalar multiply-adds narrow ntts | floor final | server ms",
    );
    for spec in layers() {
        for params in ["n4096-t20", "n8192-t30"] {
            for kind in AlgorithmKind::ALL.into_iter().filter(|kind| kind.is_on_slots()) {
                for reduction in Reduction::ALL {
                    let layer =
                        crate::preset::LayerPreset { spec: spec.clone(), ..template.clone() };
                    let set = catalogue.params_set(params).expect("a set");
                    let run = RunSpec {
                        algorithm: kind,
                        reduction,
                        backend: Backend::Avx512Ifma,
                        threads: 1,
                        ..RunSpec::new(layer, set)
                    };
                    let (algorithm, mode) = (kind.name(), reduction.name());
                    let record = estimator.estimate(&run).expect("fits").record;
                    let sent = record.ciphertexts.expect("told");
                    let (bytes, held) = (record.communication_bytes, record.storage_bytes);
                    let work = record.operations;
                    let _ = write!(
                        table,
                        "\n{} {params} {algorithm} {mode}: {} | {} {} | {} {} {} | {} {} {} | \
                         {} {} {} {} {} {} | {:.2} {:.2} | {:.3}",
                        spec.name,
                        record.lanes,
                        sent.upload,
                        sent.download,
                        bytes.upload,
                        bytes.download,
                        bytes.keys,
                        held.weights,
                        held.galois_keys,
                        held.server_peak,
                        work.rotations,
                        work.plaintext_multiplications,
                        work.scalar_multiplications,
                        work.coefficient_multiply_adds,
                        work.narrow_multiply_adds,
                        work.ntts,
                        record.noise_bits.predicted_final_floor,
                        record.noise_bits.predicted_final,
                        record.latency_ms.server,
                    );
                }
            }
        }
    }
    insta::assert_snapshot!(table);
}
