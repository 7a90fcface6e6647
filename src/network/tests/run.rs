//! Networks against a computation by hand, and real ones against floating point.

use ndarray::{Array1, Array3, Array4, array};

use super::super::{
    Activation, Bias, Convolution, Graph, InputRange, LayerReport, LayerWeights, NodeSpec,
    Normalise, Outcome, Pool, PoolKind, RealNetwork, Shortcut, Weights, Window, plain, run,
    signal_to_noise_db,
};
use super::{graph, node};
use crate::conv::data;

fn runs(graph: &Graph, weights: &Weights, input: Array3<f64>) -> Outcome {
    run(graph, weights, input, plain, |_, _, _| ()).expect("runs")
}

/// Weights that all output channels share the scale of.
fn scaled(weights: Array4<i8>, scale: f64, bias: Option<Array1<f64>>) -> LayerWeights {
    let scales = Array1::from_elem(weights.dim().0, scale);
    LayerWeights { weights, scales, bias: bias.map(Bias::Real), real: None }
}

fn identity(of: &str) -> Shortcut {
    Shortcut { of: of.into(), stride: None }
}

/// One channel, 1x1 kernels: every step can be followed in the head.
#[test]
fn every_step_is_what_it_is_by_hand() {
    let first = NodeSpec { bias: true, ..node("a", [1, 1], 2, 1) };
    let signed = NodeSpec { activation: Activation::None, ..node("s", [1, 1], 2, 1) };
    let max = Pool::Window(Window::new(PoolKind::Max, 2, 2, 0));
    let from = vec!["a".into()];
    let last =
        NodeSpec { from, add: Some(identity("s")), pool: Some(max), ..node("b", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![first, signed, last]);
    let weight = |w: i8, scale, bias| scaled(Array4::from_elem((1, 1, 1, 1), w), scale, bias);
    let bias = Some(array![-0.125]);
    let weights = vec![weight(2, 0.25, bias), weight(-1, 0.5, None), weight(4, 0.25, None)];
    let mut results = Vec::new();
    let mut reports = Vec::new();
    // The integers are 1, 2, 8 and 15 of a fifteenth.
    let input = array![[[1.0, 2.0], [8.0, 15.0]]] / 15.0;
    let outcome = run(&graph, &Weights::new(weights), input, plain, |i, report, values| {
        assert_eq!(i, reports.len());
        reports.push(report.clone());
        results.push(values.clone());
    });
    let outcome = outcome.expect("runs");
    // a: 2/4 of the input less an eighth: 0, 0, 17/120, 45/120. Its integers are 0, 0, 6 (5.67) and 15.
    let sum = |integer: f64| integer * (1.0 / 15.0 * 0.25) - 0.125;
    assert_eq!(results[0], array![[[0.0, 0.0], [sum(16.0), sum(30.0)]]]);
    let a = sum(30.0) / 15.0;
    // s: halves of them, below 0. b: the integers themselves, plus s.
    let s = |integer: f64| -integer * (a * 0.5);
    assert_eq!(results[1], array![[[0.0, 0.0], [s(6.0), s(15.0)]]]);
    let b = |integer: f64| 4.0 * integer * (a * 0.25) + s(integer);
    assert_eq!(outcome.outputs[0], array![[[b(15.0)]]]);
    assert!((b(15.0) - 45.0 / 240.0).abs() < 1e-12);
    let report = |name: &str, input_scale, largest_sum, scale, side| LayerReport {
        name: name.into(),
        input_scale,
        zero_channels: 0,
        largest_sum,
        scale,
        shape: [1, side, side],
    };
    let expected = [
        report("a", 1.0 / 15.0, 30, Some(a), 2),
        report("s", a, 15, None, 2),
        report("b", a, 60, None, 1),
    ];
    assert_eq!((reports, outcome.layers), (expected.to_vec(), expected.to_vec()));
}

/// A picture of the mean colour is zero throughout, its padding too.
#[test]
fn padding_is_zero_after_normalisation() {
    let mut builder = Graph::builder([1, 4, 4]);
    builder.range(InputRange::Normalised(Normalise { mean: vec![0.5], std: vec![0.25] }));
    builder
        .push(NodeSpec { activation: Activation::None, ..node("a", [1, 1], 4, 3) })
        .expect("valid");
    let graph = builder.finish().expect("valid");
    let weights = Weights::new(vec![scaled(Array4::from_elem((1, 1, 3, 3), 7), 0.1, None)]);
    let mean = graph.input_form().reals(Array3::from_elem((1, 4, 4), 0.5));
    assert_eq!(runs(&graph, &weights, mean).outputs[0], Array3::<f64>::zeros((1, 4, 4)));
    // White is 2, the largest integer, and its border sees padding of 0.
    let white = graph.input_form().reals(Array3::from_elem((1, 4, 4), 1.0));
    let output = runs(&graph, &weights, white).outputs.remove(0);
    for (at, taps) in [((0, 0, 0), 4.0), ((0, 0, 1), 6.0), ((0, 1, 1), 9.0)] {
        assert!((output[at] - taps * 0.7 * 2.0).abs() < 1e-12, "{output}");
    }
}

/// What has no activation is taken signed by the next convolution.
#[test]
fn linear_bottlenecks_go_on_signed() {
    let linear = NodeSpec { activation: Activation::None, ..node("a", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![linear, node("b", [1, 1], 2, 1)]);
    let minus = || scaled(Array4::from_elem((1, 1, 1, 1), -1), 1.0, None);
    let weights = Weights::new(vec![minus(), minus()]);
    let input = array![[[0.0, 1.0], [3.0, 15.0]]] / 15.0;
    let mut seen = Vec::new();
    let convolve = |call: &Convolution<'_>| {
        seen.push(call.input.clone());
        plain(call)
    };
    let outcome = run(&graph, &weights, input, convolve, |_, _, _| ()).expect("runs");
    assert_eq!(seen[1], array![[[0, 0], [-1, -7]]]);
    assert!((outcome.outputs[0][[0, 1, 1]] - 1.0).abs() < 1e-12);
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
        scales: Array1::from_shape_fn(layer.weights.dim().0, |c| {
            [0.013, 0.0071, 0.0093][i] * [1.0, 0.2, 0.5, 1.5, 0.01, 1.0][c]
        }),
        bias: Some(Bias::Real(Array1::from_shape_fn(layer.weights.dim().0, |c| {
            [0.3, -0.2, 0.1, -0.4, 0.0, 0.25][c]
        }))),
        real: None,
    });
    let weights = Weights::new(layers.collect());
    let input = Array3::from_shape_fn((2, 6, 6), |(c, y, x)| {
        ((c * 7919 + y * 104_729 + x * 1_299_709) % 65_536) as f64 / 65_535.0
    });
    let outcome = runs(&graph, &weights, input.clone());
    let expected = in_floats(&weights, &input);
    assert!(expected.iter().filter(|value| **value > 0.1).count() >= 3, "{expected:?}");
    for (value, expected) in outcome.outputs[0].iter().zip(&expected) {
        assert!((value - expected).abs() < 1e-3 * (1.0 + expected), "{value} {expected}");
    }
    // The same in real values, node by node.
    let mut reals = RealNetwork::new(&graph, &weights, input.clone()).expect("real");
    let mut last = Array3::zeros((6, 1, 1));
    let done = |_, _: &LayerReport, values: &Array3<f64>| {
        let real = reals.step().expect("a node");
        let ratio = signal_to_noise_db(values.view(), real.view()).expect("noise");
        assert!(ratio > 60.0, "{ratio}");
        last.clone_from(real);
    };
    // The last result has six values alone.
    let outcome = run(&graph, &weights, input, plain, done).expect("runs");
    assert_eq!(outcome.outputs[0].len(), 6);
    assert!(last.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12), "{last}");
    assert!(reals.step().is_none());
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
            f64::from(*weight) * layer.scales[o] * input.get([c, y, x]).copied().unwrap_or(0.0)
        });
        bias[o] + terms.sum::<f64>()
    })
}

#[test]
fn relu6_clips_at_six() {
    let spec = NodeSpec { activation: Activation::Relu6, ..node("a", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![spec]);
    let weights = scaled(Array4::from_elem((1, 1, 1, 1), 7), 1.5, None);
    let input = array![[[0.0, 3.0], [8.0, 15.0]]] / 15.0;
    let outcome = runs(&graph, &Weights::new(vec![weights]), input);
    let value = |integer: f64| 7.0 * integer * (1.0 / 15.0 * 1.5);
    assert_eq!(outcome.outputs[0], array![[[0.0, value(3.0)], [value(8.0), 6.0]]]);
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
    let input = data::input(layer, 7).mapv(|integer| integer as f64 / 15.0);
    let outcome = runs(&graph, &weights, input.clone());
    assert_eq!(outcome, runs(&graph, &Weights::seeded(&graph, 7), input.clone()));
    // The taken scales keep the size of values through the layers.
    let scales: Vec<f64> = outcome.layers.iter().filter_map(|layer| layer.scale).collect();
    assert_eq!(scales.len(), 2);
    assert!(scales.iter().all(|scale| (0.02..0.3).contains(scale)), "{outcome:?}");
    // Biases in units of sums have no real value.
    assert!(RealNetwork::new(&graph, &weights, input).is_none());
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
    run(&graph, &weights, Array3::ones((2, 5, 5)), convolve, |_, _, _| ()).expect("runs");
    assert_eq!(largest, [Some(15), Some(15)]);
}

#[test]
fn what_does_not_fit_is_named() {
    let graph = graph([1, 2, 2], vec![NodeSpec { bias: true, ..node("a", [1, 1], 2, 1) }]);
    let ok = Weights::seeded(&graph, 1);
    let input = || array![[[0.1, 0.2], [0.5, 1.0]]];
    let error = |weights: &Weights, input, sums: Result<Array3<i64>, &'static str>| {
        let convolve = |_: &Convolution<'_>| sums.clone();
        run(&graph, weights, input, convolve, |_, _, _| ()).expect_err("refused").to_string()
    };
    let sums = || Ok(array![[[1, 2], [8, 15]]]);
    let layers = |channels, biases| {
        let weights = Array4::zeros((1, channels, 1, 1));
        Weights::new(vec![LayerWeights::integers(weights, Some(Array1::zeros(biases)))])
    };
    for other in [Weights::new(Vec::new()), layers(2, 1), layers(1, 2)] {
        let text = error(&other, input(), sums());
        assert_eq!(text, "the weights are not of this network's layers");
    }
    let flat = error(&ok, array![[[1.0, 2.0]]], sums());
    assert_eq!(flat, "the input is [1, 1, 2]; the network takes [1, 2, 2]");
    let none = error(&ok, array![[[1.0, 2.0], [f64::NAN, 0.0]]], sums());
    assert_eq!(none, "the input has NaN at (0, 1, 0), which is no value that can be quantised");
    assert_eq!(error(&ok, input(), Err("no power")), "layer a: no power");
    let short = error(&ok, input(), Ok(array![[[1, 2]]]));
    assert_eq!(short, "layer a: the convolution gave shape [1, 1, 2]; expected [1, 2, 2]");
    let huge = error(&ok, input(), Ok(array![[[1, 2], [i64::MIN, 0]]]));
    assert!(huge.starts_with("layer a: the convolution gave a sum of 9223372036854775808;"));
    let steep = scaled(Array4::from_elem((1, 1, 1, 1), 1), 1e308, Some(array![0.0]));
    let far = error(&Weights::new(vec![steep]), input(), Ok(Array3::from_elem((1, 2, 2), 1 << 40)));
    assert!(far.starts_with("layer a: its result has inf at (0, 0, 0)"), "{far}");
}
