//! The terms of a sum, which lie in several places.

use super::PAIR;

/// The terms of all segments, a chunk at a time.
pub(super) struct Chunks<'a, const CHUNK: usize> {
    segments: std::slice::Iter<'a, &'a [u64]>,
    terms: &'a [[u64; PAIR]],
    chunk: [&'a [u64; PAIR]; CHUNK],
}

impl<'a, const CHUNK: usize> Chunks<'a, CHUNK> {
    pub(super) fn new(segments: &'a [&'a [u64]]) -> Self {
        Self { segments: segments.iter(), terms: &[], chunk: [&[0; PAIR]; CHUNK] }
    }

    /// The next terms, none at the end.
    pub(super) fn next(&mut self) -> &[&'a [u64; PAIR]] {
        let mut len = 0;
        while len < CHUNK {
            if self.terms.is_empty() {
                let Some(segment) = self.segments.next() else { break };
                self.terms = segment.as_chunks().0;
            }
            let (now, later) = self.terms.split_at(self.terms.len().min(CHUNK - len));
            for (place, term) in self.chunk[len..].iter_mut().zip(now) {
                *place = term;
            }
            (self.terms, len) = (later, len + now.len());
        }
        &self.chunk[..len]
    }
}
