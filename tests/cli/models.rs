//! `heconv network` with models: an answer, exact, with what quantisation costs; and what is refused.

use serde_json::Value;

use crate::builder::families;
use crate::mistakes::{assert_refused, refusal};
use crate::support::{Place, command, ended, heconv};

fn model(place: &Place, name: &str) -> (String, String) {
    let families = families();
    let (_, shape, bytes) =
        families.iter().find(|(found, ..)| *found == name).expect("a family of this name");
    let path = place.path(&format!("{name}.onnx"));
    std::fs::write(&path, bytes).expect("writes");
    (path, shape.map(|side| side.to_string()).join(","))
}

#[test]
fn a_digit_is_read() {
    let text = heconv(&["network", "digits", "--bits", "4,4", "--threads", "2"]).success();
    assert!(text.starts_with("2, "), "{text}");
    for word in [
        "exact: all 10 values",
        "digits: 4 layers",
        ", as in floats; then ",
        "the client computes in floats: Flatten, MaxPool x3, Relu x3",
        "the least",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// Every convolution of five families is exact, and what comes out is near what floats give.
#[test]
fn families_are_exact() {
    let place = Place::new();
    for name in ["plain", "residual", "mobile", "shuffle", "encoder-decoder"] {
        let (path, shape) = model(&place, name);
        let args = ["network", &path, "--shape", &shape, "--format", "json", "--threads", "2"];
        let record = heconv(&args).record();
        assert_eq!((&record["verified"], &record["network"]), (&true.into(), &name.into()));
        let layers = record["layers"].as_array().expect("a list");
        assert!(layers.iter().all(|layer| layer["verified"] == true && layer["overflows"] == 0));
        let cosine = record["fidelity"]["cosine"].as_f64().expect("a number");
        assert!(cosine > 0.99, "{name}: {cosine}");
        assert!(layers.iter().all(|layer| layer["signal_to_noise_db"].is_f64()), "{name}");
        let has_classes = name != "encoder-decoder";
        assert_eq!(record["answer"].is_object(), has_classes, "{name}");
    }
}

#[test]
fn labels_and_pictures_are_read() {
    let place = Place::new();
    let labels = place.file("labels.txt", "zero\none\ntwo\nthree\nfour\nfive\n");
    let digit = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits/digit.png");
    let args = ["network", "digits", "--image", digit, "--labels", &labels, "--format", "json"];
    let record = heconv(&args).record();
    let top = &record["answer"]["top"][0];
    assert_eq!((&top["class"], &top["label"]), (&2.into(), &"two".into()));
    assert_eq!(record["answer"]["top1_agrees"], Value::Bool(true));
}

#[test]
fn many_pictures_are_counted() {
    let place = Place::new();
    let digit = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits/digit.png");
    for (folder, name) in [("2", "a.png"), ("2", "b.png"), ("3", "c.png")] {
        std::fs::create_dir_all(place.path(&format!("all/{folder}"))).expect("creates");
        std::fs::copy(digit, place.path(&format!("all/{folder}/{name}"))).expect("copies");
    }
    let (all, answers) = (place.path("all"), place.path("answers.csv"));
    let args = [
        "network",
        "digits",
        "--images",
        &all,
        "--encrypted",
        "1",
        "--answers",
        &answers,
        "--bits",
        "4,4",
        "--calibration",
        &all,
        "--format",
        "json",
        "--threads",
        "1",
    ];
    let first = heconv(&args).record();
    let expected = [("pictures", 3), ("known", 3), ("float_right", 2), ("integer_right", 2)];
    for (name, count) in expected.into_iter().chain([("agree", 3), ("encrypted_agree", 1)]) {
        assert_eq!(first[name], Value::from(count), "{name}: {first}");
    }
    let lines = std::fs::read_to_string(&answers).expect("written");
    assert_eq!(lines.lines().count(), 4, "{lines}");
    // What is there is not run again, and another run's answers are not taken.
    assert_eq!(heconv(&args).record(), first);
    assert_eq!(std::fs::read_to_string(&answers).expect("kept"), lines);
    let other = ["network", "digits", "--images", &all, "--answers", &answers];
    assert_refused([refusal(&other, &["line 2: the answers of another run"])]);
}

#[test]
fn few_bits_are_found_and_kept() {
    let place = Place::new();
    let bits = place.path("bits.toml");
    let args = ["network", "digits", "--bits-search", "label", "--write-bits", &bits];
    let text = heconv(&args).success();
    assert!(text.starts_with("2, ") && text.contains("as in floats"), "{text}");
    let written = std::fs::read_to_string(&bits).expect("written");
    assert!(written.contains("[layer.conv1]") && written.lines().count() >= 15, "{written}");
    let again = heconv(&["network", "digits", "--bits", &bits, "--format", "json"]).record();
    let layers = again["layers"].as_array().expect("a list");
    let bits = |layer: &Value| layer["layer"]["weight_bits"].as_u64().expect("a number");
    assert!(layers.iter().map(bits).sum::<u64>() < 4 * 8, "{written}");
    let unknown = place.file("other.toml", written.replace("conv1", "conv9"));
    let words = ["no layer \"conv9\" of model digits", "nearest is \"conv1\""];
    assert_refused([refusal(&["network", "digits", "--bits", &unknown], &words)]);
}

/// Presets are loaded once for a run, so that what is wrong with one of the user's is said once.
#[test]
fn a_broken_preset_is_told_once() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("heconv/params")).expect("creates");
    place.file("heconv/params/mine.toml", "schema = 2\n");
    let mut command = command(&["network", "digits"]);
    command.env("XDG_CONFIG_HOME", place.path(""));
    let ended = ended(command);
    assert_eq!((ended.code, ended.err.matches("mine.toml").count()), (Some(0), 1), "{ended:?}");
}

/// A model is held against the conventional way as networks of presets are.
#[test]
fn models_are_compared() {
    let args = ["--params", "n4096-t20", "--algorithm", "interleaved"];
    let args = [&["network", "digits", "--compare", "conventional", "--format", "json"], &args[..]];
    let record = heconv(&args.concat()).record();
    let comparisons = record["comparisons"].as_array().expect("a list");
    assert_eq!(comparisons.len(), 2);
    for comparison in comparisons {
        assert_eq!(comparison["verified"], true, "{comparison}");
        let layers = |record: &Value| record["layers"].as_array().expect("a list").len();
        assert_eq!(layers(comparison), layers(&record));
        assert!(comparison["ratios"]["weights"].as_f64().expect("a number") > 1.0);
    }
}

#[test]
fn models_are_refused_with_what_is_wrong() {
    let place = Place::new();
    let broken = place.file("broken.onnx", "not a model");
    let missing = place.path("missing.onnx");
    let (open, _) = model(&place, "encoder-decoder");
    let many = ["network", "digits", "--images", ".", "--compare", "conventional"];
    let cases: [(&[&str], &[&str]); 9] = [
        (&many, &["--compare", "--images", "--image"]),
        (&["network", &broken], &["broken.onnx", "no ONNX model"]),
        (&["network", &missing], &["missing.onnx"]),
        (&["network", &open], &["[1, 3, ?, ?]", "--shape says it"]),
        (&["network", &open, "--shape", "1,4,8,8"], &["[1, 3, ?, ?]", "[1, 4, 8, 8] was given"]),
        (&["network", "digits", "--weights", "w.npz"], &["a model has its weights in its file"]),
        (&["network", "resnet20", "--bits", "8,8"], &["--bits is for models", "resnet20"]),
        (&["network", "digits", "--bits", "9,8"], &["like 8,8"]),
        (&["network", "digits", "--max-memory", "100KiB"], &["--max-memory"]),
    ];
    assert_refused(cases.map(|(args, words)| refusal(args, words)));
}
