//! Ciphertexts that share their second polynomial.
//!
//! Of r ciphertexts (c0, c1) under one secret s the polynomials c1 carry nothing. The client has r more
//! secrets s_1 to s_r, and for each i a key (A; B_1 to B_r) with B_j + A s_j = [i = j] P s + e, in digits
//! as a Galois key is. The switch of the i-th ciphertext by the i-th key adds c1 s under s_i and nothing
//! under the others. So the sum of all r switches, divided by P once, is one polynomial c1 and r
//! polynomials c0, of which the i-th decrypts under s_i to what the i-th ciphertext held: r + 1
//! polynomials where there were 2 r.

use rayon::prelude::*;

use super::evaluation::Evaluator;
use super::keys::{GaloisKey, add_switched, masked};
use super::{Ciphertext, Context, Params, SecretKey};
use crate::ring::sampling::{Seed, derive_seed, generator, uniform};
use crate::ring::{GaloisElement, NttForm, Permutation, Poly};

/// How many ciphertexts may share a polynomial.
pub const SHARED_BY: [usize; 4] = [1, 2, 4, 8];

/// The client's secrets under which ciphertexts that share a polynomial are read.
#[derive(Debug)]
pub struct ShareSecrets(Vec<SecretKey>);

impl ShareSecrets {
    /// One secret for each of `by` ciphertexts, from streams of `seed`.
    pub fn generate(context: &Context, by: usize, seed: &Seed) -> Self {
        let of = |stream| {
            SecretKey::generate(context, &derive_seed(&mut generator(seed, stream as u64)))
        };
        Self((0..by).map(of).collect())
    }

    /// The secrets, in the order of the ciphertexts.
    pub fn secrets(&self) -> &[SecretKey] {
        &self.0
    }
}

/// The keys by which ciphertexts come to share a polynomial, as the client sends them: A is drawn from a
/// seed.
#[derive(Clone, Debug)]
pub struct SeededSharingKeys {
    /// Limbs of the ciphertexts.
    pub limbs: usize,
    /// How many of them share a polynomial.
    pub by: usize,
    /// The public seed: stream i gives the polynomials A of the i-th key, digit after digit.
    pub seed: [u8; 32],
    /// B: for each ciphertext and each digit, a polynomial over Q P for each secret.
    pub polys: Vec<Poly<NttForm>>,
}

impl SeededSharingKeys {
    /// The keys for ciphertexts of `limbs` limbs, as many as there are `shares`. Errors come from `secret_seed`, A from `public_seed`,
    /// which must be independent of it and of all other seeds.
    pub fn generate(
        context: &Context,
        limbs: usize,
        secret: &SecretKey,
        shares: &[SecretKey],
        secret_seed: &Seed,
        public_seed: &[u8; 32],
    ) -> Self {
        let context = context.of(limbs);
        let secret = secret.under(context);
        let shares: Vec<SecretKey> = shares.iter().map(|share| share.under(context)).collect();
        let key = |i: usize| {
            let mut public = generator(public_seed, i as u64);
            let mut private = generator(secret_seed, i as u64);
            let mut polys = Vec::with_capacity(limbs * shares.len());
            for d in 0..limbs {
                let mask = uniform(context.extended_basis(), &mut public);
                for (j, share) in shares.iter().enumerate() {
                    let mut poly = masked(context, &mask, share.values(), &mut private);
                    if i == j {
                        add_switched(context, &secret, d, &mut poly);
                    }
                    polys.push(poly);
                }
            }
            polys
        };
        let polys = (0..shares.len()).into_par_iter().flat_map(key).collect();
        Self { limbs, by: shares.len(), seed: *public_seed, polys }
    }
}

/// The keys as the server uses them.
#[derive(Debug)]
pub struct SharingKeys {
    /// For each ciphertext a key for each pair of polynomials that it is switched to: A and B_1, B_2 and
    /// B_3 and so on; the last has but one.
    keys: Vec<Vec<GaloisKey>>,
}

impl SharingKeys {
    /// Expands received keys.
    pub fn expand(context: &Context, received: &SeededSharingKeys) -> Self {
        let SeededSharingKeys { limbs, by, seed, polys } = received;
        let context = context.of(*limbs);
        let n = context.ring_degree();
        let identity = Permutation::new(n, GaloisElement::new(n, 1));
        let expand = |(i, polys): (usize, &[Poly<NttForm>])| {
            let mut public = generator(seed, i as u64);
            let blank = |_| GaloisKey::blank(context, identity.clone());
            let mut pairs: Vec<GaloisKey> = (0..pairs_of(*by)).map(blank).collect();
            for (d, polys) in polys.chunks_exact(*by).enumerate() {
                let mask = uniform(context.extended_basis(), &mut public);
                let all = std::iter::once(&mask).chain(polys).enumerate();
                all.for_each(|(at, poly)| pairs[at / 2].place(context, d, poly, at % 2));
            }
            pairs
        };
        let each = polys.par_chunks_exact((limbs * by).max(1));
        Self { keys: each.enumerate().map(expand).collect() }
    }

    /// How many ciphertexts share a polynomial.
    pub const fn by(&self) -> usize {
        self.keys.len()
    }

    /// Bytes that they take in memory.
    pub fn bytes(&self) -> u64 {
        self.keys.iter().flatten().map(GaloisKey::bytes).sum()
    }

    /// Bytes that [`SharingKeys::bytes`] will be for ciphertexts of `limbs` limbs.
    pub fn predicted_bytes(params: &Params, limbs: usize, by: usize) -> u64 {
        (by * pairs_of(by)) as u64 * GaloisKey::predicted_bytes(params, limbs)
    }
}

/// Pairs that one polynomial c1 and `by` polynomials c0 make.
pub const fn pairs_of(by: usize) -> usize {
    (1 + by).div_ceil(2)
}

/// Ciphertexts that share their second polynomial; or one, which shares it with none.
#[derive(Clone, Debug)]
pub struct SharedCiphertext {
    /// The polynomials that carry messages: of the i-th under the i-th of [`ShareSecrets`], or of the
    /// only one under the client's own secret.
    pub c0: Vec<Poly<NttForm>>,
    /// The polynomial that meets the secrets.
    pub c1: Poly<NttForm>,
}

impl SharedCiphertext {
    /// One of the ciphertexts alone.
    pub fn ciphertext(&self, index: usize) -> Ciphertext {
        Ciphertext { c0: self.c0[index].clone(), c1: self.c1.clone() }
    }

    /// Limbs.
    pub fn limbs(&self) -> usize {
        self.c1.basis().len()
    }
}

impl From<Ciphertext> for SharedCiphertext {
    fn from(ciphertext: Ciphertext) -> Self {
        Self { c0: vec![ciphertext.c0], c1: ciphertext.c1 }
    }
}

impl Evaluator<'_> {
    /// Ciphertexts of this evaluator's limbs, at most as many as `keys` are for, with one second
    /// polynomial: a key switch of each, and a division by P.
    pub fn share(&self, keys: &SharingKeys, ciphertexts: Vec<Ciphertext>) -> SharedCiphertext {
        let (context, mut scratch) = (self.context(), self.scratch());
        let (basis, pairs) = (context.extended_basis(), pairs_of(ciphertexts.len()));
        let mut switched: Vec<[Poly<NttForm>; 2]> =
            (0..pairs).map(|_| [Poly::zero(basis), Poly::zero(basis)]).collect();
        for (i, (ciphertext, keys)) in ciphertexts.iter().zip(&keys.keys).enumerate() {
            self.decompose(&ciphertext.c1, &mut scratch);
            for m in 0..basis.len() {
                for ([first, second], key) in switched.iter_mut().zip(keys) {
                    let sums = [first.limb_mut(m), second.limb_mut(m)];
                    self.switch_modulo(key, m, i > 0, &scratch, sums);
                }
            }
            self.count_rotations(1);
        }
        let mut polys = switched.into_iter().flatten();
        let mut divide = |mut sum: Poly<NttForm>| {
            if let Some(mut switched) = polys.next() {
                self.add_divided(&mut switched, &mut scratch, &mut sum);
            }
            sum
        };
        let c1 = divide(Poly::zero(context.ciphertext_basis()));
        let c0 = ciphertexts.into_iter().map(|ciphertext| divide(ciphertext.c0)).collect();
        self.keep_scratch(scratch);
        SharedCiphertext { c0, c1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::Reduction;
    use crate::bfv::noise::{NoiseModel, measure_variance};
    use crate::bfv::testing::{backend, params, seeds};
    use crate::bfv::{Coefficients, GaloisKeys, Plaintext, decrypt, encrypt};

    /// Ciphertexts that share a polynomial hold what they held, each under its own secret alone, and as
    /// much more noise as is predicted.
    #[test]
    fn each_ciphertext_is_read_under_its_own_secret() {
        for (limbs, by, count) in [
            (&[44][..], 2, 2),
            (&[44], 4, 4),
            (&[44], 8, 5),
            (&[36, 26], 4, 3),
            (&[40, 40, 40], 2, 1),
        ] {
            let params = params(1024, limbs, 50, 20);
            let context = Context::new(params, backend(), Reduction::Lazy).expect("has roots");
            let [secret_seed, share_seed, errors] = seeds(by as u8);
            let secret = SecretKey::generate(&context, &secret_seed);
            let shares = ShareSecrets::generate(&context, by, &share_seed);
            let sent = SeededSharingKeys::generate(
                &context,
                limbs.len(),
                &secret,
                shares.secrets(),
                &errors,
                &[9; 32],
            );
            let keys = SharingKeys::expand(&context, &sent);
            assert_eq!(
                keys.bytes(),
                SharingKeys::predicted_bytes(context.params(), limbs.len(), by)
            );
            let [.., errors] = seeds(100);
            let message = |i: u64| Plaintext((0..1024).map(|j| (j * j + i * 977) % 1000).collect());
            let fresh = |i: u64| {
                let all = &Coefficients::All;
                let sent = encrypt(&context, &secret, &message(i), &errors, &[3; 32], i, all);
                sent.expand(&context, &[3; 32])
            };
            let none = GaloisKeys::default();
            let evaluator = Evaluator::new(&context, &none);
            let shared = evaluator.share(&keys, (0..count).map(fresh).collect());
            assert_eq!(evaluator.rotations(), count);
            let model = NoiseModel::new(context.params());
            let predicted = model.fresh() + count as f64 * model.key_switch() + model.rounding();
            for i in 0..count {
                let (one, own) = (shared.ciphertext(i as usize), &shares.secrets()[i as usize]);
                assert_eq!(decrypt(&context, own, &one), message(i));
                let ratio = measure_variance(&context, own, &one) / predicted;
                assert!((0.8..1.25).contains(&ratio), "{limbs:?} by {by}: {ratio}");
                let other = &shares.secrets()[(i as usize + 1) % by];
                assert_ne!(decrypt(&context, other, &one), message(i));
                assert_ne!(decrypt(&context, &secret, &one), message(i));
            }
        }
    }
}
