//! Noise: what a ciphertext has (measured with the secret key) and what it will have (predicted).
//!
//! With c0 + c1 s = (Q/t) m + v, the invariant noise is t v / Q, and the noise budget
//! log2 Q - 1 - log2(max |t v|) bits: SEAL's definition. Measuring needs the secret key, so the
//! budget is a diagnostic of the client; it must not be told to a server.
//!
//! The model is the average-case one: coefficients of v are independent and normal, and an
//! operation acts on their variance.

use std::collections::BTreeMap;

use super::upload::ROUNDING_VARIANCE;
use super::{Ciphertext, Coefficients, Context, Params, SecretKey};
use crate::ring::sampling::ERROR_VARIANCE;

/// The noise budget of `ciphertext` in bits, from the largest coefficient of those in `used`. It is never below 0,
/// since t v is known modulo Q alone; near 0 decryption fails or may fail.
pub fn measure(
    context: &Context,
    secret: &SecretKey,
    ciphertext: &Ciphertext,
    used: &Coefficients,
) -> f64 {
    let phase = ciphertext.phase(secret);
    let mut largest = 0.0f64;
    let plain = context.params().plain().value();
    context.for_multiples_at(
        used,
        &phase,
        |_| plain,
        |_, digits| {
            largest = largest.max(context.radix().log2_centred(digits));
        },
    );
    context.params().log2_q() - 1.0 - largest
}

/// The sample variance of v over all coefficients, for a ciphertext whose v is below Q/(2t):
/// what the model predicts, measured.
pub fn measure_variance(context: &Context, secret: &SecretKey, ciphertext: &Ciphertext) -> f64 {
    let phase = ciphertext.phase(secret);
    let plain = context.params().plain().value();
    let mut sum = 0.0;
    context.for_each_multiple(
        &phase,
        |_| plain,
        |_, digits| {
            // t v modulo Q; t m vanishes up to the rounding of Q m / t, less than 1/2 of v.
            let magnitude = context.radix().log2_centred(digits).exp2() / plain as f64;
            sum += magnitude * magnitude;
        },
    );
    sum / context.ring_degree() as f64
}

/// Coefficients that share a predicted variance of v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Samples {
    /// Variance of v.
    pub variance: f64,
    /// How many coefficients.
    pub count: u64,
}

/// Variances of v for one parameter set.
#[derive(Clone, Copy, Debug)]
pub struct NoiseModel {
    ring_degree: f64,
    log2_q: f64,
    plain: f64,
    key_switch: f64,
}

impl NoiseModel {
    /// The model of a parameter set.
    pub fn new(params: &Params) -> Self {
        let n = params.ring_degree() as f64;
        // Without P there are no key switches, and so nothing that they add.
        let squares: f64 = params.special().map_or(0.0, |special| {
            let special = special.value() as f64;
            params.limbs().iter().map(|q| (q.value() as f64 / special).powi(2)).sum()
        });
        Self {
            ring_degree: n,
            log2_q: params.log2_q(),
            plain: params.plain().value() as f64,
            // A centred digit is uniform modulo q_i, variance q_i^2/12; it meets N errors.
            key_switch: n * ERROR_VARIANCE * squares / 12.0,
        }
    }

    /// A fresh encryption: the error, the rounding of Q m / t, and that of c0 as it is sent.
    pub fn fresh(&self) -> f64 {
        ERROR_VARIANCE + 1.0 / 12.0 + ROUNDING_VARIANCE
    }

    /// What a key switch adds, its division by P apart; 0 where there is no P, and no switch.
    pub fn key_switch(&self) -> f64 {
        self.key_switch
    }

    /// What `count` key switches add that share one division by P; none is no division either.
    pub fn switches(&self, count: usize) -> f64 {
        if count == 0 { 0.0 } else { count as f64 * self.key_switch + self.rounding() }
    }

    /// What a rounding of both polynomials adds: 1/12 from c0, and from c1 through a secret with
    /// 2N/3 non-zero coefficients. Division by P is such.
    pub fn rounding(&self) -> f64 {
        1.0 / 12.0 + self.rounding_of_c1()
    }

    /// The part of it that comes from c1.
    fn rounding_of_c1(&self) -> f64 {
        2.0 * self.ring_degree / 3.0 / 12.0
    }

    /// What a variance becomes when c1 is switched to 2^bits and c0 is as it was, in units of 2^-bits Q.
    pub fn switched(&self, variance: f64, bits: u32) -> f64 {
        let scale = (f64::from(bits) - self.log2_q).exp2();
        scale * scale * variance + self.rounding_of_c1()
    }

    /// The factor of a product with a dense plaintext, N coefficients uniform modulo t.
    pub fn dense(&self) -> f64 {
        self.sparse(self.ring_degree)
    }

    /// The factor of a product with a plaintext of `terms` coefficients uniform modulo t.
    pub fn sparse(&self, terms: f64) -> f64 {
        terms * self.plain * self.plain / 12.0
    }

    /// The budget in bits when the largest |v| is `bound`.
    pub fn budget(&self, bound: f64) -> f64 {
        // As in a measurement, t |v| counts as at least 1.
        self.log2_q - 1.0 - (self.plain * bound).max(1.0).log2()
    }

    /// The expected budget: the median of the largest of all coefficients.
    pub fn expected_budget(&self, samples: &[Samples]) -> f64 {
        self.budget(bound(samples, std::f64::consts::LN_2))
    }

    /// The budget that is kept with probability 1 - 2^-40.
    pub fn floor_budget(&self, samples: &[Samples]) -> f64 {
        self.budget(bound(samples, FAILURE))
    }

    /// Whether [`NoiseModel::floor_budget`] is at least `bits`. One evaluation of the tail probability
    /// answers this, where the budget itself has to be searched for.
    pub fn leaves(&self, samples: &[Samples], bits: f64) -> bool {
        Self::keeps(samples, (self.log2_q - 1.0 - bits).exp2() / self.plain)
    }

    /// Whether all |v| stay below `limit` with probability 1 - 2^-40.
    pub fn keeps(samples: &[Samples], limit: f64) -> bool {
        !is_beyond(samples, limit, |beyond| beyond >= FAILURE)
    }
}

/// The failure probability that guarantees allow: 2^-40.
const FAILURE: f64 = 1.0 / (1u64 << 40) as f64;

/// Puts groups together whose variances lie within a 32nd of an octave, under the largest of each:
/// at most 1/64 bit more noise, for much less to add up.
pub fn merged(samples: impl IntoIterator<Item = Samples>) -> Vec<Samples> {
    let mut groups: BTreeMap<i64, Samples> = BTreeMap::new();
    for sample in samples {
        // Zero and infinity saturate to keys of their own.
        let key = (sample.variance.log2() * 32.0).floor() as i64;
        let group = groups.entry(key).or_insert(Samples { count: 0, ..sample });
        group.variance = group.variance.max(sample.variance);
        group.count += sample.count;
    }
    groups.into_values().collect()
}

/// The expected number of coefficients beyond +-x: sum of count * erfc(x / (sigma sqrt 2)).
fn expected_beyond(samples: &[Samples], x: f64) -> f64 {
    let tail = |s: &Samples| s.count as f64 * libm::erfc(x / (2.0 * s.variance).sqrt());
    samples.iter().filter(|s| s.variance > 0.0).map(tail).sum()
}

/// Whether [`expected_beyond`] is `too_many`, as every number above one that is too many is. The group of
/// the largest variance alone, or all coefficients as if they had it, nearly always tell.
fn is_beyond(samples: &[Samples], x: f64, too_many: impl Fn(f64) -> bool) -> bool {
    /// More than what rounding adds to a sum.
    const SLACK: f64 = 1.0 + 1e-9;
    let louder = |a: &Samples, b: &Samples| a.variance.total_cmp(&b.variance);
    let Some(largest) = samples.iter().copied().max_by(louder) else { return too_many(0.0) };
    if samples.len() > 1 && largest.variance > 0.0 {
        let count = samples.iter().map(|s| s.count as f64).sum::<f64>();
        let one = expected_beyond(&[Samples { count: 1, ..largest }], x);
        if too_many(one * largest.count as f64) {
            return true;
        }
        if !too_many(one * count * SLACK) {
            return false;
        }
    }
    too_many(expected_beyond(samples, x))
}

/// The x for which the expected number of coefficients beyond +-x is `excess`. The number of them is
/// close to Poisson, so excess = ln 2 gives the median of the largest.
fn bound(samples: &[Samples], excess: f64) -> f64 {
    let largest = samples.iter().map(|s| s.variance).fold(0.0, f64::max).sqrt();
    // erfc(30 / sqrt 2) is below 2^-600, and 2^-30 of 30 is beyond what any figure shows.
    let (mut low, mut high) = (0.0, 30.0);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        let is_low = is_beyond(samples, middle * largest, |beyond| beyond > excess);
        if is_low { low = middle } else { high = middle }
    }
    high * largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quantiles of the normal distribution for N = 2^10 .. 2^15, known answers.
    #[test]
    fn bounds_are_quantiles_of_the_largest() {
        let expected = [3.40, 3.58, 3.76, 3.93, 4.09, 4.25];
        let guaranteed = [8.04, 8.13, 8.21, 8.29, 8.37, 8.46];
        for (i, log) in (10..=15).enumerate() {
            let samples = [Samples { variance: 9.0, count: 1 << log }];
            let z = |excess| bound(&samples, excess) / 3.0;
            assert!((z(std::f64::consts::LN_2) - expected[i]).abs() < 0.01, "N = 2^{log}");
            assert!((z((-40f64).exp2()) - guaranteed[i]).abs() < 0.01, "N = 2^{log}");
        }
    }

    #[test]
    fn groups_combine() {
        let one = bound(&[Samples { variance: 4.0, count: 2048 }], 0.5);
        let split =
            [Samples { variance: 4.0, count: 1024 }, Samples { variance: 4.0, count: 1024 }];
        assert!((bound(&split, 0.5) - one).abs() < 1e-9);
        assert_eq!(merged(split), [Samples { variance: 4.0, count: 2048 }]);
        let quiet =
            [Samples { variance: 4.0, count: 2048 }, Samples { variance: 1e-3, count: 1 << 20 }];
        assert!((bound(&quiet, 0.5) - one).abs() < 1e-9);
        assert_eq!(merged(quiet).len(), 2);
    }

    /// Many unequal groups, put together: never less noise, and hardly more.
    #[test]
    fn merging_costs_little() {
        let samples: Vec<Samples> =
            (0..500).map(|i| Samples { variance: 3.0 + f64::from(i) / 7.0, count: 4096 }).collect();
        let few = merged(samples.clone());
        assert!(few.len() < 200, "{}", few.len());
        for excess in [std::f64::consts::LN_2, FAILURE] {
            let more = (bound(&few, excess) / bound(&samples, excess)).log2();
            assert!((0.0..1.0 / 64.0).contains(&more), "{more}");
        }
    }

    /// What tells quickly whether there are too many tells the same as the sum does.
    #[test]
    fn shortcuts_tell_what_the_sum_tells() {
        let mut told = [0; 2];
        for groups in 1..12u32 {
            let group = |i: u32| Samples {
                variance: f64::from(i * i * groups % 7),
                count: 1 << (i * 5 % groups),
            };
            let samples: Vec<Samples> = (0..groups).map(group).collect();
            for step in 0..400 {
                let x = f64::from(step) / 10.0;
                for excess in [FAILURE, std::f64::consts::LN_2, 5.0] {
                    let whole = expected_beyond(&samples, x) > excess;
                    assert_eq!(is_beyond(&samples, x, |beyond| beyond > excess), whole);
                    told[usize::from(whole)] += 1;
                }
            }
        }
        assert!(told.iter().all(|count| *count > 1000), "{told:?}");
        assert!(!is_beyond(&[], 1.0, |beyond| beyond > 0.0));
    }

    #[test]
    fn what_keeps_a_bound_is_what_its_floor_says() {
        let samples = [Samples { variance: 7.0, count: 4096 }];
        let floor = bound(&samples, FAILURE);
        assert!(NoiseModel::keeps(&samples, floor * 1.001));
        assert!(!NoiseModel::keeps(&samples, floor * 0.999));
        let endless = [Samples { variance: f64::INFINITY, count: 1 }];
        assert!(!NoiseModel::keeps(&endless, 1e300));
        assert_eq!(merged(endless).len(), 1);
    }
}
