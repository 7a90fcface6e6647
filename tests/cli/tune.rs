//! `heconv estimate`, `tune` and `calibrate`: what is predicted, found and exported.

use serde_json::Value;

use crate::mistakes::{assert_refused, refusal};
use crate::support::{ALGORITHMS, Place, SMALL, heconv, record};

fn json(args: &[&str]) -> Value {
    let ended = heconv(args);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{args:?}: {ended:?}");
    ended.record()
}

#[test]
fn an_explanation_shows_the_plan_and_those_that_lost() {
    let args = ["estimate", "--layer", "bench/c16-32-k3", "--explain"];
    let explained = json(&[&args[..], &["--format", "json"]].concat());
    let plain = json(&[&args[..3], &["--format", "json"]].concat());
    let plan = &explained["plan"];
    assert_eq!((&plan["lanes"], &explained["lanes"]), (&plain["lanes"], &plain["lanes"]));
    let candidates = plan["candidates"].as_array().expect("a list");
    let chosen = candidates.iter().filter(|one| one["chosen"] == true).count();
    assert!(chosen == 1 && candidates.len() > 1, "{plan}");
    let guess = explained["latency_ms"]["predicted_server"].as_f64().expect("a number");
    let here = candidates[0]["server_ms"].as_f64().expect("a number");
    assert!((guess - here).abs() < 0.01 * guess, "{guess} {here}");
    let text = heconv(&args).success();
    for part in ["row_stride", "output_rotations", "plans considered", "conventional"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// Every exact figure and every prediction of a run stands in the estimate already.
#[test]
fn an_estimate_says_what_a_run_will() {
    for algorithm in ALGORITHMS {
        let args = [&SMALL[..], &["--algorithm", algorithm, "--threads", "1"]].concat();
        let run = record(&args);
        let estimate = json(&[&["estimate", "--format", "json"], &args[..]].concat());
        assert_eq!(estimate["predicted"], true);
        assert!(estimate.get("verified").is_none() && run.get("predicted").is_none());
        for field in ["layer", "params", "security", "operations", "storage_bytes", "lanes"] {
            assert_eq!(estimate[field], run[field], "{algorithm}: {field}");
        }
        let names = |record: &Value| -> Vec<String> {
            let object = record.as_object().expect("an object");
            object.keys().cloned().collect()
        };
        for field in ["upload", "download", "keys", "predicted_upload", "predicted_download"] {
            let (guess, found) = (&estimate["communication_bytes"], &run["communication_bytes"]);
            assert_eq!(guess[field], found[field], "{algorithm}: {field}");
        }
        for field in ["predicted_fresh", "predicted_final", "predicted_final_floor"] {
            assert_eq!(estimate["noise_bits"][field], run["noise_bits"][field], "{algorithm}");
        }
        let mut expected = names(&run);
        expected.retain(|name| {
            let of_a_run =
                ["verified", "verdict", "mismatches", "overflows", "values", "largest_value"];
            !of_a_run.contains(&name.as_str())
        });
        let mut found = names(&estimate);
        found.retain(|name| name != "predicted");
        assert_eq!(found, expected, "the same names");
        assert!(run["latency_ms"]["predicted_server"].as_f64().expect("a figure") > 0.0);
    }
}

/// Any algorithm is the one of those that keep the margin with the least predicted total; a run and an
/// estimate choose alike, from a flag as from a file.
#[test]
fn any_algorithm_is_the_one_with_the_least_total() {
    let place = Place::new();
    let args = [&SMALL[..], &["--params", "n8192-t20", "--threads", "1"]].concat();
    let estimate = |algorithm: &str| {
        let ended = heconv(
            &[&["estimate", "--format", "json"], &args[..], &["--algorithm", algorithm]].concat(),
        );
        (ended.record(), ended.err)
    };
    let total = |record: &Value| record["latency_ms"]["total"].as_f64().expect("a figure");
    let (chosen, said) = estimate("any");
    let name = chosen["algorithm"].as_str().expect("a name").to_owned();
    assert!(said.starts_with(&format!("heconv: any: {name}, ")), "{said}");
    let mut others = 0;
    for algorithm in ALGORITHMS {
        let (one, silent) = estimate(algorithm);
        assert_eq!(silent, "");
        if one["noise_bits"]["predicted_final_floor"].as_f64() >= Some(4.0) {
            assert!(total(&chosen) <= total(&one), "{algorithm}");
            assert!(
                said.contains(&format!(
                    "{algorithm}{} {:.1} ms",
                    if algorithm == name { "," } else { "" },
                    total(&one)
                )),
                "{said}"
            );
            others += 1;
        }
    }
    assert!(others > 1, "{said}");
    let ended =
        heconv(&[&["run", "--format", "json"], &args[..], &["--algorithm", "any"]].concat());
    let run = ended.record();
    assert_eq!((&run["algorithm"], &run["verified"]), (&chosen["algorithm"], &true.into()));
    assert_eq!(ended.err, said);

    let file = place.tiny("any.toml", &[("algorithm = \"hadamard-fused\"", "algorithm = \"any\"")]);
    let ended = heconv(&["run", &file, "--format", "json"]);
    assert!(ended.err.starts_with("heconv: any: "), "{ended:?}");
    assert_eq!(ended.record()["verified"], true);
    // A flag overrides the file.
    let ended = heconv(&["run", &file, "--format", "json", "--algorithm", "padded"]);
    assert_eq!((&ended.record()["algorithm"], ended.err.as_str()), (&"padded".into(), ""));
}

#[test]
fn where_no_algorithm_will_do_each_is_told_why() {
    for command in ["run", "estimate"] {
        let args = [command, "--algorithm", "any", "--params", "4096:30|30:28"];
        let mut words = vec!["no algorithm will do for layer bench/c16-32-k3", "4096:30|30:28"];
        words.extend(["bits, margin 4"].iter().chain(&ALGORITHMS));
        assert_refused([refusal(&[&args[..], &SMALL].concat(), &words)]);
    }
}

#[test]
fn an_estimate_reads_well_and_exports() {
    let place = Place::new();
    let path = place.path("guess.toml");
    let ended = heconv(&["estimate", "--layer", "bench/c512-7-k3", "--export", &path]);
    let text = ended.success();
    assert!(text.starts_with("predicted\nserver "), "{text}");
    let exported = std::fs::read_to_string(&path).expect("written");
    assert!(exported.contains("[predicted]") && !exported.contains("[measured]"), "{exported}");
}

/// The machine's cost is measured, kept and shown.
#[test]
fn a_calibration_is_kept() {
    let place = Place::new();
    let mut command = crate::support::command(&["calibrate"]);
    command.env("XDG_CACHE_HOME", place.path("cache"));
    let text = crate::support::ended(command).success();
    assert!(text.contains("transform") && text.contains(" us\n"), "{text}");
    let kept = std::fs::read_dir(place.path("cache/heconv")).expect("made").count();
    assert_eq!(kept, 1);
}

#[test]
fn what_is_tuned_is_verified_and_repeats_from_its_export() {
    let place = Place::new();
    let path = place.path("best.toml");
    let args = ["--objective", "upload", "--threads", "2", "--export", &path, "--format", "json"];
    let tuned = json(&[&["tune"], &SMALL[..], &args].concat());
    assert_eq!(tuned["objective"], "upload");
    assert_eq!(tuned["best"]["verified"], true);
    let floor = tuned["best"]["noise_bits"]["predicted_final_floor"].as_f64().expect("a figure");
    assert!(floor >= 4.0, "{floor}");
    assert!(!tuned["front"].as_array().expect("a list").is_empty());
    let lost = tuned["rejected"].as_array().expect("a list");
    assert!(lost.iter().all(|lost| !lost["reason"].as_str().expect("a text").is_empty()));
    assert!(lost.iter().any(|lost| lost["params"] == "N = 1024"), "{lost:?}");
    let causes = tuned["causes"].as_object().expect("counts");
    let counted: u64 = causes.values().filter_map(Value::as_u64).sum();
    assert_eq!(counted, lost.len() as u64, "{causes:?}");
    assert!(causes.contains_key("beaten") && !causes.contains_key("failed"), "{causes:?}");

    let repeated = record(&[&path]);
    for field in ["params", "lanes", "algorithm", "operations", "storage_bytes"] {
        assert_eq!(repeated[field], tuned["best"][field], "{field}");
    }
    let upload = |record: &Value| record["communication_bytes"]["upload"].clone();
    assert_eq!(upload(&repeated), upload(&tuned["best"]));
    let usual = record(&SMALL);
    assert!(upload(&usual).as_u64() > upload(&repeated).as_u64(), "better than the default set");
}

#[test]
fn a_network_is_tuned_to_one_set_or_layer_by_layer() {
    let place = Place::new();
    let network = place.file(
        "net.toml",
        "schema = 1\nname = \"net\"\n\
         [[layer]]\nname = \"a\"\nin_channels = 2\nout_channels = 3\nheight = 6\nwidth = 5\nkernel = 3\n\
         [[layer]]\nname = \"b\"\nin_channels = 16\nout_channels = 8\nheight = 4\nwidth = 4\nkernel = 1\n",
    );
    let directory = place.path("best");
    let common = ["tune", "--network", &network, "--objective", "communication"];
    let export = ["--export", &directory, "--format", "json"];
    let shared = json(&[&common[..], &export].concat());
    let layers = shared["best"]["layers"].as_array().expect("a list");
    assert_eq!(layers.len(), 2);
    assert_eq!(layers[0]["params"], layers[1]["params"]);
    for name in ["a", "b"] {
        record(&[&format!("{directory}/{name}.toml")]);
    }
    let each = json(&[&common[..], &["--per-layer", "--format", "json"]].concat());
    let each = each.as_array().expect("one answer a layer");
    let sum = |records: &[&Value]| -> u64 {
        let sent = |record: &&Value| {
            let bytes = |field| record["communication_bytes"][field].as_u64().expect("a figure");
            bytes("upload") + bytes("download")
        };
        records.iter().map(sent).sum()
    };
    let alone = sum(&[&each[0]["best"], &each[1]["best"]]);
    assert!(alone <= sum(&[&layers[0], &layers[1]]), "a set of its own is never worse");
}

/// An experiment's layer is tuned, with its threads and seed; its parameters are what is sought.
#[test]
fn an_experiment_is_tuned() {
    let place = Place::new();
    let changes = [("[35, 35]", "[50, 50]"), ("threads = 1", "threads = 1\nseed = 5")];
    let file = place.tiny("mine.toml", &changes);
    let tuned = json(&["tune", &file, "--objective", "upload", "--format", "json"]);
    let best = &tuned["best"];
    assert_eq!((&best["layer"]["name"], &best["verified"]), (&"tiny".into(), &true.into()));
    assert_eq!((&best["threads"], &best["seed"]), (&1.into(), &5.into()));
    assert_eq!(best["layer"]["activation_bits"], 8);
    // Flags override the file.
    let flags = ["--threads", "2", "--reduction", "eager", "--algorithm", "padded"];
    let args = [&["tune", &file, "--objective", "upload", "--format", "json"], &flags[..]].concat();
    let best = &json(&args)["best"];
    assert_eq!((&best["threads"], &best["reduction"]), (&2.into(), &"eager".into()));
    assert_eq!((&best["algorithm"], &best["seed"]), (&"padded".into(), &5.into()));
}

/// The memory limit is held while parameters are sought, not only when the best is run.
#[test]
fn a_tuner_holds_the_memory_limit() {
    let args = ["tune", "--objective", "storage", "--max-memory", "1MiB", "--format", "json"];
    let ended = heconv(&[&args[..], &SMALL].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("--max-memory allows 1.00 MiB"), "{ended:?}");
    let answer = ended.record();
    assert!(answer.get("best").is_none() && answer["causes"]["memory"].as_u64() > Some(0));
    assert!(answer["causes"].get("failed").is_none(), "{}", answer["causes"]);
}

#[test]
fn a_tuner_that_finds_nothing_says_why() {
    let args = ["tune", "--margin-bits", "900", "--format", "json"];
    let ended = heconv(&[&args[..], &SMALL].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("no parameters will do for bench/c16-32-k3"), "{}", ended.err);
    assert!(ended.record().get("best").is_none());
}

#[test]
fn mistakes_are_named() {
    let cases: [(&[&str], &str); 19] = [
        (&["tune", "--objective", "servr"], "did you mean server?"),
        (
            &["tune", "--algorithm", "fused"],
            "one of conventional, padded, hadamard, hadamard-fused, coefficient, interleaved, any",
        ),
        (&["tune", "--margin-bits=-1"], "--margin-bits"),
        (&["tune", "--margin-bits", "many"], "must be a number of bits"),
        (&["tune", "--plain-bits", "33"], "--plain-bits"),
        (&["tune", "--network", "vgg"], "no network \"vgg\""),
        (&["tune", "--network", "bench", "--layer", "x"], "cannot be used with"),
        (&["tune", "--per-layer"], "--network"),
        (&["tune", "--bandwidths", "1Mbit,fast"], "100Mbit or 1Gbit"),
        (&["tune", "--bandwidths", "1Mbit", "--objective", "upload"], "cannot be used with"),
        (&["tune", "--bandwidths", "1Mbit", "--network", "bench"], "cannot be used with"),
        (&["tune", "none.toml"], "cannot read none.toml"),
        (&["tune", "mine.toml", "--network", "bench"], "cannot be used with"),
        (&["tune", "--export", "x.txt"], "must end in .toml"),
        (
            &["estimate", "--lanes", "3"],
            "lanes = 3 is not possible with hadamard-fused; possible: ",
        ),
        (&["estimate", "--layer", "nope"], "no layer"),
        (&["estimate", "--params", "4096:50,50|50:20"], "insecure"),
        (&["run", "--lanes", "3"], "lanes = 3 is not possible"),
        (&["calibrate", "--backend", "avx1024"], "one of portable, avx2, avx512ifma, auto"),
    ];
    assert_refused(cases.map(|(args, words)| refusal(args, &[words])));
}

/// Every bandwidth has the winner that a search for it alone finds; the ends are run.
#[test]
fn bandwidths_have_winners_of_their_own() {
    let args = ["tune", "--threads", "1", "--bandwidths", "10Gbit,1Mbit,100Mbit"];
    let found = json(&[&args[..], &SMALL, &["--format", "json"]].concat());
    let points = found["bandwidths"].as_array().expect("a list");
    let of = |field: &str| points.iter().map(|point| &point[field]).collect::<Vec<_>>();
    assert_eq!(of("bandwidth_mbit"), [1.0, 100.0, 10_000.0]);
    let number = |value: &Value| value.as_f64().expect("a figure");
    for point in points {
        let ways = point["algorithms"].as_array().expect("a list");
        let names: Vec<&str> = ways.iter().filter_map(|way| way["algorithm"].as_str()).collect();
        assert!(ALGORITHMS.iter().all(|algorithm| names.contains(algorithm)), "{names:?}");
        assert_eq!(point["algorithm"], ways[0]["algorithm"]);
        assert!(ways.iter().all(|way| number(&way["total"]) >= number(&point["total"]) - 0.001));
        assert!(number(&point["predicted_final_floor"]) >= 4.0);
    }
    let totals = of("total").into_iter().map(number).collect::<Vec<_>>();
    assert!(totals[0] > totals[1] && totals[1] > totals[2], "{totals:?}");
    for end in [&points[0], &points[2]] {
        assert_eq!(end["verified"], true);
        // At 1 Mbit/s nearly all of the time is transfer, which is exact.
        assert!(number(&end["measured_total"]) > 0.0);
    }
    let ratio = number(&points[0]["measured_total"]) / totals[0];
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
    let bandwidth = |at: usize| format!("{}Mbit", number(&points[at]["bandwidth_mbit"]));
    let params = points[0]["params"].as_str().expect("a name");
    let algorithm = points[0]["algorithm"].as_str().expect("a name");
    // What the plan has decided, as flags.
    let lanes = points[0]["lanes"].as_u64().filter(|lanes| *lanes > 1);
    let decided = [
        ("--lanes", lanes.map(|lanes| lanes.to_string())),
        ("--babies", points[0]["babies"].as_u64().map(|babies| babies.to_string())),
        ("--weight-form", points[0]["weight_form"].as_str().map(str::to_owned)),
        ("--shared-by", points[0]["shared_by"].as_u64().map(|by| by.to_string())),
    ];
    let decided = decided.iter().filter_map(|(flag, value)| Some([*flag, value.as_deref()?]));
    let mut way = vec!["--params", params, "--algorithm", algorithm];
    way.extend(decided.flatten());
    let link = ["--bandwidth", &bandwidth(0), "--threads", "1", "--format", "json"];
    let estimate = json(&[&["estimate"], &SMALL[..], &way, &link].concat());
    assert!((number(&estimate["latency_ms"]["total"]) - totals[0]).abs() < 0.01);
    let wins: Vec<&Value> = of("algorithm");
    let crossings = found["crossings"].as_array().expect("a list");
    // What wins at both ends may lose in between.
    let (first, last) = (crossings.first(), crossings.last());
    let ends = [first.map(|one| &one["below"]), last.map(|one| &one["above"])];
    assert_eq!(ends.map(|end| end.unwrap_or(wins[0])), [wins[0], wins[2]], "{found}");
    assert!(!found["confirmed"].as_array().expect("a list").is_empty());
}

#[test]
fn what_wins_where_is_drawn() {
    let args = ["tune", "--threads", "1", "--bandwidths", "1Mbit,1Gbit"];
    let args = [&args[..], &SMALL].concat();
    for (locale, mark) in [("en_GB.UTF-8", "●"), ("C", "o")] {
        let mut command = crate::support::command(&args);
        command.env("LC_ALL", locale).env("TERM", "xterm");
        let text = crate::support::ended(command).success();
        for part in ["which wins where: bench/c16-32-k3", "1 Mbit/s", "1 Gbit/s", "exact"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let legend = text.lines().last().expect("a legend");
        assert!(legend.starts_with(mark), "{text}");
        assert!(ALGORITHMS.iter().all(|algorithm| legend.contains(algorithm)), "{text}");
        assert_eq!(text.is_ascii(), locale == "C", "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    }
    // Without a range there is no chart, and without anything that will do no table.
    let one = [&["tune", "--threads", "1", "--bandwidths", "1Gbit"], &SMALL[..]].concat();
    let text = heconv(&one).success();
    assert!(text.contains("1 Gbit/s") && text.trim_end().ends_with("everywhere"), "{text}");
    let none = heconv(&[&args[..], &["--margin-bits", "900"]].concat());
    assert_eq!((none.code, none.out.as_str()), (Some(1), ""), "{none:?}");
    assert!(none.err.contains("no parameters will do for bench/c16-32-k3; N = "), "{none:?}");
}
