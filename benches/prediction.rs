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

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let catalogue = Catalogue::builtin().expect("valid presets");
    times(&catalogue, &words);
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
            let least = run.repeat.map_or(m.server, |r| r.min.server);
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
