//! What can be wrong with a file of weights: nothing is run, and nothing panics.

use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use safetensors::Dtype;
use zip::CompressionMethod;

use super::super::{BatchNorm, NodeSpec, Weights};
use super::read::{Place, Stored, f32s, npy, npz, safetensors, two};
use super::{graph, node};

/// The message for a file of these tensors, without its path.
fn message(first: Stored, rest: &[(&str, Stored)]) -> String {
    let mut tensors = vec![("features.0.weight", first)];
    tensors.extend(rest.iter().cloned());
    told("w.safetensors", &safetensors(&tensors))
}

fn told(name: &str, bytes: &[u8]) -> String {
    let place = Place::new();
    let path = place.file(name, bytes);
    let error = Weights::read(&path, &two()).expect_err("refused").to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    error.strip_prefix(&format!("{}: ", path.display())).expect("the path").to_owned()
}

fn ok() -> Stored {
    f32s(&[3, 2, 3, 3], |i| i as f32 / 8.0)
}

const EXPECTED: &str =
    "expected shape [3, 2, 3, 3] (output channels, input channels per group, rows, columns)";

#[test]
fn wrong_shapes() {
    assert_eq!(
        message(f32s(&[3, 3, 2, 3], |_| 1.0), &[]),
        format!(
            "tensor \"features.0.weight\" has shape [3, 3, 2, 3] of type float32, which is transposed; {EXPECTED}"
        )
    );
    assert_eq!(
        message(f32s(&[4, 2, 3, 3], |_| 1.0), &[]),
        format!("tensor \"features.0.weight\" has shape [4, 2, 3, 3] of type float32; {EXPECTED}")
    );
    let flat = f32s(&[2, 3], |_| 1.0);
    assert_eq!(
        message(ok(), &[("features.2.weight", flat)]),
        "tensor \"features.2.weight\" has shape [2, 3] of type float32; expected shape [2, 3, 1, 1] (output channels, input channels per group, rows, columns)"
    );
}

#[test]
fn missing_tensors() {
    let second = || f32s(&[2, 3, 1, 1], |i| i as f32 / 4.0);
    assert_eq!(
        message(ok(), &[("features.2.weight", second()), ("features.0.bias", f32s(&[3], |_| 0.0))]),
        "tensor \"features.2.bias\" is not in the file; the nearest is \"features.0.bias\"; expected shape [2] (one for each output channel)"
    );
    let empty = told("w.safetensors", &safetensors(&[]));
    assert!(empty.contains("\"features.0.weight\" is not in the file; the file has no tensors;"));
    let alone = npy(&ArrayD::<f32>::zeros(IxDyn(&[3, 2, 3, 3])));
    let text = told("w.npy", &alone);
    assert!(text.starts_with("is one array without a name"), "{text}");
}

#[test]
fn wrong_numbers() {
    let nan = f32s(&[3, 2, 3, 3], |i| if i == 19 { f32::NAN } else { 0.5 });
    let text = message(nan, &[]);
    assert_eq!(text, format!("tensor \"features.0.weight\" has NaN at [1, 0, 0, 1]; {EXPECTED}"));
    let infinite = f32s(&[3, 2, 3, 3], |_| f32::NEG_INFINITY);
    assert!(message(infinite, &[]).contains("has -inf at [0, 0, 0, 0]"));
}

/// Whole numbers of any type are meant as they are, so they must fit.
#[test]
fn whole_numbers_that_do_not_fit() {
    let whole = |largest: f32| move |i: usize| if i == 53 { largest } else { (i % 8) as f32 };
    let bytes: Vec<u8> = (0..54).map(|i| whole(8.0)(i) as u8).collect();
    let expected = "tensor \"features.0.weight\" has 8 at [2, 1, 2, 2]; expected shape [3, 2, 3, 3] (whole numbers within +-7 at weight_bits = 4; `weight_bits = 5` takes these)";
    assert_eq!(message((Dtype::U8, vec![3, 2, 3, 3], bytes), &[]), expected);
    assert_eq!(message(f32s(&[3, 2, 3, 3], whole(8.0)), &[]), expected);
    let text = message(f32s(&[3, 2, 3, 3], whole(-128.0)), &[]);
    assert!(text.ends_with("has -128 at [2, 1, 2, 2]; expected shape [3, 2, 3, 3] (whole numbers within +-7 at weight_bits = 4; others are quantised where they are not all whole)"), "{text}");
}

#[test]
fn wrong_types() {
    let text = message((Dtype::BOOL, vec![3, 2, 3, 3], vec![1; 54]), &[]);
    assert_eq!(
        text,
        format!("tensor \"features.0.weight\" has shape [3, 2, 3, 3] of type BOOL; {EXPECTED}")
    );
    let bools = npy(&ArrayD::from_elem(IxDyn(&[3, 2, 3, 3]), true));
    let text = told("w.npz", &npz(&[("features.0.weight", bools)], CompressionMethod::Stored));
    assert!(text.contains("has shape [3, 2, 3, 3] of type |b1"), "{text}");
    assert!(told("w.pth", b"PK").contains("read from .npy, .npz and .safetensors"));
}

#[test]
fn batch_norms_that_cannot_be_folded() {
    let spec = NodeSpec { bn: Some(BatchNorm::new("bn")), ..node("a", [1, 1], 2, 1) };
    let graph = graph([1, 2, 2], vec![spec]);
    let error = |weight: Stored, variance: f32, gain: f32| {
        let one = |value: f32| f32s(&[1], move |_| value);
        let tensors = [
            ("a.weight", weight),
            ("bn.weight", one(gain)),
            ("bn.bias", one(0.0)),
            ("bn.running_mean", one(0.0)),
            ("bn.running_var", one(variance)),
        ];
        let place = Place::new();
        let path = place.file("w.safetensors", &safetensors(&tensors));
        Weights::read(&path, &graph).expect_err("refused").to_string()
    };
    let weight = || f32s(&[1, 1, 1, 1], |_| 0.5);
    let text = error(weight(), -1.0, 1.0);
    assert!(text.contains("\"bn.running_var\" has -1 at [0]"), "{text}");
    let huge = (Dtype::F64, vec![1; 4], 1e300f64.to_le_bytes().to_vec());
    let text = error(huge, 0.0, f32::MAX);
    assert!(text.contains("makes it infinite"), "{text}");
}

/// What promises terabytes is refused before they are asked for.
#[test]
fn headers_are_not_believed() {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 3, 1000000000000), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    let entry = npz(&[("features.0.weight", bytes)], CompressionMethod::Deflated);
    let text = told("w.npz", &entry);
    assert!(text.contains("has shape [3, 2, 3, 1000000000000] of type float32"), "{text}");
    let mut long = u64::MAX.to_le_bytes().to_vec();
    long.extend(b"{}");
    assert!(told("w.safetensors", &long).contains("no .safetensors file that can be read"));
    let mut lies = safetensors(&[("features.0.weight", ok())]);
    lies.truncate(lies.len() - 1);
    assert!(told("w.safetensors", &lies).contains("no .safetensors file that can be read"));
    let mut cut = npy(&ArrayD::<f32>::ones(IxDyn(&[3, 2, 3, 3])));
    cut.truncate(cut.len() - 4);
    let text = told("w.npz", &npz(&[("features.0.weight", cut)], CompressionMethod::Stored));
    assert!(text.contains("of type float32, 216 bytes, but 212 are there"), "{text}");
    let mut more = npy(&ArrayD::<f32>::ones(IxDyn(&[3, 2, 3, 3])));
    more.resize(1 << 20, 0);
    let text = told("w.npz", &npz(&[("features.0.weight", more)], CompressionMethod::Deflated));
    assert!(text.contains("of type float32, 216 bytes, but "), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Damaged files are read or refused, and never anything else.
    #[test]
    fn damage_is_told(at in 0usize..1000, byte: u8, cut in 0usize..1000) {
        let bytes = npy(&ArrayD::<f32>::ones(IxDyn(&[3, 2, 3, 3])));
        let zipped = npz(&[("features.0.weight", bytes.clone())], CompressionMethod::Deflated);
        let tensors = safetensors(&[("features.0.weight", ok())]);
        for (name, bytes) in [("w.npy", bytes), ("w.npz", zipped), ("w.safetensors", tensors)] {
            let mut damaged = bytes.clone();
            let index = at % damaged.len();
            damaged[index] = byte;
            if cut < damaged.len() {
                damaged.truncate(cut);
            }
            // The second layer's tensors are in none of them.
            prop_assert!(!told(name, &damaged).is_empty());
        }
    }
}
