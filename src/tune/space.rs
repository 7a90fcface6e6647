//! The parameter sets that a tuner considers.

use crate::bfv::params::{MAX_LIMB_BITS, MAX_PLAIN_BITS};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec, PrimeSpec};

/// Ring degrees considered: those of the security tables.
pub const RING_DEGREES: [usize; 6] = [1024, 2048, 4096, 8192, 16384, 32768];

/// The most limbs considered. Results of convolutions leave no use for more.
pub const MAX_LIMBS: usize = 6;

/// Parameter sets of one ring degree, number of limbs and plaintext modulus, which differ in the
/// sizes of Q and P alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// N.
    pub ring_degree: usize,
    /// The number of limbs.
    pub limbs: usize,
    /// Bits of t.
    pub plain_bits: u32,
}

impl Family {
    /// Sizes of Q in bits that the limbs can have together, each larger than t.
    pub fn sizes(&self) -> std::ops::RangeInclusive<u32> {
        let limbs = self.limbs as u32;
        // Below this there are too few primes = 1 mod 2N.
        let least = (self.plain_bits + 1).max(self.ring_degree.ilog2() + 6);
        limbs * least..=limbs * MAX_LIMB_BITS
    }

    /// The set whose limbs have `q_bits` bits together, as evenly as can be, and whose special prime
    /// has `special_bits` bits, named as it is written on the command line.
    pub fn spec(&self, q_bits: u32, special_bits: u32) -> ParamsSpec {
        let limbs = self.limbs as u32;
        let (each, more) = (q_bits / limbs, q_bits % limbs);
        let sizes: Vec<u32> = (0..limbs).map(|i| each + u32::from(i < more)).collect();
        let list: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        let (degree, plain) = (self.ring_degree, self.plain_bits);
        ParamsSpec {
            name: format!("{degree}:{}|{special_bits}:{plain}", list.join(",")),
            ring_degree: degree,
            limbs: sizes.into_iter().map(PrimeSpec::Bits).collect(),
            special: PrimeSpec::Bits(special_bits),
            plain: PrimeSpec::Bits(plain),
        }
    }

    /// The checked set with the largest special prime that `policy` allows beside `q_bits` bits of
    /// Q: noise only falls as P grows, and nothing else but the keys' message depends on it. `None`
    /// where none is allowed.
    pub fn widest(&self, q_bits: u32, policy: &SecurityPolicy) -> Option<(u32, Params)> {
        let cap = policy.table.cap_log2_qp(self.ring_degree, policy.level)?;
        let room = (f64::from(cap) - policy.margin_bits).floor() as i64 - i64::from(q_bits);
        let most = i64::from(MAX_LIMB_BITS).min(room);
        let least = i64::from(*self.sizes().start()) / self.limbs as i64;
        // Primes of a size may be used up by limbs of the same size.
        (least..=most).rev().find_map(|bits| {
            let params = Params::new(&self.spec(q_bits, bits as u32), policy).ok()?;
            Some((bits as u32, params))
        })
    }
}

/// The least size of t, from `least_bits` on, whose largest prime at `ring_degree` exceeds
/// 2 `largest`, so that values of this size fit.
pub fn plain_bits_for(ring_degree: usize, largest: i64) -> Option<u32> {
    let fits = |bits: &u32| {
        let found = crate::arith::largest_ntt_primes(*bits, 2 * ring_degree as u64, 1, &[]);
        found.is_ok_and(|primes| primes[0] > 2 * largest.unsigned_abs())
    };
    (ring_degree.ilog2() + 2..=MAX_PLAIN_BITS).find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: Family = Family { ring_degree: 4096, limbs: 2, plain_bits: 20 };

    #[test]
    fn sets_are_even_and_named_as_typed() {
        assert_eq!(FAMILY.spec(71, 35).name, "4096:36,35|35:20");
        assert_eq!(FAMILY.sizes(), 42..=100);
    }

    #[test]
    fn the_widest_special_prime_fills_the_cap() {
        let policy = SecurityPolicy::default();
        let (bits, params) = FAMILY.widest(70, &policy).expect("allowed");
        assert_eq!(bits, 36);
        assert!(params.security().ok);
        assert_eq!(FAMILY.widest(60, &policy).map(|found| found.0), Some(46));
        assert_eq!(FAMILY.widest(90, &policy), None);
    }

    #[test]
    fn t_holds_what_it_must() {
        // The largest prime of 19 bits is 417,793; 256 channels, 3x3, weights to 7 and activations to
        // 15 come to 241,920.
        assert_eq!(plain_bits_for(4096, 208_896), Some(19));
        assert_eq!(plain_bits_for(4096, 208_897), Some(20));
        assert_eq!(plain_bits_for(4096, 241_920), Some(20));
        // 12289 is the least prime = 1 mod 2048.
        assert_eq!(plain_bits_for(1024, 1), Some(14));
        assert_eq!(plain_bits_for(4096, i64::MAX), None);
    }
}
