//! One verdict: a run that is not exact is called what it is in every command, says what would mend
//! it, and leaves nothing that looks right.

use std::path::Path;

use serde_json::Value;

use crate::support::{Ended, Place, SMALL, command, ended, heconv, read_array};

/// A layer whose values of equal data all go beyond a t of 16 bits.
const LAYER: &str = "\
name = \"wide\"
in_channels = 4
out_channels = 4
height = 8
width = 8
kernel = 3
activation_bits = 8
weight_bits = 8
";

/// Parameters whose t is too small for it.
const NARROW: [&str; 2] = ["--params", "4096:36,26|44:16"];

/// A set in which this much multiplying leaves no noise budget.
const NO_NOISE: [&str; 4] = ["--params", "4096:36|36:25", "--algorithm", "hadamard"];

/// A directory with the layer, in an experiment and in a network of the user's own, and its largest
/// data.
struct Home(Place);

impl Home {
    fn new() -> Self {
        let place = Place::new();
        let params = "[params]\nring_degree = 4096\nlimb_bits = [36, 26]\nspecial_bits = 44\nplain_bits = 16\n";
        place.file("e.toml", format!("schema = 1\n[layer]\n{LAYER}{params}"));
        let network = format!("schema = 1\nname = \"mine\"\n[[layer]]\n{LAYER}");
        place.file("heconv/networks/mine.toml", network);
        let data = |value: i64, count: usize| value.to_le_bytes().repeat(count);
        place.npy("w.npy", "<i8", &[4, 4, 3, 3], &data(127, 144));
        place.npy("x.npy", "<i8", &[4, 8, 8], &data(255, 256));
        Self(place)
    }

    fn heconv(&self, args: &[&str]) -> Ended {
        let mut command = command(args);
        command.env("XDG_CONFIG_HOME", self.0.path("")).current_dir(self.0.path(""));
        ended(command)
    }

    /// Runs the experiment on its largest data.
    fn run(&self, args: &[&str]) -> Ended {
        self.heconv(&[&["run", "e.toml", "--weights", "w.npy", "--input", "x.npy"], args].concat())
    }

    fn has(&self, name: &str) -> bool {
        Path::new(&self.0.path(name)).exists()
    }
}

#[test]
fn a_run_that_overflows_is_never_verified() {
    let home = Home::new();
    let json = home.run(&["--format", "json", "--output", "y.npy", "--export", "out.toml"]);
    assert_eq!(json.code, Some(1), "{json:?}");
    let record = json.record();
    assert_eq!((&record["verified"], &record["verdict"]), (&false.into(), &"overflowed".into()));
    assert_eq!((&record["mismatches"], &record["overflows"]), (&0.into(), &256.into()));
    assert_eq!(record["largest_value"], 4 * 9 * 127 * 255);
    for words in ["overflow: 256 of 256 values", "1,165,860", "t/2 is 20,480", "a t of 22 bits"] {
        assert!(json.err.contains(words), "{words:?} in {json:?}");
    }
    // Nothing that looks right is left.
    assert!(!home.has("y.npy") && home.has("y.overflowed.npy"));
    assert!(json.err.contains("y.overflowed.npy"), "{json:?}");
    assert_ne!(read_array(&home.0.path("y.overflowed.npy"))[[0, 3, 3]], 1_165_860);
    let exported = std::fs::read_to_string(home.0.path("out.toml")).expect("exported");
    assert!(exported.contains("verified = false") && exported.contains("\"overflowed\""));

    let text = home.run(&["--output", "y.png"]);
    assert_eq!(text.code, Some(1), "{text:?}");
    assert!(text.out.starts_with("OVERFLOWED: 256 of 256 values"), "{text:?}");
    assert!(!text.out.contains("exact") && text.out.contains("a t of 22 bits"), "{text:?}");
    assert!(!home.has("y.png") && home.has("y.overflowed.png"));

    // What it asks for mends it.
    let mended = home.run(&["--params", "4096:35,35|36:22", "--output", "y.npy"]).success();
    assert!(mended.starts_with("exact: 256 of 256 values"), "{mended}");
    assert_eq!(read_array(&home.0.path("y.npy"))[[0, 3, 3]], 1_165_860);
}

#[test]
fn a_run_out_of_noise_says_so() {
    let place = Place::new();
    let path = place.path("y.npy");
    let args = [&["run"], &SMALL[..], &NO_NOISE, &["--output", &path]].concat();
    let json = heconv(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(json.code, Some(1), "{json:?}");
    let record = json.record();
    assert_eq!((&record["verified"], &record["verdict"]), (&false.into(), &"out-of-noise".into()));
    assert!(record["noise_bits"]["final"].as_f64() < Some(0.5), "{record}");
    for words in
        ["noise ran out: ", "of 16,384 values differ", "bits of Q", "a smaller t", "`tune`"]
    {
        assert!(json.err.contains(words), "{words:?} in {json:?}");
    }
    assert!(!Path::new(&path).exists() && Path::new(&place.path("y.out-of-noise.npy")).exists());
    let text = heconv(&args);
    assert!(text.code == Some(1) && text.out.starts_with("OUT OF NOISE: "), "{text:?}");
    assert!(!text.out.contains("exact"), "{text:?}");
}

#[test]
fn rows_of_a_sweep_have_the_same_verdict() {
    let home = Home::new();
    let sweep = |output: &str| {
        let args = ["sweep", "--layer", "mine/wide", "--algorithm", "padded", "--output", output];
        home.heconv(&[&args[..], &NARROW].concat())
    };
    for name in ["rows.jsonl", "rows.csv"] {
        let ended = sweep(name);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("1 point not exact"), "{ended:?}");
    }
    let read = |name| std::fs::read_to_string(home.0.path(name)).expect("written");
    let row: Value = serde_json::from_str(&read("rows.jsonl")).expect("a row");
    assert_eq!((&row["verified"], &row["verdict"]), (&false.into(), &"overflowed".into()));
    let table = read("rows.csv");
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let names = table.headers().expect("names").clone();
    let row = table.records().next().expect("a row").expect("well formed");
    let cell = |name: &str| names.iter().zip(&row).find(|(column, _)| *column == name);
    let cells = ["verified", "verdict"].map(|name| cell(name).expect("a column").1);
    assert_eq!(cells, ["false", "overflowed"]);
    // A resumed sweep knows.
    let args = ["sweep", "--layer", "mine/wide", "--algorithm", "padded", "--resume", "rows.csv"];
    let again = home.heconv(&[&args[..], &NARROW].concat());
    assert_eq!(again.code, Some(1), "{again:?}");
}

#[test]
fn a_benchmark_has_the_same_verdict() {
    let home = Home::new();
    let args = ["bench", "--layer", "mine/wide", "--algorithm", "padded", "--reduction", "lazy"];
    let rest = ["--threads", "1", "--repeat", "1"];
    let args = [&args[..], &NARROW, &rest].concat();
    let json = home.heconv(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(json.code, Some(1), "{json:?}");
    let run = &json.record()["layers"][0]["runs"][0];
    assert_eq!((&run["verified"], &run["verdict"]), (&false.into(), &"overflowed".into()));
    assert!(json.err.contains("1 of 1 runs not exact; padded lazy: overflow: "), "{json:?}");
    let text = home.heconv(&args);
    assert!(text.out.contains("OVERFLOWED") && !text.out.contains("exact"), "{text:?}");
}

#[test]
fn a_network_stops_at_the_layer_that_overflows() {
    let home = Home::new();
    let network = "schema = 1\nname = \"net\"\ninput = [3, 16, 16]\n\n[[layer]]\nname = \"first\"\n\
                   out_channels = 8\nkernel = 3\nactivation_bits = 8\nweight_bits = 8\n";
    home.0.file("net.toml", network);
    let args = ["network", "net.toml", "--output", "y.npy", "--resume", "done.jsonl"];
    let ended = home.heconv(&[&args[..], &NARROW].concat());
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    for words in ["layer first: overflow: ", "plaintext modulus 40961", "use a t of "] {
        assert!(ended.err.contains(words), "{words:?} in {ended:?}");
    }
    assert!(!home.has("y.npy"));
    assert_eq!(std::fs::read_to_string(home.0.path("done.jsonl")).expect("made"), "");
}

/// A layer of one pixel is not rotated, so nothing is said of rotated inputs.
#[test]
fn what_was_never_measured_is_absent() {
    let place = Place::new();
    let kernel =
        [("height = 6", "height = 1"), ("width = 5", "width = 1"), ("kernel = 3", "kernel = 1")];
    let padding = ("padding = [1, 1, 1, 1]", "padding = [0, 0, 0, 0]");
    let one = place.tiny("one.toml", &[&kernel[..], &[padding]].concat());
    for command in ["run", "estimate"] {
        let args = [command, &one, "--algorithm", "padded", "--format", "json"];
        let ended = heconv(&args);
        let record = ended.record();
        assert_eq!(record["operations"]["rotations"], 0, "{record}");
        let noise = record["noise_bits"].as_object().expect("an object");
        assert!(!noise.contains_key("rotated") && !noise.contains_key("predicted_rotated"));
        assert!(noise.contains_key("multiplied") && !ended.out.contains("null"), "{record}");
    }
    let text = heconv(&["run", &one, "--algorithm", "padded"]).success();
    assert!(text.contains("rotated -   multiplied"), "{text}");
}
