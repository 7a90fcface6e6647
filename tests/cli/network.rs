//! `heconv network`: whole networks, exact, resumed, compared; and what is refused.

use serde_json::Value;

use crate::mistakes::{assert_refused, refusal};
use crate::support::{ALGORITHMS, Place, heconv, read_reals};

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
    // While a layer runs the keys of all are held, its own among them.
    let held = |record: &Value, name: &str| record["storage_bytes"][name].as_u64().expect("bytes");
    let keys = held(totals, "galois_keys");
    let peak = |layer: &Value| held(layer, "server_peak") + keys - held(layer, "galois_keys");
    assert_eq!(held(totals, "server_peak"), layers.iter().map(peak).max().expect("layers"));
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
    for algorithm in ALGORITHMS {
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
        assert!((ratio - theirs / ours).abs() < 0.01 && ratio > 1.0, "{comparison}");
    }
    let first = std::path::Path::new(&directory).join("first.toml");
    let again = heconv(&["run", first.to_str().expect("text"), "--format", "json"]).record();
    assert_eq!(again["verified"], true);
    assert_eq!(again["params"], record["layers"][0]["params"]);
}

/// Two layers of one shape, between others.
const TWINS: &str = "\
schema = 1
name = \"twins\"
input = [3, 8, 8]

[[layer]]
name = \"stem\"
out_channels = 8
kernel = 3

[[layer]]
name = \"a\"
out_channels = 8
kernel = 3

[[layer]]
name = \"b\"
out_channels = 8
kernel = 3

[[layer]]
name = \"c\"
out_channels = 16
kernel = 1
";

fn algorithms(record: &Value) -> Vec<&str> {
    let layers = record["layers"].as_array().expect("a list");
    layers.iter().filter_map(|layer| layer["algorithm"].as_str()).collect()
}

/// With fixed parameters each layer takes what `estimate` says is fastest for it.
#[test]
fn any_algorithm_is_chosen_for_each_layer() {
    let place = Place::new();
    let file = tiny(&place);
    let args = ["network", &file, "--params", "n8192-t20", "--algorithm", "any"];
    let record = heconv(&[&args[..], &["--format", "json"]].concat()).record();
    assert_eq!(record["verified"], true);
    let chosen = algorithms(&record);
    assert_eq!(chosen.len(), 3);
    let layers = record["layers"].as_array().expect("a list");
    for (layer, chosen) in layers.iter().zip(&chosen) {
        let total = layer["latency_ms"]["total"].as_f64().expect("a figure");
        assert!(total > 0.0 && ALGORITHMS.contains(chosen), "{chosen} {total}");
    }
    let text = heconv(&args).success();
    let head = text.lines().find(|line| line.starts_with("layer")).expect("a table");
    assert!(head.contains("algorithm") && head.contains("total ms"), "{text}");
    let row = text.lines().find(|line| line.starts_with("depthwise")).expect("a row");
    assert!(row.contains(chosen[1]), "{row}");
}

/// Tuned layers have algorithms of their own, those that are alike the same answer; one algorithm can
/// be asked for.
#[test]
fn tuned_layers_have_algorithms_of_their_own() {
    let place = Place::new();
    let file = place.file("twins.toml", TWINS);
    let args = ["network", &file, "--params", "tuned", "--format", "json", "--threads", "1"];
    let record = heconv(&args).record();
    assert_eq!(record["verified"], true);
    let layers = record["layers"].as_array().expect("a list");
    for field in ["algorithm", "params", "lanes"] {
        assert_eq!(layers[1][field], layers[2][field], "{field}");
    }
    assert_ne!(layers[1]["layer"]["name"], layers[2]["layer"]["name"]);
    // Each layer has what the tuner gives for all algorithms.
    let tuned = |algorithm: &[&str]| {
        let args = [&args[..], algorithm].concat();
        heconv(&args).record()
    };
    let guess = |record: &Value| -> u64 {
        let sent = |layer: &Value| {
            let bytes = |field| layer["communication_bytes"][field].as_u64().expect("a figure");
            bytes("upload") + bytes("download")
        };
        record["layers"].as_array().expect("a list").iter().map(sent).sum()
    };
    let sent = ["--objective", "communication"];
    let any = tuned(&sent);
    let same = tuned(&[&sent[..], &["--algorithm", "any"]].concat());
    assert_eq!((algorithms(&any), guess(&any)), (algorithms(&same), guess(&same)));
    for algorithm in ALGORITHMS {
        let one = tuned(&[&sent[..], &["--algorithm", algorithm]].concat());
        assert_eq!(algorithms(&one), [algorithm; 4]);
        assert!(guess(&any) <= guess(&one), "{algorithm}");
    }
}

/// What is tuned is tuned alike again, so that a stopped run goes on.
#[test]
fn a_tuned_run_goes_on() {
    let place = Place::new();
    let (file, resume) = (place.file("twins.toml", TWINS), place.path("layers.jsonl"));
    let args = ["network", &file, "--params", "tuned", "--threads", "1", "--resume", &resume];
    let args = [&args[..], &["--format", "json"]].concat();
    let whole = heconv(&args).record();
    let again = heconv(&args).record();
    assert_eq!(again["layers"], whole["layers"]);
}

#[test]
fn what_is_no_network_that_runs_is_refused() {
    let place = Place::new();
    let file = tiny(&place);
    let weights = place.file("weights.safetensors", "no tensors");
    assert_refused([
        refusal(&["network", "bench"], &["bench", "not connected", "`input`"]),
        refusal(&["network", "vgg61"], &["vgg61", "vgg16"]),
        refusal(
            &["network", &file, "--algorithm", "any", "--params", "4096:30|30:28"],
            &["no algorithm will do for layer tiny/first", "hadamard-fused", "margin 4"],
        ),
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

/// Branches that are put together, a dense layer, and two outputs, each in a file.
#[test]
fn a_network_of_branches_runs_to_all_its_outputs() {
    let place = Place::new();
    let text = "\
schema = 1
name = \"branches\"
input = { shape = [2, 6, 6], signed = true }
outputs = [\"scores\", \"b\"]
[[layer]]
name = \"a\"
out_channels = 3
kernel = 3
activation = \"leaky\"
[[layer]]
name = \"b\"
from = \"input\"
out_channels = 2
kernel = 1
activation = \"square\"
[[layer]]
name = \"c\"
from = [\"a\", \"b\"]
out_channels = 4
kernel = 3
pool = { kind = \"max\", kernel = 3, stride = 2, ceil_mode = true }
[[layer]]
name = \"scores\"
kind = \"dense\"
out_channels = 5
activation = \"none\"
";
    let (file, output) = (place.file("branches.toml", text), place.path("y.npy"));
    let values: Vec<u8> = (0..72).flat_map(|i| (i * 5 % 15 - 7i64).to_le_bytes()).collect();
    let path = place.npy("x.npy", "<i8", &[2, 6, 6], &values);
    let args = ["network", &file, "--input", &path, "--output", &output, "--format", "json"];
    let record = heconv(&args).record();
    assert_eq!((&record["verified"], &record["output_values"]), (&true.into(), &(5 + 72).into()));
    let outputs = serde_json::json!([
        { "name": "scores", "shape": [5, 1, 1] },
        { "name": "b", "shape": [2, 6, 6] },
    ]);
    assert_eq!(record["outputs"], outputs);
    assert_eq!(read_reals(&output).dim(), (5, 1, 1));
    assert_eq!(read_reals(&place.path("y.b.npy")).dim(), (2, 6, 6));
    let text = heconv(&args[..6]).success();
    assert!(text.contains("outputs: scores (5x1x1), b (2x6x6)"), "{text}");
}
