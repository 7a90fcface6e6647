//! Runs in which nothing is wrong, and what their records say.

use heconv::arith::kernels::Backend;
use serde_json::Value;

use crate::support::{ALGORITHMS, Place, SMALL, heconv, read_array, record};

/// Every field that a record always has, and the type of its value.
const FIELDS: &str = "
int /schema /threads /seed /lanes /mismatches /overflows /values
str /heconv_version /algorithm /reduction /backend
str /machine/cpu
int /machine/cores
str /layer/name
int /layer/in_channels /layer/out_channels /layer/height /layer/width /layer/stride /layer/groups
int /layer/activation_bits /layer/weight_bits
int /layer/kernel/0 /layer/kernel/1
int /layer/padding/0 /layer/padding/1 /layer/padding/2 /layer/padding/3
str /params/name
int /params/ring_degree /params/plain_modulus /params/limbs/0 /params/special
num /params/log2_q /params/log2_qp
str /security/table
int /security/level
num /security/cap_log2_qp
bool /layer/activation_signed
bool /security/ok /verified /seeded_secrets
num /plaintext_headroom_bits
num /noise_bits/fresh /noise_bits/rotated /noise_bits/multiplied /noise_bits/final
num /noise_bits/predicted_final /noise_bits/predicted_final_floor
num /latency_ms/keygen /latency_ms/weights /latency_ms/encrypt /latency_ms/rotate
num /latency_ms/multiply /latency_ms/mix /latency_ms/server /latency_ms/response
num /latency_ms/decrypt /latency_ms/transfer /latency_ms/total
num /link/bandwidth_bits_per_second /link/rtt_ms
int /storage_bytes/weights /storage_bytes/galois_keys /storage_bytes/server_peak
int /communication_bytes/upload /communication_bytes/download /communication_bytes/keys
int /operations/rotations /operations/plaintext_multiplications
int /operations/scalar_multiplications /operations/coefficient_multiply_adds /operations/ntts
";

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "int" => value.is_u64(),
        "num" => value.is_f64(),
        "str" => value.as_str().is_some_and(|text| !text.is_empty()),
        "bool" => value.is_boolean(),
        _ => panic!("no type {kind:?}"),
    }
}

fn number(record: &Value, pointer: &str) -> f64 {
    let value = record.pointer(pointer).and_then(Value::as_f64);
    value.unwrap_or_else(|| panic!("{pointer} is a number in {record}"))
}

fn assert_sum(record: &Value, group: &str, sum: &str, parts: &[&str]) {
    let time = |name: &str| number(record, &format!("{group}/{name}"));
    let parts: f64 = parts.iter().map(|name| time(name)).sum();
    assert!((time(sum) - parts).abs() < 0.002, "{sum} = {} is not {parts}", time(sum));
}

fn assert_sums(record: &Value, group: &str) {
    assert_sum(record, group, "server", &["rotate", "multiply", "mix"]);
    assert_sum(record, group, "total", &["encrypt", "server", "response", "decrypt", "transfer"]);
}

/// What does not depend on the machine and its load.
fn sizes(record: &Value) -> [&Value; 3] {
    ["storage_bytes", "communication_bytes", "operations"].map(|group| &record[group])
}

#[test]
fn the_record_has_every_field() {
    let ended = heconv(&["run", "--format", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("\"verified\":true"), "{}", ended.out);
    assert!(!ended.out.contains("null"), "{}", ended.out);
    let record = ended.record();
    for line in FIELDS.trim().lines() {
        let mut words = line.split_whitespace();
        let kind = words.next().expect("a type");
        for pointer in words {
            let value = record.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is there"));
            assert!(is_a(value, kind), "{pointer} = {value} is a {kind}");
        }
    }
    assert_eq!(record["schema"], 1);
    assert_eq!(record["heconv_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(record["layer"]["name"], "demo/photo");
    assert_eq!(record["params"]["name"], "n4096-t20");
    assert_eq!(
        (&record["algorithm"], &record["reduction"]),
        (&"hadamard-fused".into(), &"lazy".into())
    );
    assert_eq!((&record["mismatches"], &record["overflows"]), (&0.into(), &0.into()));
    assert_eq!(record["values"], 8 * 224 * 224);
    assert_eq!((&record["seed"], &record["seeded_secrets"]), (&1.into(), &false.into()));
    assert_eq!(record["security"]["ok"], true);
    assert!(record.get("repeat").is_none() && record.get("extrapolated_from").is_none());
}

#[test]
fn times_add_up_and_budgets_fall() {
    for algorithm in ALGORITHMS {
        let record = record(&[&SMALL[..], &["--algorithm", algorithm, "--seed", "1"]].concat());
        assert_sums(&record, "/latency_ms");
        for stage in ["encrypt", "multiply", "server", "decrypt", "total"] {
            assert!(number(&record, &format!("/latency_ms/{stage}")) > 0.0, "{algorithm}, {stage}");
        }
        let budget = |name: &str| number(&record, &format!("/noise_bits/{name}"));
        // Where nothing is rotated, or sums can be read only once they are merged, there is none.
        let measured = |name: &str| record["noise_bits"].get(name).is_some();
        assert!(!measured("rotated") || budget("fresh") >= budget("rotated"), "{record}");
        assert!(!measured("multiplied") || budget("multiplied") >= budget("final"), "{record}");
        assert!(budget("final") >= budget("predicted_final_floor"), "{record}");
        assert!((budget("final") - budget("predicted_final")).abs() < 2.0, "{record}");
        assert!(number(&record, "/operations/coefficient_multiply_adds") > 0.0);
    }
}

#[test]
fn the_link_gives_the_transfer() {
    let record = record(&[&SMALL[..], &["--bandwidth", "1Mbit", "--rtt", "0.5s"]].concat());
    assert_eq!(
        record["link"],
        serde_json::json!({"bandwidth_bits_per_second": 1e6, "rtt_ms": 500.0})
    );
    let bytes = number(&record, "/communication_bytes/upload")
        + number(&record, "/communication_bytes/download");
    let expected = bytes * 8.0 / 1e6 * 1e3 + 500.0;
    assert!((number(&record, "/latency_ms/transfer") - expected).abs() < 0.01, "{record}");
}

#[test]
fn a_bare_command_runs_the_demo() {
    let ended = heconv(&[]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.err.lines().count() == 1 && ended.err.contains("`heconv run`"), "{ended:?}");
    let report = ended.out;
    assert!(report.starts_with("exact: 401,408 of 401,408 values"), "{report}");
    assert!(report.contains("demo/photo") && report.contains("n4096-t20"), "{report}");
}

#[test]
fn the_text_says_what_the_record_says() {
    let report = heconv(&[&["run", "--seed", "3"], &SMALL[..]].concat()).success();
    for words in ["exact", "bench/c16-32-k3", "hadamard-fused, lazy", "56 rotations", "seed 3"] {
        assert!(report.contains(words), "{words:?} in {report}");
    }
}

#[test]
fn all_algorithms_give_the_same_output() {
    let place = Place::new();
    let mut first = None;
    for algorithm in ALGORITHMS {
        for reduction in ["eager", "lazy"] {
            let path = place.path(&format!("{algorithm}-{reduction}.npy"));
            let how = ["--algorithm", algorithm, "--reduction", reduction, "--output", &path];
            let record = record(&[&SMALL[..], &how].concat());
            assert_eq!(
                (&record["algorithm"], &record["reduction"]),
                (&algorithm.into(), &reduction.into())
            );
            let bytes = std::fs::read(&path).expect("an output");
            assert_eq!(
                &bytes,
                first.get_or_insert_with(|| bytes.clone()),
                "{algorithm}, {reduction}"
            );
        }
    }
    assert_eq!(read_array(&place.path("padded-lazy.npy")).dim(), (16, 32, 32));
}

/// Plans may differ, for they are those that take the backend the least time; values never do.
#[test]
fn backends_give_the_same_values() {
    let place = Place::new();
    for algorithm in ALGORITHMS {
        let run = |backend| {
            let path = place.path(&format!("{backend}.npy"));
            let how = ["--algorithm", algorithm, "--backend", backend, "--output", &path];
            let record = record(&[&SMALL[..], &how].concat());
            (record, std::fs::read(&path).expect("an output"))
        };
        let (auto, first) = run("auto");
        assert_ne!(auto["backend"], "auto", "the record names what was chosen");
        for backend in Backend::available().map(Backend::name) {
            let (record, output) = run(backend);
            assert_eq!(record["backend"], backend);
            if record["backend"] == auto["backend"] {
                assert_eq!(sizes(&auto), sizes(&record), "{algorithm} {backend}");
            }
            assert!(first == output, "{algorithm} {backend}");
        }
    }
}

#[test]
fn any_shape_runs() {
    let place = Place::new();
    let odd = place.tiny(
        "odd.toml",
        &[
            ("in_channels = 2", "in_channels = 24"),
            ("out_channels = 3", "out_channels = 40"),
            ("height = 6", "height = 13"),
            ("width = 5", "width = 9"),
            ("kernel = 3\npadding = [1, 1, 1, 1]", "kernel = 5"),
            ("activation_bits = 8", "activation_bits = 4"),
        ],
    );
    for algorithm in ALGORITHMS {
        let record = record(&[&odd, "--algorithm", algorithm]);
        assert_eq!(record["values"], 40 * 13 * 9);
        assert_eq!(record["layer"]["padding"], serde_json::json!([2, 2, 2, 2]));
    }
    let preset = concat!(env!("CARGO_MANIFEST_DIR"), "/presets/experiments/odd-shape.toml");
    let record = record(&[preset]);
    assert_eq!((&record["layer"]["name"], &record["threads"]), (&"odd-shape".into(), &1.into()));
    assert_eq!(record["seeded_secrets"], true, "the file has a seed");
}

#[test]
fn flags_override_the_file() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let own = record(&[&tiny]);
    assert_eq!((&own["layer"]["name"], &own["params"]["name"]), (&"tiny".into(), &"tiny".into()));
    let flags = ["--algorithm", "padded", "--reduction", "eager", "--threads", "2"];
    let other = record(&[&[tiny.as_str(), "--params", "n8192-t30"], &SMALL[..], &flags].concat());
    assert_eq!(other["layer"]["name"], "bench/c16-32-k3");
    assert_eq!(other["params"]["name"], "n8192-t30");
    assert_eq!((&other["algorithm"], &other["reduction"]), (&"padded".into(), &"eager".into()));
    assert_eq!(other["threads"], 2);
}

#[test]
fn parameters_come_by_name_file_or_text() {
    let place = Place::new();
    let file = place.file(
        "own.toml",
        "schema = 1\n[params]\nring_degree = 8192\nlimb_bits = [40, 40]\nspecial_bits = 41\nplain_modulus = 1032193\n",
    );
    for (params, name, degree) in [
        ("n4096-t16", "n4096-t16", 4096),
        (file.as_str(), "own", 8192),
        ("8192:45,45|46:22", "8192:45,45|46:22", 8192),
    ] {
        let record = record(&[&["--params", params], &SMALL[..]].concat());
        assert_eq!(
            (&record["params"]["name"], &record["params"]["ring_degree"]),
            (&name.into(), &degree.into())
        );
    }
    let named = record(&["--layer", "c16-32-k3"]);
    assert_eq!(named["layer"]["name"], "bench/c16-32-k3", "a bare name where it is unique");
}

/// What coefficient packing has of its own: no keys and no special prime, forms of weights, baby steps.
#[test]
fn coefficients_say_what_they_do_without() {
    let place = Place::new();
    let of = |flags: &[&str]| record(&[&SMALL[..], flags].concat());
    let blocks = of(&["--algorithm", "coefficient", "--params", "2048:50:20"]);
    assert!(blocks["params"].get("special").is_none(), "{blocks}");
    assert!(blocks["noise_bits"].get("rotated").is_none(), "{blocks}");
    assert!(blocks.get("babies").is_none(), "{blocks}");
    let nothing = [&blocks["communication_bytes"]["keys"], &blocks["operations"]["rotations"]];
    assert_eq!(nothing, [&Value::from(0); 2]);
    assert_eq!(
        (&blocks["weight_form"], &blocks["verified"]),
        (&"transformed".into(), &true.into())
    );

    let path = place.path("babies.toml");
    let flags = ["--algorithm", "interleaved", "--params", "n4096-q44-t20", "--lanes", "2"];
    let pinned = ["--babies", "2", "--weight-form", "raw", "--export", &path];
    let merged = of(&[&flags[..], &pinned].concat());
    assert_eq!((&merged["lanes"], &merged["babies"]), (&2.into(), &2.into()));
    assert_eq!((&merged["weight_form"], &merged["verified"]), (&"raw".into(), &true.into()));
    // 4-bit weights, two a byte.
    assert_eq!(merged["storage_bytes"]["weights"], 16 * 16 * 9 / 2);
    let again = record(&[&path]);
    assert_eq!((&again["babies"], &again["weight_form"]), (&2.into(), &"raw".into()));
    assert_eq!(again["communication_bytes"], merged["communication_bytes"]);

    let refusal = |flags: &[&str]| {
        let ended = heconv(&[&["run"], &SMALL[..], flags].concat());
        assert_eq!(ended.code, Some(2), "{ended:?}");
        ended.err
    };
    let words = refusal(&["--params", "2048:50:20"]);
    assert!(words.contains("hadamard-fused needs a special prime"), "{words}");
    let words = refusal(&["--algorithm", "padded", "--weight-form", "raw"]);
    assert!(words.contains("weight-form = raw is not possible with padded"), "{words}");
    let words = refusal(&["--algorithm", "interleaved", "--babies", "3"]);
    assert!(
        words.contains("babies = 3 is not possible with interleaved; possible: 1, 2"),
        "{words}"
    );
}

#[test]
fn seeds_decide_everything_but_times() {
    let place = Place::new();
    let run = |name: &str, how: &[&str]| {
        let path = place.path(name);
        let record = record(&[&SMALL[..], &["--output", &path], how].concat());
        (record, std::fs::read(&path).expect("an output"))
    };
    let (one, first) = run("a.npy", &["--seed", "7", "--threads", "1"]);
    let (two, second) = run("b.npy", &["--seed", "7", "--threads", "2"]);
    let (again, third) = run("c.npy", &["--seed", "7", "--threads", "2"]);
    let (other, fourth) = run("d.npy", &["--seed", "8"]);
    let (free, fifth) = run("e.npy", &[]);
    let (fixed, sixth) = run("f.npy", &["--seed", "1"]);
    assert_eq!((&one["threads"], &two["threads"]), (&1.into(), &2.into()));
    assert!(first == second && second == third, "the same seed gives the same output");
    assert_eq!(one["noise_bits"], two["noise_bits"]);
    assert_eq!(two["noise_bits"], again["noise_bits"]);
    assert_eq!(sizes(&two), sizes(&again));
    // What each thread needs for itself counts in the server's peak alone.
    for field in ["communication_bytes", "operations"] {
        assert_eq!(one[field], two[field], "{field}");
    }
    assert!(first != fourth && first != fifth, "another seed gives another output");
    assert!(fifth == sixth, "data come from seed 1 where there is none");
    assert_eq!((&free["seed"], &free["seeded_secrets"]), (&1.into(), &false.into()));
    assert_eq!((&fixed["seed"], &fixed["seeded_secrets"]), (&1.into(), &true.into()));
    assert_eq!((&other["seed"], &other["seeded_secrets"]), (&8.into(), &true.into()));
}

#[test]
fn repeated_runs_report_their_spread() {
    let record = record(&[&SMALL[..], &["--repeat", "3"]].concat());
    assert_eq!(record["repeat"]["runs"], 3);
    for group in ["/latency_ms", "/repeat/min", "/repeat/max"] {
        assert_sums(&record, group);
    }
    let server = |group: &str| number(&record, &format!("{group}/server"));
    assert!(server("/repeat/min") <= server("/latency_ms"), "{record}");
    assert!(server("/latency_ms") <= server("/repeat/max"), "{record}");
}

/// Holds the part against the whole, under every algorithm.
fn assert_stands_for_the_whole(layer: &str) {
    for algorithm in ALGORITHMS {
        let how = ["--layer", layer, "--algorithm", algorithm];
        let whole = record(&how);
        assert!(whole.get("extrapolated_from").is_none());
        let part = record(&[&how[..], &["--subset", "1"]].concat());
        let computed = number(&part, "/extrapolated_from/output_ciphertexts");
        let of = number(&part, "/extrapolated_from/of");
        assert!(0.0 < computed && computed < of, "{layer}, {algorithm}: {computed} of {of}");
        assert_eq!(sizes(&part), sizes(&whole), "{layer}, {algorithm}");
        assert!(part["values"].as_u64() < whole["values"].as_u64());
        assert_sums(&part, "/latency_ms");
    }
}

#[test]
fn a_subset_stands_for_the_whole() {
    assert_stands_for_the_whole(SMALL[1]);
    let all = record(&[&SMALL[..], &["--subset", "1000000"]].concat());
    assert!(all.get("extrapolated_from").is_none(), "a subset with nothing left out is the whole");
}

/// A layer of one pixel, as a dense layer is: what fits one ciphertext is not sent in many.
#[test]
fn a_dense_layer_travels_in_few_ciphertexts() {
    let place = Place::new();
    let path = place.tiny(
        "dense.toml",
        &[
            ("in_channels = 2", "in_channels = 84"),
            ("out_channels = 3", "out_channels = 10"),
            ("height = 6", "height = 1"),
            ("width = 5", "width = 1"),
            ("kernel = 3", "kernel = 1"),
            ("padding = [1, 1, 1, 1]", "padding = [0, 0, 0, 0]"),
            ("activation_bits = 8", "activation_bits = 4"),
            ("weight_bits = 5", "weight_bits = 4"),
            ("limb_bits = [35, 35]", "limb_bits = [36, 26]"),
            ("special_bits = 36", "special_bits = 44"),
        ],
    );
    let record = record(&[&path]);
    assert_eq!(
        (&record["lanes"], &record["ciphertexts"]),
        (&128.into(), &serde_json::json!({"upload": 1, "download": 1}),)
    );
    assert!(number(&record, "/communication_bytes/upload") < 40_000.0, "{record}");
}
