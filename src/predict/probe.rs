//! Times the primitives of this machine through the functions that a run uses.
//!
//! Everything is measured at a small and a large setting, on one core, as the median of several
//! times. Transforms are timed apart and taken off what contains them.

use std::time::{Duration, Instant};

use ndarray::{Array3, Array4};

use crate::arith::kernels::{Backend, Reduction};
use crate::arith::zeroed;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{
    Ciphertext, Context, Evaluator, GaloisKeys, Params, ParamsSpec, PrimeSpec, Reader, Response,
    RotationSum, SecretKey, SeededGaloisKey, SeededGaloisKeys, encrypt, wire,
};
use crate::conv::cost::{CostTable, Curve, ItemCost, ReductionCosts, SumCost};
use crate::conv::slots::{
    Layout, Output, Packing, Panels, RowUse, ScalarRows, SlotPlan, Sums, WeightForm,
    multiply_dense, multiply_scalars, rotate_inputs,
};
use crate::conv::{
    Clock, ConvError, DenseWeights, FusedWeights, Layer, LayerSpec, Server, Silent, Stage, Steps,
    Units,
};
use crate::ring::GaloisElement;
use crate::ring::sampling::{Seed, derive_seed, generator};

/// What keeps a measurement from being made: a defect of this program, or no memory.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProbeError {
    /// The settings of the probe cannot be made.
    #[error("internal error: the probe's setting {0} cannot be made")]
    Setting(&'static str),
    /// A stage failed.
    #[error("internal error: the probe failed: {0}")]
    Stage(#[from] ConvError),
    /// A message failed.
    #[error("internal error: the probe failed: {0}")]
    Wire(#[from] wire::WireError),
    /// No threads.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// How long one primitive is measured.
const TIME: Duration = Duration::from_millis(8);

/// Measures all costs, on one thread.
pub(super) fn measure(backend: Backend) -> Result<CostTable, ProbeError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| {
        let ntt = ntt_curve(backend)?;
        let small = Sizes { ring_degree: 4096, limbs: 2, limb_bits: 36 };
        let large = Sizes { ring_degree: 16384, limbs: 4, limb_bits: 40 };
        let [small, large] = [small, large].map(|sizes| rates(&Bench::new(sizes, backend)?, &ntt));
        let (small, large) = (small?, large?);
        let curve = |rate: fn(&Rates) -> f64| {
            Curve::new(vec![(small.words, rate(&small)), (large.words, rate(&large))])
        };
        // The size of an item is its words; both ends have the same factor there.
        let item =
            |serial: fn(&Rates) -> f64, parallel: fn(&Rates) -> f64, words: fn(&Rates) -> f64| {
                let of = |rate: fn(&Rates) -> f64| {
                    Curve::new(vec![(words(&small), rate(&small)), (words(&large), rate(&large))])
                };
                ItemCost { serial: of(serial), parallel: of(parallel) }
            };
        let kernels = KernelBench::new(backend)?;
        let reduction = |reduction| {
            let switch = Curve::new(
                [&small, &large].map(|r| (r.words, r.switch[reduction as usize])).to_vec(),
            );
            let add =
                Curve::new([&small, &large].map(|r| (r.words, r.add[reduction as usize])).to_vec());
            kernels.costs(reduction, switch, add)
        };
        Ok(CostTable {
            eager: reduction(Reduction::Eager)?,
            lazy: reduction(Reduction::Lazy)?,
            decompose: curve(|r| r.decompose),
            divide: curve(|r| r.divide),
            encode: curve(|r| r.encode),
            key: item(|r| r.key.0, |r| r.key.1, |r| r.key_words),
            encrypt: item(|r| r.encrypt.0, |r| r.encrypt.1, |r| r.words),
            respond: item(|r| r.respond.0, |r| r.respond.1, |r| 2.0 * r.words),
            decrypt: item(|r| r.decrypt.0, |r| r.decrypt.1, |r| r.ring_degree),
            block_scalars: block_scalars(backend)?,
            ntt,
        })
    })
}

/// Nanoseconds of a call: the median of several.
fn time<T>(mut work: impl FnMut() -> T) -> f64 {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || begin.elapsed() < TIME {
        let start = Instant::now();
        std::hint::black_box(work());
        times.push(start.elapsed().as_nanos() as f64);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A setting to measure under.
#[derive(Clone, Copy)]
struct Sizes {
    ring_degree: usize,
    limbs: usize,
    limb_bits: u32,
}

fn context(sizes: Sizes, backend: Backend, reduction: Reduction) -> Result<Context, ProbeError> {
    let spec = ParamsSpec {
        name: "probe".into(),
        ring_degree: sizes.ring_degree,
        limbs: vec![PrimeSpec::Bits(sizes.limb_bits); sizes.limbs],
        special: PrimeSpec::Bits(sizes.limb_bits + 1),
        plain: PrimeSpec::Bits(20),
    };
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    let params = Params::new(&spec, &policy).map_err(|_| ProbeError::Setting("parameters"))?;
    Context::new(params, backend, reduction).ok_or(ProbeError::Setting("context"))
}

/// A layer of these channels in and out.
fn layer(
    [in_channels, out_channels]: [usize; 2],
    side: usize,
    kernel: [usize; 2],
) -> Result<Layer, ProbeError> {
    Layer::new(&LayerSpec {
        name: "probe".into(),
        in_channels,
        out_channels,
        height: side,
        width: side,
        kernel,
        stride: 1,
        padding: None,
        groups: 1,
        activation_bits: 4,
        weight_bits: 4,
    })
    .map_err(|_| ProbeError::Setting("layer"))
}

fn slot_plan(
    layer: &Layer,
    n: usize,
    layout: Layout,
    lanes: usize,
) -> Result<SlotPlan, ProbeError> {
    let packing = Packing::new(layer, n, layout, lanes, RowUse::Channels);
    packing.map(SlotPlan::new).ok_or(ProbeError::Setting("packing"))
}

/// Calls `work` with a server that has `keys`.
fn serve<T>(
    context: &Context,
    keys: &GaloisKeys,
    work: impl FnOnce(&Server<'_>) -> Result<T, ProbeError>,
) -> Result<T, ProbeError> {
    let (evaluator, clock) = (Evaluator::new(context, keys), Clock::default());
    work(&Server::new(&evaluator, &Silent, &clock, Units::default(), &|_, _| ()))
}

/// Transforms at several ring degrees, nanoseconds per N log2 N, both directions together.
fn ntt_curve(backend: Backend) -> Result<Curve, ProbeError> {
    let at = |ring_degree: usize| {
        let sizes = Sizes { ring_degree, limbs: 1, limb_bits: 40 };
        let context = context(sizes, backend, Reduction::Lazy)?;
        let limb = &context.ciphertext_basis().limbs()[0];
        let mut words = zeroed(ring_degree);
        let both = time(|| {
            limb.ntt().forward(&mut words);
            limb.ntt().inverse(&mut words);
        });
        let n = ring_degree as f64;
        Ok((n, both / 2.0 / (n * n.log2())))
    };
    let points: Result<_, ProbeError> = [1024, 4096, 16384, 32768].into_iter().map(at).collect();
    Ok(Curve::new(points?))
}

/// Unit costs at one setting; pairs are (serial, parallel).
struct Rates {
    words: f64,
    key_words: f64,
    ring_degree: f64,
    decompose: f64,
    divide: f64,
    encode: f64,
    key: (f64, f64),
    encrypt: (f64, f64),
    respond: (f64, f64),
    decrypt: (f64, f64),
    /// By reduction mode.
    switch: [f64; 2],
    add: [f64; 2],
}

/// What measurements at one setting share.
struct Bench {
    /// Eager and lazy, by [`Reduction`].
    contexts: [Context; 2],
    plan: SlotPlan,
    secret: SecretKey,
    seeds: [Seed; 2],
}

impl Bench {
    fn new(sizes: Sizes, backend: Backend) -> Result<Self, ProbeError> {
        let contexts =
            [context(sizes, backend, Reduction::Eager)?, context(sizes, backend, Reduction::Lazy)?];
        // Two lanes and nine taps: eight rotations of an input and one of a sum.
        let plan =
            slot_plan(&layer([2, 2], 16, [3, 3])?, sizes.ring_degree, Layout::Interleaved, 1)?;
        let mut rng = generator(&[7; 32], 0);
        let seeds = [derive_seed(&mut rng), derive_seed(&mut rng)];
        let secret = SecretKey::generate(&contexts[1], &seeds[0]);
        Ok(Self { contexts, plan, secret, seeds })
    }

    fn lazy(&self) -> &Context {
        &self.contexts[1]
    }

    fn key(&self) -> SeededGaloisKey {
        let element = GaloisElement::rotation(self.lazy().ring_degree(), 1, false);
        let [private, public] = &self.seeds;
        SeededGaloisKey::generate(self.lazy(), &self.secret, element, private, public, 0)
    }
}

fn rates(bench: &Bench, ntt: &Curve) -> Result<Rates, ProbeError> {
    let context = bench.lazy();
    let (n, limbs) = (context.ring_degree() as f64, context.params().limbs().len() as f64);
    let words = n * limbs;
    let key_words = 2.0 * words * (limbs + 1.0);
    let ntts = |count: f64| count * n * n.log2() * ntt.at(n);
    let rest =
        |total: f64, transforms: f64, words: f64| (total - ntts(transforms)).max(0.0) / words;

    // One key under the names of all: the time of a switch does not depend on what is in a key.
    let key = bench.key();
    let named = |element| SeededGaloisKey { element, ..key.clone() };
    let seeded: Vec<SeededGaloisKey> =
        bench.plan.galois_elements().into_iter().map(named).collect();
    let count = seeded.len() as f64;
    let received = SeededGaloisKeys { seed: *bench.seeds[1], keys: seeded };
    let exchange = time(|| wire::read_keys(context, &wire::write_keys(context, &received)).is_ok());
    let expand = time(|| GaloisKeys::expand(context, &received, || Ok::<_, ConvError>(())).is_ok());
    let generate = time(|| bench.key());
    let keys = GaloisKeys::expand(context, &received, || Ok::<_, ConvError>(()))?;

    let client = client_rates(bench)?;
    let (mut switch, mut add, mut decompose, mut divide) = ([0.0; 2], [0.0; 2], 0.0, 0.0);
    for context in &bench.contexts {
        let rotation = rotation_times(bench, context, &keys)?;
        let transforms = 2.0 * (1.0 + limbs);
        switch[context.reduction() as usize] = rest(rotation.switch, transforms, key_words);
        add[context.reduction() as usize] = rest(rotation.add - rotation.decompose, 0.0, key_words);
        decompose = rest(rotation.decompose, limbs + limbs * limbs, key_words / 2.0);
        divide = rest(rotation.finish, transforms, 2.0 * words);
    }
    Ok(Rates {
        words,
        key_words,
        ring_degree: n,
        decompose,
        divide,
        encode: encode(context)?,
        key: (exchange / count / key_words, (generate + expand / count) / key_words),
        encrypt: client.encrypt,
        respond: client.respond,
        decrypt: client.decrypt,
        switch,
        add,
    })
}

struct RotationTimes {
    decompose: f64,
    switch: f64,
    add: f64,
    finish: f64,
}

fn rotation_times(
    bench: &Bench,
    context: &Context,
    keys: &GaloisKeys,
) -> Result<RotationTimes, ProbeError> {
    // Enough panels that they do not stay in a cache, as those of a layer do not.
    const PANEL_BYTES: usize = 8 << 20;
    let shifts = bench.plan.shifts();
    let panel_bytes = Panels::bytes(context.into(), shifts.len()) as usize;
    let inputs: Vec<Ciphertext> =
        (0..(PANEL_BYTES / panel_bytes).max(1)).map(|_| Ciphertext::zero(context)).collect();
    serve(context, keys, |server| {
        let evaluator = server.evaluator();
        let mut scratch = evaluator.scratch();
        let decompose = time(|| evaluator.decompose(&inputs[0].c1, &mut scratch));
        let moved = shifts.iter().filter(|shift| !shift.is_identity()).count();
        let mut panels = Panels::zero(context, inputs.len(), shifts.len());
        let rotate = time(|| rotate_inputs(server, &bench.plan, &inputs, &mut panels).is_ok());
        let rotate = rotate / inputs.len() as f64;
        // As many keys as there are, so that they come from where they come from in a run.
        let elements = bench.plan.galois_elements();
        let sums = Sums::zero(context, 1);
        let mut one = Ciphertext::zero(context);
        let mut added = |elements: &[GaloisElement]| {
            time(|| {
                let mut sum = RotationSum::new(context);
                for element in elements {
                    sums.copy_to(0, &mut one);
                    let _ = sum.add(evaluator, &one, *element, &mut scratch);
                }
                sum.finish(evaluator, &mut scratch)
            })
        };
        let (once, all) = (added(&elements[..1]), added(&elements));
        let add = (all - once) / (elements.len() - 1) as f64;
        Ok(RotationTimes {
            decompose,
            switch: (rotate - decompose) / moved as f64,
            add,
            finish: once - add,
        })
    })
}

struct ClientRates {
    encrypt: (f64, f64),
    respond: (f64, f64),
    decrypt: (f64, f64),
}

fn client_rates(bench: &Bench) -> Result<ClientRates, ProbeError> {
    const BITS: u32 = 28;
    let context = bench.lazy();
    let packing = bench.plan.packing();
    let input = Array3::ones(packing.layer().input_shape());
    let [private, public] = &bench.seeds;
    let pack = time(|| packing.pack(context, input.view()));
    let plaintexts = packing.pack(context, input.view());
    let plaintext = plaintexts.first().ok_or(ProbeError::Setting("plaintext"))?;
    let fresh = || encrypt(context, &bench.secret, plaintext, private, public, 0);
    let encryption = time(fresh);
    let sent = [fresh()];
    let upload =
        time(|| wire::read_upload(context, &wire::write_upload(context, public, &sent)).is_ok());
    let expand = time(|| sent[0].clone().expand(context, public));
    let ciphertext = sent[0].clone().expand(context, public);
    let switch = time(|| Response::switch(context, ciphertext.clone(), BITS));
    let responses = [Response::switch(context, ciphertext, BITS)];
    let write = time(|| wire::write_response(context, &responses));
    let message = wire::write_response(context, &responses);
    let read = time(|| wire::read_response(context, &message).is_ok());
    let reader =
        Reader::new(context, &bench.secret, BITS).ok_or(ProbeError::Setting("response"))?;
    let decryption = time(|| reader.decrypt(&responses[0]));
    let unpack = time(|| packing.unpack(context, &plaintexts));
    let n = context.ring_degree() as f64;
    let words = context.ciphertext_basis().words() as f64;
    Ok(ClientRates {
        encrypt: ((pack + upload) / words, (encryption + expand) / words),
        respond: (write / (2.0 * words), switch / (2.0 * words)),
        decrypt: ((read + unpack) / n, decryption / n),
    })
}

/// Nanoseconds per word of encoding a dense weight plaintext.
fn encode(context: &Context) -> Result<f64, ProbeError> {
    let layer = layer([2, 2], 16, [3, 3])?;
    let plan = slot_plan(&layer, context.ring_degree(), Layout::Contiguous, 1)?;
    let weights = Array4::ones(layer.weight_shape());
    let steps = Steps::enter(&Silent, Stage::Weights, 1)?;
    let all = time(|| DenseWeights::prepare(&plan, context, weights.view(), steps).is_ok());
    let count = DenseWeights::multiplications(&plan).0 as f64;
    Ok(all / count / context.ciphertext_basis().words() as f64)
}

/// The kernels that make sums, at a small ring: their cost per word does not depend on N.
struct KernelBench {
    backend: Backend,
    plan: SlotPlan,
    /// Dense factors, more than any cache holds.
    dense: crate::arith::AlignedWords,
}

/// The ring that kernels are measured in.
const KERNEL_SIZES: Sizes = Sizes { ring_degree: 1024, limbs: 1, limb_bits: 36 };

/// Shifts of the plan that kernels are measured with.
const SHIFTS: usize = 3;

impl KernelBench {
    fn new(backend: Backend) -> Result<Self, ProbeError> {
        const DENSE_WORDS: usize = 128 << 20 >> 3;
        let plan = slot_plan(&layer([2, 2], 16, [3, 1])?, 1024, Layout::Interleaved, 1)?;
        let mut dense = zeroed(DENSE_WORDS);
        dense.iter_mut().zip(1..).for_each(|(word, i)| *word = i);
        Ok(Self { backend, plan, dense })
    }

    fn costs(
        &self,
        reduction: Reduction,
        switch: Curve,
        add: Curve,
    ) -> Result<ReductionCosts, ProbeError> {
        let context = context(KERNEL_SIZES, self.backend, reduction)?;
        let keys = GaloisKeys::default();
        serve(&context, &keys, |server| {
            let sum = |panels: usize| self.scalar(server, panels, 16);
            let lone = |panels: usize| self.scalar(server, panels, 1);
            let curve = |cost: &dyn Fn(usize) -> Result<(f64, f64), ProbeError>,
                         panels: &[usize]| {
                Ok::<_, ProbeError>(SumCost::new(
                    panels.iter().map(|count| cost(*count)).collect::<Result<_, _>>()?,
                ))
            };
            Ok(ReductionCosts {
                switch,
                add,
                sum: curve(&sum, &[1, 4, 16, 64, 256, 1024])?,
                lone_sum: curve(&lone, &[1, 4, 16, 64, 256])?,
                dense_sum: curve(&|panels| Ok(self.dense(server, panels)), &[1, 8, 64, 256])?,
                factor: factor(&context),
            })
        })
    }

    /// Terms, and nanoseconds per word of one of `count` sums.
    fn scalar(
        &self,
        server: &Server<'_>,
        panels: usize,
        count: usize,
    ) -> Result<(f64, f64), ProbeError> {
        let context = server.evaluator().context();
        let terms = panels * SHIFTS;
        let panels = Panels::zero(context, panels, SHIFTS);
        let output = *self.plan.outputs().first().ok_or(ProbeError::Setting("sum"))?;
        let outputs: Vec<Output> = vec![output; count];
        let (mut rows, mut sums) = (ScalarRows::default(), Sums::zero(context, count));
        rows.build(
            context,
            [count, 1],
            [1, terms],
            || Ok(()),
            |_, factors| {
                for sum in factors {
                    sum.fill(3);
                }
            },
        )?;
        let all = time(|| multiply_scalars(server, &panels, &outputs, &rows, &mut sums).is_ok());
        let words = (2 * count * context.ciphertext_basis().words()) as f64;
        Ok((terms as f64, all / words))
    }

    /// Terms, and nanoseconds per word of a sum with dense factors.
    fn dense(&self, server: &Server<'_>, panels: usize) -> (f64, f64) {
        let context = server.evaluator().context();
        let terms = panels * SHIFTS;
        let panels = Panels::zero(context, panels, SHIFTS);
        let per_sum = terms * context.ciphertext_basis().words();
        let count = self.dense.len() / per_sum;
        let weights = &self.dense[..count * per_sum];
        let mut sums = Sums::zero(context, count);
        let all = time(|| multiply_dense(server, &panels, count, weights, &mut sums).is_ok());
        let words = (2 * count * context.ciphertext_basis().words()) as f64;
        (terms as f64, all / words)
    }
}

/// Nanoseconds of a scalar factor from an integer.
fn factor(context: &Context) -> f64 {
    const SUMS: usize = 64;
    const TERMS: usize = 256;
    let modulus = *context.ciphertext_basis().limbs()[0].modulus();
    let weights: Vec<i8> = (0..TERMS).map(|i| i as u8 as i8).collect();
    let fill = |_: usize, factors: Vec<&mut [u64]>| {
        for (factor, weight) in factors.into_iter().flatten().zip(&weights) {
            *factor = modulus.from_signed((*weight).into());
        }
    };
    let mut rows = ScalarRows::default();
    let all = time(|| rows.build(context, [SUMS, 1], [1, TERMS], || Ok(()), fill).is_ok());
    all / (SUMS * TERMS) as f64
}

/// Making block scalars: nanoseconds per lane of a term and transform, by lanes.
fn block_scalars(backend: Backend) -> Result<Curve, ProbeError> {
    // The inputs that a sum has in layers as wide as networks have them.
    const INPUTS: usize = 8;
    let sizes = Sizes { ring_degree: 4096, limbs: 2, limb_bits: 36 };
    let context = context(sizes, backend, Reduction::Lazy)?;
    let keys = GaloisKeys::default();
    let at = |lanes: usize| {
        let layer = layer([INPUTS * lanes, lanes], 5, [3, 3])?;
        let plan = slot_plan(&layer, sizes.ring_degree, Layout::Interleaved, lanes / 2)?;
        let weights = Array4::ones(layer.weight_shape());
        let steps = Steps::enter(&Silent, Stage::Weights, 1)?;
        let weights = FusedWeights::prepare(&plan, &context, weights.view(), steps)?;
        let outputs = plan.outputs();
        let derive = |server: &Server<'_>| {
            let mut derived = <FusedWeights as WeightForm>::Derived::default();
            Ok(time(|| weights.derive(server, &plan, &outputs, &mut derived).is_ok()))
        };
        let all = serve(&context, &keys, derive)?;
        let transforms = (1 + sizes.limbs) as f64;
        let lanes = lanes as f64;
        Ok::<_, ProbeError>((lanes, all / plan.total_terms() as f64 / lanes / transforms))
    };
    Ok(Curve::new([4, 16, 64].into_iter().map(at).collect::<Result<_, _>>()?))
}
