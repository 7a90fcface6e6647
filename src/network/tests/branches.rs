//! Results that are put together, dense layers, several outputs and other activations, against floats.

use ndarray::{Array1, Array3, Array4};

use super::super::{
    Activation, Bias, Convolution, Graph, InputRange, LayerReport, LayerWeights, NodeSpec, Pool,
    PoolKind, RealNetwork, Source, Weights, Window, plain, run,
};
use super::{build, node};

/// Two branches, put together, averaged to fewer positions, and a dense layer; the square is an output too.
fn branches(bits: u32) -> Graph {
    let of = |node: NodeSpec, from: &[&str]| {
        let mut node = NodeSpec { from: from.iter().map(ToString::to_string).collect(), ..node };
        (node.layer.activation_bits, node.layer.weight_bits) = (bits, 8);
        node
    };
    let window = Window::new(PoolKind::Average, 3, 2, 1);
    let pool = Window { ceil_mode: true, count_include_pad: false, ..window };
    let mut builder = Graph::builder([2, 6, 6]);
    builder.range(InputRange::Plain { largest: 2.0, signed: true });
    let nodes = [
        NodeSpec { activation: Activation::Leaky(0.25), ..of(node("a", [2, 3], 6, 3), &["input"]) },
        NodeSpec { activation: Activation::Square, ..of(node("b", [2, 2], 6, 1), &["input"]) },
        NodeSpec { pool: Some(Pool::Window(pool)), ..of(node("c", [5, 4], 6, 3), &["a", "b"]) },
        NodeSpec {
            activation: Activation::None,
            is_dense: true,
            bias: true,
            ..of(node("d", [64, 3], 1, 1), &["c"])
        },
    ];
    nodes.into_iter().try_for_each(|node| builder.push(node)).expect("valid");
    for name in ["b", "d"] {
        builder.output(name).expect("there");
    }
    builder.finish().expect("valid")
}

fn weights(graph: &Graph) -> Weights {
    let seeded = Weights::seeded(graph, 3);
    let layers = seeded.layers().iter().enumerate().map(|(i, layer)| LayerWeights {
        weights: layer.weights.clone(),
        scales: Array1::from_shape_fn(layer.weights.dim().0, |c| 0.004 + 0.001 * (c + i) as f64),
        bias: (i == 3).then(|| Bias::Real(Array1::from_vec(vec![0.5, -1.0, 0.25]))),
        real: None,
    });
    Weights::new(layers.collect())
}

fn input() -> Array3<f64> {
    Array3::from_shape_fn((2, 6, 6), |(c, y, x)| {
        ((c * 41 + y * 17 + x * 29) % 64) as f64 / 16.0 - 2.0
    })
}

/// A convolution in floats, padded by half the kernel.
fn convolved(layer: &LayerWeights, input: &Array3<f64>) -> Array3<f64> {
    let weights: &Array4<i8> = &layer.weights;
    let (outputs, _, kernel, _) = weights.dim();
    let (_, height, width) = input.dim();
    Array3::from_shape_fn((outputs, height, width), |(o, y, x)| {
        let terms =
            weights.indexed_iter().filter(|(at, _)| at.0 == o).map(|((_, c, ky, kx), w)| {
                let (y, x) = ((y + ky).wrapping_sub(kernel / 2), (x + kx).wrapping_sub(kernel / 2));
                f64::from(*w) * layer.scales[o] * input.get([c, y, x]).copied().unwrap_or(0.0)
            });
        terms.sum()
    })
}

/// The whole network in floats: the results of a, b, c and d.
fn in_floats(weights: &Weights) -> [Array3<f64>; 4] {
    let layers = weights.layers();
    let a = convolved(&layers[0], &input()).mapv(|x| if x < 0.0 { x / 4.0 } else { x });
    let b = convolved(&layers[1], &input()).mapv(|x| x * x);
    let both = ndarray::concatenate![ndarray::Axis(0), a, b];
    let sums = convolved(&layers[2], &both).mapv(|x| x.max(0.0));
    // Windows of three rows that begin at -1, 1, 3 and 5, of which the last sees one.
    let c = Array3::from_shape_fn((4, 4, 4), |(channel, y, x)| {
        let covered = sums.indexed_iter().filter(|((o, row, column), _)| {
            let is_in = |at: usize, row: usize| (2 * at..2 * at + 3).contains(&(row + 1));
            *o == channel && is_in(y, *row) && is_in(x, *column)
        });
        let values: Vec<f64> = covered.map(|(_, value)| *value).collect();
        values.iter().sum::<f64>() / values.len() as f64
    });
    let flat = Array3::from_shape_vec((64, 1, 1), c.iter().copied().collect()).expect("fits");
    let Some(Bias::Real(bias)) = &layers[3].bias else { panic!("biased") };
    let mut d = convolved(&layers[3], &flat);
    d.outer_iter_mut().zip(bias).for_each(|(mut plane, bias)| plane += *bias);
    [a, b, c, d]
}

#[track_caller]
fn assert_close(found: &Array3<f64>, expected: &Array3<f64>, tolerance: f64) {
    assert_eq!(found.dim(), expected.dim());
    let largest = expected.iter().fold(0f64, |largest, value| largest.max(value.abs()));
    assert!(largest > 0.01, "{expected}");
    let worst = (found - expected).iter().fold(0f64, |worst, error| worst.max(error.abs()));
    assert!(worst <= tolerance * largest, "{worst} of {largest}");
}

#[test]
fn branches_are_met_closely() {
    let graph = branches(16);
    let weights = weights(&graph);
    let expected = in_floats(&weights);
    let mut reals = RealNetwork::new(&graph, &weights, input()).expect("real");
    let done = |place: usize, _: &LayerReport, values: &Array3<f64>| {
        assert_close(values, &expected[place], 1e-3);
        assert_close(reals.step().expect("a node"), &expected[place], 1e-12);
    };
    let outcome = run(&graph, &weights, input(), plain, done).expect("runs");
    assert_eq!(outcome.outputs.len(), 2);
    let all = [&expected[1], &expected[3]];
    for ((found, real), expected) in outcome.outputs.iter().zip(reals.outputs()).zip(all) {
        assert_close(found, expected, 1e-3);
        assert_close(real, expected, 1e-12);
    }
}

/// What is put together has one scale, and what is flattened is in the order of channels, rows and columns.
#[test]
fn convolutions_take_what_is_put_together() {
    let graph = branches(4);
    let weights = weights(&graph);
    let mut seen: Vec<Array3<i64>> = Vec::new();
    let convolve = |call: &Convolution<'_>| {
        assert_eq!(call.input.shape(), call.layer.input_shape());
        seen.push(call.input.clone());
        plain(call)
    };
    let mut results = Vec::new();
    let mut scales = Vec::new();
    let done = |_, report: &LayerReport, values: &Array3<f64>| {
        results.push(values.clone());
        scales.push((report.input_scale, report.scale));
    };
    run(&graph, &weights, input(), convolve, done).expect("runs");
    let signs: Vec<bool> =
        graph.nodes().iter().map(|node| node.layer.activation_signed()).collect();
    assert_eq!(signs, [true, true, true, false]);
    assert_eq!(graph.nodes()[2].inputs, [Source::Node(0), Source::Node(1)]);
    let both: Vec<f64> = results[0].iter().chain(&results[1]).copied().collect();
    let scale = both.iter().fold(0f64, |largest, value| largest.max(value.abs())) / 7.0;
    let integers: Vec<i64> = both.iter().map(|value| (value / scale).round() as i64).collect();
    assert_eq!(seen[2].iter().copied().collect::<Vec<_>>(), integers);
    let of_d = scales[3].0;
    let flat: Vec<i64> = results[2].iter().map(|value| (value / of_d).round() as i64).collect();
    assert_eq!(seen[3].iter().copied().collect::<Vec<_>>(), flat);
    // What is taken with others has no integers of its own.
    assert_eq!(
        [scales[0].1, scales[1].1, scales[2].1, scales[3].1],
        [None, None, Some(of_d), None]
    );
}

fn node_a() -> NodeSpec {
    node("a", [3, 4], 8, 3)
}

fn node_b() -> NodeSpec {
    node("b", [3, 4], 8, 3)
}

#[test]
fn what_cannot_be_put_together_is_named() {
    let from = |node, names: &[&str]| NodeSpec {
        from: names.iter().map(ToString::to_string).collect(),
        ..node
    };
    let error = |node| {
        let pool = Some(Pool::Window(Window::new(PoolKind::Max, 2, 2, 0)));
        let a = NodeSpec { pool, ..node_a() };
        build([3, 8, 8], vec![a, from(node_b(), &["input"]), node]).expect_err("refused")
    };
    let planes = error(from(node("c", [8, 4], 8, 3), &["b", "a"]));
    assert_eq!(
        (planes.field, planes.to_string().as_str()),
        (
            "from",
            "layer c: the planes of b are 8x8, those of a 4x4; only planes of one size can be put together"
        )
    );
    let twice = error(from(node("c", [8, 4], 8, 3), &["b", "b"]));
    assert_eq!(
        (twice.field, twice.to_string().as_str()),
        ("from", "layer c: \"b\" is named twice")
    );
    let narrow = error(from(node("c", [6, 4], 8, 3), &["b", "input"]));
    assert_eq!(
        (narrow.field, narrow.to_string().as_str()),
        ("in_channels", "layer c: in_channels = 6, but b and input, which it takes, gives 7")
    );
    let mut unsigned = from(node("c", [7, 4], 8, 3), &["input", "b"]);
    unsigned.layer.activation_signed = Some(false);
    let mut builder = Graph::builder([3, 8, 8]);
    builder.push(NodeSpec { activation: Activation::Leaky(0.1), ..node_b() }).expect("valid");
    let negative = builder.push(unsigned).expect_err("refused");
    assert_eq!(negative.field, "activation_signed");
    assert!(
        negative.to_string().contains("but b, which it takes, has values below 0"),
        "{negative}"
    );
}
