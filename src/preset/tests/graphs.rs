//! Networks that run: those in the binary, and the keys that make one.

use super::super::{Catalogue, LayerPreset, Network};
use super::message;
use crate::network::{
    self, Activation, BatchNorm, Graph, InputRange, Node, Normalise, Pool, PoolKind, Shortcut,
    Source, Weights, Window,
};
use crate::tensor::{builtin_image, picture_values};

fn graph(name: &str) -> Graph {
    let network = Catalogue::builtin().expect("valid").network(name).expect("built in");
    network.graph.expect("a graph")
}

/// Layers, weights and multiply-adds as their papers have them.
#[test]
fn networks_are_as_large_as_they_should_be() {
    for (name, layers, weights, multiply_adds) in [
        ("vgg16", 13, 14_710_464, 15_346_630_656),
        ("resnet20", 19, 267_696, 40_550_400),
        ("resnet20-224", 19, 267_696, 1_986_969_600),
        ("resnet18", 20, 11_166_912, 1_813_561_344),
        ("resnet50", 53, 23_454_912, 4_087_136_256),
        ("mobilenetv1", 27, 3_185_088, 567_716_352),
    ] {
        let graph = graph(name);
        let found = (graph.nodes().len(), graph.weight_count(), graph.multiply_adds());
        assert_eq!(found, (layers, weights, multiply_adds), "{name}");
        let bits = |node: &Node| (node.layer.activation_bits(), node.layer.weight_bits());
        assert!(graph.nodes().iter().all(|node| bits(node) == (4, 4)));
        let shapes = Weights::seeded(&graph, 1);
        let mut fits = graph.nodes().iter().zip(shapes.layers());
        assert!(fits.all(|(n, w)| w.weights.shape() == n.layer.weight_shape()));
    }
}

#[test]
fn outputs_have_their_shapes() {
    let last = |name| graph(name).nodes().last().expect("nodes").shape;
    assert_eq!(last("vgg16"), [512, 7, 7]);
    assert_eq!(last("resnet18"), [512, 1, 1]);
    assert_eq!(last("resnet50"), [2048, 1, 1]);
    assert_eq!((last("resnet20"), last("resnet20-224")), ([64, 1, 1], [64, 1, 1]));
    assert_eq!(last("mobilenetv1"), [1024, 1, 1]);
}

/// Shortcuts and tensor names where they are least regular.
#[test]
fn networks_are_connected_as_they_should_be() {
    let resnet = graph("resnet18");
    let node = |name: &str| {
        let index = resnet.nodes().iter().position(|node| node.spec.name() == name);
        index.map(|index| (index, &resnet.nodes()[index])).expect("a node")
    };
    let (before, _) = node("block2_conv2");
    let (shortcut, shortcut_node) = node("block3_shortcut");
    let (_, first) = node("block3_conv1");
    let (_, second) = node("block3_conv2");
    assert_eq!(first.inputs, [Source::Node(before)]);
    assert_eq!(shortcut_node.inputs, [Source::Node(before)]);
    assert_eq!(shortcut_node.spec.activation, Activation::None);
    assert_eq!(second.shortcut, Some(Source::Node(shortcut)));
    assert_eq!(shortcut_node.spec.tensors(), "layer2.0.downsample.0");
    assert_eq!(second.spec.bn, Some(BatchNorm::new("layer2.0.bn2")));
    let small = graph("resnet20");
    let strided: Vec<_> = small
        .nodes()
        .iter()
        .filter(|node| node.spec.add.as_ref().is_some_and(|add| add.stride.is_some()))
        .map(|node| (node.spec.name(), node.layer.output_shape()))
        .collect();
    assert_eq!(strided, [("block4_conv2", [32, 16, 16]), ("block7_conv2", [64, 8, 8])]);
    let prefixes: Vec<_> =
        graph("vgg16").nodes().iter().map(|node| node.spec.tensors().to_owned()).collect();
    let expected =
        [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28].map(|i| format!("features.{i}"));
    assert_eq!(prefixes, expected);
    let mobile = graph("mobilenetv1");
    let (dw2, pw13) = (&mobile.nodes()[3], &mobile.nodes()[26]);
    assert_eq!((dw2.layer.groups(), dw2.layer.padding()), (64, [0, 0, 1, 1]));
    assert_eq!(pw13.spec.tensors(), "blocks.4.1.conv_pw");
}

/// The photograph goes through with seeded weights, and is not lost on the way.
#[test]
fn networks_run() {
    for name in ["resnet20", "resnet18", "mobilenetv1"] {
        let graph = graph(name);
        let picture = builtin_image("cat-224").expect("built in");
        let values = picture_values(&picture, graph.input_shape(), name).expect("three channels");
        let input = graph.input_form().reals(values);
        let weights = Weights::seeded(&graph, 1);
        let outcome = network::run(&graph, &weights, input, network::plain, |_, _, _| ());
        let outcome = outcome.expect("runs");
        assert_eq!(outcome.outputs[0].shape(), graph.nodes().last().expect("nodes").shape);
        let alive = outcome.outputs[0].iter().filter(|value| **value > 0.0).count();
        assert!(
            alive * 10 > outcome.outputs[0].len(),
            "{name}: {alive} of {}",
            outcome.outputs[0].len()
        );
    }
}

const GRAPH: &str = r#"schema = 1
name = "mine"
input = [3, 8, 8]

[[layer]]
name = "a"
out_channels = 4
kernel = 3
bias = true
pool = 2

[[layer]]
name = "s"
out_channels = 6
kernel = 1
activation = "none"

[[layer]]
name = "b"
from = "a"
out_channels = 6
kernel = 3
add = "s"
activation = "relu6"
pool = { kind = "average", kernel = 3, padding = 1 }
weights = "net.b"
bn = "net.bn"
"#;

fn read(text: &str) -> Network {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("my.toml");
    std::fs::write(&path, text).expect("written");
    let catalogue = Catalogue::builtin().expect("valid");
    catalogue.network(path.to_str().expect("a path")).expect("valid")
}

#[test]
fn every_key_is_read() {
    let mine = read(GRAPH);
    let graph = mine.graph.as_ref().expect("a graph");
    let [a, s, b] = graph.nodes() else { panic!("three nodes") };
    assert_eq!((graph.input_shape(), a.shape, s.shape), ([3, 8, 8], [4, 4, 4], [6, 4, 4]));
    let window = |kind, kernel, padding| Pool::Window(Window::new(kind, kernel, kernel, padding));
    assert_eq!((a.spec.bias, a.spec.pool), (true, Some(window(PoolKind::Max, 2, 0))));
    assert_eq!((&b.inputs[..], b.shortcut), (&[Source::Node(0)][..], Some(Source::Node(1))));
    assert_eq!(b.spec.activation, Activation::Relu6);
    assert_eq!(b.spec.pool, Some(window(PoolKind::Average, 3, 1)));
    assert_eq!((b.spec.tensors(), &b.spec.bn), ("net.b", &Some(BatchNorm::new("net.bn"))));
    assert!(!b.spec.bias && b.spec.has_bias() && !s.spec.has_bias());
    let layers: Vec<_> = mine.layers.iter().map(LayerPreset::full_name).collect();
    assert_eq!(layers, ["mine/a", "mine/s", "mine/b"]);
    assert_eq!(mine.layers[2].spec, b.spec.layer);
    assert_eq!(mine.layers[2].origin, Some(graph.origin(b)));
    let text = GRAPH
        .replace("\"s\"\na", "{ name = \"a\", stride = 1 }\na")
        .replace("\"none\"", "\"relu\"");
    let text = text
        .replace("from = \"a\"\n", "")
        .replace("8, 8]\n", "8, 8]\nnormalise = { mean = [0, -0.5, 1], std = [1, 2.5, 1e-3] }\n");
    let graph = read(&text).graph.expect("a graph");
    let shortcut = Shortcut { of: "a".into(), stride: Some(1) };
    assert_eq!(graph.nodes()[2].spec.add, Some(shortcut));
    let expected = Normalise { mean: vec![0.0, -0.5, 1.0], std: vec![1.0, 2.5, 1e-3] };
    assert_eq!(graph.input_form().range.normalise(), Some(&expected));
    assert!(graph.nodes()[0].layer.activation_signed());
}

/// Asserts the message for the graph in which `from` is replaced by `to`.
#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert_eq!(message(GRAPH, from, to), expected);
}

#[test]
fn every_mistake_has_its_line() {
    refused(
        "from = \"a\"",
        "form = \"a\"",
        "my.toml:20: unknown key `form` in [[layer]]; the nearest valid key is `from`",
    );
    refused(
        "from = \"a\"",
        "from = \"aa\"",
        "my.toml:20: no layer before it is called \"aa\"; the nearest is \"a\"",
    );
    refused(
        "from = \"a\"",
        "from = \"s\"\nactivation_signed = false",
        "my.toml:21: activation_signed = false, but s, which it takes, has values below 0",
    );
    refused(
        "add = \"s\"",
        "add = \"a\"",
        "my.toml:23: the shortcut a gives 4x4x4, but the sums it is added to are 6x4x4",
    );
    refused(
        "add = \"s\"\n",
        "",
        "my.toml:13: nothing takes its result, and it is not the last layer",
    );
    refused(
        "= \"relu6\"",
        "= \"relu7\"",
        "my.toml:24: unknown activation \"relu7\"; the nearest is \"relu\" (all: relu, relu6, leaky, square, none)",
    );
    refused(
        "\"average\"",
        "\"avg\"",
        "my.toml:25: unknown kind \"avg\"; the nearest is \"average\" (all: max, average)",
    );
    refused(
        "padding = 1",
        "pading = 1",
        "my.toml:25: unknown key `pading` in `pool`; the nearest valid key is `padding`",
    );
    refused(
        "pool = 2",
        "pool = 9",
        "my.toml:10: pool kernel 9 must be from 1 to the padded plane's 8",
    );
    refused(
        "pool = 2",
        "pool = true",
        "my.toml:10: `pool` must be a number, \"global\" or { kind, kernel, stride, padding }, not a boolean",
    );
    refused("= true", "= 1", "my.toml:9: `bias` must be true or false, not an integer");
    refused(
        "out_channels = 4\n",
        "out_channels = 4\nin_channels = 4\n",
        "my.toml:8: in_channels = 4, but input, which it takes, gives 3",
    );
    refused(
        "[3, 8, 8]",
        "[3, 8]",
        "my.toml:3: `input` has 2 entries, must be channels, height and width",
    );
    refused(
        "[3, 8, 8]",
        "[3, 8, 8]\nnormalise = { mean = [0, 0, 0], std = [1, 1] }",
        "my.toml:4: `std` has 2 entries, must be one for each of the input's 3 channels",
    );
    refused(
        "[3, 8, 8]",
        "[3, 8, 8]\nnormalise = { mean = [0, 0, 0], std = [1, 0.0, 1] }",
        "my.toml:4: `std[1]` must be above 0",
    );
}

#[test]
fn keys_of_graphs_need_an_input() {
    super::network(
        "kernel = 3\n",
        "kernel = 3\npool = 2\n",
        "my.toml:11: `pool` is for networks that run; give this one an `input = [channels, height, width]`",
    );
    super::network(
        "\"mine\"",
        "\"mine\"\nnormalise = {}",
        "my.toml:3: `normalise` is for networks that run; give this one an `input = [channels, height, width]`",
    );
    refused(
        "bias = true",
        "image = \"cat-224\"",
        "my.toml:9: unknown key `image` in [[layer]]; the nearest valid key is `name`",
    );
}

/// PyTorch's epsilon where none is given, in either spelling.
#[test]
fn batch_norms_have_an_epsilon() {
    let bn = |text: &str| {
        let graph = read(&GRAPH.replace("\"net.bn\"", text)).graph.expect("a graph");
        graph.nodes()[2].spec.bn.clone().expect("a batch normalisation")
    };
    let with = |epsilon| BatchNorm { name: "n".into(), epsilon };
    assert_eq!(bn("{ name = \"n\" }"), with(1e-5));
    assert_eq!(bn("{ name = \"n\", epsilon = 1e-3 }"), with(1e-3));
    assert_eq!(bn("{ name = \"n\", eps = 0.01 }"), with(0.01));
    refused("\"net.bn\"", "{ name = \"n\", eps = 0 }", "my.toml:27: `eps` must be above 0");
    refused(
        "\"net.bn\"",
        "{ name = \"n\", epsilon = 1, eps = 1 }",
        "my.toml:27: `epsilon` and `eps` say the same; keep one of them",
    );
    refused(
        "\"net.bn\"",
        "{ name = \"n\", esp = 1 }",
        "my.toml:27: unknown key `esp` in `bn`; the nearest valid key is `epsilon`",
    );
    refused(
        "\"net.bn\"",
        "1",
        "my.toml:27: `bn` must be a name or { name, epsilon }, not an integer",
    );
}

const BRANCHES: &str = r#"schema = 1
input = { shape = [2, 8, 8], signed = true, largest = 2.5 }
outputs = ["d", "b"]

[[layer]]
name = "a"
out_channels = 4
kernel = 3
activation = { kind = "leaky", slope = 0.2 }
pool = { kind = "average", kernel = 3, stride = 2, padding = 1, ceil_mode = true, count_include_pad = false }

[[layer]]
name = "b"
from = "input"
out_channels = 3
kernel = 5
padding = [0, 0, 1, 1]
activation = "square"

[[layer]]
name = "c"
from = ["a", "b"]
out_channels = 2
kernel = 1
activation = "leaky"

[[layer]]
name = "d"
kind = "dense"
out_channels = 10
activation = "none"
"#;

#[test]
fn branches_are_read() {
    let graph = read(BRANCHES).graph;
    let graph = graph.expect("a graph");
    let [a, b, c, d] = graph.nodes() else { panic!("four nodes") };
    let range = InputRange::Plain { largest: 2.5, signed: true };
    assert_eq!((&graph.input_form().range, graph.outputs()), (&range, &[3, 1][..]));
    let new = Window::new(PoolKind::Average, 3, 2, 1);
    let window = Window { ceil_mode: true, count_include_pad: false, ..new };
    assert_eq!((a.spec.pool, a.shape), (Some(Pool::Window(window)), [4, 5, 5]));
    let activations = [a, b, c, d].map(|node| node.spec.activation);
    let leaky = Activation::Leaky;
    assert_eq!(activations, [leaky(0.2), Activation::Square, leaky(0.01), Activation::None]);
    assert_eq!(c.inputs, [Source::Node(0), Source::Node(1)]);
    assert_eq!((c.layer.input_shape(), c.shape), ([7, 5, 5], [2, 5, 5]));
    assert!(d.spec.is_dense && !c.spec.is_dense);
    assert_eq!((d.layer.weight_shape(), d.shape), ([10, 50, 1, 1], [10, 1, 1]));
    let signs = [a, b, c, d].map(|node| node.layer.activation_signed());
    assert_eq!(signs, [true, true, true, true]);
    let convolution = BRANCHES.replace("name = \"c\"", "name = \"c\"\nkind = \"conv\"");
    assert_eq!(read(&convolution).graph, Some(graph));
}

#[test]
fn mistakes_in_branches_have_their_line() {
    let refused = |from: &str, to: &str, expected: &str| {
        assert!(BRANCHES.contains(from), "{from}");
        assert_eq!(message(BRANCHES, from, to), format!("my.toml:{expected}"));
    };
    refused(
        "padding = [0, 0, 1, 1]\n",
        "stride = 2\n",
        "22: the planes of a are 5x5, those of b 4x4; only planes of one size can be put together",
    );
    refused("\"b\"]\nout", "\"a\"]\nout", "22: \"a\" is named twice");
    refused(
        "[\"a\", \"b\"]\nout",
        "[]\nout",
        "22: `from` has 0 entries, must be the name of a layer, or a list of several",
    );
    refused("[\"d\", \"b\"]", "[\"d\", \"d\"]", "3: \"d\" is named twice");
    refused("[\"d\", \"b\"]", "[\"e\"]", "3: no layer is called \"e\"; the nearest is \"a\"");
    refused("slope = 0.2", "slope = -0.2", "9: `slope` must be above 0");
    refused(
        "slope = 0.2",
        "slop = 0.2",
        "9: unknown key `slop` in `activation`; the nearest valid key is `slope`",
    );
    refused(
        "\"average\"",
        "\"max\"",
        "10: `count_include_pad` is for `kind = \"average\"`; a maximum leaves padding out",
    );
    refused(
        "ceil_mode = true",
        "ceil_mode = 1",
        "10: `ceil_mode` must be true or false, not an integer",
    );
    refused(
        "kind = \"dense\"\n",
        "kind = \"dense\"\nkernel = 3\n",
        "30: `kernel` is for convolutions; a dense layer takes all values of what it takes, and says `out_channels` alone",
    );
    refused(
        "\"dense\"",
        "\"dens\"",
        "29: unknown kind \"dens\"; the nearest is \"dense\" (all: conv, dense)",
    );
    refused("largest = 2.5", "largest = 0", "2: `largest` must be above 0");
    refused(
        "largest = 2.5 }",
        "largest = 2.5 }\nnormalise = { mean = [0, 0], std = [1, 1] }",
        "3: `signed` and `normalise` say the same; keep one of them",
    );
    refused(
        "signed = true",
        "sign = true",
        "2: unknown key `sign` in `input`; the nearest valid key is `signed`",
    );
}
