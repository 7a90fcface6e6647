//! The client's side of a run.

use rayon::prelude::*;

use super::{ConvError, Outline, Steps};
use crate::bfv::{
    Coefficients, Context, GaloisKeyId, Plaintext, Reader, Response, SecretKey, SeededGaloisKeys,
    SeededSharingKeys, ShareSecrets, encrypt, wire,
};
use crate::ring::sampling::{Seed, derive_seed, generator};

/// The client of one run.
pub struct Client<'a> {
    context: &'a Context,
    /// The secret that inputs are encrypted under.
    pub secret: SecretKey,
    /// Those that outputs which share a polynomial are read under; none where nothing is shared.
    shares: Option<ShareSecrets>,
    /// Errors of keys, of ciphertexts and of sharing keys.
    errors: [Seed; 3],
    /// Public seeds of keys, of ciphertexts and of sharing keys, from a stream of their own: the secrets
    /// do not follow from them.
    public: [[u8; 32]; 3],
}

impl<'a> Client<'a> {
    /// A client with new secrets, `shared_by` of them for outputs that share a polynomial.
    pub fn new(context: &'a Context, secrets: &Seed, shared_by: usize) -> Self {
        let mut private = generator(secrets, 0);
        let mut public = generator(secrets, 1);
        let secret = SecretKey::generate(context, &derive_seed(&mut private));
        let errors = [(); 3].map(|()| derive_seed(&mut private));
        let shares = derive_seed(&mut private);
        let shares = (shared_by > 1).then(|| ShareSecrets::generate(context, shared_by, &shares));
        let public = [(); 3].map(|()| *derive_seed(&mut public));
        Self { context, secret, shares, errors, public }
    }

    /// The secrets that outputs are read under, one after the other.
    pub fn secrets(&self) -> &[SecretKey] {
        self.shares.as_ref().map_or(std::slice::from_ref(&self.secret), ShareSecrets::secrets)
    }

    /// The message with the keys; empty where there are none.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`], as of all that has steps.
    pub fn keys(&self, ids: &[GaloisKeyId], steps: Steps<'_>) -> Result<Vec<u8>, ConvError> {
        let [errors, ..] = &self.errors;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (context, secret, public) = (self.context, &self.secret, &self.public[0]);
        let done = || steps.advance(1);
        let keys = SeededGaloisKeys::generate(context, secret, ids, errors, public, done)?;
        Ok(wire::write_keys(self.context, &keys))
    }

    /// The message with the keys by which outputs of so many limbs come to share polynomials; `None`
    /// where nothing is shared.
    pub fn sharing_keys(&self, limbs: usize) -> Option<Vec<u8>> {
        let ([.., errors], [.., public]) = (&self.errors, &self.public);
        let shares = self.shares.as_ref()?;
        let (context, secret) = (self.context, &self.secret);
        let keys = SeededSharingKeys::generate(context, limbs, secret, shares, errors, public);
        Some(wire::write_sharing_keys(context, &keys))
    }

    /// The message with the inputs, of each the coefficients of c0 in `sent`.
    ///
    /// # Errors
    /// [`ConvError::Cancelled`].
    pub fn upload(
        &self,
        plaintexts: &[Plaintext],
        sent: &[Coefficients],
        steps: Steps<'_>,
    ) -> Result<Vec<u8>, ConvError> {
        let (context, [_, errors, _], seed) = (self.context, &self.errors, &self.public[1]);
        let one = |(stream, (plaintext, sent)): (usize, (&Plaintext, &Coefficients))| {
            let stream = stream as u64;
            let ciphertext = encrypt(context, &self.secret, plaintext, errors, seed, stream, sent);
            steps.advance(1)?;
            Ok(ciphertext)
        };
        let plaintexts = plaintexts.par_iter().zip(sent).enumerate();
        let ciphertexts: Vec<_> = plaintexts.map(one).collect::<Result<_, ConvError>>()?;
        Ok(wire::write_upload(context, seed, &ciphertexts))
    }

    /// The outputs of a response to a run with this outline.
    ///
    /// # Errors
    /// [`ConvError`] for bytes that are no such response, or a response that cannot be read.
    pub fn read(
        &self,
        bytes: &[u8],
        outline: &Outline,
        steps: Steps<'_>,
    ) -> Result<Vec<Plaintext>, ConvError> {
        let (read, by) = (&outline.downloads, outline.shared_by);
        let responses = wire::read_response(self.context, bytes, read, by)?;
        let Some(Response { widths, .. }) = responses.first() else { return Ok(Vec::new()) };
        let reader =
            |secret| Reader::new(self.context, secret, *widths).ok_or(ConvError::Response(*widths));
        let readers = self.secrets().iter().map(reader).collect::<Result<Vec<_>, _>>()?;
        let decrypt = |(place, read): (usize, &Coefficients)| {
            let (group, index) = (place / by, place % by);
            let plaintext = readers[index].decrypt(&responses[group], index, read);
            steps.advance(1)?;
            Ok(plaintext)
        };
        read.par_iter().enumerate().map(decrypt).collect()
    }
}
