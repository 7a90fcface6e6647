//! How many bits the coefficients of a response have.

use super::noise::{NoiseModel, Samples};
use super::{Coefficients, Params};

/// Bits of the coefficients of both polynomials of a response: it is a ciphertext whose c1 is known
/// modulo 2^k, and whose c0 in steps of 2^(k - k0).
///
/// The rounding of c1 reaches a message through the secret, summed over 2N/3 coefficients, but that of c0
/// once. So c0 has fewer bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// k0, at most k.
    pub c0: u32,
    /// k.
    pub c1: u32,
}

impl Widths {
    /// Of both so many.
    pub const fn equal(bits: u32) -> Self {
        Self { c0: bits, c1: bits }
    }

    /// The most that can be decrypted at a ring degree: c1 s must stay below half of a 61-bit prime.
    pub const fn most(ring_degree: usize) -> Self {
        Self::equal(60 - ring_degree.ilog2())
    }

    /// No response under `params` has fewer: below log2 t bits messages are not told apart.
    pub const fn fewest(params: &Params) -> Self {
        Self::equal(params.plain().bits())
    }

    /// Whether there are ciphertexts of these widths at a ring degree.
    pub const fn is_valid(self, ring_degree: usize) -> bool {
        1 <= self.c0 && self.c0 <= self.c1 && self.c1 <= Self::most(ring_degree).c1
    }

    /// The widths of the smallest response that carries `read`, of which `shared_by` share a c1, of noise
    /// with these predicted variances: what is wrong after switching stays below 2^k/(2t) with failure probability 2^-40 over all
    /// coefficients. Where the prediction leaves no budget at all, the most that are of use.
    pub fn least(
        params: &Params,
        samples: &[Samples],
        read: &[Coefficients],
        shared_by: usize,
    ) -> Self {
        let (n, fewest) = (params.ring_degree(), Self::fewest(params));
        let count = read.iter().map(|read| read.count(n)).sum::<usize>();
        let all = n * read.len().div_ceil(shared_by.max(1));
        let bits = |widths: Self| widths.c0 as usize * count + widths.c1 as usize * all;
        let fits = |widths: &Self| widths.keep(params, samples);
        let most = Self::most(n);
        let mut best: Option<Self> = None;
        // The more bits c1 has, the fewer are enough for c0.
        let mut enough = most.c0;
        for c1 in fewest.c1..=most.c1 {
            let better = |widths| best.is_none_or(|best| bits(widths) < bits(best));
            if !better(Self { c1, ..fewest }) {
                break;
            }
            let narrower = (fewest.c0..=c1.min(enough)).rev().map(|c0| Self { c0, c1 });
            if let Some(widths) = narrower.take_while(fits).last() {
                enough = widths.c0;
                best = Some(widths).filter(|widths| better(*widths)).or(best);
            }
        }
        best.unwrap_or(most)
    }

    /// Whether noise of these variances, switched, leaves every message what it is. What rounding c0 adds
    /// is taken at its largest, half a step: uniform errors have no tail.
    fn keep(self, params: &Params, samples: &[Samples]) -> bool {
        let model = NoiseModel::new(params);
        let power = f64::from(self.c1).exp2();
        let limit = power / (2.0 * params.plain().value() as f64) - self.step() / 2.0;
        let switched: Vec<Samples> = samples
            .iter()
            .map(|s| Samples { variance: model.switched(s.variance, self.c1), ..*s })
            .collect();
        limit > 0.0 && NoiseModel::keeps(&switched, limit)
    }

    /// From one value of c0 to the next, in units of 2^-k Q.
    pub fn step(self) -> f64 {
        f64::from(self.c1 - self.c0).exp2()
    }
}
