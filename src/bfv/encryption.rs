//! Symmetric encryption with a seeded second polynomial, and decryption modulo Q.

use zeroize::Zeroize;

use super::{Coefficients, Context, Plaintext, SecretKey, SeededCiphertext};
use crate::ring::sampling::{Seed, errors, generator, uniform};
use crate::ring::{Coeff, NttForm, Poly};

/// A ciphertext modulo Q, by its values.
#[derive(Clone, Debug)]
pub struct Ciphertext {
    /// The polynomial that carries the message.
    pub c0: Poly<NttForm>,
    /// The polynomial that meets the secret.
    pub c1: Poly<NttForm>,
}

impl Ciphertext {
    /// An encryption of zero without noise.
    pub fn zero(context: &Context) -> Self {
        let basis = context.ciphertext_basis();
        Self { c0: Poly::zero(basis), c1: Poly::zero(basis) }
    }

    /// The same ciphertext, with all memory taken; it must be zero.
    pub fn taken(mut self) -> Self {
        self.polys_mut().into_iter().for_each(Poly::take);
        self
    }

    /// Both polynomials.
    pub(super) const fn polys_mut(&mut self) -> [&mut Poly<NttForm>; 2] {
        [&mut self.c0, &mut self.c1]
    }

    /// Its limbs.
    pub fn limbs(&self) -> usize {
        self.c0.basis().len()
    }

    /// Adds `other`.
    pub fn add_assign(&mut self, other: &Self) {
        self.c0.add_assign(&other.c0);
        self.c1.add_assign(&other.c1);
    }

    /// Adds a plaintext: round(Q m / t) to c0, which adds less than one to the noise.
    pub fn add_plain(&mut self, context: &Context, plaintext: &Plaintext) {
        self.c0.add_assign(&context.scale_up(plaintext).into_ntt());
    }

    /// c0 + c1 s: the scaled message plus the noise.
    pub(super) fn phase(&self, secret: &SecretKey) -> Poly<Coeff> {
        // What it holds first, c1 s, tells the secret; it is overwritten at once.
        let mut phase = self.c1.clone();
        phase.mul_assign(secret.values());
        phase.add_assign(&self.c0);
        phase.into_coeff()
    }
}

/// Encrypts `plaintext`: c0 = round(Q m / t) + e - c1 s, with c1 stream `stream` of `public_seed`
/// and e the same stream of `secret_seed`. The seeds must be independent of each other and of the
/// seeds of the keys, and a stream must serve once. Of c0 the coefficients in `sent` are made.
pub fn encrypt(
    context: &Context,
    secret: &SecretKey,
    plaintext: &Plaintext,
    secret_seed: &Seed,
    public_seed: &[u8; 32],
    stream: u64,
    sent: &Coefficients,
) -> SeededCiphertext {
    let basis = context.ciphertext_basis();
    let mut message = context.scale_up(plaintext);
    let noise = errors(context.ring_degree(), &mut generator(secret_seed, stream));
    message.add_small(&noise);
    let mut mask = uniform(basis, &mut generator(public_seed, stream));
    mask.mul_assign(secret.values());
    // c1 s tells the secret.
    let mut mask = mask.into_coeff();
    message.sub_assign(&mask);
    mask.zeroize();
    SeededCiphertext::new(context, &message, sent.clone(), stream)
}

/// Decrypts a ciphertext modulo Q.
pub fn decrypt(context: &Context, secret: &SecretKey, ciphertext: &Ciphertext) -> Plaintext {
    context.scale_down(&ciphertext.phase(secret))
}
