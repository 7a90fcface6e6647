//! Bytes of messages, and what they are for.

use super::{HEADER_BYTES, ID_BYTES, SEED_BYTES};
use crate::arith::Modulus;
use crate::bfv::upload::largest_digits;
use crate::bfv::{Coefficients, GaloisKeyId, Params, Widths};
use crate::ring::Basis;

/// What the bytes of a message with ciphertexts are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What is encrypted: as many bits as t has of each coefficient of c0 that is sent.
    pub payload: u64,
    /// The other bits of polynomials: room for noise, without which results would not be exact, and c1.
    pub noise: u64,
    /// The seed of c1.
    pub seed: u64,
    /// The header.
    pub header: u64,
}

impl Parts {
    /// Of a message of so many bytes, `seed` of them a seed, with these coefficients of c0.
    fn of(params: &Params, coefficients: &[Coefficients], bytes: usize, seed: usize) -> Self {
        let n = params.ring_degree();
        let count: usize = coefficients.iter().map(|some| some.count(n)).sum();
        let polynomials = bytes.saturating_sub(HEADER_BYTES + seed);
        let payload = (count * params.plain().bits() as usize / 8).min(polynomials);
        let [payload, noise, seed, header] =
            [payload, polynomials - payload, seed, HEADER_BYTES].map(|bytes| bytes as u64);
        Self { payload, noise, seed, header }
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.payload + self.noise + self.seed + self.header
    }
}

/// Bytes of `count` words of each of these sizes; of a polynomial there are N.
pub(super) fn packed_bytes(count: usize, bits: impl Iterator<Item = u32>) -> usize {
    let total: usize = bits.map(|b| b as usize * count).sum();
    total.div_ceil(8)
}

pub(super) fn basis_bits(basis: &Basis) -> impl Iterator<Item = u32> + '_ {
    basis.limbs().iter().map(|limb| limb.modulus().bits())
}

pub(super) fn limb_bits(params: &Params) -> impl Iterator<Item = u32> + '_ {
    params.limbs().iter().map(Modulus::bits)
}

/// Bytes of the message that carries these Galois keys; without keys there is none.
pub fn keys_bytes(params: &Params, keys: &[GaloisKeyId]) -> usize {
    if keys.is_empty() {
        return 0;
    }
    let one = |key: &GaloisKeyId| {
        let special = params.special().map(Modulus::bits);
        let bits = limb_bits(params).take(key.limbs).chain(special);
        ID_BYTES + key.limbs * packed_bytes(params.ring_degree(), bits)
    };
    HEADER_BYTES + SEED_BYTES + keys.iter().map(one).sum::<usize>()
}

/// Bytes of the message that uploads ciphertexts, one for each of `sent`.
pub fn upload_bytes(params: &Params, sent: &[Coefficients]) -> usize {
    HEADER_BYTES + SEED_BYTES + sent.iter().map(|sent| c0_bytes(params, sent)).sum::<usize>()
}

/// What these are for.
pub fn upload_parts(params: &Params, sent: &[Coefficients]) -> Parts {
    Parts::of(params, sent, upload_bytes(params, sent), SEED_BYTES)
}

/// Bytes of c0 in an upload.
pub(super) fn c0_bytes(params: &Params, sent: &Coefficients) -> usize {
    let bits = largest_digits(params.limbs()).map(bits_of);
    packed_bytes(sent.count(params.ring_degree()), bits)
}

/// Bits that the number takes.
pub(super) const fn bits_of(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// Bytes of the message that returns ciphertexts of these widths, one for each of `read`, of which
/// `shared_by` share a polynomial.
pub fn response_bytes(
    params: &Params,
    read: &[Coefficients],
    widths: Widths,
    shared_by: usize,
) -> usize {
    let n = params.ring_degree();
    let c0 = read.iter().map(|read| words_bytes(read.count(n), widths.c0)).sum::<usize>();
    HEADER_BYTES + c0 + read.len().div_ceil(shared_by.max(1)) * words_bytes(n, widths.c1)
}

/// What these are for.
pub fn response_parts(
    params: &Params,
    read: &[Coefficients],
    widths: Widths,
    shared_by: usize,
) -> Parts {
    Parts::of(params, read, response_bytes(params, read, widths, shared_by), 0)
}

/// Bytes of `count` words of `bits` bits.
pub(super) fn words_bytes(count: usize, bits: u32) -> usize {
    packed_bytes(count, std::iter::once(bits))
}
