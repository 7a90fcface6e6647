//! Which coefficients of a polynomial are sent.

use std::borrow::Cow;
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

    /// Of N words those in these places.
    pub(super) fn pick<'a>(&self, words: &'a [u64]) -> Cow<'a, [u64]> {
        match self {
            Self::All => Cow::Borrowed(words),
            Self::Only(places) => places.iter().map(|place| words[*place as usize]).collect(),
        }
    }

    /// Puts words in their places among N.
    pub(super) fn put(&self, words: &[u64], all: &mut [u64]) {
        match self {
            Self::All => all.iter_mut().zip(words).for_each(|(place, word)| *place = *word),
            Self::Only(places) => {
                places.iter().zip(words).for_each(|(place, word)| all[*place as usize] = *word);
            }
        }
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
