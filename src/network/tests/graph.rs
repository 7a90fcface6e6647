//! Graphs that fit together, and those that do not.

use super::super::{
    Activation, Graph, InputRange, NodeSpec, Normalise, Pool, PoolKind, Shortcut, Source, Width,
    Window,
};
use super::{build, graph, node};

fn window(kernel: usize, stride: usize, padding: usize) -> Pool {
    Pool::Window(Window::new(PoolKind::Max, kernel, stride, padding))
}

fn added(node: NodeSpec, of: &str, stride: Option<usize>) -> NodeSpec {
    NodeSpec { add: Some(Shortcut { of: of.into(), stride }), ..node }
}

#[test]
fn shapes_and_sources_follow_from_the_nodes() {
    let pooled = NodeSpec { pool: Some(window(3, 2, 1)), ..node("a", [3, 8], 9, 3) };
    let signed = NodeSpec { activation: Activation::None, ..node("s", [8, 8], 5, 1) };
    let other = NodeSpec { from: vec!["a".into()], ..node("b", [8, 8], 5, 3) };
    let last = NodeSpec { pool: Some(Pool::Global), ..added(node("c", [8, 8], 5, 3), "s", None) };
    let graph = graph([3, 9, 9], vec![pooled, signed, other, last]);
    let found: Vec<_> =
        graph.nodes().iter().map(|n| (&n.inputs[..], n.shortcut, n.shape)).collect();
    let expected = [
        (&[Source::Input][..], None, [8, 5, 5]),
        (&[Source::Node(0)][..], None, [8, 5, 5]),
        (&[Source::Node(0)][..], None, [8, 5, 5]),
        (&[Source::Node(2)][..], Some(Source::Node(1)), [8, 1, 1]),
    ];
    assert_eq!(found, expected);
    let unsigned = Width { bits: 4, signed: false };
    let widths: Vec<_> = graph.nodes().iter().map(|node| node.width).collect();
    assert_eq!(widths, [Some(unsigned), None, Some(unsigned), None]);
    assert_eq!(graph.input_form().width, unsigned);
    assert_eq!(graph.weight_count(), 3 * 8 * 9 + 8 * 8 + 2 * 8 * 8 * 9);
    assert_eq!(graph.multiply_adds(), 3 * 8 * 9 * 81 + (8 * 8 + 2 * 8 * 8 * 9) * 25);
}

/// What may be below 0 is taken signed: normalised inputs, and results without an activation.
#[test]
fn signs_follow_from_the_graph() {
    let signs = |graph: &Graph| -> Vec<bool> {
        let nodes = graph.nodes().iter();
        nodes
            .map(|node| {
                let signed = node.layer.activation_signed();
                assert_eq!(node.spec.layer.activation_signed, Some(signed));
                signed
            })
            .collect()
    };
    let linear = NodeSpec { activation: Activation::None, ..node("a", [2, 2], 4, 3) };
    let capped = NodeSpec { activation: Activation::Relu6, ..node("b", [2, 2], 4, 3) };
    let pooled = NodeSpec { pool: Some(Pool::Global), ..node("c", [2, 2], 4, 3) };
    let nodes = vec![linear, capped, pooled];
    assert_eq!(signs(&graph([2, 4, 4], nodes.clone())), [false, true, false]);
    let mut builder = Graph::builder([2, 4, 4]);
    builder.range(InputRange::Normalised(Normalise { mean: vec![0.0; 2], std: vec![1.0; 2] }));
    nodes.into_iter().try_for_each(|node| builder.push(node)).expect("valid");
    let normalised = builder.finish().expect("valid");
    assert_eq!(signs(&normalised), [true, true, false]);
    assert_eq!(normalised.input_form().width, Width { bits: 4, signed: true });
    let mut said = node("a", [2, 2], 4, 3);
    said.layer.activation_signed = Some(true);
    assert_eq!(signs(&graph([2, 4, 4], vec![said])), [true]);
}

#[track_caller]
fn refused(nodes: Vec<NodeSpec>, field: &str, message: &str) {
    let error = build([3, 8, 8], nodes).expect_err("must be refused");
    assert_eq!((error.field, error.to_string().as_str()), (field, message));
}

#[test]
fn every_mistake_names_layer_and_field() {
    let a = || node("a", [3, 4], 8, 3);
    let b = || node("b", [4, 4], 8, 3);
    let from = |node, name: &str| NodeSpec { from: vec![name.into()], ..node };
    refused(
        vec![a(), node("b", [3, 4], 8, 3)],
        "in_channels",
        "layer b: in_channels = 3, but a, which it takes, gives 4",
    );
    refused(
        vec![node("a", [3, 4], 9, 3)],
        "height",
        "layer a: height = 9, but input, which it takes, gives 8",
    );
    refused(
        vec![a(), from(b(), "aa")],
        "from",
        "layer b: no layer before it is called \"aa\"; the nearest is \"a\"",
    );
    refused(
        vec![a(), from(b(), "b")],
        "from",
        "layer b: no layer before it is called \"b\"; the nearest is \"a\"",
    );
    let signed = NodeSpec { activation: Activation::None, ..a() };
    let mut unsigned = b();
    unsigned.layer.activation_signed = Some(false);
    refused(
        vec![signed, unsigned],
        "activation_signed",
        "layer b: activation_signed = false, but a, which it takes, has values below 0",
    );
    let name = "its name must be that of no other layer, and not \"input\"";
    refused(vec![a(), node("a", [4, 4], 8, 3)], "name", &format!("layer a: {name}"));
    refused(vec![node("input", [3, 4], 8, 3)], "name", &format!("layer input: {name}"));
    refused(
        vec![a(), added(b(), "input", None)],
        "add",
        "layer b: the shortcut input gives 3x8x8, but the sums it is added to are 4x8x8",
    );
    refused(
        vec![NodeSpec { pool: Some(window(9, 1, 0)), ..a() }],
        "pool",
        "layer a: pool kernel 9 must be from 1 to the padded plane's 8",
    );
    refused(
        vec![a(), b(), from(node("c", [4, 4], 8, 1), "a")],
        "name",
        "layer b: nothing takes its result, and it is not the last layer",
    );
    refused(vec![], "layer", "layer input: a network needs a layer that takes it");
    let mut wide = from(node("c", [4, 4], 8, 1), "a");
    wide.layer.activation_bits = 8;
    refused(
        vec![a(), b(), added(wide, "b", None)],
        "activation_bits",
        "layer c: it takes a with activation_bits = 8, activation_signed = false, but another layer does with activation_bits = 4, activation_signed = false",
    );
    let mut even = a();
    even.layer.kernel = [2, 2];
    refused(
        vec![even],
        "kernel",
        "layer a: kernel = [2, 2] must be odd in both directions; even sizes are not taken yet: make it one larger, with weights of zero there",
    );
    let mut still = a();
    still.layer.stride = 0;
    let error = build([3, 8, 8], vec![still]).expect_err("no stride").to_string();
    assert!(error.starts_with("layer a: stride = 0"), "{error}");
}

#[test]
fn padded_channels_need_a_stride() {
    let to = || NodeSpec { from: vec!["a".into()], ..node("b", [4, 8], 8, 3) };
    let nodes = |stride| vec![node("a", [3, 4], 8, 3), added(to(), "a", stride)];
    assert!(build([3, 8, 8], nodes(None)).is_err());
    assert!(build([3, 8, 8], nodes(Some(1))).is_ok());
    assert!(build([3, 8, 8], nodes(Some(2))).is_err());
}
