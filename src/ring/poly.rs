//! Polynomials typed by representation.

use std::marker::PhantomData;
use std::sync::Arc;

use zeroize::Zeroize;

use super::{Basis, Permutation};
use crate::arith::kernels::Kernels;
use crate::arith::{AlignedWords, zeroed};

/// How a polynomial is held: [`Coeff`] or [`Ntt`].
pub trait Representation: Clone + Copy + std::fmt::Debug + Send + Sync + 'static {}

/// Held by coefficients.
#[derive(Clone, Copy, Debug)]
pub struct Coeff;

/// Held by values at the roots of X^N + 1, in the transform's order.
#[derive(Clone, Copy, Debug)]
pub struct Ntt;

impl Representation for Coeff {}
impl Representation for Ntt {}

/// A polynomial of the ring, limb after limb, every word in `[0, q_i)`.
///
/// Two polynomials that meet in an operation must be over the same basis, or the other one over more
/// limbs, of which the first count.
#[derive(Clone, Debug)]
pub struct Poly<R: Representation> {
    basis: Arc<Basis>,
    words: AlignedWords,
    representation: PhantomData<R>,
}

impl<R: Representation> Poly<R> {
    /// The zero polynomial.
    pub fn zero(basis: &Arc<Basis>) -> Self {
        Self { basis: Arc::clone(basis), words: zeroed(basis.words()), representation: PhantomData }
    }

    /// Takes all memory of the words from the system now, as [`AlignedWords::take`]; they must still be
    /// zero.
    pub fn take(&mut self) {
        self.words.take();
    }

    /// The basis.
    pub const fn basis(&self) -> &Arc<Basis> {
        &self.basis
    }

    /// All words, limb after limb.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words of limb `i`.
    pub fn limb(&self, i: usize) -> &[u64] {
        let n = self.basis.ring_degree();
        &self.words[i * n..(i + 1) * n]
    }

    /// The words of limb `i`.
    pub fn limb_mut(&mut self, i: usize) -> &mut [u64] {
        let n = self.basis.ring_degree();
        &mut self.words[i * n..(i + 1) * n]
    }

    /// The words of every limb.
    pub fn limbs_mut(&mut self) -> impl Iterator<Item = &mut [u64]> {
        self.words.chunks_exact_mut(self.basis.ring_degree())
    }

    /// Makes it zero.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Adds `other`.
    pub fn add_assign(&mut self, other: &Self) {
        self.combine(other, Kernels::add);
    }

    /// Subtracts `other`.
    pub fn sub_assign(&mut self, other: &Self) {
        self.combine(other, Kernels::subtract);
    }

    fn combine(&mut self, other: &Self, operation: impl Fn(&Kernels, &mut [u64], &[u64])) {
        let n = self.basis.ring_degree();
        let pairs = self.words.chunks_exact_mut(n).zip(other.words.chunks_exact(n));
        for (limb, (mine, theirs)) in self.basis.limbs().iter().zip(pairs) {
            operation(limb.kernels(), mine, theirs);
        }
    }

    fn recast<S: Representation>(self) -> Poly<S> {
        Poly { basis: self.basis, words: self.words, representation: PhantomData }
    }
}

impl Poly<Coeff> {
    /// The polynomial with these signed coefficients, at most N of them.
    pub fn from_signed(
        basis: &Arc<Basis>,
        coefficients: impl Iterator<Item = i64> + Clone,
    ) -> Self {
        let mut poly = Self::zero(basis);
        for (i, limb) in basis.limbs().iter().enumerate() {
            for (word, c) in poly.limb_mut(i).iter_mut().zip(coefficients.clone()) {
                *word = limb.modulus().from_signed(c);
            }
        }
        poly
    }

    /// Adds small integers, at most N of them and each less than every prime in absolute value.
    pub fn add_small(&mut self, integers: &[i8]) {
        let basis = Arc::clone(&self.basis);
        for (i, limb) in basis.limbs().iter().enumerate() {
            let modulus = limb.modulus();
            for (word, integer) in self.limb_mut(i).iter_mut().zip(integers) {
                // Without a division: the compiler makes it a few vector instructions.
                let negative = if *integer < 0 { modulus.value() } else { 0 };
                *word = modulus.add(*word, negative.wrapping_add_signed((*integer).into()));
            }
        }
    }

    /// The same polynomial by its values.
    pub fn into_ntt(mut self) -> Poly<Ntt> {
        let n = self.basis.ring_degree();
        for (limb, words) in self.basis.limbs().iter().zip(self.words.chunks_exact_mut(n)) {
            limb.ntt().forward(words);
        }
        self.recast()
    }
}

impl Poly<Ntt> {
    /// The same polynomial by its coefficients.
    pub fn into_coeff(mut self) -> Poly<Coeff> {
        let n = self.basis.ring_degree();
        for (limb, words) in self.basis.limbs().iter().zip(self.words.chunks_exact_mut(n)) {
            limb.ntt().inverse(words);
        }
        self.recast()
    }

    /// Multiplies by `other`.
    pub fn mul_assign(&mut self, other: &Self) {
        self.combine(other, Kernels::multiply);
    }

    /// The automorphism X -> X^g applied.
    pub fn permuted(&self, permutation: &Permutation) -> Self {
        let mut result = Self::zero(&self.basis);
        for i in 0..self.basis.len() {
            let from = self.limb(i);
            for (place, word) in result.limb_mut(i).iter_mut().enumerate() {
                *word = from[permutation.blocks().source(place)];
            }
        }
        result
    }
}

impl<R: Representation> Zeroize for Poly<R> {
    fn zeroize(&mut self) {
        self.words.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::{Modulus, largest_ntt_primes};
    use crate::bfv::testing::backend;
    use crate::ring::GaloisElement;
    use proptest::prelude::*;

    const N: usize = 64;

    fn basis() -> Arc<Basis> {
        let primes = largest_ntt_primes(36, 2 * N as u64, 2, &[]).expect("exist");
        let moduli: Vec<Modulus> =
            primes.iter().map(|p| Modulus::new(*p).expect("in range")).collect();
        Arc::new(Basis::new(N, &moduli, backend()).expect("has roots"))
    }

    /// Schoolbook product modulo X^N + 1.
    fn product(a: &[i64], b: &[i64]) -> Vec<i64> {
        let mut result = vec![0; N];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                let sign = if i + j < N { 1 } else { -1 };
                result[(i + j) % N] += sign * x * y;
            }
        }
        result
    }

    fn automorphism(a: &[i64], element: usize) -> Vec<i64> {
        let mut result = vec![0; N];
        for (i, x) in a.iter().enumerate() {
            let exponent = i * element % (2 * N);
            result[exponent % N] += if exponent < N { *x } else { -x };
        }
        result
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn ring_operations_agree_with_schoolbook(
            a in prop::collection::vec(-1000i64..1000, N),
            b in prop::collection::vec(-1000i64..1000, N),
            half_element in 0usize..N,
        ) {
            let basis = basis();
            let poly = |c: &[i64]| Poly::from_signed(&basis, c.iter().copied());
            let equal = |found: Poly<Ntt>, expected: &[i64]| {
                found.into_coeff().words() == poly(expected).words()
            };
            let mut p = poly(&a).into_ntt();
            p.mul_assign(&poly(&b).into_ntt());
            prop_assert!(equal(p, &product(&a, &b)));

            let mut sum = poly(&a);
            sum.add_assign(&poly(&b));
            sum.sub_assign(&poly(&a));
            prop_assert!(sum.words() == poly(&b).words());

            let element = 2 * half_element + 1;
            let permutation = Permutation::new(N, GaloisElement::new(N, element));
            prop_assert!(equal(poly(&a).into_ntt().permuted(&permutation), &automorphism(&a, element)));
        }
    }
}
