//! Random layers, parameters and algorithms, predicted and run.

use heconv::arith::kernels::Reduction;
use heconv::bfv::security::SecurityPolicy;
use heconv::bfv::{ParamsSpec, PrimeSpec};
use heconv::conv::{AlgorithmKind, LayerSpec, Silent};
use heconv::job::{Estimator, JobError, Prepared, RunSpec};
use heconv::preset::{Catalogue, LayerPreset};
use heconv::report::Record;

/// A small generator of numbers that are the same everywhere (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `low..=high`.
    fn among(&mut self, low: usize, high: usize) -> usize {
        low + (self.next() % (high - low + 1) as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.among(0, all.len() - 1)]
    }
}

/// A random run; not every one is possible.
fn spec(dice: &mut Dice, template: &LayerPreset) -> RunSpec {
    let kernel = [dice.one_of(&[1, 3, 3, 5, 7]), dice.one_of(&[1, 3, 3, 5])];
    let pad = |dice: &mut Dice, size: usize| dice.among(0, size - 1);
    let padding = [0, 1, 0, 1].map(|side| pad(dice, kernel[side]));
    let layer = LayerSpec {
        name: "random".into(),
        in_channels: dice.among(1, 40),
        out_channels: dice.among(1, 40),
        height: dice.among(kernel[0], 40),
        width: dice.among(kernel[1], 40),
        kernel,
        stride: 1,
        padding: Some(padding),
        groups: 1,
        activation_bits: dice.among(2, 8) as u32,
        activation_signed: dice.one_of(&[None, Some(true)]),
        weight_bits: dice.among(2, 8) as u32,
    };
    let ring_degree = dice.one_of(&[1024, 2048, 4096, 4096, 8192]);
    let limb_bits = dice.among(30, 50) as u32;
    let params = ParamsSpec {
        name: "random".into(),
        ring_degree,
        limbs: vec![PrimeSpec::Bits(limb_bits); dice.among(1, 3)],
        special: Some(PrimeSpec::Bits(dice.among(28, 50) as u32)),
        plain: PrimeSpec::Bits(dice.among(16, 26) as u32),
    };
    let layer = LayerPreset { spec: layer, filters: None, image: None, ..template.clone() };
    RunSpec {
        policy: SecurityPolicy { insecure: true, ..SecurityPolicy::default() },
        algorithm: dice.one_of(&AlgorithmKind::ALL),
        reduction: dice.one_of(&Reduction::ALL),
        threads: 2,
        seed: Some(dice.next()),
        max_memory: heconv::memory::default_limit(),
        ..RunSpec::new(layer, params)
    }
}

/// A point: what was predicted and what a run gave.
pub struct Point {
    /// What was predicted.
    pub predicted: Record,
    /// What was measured.
    pub measured: Record,
}

impl Point {
    /// Predicted minus measured noise budget, in bits: above 0 the prediction was optimistic. A
    /// measured budget is never below 0.
    pub fn noise_error(&self) -> f64 {
        self.predicted.noise_bits.predicted_final.max(0.0) - self.measured.noise_bits.last
    }

    /// Whether the prediction calls it safe: 4 bits of noise budget left but for one time in 2^40,
    /// and results that fit whatever the input.
    pub fn is_safe(&self) -> bool {
        self.predicted.noise_bits.predicted_final_floor >= 4.0
            && self.predicted.plaintext_headroom_bits >= 0.0
    }

    /// Whether the run gave the plain convolution, over the integers.
    pub fn is_right(&self) -> bool {
        self.measured.is_exact()
    }
}

/// `count` random points from `seed`, each handed to `visit`. Combinations that are none, such as
/// a layer that does not fit its ring, are passed over by both sides alike.
pub fn for_each(seed: u64, count: usize, mut visit: impl FnMut(&Point)) {
    let catalogue = Catalogue::builtin().expect("valid presets");
    let template = catalogue.layer("bench/c16-32-k3").expect("a layer").clone();
    let estimator = Estimator::default();
    let mut dice = Dice(seed);
    let mut done = 0;
    while done < count {
        let spec = spec(&mut dice, &template);
        let predicted = estimator.estimate(&spec);
        let run = Prepared::new(&spec).and_then(|prepared| prepared.run(&Silent));
        match (predicted, run) {
            (Ok(predicted), Ok(run)) => {
                visit(&Point { predicted: predicted.record, measured: run.record });
                done += 1;
            }
            (Err(a), Err(b)) => {
                assert_eq!(a.to_string(), b.to_string());
                assert!(matches!(
                    a,
                    JobError::Params { .. } | JobError::Layer { .. } | JobError::DoesNotFit { .. }
                ));
            }
            (predicted, run) => {
                panic!("predicted {:?}, run {:?}", predicted.err(), run.err());
            }
        }
    }
}

/// Sizes and counts of both, which must be equal.
pub fn exact_figures(point: &Point) -> [[u64; 12]; 2] {
    [&point.predicted, &point.measured].map(|record| {
        let (held, sent, work) =
            (&record.storage_bytes, &record.communication_bytes, &record.operations);
        [
            held.weights,
            held.galois_keys,
            held.server_peak,
            sent.upload,
            sent.download,
            sent.keys,
            work.rotations,
            work.plaintext_multiplications,
            work.scalar_multiplications,
            work.coefficient_multiply_adds,
            work.ntts,
            record.lanes as u64,
        ]
    })
}
