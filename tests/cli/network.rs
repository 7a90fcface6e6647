//! `heconv network`: whole networks, exact, resumed, compared; and what is refused.

use serde_json::Value;

use crate::mistakes::{assert_refused, refusal};
use crate::support::{Place, heconv};

/// Three layers with all that networks have: a stride, depthwise, a shortcut, pooling.
const TINY: &str = "\
schema = 1
name = \"tiny\"
input = [3, 16, 16]

[[layer]]
name = \"first\"
out_channels = 8
kernel = 3
stride = 2
bias = true

[[layer]]
name = \"depthwise\"
out_channels = 8
kernel = 3
groups = 8

[[layer]]
name = \"pointwise\"
out_channels = 8
kernel = 1
add = \"first\"
pool = 2
";

fn tiny(place: &Place) -> String {
    place.file("tiny.toml", TINY)
}

fn sum(layers: &[Value], pointer: &str) -> f64 {
    layers.iter().filter_map(|layer| layer.pointer(pointer)?.as_f64()).sum()
}

#[test]
fn resnet20_is_exact_and_adds_up() {
    let record = heconv(&["network", "resnet20", "--format", "json"]).record();
    assert_eq!((&record["verified"], &record["output_mismatches"]), (&true.into(), &0.into()));
    let layers = record["layers"].as_array().expect("a list");
    assert_eq!(layers.len(), 19);
    assert!(layers.iter().all(|layer| layer["verified"] == true && layer["overflows"] == 0));
    let totals = &record["totals"];
    for pointer in ["/latency_ms/server", "/latency_ms/transfer", "/communication_bytes/upload"] {
        let (parts, total) = (sum(layers, pointer), totals.pointer(pointer).expect("there"));
        assert!((parts - total.as_f64().expect("a number")).abs() < 0.1, "{pointer}");
    }
    let peaks = layers.iter().filter_map(|layer| layer["storage_bytes"]["server_peak"].as_u64());
    assert_eq!(totals["storage_bytes"]["server_peak"].as_u64(), peaks.max());
    // Layers share keys.
    let keys = totals["communication_bytes"]["keys"].as_f64().expect("a number");
    assert!(keys < sum(layers, "/communication_bytes/keys"));
}

#[test]
fn a_stopped_run_goes_on() {
    let place = Place::new();
    let (file, resume) = (tiny(&place), place.path("layers.jsonl"));
    let args = ["network", &file, "--format", "json", "--resume", &resume, "--threads", "1"];
    let whole = heconv(&args).record();
    let lines = std::fs::read_to_string(&resume).expect("written");
    assert_eq!(lines.lines().count(), 3);
    // The first layer, and a part of the second.
    let cut = lines.find('\n').expect("a line") + 40;
    std::fs::write(&resume, &lines[..cut]).expect("writes");
    let again = heconv(&args).record();
    assert_eq!(again["verified"], true);
    assert_eq!(again["layers"][0], whole["layers"][0]);
    assert_ne!(again["layers"][1]["latency_ms"], whole["layers"][1]["latency_ms"]);
    assert_eq!(std::fs::read_to_string(&resume).expect("written").lines().count(), 3);
    // Other parameters are other layers.
    let other = heconv(&[&args[..], &["--params", "n8192-t20"]].concat()).record();
    assert_eq!(other["layers"][0]["params"]["name"], "n8192-t20");
    std::fs::write(&resume, "no layer\n").expect("writes");
    assert_refused([refusal(&args, &["--resume", "layers.jsonl", "line 1"])]);
}

#[test]
fn every_algorithm_and_reduction_runs_a_network() {
    let place = Place::new();
    let file = tiny(&place);
    for algorithm in crate::support::ALGORITHMS {
        for reduction in ["lazy", "eager"] {
            let args = ["--algorithm", algorithm, "--reduction", reduction, "--format", "json"];
            let record = heconv(&[&["network", &file], &args[..]].concat()).record();
            assert_eq!(record["verified"], true, "{algorithm} {reduction}");
        }
    }
}

#[test]
fn tuned_networks_export_their_layers_and_compare() {
    let place = Place::new();
    let (file, directory) = (tiny(&place), place.path("tuned"));
    std::fs::create_dir(&directory).expect("creates");
    let args = ["--params", "tuned", "--compare", "conventional", "--format", "json"];
    let args = [&["network", &file, "--export", &directory], &args[..]].concat();
    let record = heconv(&args).record();
    let comparisons = record["comparisons"].as_array().expect("a list");
    let names: Vec<&Value> = comparisons.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["conventional", "conventional-tuned"]);
    for comparison in comparisons {
        assert_eq!(comparison["verified"], true);
        let of = |record: &Value| record["totals"]["storage_bytes"]["weights"].as_f64();
        let (theirs, ours) = (of(comparison).expect("there"), of(&record).expect("there"));
        let ratio = comparison["ratios"]["weights"].as_f64().expect("a number");
        assert!((ratio - theirs / ours).abs() < 0.01 && ratio > 100.0, "{comparison}");
    }
    let first = std::path::Path::new(&directory).join("first.toml");
    let again = heconv(&["run", first.to_str().expect("text"), "--format", "json"]).record();
    assert_eq!(again["verified"], true);
    assert_eq!(again["params"], record["layers"][0]["params"]);
}

#[test]
fn what_is_no_network_that_runs_is_refused() {
    let place = Place::new();
    let file = tiny(&place);
    let weights = place.file("weights.safetensors", "no tensors");
    assert_refused([
        refusal(&["network", "bench"], &["bench", "not connected", "`input`"]),
        refusal(&["network", "vgg61"], &["vgg61", "vgg16"]),
        refusal(&["network", &file, "--algorithm", "any"], &["--algorithm any", "tuned"]),
        refusal(&["network", &file, "--weights", &weights], &["weights.safetensors"]),
    ]);
}

#[test]
fn sums_beyond_the_plaintext_modulus_fail() {
    let place = Place::new();
    let wide = TINY.replace("stride = 2", "stride = 2\nactivation_bits = 8\nweight_bits = 8");
    let file = place.file("wide.toml", wide);
    let ended = heconv(&["network", &file, "--params", "4096:35,35|36:16"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("layer first: ") && ended.err.contains("plaintext modulus"),
        "{ended:?}"
    );
}
