//! Predictions against runs.
//!
//! `cargo bench --bench prediction` first holds the noise, sizes and counts of random layers,
//! parameters and algorithms against runs of them, then the server times of the bench layers.
//! `cargo bench --bench prediction -- times` does the latter alone; a number is how many random
//! points.

use std::sync::Arc;

use heconv::arith::kernels::{Backend, Reduction};
use heconv::bfv::security::SecurityPolicy;
use heconv::conv::{AlgorithmKind, Silent};
use heconv::job::{Estimator, Prepared, RunSpec};
use heconv::predict::Calibration;
use heconv::preset::Catalogue;
use heconv::report::{Link, total_memory};

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
    RunSpec {
        layer: catalogue.layer(layer).expect("a layer").clone(),
        params: catalogue.params_set(params).expect("parameters"),
        policy: SecurityPolicy::default(),
        algorithm: AlgorithmKind::HadamardFused,
        reduction: Reduction::Lazy,
        backend: Backend::detect(),
        threads: 1,
        seed: None,
        repeat: 3,
        subset: None,
        max_memory: total_memory() / 5 * 4,
        image: None,
        input: None,
        weights: None,
        link: Link::default(),
        lanes: None,
        costs: None,
    }
}

fn times(catalogue: &Catalogue, words: &[String]) {
    let start = std::time::Instant::now();
    let calibration = Calibration::measure(Backend::detect()).expect("measured");
    println!("calibration took {:.2} s", start.elapsed().as_secs_f64());
    if words.iter().any(|w| w == "show") {
        println!("{:#?}", calibration.costs);
    }
    let costs = Arc::new(calibration.costs);
    let params = words.iter().find(|w| w.starts_with('n')).map_or("n4096-t20", |w| w.as_str());
    let estimator = Estimator::default();
    let mut errors = Vec::new();
    for layer in LAYERS {
        for algorithm in AlgorithmKind::ALL {
            let base = spec(catalogue, layer, params);
            let spec = RunSpec { algorithm, costs: Some(Arc::clone(&costs)), ..base };
            let guess = estimator.estimate(&spec).expect("fits").record;
            let run = match Prepared::new(&spec).and_then(|p| p.run(&Silent)) {
                Ok(run) => run.record,
                Err(error) => {
                    println!("{layer:<12} {:<15} {error}", algorithm.name());
                    continue;
                }
            };
            assert_eq!(guess.operations, run.operations);
            let (p, m) = (&guess.latency_ms, &run.latency_ms);
            let ratio = p.server / m.server;
            errors.push((ratio - 1.0).abs());
            // Other work on the machine only adds: the least run is nearest to the truth.
            println!(
                "{layer:<12} {:<15} server {:>8.1} {:>8.1} x{ratio:.2} | rotate {:.1} {:.1} multiply {:.1} {:.1} mix {:.1} {:.1} | enc {:.1} {:.1} resp {:.1} {:.1} dec {:.1} {:.1} keys {:.0} {:.0} weights {:.0} {:.0} | noise {:.2} {:.2}",
                algorithm.name(),
                p.server,
                m.server,
                p.rotate,
                m.rotate,
                p.multiply,
                m.multiply,
                p.mix,
                m.mix,
                p.encrypt,
                m.encrypt,
                p.response,
                m.response,
                p.decrypt,
                m.decrypt,
                p.keygen,
                m.keygen,
                p.weights,
                m.weights,
                guess.noise_bits.predicted_final,
                run.noise_bits.last,
            );
        }
    }
    errors.sort_by(f64::total_cmp);
    println!("median error of predicted server time {:.1} %", errors[errors.len() / 2] * 100.0);
}
