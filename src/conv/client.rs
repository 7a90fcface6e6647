//! The client's side of a run.

use rayon::prelude::*;

use super::{ConvError, Outline, Steps};
use crate::bfv::{
    Coefficients, Context, GaloisKeyId, Plaintext, Reader, Response, SecretKey, SeededGaloisKeys,
    SeededSharingKeys, ShareSecrets, encrypt, wire,
};
use crate::ring::sampling::{Seed, derive_seed, generator};

/// The client of runs whose parameters have the same ring and primes. What it does under a plaintext
/// modulus is told the context.
pub struct Client {
    /// The secret that inputs are encrypted under.
    pub secret: SecretKey,
    /// Those that outputs which share a polynomial are read under; none where nothing is shared.
    shares: Option<ShareSecrets>,
    /// Where all that follows comes from.
    seed: Seed,
}

/// What a message's randomness is for. Errors and the public seed of each have streams of their own, so
/// that neither follows from the other.
#[derive(Clone, Copy)]
enum Purpose {
    Keys,
    /// Keys by which so many ciphertexts of so many limbs share polynomials.
    Sharing {
        limbs: usize,
        by: usize,
    },
    /// The input of this number.
    Input(u64),
}

impl Purpose {
    /// A number that no other purpose has; secrets have number 0.
    const fn number(self) -> u64 {
        match self {
            Self::Keys => 1,
            // Limbs are few, and at most eight outputs share.
            Self::Sharing { limbs, by } => 2 + 16 * limbs as u64 + by as u64,
            Self::Input(number) => (1 << 62) | number,
        }
    }
}

impl Client {
    /// A client with new secrets, `shared_by` of them for outputs that share a polynomial.
    pub fn new(context: &Context, secrets: &Seed, shared_by: usize) -> Self {
        let mut private = generator(secrets, 0);
        let secret = SecretKey::generate(context, &derive_seed(&mut private));
        let shares = derive_seed(&mut private);
        let shares = (shared_by > 1).then(|| ShareSecrets::generate(context, shared_by, &shares));
        Self { secret, shares, seed: secrets.clone() }
    }

    /// The seed of a message's errors, and its public one.
    fn seeds(&self, purpose: Purpose) -> (Seed, [u8; 32]) {
        let [private, public] =
            [0, 1].map(|half| derive_seed(&mut generator(&self.seed, 2 * purpose.number() + half)));
        (private, *public)
    }

    /// The secrets that outputs are read under of which `by` share a polynomial, one after the other.
    pub fn secrets(&self, by: usize) -> &[SecretKey] {
        match &self.shares {
            Some(shares) if by > 1 => shares.secrets().get(..by).unwrap_or_default(),
            _ => std::slice::from_ref(&self.secret),
        }
    }

    /// The message with the Galois keys; empty where there are none.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`], as of all that has steps.
    pub fn keys(
        &self,
        context: &Context,
        ids: &[GaloisKeyId],
        steps: Steps<'_>,
    ) -> Result<Vec<u8>, ConvError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (errors, public) = self.seeds(Purpose::Keys);
        let done = || steps.advance(1);
        let keys = SeededGaloisKeys::generate(context, &self.secret, ids, &errors, &public, done)?;
        Ok(wire::write_keys(context, &keys))
    }

    /// The message with the keys by which outputs of so many limbs come to share polynomials, `by` of them
    /// one.
    pub fn sharing_keys(&self, context: &Context, limbs: usize, by: usize) -> Vec<u8> {
        let (errors, public) = self.seeds(Purpose::Sharing { limbs, by });
        let (secret, shares) = (&self.secret, self.secrets(by));
        let keys = SeededSharingKeys::generate(context, limbs, secret, shares, &errors, &public);
        wire::write_sharing_keys(context, &keys)
    }

    /// The message with the inputs of number `number`, of each the coefficients of c0 in `sent`. Two
    /// inputs of one number tell their difference to whoever sees both.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub fn upload(
        &self,
        context: &Context,
        number: u64,
        plaintexts: &[Plaintext],
        sent: &[Coefficients],
        steps: Steps<'_>,
    ) -> Result<Vec<u8>, ConvError> {
        let (errors, seed) = self.seeds(Purpose::Input(number));
        let one = |(stream, (plaintext, sent)): (usize, (&Plaintext, &Coefficients))| {
            let stream = stream as u64;
            let ciphertext =
                encrypt(context, &self.secret, plaintext, &errors, &seed, stream, sent);
            steps.advance(1)?;
            Ok(ciphertext)
        };
        let plaintexts = plaintexts.par_iter().zip(sent).enumerate();
        let ciphertexts: Vec<_> = plaintexts.map(one).collect::<Result<_, ConvError>>()?;
        Ok(wire::write_upload(context, &seed, &ciphertexts))
    }

    /// The outputs of a response to a run with this outline.
    ///
    /// # Errors
    /// [`ConvError`] for bytes that are no such response, or a response that cannot be read.
    pub fn read(
        &self,
        context: &Context,
        bytes: &[u8],
        outline: &Outline,
        steps: Steps<'_>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let (read, by) = (&outline.downloads, outline.shared_by);
        let responses = wire::read_response(context, bytes, read, by)?;
        let Some(Response { widths, .. }) = responses.first() else { return Ok(Vec::new()) };
        let reader =
            |secret| Reader::new(context, secret, *widths).ok_or(ConvError::Response(*widths));
        let readers = self.secrets(by).iter().map(reader).collect::<Result<Vec<_>, _>>()?;
        let decrypt = |(place, read): (usize, &Coefficients)| {
            let (group, index) = (place / by, place % by);
            let plaintext = readers[index].decrypt(&responses[group], index, read);
            steps.advance(1)?;
            Ok(plaintext)
        };
        read.par_iter().enumerate().map(decrypt).collect()
    }
}
