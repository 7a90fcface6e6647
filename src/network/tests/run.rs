//! Networks against a computation by hand, and real ones against floating point.

use ndarray::{Array1, Array3, Array4, array};

use super::super::{
    Activation, Bias, Convolution, Graph, LayerReport, LayerWeights, NodeSpec, Outcome, Pool,
    PoolKind, RunError, Shortcut, Weights, plain, run,
};
use super::{graph, node};
use crate::conv::data;

fn runs(graph: &Graph, weights: &Weights, input: Array3<i64>) -> Outcome {
    run(graph, weights, input, plain, |_, _| ()).expect("runs")
}

fn identity(of: &str) -> Shortcut {
    Shortcut { of: of.into(), stride: None }
}

/// One channel, 1x1 kernels: every step can be followed in the head.
#[test]
fn every_step_is_what_it_is_by_hand() {
    let first = NodeSpec { bias: true, ..node("a", [1, 1], 2, 1) };
    let signed = NodeSpec { activation: Activation::None, ..node("s", [1, 1], 2, 1) };
    let max = Pool::Window { kind: PoolKind::Max, kernel: 2, stride: 2, padding: 0 };
    let from = Some("a".into());
    let last =
        NodeSpec { from, add: Some(identity("s")), pool: Some(max), ..node("b", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![first, signed, last]);
    let weight = |w: i64, scale, bias| {
        let weights = Array4::from_elem((1, 1, 1, 1), w);
        LayerWeights { weights, scale, bias }
    };
    let bias = Bias::Real(array![-0.1]);
    let weights = vec![weight(3, 0.5, Some(bias)), weight(-1, 3.0, None), weight(2, 1.0, None)];
    let mut reports = Vec::new();
    let input = array![[[1, 2], [8, 15]]];
    let outcome = run(&graph, &Weights::new(weights), input, plain, |i, report| {
        assert_eq!(i, reports.len());
        reports.push(report.clone());
    });
    let outcome = outcome.expect("runs");
    // a: 3x - 3 (-0.1 / (0.5 / 15)) = 0, 3, 21, 42; a shift by 2 gives 0, 1, 5, 11 (10.5 up).
    // s: 0, -1, -5, -11, of three times the scale. b: 0, 2, 10, 22 plus 0, -3, -15, -33.
    assert_eq!(outcome.output, array![[[0]]]);
    let a = 1.0 / 15.0 * 0.5;
    let report = |name: &str, weight_scale, largest_sum, shift, scale, side| {
        let shape = [1, side, side];
        LayerReport { name: name.into(), weight_scale, largest_sum, shift, scale, shape }
    };
    let expected = [
        report("a", 0.5, 42, Some(2), a * 4.0, 2),
        report("s", 3.0, 11, None, a * 4.0 * 3.0, 2),
        report("b", 1.0, 22, None, a * 4.0, 1),
    ];
    assert_eq!((reports, outcome.layers), (expected.to_vec(), expected.to_vec()));
}

/// Real weights with a shortcut, a subsampled shortcut, biases and an average: many bits come close
/// to floating point.
#[test]
fn real_networks_are_met_closely() {
    let wide = |mut node: NodeSpec| {
        (node.layer.activation_bits, node.layer.weight_bits) = (16, 8);
        node
    };
    let biased = |node| NodeSpec { bias: true, ..wide(node) };
    let mut narrow = node("c", [3, 6], 6, 3);
    narrow.layer.padding = Some([0, 0, 1, 1]);
    narrow.layer.kernel = [5, 5];
    let strided = Some(Shortcut { of: "b".into(), stride: Some(2) });
    let nodes = vec![
        biased(node("a", [2, 3], 6, 3)),
        NodeSpec { add: Some(identity("a")), ..biased(node("b", [3, 3], 6, 3)) },
        NodeSpec { add: strided, pool: Some(Pool::Global), ..biased(narrow) },
    ];
    let graph = graph([2, 6, 6], nodes);
    let seeded = Weights::seeded(&graph, 5);
    // Whole weights with real scales and biases: the float network has exactly these.
    let layers = seeded.layers().iter().enumerate().map(|(i, layer)| LayerWeights {
        weights: layer.weights.clone(),
        scale: [0.013, 0.0071, 0.0093][i],
        bias: Some(Bias::Real(Array1::from_shape_fn(layer.weights.dim().0, |c| {
            [0.3, -0.2, 0.1, -0.4, 0.0, 0.25][c]
        }))),
    });
    let weights = Weights::new(layers.collect());
    let input = Array3::from_shape_fn((2, 6, 6), |(c, y, x)| {
        ((c * 7919 + y * 104_729 + x * 1_299_709) % 65_536) as i64
    });
    let outcome = runs(&graph, &weights, input.clone());
    let expected = in_floats(&weights, &input.mapv(|x| x as f64 / 65_535.0));
    assert!(expected.iter().filter(|value| **value > 0.1).count() >= 3, "{expected:?}");
    for (value, expected) in outcome.output.iter().zip(&expected) {
        let value = *value as f64 * outcome.scale;
        assert!((value - expected).abs() < 1e-3 * (1.0 + expected), "{value} {expected}");
    }
}

/// The network of the test above.
fn in_floats(weights: &Weights, input: &Array3<f64>) -> Array1<f64> {
    let layers = weights.layers();
    let relu = |sums: Array3<f64>| sums.mapv(|sum| sum.max(0.0));
    let a = relu(convolved(&layers[0], input, 1, 6));
    let b = relu(convolved(&layers[1], &a, 1, 6) + &a);
    let mut c = convolved(&layers[2], &b, 0, 3);
    for ((channel, y, x), value) in b.indexed_iter().filter(|((_, y, x), _)| y % 2 + x % 2 == 0) {
        c[[channel + 1, y / 2, x / 2]] += value;
    }
    relu(c).outer_iter().map(|plane| plane.mean().expect("a plane")).collect()
}

fn convolved(layer: &LayerWeights, input: &Array3<f64>, pad: usize, side: usize) -> Array3<f64> {
    let Some(Bias::Real(bias)) = &layer.bias else { panic!("biased") };
    Array3::from_shape_fn((layer.weights.dim().0, side, side), |(o, y, x)| {
        let taps = layer.weights.indexed_iter().filter(|(at, _)| at.0 == o);
        let terms = taps.map(|((_, c, ky, kx), weight)| {
            let (y, x) = ((y + ky).wrapping_sub(pad), (x + kx).wrapping_sub(pad));
            *weight as f64 * layer.scale * input.get([c, y, x]).copied().unwrap_or(0.0)
        });
        bias[o] + terms.sum::<f64>()
    })
}

#[test]
fn relu6_clips_at_six() {
    let spec = NodeSpec { activation: Activation::Relu6, ..node("a", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![spec]);
    let weights =
        LayerWeights { weights: Array4::from_elem((1, 1, 1, 1), 7), scale: 1.5, bias: None };
    let outcome = runs(&graph, &Weights::new(vec![weights]), array![[[0, 1], [8, 15]]]);
    // A 1 stands for 1.5 / 15, so 60 for 6.
    assert_eq!(outcome.output, array![[[0, 7], [56, 60]]]);
}

#[test]
fn seeded_weights_differ_from_layer_to_layer() {
    let nodes = ["a", "b", "c"].map(|name| NodeSpec { bias: true, ..node(name, [8, 8], 6, 3) });
    let graph = graph([8, 6, 6], nodes.to_vec());
    let weights = Weights::seeded(&graph, 7);
    let [a, b, c] = weights.layers() else { panic!("three") };
    assert!(a.weights != b.weights && b.weights != c.weights && a.weights != c.weights);
    assert!(a.bias != b.bias && b.bias != c.bias);
    let layer = &graph.nodes()[0].layer;
    assert_eq!(a.weights, data::weights(layer, 7));
    assert_ne!(weights, Weights::seeded(&graph, 8));
    let outcome = runs(&graph, &weights, data::input(layer, 7));
    assert_eq!(outcome, runs(&graph, &Weights::seeded(&graph, 7), data::input(layer, 7)));
    // The taken scales keep the size of values through the layers.
    let requantised = || outcome.layers.iter().filter(|layer| layer.shift.is_some());
    assert_eq!(requantised().count(), 2);
    assert!(requantised().all(|layer| (0.02..0.2).contains(&layer.scale)), "{outcome:?}");
}

#[test]
fn convolutions_see_activations_of_their_width() {
    let nodes = ["a", "b"].map(|name| node(name, [2, 2], 5, 3));
    let graph = graph([2, 5, 5], nodes.to_vec());
    let weights = Weights::seeded(&graph, 1);
    let mut largest = Vec::new();
    let convolve = |call: &Convolution<'_>| {
        assert_eq!(call.input.shape(), call.layer.input_shape());
        assert!(call.input.iter().all(|value| (0..16).contains(value)));
        largest.push(call.input.iter().copied().max());
        plain(call)
    };
    run(&graph, &weights, Array3::from_elem((2, 5, 5), 15), convolve, |_, _| ()).expect("runs");
    assert!(largest[1] >= Some(8), "{largest:?}");
}

#[test]
fn what_does_not_fit_is_named() {
    let graph = graph([1, 2, 2], vec![NodeSpec { bias: true, ..node("a", [1, 1], 2, 1) }]);
    let ok = Weights::seeded(&graph, 1);
    let input = || array![[[1, 2], [8, 15]]];
    let error = |weights: &Weights, input, sums: Result<Array3<i64>, &'static str>| {
        let convolve = |_: &Convolution<'_>| sums.clone();
        run(&graph, weights, input, convolve, |_, _| ()).expect_err("refused").to_string()
    };
    let sums = || Ok(input());
    let layers = |channels, biases| {
        let weights = Array4::zeros((1, channels, 1, 1));
        Weights::new(vec![LayerWeights::integers(weights, Some(Array1::zeros(biases)))])
    };
    for other in [Weights::new(Vec::new()), layers(2, 1), layers(1, 2)] {
        let text = error(&other, input(), sums());
        assert_eq!(text, "the weights are not of this network's layers");
    }
    let flat = error(&ok, array![[[1, 2]]], sums());
    assert_eq!(flat, "the input is [1, 1, 2]; the network takes [1, 2, 2]");
    let high = error(&ok, array![[[1, 2], [16, 0]]], sums());
    assert_eq!(high, "the input has 16 at (0, 1, 0); activations are from 0 to 15");
    assert_eq!(error(&ok, input(), Err("no power")), "layer a: no power");
    let short = error(&ok, input(), Ok(array![[[1, 2]]]));
    assert_eq!(short, "layer a: the convolution gave shape [1, 1, 2]; expected [1, 2, 2]");
    let huge = error(&ok, input(), Ok(array![[[1, 2], [i64::MIN, 0]]]));
    assert!(huge.starts_with("layer a: the convolution gave a sum of 9223372036854775808;"));
    let tiny = LayerWeights {
        weights: Array4::from_elem((1, 1, 1, 1), 1),
        scale: 1e-300,
        bias: Some(Bias::Real(array![1.0])),
    };
    let bias = error(&Weights::new(vec![tiny]), input(), sums());
    assert!(bias.starts_with("layer a: bias 0 is 1.5") && bias.contains("e301"), "{bias}");
    let layer = |node: NodeSpec| NodeSpec { add: Some(identity("input")), ..node };
    let with = super::graph([1, 2, 2], vec![layer(node("a", [1, 1], 2, 1))]);
    let tiny =
        LayerWeights { weights: Array4::from_elem((1, 1, 1, 1), 1), scale: 1e-300, bias: None };
    let far = run(&with, &Weights::new(vec![tiny]), input(), plain, |_, _| ());
    assert!(matches!(far, Err(RunError::Shortcut { .. })), "{far:?}");
}
