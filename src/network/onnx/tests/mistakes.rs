//! What models are refused, and what is said.

use super::build::{Builder, floats, integer, integers, text};
use super::*;
use rten_onnx::onnx::{DataLocation, ModelProto, StringStringEntryProto};

fn refusal(proto: &ModelProto) -> String {
    let bytes = proto.write_buf().expect("encodes");
    let read = Model::read("m", &bytes, None, MEMORY);
    let given = given(&[1, 3, 8, 8]);
    let bits = |_: &str| Bits::DEFAULT;
    let served = read
        .and_then(|model| Served::new(&model, Client::new(1), &given, &options(&bits)).map(|_| ()));
    served.expect_err("refused").to_string()
}

/// A convolution, changed.
fn changed(change: impl FnOnce(&mut Builder, &str) -> String) -> String {
    let mut b = Builder::new(1, &[1, 3, 8, 8]);
    let y = b.conv("x", [4, 3, 3, 3], &[]);
    let output = change(&mut b, &y);
    refusal(&b.proto(&[&output]))
}

#[test]
fn every_mistake_is_named_with_its_node() {
    let unknown = changed(|b, y| b.node("LRN", &[y], &[]));
    assert!(unknown.contains("node lrn1.LRN (LRN): is no operator that the client"), "{unknown}");
    let missing = changed(|b, _| b.node("Relu", &["nowhere"], &[]));
    assert!(
        missing.contains("node relu1.Relu (Relu): takes \"nowhere\", which neither"),
        "{missing}"
    );
    let cyclic = changed(|b, _| b.node("Relu", &["relu1"], &[]));
    assert!(cyclic.contains("takes \"relu1\", which neither"), "{cyclic}");
    let twice = changed(|b, y| {
        let z = b.node("Relu", &[y], &[]);
        b.graph.node[1].output = vec![y.into()];
        z
    });
    assert!(twice.contains("gives \"conv0\", which there is already"), "{twice}");
    let old = changed(|b, y| {
        b.version = 3;
        y.into()
    });
    assert!(old.contains("operator set 3; sets 7 to 25"), "{old}");
    let short = changed(|b, y| {
        b.graph.initializer[0].dims[0] = 5;
        y.into()
    });
    assert!(short.contains("tensor \"t0\" of shape [5, 3, 3, 3]"), "{short}");
    assert!(short.contains("takes 540 bytes; 432 are there"), "{short}");
    let huge = changed(|b, y| {
        b.graph.initializer[0].dims = vec![1 << 40, 1 << 40];
        y.into()
    });
    assert!(huge.contains("tensor \"t0\" has the shape"), "{huge}");
    let huge = changed(|b, y| {
        let shape = b.whole(&[1 << 30, 1 << 30]);
        let z = b.node("Expand", &[y, &shape], &[]);
        b.node("ReduceSum", &[&z], &[])
    });
    assert!(huge.contains("(Expand): may take") && huge.contains("--max-memory allows"), "{huge}");
    let kernel = changed(|b, _| b.conv("x", [4, 3, 9, 9], &[]));
    assert!(kernel.contains("(Conv)"), "{kernel}");
    let shape = changed(|b, y| b.conv(y, [4, 3, 3, 3], &[]));
    assert!(shape.contains("node conv1.Conv (Conv)"), "{shape}");
    let lower = changed(|b, y| {
        let pad = [text("auto_pad", "SAME_LOWER"), integers("kernel_shape", &[2, 2])];
        b.node("AveragePool", &[y], &pad)
    });
    assert!(lower.contains("(AveragePool): auto_pad = SAME_LOWER is taken of Conv"), "{lower}");
    let odd = changed(|b, _| b.conv("x", [4, 3, 3, 3], &[text("auto_pad", "SAME")]));
    assert!(odd.contains("(Conv)") && odd.contains("auto_pad"), "{odd}");
    let nothing = refusal(&{
        let mut b = Builder::new(1, &[1, 3, 8, 8]);
        let y = b.node("Relu", &["x"], &[]);
        b.proto(&[&y])
    });
    assert!(nothing.contains("no convolution"), "{nothing}");
    let output = refusal(&{
        let mut b = Builder::new(1, &[1, 3, 8, 8]);
        b.conv("x", [4, 3, 3, 3], &[]);
        b.proto(&["elsewhere"])
    });
    assert!(output.contains("nothing gives its output \"elsewhere\""), "{output}");
}

#[test]
fn what_the_server_cannot_compute_the_client_may() {
    let mut b = Builder::new(1, &[1, 3, 8, 8]);
    let y = b.conv("x", [4, 3, 3, 3], &[]);
    // Weights that follow from the input.
    let shape = b.whole(&[2, 4, 1, 1]);
    let ends = [integers("axes", &[0]), integer("keepdims", 0)];
    let few = b.node("GlobalAveragePool", &[&y], &[]);
    let few = b.node("Concat", &[&few, &few], &[integer("axis", 1)]);
    let weights = b.node("Reshape", &[&few, &shape], &[]);
    let z = b.node("Conv", &[&y, &weights], &[]);
    let z = b.node("ReduceMean", &[&z], &ends);
    let bytes = b.bytes(&[&z]);
    let (model, given) = (model(&bytes), given(&[1, 3, 8, 8]));
    let bits = |_: &str| Bits::DEFAULT;
    let new = |allow_client_layers| {
        let options = Options { allow_client_layers, ..options(&bits) };
        Served::new(&model, Client::new(1), &given, &options)
    };
    let error = new(false).expect_err("refused").to_string();
    assert!(error.contains("node conv4.Conv (Conv): its weights are not constant"), "{error}");
    assert!(error.contains("--allow-client-layers"), "{error}");
    let served = new(true).expect("allowed");
    assert_eq!((served.layers().len(), served.client_layers().len()), (1, 1));
    let reference = served.reference(&given).expect("runs");
    let outputs = served.run(&given, crate::network::plain, |_, _, _| ()).expect("runs");
    assert_eq!(outputs[0].shape, reference.outputs[0].shape);
}

#[test]
fn open_sides_are_pinned() {
    let mut b = Builder::new(1, &[0, 3, 0, 0]);
    let y = b.conv("x", [4, 3, 3, 3], &[]);
    let model = model(&b.bytes(&[&y]));
    assert_eq!(model.input_text(), "[?, 3, ?, ?]");
    assert_eq!(model.input_shape(Some(&[1, 3, 9, 7])).expect("fits"), [1, 3, 9, 7]);
    for wrong in [None, Some(&[1, 4, 9, 7][..]), Some(&[1, 3, 9]), Some(&[1, 3, 0, 7])] {
        let error = model.input_shape(wrong).expect_err("refused").to_string();
        assert!(error.contains("takes an input of shape [?, 3, ?, ?]"), "{error}");
    }
    let huge = model.input_shape(Some(&[1, 3, 1 << 31, 1 << 31]));
    assert!(huge.is_err());
}

#[test]
fn external_data_lie_beside_the_model() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let weights = floats("t0", &[4, 3, 3, 3], vec![0.25; 108]);
    let bytes = weights.raw_data.as_ref().expect("raw").borrow().clone();
    std::fs::write(directory.path().join("w.bin"), [&[0; 16], &bytes[..]].concat())
        .expect("writes");
    let read = |location: &str, offset: &str| {
        let mut b = Builder::new(1, &[1, 3, 8, 8]);
        let y = b.conv("x", [4, 3, 3, 3], &[]);
        let entry = |key: &str, value: &str| StringStringEntryProto {
            key: Some(key.into()),
            value: Some(value.into()),
        };
        let tensor = &mut b.graph.initializer[0];
        tensor.raw_data = None;
        tensor.data_location = Some(DataLocation::EXTERNAL);
        tensor.external_data = vec![entry("location", location), entry("offset", offset)];
        let bytes = b.bytes(&[&y]);
        Model::read("m", &bytes, Some(directory.path()), MEMORY)
    };
    let model = read("w.bin", "16").expect("reads");
    let given = given(&[1, 3, 8, 8]);
    let served = served(&model, &given, Bits::DEFAULT);
    assert!(served.layers()[0].weights.iter().all(|weight| *weight == 127));
    for (location, offset, word) in [
        ("w.bin", "20", "448 bytes, fewer than 20 and 432 more"),
        ("w.bin", "x", "offset"),
        ("none.bin", "0", "none.bin"),
        ("../w.bin", "0", "not beside the model"),
        ("/etc/passwd", "0", "not beside the model"),
    ] {
        let error = read(location, offset).expect_err("refused").to_string();
        assert!(error.contains("tensor \"t0\"") && error.contains(word), "{error}");
    }
}

#[test]
fn constants_may_be_made_by_nodes() {
    let mut b = Builder::new(1, &[1, 3, 8, 8]);
    let turned = b.weights(&[3, 4, 3, 3]);
    let weights = b.node("Transpose", &[&turned], &[integers("perm", &[1, 0, 2, 3])]);
    let weights = b.node("Identity", &[&weights], &[]);
    let y = b.node("Conv", &["x", &weights], &[]);
    let model = model(&b.bytes(&[&y]));
    let given = given(&[1, 3, 8, 8]);
    let served = served(&model, &given, Bits::DEFAULT);
    assert_eq!(served.layers()[0].layer.weight_shape(), [4, 3, 3, 3]);
}
