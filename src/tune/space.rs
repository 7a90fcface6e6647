//! The parameter sets that a tuner considers.

use crate::arith::kernels::NARROW_BITS;
use crate::bfv::params::{MAX_LIMB_BITS, MAX_PLAIN_BITS};
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, ParamsSpec, PrimeSpec};
use crate::conv::Moduli;

/// Ring degrees considered: those of the security tables.
pub const RING_DEGREES: [usize; 6] = [1024, 2048, 4096, 8192, 16384, 32768];

/// The most limbs considered. Results of convolutions leave no use for more.
pub const MAX_LIMBS: usize = 6;

/// Parameter sets of one ring degree, kind of moduli and plaintext modulus, which differ in the
/// sizes of Q and P alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// N.
    pub ring_degree: usize,
    /// Bits of t.
    pub plain_bits: u32,
    /// What its moduli are like; a narrow limb has [`NARROW`] bits.
    pub moduli: Moduli,
}

/// The largest size of a limb whose products, in the multiply stage, fit one half of a 104-bit product:
/// they take half the time or less. The last limb is the one that sums are switched down by, and what noise
/// the moves of sums add depends on the others alone.
const NARROW: u32 = NARROW_BITS / 2;

impl Family {
    /// The families of this many limbs.
    pub fn all(ring_degree: usize, limbs: usize, plain_bits: u32) -> impl Iterator<Item = Self> {
        let of = move |(has_special, has_narrow_limb)| Self {
            ring_degree,
            plain_bits,
            moduli: Moduli { limbs, has_narrow_limb, has_special },
        };
        let is_possible = |family: &Self| {
            !family.moduli.has_narrow_limb || (family.moduli.limbs > 1 && family.least() <= NARROW)
        };
        let all = [(true, false), (true, true), (false, false), (false, true)];
        all.into_iter().map(of).filter(is_possible)
    }

    /// The least size of a limb: larger than t, and large enough for there to be primes = 1 mod 2N.
    fn least(&self) -> u32 {
        (self.plain_bits + 1).max(self.ring_degree.ilog2() + 6)
    }

    /// How many limbs share what is left of Q evenly, and the size of the one that does not.
    const fn parts(&self) -> (u32, u32) {
        let limbs = self.moduli.limbs as u32;
        if self.moduli.has_narrow_limb { (limbs - 1, NARROW) } else { (limbs, 0) }
    }

    /// Sizes of Q in bits that the limbs can have together, each larger than t.
    pub fn sizes(&self) -> std::ops::RangeInclusive<u32> {
        let (even, narrow) = self.parts();
        even * self.least() + narrow..=even * MAX_LIMB_BITS + narrow
    }

    /// The set whose limbs have `q_bits` bits together, as evenly as can be, and whose special prime
    /// has `special_bits` bits, named as it is written on the command line.
    pub fn spec(&self, q_bits: u32, special_bits: Option<u32>) -> ParamsSpec {
        let (even, narrow) = self.parts();
        let (each, more) = ((q_bits - narrow) / even, (q_bits - narrow) % even);
        let mut sizes: Vec<u32> = (0..even).map(|i| each + u32::from(i < more)).collect();
        sizes.extend((narrow > 0).then_some(narrow));
        ParamsSpec {
            name: String::new(),
            ring_degree: self.ring_degree,
            limbs: sizes.into_iter().map(PrimeSpec::Bits).collect(),
            special: special_bits.map(PrimeSpec::Bits),
            plain: PrimeSpec::Bits(self.plain_bits),
        }
        .named_by_sizes()
    }

    /// The checked set with the largest special prime that `policy` allows beside `q_bits` bits of
    /// Q, and the size of that prime: noise only falls as P grows, and nothing else but the keys' message
    /// depends on it. `None` where no set is allowed.
    pub fn widest(&self, q_bits: u32, policy: &SecurityPolicy) -> Option<(Option<u32>, Params)> {
        let params = |special_bits| Params::new(&self.spec(q_bits, special_bits), policy).ok();
        if !self.moduli.has_special {
            return Some((None, params(None)?));
        }
        let cap = policy.table.cap_log2_qp(self.ring_degree, policy.level)?;
        let room = (f64::from(cap) - policy.margin_bits).floor() as i64 - i64::from(q_bits);
        let most = i64::from(MAX_LIMB_BITS).min(room);
        // Primes of a size may be used up by limbs of the same size.
        (i64::from(self.least())..=most).rev().find_map(|bits| {
            let bits = Some(bits as u32);
            Some((bits, params(bits)?))
        })
    }
}

/// The least size of t, in bits, whose largest prime = 1 mod 2 `ring_degree` exceeds 2 `largest`, so
/// that results up to `largest` in magnitude fit; `None` where no size does.
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

    const FAMILY: Family = Family {
        ring_degree: 4096,
        plain_bits: 20,
        moduli: Moduli { limbs: 2, has_narrow_limb: false, has_special: true },
    };

    #[test]
    fn sets_are_even_and_named_as_typed() {
        assert_eq!(FAMILY.spec(71, Some(35)).name, "4096:36,35|35:20");
        assert_eq!(FAMILY.sizes(), 42..=100);
        let families: Vec<Family> = Family::all(4096, 3, 20).collect();
        assert_eq!(families[1].spec(99, Some(40)).name, "4096:37,36,26|40:20");
        assert_eq!(families[1].sizes(), 68..=126);
        // A limb must be larger than t, and not the only one.
        assert_eq!([Family::all(4096, 1, 20).count(), Family::all(4096, 3, 26).count()], [2, 2]);
        let alone =
            Family { moduli: Moduli { limbs: 1, has_special: false, ..FAMILY.moduli }, ..FAMILY };
        assert_eq!(alone.widest(44, &SecurityPolicy::default()).map(|found| found.0), Some(None));
        assert_eq!(alone.spec(44, None).name, "4096:44:20");
    }

    #[test]
    fn the_widest_special_prime_fills_the_cap() {
        let policy = SecurityPolicy::default();
        let (bits, params) = FAMILY.widest(70, &policy).expect("allowed");
        assert_eq!(bits, Some(36));
        assert!(params.security().ok);
        assert_eq!(FAMILY.widest(60, &policy).map(|found| found.0), Some(Some(46)));
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
