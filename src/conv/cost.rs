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

/// Bytes of the packed factors whose sums [`ReductionCosts::packed_sum`] prices: those modulo a limb of up
/// to 48 bits. Sums of others take in proportion to what they read.
pub const PACKED_BYTES: usize = 6;

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
    /// A sum of products with scalar factors, several sums side by side, where products have more than 76
    /// bits. Per word of the sum; over the number of terms, as are the next four.
    pub sum: SumCost,
    /// The same where products have at most 76 bits, so that some machines can estimate their sums.
    pub estimated_sum: SumCost,
    /// The same where products are narrow, at most 52 bits: on some machines one instruction gives them.
    pub narrow_sum: SumCost,
    /// The same where words and factors have at most 32 bits each: integer multiplication of halves of
    /// words gives their products on machines without a wider one.
    pub half_sum: SumCost,
    /// The same for one sum at a time.
    pub lone_sum: SumCost,
    /// A sum of products with dense plaintexts, a factor per word, read from memory.
    pub dense_sum: SumCost,
    /// The same of packed factors of [`PACKED_BYTES`] bytes each.
    pub packed_sum: SumCost,
    /// The same modulo limbs of up to 38 bits, so that products have at most 76.
    pub estimated_packed_sum: SumCost,
    /// The same modulo limbs of up to 32 bits.
    pub half_packed_sum: SumCost,
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
    /// Copying a sum that is not rotated into its output ciphertext: per word of both polynomials, 2 L N,
    /// by N L.
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
