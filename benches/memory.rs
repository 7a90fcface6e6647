//! `server_peak` of records against the memory that a process really takes.
//!
//! `cargo bench --bench memory` runs every layer of the network `bench` with every algorithm, each in a
//! process of its own, on one thread and on all; a number of threads after `--` alone, and any other
//! word is a part of layer names.
//!
//! What is compared: a process that has its data, its tables and its threads, but no key yet, holds some
//! memory; from there on it acts as client and as server. The kernel keeps the most memory that it ever
//! held, and is told to start anew at that point. The growth up to the end of the response is what the
//! server's buffers come to, with the client's work in the same process: its secret, one key after the
//! other, its plaintexts and its message. Allocations from 64 KiB on get pages of their own, which they
//! give back when they are freed, so that what is freed is not counted.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so")]

use std::fs;
use std::process::Command;
use std::sync::Mutex;

use heconv::conv::{AlgorithmKind, Observer, Stage};
use heconv::job::{Prepared, RunSpec};
use heconv::preset::Catalogue;
use heconv::report::bytes_text;

/// The argument that makes a process one of those measured.
const CHILD: &str = "--measured-run";

const PARAMS: &str = "n4096-t20";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [child, layer, algorithm, threads] = words.as_slice()
        && child == CHILD
    {
        return measure(layer, algorithm, threads.parse().expect("a number"));
    }
    if resident("VmHWM:").is_none() {
        println!("this system does not tell how much memory a process takes");
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = words.iter().find_map(|word| word.parse().ok());
    let threads = threads.map_or_else(|| vec![1, cores], |threads| vec![threads]);
    let catalogue = Catalogue::builtin().expect("valid presets");
    println!(
        "{:<12} {:<15}{:>4}{:>14}{:>14}{:>8}",
        "layer", "algorithm", "thr", "server_peak", "growth", "ratio"
    );
    let mut beyond = 0;
    for layer in catalogue.network("bench").expect("a network").layers {
        let name = layer.full_name();
        let is_asked = |word: &String| word.parse::<usize>().is_ok() || name.contains(&**word);
        if !words.iter().all(is_asked) {
            continue;
        }
        for algorithm in AlgorithmKind::ALL {
            for threads in &threads {
                beyond += usize::from(!compare(&name, algorithm, *threads));
            }
        }
    }
    println!("beyond 20 %: {beyond}");
}

/// Measures a run in a process of its own, and tells whether both figures are within 20 %.
fn compare(layer: &str, algorithm: AlgorithmKind, threads: usize) -> bool {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program)
        .args([CHILD, layer, algorithm.name(), &threads.to_string()])
        .env("MALLOC_MMAP_THRESHOLD_", (64 << 10).to_string())
        .output()
        .expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [stated, growth] = figures.try_into().expect("two figures");
    let ratio = stated as f64 / growth as f64;
    println!(
        "{:<12} {:<15}{threads:>4}{:>14}{:>14}{ratio:>8.2}",
        layer.trim_start_matches("bench/"),
        algorithm.name(),
        bytes_text(stated),
        bytes_text(growth),
    );
    (0.8..=1.2).contains(&ratio)
}

/// Makes a run, and prints the bytes that its record states and those that the process took.
fn measure(layer: &str, algorithm: &str, threads: usize) {
    let catalogue = Catalogue::builtin().expect("valid presets");
    let algorithm = AlgorithmKind::ALL.into_iter().find(|kind| kind.name() == algorithm);
    let layer = catalogue.layer(layer).expect("a layer").clone();
    let spec = RunSpec {
        algorithm: algorithm.expect("an algorithm"),
        threads,
        max_memory: heconv::memory::default_limit(),
        ..RunSpec::new(layer, catalogue.params_set(PARAMS).expect("parameters"))
    };
    let meter = Meter::default();
    let run = Prepared::new(&spec).and_then(|prepared| prepared.run(&meter)).expect("runs");
    let [before, most] = *meter.0.lock().expect("not poisoned");
    println!("{} {}", run.record.storage_bytes.server_peak, most - before);
}

/// Bytes held before the first key, and the most held up to the end of the response.
#[derive(Default)]
struct Meter(Mutex<[u64; 2]>);

impl Observer for Meter {
    fn enter(&self, stage: Stage, _: u64) {
        let mut figures = self.0.lock().expect("not poisoned");
        match stage {
            Stage::Keygen => {
                // 5 sets the most memory ever held back to what is held now.
                fs::write("/proc/self/clear_refs", "5").expect("may reset");
                figures[0] = resident("VmRSS:").expect("is told");
            }
            Stage::Decrypt => figures[1] = resident("VmHWM:").expect("is told"),
            _ => {}
        }
    }

    fn advance(&self, _: Stage, _: u64) {}

    fn measured(&self, _: Stage, _: f64) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// A line of this process's status, in bytes.
fn resident(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes << 10)
}
