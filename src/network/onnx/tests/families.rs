//! Models of several families: what is served gives what RTen gives of the whole, but for quantisation.

use super::build::families;
use super::*;
use crate::network::{plain, signal_to_noise_db};
use ndarray::Array1;

fn ratio(found: &[f32], real: &[f32]) -> f64 {
    let array = |values: &[f32]| -> Array1<f64> { values.iter().copied().map(f64::from).collect() };
    signal_to_noise_db(array(found).view(), array(real).view()).unwrap_or(f64::INFINITY)
}

/// With integers of many bits nothing is left of quantisation but that of 8-bit weights, so that each layer
/// alone is what RTen computes.
#[test]
fn every_layer_is_what_rten_computes() {
    for (name, shape, bytes) in families() {
        let model = model(&bytes);
        let given = given(&shape);
        let served = served(&model, &given, Bits { weights: 8, activations: 16 });
        let reference = served.reference(&given).expect("runs");
        let mut layers = 0;
        let done = |place: usize, _, values: &[f32]| {
            let ratio = ratio(values, &reference.layers[place]);
            assert!(ratio > 25.0, "{name}, {}: {ratio} dB", served.layers()[place].name);
            layers += 1;
        };
        let outputs = served.run(&given, plain, done).expect("runs");
        assert_eq!((layers, served.client_layers()), (served.layers().len(), &[][..]), "{name}");
        for (output, real) in outputs.iter().zip(&reference.outputs) {
            assert_eq!((&output.name, &output.shape), (&real.name, &real.shape));
            let ratio = ratio(&output.values, &real.values);
            assert!(ratio > 25.0, "{name}, {}: {ratio} dB", output.name);
        }
    }
}

/// Fewer bits lose more, and none of the sums exceeds what its weights bound.
#[test]
fn bits_cost_fidelity() {
    for (name, shape, bytes) in families() {
        let model = model(&bytes);
        let given = given(&shape);
        let mut ratios = Vec::new();
        for bits in [8, 5, 3] {
            let served = served(&model, &given, Bits { weights: bits, activations: bits });
            let reference = served.reference(&given).expect("runs");
            let done = |place: usize, report: crate::network::LayerReport, _: &[f32]| {
                assert!(report.largest_sum <= served.layers()[place].largest_sum(), "{name}");
            };
            let outputs = served.run(&given, plain, done).expect("runs");
            ratios.push(ratio(&outputs[0].values, &reference.outputs[0].values));
        }
        assert!(ratios[0] > ratios[1] && ratios[1] > ratios[2], "{name}: {ratios:?}");
        assert!(ratios[0] > 20.0, "{name}: {ratios:?}");
    }
}

/// Layers of the same model with other bits are as if they had been so from the start.
#[test]
fn a_layer_takes_other_bits() {
    let (_, shape, bytes) = families().swap_remove(0);
    let model = model(&bytes);
    let given = given(&shape);
    let few = Bits { weights: 3, activations: 5 };
    let mut all = served(&model, &given, Bits::DEFAULT);
    let expected = served(&model, &given, few);
    for place in 0..all.layers().len() {
        all.requantise(place, few).expect("its weights are there");
        assert_eq!(all.layers()[place].weights, expected.layers()[place].weights);
        assert_eq!(all.layers()[place].bits(), few);
    }
    let run = |served: &Served<'_>| served.run(&given, plain, |_, _, _| ()).expect("runs");
    assert_eq!(run(&all), run(&expected));
}
