//! Graphs that fit together, and those that do not.

use super::super::{Activation, NodeSpec, Pool, PoolKind, Shortcut, Source};
use super::{build, graph, node};

fn window(kernel: usize, stride: usize, padding: usize) -> Pool {
    Pool::Window { kind: PoolKind::Max, kernel, stride, padding }
}

fn added(node: NodeSpec, of: &str, stride: Option<usize>) -> NodeSpec {
    NodeSpec { add: Some(Shortcut { of: of.into(), stride }), ..node }
}

#[test]
fn shapes_and_sources_follow_from_the_nodes() {
    let pooled = NodeSpec { pool: Some(window(3, 2, 1)), ..node("a", [3, 8], 9, 3) };
    let signed = NodeSpec { activation: Activation::None, ..node("s", [8, 8], 5, 1) };
    let other = NodeSpec { from: Some("a".into()), ..node("b", [8, 8], 5, 3) };
    let last = NodeSpec { pool: Some(Pool::Global), ..added(node("c", [8, 8], 5, 3), "s", None) };
    let graph = graph([3, 9, 9], vec![pooled, signed, other, last]);
    let found: Vec<_> = graph.nodes().iter().map(|n| (n.input, n.shortcut, n.shape)).collect();
    let expected = [
        (Source::Input, None, [8, 5, 5]),
        (Source::Node(0), None, [8, 5, 5]),
        (Source::Node(0), None, [8, 5, 5]),
        (Source::Node(2), Some(Source::Node(1)), [8, 1, 1]),
    ];
    assert_eq!(found, expected);
    let bits: Vec<_> = graph.nodes().iter().map(|node| node.bits).collect();
    assert_eq!((graph.input_bits(), bits), (4, vec![Some(4), None, Some(4), None]));
    assert_eq!(graph.weight_count(), 3 * 8 * 9 + 8 * 8 + 2 * 8 * 8 * 9);
    assert_eq!(graph.multiply_adds(), 3 * 8 * 9 * 81 + (8 * 8 + 2 * 8 * 8 * 9) * 25);
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
    let from = |node, name: &str| NodeSpec { from: Some(name.into()), ..node };
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
    refused(
        vec![signed, b()],
        "from",
        "layer b: it takes a, which has no activation and is signed; only `add` takes that",
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
        "layer c: activation_bits = 8, but another layer takes a with 4",
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
    let to = || NodeSpec { from: Some("a".into()), ..node("b", [4, 8], 8, 3) };
    let nodes = |stride| vec![node("a", [3, 4], 8, 3), added(to(), "a", stride)];
    assert!(build([3, 8, 8], nodes(None)).is_err());
    assert!(build([3, 8, 8], nodes(Some(1))).is_ok());
    assert!(build([3, 8, 8], nodes(Some(2))).is_err());
}
