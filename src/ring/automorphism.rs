//! Automorphisms X -> X^g, which permute the values of a polynomial.

use crate::arith::bit_reverse;
use crate::arith::kernels::{BLOCK, BlockPermutation};

/// The exponent g of an automorphism X -> X^g: odd, modulo 2N.
///
/// Slots of a plaintext lie in two rows of N/2; powers of 5 rotate both rows, -1 swaps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GaloisElement(usize);

impl GaloisElement {
    /// The element `exponent mod 2N`, made odd.
    pub const fn new(ring_degree: usize, exponent: usize) -> Self {
        Self((exponent % (2 * ring_degree)) | 1)
    }

    /// Rotation of both rows to the left by `steps` (to the right where negative), then, with
    /// `swap`, their exchange: 5^steps or -5^steps mod 2N.
    pub fn rotation(ring_degree: usize, steps: i64, swap: bool) -> Self {
        let two_n = 2 * ring_degree;
        let mut exponent = 1;
        let mut power = 5 % two_n;
        let mut left = steps.rem_euclid((ring_degree / 2) as i64);
        while left > 0 {
            if left & 1 == 1 {
                exponent = exponent * power % two_n;
            }
            power = power * power % two_n;
            left >>= 1;
        }
        Self(if swap { two_n - exponent } else { exponent })
    }

    /// g.
    pub const fn exponent(self) -> usize {
        self.0
    }

    /// Whether this is X -> X.
    pub const fn is_identity(self) -> bool {
        self.0 == 1
    }

    /// The inverse automorphism.
    pub fn inverse(self, ring_degree: usize) -> Self {
        // The group of odd residues modulo 2N has exponent N / 2, so this is a power of g: the product
        // of its squares g^(2^i) up to that.
        let two_n = 2 * ring_degree;
        let squares = std::iter::successors(Some(self.0), |g| Some(g * g % two_n));
        let count = (ring_degree / 2).ilog2() as usize;
        Self(squares.take(count).fold(1, |product, square| product * square % two_n))
    }
}

/// The permutation of transform entries that an automorphism is.
///
/// Entry i is the value at psi^e, e = 2 bitrev(i) + 1; there f(X^g) takes the value of f at
/// psi^(e g). The entries of an aligned block differ in the highest bits of e alone, and
/// multiplication by g keeps those with equal lower bits together: a block is taken whole from
/// another one, its entries in one of few orders.
#[derive(Clone, Debug)]
pub struct Permutation {
    blocks: BlockPermutation,
}

impl Permutation {
    /// The permutation of `element` at `ring_degree`, which must be at least [`BLOCK`].
    pub fn new(ring_degree: usize, element: GaloisElement) -> Self {
        let bits = ring_degree.ilog2();
        let source = |i: usize| {
            let exponent = (2 * bit_reverse(i, bits) + 1) * element.exponent() % (2 * ring_degree);
            bit_reverse(exponent / 2, bits)
        };
        let mut blocks = BlockPermutation::default();
        for first in (0..ring_degree).step_by(BLOCK) {
            let order = std::array::from_fn(|i| (source(first + i) % BLOCK) as u64);
            blocks.push(source(first) / BLOCK, order);
        }
        Self { blocks }
    }

    /// Block by block.
    pub const fn blocks(&self) -> &BlockPermutation {
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_form_the_expected_group() {
        let n = 64;
        let g = |steps, swap| GaloisElement::rotation(n, steps, swap);
        assert!(g(0, false).is_identity());
        assert_eq!(g(0, true).exponent(), 2 * n - 1);
        assert_eq!(g(32, false), g(0, false), "a row has N/2 slots");
        assert_eq!(g(-1, false), g(31, false));
        assert_eq!(g(1, false).exponent(), 5);
        for steps in 0..32 {
            for swap in [false, true] {
                let element = g(steps, swap);
                let product = element.exponent() * element.inverse(n).exponent() % (2 * n);
                assert_eq!(product, 1);
            }
        }
    }

    /// Block by block it is what the definition says, entry by entry.
    #[test]
    fn permutations_follow_their_definition() {
        for n in [16usize, 64, 1024] {
            for exponent in [1, 5, 25, 2 * n - 1, 2 * n - 5, 3, 7] {
                let element = GaloisElement::new(n, exponent);
                let permutation = Permutation::new(n, element);
                let bits = n.ilog2();
                for i in 0..n {
                    let power = (2 * bit_reverse(i, bits) + 1) * element.exponent() % (2 * n);
                    let expected = bit_reverse(power / 2, bits);
                    assert_eq!(permutation.blocks().source(i), expected, "N {n}, g {exponent}");
                }
            }
        }
    }
}
