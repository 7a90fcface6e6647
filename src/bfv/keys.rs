//! Secret and Galois keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use chacha20::ChaCha20Rng;
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};

use super::evaluation::MissingKey;
use super::wire::{KeyMessage, WireError};
use super::{Context, Params};
use crate::arith::kernels::{BLOCK, Factors};
use crate::arith::{Modulus, PackedWords, Shoup};
use crate::ring::sampling::{Seed, errors, generator, ternary, uniform};
use crate::ring::{Basis, GaloisElement, NttForm, Permutation, Poly};

/// The client's secret: N coefficients in {-1, 0, 1}. Zeroised on drop.
pub struct SecretKey {
    coefficients: Zeroizing<Vec<i8>>,
    /// Over Q P, or Q where there is no P.
    values: Poly<NttForm>,
}

impl SecretKey {
    /// A new key from stream 0 of `seed`.
    pub fn generate(context: &Context, seed: &Seed) -> Self {
        let coefficients = ternary(context.ring_degree(), &mut generator(seed, 0));
        let values = secret_values(&coefficients, context.extended_basis());
        Self { coefficients, values }
    }

    /// The same key for ciphertexts of a context over other limbs.
    pub fn under(&self, context: &Context) -> Self {
        let coefficients = self.coefficients.clone();
        let values = secret_values(&coefficients, context.extended_basis());
        Self { coefficients, values }
    }

    /// The key over another basis, by its values.
    pub(super) fn values_over(&self, basis: &Arc<Basis>) -> Poly<NttForm> {
        secret_values(&self.coefficients, basis)
    }

    /// The key over Q P, by its values.
    pub(super) const fn values(&self) -> &Poly<NttForm> {
        &self.values
    }
}

fn secret_values(coefficients: &[i8], basis: &Arc<Basis>) -> Poly<NttForm> {
    let mut poly = Poly::zero(basis);
    poly.add_small(coefficients);
    poly.into_ntt()
}

impl std::fmt::Debug for SecretKey {
    /// Shows nothing of the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretKey").finish_non_exhaustive()
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.values.zeroize();
    }
}

/// Which Galois key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GaloisKeyId {
    /// Limbs of the ciphertexts it switches: the first ones of Q.
    pub limbs: usize,
    /// The automorphism.
    pub element: GaloisElement,
}

/// A Galois key as the client makes it and sends it: only the first polynomial of each pair, the
/// second is drawn from a seed.
#[derive(Clone, Debug)]
pub struct SeededGaloisKey {
    /// Which it is.
    pub id: GaloisKeyId,
    /// One polynomial over Q P per limb of Q, where Q has the limbs that it is for.
    pub digits: Vec<Poly<NttForm>>,
}

/// All Galois keys a computation needs, as sent.
#[derive(Clone, Debug)]
pub struct SeededGaloisKeys {
    /// The public seed: stream i gives the second polynomials of key i.
    pub seed: [u8; 32],
    /// The keys.
    pub keys: Vec<SeededGaloisKey>,
}

impl SeededGaloisKeys {
    /// The keys `ids`, which must rise, some for ciphertexts of `context` and some for those of
    /// [`Context::lower`]. `proceed` is asked after each key, and its error ends the work. Errors
    /// come from `secret_seed`, the public halves from `public_seed`, which must be independent of it.
    ///
    /// # Errors
    /// That of `proceed`.
    pub fn generate<E: Send>(
        context: &Context,
        secret: &SecretKey,
        ids: &[GaloisKeyId],
        secret_seed: &Seed,
        public_seed: &[u8; 32],
        proceed: impl Fn() -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let lower = context.lower().map(|lower| (lower, secret.under(lower)));
        let lower = lower.as_ref().map(|(context, secret)| (*context, secret));
        let all = context.params().limbs().len();
        let key = |(stream, id): (usize, &GaloisKeyId)| {
            let below = lower.filter(|_| id.limbs < all);
            let (context, secret) = below.unwrap_or((context, secret));
            let (element, stream) = (id.element, stream as u64);
            let digits =
                generate_digits(context, secret, element, secret_seed, public_seed, stream);
            proceed()?;
            Ok(SeededGaloisKey { id: *id, digits })
        };
        let keys = ids.par_iter().enumerate().map(key).collect::<Result<_, E>>()?;
        Ok(Self { seed: *public_seed, keys })
    }
}

/// The key for automorphism g switches from s to g^-1(s): the automorphism is applied *after* the
/// switch, so that the digits of a ciphertext serve every rotation as they are. Digit i is
/// (-a g^-1(s) + e + P E_i s, a), where E_i is 1 modulo limb i and 0 modulo the other limbs: the
/// integer that reassembles a value from its residues.
fn generate_digits(
    context: &Context,
    secret: &SecretKey,
    element: GaloisElement,
    secret_seed: &Seed,
    public_seed: &[u8; 32],
    stream: u64,
) -> Vec<Poly<NttForm>> {
    let n = context.ring_degree();
    let mut public = generator(public_seed, stream);
    // Stream 0 of the secret seed made the secret itself.
    let mut private = generator(secret_seed, stream + 1);
    let mut target = secret.values().permuted(&Permutation::new(n, element.inverse(n)));
    let digits = (0..context.params().limbs().len())
        .map(|i| {
            let mask = uniform(context.extended_basis(), &mut public);
            let mut digit = masked(context, &mask, &target, &mut private);
            add_switched(context, secret, i, &mut digit);
            digit
        })
        .collect();
    target.zeroize();
    digits
}

/// e - a s of a public polynomial a and a secret s, over Q P: what hides a digit of a key.
pub(super) fn masked(
    context: &Context,
    public: &Poly<NttForm>,
    secret: &Poly<NttForm>,
    private: &mut ChaCha20Rng,
) -> Poly<NttForm> {
    let mut digit = Poly::zero(context.extended_basis());
    digit.add_small(&errors(context.ring_degree(), private));
    let mut digit = digit.into_ntt();
    let mut product = public.clone();
    product.mul_assign(secret);
    digit.sub_assign(&product);
    product.zeroize();
    digit
}

/// Adds P E_i s to digit i of a key that switches from s.
pub(super) fn add_switched(
    context: &Context,
    secret: &SecretKey,
    i: usize,
    digit: &mut Poly<NttForm>,
) {
    // Without P there is nothing to divide by, and no key is asked for.
    let special = context.params().special().map_or(1, Modulus::value);
    let modulus = context.extended_basis().limbs()[i].modulus();
    let factor = modulus.shoup(modulus.reduce(special));
    for (word, s) in digit.limb_mut(i).iter_mut().zip(secret.values().limb(i)) {
        *word = modulus.add(*word, modulus.mul_shoup(*s, factor));
    }
}

/// A Galois key as the server uses it, laid out for [`KeySwitch`](crate::arith::kernels::KeySwitch):
/// for each prime of Q P, each block of the *permuted* result and each digit, the words of both
/// polynomials that make the block, in as few bytes as words modulo that prime need.
///
/// Besides the kernels' scale, words modulo a limb of Q are multiplied by P^-1 and those modulo P by
/// N^-1, so that what the division by P and its inverse transform would do is done.
#[derive(Debug)]
pub struct GaloisKey {
    /// For each prime.
    words: Vec<PackedWords>,
    permutation: Permutation,
}

impl GaloisKey {
    /// Expands key number `stream` of a received set with public seed `seed`.
    pub fn expand(context: &Context, key: &SeededGaloisKey, seed: &[u8; 32], stream: u64) -> Self {
        let (n, context) = (context.ring_degree(), context.of(key.id.limbs));
        let mut public = generator(seed, stream);
        let mut expanded = Self::blank(context, Permutation::new(n, key.id.element));
        for (d, first) in key.digits.iter().enumerate() {
            expanded.place(context, d, first, 0);
            expanded.place(context, d, &uniform(context.extended_basis(), &mut public), 1);
        }
        expanded
    }

    /// A key of zeros for ciphertexts of `context`.
    pub(super) fn blank(context: &Context, permutation: Permutation) -> Self {
        let each = 2 * context.ciphertext_basis().words();
        let limbs = context.extended_basis().limbs().iter();
        let words = limbs.map(|limb| PackedWords::zero(each, limb.modulus().bits())).collect();
        Self { words, permutation }
    }

    /// Puts one polynomial of digit `d`, the first or the second of the pair, in its place.
    pub(super) fn place(
        &mut self,
        context: &Context,
        d: usize,
        poly: &Poly<NttForm>,
        which: usize,
    ) {
        let digits = context.ciphertext_basis().len();
        for (m, (places, limb)) in
            self.words.iter_mut().zip(context.extended_basis().limbs()).enumerate()
        {
            let mut words = poly.limb(m).to_vec();
            limb.kernels().scale(key_factor(context, m), &mut words);
            let (sources, mut places) = (words.as_chunks::<BLOCK>().0, places.all_mut());
            for (i, (source, _)) in self.permutation.blocks().blocks().enumerate() {
                places.write((2 * (i * digits + d) + which) * BLOCK, &sources[source]);
            }
        }
    }

    /// What it is modulo prime `m` of Q P.
    pub(super) fn factors(&self, m: usize) -> Factors<'_> {
        self.words[m].factors()
    }

    /// Bytes that it takes in memory.
    pub(super) fn bytes(&self) -> u64 {
        self.words.iter().map(PackedWords::bytes).sum()
    }

    /// Bytes of a key under `params` for ciphertexts of `limbs` limbs.
    pub fn predicted_bytes(params: &Params, limbs: usize) -> u64 {
        let each = 2 * limbs * params.ring_degree();
        let primes = params.limbs()[..limbs].iter().chain(params.special());
        primes.map(|prime| PackedWords::bytes_of(each, prime.bits())).sum()
    }

    /// The automorphism to apply after the switch.
    pub const fn permutation(&self) -> &Permutation {
        &self.permutation
    }
}

/// What the words of a key modulo prime `m` of Q P are multiplied by.
fn key_factor(context: &Context, m: usize) -> Shoup {
    let limb = &context.extended_basis().limbs()[m];
    let modulus = limb.modulus();
    let inverse = match context.special_inverses().get(m) {
        Some(inverse) => inverse.factor,
        None => modulus.inverse(modulus.reduce(context.ring_degree() as u64)),
    };
    modulus.shoup(modulus.mul(inverse, limb.kernels().key_scale()))
}

/// The server's Galois keys.
#[derive(Debug, Default)]
pub struct GaloisKeys {
    keys: BTreeMap<GaloisKeyId, GaloisKey>,
}

impl GaloisKeys {
    /// Expands a received set; `proceed` is asked before each key, and its error ends the work.
    ///
    /// # Errors
    /// That of `proceed`.
    pub fn expand<E: Send>(
        context: &Context,
        received: &SeededGaloisKeys,
        proceed: impl Fn() -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        Ok(Self { keys: Self::expand_from(context, received, 0, proceed)?.into_iter().collect() })
    }

    /// Expands keys that are number `first` and on of their set.
    fn expand_from<E: Send>(
        context: &Context,
        received: &SeededGaloisKeys,
        first: u64,
        proceed: impl Fn() -> Result<(), E> + Sync,
    ) -> Result<Vec<(GaloisKeyId, GaloisKey)>, E> {
        let expand = |(i, key): (usize, &SeededGaloisKey)| {
            proceed()?;
            Ok((key.id, GaloisKey::expand(context, key, &received.seed, first + i as u64)))
        };
        received.keys.par_iter().enumerate().map(expand).collect()
    }

    /// Expands the keys of a message as they are read, as many at a time as there are threads, so that
    /// few are held twice. `proceed` is asked before each key, and its error ends the work.
    ///
    /// # Errors
    /// That of `proceed`, and [`WireError`] for what is no such message.
    pub fn receive<E: From<WireError> + Send>(
        context: &Context,
        bytes: &[u8],
        proceed: impl Fn() -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let mut message = KeyMessage::open(context, bytes)?;
        let mut keys = BTreeMap::new();
        loop {
            let read = message.read(rayon::current_num_threads())?;
            if read.is_empty() {
                return Ok(Self { keys });
            }
            let received = SeededGaloisKeys { seed: message.seed, keys: read };
            keys.extend(Self::expand_from(context, &received, keys.len() as u64, &proceed)?);
        }
    }

    /// One of the keys.
    ///
    /// # Errors
    /// [`MissingKey`] where the client sent no such key.
    pub fn get(&self, id: GaloisKeyId) -> Result<&GaloisKey, MissingKey> {
        self.keys.get(&id).ok_or(MissingKey(id))
    }

    /// Bytes the keys take in memory.
    pub fn bytes(&self) -> u64 {
        self.keys.values().map(GaloisKey::bytes).sum()
    }
}
