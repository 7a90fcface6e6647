//! Words that kernels read over and over, laid end to end.

use crate::arith::{AlignedWords, zeroed};

/// Pieces of words, one after the other from a line of the cache on: vectors that begin elsewhere are read
/// from two lines each.
#[derive(Debug, Default)]
pub struct Near(AlignedWords);

impl Near {
    /// The words of `pieces`, which are `len` together.
    pub fn lay<'a>(&mut self, len: usize, pieces: impl Iterator<Item = &'a [u64]>) -> &[u64] {
        if self.0.len() < len {
            self.0 = zeroed(len);
        }
        let mut rest = &mut self.0[..len];
        for piece in pieces {
            let Some(words) = rest.split_off_mut(..piece.len()) else { break };
            words.copy_from_slice(piece);
        }
        &self.0[..len]
    }
}
