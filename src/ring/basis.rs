//! A basis of NTT-friendly primes for one ring degree.

use crate::arith::Modulus;
use crate::arith::kernels::{Backend, Kernels};

use super::Ntt;

/// One prime with its transform and kernels.
#[derive(Clone, Debug)]
pub struct Limb {
    ntt: Ntt,
    kernels: Kernels,
}

impl Limb {
    /// The prime.
    pub const fn modulus(&self) -> &Modulus {
        self.kernels.modulus()
    }

    /// The transform of ring degree.
    pub const fn ntt(&self) -> &Ntt {
        &self.ntt
    }

    /// The vector kernels.
    pub const fn kernels(&self) -> &Kernels {
        &self.kernels
    }
}

/// The primes of a residue-number representation, in order.
#[derive(Clone, Debug)]
pub struct Basis {
    ring_degree: usize,
    limbs: Vec<Limb>,
}

impl Basis {
    /// The basis of `moduli` at `ring_degree`, or `None` where one of them has no transform.
    pub fn new(ring_degree: usize, moduli: &[Modulus], backend: Backend) -> Option<Self> {
        let limb = |modulus: &Modulus| {
            let kernels = Kernels::new(backend, *modulus);
            Some(Limb { ntt: Ntt::new(ring_degree, &kernels)?, kernels })
        };
        let limbs = moduli.iter().map(limb).collect::<Option<Vec<_>>>()?;
        Some(Self { ring_degree, limbs })
    }

    /// N.
    pub const fn ring_degree(&self) -> usize {
        self.ring_degree
    }

    /// The primes.
    pub fn limbs(&self) -> &[Limb] {
        &self.limbs
    }

    /// The number of primes.
    pub fn len(&self) -> usize {
        self.limbs.len()
    }

    /// Whether there are no primes.
    pub fn is_empty(&self) -> bool {
        self.limbs.is_empty()
    }

    /// Words of one polynomial.
    pub fn words(&self) -> usize {
        self.limbs.len() * self.ring_degree
    }
}
