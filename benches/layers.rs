//! Server times of small layers by algorithm, reduction and threads: `cargo bench --bench layers`.
//! Items are multiply-adds of words. `heconv bench` compares any layers, with what the machine allows.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so")]

use std::fmt;

use divan::Bencher;
use divan::counter::ItemsCount;
use heconv::arith::kernels::{Backend, Reduction};
use heconv::bfv::security::SecurityPolicy;
use heconv::bfv::{
    Ciphertext, Context, Evaluator, GaloisKeys, Params, SecretKey, SeededGaloisKeys, encrypt,
};
use heconv::conv::cost::CostTable;
use heconv::conv::{
    AlgorithmKind, Choice, Clock, Layer, LayerSpec, Plan, Server, Silent, Stage, Steps, data,
};
use heconv::preset::Catalogue;
use heconv::ring::sampling::{derive_seed, generator};

fn main() {
    divan::main();
}

const PARAMS: &str = "n4096-t20";

/// Channels, side and kernel.
const LAYERS: [(usize, usize, usize); 4] = [(8, 56, 3), (16, 28, 3), (32, 14, 3), (64, 14, 1)];

/// What is timed.
#[derive(Clone, Copy)]
struct Case {
    layer: (usize, usize, usize),
    algorithm: AlgorithmKind,
    reduction: Reduction,
    threads: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer: (channels, side, kernel), algorithm, reduction, threads } = self;
        let (algorithm, reduction) = (algorithm.name(), reduction.name());
        write!(formatter, "c{channels}-{side}-k{kernel} {algorithm} {reduction} x{threads}")
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for layer in LAYERS {
        for algorithm in AlgorithmKind::ALL {
            for reduction in Reduction::ALL {
                let case = |threads| Case { layer, algorithm, reduction, threads };
                cases.extend([1, 2].map(case));
            }
        }
    }
    cases
}

fn layer((channels, side, kernel): (usize, usize, usize)) -> Layer {
    Layer::new(&LayerSpec {
        name: "bench".into(),
        in_channels: channels,
        out_channels: channels,
        height: side,
        width: side,
        kernel: [kernel; 2],
        stride: 1,
        padding: None,
        groups: 1,
        activation_bits: 4,
        activation_signed: None,
        weight_bits: 4,
    })
    .expect("a layer")
}

/// The keys that `algorithm` needs, and the encrypted input.
fn client(context: &Context, algorithm: &dyn Plan, layer: &Layer) -> (GaloisKeys, Vec<Ciphertext>) {
    let mut rng = generator(&[7; 32], 0);
    let (private, public) = (derive_seed(&mut rng), derive_seed(&mut rng));
    let secret = SecretKey::generate(context, &private);
    let outline = algorithm.outline(context.into(), 1);
    let ids = &outline.keys;
    let proceed = || Ok::<_, ()>(());
    let sent = SeededGaloisKeys::generate(context, &secret, ids, &private, &public, proceed);
    let sent = sent.expect("keys");
    let keys = GaloisKeys::expand(context, &sent, || Ok::<_, ()>(())).expect("keys");
    let input = data::input(layer, 1);
    let plaintexts = algorithm.pack(context, input.view()).expect("slots");
    let ciphertext = |(stream, (plaintext, sent))| {
        encrypt(context, &secret, plaintext, &private, &public, stream, sent)
            .expand(context, &public)
    };
    (keys, (0..).zip(plaintexts.iter().zip(&outline.uploads)).map(ciphertext).collect())
}

#[divan::bench(args = cases(), sample_count = 7, sample_size = 1)]
fn server(bencher: Bencher<'_, '_>, case: Case) {
    let layer = layer(case.layer);
    let set = Catalogue::builtin().expect("presets").params_set(PARAMS).expect("parameters");
    let params = Params::new(&set, &SecurityPolicy::default()).expect("valid");
    let context = Context::new(params, Backend::detect(), case.reduction).expect("transforms");
    let algorithm = case.algorithm.plan(
        &layer,
        &context,
        &CostTable::reference(Backend::detect()),
        Choice::default(),
    );
    let algorithm = algorithm.expect("fits");
    let (keys, inputs) = client(&context, algorithm.as_ref(), &layer);
    let weights = data::weights(&layer, 1);
    let steps = Steps::enter(&Silent, Stage::Weights, 1).expect("not cancelled");
    let weights = algorithm.prepare(&context, weights.view(), steps).expect("prepared");
    let (evaluator, clock) = (Evaluator::new(&context, &keys), Clock::default());
    let work = algorithm.work((&context).into());
    let units = work.units();
    let server = Server::new(&evaluator, &Silent, &clock, units, &|_, _, _| ());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(case.threads).build();
    let pool = pool.expect("threads");
    let items = work.operations((&context).into()).coefficient_multiply_adds;
    bencher.counter(ItemsCount::new(items)).bench_local(|| {
        pool.install(|| weights.convolve(&server, &inputs)).expect("convolves").len()
    });
}
