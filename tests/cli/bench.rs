//! `heconv bench`.

use serde_json::Value;

use crate::support::heconv;

const SMALL: [&str; 7] =
    ["bench", "--layer", "*/c16-32-k3", "--algorithm", "padded,hadamard-fused", "--repeat", "2"];

#[test]
fn runs_are_held_against_each_other_and_the_machine() {
    let flags = ["--reduction", "lazy", "--threads", "1,2", "--format", "json"];
    let ended = heconv(&[&SMALL[..], &flags].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let bench = ended.record();
    assert_eq!((&bench["schema"], &bench["repeat"]), (&1.into(), &2.into()));
    assert_eq!(bench["threads"], Value::from([1, 2].as_slice()));
    let positive = |value: &Value| value.as_f64().is_some_and(|value| value > 0.0);
    for limits in bench["limits"].as_array().expect("a list") {
        assert!(positive(&limits["multiply_add_ns"]) && positive(&limits["memory_read_gb_per_s"]));
    }
    for (name, us) in bench["primitives_us"].as_object().expect("an object") {
        assert!(positive(us), "{name}: {us}");
    }
    let layer = &bench["layers"][0];
    assert_eq!(layer["layer"]["name"], "bench/c16-32-k3");
    let runs = layer["runs"].as_array().expect("a list");
    let names: Vec<_> = runs.iter().map(|run| (&run["algorithm"], &run["threads"])).collect();
    let expected: Vec<(Value, Value)> = [1, 2]
        .into_iter()
        .flat_map(|threads| ["padded", "hadamard-fused"].map(|a| (a.into(), threads.into())))
        .collect();
    assert_eq!(names, expected.iter().map(|(a, t)| (a, t)).collect::<Vec<_>>());
    for run in runs {
        assert_eq!(run["verified"], true, "{run}");
        let server = &run["server_ms"];
        let order = ["min", "median", "max"].map(|name| server[name].as_f64().expect("a number"));
        assert!(order[0] > 0.0 && order.is_sorted(), "{server}");
        assert!(positive(&run["multiply_ns_per_mac"]) && positive(&run["share_of_limit"]), "{run}");
        assert!(positive(&run["storage_bytes"]["server_peak"]), "{run}");
    }
    let ratios = &layer["ratios"];
    assert_eq!(ratios["over_fused"].as_array().map(Vec::len), Some(2));
    // Bytes of weights: one each, or four bits.
    assert_eq!(ratios["over_fused"][0]["weights"], 2.0);
    assert_eq!(ratios["fewest_over_more_threads"].as_array().map(Vec::len), Some(2));
}

#[test]
fn text_and_tables_say_the_same_of_every_run() {
    let flags = ["--threads", "1", "--repeat", "1"];
    let args = [&SMALL[..5], &flags].concat();
    let text = heconv(&args).success();
    assert_eq!(text.matches("  exact").count(), 4, "{text}");
    for part in ["limits", "primitives", "server / hadamard-fused", "server, eager / lazy"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let tables = heconv(&[&args[..], &["--format", "markdown"]].concat()).success();
    // A table for each reduction: a row for each algorithm, with totals that fall with the bandwidth, of
    // which the least are told.
    let cells = |row: &str| -> Vec<f64> {
        row.split('|').filter_map(|cell| cell.trim().trim_matches('*').parse().ok()).collect()
    };
    let rows: Vec<&str> = tables.lines().filter(|line| line.contains("| n4096-t20 |")).collect();
    assert_eq!(rows.len(), 4, "{tables}");
    for row in rows {
        let figures = cells(row);
        let [slow, middle, fast] = figures[figures.len() - 3..] else { panic!("{row}") };
        assert!(slow > middle && middle >= fast, "{row}");
    }
    assert_eq!(tables.matches("| **").count(), 2 * 3, "{tables}");
    let said = "lazy reduction, 1 thread; total times with 10 ms round trip";
    assert!(tables.contains(said), "{tables}");
}

#[test]
fn runs_that_cannot_be_made_say_why() {
    let ended = heconv(&[&SMALL[..], &["--threads", "1", "--max-memory", "1MB"]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.starts_with("heconv: no run could be made: the run needs"), "{ended:?}");
    assert_eq!(ended.out.matches("--max-memory allows").count(), 4, "{}", ended.out);
}
