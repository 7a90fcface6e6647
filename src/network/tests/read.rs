//! Weights from files of every kind.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use half::{bf16, f16};
use ndarray::{Array1, Array4, ArrayD, array};
use ndarray_npy::{WritableElement, WriteNpyExt};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::{
    BatchNorm, Bias, Findings, Graph, InputRange, NodeSpec, Normalise, Note, Origin, Weights,
    read_layer,
};
use super::{graph, node};

/// A directory for one file.
pub(super) struct Place {
    directory: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }
}

/// A tensor for a .safetensors file.
pub(super) type Stored = (Dtype, Vec<usize>, Vec<u8>);

pub(super) fn f32s(shape: &[usize], value: impl Fn(usize) -> f32) -> Stored {
    let count = shape.iter().product();
    let bytes = (0..count).flat_map(|i| value(i).to_le_bytes()).collect();
    (Dtype::F32, shape.to_vec(), bytes)
}

pub(super) fn safetensors(tensors: &[(&str, Stored)]) -> Vec<u8> {
    let views: BTreeMap<&str, TensorView<'_>> = tensors
        .iter()
        .map(|(name, (dtype, shape, bytes))| {
            (*name, TensorView::new(*dtype, shape.clone(), bytes).expect("fits"))
        })
        .collect();
    safetensors::serialize(views, None).expect("serialises")
}

pub(super) fn npy<T: WritableElement>(array: &ArrayD<T>) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).expect("writes");
    bytes
}

pub(super) fn npz(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).expect("starts");
        zip.write_all(bytes).expect("writes");
    }
    zip.finish().expect("finishes").into_inner()
}

/// Two layers, the second with a bias, and names as in a `state_dict`.
pub(super) fn two() -> Graph {
    let first = NodeSpec { weights: Some("features.0".into()), ..node("a", [2, 3], 4, 3) };
    let second =
        NodeSpec { weights: Some("features.2".into()), bias: true, ..node("b", [3, 2], 4, 1) };
    graph([2, 4, 4], vec![first, second])
}

fn real_tensors() -> [(&'static str, Stored); 3] {
    [
        ("features.0.weight", f32s(&[3, 2, 3, 3], |i| (i as f32 - 20.0) / 100.0)),
        ("features.2.weight", f32s(&[2, 3, 1, 1], |i| [0.5, -2.0, 0.1, 1.0, 0.0, 1.3][i])),
        ("features.2.bias", f32s(&[2], |i| [0.25, -0.5][i])),
    ]
}

fn read(place: &Place, tensors: &[(&str, Stored)], graph: &Graph) -> (Weights, Findings) {
    let path = place.file("w.safetensors", &safetensors(tensors));
    Weights::read(&path, graph).expect("reads")
}

fn flat(weights: &Weights, layer: usize) -> Vec<i8> {
    weights.layers()[layer].weights.iter().copied().collect()
}

fn check_real(weights: &Weights) {
    let [first, second] = weights.layers() else { panic!("two layers") };
    let value = |i: usize| f64::from((i as f32 - 20.0) / 100.0);
    for channel in 0..3 {
        let filter = 18 * channel..18 * (channel + 1);
        let scale = filter.clone().map(|i| value(i).abs()).fold(0.0, f64::max) / 7.0;
        assert_eq!(first.scales[channel].to_bits(), scale.to_bits());
        let found = first.weights.iter().skip(18 * channel);
        let expected = filter.map(|i| (value(i) / scale).round() as i8);
        assert!(found.zip(expected).all(|(found, expected)| *found == expected));
    }
    assert_eq!(first.bias, None);
    assert_eq!(flat(weights, 1), [2, -7, 0, 5, 0, 7]);
    assert_eq!(second.scales, array![2.0 / 7.0, f64::from(1.3f32) / 7.0]);
    assert_eq!(second.bias, Some(Bias::Real(array![0.25, -0.5])));
}

#[test]
fn floats_are_quantised_channel_by_channel() {
    let place = Place::new();
    let (weights, findings) = read(&place, &real_tensors(), &two());
    check_real(&weights);
    assert_eq!((findings.unused(), findings.notes()), (&[][..], Vec::new()));
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let entries = real_tensors().map(|(name, (_, shape, bytes))| {
            let floats = bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")));
            (name, npy(&ArrayD::from_shape_vec(shape, floats.collect()).expect("fits")))
        });
        let path = place.file("w.npz", &npz(&entries, method));
        check_real(&Weights::read(&path, &two()).expect("reads").0);
    }
}

/// Real numbers that every type of float holds, and whole ones that every type holds.
#[test]
fn the_same_numbers_give_the_same_weights_whatever_their_type() {
    let place = Place::new();
    let graph = graph([1, 2, 2], vec![node("a", [1, 2], 2, 1)]);
    let bytes = |dtype: Dtype, values: [f32; 2]| -> Vec<u8> {
        let one = |v: f32| match dtype {
            Dtype::F16 => f16::from_f32(v).to_le_bytes().to_vec(),
            Dtype::BF16 => bf16::from_f32(v).to_le_bytes().to_vec(),
            Dtype::F32 => v.to_le_bytes().to_vec(),
            Dtype::F64 => f64::from(v).to_le_bytes().to_vec(),
            Dtype::I8 => (v as i8).to_le_bytes().to_vec(),
            Dtype::I16 => (v as i16).to_le_bytes().to_vec(),
            Dtype::I32 => (v as i32).to_le_bytes().to_vec(),
            _ => (v as i64).to_le_bytes().to_vec(),
        };
        values.into_iter().flat_map(one).collect()
    };
    let of = |dtype, values| {
        let tensor = (dtype, vec![2, 1, 1, 1], bytes(dtype, values));
        read(&place, &[("a.weight", tensor)], &graph).0
    };
    let floats = [Dtype::F16, Dtype::BF16, Dtype::F32, Dtype::F64];
    let real = of(Dtype::F64, [-0.5, 1.75]);
    assert_eq!((flat(&real, 0), &real.layers()[0].scales), (vec![-7, 7], &array![0.5 / 7.0, 0.25]));
    assert!(floats.iter().all(|dtype| of(*dtype, [-0.5, 1.75]) == real));
    let whole = of(Dtype::I64, [-3.0, 1.0]);
    assert_eq!((flat(&whole, 0), &whole.layers()[0].scales), (vec![-3, 1], &array![1.0, 1.0]));
    for dtype in floats.into_iter().chain([Dtype::I8, Dtype::I16, Dtype::I32]) {
        assert_eq!(of(dtype, [-3.0, 1.0]), whole, "{dtype:?}");
    }
    let array = Array4::from_shape_vec((2, 1, 1, 1), vec![-3i8, 1]).expect("fits").into_dyn();
    let zipped = npz(&[("a.weight", npy(&array))], CompressionMethod::Deflated);
    for path in [place.file("w.npz", &zipped), place.file("w.npy", &npy(&array))] {
        assert_eq!(Weights::read(&path, &graph).expect("reads").0, whole);
    }
}

/// Biases stay real, whatever the weights.
/// The weights of a dense layer are a matrix, or one with a kernel of 1x1; nothing else.
#[test]
fn a_dense_layer_takes_a_matrix() {
    let place = Place::new();
    let graph =
        |is_dense| graph([5, 1, 1], vec![NodeSpec { is_dense, ..node("fc", [5, 2], 1, 1) }]);
    let read = |shape: &[usize], is_dense| {
        let tensor = f32s(shape, |i| i as f32 / 8.0);
        let path = place.file("w.safetensors", &safetensors(&[("fc.weight", tensor)]));
        Weights::read(&path, &graph(is_dense)).map(|(weights, _)| weights)
    };
    let matrix = read(&[2, 5], true).expect("reads");
    assert_eq!(matrix, read(&[2, 5, 1, 1], true).expect("reads"));
    assert_eq!(matrix, read(&[2, 5, 1, 1], false).expect("reads"));
    let error = read(&[2, 4], true).expect_err("refused").to_string();
    assert!(
        error.contains("has shape [2, 4]") && error.contains("expected shape [2, 5]"),
        "{error}"
    );
    assert!(read(&[2, 5], false).is_err());
}

#[test]
fn integers_are_taken_as_they_are() {
    let place = Place::new();
    let bytes = |values: &[i8]| values.iter().map(|v| v.cast_unsigned()).collect::<Vec<u8>>();
    let first: Vec<i8> = (0..54).map(|i| (i % 15) as i8 - 7).collect();
    let tensors = [
        ("features.0.weight", (Dtype::I8, vec![3, 2, 3, 3], bytes(&first))),
        ("features.2.weight", (Dtype::I8, vec![2, 3, 1, 1], bytes(&[1, -7, 3, 2, 0, 7]))),
        ("features.2.bias", f32s(&[2], |i| [300.5, -20.0][i])),
    ];
    let (weights, _) = read(&place, &tensors, &two());
    assert_eq!(flat(&weights, 0), first);
    assert_eq!(flat(&weights, 1), [1, -7, 3, 2, 0, 7]);
    assert_eq!(weights.layers()[1].bias, Some(Bias::Real(array![300.5, -20.0])));
    assert!(
        weights
            .layers()
            .iter()
            .all(|layer| layer.scales == Array1::<f64>::ones(layer.scales.len()))
    );
}

fn folded(bn: BatchNorm) -> (Graph, Vec<(&'static str, Stored)>) {
    let one = |value: f32| f32s(&[1], move |_| value);
    let tensors = vec![
        ("a.weight", f32s(&[1, 2, 1, 1], |i| [1.0, -0.5][i])),
        ("bn.weight", one(2.25)),
        ("bn.bias", one(0.125)),
        ("bn.running_mean", one(0.75)),
        ("bn.running_var", one(2.0)),
    ];
    let spec = NodeSpec { bn: Some(bn), ..node("a", [2, 1], 2, 1) };
    (graph([2, 2, 2], vec![spec]), tensors)
}

/// With whole and with real weights.
#[test]
fn batch_norms_are_folded_with_their_epsilon() {
    let place = Place::new();
    let (graph, tensors) = folded(BatchNorm { name: "bn".into(), epsilon: 0.25 });
    let whole = (Dtype::I8, vec![1, 2, 1, 1], vec![2, 255]);
    for (weights, factor) in [(tensors[0].1.clone(), 1.0), (whole, 2.0)] {
        let mut tensors = tensors.clone();
        tensors[0].1 = weights;
        let (weights, _) = read(&place, &tensors, &graph);
        let layer = &weights.layers()[0];
        // The gain is 2.25 over its root: weights 1.5 and -0.75, bias 1.5 (0 - 0.75) + 0.125.
        assert_eq!(flat(&weights, 0), [7, -4]);
        assert!((layer.scales[0] - 1.5 * factor / 7.0).abs() < 1e-12, "{}", layer.scales);
        assert_eq!(layer.bias, Some(Bias::Real(array![-1.0])));
    }
    let (graph, tensors) = folded(BatchNorm::new("bn"));
    let scale = 2.25 / (2.0 + 1e-5f64).sqrt() / 7.0;
    let found = read(&place, &tensors, &graph).0.layers()[0].scales[0];
    assert!((found - scale).abs() < 1e-12, "{found} {scale}");
}

/// Nothing of a normalisation is in the weights: it is the client's.
#[test]
fn normalisation_leaves_weights_alone() {
    let place = Place::new();
    let mut builder = Graph::builder([2, 2, 2]);
    builder
        .range(InputRange::Normalised(Normalise { mean: vec![0.5, 0.25], std: vec![0.25, 0.5] }));
    builder.push(node("a", [2, 1], 2, 1)).expect("valid");
    let normalised = builder.finish().expect("valid");
    let tensors = [("a.weight", f32s(&[1, 2, 1, 1], |i| [1.0, -0.5][i]))];
    let (weights, _) = read(&place, &tensors, &normalised);
    assert_eq!(weights, read(&place, &tensors, &graph([2, 2, 2], vec![node("a", [2, 1], 2, 1)])).0);
}

#[test]
fn wrappers_are_left_out_of_names() {
    let place = Place::new();
    for (wrap, said) in [
        (["module.", "module."], "module."),
        (["_orig_mod.module.", "_orig_mod.module."], "_orig_mod. and module."),
        // A part of the model was wrapped.
        (["", "module."], "module."),
    ] {
        let names = ["features.0.weight", "features.2.weight", "features.2.bias"];
        let names = names.map(|name| match wrap {
            ["", inner] => name.replace("features.", &format!("features.{inner}")),
            [outer, _] => format!("{outer}{name}"),
        });
        let tensors = real_tensors();
        let tensors: Vec<_> =
            names.iter().zip(tensors).map(|(name, (_, t))| (name.as_str(), t)).collect();
        let (weights, findings) = read(&place, &tensors, &two());
        check_real(&weights);
        let text = format!("{said} left out of names, as of a wrapped model");
        let notes = findings.notes();
        assert!(notes.len() == 1 && notes[0].text.ends_with(&text), "{notes:?}");
        assert!(!notes[0].is_warning);
    }
    let [first, ..] = real_tensors();
    let twice =
        [("module.features.0.weight", first.1.clone()), ("_orig_mod.features.0.weight", first.1)];
    let path = place.file("w.safetensors", &safetensors(&twice));
    let error = Weights::read(&path, &two()).expect_err("either").to_string();
    assert!(error.contains("is there twice, as \"_orig_mod.features.0.weight\" and"), "{error}");
}

/// Every tensor that nothing uses is named, and those that are no part of convolutions known as such.
#[test]
fn what_is_not_used_is_named() {
    let place = Place::new();
    let counter = || (Dtype::I64, vec![], vec![0; 8]);
    let mut tensors = real_tensors().to_vec();
    tensors.extend([
        ("bn1.num_batches_tracked", counter()),
        ("bn2.num_batches_tracked", counter()),
        ("fc.weight", f32s(&[10, 4], |_| 1.0)),
        ("fc.bias", f32s(&[10], |_| 1.0)),
        ("layer9.conv.weight", f32s(&[1, 1, 1, 1], |_| 1.0)),
        ("features.0.bias", f32s(&[3], |_| 0.0)),
    ]);
    let (_, findings) = read(&place, &tensors, &two());
    assert_eq!(findings.unused().len(), 6);
    let [known, strange] = &findings.notes()[..] else { panic!("two notes") };
    assert!(
        known.text.ends_with("2 counters of training (num_batches_tracked) and the classifier (fc.bias, fc.weight) left out: no part of convolutions"),
        "{known}"
    );
    let (first, second) = ("features.0.bias", "layer9.conv.weight");
    assert!(strange.is_warning && !known.is_warning);
    assert!(
        strange.text.ends_with(&format!("nothing uses 2 tensors: {first}, {second}")),
        "{strange}"
    );
}

/// A bias or batch normalisation that the network does not name makes values wrong.
#[test]
fn what_belongs_to_a_layer_is_not_left_out() {
    let place = Place::new();
    let error = |more: &[(&str, Stored)], graph: &Graph| {
        let tensors = [&[("conv1.weight", f32s(&[2, 1, 1, 1], |_| 0.5))][..], more].concat();
        let path = place.file("w.safetensors", &safetensors(&tensors));
        Weights::read(&path, graph).expect_err("refused").to_string()
    };
    let conv1 = || node("conv1", [1, 2], 2, 1);
    let plain = graph([1, 2, 2], vec![conv1()]);
    let bias = ("conv1.bias", f32s(&[2], |i| i as f32));
    let text = error(std::slice::from_ref(&bias), &plain);
    assert!(text.ends_with("tensor \"conv1.bias\" belongs to layer conv1, which leaves it out, so that its values would be wrong; `bias = true` would use it"), "{text}");
    let statistics = [
        ("bn1.running_mean", f32s(&[2], |_| 0.0)),
        ("bn1.running_var", f32s(&[2], |_| 1.0)),
        ("bn1.weight", f32s(&[2], |_| 1.0)),
        ("bn1.bias", f32s(&[2], |_| 0.0)),
    ];
    let text = error(&statistics, &plain);
    assert!(text.contains("\"bn1.running_mean\"") && text.contains("`bn = \"bn1\"`"), "{text}");
    // With both named, both are used.
    let spec = NodeSpec { bias: true, bn: Some(BatchNorm::new("bn1")), ..conv1() };
    let all = [&[("conv1.weight", f32s(&[2, 1, 1, 1], |_| 0.5)), bias][..], &statistics].concat();
    let (weights, findings) = read(&place, &all, &graph([1, 2, 2], vec![spec]));
    assert!(findings.unused().is_empty() && weights.layers()[0].bias.is_some());
}

#[test]
fn a_layer_alone_takes_its_tensor() {
    let place = Place::new();
    let layer = node("a", [2, 3], 4, 3).layer;
    let layer = crate::conv::Layer::new(&layer).expect("valid");
    let real = Array4::from_shape_fn((3, 2, 3, 3), |(o, i, y, x)| (o + i + y) as f32 - x as f32);
    let path = place.file("w.npy", &npy(&(real.clone() / 2.0).into_dyn()));
    let (weights, notes) = read_layer(&path, &layer, None).expect("reads");
    assert_eq!(weights.scales, array![1.5 / 7.0, 2.0 / 7.0, 2.5 / 7.0]);
    assert_eq!(notes, []);
    let bytes = npy(&real.mapv(|value| value as i16).into_dyn());
    let other = ("b", npy(&Array1::from(vec![1u8]).into_dyn()));
    for entries in [vec![("any", bytes.clone())], vec![("a.weight", bytes.clone()), other]] {
        let path = place.file("w.npz", &npz(&entries, CompressionMethod::Deflated));
        let (weights, notes) = read_layer(&path, &layer, None).expect("reads");
        assert_eq!((weights.weights, notes), (real.mapv(|value| value as i8), Vec::new()));
    }
    let bias = ("module.a.bias", npy(&Array1::from(vec![1u8, 0, 0]).into_dyn()));
    let entries = [("module.a.weight", bytes), bias];
    let path = place.file("w.npz", &npz(&entries, CompressionMethod::Deflated));
    let (_, notes) = read_layer(&path, &layer, None).expect("reads");
    let [bias, wrapped] = &notes[..] else { panic!("two notes") };
    assert!(
        bias.text
            .ends_with("the bias of layer a is left to the client; outputs are sums without it")
    );
    assert!(wrapped.text.contains("module. left out of names"));
}

/// A layer that is run by name has the weights of its network's run.
#[test]
fn a_layer_of_a_network_alone_is_the_same() {
    let place = Place::new();
    let (graph, tensors) = folded(BatchNorm::new("bn"));
    let (weights, _) = read(&place, &tensors, &graph);
    let path = place.file("w.safetensors", &safetensors(&tensors));
    let node = &graph.nodes()[0];
    let (alone, notes) = read_layer(&path, &node.layer, Some(&graph.origin(node))).expect("reads");
    assert_eq!(alone, weights.layers()[0]);
    assert!(
        matches!(&notes[..], [Note { is_warning: false, text }] if text.contains("bias of layer a"))
    );
    // One array has no batch normalisation, and that is said.
    let array = Array4::from_shape_vec((1, 2, 1, 1), vec![1i8, -1]).expect("fits").into_dyn();
    let path = place.file("w.npy", &npy(&array));
    let origin: Origin = graph.origin(node);
    let (_, notes) = read_layer(&path, &node.layer, Some(&origin)).expect("reads");
    assert!(
        notes[0].is_warning && notes[0].text.ends_with("bn of layer a is not in it"),
        "{notes:?}"
    );
}
