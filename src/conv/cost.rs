//! What work costs: unit costs of one core.

use serde::{Deserialize, Serialize};

use super::stage::Stage;
use crate::arith::kernels::Reduction;

/// A unit cost in nanoseconds that depends on a size: known at some sizes, linear between them, and
/// that of the nearest one beyond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve(Vec<(f64, f64)>);

impl Curve {
    /// A curve through points (size, nanoseconds) of rising sizes.
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        Self(points)
    }

    /// The cost at a size.
    pub fn at(&self, size: f64) -> f64 {
        let after = self.0.partition_point(|(x, _)| *x < size);
        match (after.checked_sub(1).and_then(|i| self.0.get(i)), self.0.get(after)) {
            (Some(&(x0, y0)), Some(&(x1, y1))) => y0 + (y1 - y0) * (size - x0) / (x1 - x0),
            (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => 0.0,
        }
    }
}

/// The cost of a sum that depends on its number of terms: known at some numbers, linear between them,
/// and in proportion beyond the last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SumCost(Curve);

impl SumCost {
    /// A cost through points (terms, nanoseconds) of rising terms.
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        Self(Curve::new(points))
    }

    /// The cost of a sum of `terms` terms.
    pub fn at(&self, terms: usize) -> f64 {
        let (terms, last) = (terms as f64, self.0.0.last().map_or(f64::INFINITY, |(x, _)| *x));
        self.0.at(terms) * (terms / last).max(1.0)
    }
}

/// A stage's work on one item of many: what one thread does for all, and what threads share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemCost {
    /// Nanoseconds per word of an item, one after the other whatever the threads.
    pub serial: Curve,
    /// Nanoseconds per word of an item, items side by side.
    pub parallel: Curve,
}

impl ItemCost {
    /// Nanoseconds for `items` of `words` words each on `threads` threads.
    pub fn time(&self, items: usize, words: usize, threads: usize) -> f64 {
        let size = words as f64;
        let rounds = items.div_ceil(threads) as f64;
        size * (items as f64 * self.serial.at(size) + rounds * self.parallel.at(size))
    }
}

/// Bytes of the packed factors whose sums [`ReductionCosts`] prices: those modulo a limb of up to 40 bits.
/// Sums of others take in proportion to what they read.
pub const PACKED_BYTES: usize = 5;

/// Unit costs that depend on the reduction mode.
///
/// Each is the time of an operation divided by a count of words, so that it varies little with N and
/// the number L of limbs; the docs say which count, and what the curve runs over. Transforms (NTTs) are
/// counted apart everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReductionCosts {
    /// A hoisted rotation of an input: its L decomposed digits times the key, and the result written to
    /// a panel. Per word of the products, 2 L (L+1) N (two polynomials, L digits, L+1 moduli with P);
    /// over N L.
    pub switch: Curve,
    /// A rotation of a sum: its digits times the key, added to the output. The decomposition is priced
    /// by `decompose`, and what a sum that is not rotated takes too by `place`. Per word of the products
    /// as in `switch`, with L the limbs that sums have when they are moved; over N L.
    pub add: Curve,
    /// A sum of products with scalar factors, several sums side by side. Per word of the sum; over the
    /// number of terms, as are the next three.
    pub sum: SumCost,
    /// The same where products are narrow, at most 52 bits, and take one instruction.
    pub narrow_sum: SumCost,
    /// The same for one sum at a time.
    pub lone_sum: SumCost,
    /// A sum of products with dense plaintexts, a factor per word, read from memory.
    pub dense_sum: SumCost,
    /// The same of packed factors of [`PACKED_BYTES`] bytes each.
    pub packed_sum: SumCost,
    /// Making a scalar factor of an integer: per integer and, with eager reduction, which needs Shoup's
    /// quotient of each, per limb.
    pub factor: f64,
}

/// Costs of making polynomials of raw weights, in nanoseconds, their transforms aside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PolynomialCosts {
    /// Per coefficient of one limb, by the number of giant steps, for which as many polynomials are made
    /// together.
    pub coefficient: Curve,
    /// Per weight that is put at its exponent.
    pub weight: f64,
    /// Per coefficient of each further limb.
    pub limb: f64,
}

/// Costs of the primitives of one core, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostTable {
    /// A transform of one limb: per N log2 N, by N.
    pub ntt: Curve,
    /// Decomposition of a polynomial, transforms aside: per word of a digit, L (L+1) N of them, by
    /// N L.
    pub decompose: Curve,
    /// Division of a ciphertext by P, transforms aside: per word of both polynomials, 2 L N, by N L.
    pub divide: Curve,
    /// Switching a polynomial down by a limb, transforms aside: per word of the result, by its words.
    pub lower: Curve,
    /// Copying a sum that is not rotated into its output ciphertext, and taking the memory of that: per
    /// word of both polynomials, 2 L N, by N L.
    pub place: Curve,
    /// Eager reduction.
    pub eager: ReductionCosts,
    /// Lazy reduction.
    pub lazy: ReductionCosts,
    /// Making block scalars from weights: per lane of a term and transform, of which there is one
    /// modulo t and one modulo each limb, by lanes.
    pub block_scalars: Curve,
    /// Encoding a dense weight plaintext: per word, N L, by N L.
    pub encode: Curve,
    /// Making polynomials of raw weights.
    pub polynomials: PolynomialCosts,
    /// Making a key, sending it and reading it: per word, 2 L (L+1) N.
    pub key: ItemCost,
    /// Packing and encrypting an input, sending it and reading it: per word, N L.
    pub encrypt: ItemCost,
    /// Switching an output down and writing it: per word, 2 N L.
    pub respond: ItemCost,
    /// Reading a response, decrypting and unpacking it: per coefficient, N.
    pub decrypt: ItemCost,
}

impl CostTable {
    /// The costs of a reduction mode.
    pub const fn of(&self, reduction: Reduction) -> &ReductionCosts {
        match reduction {
            Reduction::Eager => &self.eager,
            Reduction::Lazy => &self.lazy,
        }
    }
}

impl Default for CostTable {
    /// A reference machine: one core of an AMD EPYC of the Zen 4 generation with AVX-512 IFMA, as
    /// `heconv calibrate` found it. What is planned with these costs is the same everywhere.
    fn default() -> Self {
        let curve = |small, large| Curve::new(vec![(8192.0, small), (65_536.0, large)]);
        let moved = |small, large| Curve::new(vec![(4096.0, small), (49_152.0, large)]);
        let item = |serial, parallel| {
            let flat = |ns| Curve::new(vec![(1.0, ns)]);
            ItemCost { serial: flat(serial), parallel: flat(parallel) }
        };
        let sum = |points: &[(f64, f64)]| SumCost::new(points.to_vec());
        Self {
            ntt: Curve::new(vec![(1024.0, 0.093), (4096.0, 0.089), (32_768.0, 0.096)]),
            decompose: curve(0.12, 0.15),
            divide: moved(0.1, 5.1),
            lower: moved(0.38, 0.34),
            place: curve(0.29, 0.33),
            eager: ReductionCosts {
                switch: curve(0.65, 0.71),
                add: moved(1.37, 1.36),
                sum: sum(&[(3.0, 1.03), (12.0, 2.9), (192.0, 42.5), (3072.0, 698.0)]),
                narrow_sum: sum(&[(3.0, 1.03), (12.0, 2.9), (192.0, 42.5), (3072.0, 698.0)]),
                lone_sum: sum(&[(3.0, 1.75), (12.0, 3.75), (192.0, 47.7), (768.0, 184.0)]),
                dense_sum: sum(&[(3.0, 1.9), (24.0, 11.3), (192.0, 119.0)]),
                packed_sum: sum(&[(3.0, 1.9), (24.0, 11.3), (192.0, 119.0)]),
                factor: 3.6,
            },
            lazy: ReductionCosts {
                switch: curve(1.09, 0.84),
                add: moved(1.61, 1.08),
                sum: sum(&[(3.0, 0.71), (12.0, 1.34), (48.0, 3.9), (192.0, 14.3), (3072.0, 230.0)]),
                narrow_sum: sum(&[
                    (3.0, 0.77),
                    (12.0, 1.14),
                    (48.0, 2.67),
                    (192.0, 8.95),
                    (3072.0, 148.0),
                ]),
                lone_sum: sum(&[(3.0, 1.63), (12.0, 2.55), (192.0, 27.9), (768.0, 99.8)]),
                dense_sum: sum(&[(3.0, 0.91), (24.0, 4.9), (192.0, 62.7)]),
                // Not measured: as much less as is read, 5 bytes for 8.
                packed_sum: sum(&[(3.0, 0.57), (24.0, 3.06), (192.0, 39.2)]),
                factor: 0.41,
            },
            block_scalars: Curve::new(vec![(4.0, 1.12), (16.0, 0.78), (64.0, 0.89)]),
            encode: curve(3.3, 4.2),
            polynomials: PolynomialCosts {
                coefficient: Curve::new(vec![(1.0, 0.6), (4.0, 0.7), (16.0, 0.9), (64.0, 1.2)]),
                weight: 0.8,
                limb: 0.5,
            },
            key: item(4.2, 13.5),
            encrypt: item(3.7, 12.5),
            respond: item(0.6, 9.2),
            decrypt: item(2.9, 4.8),
        }
    }
}

/// Predicted times of the stages, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageTimes([f64; Stage::ALL.len()]);

impl StageTimes {
    /// The time of a stage.
    pub const fn of(&self, stage: Stage) -> f64 {
        self.0[stage as usize]
    }

    /// The server's work online: rotate, multiply and mix.
    pub fn server(&self) -> f64 {
        [Stage::Rotate, Stage::Multiply, Stage::Mix].map(|stage| self.of(stage)).iter().sum()
    }

    /// From the input to the output, transfer apart: encrypt, server, response and decrypt.
    pub fn online(&self) -> f64 {
        let client = [Stage::Encrypt, Stage::Response, Stage::Decrypt].map(|stage| self.of(stage));
        self.server() + client.iter().sum::<f64>()
    }

    /// Adds to the time of a stage.
    pub const fn add(&mut self, stage: Stage, nanoseconds: f64) {
        self.0[stage as usize] += nanoseconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_linear_between_and_flat_beyond() {
        let curve = Curve::new(vec![(10.0, 1.0), (20.0, 3.0), (40.0, 2.0)]);
        // All of these are exact in binary.
        let at = [0.0, 10.0, 15.0, 20.0, 30.0, 40.0, 1e9].map(|x| curve.at(x).to_bits());
        assert_eq!(at, [1.0, 1.0, 2.0, 3.0, 2.5, 2.0, 2.0].map(f64::to_bits));
        assert!(Curve::new(Vec::new()).at(1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn sums_grow_with_their_terms() {
        let cost = SumCost::new(vec![(10.0, 5.0), (20.0, 8.0)]);
        let at = [5, 10, 15, 20, 40].map(|terms| cost.at(terms).to_bits());
        assert_eq!(at, [5.0, 5.0, 6.5, 8.0, 16.0].map(f64::to_bits));
    }

    #[test]
    fn items_share_threads_in_rounds() {
        let flat = |ns| Curve::new(vec![(1.0, ns)]);
        let cost = ItemCost { serial: flat(1.0), parallel: flat(10.0) };
        let time = |items, threads| cost.time(items, 1, threads) as u64;
        assert_eq!([time(4, 1), time(4, 2), time(5, 2), time(1, 2)], [44, 24, 35, 11]);
    }
}
