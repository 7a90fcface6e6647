//! `heconv sweep`: rows, files that survive, shards, and what is refused.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::mistakes::{assert_refused, refusal};
use crate::support::{ALGORITHMS, Ended, Place, command, ended};

/// Two layers of a few milliseconds.
const NETWORK: &str = "\
schema = 1
name = \"tiny\"

[[layer]]
name = \"a\"
in_channels = 2
out_channels = 3
height = 6
width = 5
kernel = 3

[[layer]]
name = \"b\"
in_channels = 1
out_channels = 2
height = 4
width = 4
kernel = 1
";

/// Sixteen points, of which the eight with limbs of 50 bits are above the security cap.
const SWEEP: &str = "\
schema = 1
layers = [\"tiny/*\"]
algorithms = [\"padded\", \"hadamard-fused\"]
reductions = [\"lazy\", \"eager\"]
threads = 1
seed = 5

[[grid]]
ring_degree = 4096
limb_bits = [[35, 35], [50, 50]]
special_bits = 36
plain_bits = 20
";

/// What is said of its points.
const HALF: &str = "8 done, 0 failed, 8 above the security cap";

/// A directory with the small network as the user's own.
struct Home(Place);

impl Home {
    fn new() -> Self {
        let place = Place::new();
        place.file("heconv/networks/tiny.toml", NETWORK);
        place.file("sweep.toml", SWEEP);
        Self(place)
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(&[&["sweep"], args].concat());
        command.env("XDG_CONFIG_HOME", self.0.path("")).current_dir(self.0.path(""));
        command
    }

    fn sweep(&self, args: &[&str]) -> Ended {
        ended(self.command(args))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path(name)).expect("a file")
    }

    /// Runs until the file has some rows, then ends the program without mercy.
    fn killed(&self, args: &[&str], name: &str) {
        let mut child = self.command(args).stderr(Stdio::null()).spawn().expect("starts");
        wait_for_rows(&mut child, &self.0.path(name), 3);
        child.kill().expect("killed");
        child.wait().expect("ends");
    }
}

/// Waits until the file has `count` lines, which the program must not outrun.
fn wait_for_rows(child: &mut Child, path: &str, count: usize) {
    let start = Instant::now();
    let lines = || std::fs::read_to_string(path).map_or(0, |text| text.lines().count());
    while lines() < count {
        assert!(start.elapsed() < Duration::from_secs(30), "rows must come");
        assert!(child.try_wait().expect("known").is_none(), "the sweep must still run");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What identifies a row, and its error where it has one.
fn point(row: &Value) -> (String, Option<String>) {
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let (layer, params) = (&row["layer"]["name"], &row["params"]["name"]);
    let parts = [layer, params, &row["algorithm"], &row["reduction"]].map(text);
    (parts.join(" "), row.get("error").map(text))
}

/// The rows of JSON lines, by point; no point twice.
fn rows(text: &str) -> BTreeMap<String, Option<String>> {
    let values = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let rows: Vec<_> = values.map(|row| point(&row)).collect();
    let count = rows.len();
    let rows = BTreeMap::from_iter(rows);
    assert_eq!(rows.len(), count, "no point twice");
    rows
}

#[test]
fn every_point_is_a_row_in_order_and_failures_are_rows() {
    let home = Home::new();
    let ended = home.sweep(&["sweep.toml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.err, format!("16 points: {HALF}\n"));
    let values: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(values.len(), 16);
    let mut expected = Vec::new();
    for layer in ["tiny/a", "tiny/b"] {
        for params in ["4096:35,35|36:20", "4096:50,50|36:20"] {
            for algorithm in ["padded", "hadamard-fused"] {
                for reduction in ["lazy", "eager"] {
                    expected.push(format!("{layer} {params} {algorithm} {reduction}"));
                }
            }
        }
    }
    assert_eq!(values.iter().map(|row| point(row).0).collect::<Vec<_>>(), expected);
    for row in &values {
        match point(row) {
            (name, Some(error)) => {
                assert!(name.contains("50,50") && error.contains("insecure"), "{row}");
                assert_eq!(row["refused"], "security", "{row}");
                let primes = row["params"]["limbs"].as_array().expect("a list");
                assert_eq!((primes.len(), &row["params"]["ring_degree"]), (2, &4096.into()));
            }
            (name, None) => {
                assert!(name.contains("35,35"), "{row}");
                assert_eq!((&row["verified"], &row["seed"]), (&true.into(), &5.into()));
                assert_eq!(row["params"]["limbs"].as_array().map(Vec::len), Some(2));
            }
        }
        // Whatever became of a point, what it was asked for has the same names and types.
        assert_eq!((&row["threads"], &row["schema"]), (&1.into(), &1.into()));
        assert_eq!((&row["request"]["repeat"], &row["request"]["form"]), (&1.into(), &2.into()));
        for object in ["layer", "params", "security", "link", "request"] {
            assert!(row[object].is_object(), "{object}: {row}");
        }
        let digest = row["request"]["digest"].as_str().expect("a digest");
        assert_eq!(digest.len(), 64, "{row}");
    }
    assert!(!ended.out.contains("null"));
}

#[test]
fn flags_override_the_file() {
    let home = Home::new();
    let flags = ["--layer", "b", "--params", "n4096-t20", "--algorithm", "all", "--threads", "2"];
    let ended = home.sweep(&[&["sweep.toml", "--reduction", "eager"], &flags[..]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), "6 points: 6 done, 0 failed\n"));
    let expected = ALGORITHMS.map(|name| format!("tiny/b n4096-t20 {name} eager"));
    assert_eq!(rows(&ended.out).into_keys().collect::<Vec<_>>(), {
        let mut sorted = expected.to_vec();
        sorted.sort();
        sorted
    });
    assert!(ended.out.lines().all(|line| line.contains("\"threads\":2")));
    // Without a file; lists separated by commas and repeated, and what is there twice counts once.
    let lists = ["--algorithm", "padded,hadamard", "--algorithm", "padded", "--reduction", "all"];
    let ended = home.sweep(&[&["--layer", "tiny/b", "--layer", "*/b"], &lists[..]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), "4 points: 4 done, 0 failed\n"));
    let one = home.sweep(&["--layer", "b", "--algorithm", "padded"]);
    assert_eq!(one.err, "1 point: 1 done, 0 failed\n");
}

#[test]
fn tables_have_a_header_and_a_line_for_each_point() {
    let home = Home::new();
    let ended = home.sweep(&["sweep.toml", "--output", "rows.csv"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
    let table = home.read("rows.csv");
    assert_eq!(table.lines().count(), 17);
    // Nothing is missing, so nothing is done.
    let again = home.sweep(&["sweep.toml", "--resume", "rows.csv"]);
    assert_eq!((again.code, again.err), (Some(0), format!("16 points: {HALF}\n")));
    assert_eq!(home.read("rows.csv"), table);
}

#[test]
fn a_killed_sweep_resumes_to_the_whole() {
    let home = Home::new();
    let whole = home.sweep(&["sweep.toml", "--algorithm", "all", "--repeat", "9"]);
    let expected = rows(&whole.out);
    let slow = ["sweep.toml", "--algorithm", "all", "--repeat", "9"];
    for name in ["rows.jsonl", "rows.csv"] {
        home.killed(&[&slow[..], &["--output", name]].concat(), name);
        let before = home.read(name);
        let ended = home.sweep(&[&slow[..], &["--resume", name]].concat());
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
        assert_eq!(ended.err, whole.err);
        let after = home.read(name);
        let kept = &before[..before.rfind('\n').map_or(0, |end| end + 1)];
        assert!(after.starts_with(kept), "what was done stays");
        if name == "rows.jsonl" {
            assert_eq!(rows(&after), expected);
            assert_eq!(
                after
                    .lines()
                    .map(|line| point(&serde_json::from_str(line).expect("JSON")).0)
                    .collect::<Vec<_>>(),
                whole
                    .out
                    .lines()
                    .map(|line| point(&serde_json::from_str(line).expect("JSON")).0)
                    .collect::<Vec<_>>(),
                "in the same order"
            );
        } else {
            assert_eq!(after.lines().count(), 1 + expected.len());
        }
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_sweep_and_keeps_its_rows() {
    let home = Home::new();
    let slow = ["sweep.toml", "--algorithm", "all", "--repeat", "9", "--output", "rows.jsonl"];
    let mut child = home.command(&slow).stderr(Stdio::piped()).spawn().expect("starts");
    wait_for_rows(&mut child, &home.0.path("rows.jsonl"), 3);
    let kill = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130));
    let err = String::from_utf8(output.stderr).expect("UTF-8");
    let text = home.read("rows.jsonl");
    let count = rows(&text).len();
    assert!(text.ends_with('\n') && (3..48).contains(&count), "{count} rows");
    let refused = rows(&text).values().flatten().count();
    let refusals = match refused {
        0 => String::new(),
        count => format!(", {count} above the security cap"),
    };
    let done = count - refused;
    let expected = format!("48 points: {done} done, 0 failed{refusals}\nheconv: interrupted\n");
    assert_eq!(err, expected);
}

#[test]
fn shards_make_the_whole() {
    let home = Home::new();
    let whole = rows(&home.sweep(&["sweep.toml"]).out);
    let mut merged = BTreeMap::new();
    for (shard, name) in [("1/3", "one.jsonl"), ("2/3", "two.jsonl"), ("3/3", "three.jsonl")] {
        let ended = home.sweep(&["sweep.toml", "--shard", shard, "--output", name]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let part = rows(&home.read(name));
        assert!((5..=6).contains(&part.len()));
        assert!(ended.err.starts_with(&format!("{} points: ", part.len())), "{ended:?}");
        let before = merged.len();
        merged.extend(part.clone());
        assert_eq!(merged.len(), before + part.len(), "shards share nothing");
    }
    assert_eq!(merged, whole);
    // The rows of one shard are not those of another.
    let other = home.sweep(&["sweep.toml", "--shard", "2/3", "--resume", "one.jsonl"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    let message = "one.jsonl:1: tiny/a 4096:35,35|36:20 padded lazy is of another sweep or shard";
    assert!(other.err.contains(message), "{other:?}");
    // More shards than points: some are empty.
    let empty = home.sweep(&["sweep.toml", "--shard", "20/20"]);
    assert_eq!((empty.code, empty.err.as_str()), (Some(0), "0 points: 0 done, 0 failed\n"));
}

#[test]
fn a_wrong_result_is_a_row_and_the_exit_code() {
    let home = Home::new();
    let bad = ["--params", "4096:36|36:25", "--layer", "bench/c16-32-k3"];
    let args = [&bad[..], &["--algorithm", "hadamard,padded", "--resume", "rows.jsonl"]].concat();
    for _ in 0..2 {
        let ended = home.sweep(&args);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let (summary, message) = ended.err.split_once('\n').expect("two lines");
        assert_eq!(summary, "2 points: 2 done, 0 failed");
        assert!(message.contains(" not exact: see `verdict`"), "{ended:?}");
        assert!(home.read("rows.jsonl").contains("\"verified\":false"));
    }
}

#[test]
fn files_that_are_there_are_kept() {
    let home = Home::new();
    let tiny = ["sweep", "--params", "n4096-t20", "--layer", "bench/c16-32-k3"];
    let line = |args: &[&str], words: &[&str]| refusal(&[&tiny[..], args].concat(), words);
    let notes = home.0.file("notes.jsonl", "# my notes");
    let there = home.0.file("there.csv", "a,b\n");
    let there_table = home.0.file("there.tex", "% mine");
    let (text, table) = (home.0.path("rows.txt"), home.0.path("rows.md"));
    let nowhere = home.0.path("nowhere/rows.csv");
    assert_refused([
        line(&["--output", &there], &["there.csv already exists", "--resume"]),
        line(&["--resume", &there], &["there.csv:1:", "other columns"]),
        line(&["--resume", &notes], &["notes.jsonl:1:", "another file"]),
        line(&["--output", &text], &["rows.txt", "must end in .csv, .md, .tex or .jsonl"]),
        line(&["--resume", &text], &["rows.txt", "must end in .csv, .md, .tex or .jsonl"]),
        line(&["--resume", &table], &["rows.md", "only .jsonl and .csv", "--output"]),
        line(&["--output", &there_table], &["there.tex already exists; choose another file"]),
        line(&["--output", &nowhere], &["nowhere/rows.csv", "No such file"]),
        line(&["--output", &text, "--resume", &text], &["--output", "--resume", "cannot be used"]),
    ]);
    assert_eq!(
        (home.read("notes.jsonl"), home.read("there.csv")),
        ("# my notes".into(), "a,b\n".into())
    );
}

#[test]
fn bad_flags_are_refused() {
    let cases: &[(&str, &[&str])] = &[
        ("--layer vgg/*", &["no layer matches \"vgg/*\"", "demo/photo", "bench/c16-32-k3"]),
        ("--layer bench/c7", &["\"bench/c7\"", "the nearest is", "list layers"]),
        ("--layer bench/[c", &["pattern \"bench/[c\"", "unclosed"]),
        ("--params n1024-*", &["\"n1024-*\"", "n4096-t16, n4096-t20"]),
        ("--params 4096:35,35", &["RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS"]),
        ("--algorithm padded,hadamrd", &["'hadamrd'", "mean hadamard?", "all"]),
        ("--reduction lzy", &["'lzy'", "mean lazy?", "eager, lazy, all"]),
        ("--shard 0/2", &["'0/2'", "--shard", "from 1 to 2"]),
        ("--shard 3/2", &["'3/2'", "--shard", "from 1 to 2"]),
        ("--shard 1/0", &["'1/0'", "--shard", "at least one shard"]),
        ("--shard half", &["'half'", "--shard", "like 1/4"]),
        ("--repeat 0", &["'0'", "--repeat"]),
        ("--threads 0", &["--threads 0", "from 1 to 4096"]),
        ("none.toml", &["cannot read none.toml"]),
    ];
    assert_refused(cases.iter().map(|(line, words)| {
        let args: Vec<_> = line.split_whitespace().collect();
        refusal(&[&["sweep"], &args[..]].concat(), words)
    }));
    let place = Place::new();
    let file = place.file("bad.toml", SWEEP.replace("tiny/*", "bench/*").replace("seed", "sed"));
    let words: &[&str] = &["bad.toml:6:", "`sed`", "`seed`"];
    assert_refused([refusal(&["sweep", &file], words), refusal(&["check", &file], words)]);
}

#[test]
fn check_knows_sweep_files() {
    let home = Home::new();
    let mut command = command(&["check", "sweep.toml"]);
    command.env("XDG_CONFIG_HOME", home.0.path("")).current_dir(home.0.path(""));
    let said = ended(command).success();
    assert_eq!(
        said,
        "sweep.toml: sweep \"sweep\": 2 layers, 2 parameter sets, 2 algorithms, 2 reductions\n"
    );
}

/// What is said where the only point is done.
const ONE_DONE: &str = "1 point: 1 done, 0 failed\n";

/// A set of parameters under a name of its own, its plaintext modulus of so many bits.
fn mine(plain_bits: u32) -> String {
    format!(
        "schema = 1\n[params]\nring_degree = 4096\nlimb_bits = [35, 35]\nspecial_bits = 36\nplain_bits = {plain_bits}\n"
    )
}

/// A row counts as done only where all that was asked for is the same.
#[test]
fn a_row_of_another_request_is_run_again_and_said() {
    let home = Home::new();
    let point = ["--layer", "tiny/a", "--params", "mine.toml", "--algorithm", "hadamard-fused"];
    for name in ["rows.jsonl", "rows.csv"] {
        home.0.file("mine.toml", mine(20));
        let sweep = |flags: &[&str]| {
            let ended = home.sweep(&[&point[..], flags, &["--resume", name]].concat());
            assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
            let lines = home.read(name).lines().count() - usize::from(name == "rows.csv");
            assert_eq!(lines, 1, "the point stands once: {}", home.read(name));
            ended.err
        };
        let again = |parts: &str| {
            format!("heconv: 1 row of another request: {parts}; is run again\n{ONE_DONE}")
        };
        assert_eq!(sweep(&["--predict-only", "--threads", "2"]), ONE_DONE);
        assert_eq!(sweep(&["--threads", "2"]), again("predicted, now measured"));
        let measured = home.read(name);
        home.0.file("mine.toml", mine(18));
        assert_eq!(
            sweep(&["--seed", "9", "--threads", "1", "--repeat", "3"]),
            again(
                "plain_modulus 1032193, now 188417; threads 2, now 1; seed 1, now 9; \
                 seeded_secrets false, now true; repeat 1, now 3"
            )
        );
        let row = home.read(name);
        assert_ne!(row, measured);
        // The same once more: it is done.
        assert_eq!(sweep(&["--seed", "9", "--threads", "1", "--repeat", "3"]), ONE_DONE);
        assert_eq!(home.read(name), row);
        // A run is not lost to a prediction.
        let refused = home.sweep(&[&point[..], &["--predict-only", "--resume", name]].concat());
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.err.contains("is a run, which a prediction is not to replace"));
        assert_eq!(home.read(name), row);
    }
    let row: Value = serde_json::from_str(&home.read("rows.jsonl")).expect("a row");
    assert_eq!((&row["params"]["plain_modulus"], &row["seed"]), (&188_417.into(), &9.into()));
    assert_eq!((&row["threads"], &row["repeat"]["runs"]), (&1.into(), &3.into()));
    assert!(row.get("predicted").is_none());
}

#[test]
fn a_sweep_becomes_a_table_for_people() {
    let home = Home::new();
    for (name, begin, count) in [("rows.md", "| layer", 18), ("rows.tex", "% By heconv", 23)] {
        let ended = home.sweep(&["sweep.toml", "--predict-only", "--output", name]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
        assert_eq!(ended.err, format!("16 points: {HALF}\n"));
        let table = home.read(name);
        assert!(table.starts_with(begin), "{table}");
        assert_eq!(table.lines().count(), count, "{table}");
        assert_eq!(table.matches("not permitted: ").count(), 8, "{table}");
    }
    assert!(home.read("rows.md").contains("4096:35,35\\|36:20"));
    assert!(home.read("rows.tex").contains("4096:35,35\\textbar{}36:20"));
}
