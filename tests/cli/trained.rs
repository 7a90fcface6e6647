//! Networks with trained weights: what the client does with real values, what is said of the file of
//! weights, and how far quantisation takes the network from the one that was trained.

use image::{GrayImage, Luma, Rgb, RgbImage};
use ndarray::Array3;
use serde_json::Value;

use crate::mistakes::{assert_refused, refusal};
use crate::support::{Ended, Place, heconv, read_array, read_reals, safetensors};

/// A network of one layer `c`, with these lines for the network and the layer.
fn one(place: &Place, network: &str, layer: &str) -> String {
    let text = format!("schema = 1\nname = \"one\"\n{network}\n[[layer]]\nname = \"c\"\n{layer}\n");
    place.file("one.toml", text)
}

/// Runs a network, which must be exact; what it said, and its record.
fn network(args: &[&str]) -> (Ended, Value) {
    let ended = heconv(&[&["network", "--format", "json"], args].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let record = ended.record();
    assert_eq!(record["verified"], true);
    (ended, record)
}

const BITS: &str = "activation = \"none\"\nactivation_bits = 8\nweight_bits = 8";

/// Every channel has its own mean and standard deviation, in a layer of groups too.
#[test]
fn pictures_are_normalised_channel_by_channel() {
    let place = Place::new();
    let normalise =
        "input = [3, 4, 4]\nnormalise = { mean = [0.0, 0.5, 1.0], std = [1.0, 0.5, 0.25] }";
    let weights =
        place.file("w.safetensors", safetensors(&[("c.weight", &[3, 1, 1, 1], &[0.5; 3])]));
    let (picture, output) = (place.path("rgb.png"), place.path("o.npy"));
    RgbImage::from_pixel(4, 4, Rgb([0, 128, 255])).save(&picture).expect("written");
    let green = 0.5 * (128.0 / 255.0 - 0.5) / 0.5;
    // The largest value is 4, so that a step of 16 bits is 4 / 32767, and one of 8 bits 4 / 127.
    for (bits, step) in [(16, 4.0 / 32_767.0), (8, 4.0 / 127.0)] {
        let layer = format!("out_channels = 3\ngroups = 3\nkernel = 1\n{BITS}");
        let layer = layer.replace("activation_bits = 8", &format!("activation_bits = {bits}"));
        let file = one(&place, normalise, &layer);
        let args = ["--weights", &weights, "--image", &picture, "--output", &output];
        let (_, record) =
            network(&[&[file.as_str(), "--params", "8192:45,45|46:24"], &args[..]].concat());
        assert_eq!(record["input_scale"].as_f64(), Some(step));
        let found = read_reals(&output);
        for ((channel, _, _), value) in found.indexed_iter() {
            let expected = [0.0, green, 0.0][channel];
            assert!((value - expected).abs() <= 0.25 * step + 1e-9, "{bits}: {channel} {value}");
        }
    }
}

/// A picture of the mean colour is 0 throughout: padding is zero after normalisation.
#[test]
fn padding_is_zero_after_normalisation() {
    let place = Place::new();
    let normalise = "input = [1, 6, 6]\nnormalise = { mean = [0.50196], std = [0.25] }";
    let file = one(&place, normalise, &format!("out_channels = 1\nkernel = 3\n{BITS}"));
    let weights =
        place.file("w.safetensors", safetensors(&[("c.weight", &[1, 1, 3, 3], &[0.5; 9])]));
    let (picture, output) = (place.path("grey.png"), place.path("o.npy"));
    GrayImage::from_pixel(6, 6, Luma([128])).save(&picture).expect("written");
    network(&[&file, "--weights", &weights, "--image", &picture, "--output", &output]);
    assert_eq!(read_reals(&output), Array3::<f64>::zeros((1, 6, 6)));
}

/// What a file holds beside the weights is never left out without a word.
#[test]
fn tensors_that_nothing_uses_are_named() {
    let place = Place::new();
    let (input, layer) = ("input = [1, 6, 6]", format!("out_channels = 2\nkernel = 3\n{BITS}"));
    let values: Vec<f32> = (0..18).map(|i| i as f32 / 7.0 - 1.0).collect();
    let weight: (&str, &[usize], &[f32]) = ("c.weight", &[2, 1, 3, 3], &values);
    let bias: (&str, &[usize], &[f32]) = ("c.bias", &[2], &[5.0, -5.0]);
    let file = one(&place, input, &layer);
    let weights = place.file("w.safetensors", safetensors(&[weight, bias]));
    let words = ["w.safetensors", "\"c.bias\"", "layer c", "`bias = true` would use it"];
    assert_refused([refusal(&["network", &file, "--weights", &weights], &words)]);
    let named = one(&place, input, &format!("{layer}\nbias = true"));
    let (ended, record) = network(&[&named, "--weights", &weights]);
    assert_eq!((ended.err.as_str(), record.get("unused_tensors")), ("", None));
    let more: [(&str, &[usize], &[f32]); 4] = [
        ("bn.weight", &[2], &[1.0, 1.0]),
        ("bn1.num_batches_tracked", &[1], &[7.0]),
        ("fc.bias", &[3], &[0.0; 3]),
        ("fc.weight", &[3, 2], &[0.0; 6]),
    ];
    let all = [&[weight, bias][..], &more].concat();
    let weights = place.file("w.safetensors", safetensors(&all));
    let (ended, record) = network(&[&named, "--weights", &weights]);
    assert_eq!(record["unused_tensors"], serde_json::json!(more.map(|(name, ..)| name)));
    let lines: Vec<&str> = ended.err.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("heconv: note: "), "{lines:?}");
    assert!(lines[0].contains("the classifier (fc.bias, fc.weight)"), "{lines:?}");
    assert!(
        lines[1].starts_with("heconv: warning: ") && lines[1].ends_with("bn.weight"),
        "{lines:?}"
    );
}

/// Every output channel has a scale of its own, so that none vanishes beside a larger one.
#[test]
fn small_channels_do_not_vanish() {
    let place = Place::new();
    let layer = "out_channels = 8\ngroups = 8\nkernel = 3\nactivation = \"none\"\nactivation_bits = 4\nweight_bits = 4";
    let file = one(&place, "input = [8, 16, 16]", layer);
    let sizes = [1.0f32, 0.5, 0.2, 0.1, 0.05, 0.04, 0.03, 0.02];
    let tap = |i: usize| sizes[i / 9] * [0.3, 0.6, 0.25, -1.0, 0.7, 0.34, -0.41, 0.45, 0.28][i % 9];
    let values: Vec<f32> = (0..72).map(tap).collect();
    let weights = place.file("w.safetensors", safetensors(&[("c.weight", &[8, 1, 3, 3], &values)]));
    let input =
        Array3::from_shape_fn((8, 16, 16), |(c, y, x)| ((c * 7 + y * 5 + x * 3) % 16) as u8);
    let (from, to) = (place.path("x.npy"), place.path("o.npy"));
    ndarray_npy::write_npy(&from, &input).expect("written");
    let args = [file.as_str(), "--weights", &weights, "--input", &from, "--output", &to];
    let (ended, record) = network(&args);
    assert_eq!(ended.err, "");
    let layer = &record["layers"][0];
    let scales = layer["weight_scales"].as_array().expect("a list");
    for (scale, size) in scales.iter().zip(sizes) {
        assert!((scale.as_f64().expect("a number") / f64::from(size) - 1.0 / 7.0).abs() < 1e-6);
    }
    assert_eq!((scales.len(), &layer["activation"]["zero_channels"]), (8, &0.into()));
    let fidelity = &record["fidelity"];
    assert!(fidelity["cosine"].as_f64().expect("a number") > 0.99, "{fidelity}");
    let error = fidelity["largest_error"].as_f64().expect("a number");
    assert!(error > 0.0 && error < fidelity["largest_value"].as_f64().expect("a number") / 10.0);
    let ratio = layer["signal_to_noise_db"].as_f64().expect("a number");
    assert!((15.0..40.0).contains(&ratio), "{ratio}");
    // Each channel is about what it should be, the smallest too.
    let found = read_reals(&to);
    for (channel, plane) in found.outer_iter().enumerate() {
        let at = |y: usize, x: usize| f64::from(input[[channel, y, x]]) / 15.0;
        let taps = (0..9).map(|i| f64::from(tap(9 * channel + i)) * at(3 + i / 3, 4 + i % 3));
        let (expected, size) = (taps.sum::<f64>(), f64::from(sizes[channel]));
        assert!((plane[[4, 5]] - expected).abs() < 0.3 * size, "{channel}: {expected}");
    }
    let text = heconv(&["network", &file, "--weights", &weights, "--input", &from]);
    assert!(text.out.contains("beside the network in floats: cosine 0.99"), "{}", text.out);
    assert!(text.out.contains("SQNR dB"), "{}", text.out);
}

/// A convolution may take what has no activation.
#[test]
fn linear_bottlenecks_run() {
    let place = Place::new();
    let file = one(
        &place,
        "input = [3, 8, 8]",
        "out_channels = 4\nkernel = 1\nactivation = \"none\"\n[[layer]]\nname = \"d\"\nout_channels = 2\nkernel = 3",
    );
    for algorithm in crate::support::ALGORITHMS {
        let (_, record) = network(&[&file, "--algorithm", algorithm]);
        let signed = |i: usize| record["layers"][i]["layer"]["activation_signed"].clone();
        assert_eq!((signed(0), signed(1)), (false.into(), true.into()), "{algorithm}");
    }
}

/// What the client adds needs no room in t, and what the server adds is counted.
#[test]
fn tuned_parameters_hold_biases() {
    let place = Place::new();
    let layer = "out_channels = 2\nkernel = 1\nbias = true\nactivation = \"none\"";
    let file = one(&place, "input = [1, 8, 8]", layer);
    let tensors: [(&str, &[usize], &[f32]); 2] =
        [("c.weight", &[2, 1, 1, 1], &[0.01; 2]), ("c.bias", &[2], &[100.0, 0.0])];
    let (weights, output) =
        (place.file("w.safetensors", safetensors(&tensors)), place.path("o.npy"));
    let args = [file.as_str(), "--params", "tuned", "--weights", &weights, "--output", &output];
    let (ended, _) = network(&args);
    assert_eq!(ended.err, "");
    let found = read_reals(&output);
    assert!(
        found.outer_iter().next().expect("a channel").iter().all(|v| (100.0..100.02).contains(v))
    );
    // t holds whatever these weights give, biases included.
    let wide = layer.replace("bias", "activation_bits = 8\nweight_bits = 8\nbias");
    let file = one(&place, "input = [1, 8, 8]", &wide);
    let (ended, record) = network(&[&file, "--params", "tuned"]);
    assert_eq!(ended.err, "");
    let modulus = record["layers"][0]["params"]["plain_modulus"].as_u64().expect("a number");
    let largest = record["layers"][0]["largest_value"].as_u64().expect("a number");
    assert!(modulus > 2 * largest && modulus > 255 * 127, "{modulus}: {largest}");
}

/// A run on this picture says which layers may fail on another.
#[test]
fn layers_that_may_overflow_are_named_before_the_run() {
    let place = Place::new();
    let layer = "out_channels = 1\nkernel = 3\nactivation_bits = 8\nweight_bits = 8";
    let file = one(&place, "input = [1, 6, 6]", layer);
    let weights =
        place.file("w.safetensors", safetensors(&[("c.weight", &[1, 1, 3, 3], &[127.0; 9])]));
    let (black, white) = (place.path("black.png"), place.path("white.png"));
    GrayImage::from_pixel(6, 6, Luma([0])).save(&black).expect("written");
    GrayImage::from_pixel(6, 6, Luma([255])).save(&white).expect("written");
    let args = [file.as_str(), "--weights", &weights, "--params", "4096:36,26|44:16", "--image"];
    let (ended, _) = network(&[&args[..], &[&black]].concat());
    // 9 * 127 * 255 is 291,465; t exceeds twice that.
    let warning = "heconv: warning: a picture can give sums that t does not hold in c (t of 20 bits or more)\n";
    assert_eq!(ended.err, warning);
    let ended = heconv(&[&["network"], &args[..], &[&white]].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.starts_with(warning), "{ended:?}");
}

/// `model` with what PyTorch's `state_dict` of a ResNet-20 holds.
fn resnet20(place: &Place, wrap: &str) -> String {
    let mut tensors: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
    let mut word = 1u32;
    let mut next = move || {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(word >> 8) / f64::from(1 << 24) - 0.5
    };
    let mut conv = |name: String, bn: String, shape: [usize; 4]| {
        let fan = (shape[1] * shape[2] * shape[3]) as f64;
        let values = (0..shape.iter().product()).map(|_| (next() * 4.0 / fan.sqrt()) as f32);
        tensors.push((format!("{wrap}{name}.weight"), shape.to_vec(), values.collect()));
        let parts =
            [("weight", 0.9), ("bias", 0.05), ("running_mean", -0.02), ("running_var", 1.3)];
        for (part, value) in parts {
            let values = (0..shape[0]).map(|i| value as f32 * (1.0 + i as f32 / 100.0)).collect();
            tensors.push((format!("{wrap}{bn}.{part}"), vec![shape[0]], values));
        }
        tensors.push((format!("{wrap}{bn}.num_batches_tracked"), vec![1], vec![5.0]));
    };
    conv("conv1".into(), "bn1".into(), [16, 3, 3, 3]);
    let mut before = 16;
    for (group, channels) in [(1, 16), (2, 32), (3, 64)] {
        for block in 0..3 {
            for (i, inputs) in [(1, before), (2, channels)] {
                let of = |kind: &str| format!("layer{group}.{block}.{kind}{i}");
                conv(of("conv"), of("bn"), [channels, inputs, 3, 3]);
            }
            before = channels;
        }
    }
    tensors.push((format!("{wrap}linear.weight"), vec![10, 64], vec![0.0; 640]));
    let views: Vec<(&str, &[usize], &[f32])> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), &shape[..], &values[..]))
        .collect();
    place.file("r20.safetensors", safetensors(&views))
}

/// A layer that is run by its name in a network takes the network's tensors, batch normalisation and
/// normalisation.
#[test]
fn a_layer_of_a_network_runs_with_its_tensors() {
    let place = Place::new();
    let weights = resnet20(&place, "module.");
    let (ended, whole) = network(&["resnet20", "--weights", &weights]);
    assert!(
        ended.err.contains("19 counters of training") && ended.err.contains("module. left out")
    );
    let cosine = whole["fidelity"]["cosine"].as_f64().expect("a number");
    assert!((0.5..1.0).contains(&cosine), "{cosine}");
    for (i, name) in ["conv1", "block1_conv1"].into_iter().enumerate() {
        let (layer, output) = (format!("resnet20/{name}"), place.path("y.npy"));
        let args = ["--layer", &layer, "--weights", &weights, "--output", &output];
        let cat = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/cat-224.png");
        let picture = if i == 0 { &["--image", cat][..] } else { &[] };
        let run = heconv(&[&["run", "--format", "json"], &args[..], picture].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(
            run.err.contains(&format!("the bias of layer {name} is left to the client")),
            "{run:?}"
        );
        let record = run.record();
        assert_eq!(record["weight_scales"], whole["layers"][i]["weight_scales"]);
        assert_eq!(
            record["layer"]["activation_signed"],
            whole["layers"][i]["layer"]["activation_signed"]
        );
        if i == 0 {
            // The same integers on the same picture give the same sums.
            let largest = read_array(&output).iter().map(|sum| sum.abs()).max();
            assert_eq!(largest, whole["layers"][0]["activation"]["largest_sum"].as_i64());
        }
    }
}

/// An experiment that was exported from a network's layer still knows where it is from.
#[test]
fn an_exported_layer_of_a_network_runs_with_its_tensors() {
    let place = Place::new();
    let (weights, file) = (resnet20(&place, ""), place.path("layer.toml"));
    let args = ["--layer", "resnet20/block1_conv1", "--weights", &weights, "--format", "json"];
    let named = heconv(&[&["estimate", "--export", &file], &args[..]].concat()).record();
    let found = heconv(&["estimate", &file, "--weights", &weights, "--format", "json"]).record();
    assert_eq!(found["weight_scales"], named["weight_scales"]);
    assert_eq!(found["notes"], named["notes"]);
}

/// A wrapped model is read, and a hint for what is not there ends alike.
#[test]
fn wrapped_names_and_hints() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let values: Vec<f32> = (0..54).map(|i| (i % 15) as f32).collect();
    let tensors: [(&str, &[usize], &[f32]); 2] =
        [("module.tiny.bias", &[3], &[0.0; 3]), ("module.tiny.weight", &[3, 2, 3, 3], &values)];
    let file = place.file("w.safetensors", safetensors(&tensors));
    let ended = heconv(&["run", &tiny, "--weights", &file]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("module. left out of names, as of a wrapped model"), "{ended:?}");
    let other = place.tiny("other.toml", &[("\"tiny\"", "\"tinny\"")]);
    let words = ["\"tinny.weight\" is not in the file", "nearest is \"module.tiny.weight\""];
    assert_refused([refusal(&["run", &other, "--weights", &file], &words)]);
}

/// The scores of a network with trained weights are ranked beside those in floats, under their names.
#[test]
fn what_a_trained_network_says_is_told() {
    let place = Place::new();
    let weights = [0.1, 0.2, 0.0, 0.3, 0.9, 0.5, -0.5, 0.4, 0.1];
    let weights =
        place.file("w.safetensors", safetensors(&[("c.weight", &[3, 3, 1, 1], &weights)]));
    let layer = format!("out_channels = 3\nkernel = 1\npool = \"global\"\n{BITS}");
    let file = one(&place, "input = [3, 4, 4]", &layer);
    let labels = place.file("labels.txt", "ant\nbee\ncat\n");
    let args = [file.as_str(), "--weights", &weights, "--labels", &labels];
    let (_, record) = network(&args);
    let answer = &record["answer"];
    assert_eq!((&answer["top"][0]["label"], &answer["top1_agrees"]), (&"bee".into(), &true.into()));
    assert_eq!(answer["top"].as_array().map(Vec::len), Some(3));
    // Seeded weights say nothing.
    assert!(network(&[&file]).1.get("answer").is_none());
}
