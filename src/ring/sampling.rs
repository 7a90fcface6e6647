//! Random polynomials from ChaCha20 streams.

use std::sync::Arc;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

use super::{Basis, NttForm, Poly};
use crate::arith::{Modulus, Unpacker};

/// A 32-byte seed of a ChaCha20 stream, zeroised on drop.
pub type Seed = Zeroizing<[u8; 32]>;

/// The generator of `seed`'s stream number `stream`. Streams of one seed are independent.
pub fn generator(seed: &[u8; 32], stream: u64) -> ChaCha20Rng {
    let mut rng = ChaCha20Rng::from_seed(*seed);
    rng.set_stream(stream);
    rng
}

/// The next 32 bytes of `rng` as a seed of its own.
pub fn derive_seed(rng: &mut ChaCha20Rng) -> Seed {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    seed
}

/// An integer uniform below `modulus`: the first of the stream's words, cut to the modulus' bit
/// length, that is small enough.
pub fn uniform_below(rng: &mut ChaCha20Rng, modulus: &Modulus) -> u64 {
    let mask = u64::MAX >> (64 - modulus.bits());
    loop {
        let word = rng.next_u64() & mask;
        if word < modulus.value() {
            return word;
        }
    }
}

/// Words drawn at once.
const DRAWN: usize = 512;

/// Fills `words` with the stream's next bits, `bits` for each; `words.len()` is a multiple of 8.
/// Bytes drawn are zeroised.
fn draw(rng: &mut ChaCha20Rng, bits: u32, words: &mut [u64]) {
    let mut space = Zeroizing::new([0; DRAWN * 8]);
    for words in words.chunks_mut(DRAWN) {
        let bytes = &mut space[..words.len() * bits as usize / 8];
        rng.fill_bytes(bytes);
        Unpacker::new(bytes).words(words, bits);
    }
}

/// A uniform polynomial. Uniform values and uniform coefficients are the same distribution, so
/// no transform is needed.
///
/// A limb takes as many bits of the stream for each word as its prime has; words that are not below
/// it are then drawn anew, one after the other.
pub fn uniform(basis: &Arc<Basis>, rng: &mut ChaCha20Rng) -> Poly<NttForm> {
    let mut poly = Poly::zero(basis);
    for (i, limb) in basis.limbs().iter().enumerate() {
        let modulus = limb.modulus();
        let words = poly.limb_mut(i);
        draw(rng, modulus.bits(), words);
        for word in words {
            if *word >= modulus.value() {
                *word = uniform_below(rng, modulus);
            }
        }
    }
    poly
}

/// `len` coefficients uniform in {-1, 0, 1}.
pub fn ternary(len: usize, rng: &mut ChaCha20Rng) -> Zeroizing<Vec<i8>> {
    let mut coefficients = Zeroizing::new(Vec::with_capacity(len));
    while coefficients.len() < len {
        // Two bits a try; the fourth value is thrown away.
        let mut word = Zeroizing::new(rng.next_u64());
        for _ in 0..32 {
            if *word & 3 != 3 && coefficients.len() < len {
                coefficients.push((*word & 3) as i8 - 1);
            }
            *word >>= 2;
        }
    }
    coefficients
}

/// Bits on each side of the centred binomial error.
pub const ERROR_BITS: u32 = 21;

/// The error's variance: half the bits on each side, 10.5 (standard deviation 3.24).
pub const ERROR_VARIANCE: f64 = ERROR_BITS as f64 / 2.0;

/// `len` errors, a multiple of 8: the centred binomial distribution of 21 + 21 bits.
pub fn errors(len: usize, rng: &mut ChaCha20Rng) -> Zeroizing<Vec<i8>> {
    const UPPER: u64 = ((1 << ERROR_BITS) - 1) << ERROR_BITS;
    let mut words = Zeroizing::new([0; DRAWN]);
    let mut errors = Zeroizing::new(Vec::with_capacity(len));
    while errors.len() < len {
        let words = &mut words[..DRAWN.min(len - errors.len())];
        draw(rng, 2 * ERROR_BITS, words);
        // Ones below less ones above are ones below plus zeros above, less all that are above.
        let error = |word: &u64| (word ^ UPPER).count_ones() as i8 - ERROR_BITS as i8;
        errors.extend(words.iter().map(error));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::kernels::Backend;

    fn moments(values: &[i8]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        (mean, variance)
    }

    /// 2^16 samples: the bounds are six standard deviations of each estimate.
    #[test]
    fn distributions_have_their_moments() {
        let mut rng = generator(&[7; 32], 0);
        let secret = ternary(1 << 16, &mut rng);
        assert_eq!(secret.len(), 1 << 16);
        let (mean, variance) = moments(&secret);
        assert!(mean.abs() < 0.02 && (variance - 2.0 / 3.0).abs() < 0.012, "{mean} {variance}");
        assert!(secret.iter().all(|s| (-1..=1).contains(s)));
        let (mean, variance) = moments(&errors(1 << 16, &mut rng));
        assert!(mean.abs() < 0.08 && (variance - ERROR_VARIANCE).abs() < 0.35, "{mean} {variance}");
    }

    #[test]
    fn streams_are_reproducible_and_differ() {
        let modulus = Modulus::new(1_032_193).expect("in range");
        let basis = Arc::new(Basis::new(64, &[modulus], Backend::Portable).expect("has roots"));
        let draw =
            |seed, stream| uniform(&basis, &mut generator(&[seed; 32], stream)).words().to_vec();
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
        assert!(draw(1, 0).iter().all(|w| *w < modulus.value()));
    }
}
