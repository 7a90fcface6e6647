//! Which coefficients of a polynomial are sent.

use std::sync::Arc;

use crate::ring::GaloisElement;

/// Coefficients of c0, which carries the message, that are of use. Those of c1 all meet the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coefficients {
    /// All N.
    All,
    /// These, rising, each below N.
    Only(Arc<[u32]>),
}

impl Coefficients {
    /// Those that `are_used` tells, one of each of N.
    pub fn used(are_used: &[bool]) -> Self {
        if are_used.iter().all(|is_used| *is_used) {
            return Self::All;
        }
        let places = are_used.iter().zip(0u32..).filter(|(is_used, _)| **is_used);
        Self::Only(places.map(|(_, place)| place).collect())
    }

    /// How many there are at a ring degree.
    pub fn count(&self, ring_degree: usize) -> usize {
        match self {
            Self::All => ring_degree,
            Self::Only(places) => places.len(),
        }
    }

    /// Their places, rising.
    pub fn places(&self, ring_degree: usize) -> impl Iterator<Item = usize> + Clone + use<'_> {
        (0..self.count(ring_degree)).map(move |i| match self {
            Self::All => i,
            Self::Only(places) => places[i] as usize,
        })
    }

    /// Words put in their places among N, the others 0.
    pub(super) fn spread(&self, words: Vec<u64>, ring_degree: usize) -> Vec<u64> {
        if *self == Self::All {
            return words;
        }
        let mut all = vec![0; ring_degree];
        self.places(ring_degree).zip(words).for_each(|(place, word)| all[place] = word);
        all
    }

    /// Where an automorphism takes them.
    pub fn moved(&self, element: GaloisElement, ring_degree: usize) -> Self {
        let mut are_used = vec![false; ring_degree];
        for place in self.places(ring_degree) {
            // X^N = -1.
            are_used[place * element.exponent() % ring_degree] = true;
        }
        Self::used(&are_used)
    }
}
