//! The polynomials that weights make.

use super::plan::CoefficientPlan;
use crate::arith::Modulus;

/// Makes the polynomials of one layer from its weights.
pub struct Polynomials<'a> {
    plan: &'a CoefficientPlan,
    /// In the order of their array.
    weights: &'a [i8],
}

/// The most channels that may be interleaved, for weights of at most `max_weight`: coefficients are held
/// in 16 bits, and each output channel adds at most two weights to one. (Two shifts are equal modulo n'
/// where they differ by n', and none is farther than n'.)
pub const fn max_interleave(max_weight: i64) -> usize {
    (i16::MAX as i64 / (2 * max_weight)) as usize
}

impl<'a> Polynomials<'a> {
    /// From weights of the layer's shape.
    pub const fn new(plan: &'a CoefficientPlan, weights: &'a [i8]) -> Self {
        Self { plan, weights }
    }

    /// The polynomials that an input ciphertext under baby step `baby` meets in each of the sums of an
    /// output ciphertext: N coefficients for each giant step. `spare` has N words.
    ///
    /// Weights of output channel o go to polynomial o mod m/b. Those become the sums over o of X^(o/g2)
    /// times what they hold: a transform of length m/b whose root of unity is a monomial, so that it
    /// takes additions alone.
    pub fn fill(
        &self,
        out_group: usize,
        (input, baby): (usize, usize),
        polynomials: &mut [i16],
        spare: &mut [i16],
    ) {
        polynomials.fill(0);
        self.place(out_group, input, baby, polynomials);
        let root = 2 * self.plan.packing().positions() * self.plan.babies();
        transform(polynomials, self.plan.packing().ring_degree(), root, spare);
    }

    /// Adds every weight at its exponent.
    fn place(&self, out_group: usize, input: usize, baby: usize, polynomials: &mut [i16]) {
        let (plan, packing) = (self.plan, self.plan.packing());
        let (layer, n) = (packing.layer(), packing.ring_degree());
        let [rows, columns] = layer.kernel();
        let (kernel, [_, in_each]) = (rows * columns, layer.group_channels());
        let (phase, in_group) = plan.place(input);
        // Exponents count modulo 2N, where X^N = -1.
        let mask = 2 * n - 1;
        let turned = |exponent: i64| {
            let baby = plan.baby(baby).exponent() as i64;
            (-exponent * baby).rem_euclid(2 * n as i64) as usize
        };
        let taps: Vec<(usize, usize)> = plan
            .taps(phase)
            .iter()
            .map(|tap| (tap.place, turned(tap.shift * packing.step() as i64)))
            .collect();
        let inputs = in_group * packing.channels()..layer.in_channels();
        let inputs: Vec<(usize, usize)> = inputs
            .zip(0..packing.channels())
            .map(|(channel, place)| (channel, turned(packing.input_exponent(place) as i64)))
            .collect();
        let outputs = out_group * packing.out_channels()..layer.out_channels();
        for (output, place) in outputs.zip(0..packing.out_channels()) {
            let polynomial = &mut polynomials[place % plan.giants() * n..][..n];
            let (exponent, first) = (packing.output_exponent(place), layer.first_input(output));
            for (channel, turn) in &inputs {
                let Some(within) = channel.checked_sub(first).filter(|i| *i < in_each) else {
                    continue;
                };
                let weights = &self.weights[(output * in_each + within) * kernel..][..kernel];
                for (tap, shift) in &taps {
                    let exponent = (exponent + turn + shift) & mask;
                    let weight = i16::from(weights[*tap]);
                    let weight = if exponent < n { weight } else { -weight };
                    polynomial[exponent & (n - 1)] += weight;
                }
            }
        }
    }
}

/// Replaces polynomials u_o of N coefficients by sum over o of X^(root j o) u_o, for each j: there is a
/// power of two of them, and X^root is a root of unity of that order. By decimation in time.
fn transform(polynomials: &mut [i16], n: usize, root: usize, spare: &mut [i16]) {
    let count = polynomials.len() / n;
    let bits = count.trailing_zeros();
    for i in 0..count {
        let j = if bits == 0 { 0 } else { i.reverse_bits() >> (usize::BITS - bits) };
        if i < j {
            let (low, high) = polynomials.split_at_mut(j * n);
            low[i * n..][..n].swap_with_slice(&mut high[..n]);
        }
    }
    let mut half = 1;
    while half < count {
        for block in polynomials.chunks_exact_mut(2 * half * n) {
            let (low, high) = block.split_at_mut(half * n);
            let pairs = low.chunks_exact_mut(n).zip(high.chunks_exact_mut(n));
            for (k, (low, high)) in pairs.enumerate() {
                butterfly(low, high, root * (count / (2 * half)) * k, spare);
            }
        }
        half *= 2;
    }
}

/// (low + X^shift high, low - X^shift high), for a shift below N.
fn butterfly(low: &mut [i16], high: &mut [i16], shift: usize, spare: &mut [i16]) {
    let n = low.len();
    let (head, tail) = high.split_at(n - shift);
    spare[shift..].copy_from_slice(head);
    for (out, word) in spare.iter_mut().zip(tail) {
        *out = -*word;
    }
    for ((low, high), turned) in low.iter_mut().zip(high).zip(spare) {
        (*low, *high) = (*low + *turned, *low - *turned);
    }
}

/// Small integers modulo q.
pub fn lift(modulus: &Modulus, coefficients: &[i16], words: &mut [u64]) {
    let q = modulus.value() as i64;
    if q <= i64::from(i16::MAX) {
        for (word, c) in words.iter_mut().zip(coefficients) {
            *word = modulus.from_signed((*c).into());
        }
        return;
    }
    for (word, c) in words.iter_mut().zip(coefficients) {
        let c = i64::from(*c);
        // Without a branch: q where it is negative.
        *word = (c + (q & (c >> 63))).cast_unsigned();
    }
}
