//! What primitives cost under parameters that are given.

use serde::Serialize;

use super::rates::{Bench, client_times, encode, rotation_times};
use super::{ProbeError, time};
use crate::arith::kernels::{Backend, Reduction};
use crate::arith::zeroed;
use crate::bfv::{Context, Params};
use crate::report::rounded;

/// Microseconds of primitives on one core, with lazy reduction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Primitives {
    /// A forward transform of one limb.
    pub ntt_forward: f64,
    /// A rotation of an input that was decomposed, written where the multiply stage reads it.
    pub hoisted_rotation: f64,
    /// A rotation of a sum, added to others: decomposition and key switch, without the division by P
    /// that all of them share.
    pub output_rotation: f64,
    /// Encryption of a plaintext.
    pub encryption: f64,
    /// Decryption of a response.
    pub decryption: f64,
    /// Encoding of a dense weight plaintext, put in its place.
    pub weight_encoding: f64,
}

impl Primitives {
    /// The better of each: what disturbs a machine makes nothing faster.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        Self {
            ntt_forward: self.ntt_forward.min(other.ntt_forward),
            hoisted_rotation: self.hoisted_rotation.min(other.hoisted_rotation),
            output_rotation: self.output_rotation.min(other.output_rotation),
            encryption: self.encryption.min(other.encryption),
            decryption: self.decryption.min(other.decryption),
            weight_encoding: self.weight_encoding.min(other.weight_encoding),
        }
    }
}

/// Measures primitives under `params`, on one thread.
pub(in crate::predict) fn primitives(
    params: &Params,
    backend: Backend,
) -> Result<Primitives, ProbeError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| {
        let context = |reduction| {
            let context = Context::new(params.clone(), backend, reduction);
            context.ok_or(ProbeError::Setting("context"))
        };
        let bench = Bench::of([context(Reduction::Eager)?, context(Reduction::Lazy)?])?;
        let context = bench.lazy();
        let mut words = zeroed(context.ring_degree());
        let ntt = context.ciphertext_basis().limbs()[0].ntt();
        let forward = time(|| ntt.forward(&mut words));
        let keys = bench.keys()?;
        let rotation = rotation_times(&bench, context, &keys)?;
        let client = client_times(&bench)?;
        let weight = encode(context)? * context.ciphertext_basis().words() as f64;
        let us = |nanoseconds: f64| rounded(nanoseconds / 1e3, 2);
        Ok(Primitives {
            ntt_forward: us(forward),
            hoisted_rotation: us(rotation.switch),
            output_rotation: us(rotation.add),
            encryption: us(client.encryption),
            decryption: us(client.decryption),
            weight_encoding: us(weight),
        })
    })
}
