//! Predictions against runs.
//!
//! `cargo bench --bench prediction` first holds the noise, sizes and counts of random layers,
//! parameters and algorithms against runs of them, then the server times of the bench layers.
//! `cargo bench --bench prediction -- times` does the latter alone; a number is how many random
//! points, and a backend's name has the times measured on it.

#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot go on must say so")]

use std::sync::Arc;
use std::time::Instant;

use heconv::arith::kernels::Backend;
use heconv::conv::{AlgorithmKind, Silent};
use heconv::job::{Estimator, Prepared, RunSpec};
use heconv::memory::default_limit;
use heconv::predict::Calibration;
use heconv::preset::Catalogue;

const LAYERS: [&str; 6] =
    ["c64-56-k3", "c128-28-k3", "c256-14-k3", "c512-7-k3", "c128-28-k1", "c16-32-k3"];

#[path = "../tests/prediction/points.rs"]
mod points;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let catalogue = Catalogue::builtin().expect("valid presets");
    if !words.iter().any(|word| word == "times") {
        let count = words.iter().find_map(|word| word.parse().ok());
        random(count.unwrap_or(300));
    }
    times(&catalogue, &words);
}

/// Noise, sizes and counts of random points.
fn random(count: usize) {
    println!("{count} random points: predicted and measured final noise budget, bits");
    let (mut near, mut most, mut safe, mut wrong, mut unequal) = (0, f64::MIN, 0, 0, 0);
    points::for_each(1, count, |point| {
        let (record, noise) = (&point.predicted, &point.predicted.noise_bits);
        let [predicted, measured] = points::exact_figures(point);
        let error = point.noise_error();
        let layer = &record.layer;
        println!(
            "{:>2} -> {:<2} {:>2}x{:<2} k {}x{}  N {:<5} t {:>2} bits  {:<15} {:>6.1} {:>6.1} {error:>+5.1}{}",
            layer.in_channels,
            layer.out_channels,
            layer.height,
            layer.width,
            layer.kernel[0],
            layer.kernel[1],
            record.params.ring_degree,
            record.params.plain_modulus.ilog2() + 1,
            record.algorithm,
            noise.predicted_final,
            point.measured.noise_bits.last,
            if point.is_right() { "" } else { "  wrong" },
        );
        near += usize::from(error.abs() <= 2.0);
        most = most.max(error);
        safe += usize::from(point.is_safe());
        wrong += usize::from(point.is_safe() && !point.is_right());
        unequal += usize::from(predicted != measured);
    });
    println!("within 2 bits: {near} of {count}; most optimistic: {most:+.2} bits");
    println!("predicted safe at margin 4: {safe}, of these wrong: {wrong}");
    println!("sizes or counts that differ: {unequal}");
}

fn spec(catalogue: &Catalogue, layer: &str, params: &str) -> RunSpec {
    let layer = catalogue.layer(layer).expect("a layer").clone();
    let params = catalogue.params_set(params).expect("parameters");
    RunSpec { repeat: 3, max_memory: default_limit(), ..RunSpec::new(layer, params) }
}

/// Predicted and measured times of the bench layers, in milliseconds.
fn times(catalogue: &Catalogue, words: &[String]) {
    let start = Instant::now();
    let named = |backend: &Backend| words.iter().any(|word| word == backend.name());
    let backend = Backend::ALL.into_iter().find(named).unwrap_or_else(Backend::detect);
    let calibration = Calibration::measure(backend).expect("measured");
    println!("calibration took {:.2} s", start.elapsed().as_secs_f64());
    if words.iter().any(|word| word == "costs") {
        println!("{:?}", calibration.costs);
    }
    let costs = Arc::new(calibration.costs);
    let set = words.iter().find(|word| word.starts_with('n'));
    let set = set.map_or("n4096-t20", String::as_str);
    println!(
        "{set}, {}, one thread: predicted and measured milliseconds, median of 3 runs",
        backend.name()
    );
    println!(
        "{:<12} {:<15}{:>16}{:>7}{:>18}{:>18}{:>16}",
        "layer", "algorithm", "server", "ratio", "rotate", "multiply", "mix"
    );
    let estimator = Estimator::default();
    let mut errors = Vec::new();
    for (layer, algorithm) in
        LAYERS.into_iter().flat_map(|layer| AlgorithmKind::ALL.map(|kind| (layer, kind)))
    {
        let base = spec(catalogue, layer, set);
        let spec = RunSpec { algorithm, backend, costs: Some(Arc::clone(&costs)), ..base };
        let guess = estimator.estimate(&spec).expect("fits").record.latency_ms;
        let run = Prepared::new(&spec).and_then(|prepared| prepared.run(&Silent)).expect("runs");
        let found = run.record.latency_ms;
        let ratio = guess.server / found.server;
        errors.push((ratio - 1.0).abs());
        println!(
            "{layer:<12} {:<15}{:>8.1}{:>8.1}{ratio:>7.2}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>8.1}{:>8.1}",
            algorithm.name(),
            guess.server,
            found.server,
            guess.rotate,
            found.rotate,
            guess.multiply,
            found.multiply,
            guess.mix,
            found.mix,
        );
    }
    errors.sort_by(f64::total_cmp);
    println!("median error of predicted server time: {:.1} %", errors[errors.len() / 2] * 100.0);
}
