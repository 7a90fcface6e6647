//! Ends that are neither success nor bad input: wrong results, warnings, signals, readers that go.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{CACHE, Ended, Place, SMALL, command, ended, heconv};

/// A set in which this much multiplying leaves no noise budget.
const TOO_SMALL: [&str; 4] = ["--params", "4096:36|36:25", "--algorithm", "hadamard"];

fn json(args: &[&str]) -> Ended {
    heconv(&[&["run", "--format", "json"], args].concat())
}

#[test]
fn insecure_parameters_run_with_a_warning() {
    let ended = json(&[&SMALL[..], &["--params", "4096:50,50|50:20", "--insecure"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let record = ended.record();
    assert_eq!((&record["security"]["ok"], &record["verified"]), (&false.into(), &true.into()));
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(ended.err.contains("warning") && ended.err.contains("security"), "{ended:?}");
    let report =
        heconv(&[&["run", "--params", "4096:50,50|50:20", "--insecure"], &SMALL[..]].concat());
    assert!(report.out.contains("INSECURE"), "{report:?}");
    // What one level allows another may not.
    let small = json(&["--params", "4096:35,35|36:20", "--security", "256", "--insecure"]);
    assert_eq!(small.record()["security"]["ok"], false);
    assert_eq!(small.record()["security"]["cap_log2_qp"], 56.0);
}

#[test]
fn the_flag_alone_warns_of_nothing() {
    let ended = json(&[&SMALL[..], &["--insecure"]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert_eq!(ended.record()["security"]["ok"], true);
}

#[test]
fn a_wrong_result_is_told_and_recorded() {
    let ended = json(&[&SMALL[..], &TOO_SMALL].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let record = ended.record();
    assert_eq!(record["verified"], false);
    assert!(record["mismatches"].as_u64() > Some(0));
    assert!(record["noise_bits"]["predicted_final_floor"].as_f64() < Some(0.0));
    assert!(!ended.out.contains("null"), "{ended:?}");
    for words in ["warning: predicted noise budget", "noise ran out: ", "of 16,384 values"] {
        assert!(ended.err.contains(words), "{words:?} in {ended:?}");
    }
    let report = heconv(&[&["run"], &SMALL[..], &TOO_SMALL].concat());
    assert!(report.code == Some(1) && report.out.starts_with("OUT OF NOISE: "), "{report:?}");
    assert!(!report.out.contains("exact"), "{report:?}");
}

#[test]
fn an_overflow_is_told_and_recorded() {
    let place = Place::new();
    let wide = place.tiny(
        "wide.toml",
        &[("in_channels = 2", "in_channels = 60"), ("plain_bits = 20", "plain_modulus = 40961")],
    );
    let ended = json(&[&wide]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let record = ended.record();
    assert!(record["overflows"].as_u64() > Some(0), "{record}");
    assert!(record["plaintext_headroom_bits"].as_f64() < Some(0.0), "{record}");
    for words in ["overflow: ", "plaintext modulus 40961"] {
        assert!(ended.err.contains(words), "{words:?} in {ended:?}");
    }
    let report = heconv(&["run", &wide]);
    assert!(report.code == Some(1) && report.out.starts_with("OVERFLOWED: "), "{report:?}");
}

fn spawn(args: &[&str]) -> Child {
    let mut command = command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn wait(child: Child) -> Ended {
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn signals_stop_a_long_run() {
    let long = ["run", "--algorithm", "hadamard", "--layer", "bench/c512-7-k3", "--threads", "1"];
    for (signal, delay) in [("INT", 400), ("INT", 1200), ("TERM", 800)] {
        let mut child = spawn(&long);
        std::thread::sleep(Duration::from_millis(delay));
        assert!(child.try_wait().expect("a state").is_none(), "it ended before the signal");
        let start = Instant::now();
        let kill = format!("kill -{signal} {}", child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        let ended = wait(child);
        assert!(start.elapsed() < Duration::from_secs(2), "{signal}: {:?}", start.elapsed());
        assert_eq!(ended.code, Some(130), "{signal}: {ended:?}");
        assert_eq!((ended.out.as_str(), ended.err.as_str()), ("", "heconv: interrupted\n"));
    }
}

/// Runs with a standard output that nobody reads any more.
fn unread(args: &[&str]) -> Ended {
    let mut child = spawn(args);
    drop(child.stdout.take());
    wait(child)
}

#[test]
fn a_reader_may_go_early() {
    for args in [
        &["run", "--format", "json"][..],
        &["list"],
        &["check", concat!(env!("CARGO_MANIFEST_DIR"), "/presets/networks/demo.toml")],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let ended = unread(args);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    for args in [&[&["run"], &SMALL[..]].concat()[..], &["list"], &["man"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
        let mut command = command(args);
        let child =
            command.stdout(full).stderr(Stdio::piped()).spawn().expect("the program starts");
        let ended = wait(child);
        let said = "heconv: cannot write: No space left on device (os error 28)\n";
        assert_eq!((ended.code, ended.err.as_str()), (Some(1), said), "{args:?}");
    }
}

#[test]
fn an_unread_report_changes_nothing_else() {
    let place = Place::new();
    let path = place.path("y.npy");
    let ended = unread(&[&["run", "--output", &path], &SMALL[..]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(std::path::Path::new(&path).exists(), "the output is written");
    let wrong = unread(&[&["run"], &SMALL[..], &TOO_SMALL].concat());
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.err.contains("noise ran out"), "{wrong:?}");
}

/// A part of a layer whose weights alone would take 38 GB runs in a tenth of that.
#[test]
fn a_subset_needs_no_more_than_its_part() {
    let place = Place::new();
    let large = place.tiny(
        "large.toml",
        &[("in_channels = 2", "in_channels = 8192"), ("out_channels = 3", "out_channels = 65536")],
    );
    let whole = heconv(&["run", &large, "--max-memory", "16GiB"]);
    assert_eq!((whole.code, whole.err.contains("--max-memory allows 16.0 GiB")), (Some(2), true));
    // Of the shell's arguments, $0 is the program.
    let program = assert_cmd::cargo::cargo_bin!("heconv");
    let mut limited = Command::new("sh");
    limited.env("XDG_CACHE_HOME", CACHE);
    limited
        .args(["-c", "ulimit -v 4000000; exec \"$0\" run \"$1\" --subset 1"])
        .arg(program)
        .arg(large);
    let ended = ended(limited);
    // So many terms overflow t, which is another matter.
    assert!(ended.out.contains("times extrapolated from 1 of 1024"), "{ended:?}");
    assert!(ended.err.contains("overflow"), "{ended:?}");
}
