//! The BFV scheme: parameters and their security, keys, encryption, evaluation, noise and wire
//! format.
//!
//! Encryption is symmetric: the client owns the only secret key, encrypts its own data and reads
//! the results. The server holds Galois keys. A ciphertext (c0, c1) of the plaintext m satisfies
//! c0 + c1 s = round(Q m / t) + v with a small noise v.

mod coefficients;
mod context;
mod encryption;
mod evaluation;
mod keys;
pub mod noise;
pub mod params;
mod pool;
mod response;
mod rotation_sum;
pub mod security;
mod sharing;
mod slots;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod upload;
mod widths;
pub mod wire;

pub use coefficients::Coefficients;
pub use context::{Context, NoSlots, Plaintext};
pub use encryption::{Ciphertext, decrypt, encrypt};
pub use evaluation::{Evaluator, MissingKey, Scratch};
pub use keys::{GaloisKey, GaloisKeyId, GaloisKeys, SecretKey, SeededGaloisKey, SeededGaloisKeys};
pub use params::{Params, ParamsError, ParamsSpec, PrimeSpec};
pub use pool::Pool;
pub use response::{Reader, Response};
pub use rotation_sum::RotationSum;
pub use sharing::{
    SHARED_BY, SeededSharingKeys, ShareSecrets, SharedCiphertext, SharingKeys, pairs_of,
};
pub use slots::Slots;
pub use upload::SeededCiphertext;
pub use widths::Widths;
