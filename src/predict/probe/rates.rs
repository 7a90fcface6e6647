//! What rotations and the client's work cost at one setting.

use ndarray::{Array3, Array4};

use super::{ProbeError, Sizes, context, layer, serve, slot_plan, time};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::{
    Ciphertext, Coefficients, Context, GaloisKeyId, GaloisKeys, Reader, Response, SecretKey,
    SeededGaloisKeys, Widths, encrypt, wire,
};
use crate::conv::cost::Curve;
use crate::conv::mix::{Outputs, mix};
use crate::conv::panel::{Panels, rotate_inputs};
use crate::conv::sizes::seeded_key_bytes;
use crate::conv::slots::algorithms::conventional::DenseWeights;
use crate::conv::slots::{Layout, SlotPlan, SlotWeights, moved};
use crate::conv::sums::Sums;
use crate::conv::{ConvError, Server, Silent, Stage, Steps};
use crate::ring::sampling::{Seed, derive_seed, generator};

/// Unit costs at one setting; pairs are (serial, parallel).
pub(super) struct Rates {
    pub(super) words: f64,
    /// Words of a polynomial with the limbs that sums are moved with.
    pub(super) moved_words: f64,
    pub(super) key_words: f64,
    pub(super) ring_degree: f64,
    pub(super) decompose: f64,
    pub(super) divide: f64,
    pub(super) lower: f64,
    pub(super) place: f64,
    pub(super) encode: f64,
    pub(super) key: (f64, f64),
    pub(super) encrypt: (f64, f64),
    pub(super) respond: (f64, f64),
    pub(super) decrypt: (f64, f64),
    /// By reduction mode.
    pub(super) switch: [f64; 2],
    pub(super) add: [f64; 2],
}

/// What measurements at one setting share.
pub(super) struct Bench {
    /// Eager and lazy, by [`Reduction`].
    contexts: [Context; 2],
    plan: SlotPlan,
    /// The keys that are measured.
    keys: Vec<GaloisKeyId>,
    secret: SecretKey,
    seeds: [Seed; 2],
}

/// Two lanes and nine taps: eight rotations of each input and one of a sum.
fn plan(ring_degree: usize, inputs: usize) -> Result<SlotPlan, ProbeError> {
    slot_plan(&layer([2 * inputs, 2], 16, [3, 3])?, ring_degree, Layout::Interleaved, 1)
}

impl Bench {
    pub(super) fn new(sizes: Sizes, backend: Backend) -> Result<Self, ProbeError> {
        Self::of([
            context(sizes, backend, Reduction::Eager)?,
            context(sizes, backend, Reduction::Lazy)?,
        ])
    }

    /// Of an eager and a lazy context that are equal else.
    pub(super) fn of(contexts: [Context; 2]) -> Result<Self, ProbeError> {
        let plan = plan(contexts[1].ring_degree(), 1)?;
        let mut rng = generator(&[7; 32], 0);
        let seeds = [derive_seed(&mut rng), derive_seed(&mut rng)];
        let secret = SecretKey::generate(&contexts[1], &seeds[0]);
        let mixed = mix_plan(contexts[1].ring_degree(), MIXED_LANES)?;
        let params = contexts[1].params();
        let (all, limbs) = (params.limbs().len(), mixed.output_limbs(params));
        let mut keys = [plan.galois_keys(all, limbs), mixed.galois_keys(all, limbs)].concat();
        keys.sort_unstable();
        keys.dedup();
        Ok(Self { contexts, plan, keys, secret, seeds })
    }

    pub(super) fn lazy(&self) -> &Context {
        &self.contexts[1]
    }

    fn seeded_keys(&self, ids: &[GaloisKeyId]) -> Result<SeededGaloisKeys, ConvError> {
        let [private, public] = &self.seeds;
        SeededGaloisKeys::generate(self.lazy(), &self.secret, ids, private, public, || Ok(()))
    }

    /// The keys as the server has them.
    pub(super) fn keys(&self) -> Result<GaloisKeys, ProbeError> {
        let proceed = || Ok::<_, ConvError>(());
        Ok(GaloisKeys::expand(self.lazy(), &self.seeded_keys(&self.keys)?, proceed)?)
    }
}

pub(super) fn rates(bench: &Bench, ntt: &Curve) -> Result<Rates, ProbeError> {
    let context = bench.lazy();
    let (n, limbs) = (context.ring_degree() as f64, context.params().limbs().len() as f64);
    let words = n * limbs;
    let key_words = 2.0 * words * (limbs + 1.0);
    let ntts = |count: f64| count * n * n.log2() * ntt.at(n);
    let rest =
        |total: f64, transforms: f64, words: f64| (total - ntts(transforms)).max(0.0) / words;

    let received = bench.seeded_keys(&bench.keys)?;
    // Both polynomials of each pair.
    let sent = seeded_key_bytes(context.params(), &bench.keys) as f64;
    let sent = 2.0 * sent / size_of::<u64>() as f64;
    let exchange = time(|| wire::read_keys(context, &wire::write_keys(context, &received)).is_ok());
    let expand = time(|| GaloisKeys::expand(context, &received, || Ok::<_, ConvError>(())).is_ok());
    let generate = time(|| bench.seeded_keys(&bench.keys).is_ok());
    let keys = bench.keys()?;

    let client = client_times(bench)?;
    let (mut switch, mut add, mut decompose) = ([0.0; 2], [0.0; 2], 0.0);
    let (mut divide, mut lower, mut place, mut moved) = (0.0, 0.0, 0.0, 0.0);
    for context in &bench.contexts {
        let rotation = rotation_times(bench, context, &keys)?;
        let transforms = 2.0 * (1.0 + limbs);
        switch[context.reduction() as usize] = rest(rotation.switch, transforms, key_words);
        decompose = rest(rotation.decompose, limbs + limbs * limbs, key_words / 2.0);
        place = rotation.place / (2.0 * words);
        let moved_limbs = rotation.limbs as f64;
        moved = n * moved_limbs;
        let own = rotation.add - rotation.place - rotation.lower - rotation.decompose_moved;
        add[context.reduction() as usize] = rest(own, 0.0, 2.0 * moved * (moved_limbs + 1.0));
        lower = rest(rotation.lower, 1.0 + moved_limbs, moved);
        let shared = if rotation.lower > 0.0 { 2.0 + moved_limbs } else { 1.0 + moved_limbs };
        let own = rotation.finish - rotation.place - 2.0 * moved * lower;
        divide = rest(own, 2.0 * shared, 2.0 * moved);
    }
    Ok(Rates {
        words,
        moved_words: moved,
        key_words,
        ring_degree: n,
        decompose,
        divide,
        lower,
        place,
        encode: encode(context)?,
        key: (exchange / sent, (generate + expand) / sent),
        encrypt: (
            (client.pack + client.upload) / words,
            (client.encryption + client.expand) / words,
        ),
        respond: (client.write / (2.0 * words), client.switch / (2.0 * words)),
        decrypt: ((client.read + client.unpack) / n, client.decryption / n),
        switch,
        add,
    })
}

/// Nanoseconds of rotations.
pub(super) struct RotationTimes {
    /// Limbs that sums are moved with.
    pub(super) limbs: usize,
    pub(super) decompose: f64,
    /// With the limbs that sums are moved with.
    pub(super) decompose_moved: f64,
    /// Of one polynomial to the limbs that sums are moved with; 0 where these are all.
    pub(super) lower: f64,
    pub(super) switch: f64,
    pub(super) add: f64,
    pub(super) finish: f64,
    pub(super) place: f64,
}

pub(super) fn rotation_times(
    bench: &Bench,
    context: &Context,
    keys: &GaloisKeys,
) -> Result<RotationTimes, ProbeError> {
    // Enough panels that they do not stay in a cache, as those of a layer do not.
    const PANEL_BYTES: usize = 8 << 20;
    let panel_bytes = Panels::bytes(context.into(), bench.plan.rotated_inputs()) as usize;
    let plan = &plan(context.ring_degree(), (PANEL_BYTES / panel_bytes).max(1))?;
    let inputs: Vec<Ciphertext> = (0..plan.inputs()).map(|_| Ciphertext::zero(context)).collect();
    serve(context, keys, |server| {
        let evaluator = server.evaluator();
        let mut scratch = evaluator.scratch();
        let decompose = time(|| evaluator.decompose(&inputs[0].c1, &mut scratch));
        let moved = plan.input_rotations() as f64;
        let mut panels = Panels::zero(context, plan.terms_of_inputs());
        let rotate = time(|| {
            rotate_inputs(server, |input| plan.elements(input), &inputs, &mut panels).is_ok()
        });
        let decomposed = decompose * plan.rotated() as f64;
        let place = place_time(context);
        let limbs = mix_plan(context.ring_degree(), MIXED_LANES)?.output_limbs(context.params());
        let below = evaluator.of(limbs);
        let (mut scratch_below, lowered) = (below.scratch(), Ciphertext::zero(below.context()).c1);
        let decompose_moved = time(|| below.decompose(&lowered, &mut scratch_below));
        let both = time(|| below.decompose(&inputs[0].c1, &mut scratch_below));
        let (few, many) = (mix_time(server, MIXED_LANES / 2)?, mix_time(server, MIXED_LANES)?);
        let add = (many - few) / MIXED_LANES as f64;
        Ok(RotationTimes {
            limbs,
            decompose,
            decompose_moved,
            lower: if limbs < inputs[0].limbs() { both - decompose_moved } else { 0.0 },
            switch: (rotate - decomposed) / moved,
            add,
            finish: few - (MIXED_LANES - 1) as f64 * add,
            place,
        })
    })
}

/// Copying a sum to an output, both of which lie in memory: weights have gone through the caches since.
fn place_time(context: &Context) -> f64 {
    const SUMS_BYTES: usize = 48 << 20;
    let count = (SUMS_BYTES / Panels::bytes(context.into(), 1) as usize).max(1);
    let sums = Sums::zero(context, count).taken();
    let mut outputs: Vec<Ciphertext> =
        (0..count).map(|_| Ciphertext::zero(context).taken()).collect();
    let all = time(|| {
        outputs.iter_mut().enumerate().for_each(|(i, output)| sums.copy_to(i, output));
    });
    all / count as f64
}

/// Lanes of a row whose sums are mixed: so many, and half of them, take more keys than a cache near
/// the core holds.
const MIXED_LANES: usize = 8;

/// Output ciphertexts that are mixed, for which a key is read once.
const MIXED_GROUPS: usize = 4;

/// Every move of so many lanes a row, for several output ciphertexts.
fn mix_plan(ring_degree: usize, lanes: usize) -> Result<SlotPlan, ProbeError> {
    let layer = layer([2 * lanes, MIXED_GROUPS * 2 * lanes], 4, [1, 1])?;
    slot_plan(&layer, ring_degree, Layout::Interleaved, lanes)
}

/// The mix stage for one output ciphertext, of which one sum stays and `2 lanes - 1` move.
fn mix_time(server: &Server<'_>, lanes: usize) -> Result<f64, ProbeError> {
    let context = server.evaluator().context();
    let plan = mix_plan(context.ring_degree(), lanes)?;
    let outputs = plan.outputs();
    let sums = Sums::zero(context, outputs.len()).taken();
    let (limbs, moved) = (plan.output_limbs(context.params()), moved(&outputs));
    let results = Outputs::taken(context, limbs, plan.out_groups());
    let all = time(|| {
        let made = mix(server, 0..plan.out_groups(), &moved, &sums, &results);
        made.map(|made| results.keep(made)).is_ok()
    });
    Ok(all / plan.out_groups() as f64)
}

/// Nanoseconds of one ciphertext from the client to the server, and of one response back.
pub(super) struct ClientTimes {
    pub(super) pack: f64,
    pub(super) encryption: f64,
    pub(super) upload: f64,
    pub(super) expand: f64,
    pub(super) switch: f64,
    pub(super) write: f64,
    pub(super) read: f64,
    pub(super) decryption: f64,
    pub(super) unpack: f64,
}

pub(super) fn client_times(bench: &Bench) -> Result<ClientTimes, ProbeError> {
    const WIDTHS: Widths = Widths { c0: 21, c1: 29 };
    let context = bench.lazy();
    let packing = bench.plan.packing();
    let input = Array3::ones(packing.layer().input_shape());
    let [private, public] = &bench.seeds;
    let pack = time(|| packing.pack(context, input.view()));
    let plaintexts = packing.pack(context, input.view())?;
    let plaintext = plaintexts.first().ok_or(ProbeError::Setting("plaintext"))?;
    let all = [Coefficients::All];
    let fresh = || encrypt(context, &bench.secret, plaintext, private, public, 0, &all[0]);
    let encryption = time(fresh);
    let sent = [fresh()];
    let write = || wire::write_upload(context, public, &sent);
    let upload = time(|| wire::read_upload(context, &write(), &all).is_ok());
    let expand = time(|| sent[0].clone().expand(context, public));
    let ciphertext = sent[0].clone().expand(context, public);
    let switch = time(|| Response::switch(context, ciphertext.clone().into(), WIDTHS, &all));
    let responses = [Response::switch(context, ciphertext.into(), WIDTHS, &all)];
    let write = time(|| wire::write_response(context, &responses));
    let message = wire::write_response(context, &responses);
    let read = time(|| wire::read_response(context, &message, &all, 1).is_ok());
    let reader =
        Reader::new(context, &bench.secret, WIDTHS).ok_or(ProbeError::Setting("response"))?;
    let decryption = time(|| reader.decrypt(&responses[0], 0, &all[0]));
    let unpack = time(|| packing.unpack(context, &plaintexts));
    Ok(ClientTimes { pack, encryption, upload, expand, switch, write, read, decryption, unpack })
}

/// Nanoseconds per word of encoding a dense weight plaintext.
pub(super) fn encode(context: &Context) -> Result<f64, ProbeError> {
    let layer = layer([2, 2], 16, [3, 3])?;
    let plan = slot_plan(&layer, context.ring_degree(), Layout::Contiguous, 1)?;
    let weights = Array4::ones(layer.weight_shape());
    let steps = Steps::enter(&Silent, Stage::Weights, 1)?;
    let all = time(|| DenseWeights::prepare(&plan, context, weights.view(), steps).is_ok());
    let count = plan.total_terms() as f64;
    Ok(all / count / context.ciphertext_basis().words() as f64)
}
