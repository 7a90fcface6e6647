//! Times the primitives of this machine through the functions that a run uses.
//!
//! Everything is measured at a small and a large setting, on one core, as the median of several
//! times. Transforms are timed apart and taken off what contains them.

mod limits;
mod polynomials;
mod primitives;
mod rates;
mod sums;

use std::time::{Duration, Instant};

pub use limits::Limits;
pub(super) use limits::limits;
use polynomials::polynomials;
pub use primitives::Primitives;
pub(super) use primitives::primitives;
use rates::{Bench, Rates, rates};
use sums::{KernelBench, block_scalars};

use crate::arith::kernels::{Backend, Reduction};
use crate::arith::zeroed;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Context, Evaluator, GaloisKeys, Params, ParamsSpec, PrimeSpec, wire};
use crate::conv::cost::{CostTable, Curve, ItemCost, PolynomialCosts};
use crate::conv::slots::{Layout, Packing, RowUse, Side, SlotPlan, Split};
use crate::conv::{Clock, ConvError, Layer, LayerSpec, Server, Silent, Units};
use crate::memory::can_have;
use crate::report::bytes_text;

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
    /// No memory.
    #[error("measuring takes {}, which the system does not give now", bytes_text(*.0))]
    Memory(u64),
}

/// Bytes that measuring all costs takes at most.
const MEASURED_BYTES: u64 = 484 << 20;

/// Whether there is so much memory.
fn require(bytes: u64) -> Result<(), ProbeError> {
    if can_have(bytes) { Ok(()) } else { Err(ProbeError::Memory(bytes)) }
}

/// How long one primitive is measured, and how often at least: of a machine that others use too few calls
/// of some milliseconds are all disturbed.
const TIME: Duration = Duration::from_millis(8);
const LEAST_CALLS: usize = 6;

/// Measures all costs, on one thread.
pub(super) fn measure(backend: Backend) -> Result<CostTable, ProbeError> {
    require(MEASURED_BYTES)?;
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
        let moved = |rate: fn(&Rates) -> f64| {
            Curve::new(vec![(small.moved_words, rate(&small)), (large.moved_words, rate(&large))])
        };
        // The size of an item is its words; both ends have the same factor there.
        let item =
            |serial: fn(&Rates) -> f64, parallel: fn(&Rates) -> f64, words: fn(&Rates) -> f64| {
                let of = |rate: fn(&Rates) -> f64| {
                    Curve::new(vec![(words(&small), rate(&small)), (words(&large), rate(&large))])
                };
                ItemCost { serial: of(serial), parallel: of(parallel) }
            };
        let kernels = KernelBench::new(backend);
        let reduction = |reduction| {
            let switch = Curve::new(
                [&small, &large].map(|r| (r.words, r.switch[reduction as usize])).to_vec(),
            );
            let add = [&small, &large].map(|r| (r.moved_words, r.add[reduction as usize]));
            let add = Curve::new(add.to_vec());
            kernels.costs(reduction, switch, add)
        };
        let table = CostTable {
            eager: reduction(Reduction::Eager)?,
            lazy: reduction(Reduction::Lazy)?,
            decompose: curve(|r| r.decompose),
            divide: moved(|r| r.divide),
            lower: moved(|r| r.lower),
            place: curve(|r| r.place),
            encode: curve(|r| r.encode),
            key: item(|r| r.key.0, |r| r.key.1, |r| r.key_words),
            encrypt: item(|r| r.encrypt.0, |r| r.encrypt.1, |r| r.words),
            respond: item(|r| r.respond.0, |r| r.respond.1, |r| 2.0 * r.words),
            decrypt: item(|r| r.decrypt.0, |r| r.decrypt.1, |r| r.ring_degree),
            block_scalars: block_scalars(backend)?,
            polynomials: PolynomialCosts::default(),
            ntt,
        };
        Ok(CostTable { polynomials: polynomials(backend, &table)?, ..table })
    })
}

/// Nanoseconds of a call: the least of several, for whatever disturbs one only adds to it, and small
/// differences of large times are of interest.
fn time<T>(mut work: impl FnMut() -> T) -> f64 {
    let begin = Instant::now();
    let (mut least, mut count) = (f64::INFINITY, 0);
    while count < LEAST_CALLS || begin.elapsed() < TIME {
        let start = Instant::now();
        std::hint::black_box(work());
        least = least.min(start.elapsed().as_nanos() as f64);
        count += 1;
    }
    least
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
        special: Some(PrimeSpec::Bits(sizes.limb_bits + 1)),
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
        activation_signed: None,
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
    // Inputs move by all taps, and sums by lanes.
    let carries = layout == Layout::Interleaved && lanes > 1;
    let split = Split { steps: layer.kernel()[1] + usize::from(carries), rows: Side::Inputs };
    packing.map(|packing| SlotPlan::new(packing, split)).ok_or(ProbeError::Setting("packing"))
}

/// Calls `work` with a server that has `keys`.
fn serve<T>(
    context: &Context,
    keys: &GaloisKeys,
    work: impl FnOnce(&Server<'_>) -> Result<T, ProbeError>,
) -> Result<T, ProbeError> {
    let (evaluator, clock) = (Evaluator::new(context, keys), Clock::default());
    work(&Server::new(&evaluator, &Silent, &clock, Units::default(), &|_, _, _| ()))
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
