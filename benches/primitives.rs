//! Primitives of the scheme and the kernels: `cargo bench --bench primitives`, all on one thread.
//!
//! Items of the kernels are multiply-adds of words; `registers` is what no kernel can exceed.

#![expect(clippy::expect_used, reason = "a bench that cannot go on must say so")]

use divan::Bencher;
use divan::counter::ItemsCount;
use heconv::arith::kernels::{
    Backend, Factors, Kernels, PAIR, PairsMut, Reduction, Row, ScalarSums, TILE, Width,
    multiply_adds as register_multiply_adds,
};
use heconv::arith::{Modulus, PackedWords, largest_ntt_primes, zeroed};
use heconv::bfv::security::SecurityPolicy;
use heconv::bfv::{
    Ciphertext, Coefficients, Context, Evaluator, GaloisKeyId, GaloisKeys, Params, Plaintext,
    Reader, Response, SecretKey, SeededCiphertext, SeededGaloisKeys, Widths, encrypt,
};
use heconv::preset::Catalogue;
use heconv::ring::sampling::{Seed, derive_seed, generator};
use heconv::ring::{GaloisElement, Ntt};

fn main() {
    divan::main();
}

const PARAMS: &str = "n4096-t20";

/// Bits of the coefficients of a response.
const WIDTHS: Widths = Widths { c0: 21, c1: 29 };

/// A client, and a server with one key.
struct Setup {
    context: Context,
    secret: SecretKey,
    keys: GaloisKeys,
    id: GaloisKeyId,
    private: Seed,
    public: Seed,
}

impl Setup {
    fn new(reduction: Reduction) -> Self {
        let set = Catalogue::builtin().expect("presets").params_set(PARAMS).expect("parameters");
        let params = Params::new(&set, &SecurityPolicy::default()).expect("valid");
        let context = Context::new(params, Backend::detect(), reduction).expect("transforms");
        let mut rng = generator(&[7; 32], 0);
        let (private, public) = (derive_seed(&mut rng), derive_seed(&mut rng));
        let secret = SecretKey::generate(&context, &private);
        let element = GaloisElement::rotation(context.ring_degree(), 1, false);
        let id = GaloisKeyId { limbs: context.params().limbs().len(), element };
        let proceed = || Ok::<_, ()>(());
        let sent = SeededGaloisKeys::generate(&context, &secret, &[id], &private, &public, proceed);
        let sent = sent.expect("keys");
        let keys = GaloisKeys::expand(&context, &sent, || Ok::<_, ()>(())).expect("keys");
        Self { context, secret, keys, id, private, public }
    }

    fn plaintext(&self) -> Plaintext {
        self.context.slots().expect("slots").encode(&vec![3; self.context.ring_degree()])
    }

    fn encrypt(&self, plaintext: &Plaintext) -> SeededCiphertext {
        encrypt(
            &self.context,
            &self.secret,
            plaintext,
            &self.private,
            &self.public,
            0,
            &Coefficients::All,
        )
    }

    fn ciphertext(&self) -> Ciphertext {
        self.encrypt(&self.plaintext()).expand(&self.context, &self.public)
    }
}

/// Those of every backend; the portable one takes the NTT crate's.
mod transform {
    use super::{Backend, Bencher, Kernels, Modulus, Ntt, largest_ntt_primes, zeroed};

    fn ntt((backend, ring_degree): (Backend, usize)) -> Ntt {
        let prime = largest_ntt_primes(36, 2 * ring_degree as u64, 1, &[]).expect("a prime")[0];
        let kernels = Kernels::new(backend, Modulus::new(prime).expect("a modulus"));
        Ntt::new(ring_degree, &kernels).expect("roots")
    }

    fn cases() -> impl Iterator<Item = (Backend, usize)> {
        Backend::available().flat_map(|backend| [2048, 4096, 8192, 16384].map(|n| (backend, n)))
    }

    #[divan::bench(args = cases())]
    fn forward(bencher: Bencher<'_, '_>, case: (Backend, usize)) {
        let (ntt, mut words) = (ntt(case), zeroed(case.1));
        bencher.bench_local(|| ntt.forward(&mut words));
    }

    #[divan::bench(args = cases())]
    fn inverse(bencher: Bencher<'_, '_>, case: (Backend, usize)) {
        let (ntt, mut words) = (ntt(case), zeroed(case.1));
        bencher.bench_local(|| ntt.inverse(&mut words));
    }
}

mod rotation {
    use super::{Bencher, Evaluator, PairsMut, Reduction, Setup, zeroed};

    #[divan::bench]
    fn decompose(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        let evaluator = Evaluator::new(&setup.context, &setup.keys);
        let (ciphertext, mut scratch) = (setup.ciphertext(), evaluator.scratch());
        bencher.bench_local(|| evaluator.decompose(&ciphertext.c1, &mut scratch));
    }

    /// A key switch of a ciphertext that was decomposed, written for the multiply stage.
    #[divan::bench(args = Reduction::ALL)]
    fn hoisted(bencher: Bencher<'_, '_>, reduction: Reduction) {
        let setup = Setup::new(reduction);
        let evaluator = Evaluator::new(&setup.context, &setup.keys);
        let (ciphertext, mut scratch) = (setup.ciphertext(), evaluator.scratch());
        let key = setup.keys.get(setup.id).expect("a key");
        evaluator.decompose(&ciphertext.c1, &mut scratch);
        let mut pairs = zeroed(2 * setup.context.ring_degree());
        bencher.bench_local(|| {
            evaluator.switch_special(key, &mut scratch);
            for limb in 0..setup.context.ciphertext_basis().len() {
                let out = PairsMut { words: &mut pairs, stride: 1, streams: false };
                evaluator.switch_limb(key, limb, &ciphertext.c0, &mut scratch, out);
            }
        });
    }

    #[divan::bench(args = Reduction::ALL)]
    fn whole(bencher: Bencher<'_, '_>, reduction: Reduction) {
        let setup = Setup::new(reduction);
        let evaluator = Evaluator::new(&setup.context, &setup.keys);
        let ciphertext = setup.ciphertext();
        bencher.bench_local(|| evaluator.rotate(&ciphertext, setup.id.element));
    }
}

mod client {
    use super::{Bencher, Coefficients, Reader, Reduction, Response, Setup, WIDTHS};

    /// Slots to coefficients.
    #[divan::bench]
    fn encode(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        bencher.bench_local(|| setup.plaintext());
    }

    #[divan::bench]
    fn encrypt(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        let plaintext = setup.plaintext();
        bencher.bench_local(|| setup.encrypt(&plaintext));
    }

    /// What the server makes of an upload.
    #[divan::bench]
    fn expand(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        let fresh = setup.encrypt(&setup.plaintext());
        bencher
            .with_inputs(|| fresh.clone())
            .bench_local_values(|fresh| fresh.expand(&setup.context, &setup.public));
    }

    #[divan::bench]
    fn decrypt(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        let response = Response::switch(
            &setup.context,
            setup.ciphertext().into(),
            WIDTHS,
            &[Coefficients::All],
        );
        let reader = Reader::new(&setup.context, &setup.secret, WIDTHS).expect("a prime");
        bencher.bench_local(|| reader.decrypt(&response, 0, &Coefficients::All));
    }

    /// What the server does to a result before it is sent.
    #[divan::bench]
    fn switch_down(bencher: Bencher<'_, '_>) {
        let setup = Setup::new(Reduction::Lazy);
        bencher.with_inputs(|| setup.ciphertext()).bench_local_values(|output| {
            Response::switch(&setup.context, output.into(), WIDTHS, &[Coefficients::All])
        });
    }
}

mod kernel {
    use super::{
        Backend, Bencher, Factors, ItemsCount, Kernels, Modulus, PAIR, PackedWords, Reduction, Row,
        ScalarSums, TILE, Width, largest_ntt_primes, register_multiply_adds, zeroed,
    };

    const TERMS: usize = 192;

    fn backends() -> impl Iterator<Item = Backend> {
        Backend::ALL.into_iter().filter(|backend| backend.is_available())
    }

    fn cases() -> Vec<(Backend, Reduction)> {
        let of = |backend| Reduction::ALL.map(|reduction| (backend, reduction));
        backends().flat_map(of).collect()
    }

    /// Words of so many bits.
    fn widths() -> Vec<(Backend, u32)> {
        backends().flat_map(|backend| [26, 36, 44].map(|bits| (backend, bits))).collect()
    }

    fn kernels(backend: Backend) -> Kernels {
        kernels_of(backend, 36)
    }

    fn kernels_of(backend: Backend, bits: u32) -> Kernels {
        let prime = largest_ntt_primes(bits, 8192, 1, &[]).expect("a prime")[0];
        Kernels::new(backend, Modulus::new(prime).expect("a modulus"))
    }

    /// Multiply-adds without memory.
    #[divan::bench(args = widths())]
    fn registers(bencher: Bencher<'_, '_>, (backend, bits): (Backend, u32)) {
        const COUNT: u64 = 1 << 16;
        let width = Width::of(bits, bits);
        let Some(count) = register_multiply_adds(backend, width, COUNT) else { return };
        let counted = bencher.counter(ItemsCount::new(count));
        counted.bench_local(|| register_multiply_adds(backend, width, COUNT));
    }

    /// Sums of words by scalars.
    #[divan::bench(args = cases())]
    fn scalars(bencher: Bencher<'_, '_>, (backend, reduction): (Backend, Reduction)) {
        scalar_sums(bencher, &kernels(backend), reduction, u64::BITS);
    }

    /// Sums of words of so many bits by scalars, lazily reduced.
    #[divan::bench(args = widths())]
    fn scalars_of_width(bencher: Bencher<'_, '_>, (backend, bits): (Backend, u32)) {
        scalar_sums(bencher, &kernels_of(backend, bits), Reduction::Lazy, bits);
    }

    /// Sums of words by small integers.
    #[divan::bench(args = cases())]
    fn integers(bencher: Bencher<'_, '_>, (backend, reduction): (Backend, Reduction)) {
        scalar_sums(bencher, &kernels(backend), reduction, 5);
    }

    fn scalar_sums(bencher: Bencher<'_, '_>, kernels: &Kernels, reduction: Reduction, bits: u32) {
        let panel = vec![5; TERMS * PAIR];
        let factors = vec![7; TERMS];
        let quotient = kernels.modulus().shoup(7).quotient;
        let quotients = vec![quotient; TERMS];
        let row = Row { factors: &factors, quotients: &quotients, bits };
        let mut out = [[0; PAIR]; SUMS];
        let counted = bencher.counter(ItemsCount::new(SUMS * TERMS * PAIR));
        let mut sums = ScalarSums::new(kernels, reduction);
        sums.lay(std::iter::repeat_n(row, SUMS), None);
        counted.bench_local(|| sums.tile(&[&panel], &mut out));
    }

    /// A sum of words by words.
    #[divan::bench(args = cases())]
    fn dense(bencher: Bencher<'_, '_>, (backend, reduction): (Backend, Reduction)) {
        let kernels = kernels(backend);
        let panel = vec![5; TERMS * PAIR];
        let factors = vec![7; TERMS * TILE];
        let factors = Factors::of(&factors);
        let mut out = [0; PAIR];
        let counted = bencher.counter(ItemsCount::new(TERMS * PAIR));
        counted.bench_local(|| kernels.pair_tile(reduction, &[&panel], factors, &mut out));
    }

    /// Sums that are made of the same panel, and tiles: 50 MB of factors, more than caches hold.
    const SUMS: usize = 32;
    const TILES: usize = 64;
    const FACTORS: usize = TILES * SUMS * TERMS * TILE;

    fn products() -> ItemsCount {
        ItemsCount::new(FACTORS * PAIR / TILE)
    }

    /// Sums of words by words that lie in memory.
    #[divan::bench(args = backends(), sample_count = 20)]
    fn dense_from_memory(bencher: Bencher<'_, '_>, backend: Backend) {
        let kernels = kernels(backend);
        let panel = vec![5; TERMS * PAIR];
        let mut packed = PackedWords::zero(FACTORS, kernels.modulus().bits());
        packed.pieces_mut(TILE).for_each(|mut tile| tile.write(0, &[7; TILE]));
        let mut out = [[0; PAIR]; SUMS];
        bencher.counter(products()).bench_local(|| {
            for tile in 0..TILES {
                let size = SUMS * TERMS * TILE;
                let factors = packed.factors().range(tile * size..(tile + 1) * size);
                kernels.pair_tiles(Reduction::Lazy, &[&panel], factors, &mut out);
            }
        });
    }

    /// Reading as many words alone: items are the same.
    #[divan::bench(sample_count = 20)]
    fn read(bencher: Bencher<'_, '_>) {
        let mut factors = zeroed(FACTORS);
        factors.fill(7);
        bencher.counter(products()).bench_local(|| {
            let mut sums = [0u64; TILE];
            for words in factors.as_chunks::<TILE>().0 {
                for (sum, word) in sums.iter_mut().zip(words) {
                    *sum = sum.wrapping_add(*word);
                }
            }
            sums
        });
    }
}
