//! Weights from files of every kind.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use half::{bf16, f16};
use ndarray::{Array1, Array4, ArrayD, Axis, array};
use ndarray_npy::{WritableElement, WriteNpyExt};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::{Bias, Graph, LayerWeights, NodeSpec, Normalise, Weights, read_layer};
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

fn check_real(weights: &Weights) {
    let [first, second] = weights.layers() else { panic!("two layers") };
    let largest = f64::from(33f32 / 100.0);
    assert_eq!((first.scale, &first.bias), (largest / 7.0, &None));
    let expected = |i: usize| (f64::from((i as f32 - 20.0) / 100.0) * 7.0 / largest).round() as i64;
    assert!(first.weights.iter().enumerate().all(|(i, weight)| *weight == expected(i)));
    let flat: Vec<i64> = second.weights.iter().copied().collect();
    assert_eq!((flat, second.scale), (vec![2, -7, 0, 4, 0, 5], 2.0 / 7.0));
    assert_eq!(second.bias, Some(Bias::Real(array![0.25, -0.5])));
}

#[test]
fn floats_are_quantised_layer_by_layer() {
    let place = Place::new();
    let path = place.file("w.safetensors", &safetensors(&real_tensors()));
    check_real(&Weights::read(&path, &two()).expect("reads"));
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let entries = real_tensors().map(|(name, (_, shape, bytes))| {
            let floats = bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().expect("four")));
            (name, npy(&ArrayD::from_shape_vec(shape, floats.collect()).expect("fits")))
        });
        let path = place.file("w.npz", &npz(&entries, method));
        check_real(&Weights::read(&path, &two()).expect("reads"));
    }
}

#[test]
fn short_floats_are_read() {
    let place = Place::new();
    let graph = graph([1, 2, 2], vec![node("a", [1, 2], 2, 1)]);
    let values = [-0.5f32, 1.75];
    let half = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
    let brain = values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
    let double = values.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect();
    for stored in [(Dtype::F16, half), (Dtype::BF16, brain), (Dtype::F64, double)] {
        let tensor = (stored.0, vec![2, 1, 1, 1], stored.1);
        let path = place.file("w.safetensors", &safetensors(&[("a.weight", tensor)]));
        let weights = Weights::read(&path, &graph).expect("reads");
        let flat: Vec<i64> = weights.layers()[0].weights.iter().copied().collect();
        assert_eq!((flat, weights.layers()[0].scale), (vec![-2, 7], 0.25));
    }
}

#[test]
fn integers_are_taken_as_they_are() {
    let place = Place::new();
    let bytes = |values: &[i8]| values.iter().map(|v| v.cast_unsigned()).collect::<Vec<u8>>();
    let first: Vec<i8> = (0..54).map(|i| (i % 15) as i8 - 7).collect();
    let tensors = [
        ("features.0.weight", (Dtype::I8, vec![3, 2, 3, 3], bytes(&first))),
        ("features.2.weight", (Dtype::I8, vec![2, 3, 1, 1], bytes(&[1, -7, 3, 2, 0, 7]))),
        ("features.2.bias", f32s(&[2], |i| [300.0, -20.0][i])),
    ];
    let path = place.file("w.safetensors", &safetensors(&tensors));
    let weights = Weights::read(&path, &two()).expect("reads");
    let expected = LayerWeights::integers(
        array![[1, -7, 3], [2, 0, 7]].insert_axis(Axis(2)).insert_axis(Axis(3)),
        Some(array![300, -20]),
    );
    assert_eq!(weights.layers()[1], expected);
    let flat: Vec<i64> = first.iter().map(|v| i64::from(*v)).collect();
    assert_eq!(weights.layers()[0].weights.iter().copied().collect::<Vec<_>>(), flat);
}

/// Folding into the integers gives what the layers give one after the other, up to quantisation.
#[test]
fn batch_norm_and_normalisation_are_folded() {
    let place = Place::new();
    let spec = NodeSpec { bn: Some("bn".into()), ..node("a", [2, 1], 2, 1) };
    let mut builder = Graph::builder([2, 2, 2]);
    builder.normalise(Normalise { mean: vec![0.5, 0.25], std: vec![0.25, 0.5] });
    builder.push(spec).expect("valid");
    let graph = builder.finish().expect("valid");
    let one = |value: f32| f32s(&[1], move |_| value);
    let tensors = [
        ("a.weight", f32s(&[1, 2, 1, 1], |i| [1.0, -0.5][i])),
        ("bn.weight", one(3.0)),
        ("bn.bias", one(0.125)),
        ("bn.running_mean", one(0.75)),
        ("bn.running_var", one(2.25 - 1e-5)),
    ];
    let path = place.file("w.safetensors", &safetensors(&tensors));
    let weights = Weights::read(&path, &graph).expect("reads");
    let layer = &weights.layers()[0];
    // The gain is 2: weights 2 and -1, over std 8 and -2; bias 2 (0 - 0.75) + 0.125 - 8/2 + 2/4.
    let flat: Vec<i64> = layer.weights.iter().copied().collect();
    assert_eq!(flat, [7, -2]);
    assert!((layer.scale - 8.0 / 7.0).abs() < 1e-6, "{}", layer.scale);
    let Some(Bias::Real(bias)) = &layer.bias else { panic!("biased") };
    assert!((bias[0] - -4.875).abs() < 1e-5, "{bias}");
}

#[test]
fn a_layer_alone_takes_its_tensor() {
    let place = Place::new();
    let layer = node("a", [2, 3], 4, 3).layer;
    let layer = crate::conv::Layer::new(&layer).expect("valid");
    let real = Array4::from_shape_fn((3, 2, 3, 3), |(o, i, y, x)| (o + i + y) as f32 - x as f32);
    let path = place.file("w.npy", &npy(&(real.clone() / 2.0).into_dyn()));
    let weights = read_layer(&path, &layer).expect("reads");
    assert!((weights.scale - 2.5 / 7.0).abs() < 1e-9, "{}", weights.scale);
    let bytes = npy(&real.mapv(|value| value as i16).into_dyn());
    let other = ("b", npy(&Array1::from(vec![1u8]).into_dyn()));
    for entries in [vec![("any", bytes.clone())], vec![("a.weight", bytes), other]] {
        let path = place.file("w.npz", &npz(&entries, CompressionMethod::Deflated));
        let weights = read_layer(&path, &layer).expect("reads");
        assert_eq!(weights.weights, real.mapv(|value| value as i64));
    }
}
