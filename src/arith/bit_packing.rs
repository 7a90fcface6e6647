//! Packing words of any bit width into bytes, lowest bit first.

/// Appends words to bytes.
#[derive(Debug, Default)]
pub struct Packer {
    pending: u128,
    pending_bits: u32,
}

impl Packer {
    /// Appends `words`, each in `bits <= 64` bits.
    pub fn words(&mut self, words: &[u64], bits: u32, bytes: &mut Vec<u8>) {
        for &word in words {
            self.pending |= u128::from(word) << self.pending_bits;
            self.pending_bits += bits;
            if self.pending_bits >= 64 {
                bytes.extend((self.pending as u64).to_le_bytes());
                self.pending >>= 64;
                self.pending_bits -= 64;
            }
        }
    }

    /// Fills up to a whole byte with zero bits.
    pub fn finish(self, bytes: &mut Vec<u8>) {
        let whole = self.pending_bits.div_ceil(8) as usize;
        bytes.extend(&(self.pending as u64).to_le_bytes()[..whole]);
    }
}

/// Takes words from bytes; past the end it reads zeros.
#[derive(Debug)]
pub struct Unpacker<'a> {
    rest: &'a [u8],
    pending: u128,
    pending_bits: u32,
}

impl<'a> Unpacker<'a> {
    /// Starts at the first bit of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, pending: 0, pending_bits: 0 }
    }

    /// Fills `words`, each from `bits <= 64` bits.
    pub fn words(&mut self, words: &mut [u64], bits: u32) {
        let done = self.whole_groups(words, bits);
        let mask = (1u128 << bits) - 1;
        for word in &mut words[done..] {
            if self.pending_bits < bits {
                self.refill();
            }
            *word = (self.pending & mask) as u64;
            self.pending >>= bits;
            self.pending_bits -= bits;
        }
    }

    /// Fills groups of eight words, which take `bits` whole bytes, as long as nothing is pending and
    /// eight bytes can be read at once for each: gives the number of words. With at most 57 bits a
    /// word lies within eight bytes.
    fn whole_groups(&mut self, words: &mut [u64], bits: u32) -> usize {
        if self.pending_bits > 0 || !(1..=57).contains(&bits) {
            return 0;
        }
        let (bits, mask) = (bits as usize, u64::MAX >> (64 - bits));
        let spare = self.rest.len().saturating_sub(8);
        let groups = (words.len() / 8).min(spare / bits);
        let (now, _) = words.as_chunks_mut::<8>();
        for (i, group) in now[..groups].iter_mut().enumerate() {
            let bytes = &self.rest[i * bits..][..bits + 8];
            for (j, word) in group.iter_mut().enumerate() {
                let mut window = [0; 8];
                window.copy_from_slice(&bytes[j * bits / 8..][..8]);
                *word = u64::from_le_bytes(window) >> (j * bits % 8) & mask;
            }
        }
        self.rest = &self.rest[groups * bits..];
        8 * groups
    }

    fn refill(&mut self) {
        let mut chunk = [0; 8];
        let len = self.rest.len().min(8);
        let (head, rest) = self.rest.split_at(len);
        chunk[..len].copy_from_slice(head);
        self.rest = rest;
        self.pending |= u128::from(u64::from_le_bytes(chunk)) << self.pending_bits;
        self.pending_bits += 64;
    }

    /// Whether nothing but zero bits is left.
    pub fn is_exhausted(&self) -> bool {
        self.pending == 0 && self.rest.iter().all(|byte| *byte == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_packed_unpacks(bits in 1u32..=64, words in prop::collection::vec(any::<u64>(), 0..70)) {
            let mask = u64::MAX >> (64 - bits);
            let words: Vec<u64> = words.into_iter().map(|w| w & mask).collect();
            let mut bytes = Vec::new();
            let mut packer = Packer::default();
            packer.words(&words, bits, &mut bytes);
            packer.finish(&mut bytes);
            prop_assert_eq!(bytes.len(), (words.len() * bits as usize).div_ceil(8));
            let mut unpacker = Unpacker::new(&bytes);
            let mut found = vec![0; words.len()];
            unpacker.words(&mut found, bits);
            prop_assert_eq!(found, words);
            prop_assert!(unpacker.is_exhausted());
        }
    }
}
