//! The terms of a sum, which lie in several places.

use super::PAIR;

/// The terms of all segments, at most `CHUNK` at a time.
pub(super) struct Chunks<'a, const CHUNK: usize> {
    segments: std::slice::Iter<'a, &'a [u64]>,
    terms: &'a [[u64; PAIR]],
    chunk: [&'a [u64; PAIR]; CHUNK],
    /// Terms at a time.
    most: usize,
}

impl<'a, const CHUNK: usize> Chunks<'a, CHUNK> {
    pub(super) fn new(segments: &'a [&'a [u64]]) -> Self {
        Self::of(segments, CHUNK)
    }

    /// Of `most` terms at a time, at most `CHUNK`.
    pub(super) fn of(segments: &'a [&'a [u64]], most: usize) -> Self {
        let most = most.min(CHUNK);
        Self { segments: segments.iter(), terms: &[], chunk: [&[0; PAIR]; CHUNK], most }
    }

    /// The next terms, of which there are some.
    pub(super) fn next(&mut self) -> Option<&[&'a [u64; PAIR]]> {
        let mut len = 0;
        while len < self.most {
            if self.terms.is_empty() {
                let Some(segment) = self.segments.next() else { break };
                self.terms = segment.as_chunks().0;
            }
            let (now, later) = self.terms.split_at(self.terms.len().min(self.most - len));
            for (place, term) in self.chunk[len..].iter_mut().zip(now) {
                *place = term;
            }
            (self.terms, len) = (later, len + now.len());
        }
        (len > 0).then_some(&self.chunk[..len])
    }
}
