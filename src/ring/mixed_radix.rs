//! Exact integers from residues: mixed-radix digits (Garner's algorithm).

use crate::arith::{Modulus, Shoup};

/// Reads a value in `[0, Q)` from its residues as v_0 + v_1 q_0 + v_2 q_0 q_1 + ..., which decides
/// its sign and reduces it modulo anything without large integers.
#[derive(Clone, Debug)]
pub struct MixedRadix {
    moduli: Vec<Modulus>,
    /// `inverses[i][j]` = q_j^-1 mod q_i for j < i.
    inverses: Vec<Vec<Shoup>>,
    /// The digits of (Q - 1) / 2.
    half: Vec<u64>,
}

/// The places of a [`MixedRadix`] number modulo something.
#[derive(Clone, Debug)]
pub struct Places {
    /// q_0 ... q_(i-1) for each i.
    places: Vec<u64>,
    /// Q.
    whole: u64,
}

impl MixedRadix {
    /// The digits for pairwise different odd primes.
    pub fn new(moduli: &[Modulus]) -> Self {
        let inverses = moduli
            .iter()
            .enumerate()
            .map(|(i, modulus)| {
                let inverse =
                    |q: &Modulus| modulus.shoup(modulus.inverse(modulus.reduce(q.value())));
                moduli[..i].iter().map(inverse).collect()
            })
            .collect();
        let mut radix = Self { moduli: moduli.to_vec(), inverses, half: Vec::new() };
        // Q vanishes modulo every limb, so (Q - 1) / 2 = -1/2 = (q_i - 1) / 2 there.
        let mut half: Vec<u64> = moduli.iter().map(|q| (q.value() - 1) / 2).collect();
        radix.to_digits(&mut half);
        radix.half = half;
        radix
    }

    /// Turns residues into digits, in place; one of each per modulus.
    pub fn to_digits(&self, residues: &mut [u64]) {
        for i in 1..self.moduli.len() {
            let modulus = &self.moduli[i];
            let mut value = residues[i];
            for (j, inverse) in self.inverses[i].iter().enumerate() {
                let difference = modulus.sub(value, modulus.reduce(residues[j]));
                value = modulus.mul_shoup(difference, *inverse);
            }
            residues[i] = value;
        }
    }

    /// Makes residues modulo `q_i` of numbers those of the numbers without digit j < i, of which these are the
    /// digits, divided by `q_j`. After all j they are digit i.
    pub fn take_off(&self, (i, j): (usize, usize), digits: &[u64], residues: &mut [u64]) {
        let (modulus, inverse) = (self.moduli[i], self.inverses[i][j]);
        // A product with it reduces without a division.
        let one = modulus.shoup(1);
        for (residue, digit) in residues.iter_mut().zip(digits) {
            let difference = modulus.sub(*residue, modulus.mul_shoup(*digit, one));
            *residue = modulus.mul_shoup(difference, inverse);
        }
    }

    /// Whether the number is above Q/2, so that its centred representative is negative.
    pub fn is_negative(&self, digits: &[u64]) -> bool {
        digits.iter().rev().gt(self.half.iter().rev())
    }

    /// log2 of the centred representative's absolute value; 0 gives minus infinity.
    pub fn log2_centred(&self, digits: &[u64]) -> f64 {
        // Q - v = (Q - 1 - v) + 1, and Q - 1 has the digits q_i - 1.
        let negative = self.is_negative(digits);
        let mut magnitude = 0.0;
        for (modulus, &digit) in self.moduli.iter().zip(digits).rev() {
            let digit = if negative { modulus.value() - 1 - digit } else { digit };
            magnitude = magnitude * modulus.value() as f64 + digit as f64;
        }
        (if negative { magnitude + 1.0 } else { magnitude }).log2()
    }

    /// The places modulo `modulus`.
    pub fn places_modulo(&self, modulus: &Modulus) -> Places {
        self.places(1, |place, q| modulus.mul(place, modulus.reduce(q)))
    }

    /// The places modulo 2^64.
    pub fn places_wrapping(&self) -> Places {
        self.places(1, u64::wrapping_mul)
    }

    fn places(&self, one: u64, multiply: impl Fn(u64, u64) -> u64) -> Places {
        let mut places = Vec::new();
        let mut whole = one;
        for modulus in &self.moduli {
            places.push(whole);
            whole = multiply(whole, modulus.value());
        }
        Places { places, whole }
    }

    /// The centred number modulo 2^64, in two's complement.
    pub fn centred_wrapping(&self, digits: &[u64], places: &Places) -> u64 {
        let terms = digits.iter().zip(&places.places);
        let value = terms.fold(0u64, |sum, (d, p)| sum.wrapping_add(d.wrapping_mul(*p)));
        if self.is_negative(digits) { value.wrapping_sub(places.whole) } else { value }
    }

    /// The centred number modulo `modulus`, for which `places` were made.
    pub fn centred_modulo(&self, digits: &[u64], places: &Places, modulus: &Modulus) -> u64 {
        let terms = digits.iter().zip(&places.places);
        let value =
            terms.fold(0, |sum, (d, p)| modulus.add(sum, modulus.mul(modulus.reduce(*d), *p)));
        if self.is_negative(digits) { modulus.sub(value, places.whole) } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moduli() -> Vec<Modulus> {
        [1_032_193u64, 40_961, 65_537, 12_289].map(|q| Modulus::new(q).expect("in range")).to_vec()
    }

    proptest! {
        #[test]
        fn agrees_with_wide_integers(limbs in 1usize..=4, raw: u128) {
            let moduli = &moduli()[..limbs];
            let radix = MixedRadix::new(moduli);
            let whole: u128 = moduli.iter().map(|q| u128::from(q.value())).product();
            for value in [raw % whole, 0, 1, whole - 1, whole / 2, whole / 2 + 1] {
                let mut digits: Vec<u64> = moduli.iter().map(|q| q.reduce_wide(value)).collect();
                radix.to_digits(&mut digits);
                let centred = if value > whole / 2 { value as i128 - whole as i128 } else { value as i128 };
                prop_assert_eq!(radix.is_negative(&digits), centred < 0);
                let wrapping = radix.centred_wrapping(&digits, &radix.places_wrapping());
                prop_assert_eq!(wrapping, centred as u64);
                let t = Modulus::new(786_433).expect("in range");
                let modulo = radix.centred_modulo(&digits, &radix.places_modulo(&t), &t);
                prop_assert_eq!(i128::from(modulo), centred.rem_euclid(786_433));
                let log = (centred.unsigned_abs() as f64).log2();
                let found = radix.log2_centred(&digits);
                prop_assert!((centred == 0 && found < 0.0) || (found - log).abs() < 1e-9);
            }
        }
    }
}
