//! How wide products are, which says how their sums are made.

/// What one half of a 104-bit product holds.
pub const NARROW_BITS: u32 = 52;

/// Terms of a sum that is estimated, at most.
pub(super) const ESTIMATED_TERMS: usize = 64;

/// Pieces of a sum that are added before it must be reduced: each adds at most 2^48 times 2^32, so that all
/// multiples of 2^32 together are at most 2^60.
pub(super) const ESTIMATED_PIECES: usize = 1 << 12;

/// Products of words modulo a modulus with factors, by their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// *Narrow* products of halves of words: word and factor have at most 32 bits. Many machines make
    /// several of these at once where they have none of longer ones.
    Halves,
    /// *Narrow* products: at most [`NARROW_BITS`] bits.
    Narrow,
    /// Products of at most 76 bits, of factors of at most 52: an estimate and a residue tell the sum of a
    /// few.
    ///
    /// The residue modulo 2^32 takes the lower halves of words alone. The estimate is the sum of doubles:
    /// where it is off by less than 2^31, one number of that residue is next to it, which is the sum.
    /// Words are doubles without loss, and every operation adds at most a part in 2^53 of its result to the
    /// error. Of n products below 2^b the products add n 2^(b-53), the sums up to theirs, 2^b to n 2^b,
    /// n (n+1) 2^(b-54), and taking the residue off n 2^(b-53): n (n+5) 2^(b-54) in all, up to parts of
    /// these parts. A fused multiply-add adds less. Sums below 2^32 have no error at all, so that what is
    /// left of an estimate when the residue is taken off is never negative but where it rounds to 2^32 and
    /// more.
    Estimated {
        /// Terms n of such a sum, at most: with n (n+6) <= 2^(85-b), and many enough to be worth it.
        terms: usize,
    },
    /// Any products.
    Wide,
}

impl Width {
    /// Of words and factors of so many bits each.
    pub const fn of(word_bits: u32, factor_bits: u32) -> Self {
        let bits = factor_bits.saturating_add(word_bits);
        if bits <= NARROW_BITS {
            return if word_bits <= 32 && factor_bits <= 32 { Self::Halves } else { Self::Narrow };
        }
        match bits {
            _ if word_bits > NARROW_BITS || factor_bits > NARROW_BITS => Self::Wide,
            ..=72 => Self::Estimated { terms: ESTIMATED_TERMS },
            73..=74 => Self::Estimated { terms: 32 },
            75..=76 => Self::Estimated { terms: 16 },
            _ => Self::Wide,
        }
    }

    /// Whether products are narrow.
    pub const fn is_narrow(self) -> bool {
        matches!(self, Self::Halves | Self::Narrow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_near_enough() {
        for (bits, factor_bits) in (1..=100).flat_map(|bits| (0..=bits).map(move |one| (bits, one)))
        {
            let word_bits = bits - factor_bits;
            let Width::Estimated { terms } = Width::of(word_bits, factor_bits) else { continue };
            assert!(word_bits.max(factor_bits) <= 52, "doubles hold them");
            let terms = terms as u128;
            assert!(terms * (terms + 6) <= 1 << (85 - bits), "{bits}");
            // The multiples of 2^32 of all pieces have room, and carries.
            assert!(terms << (bits - 32) <= 1 << 48, "{bits}");
        }
    }

    #[test]
    fn widths_are_told_by_both_factors() {
        assert_eq!(Width::of(26, 26), Width::Halves);
        assert_eq!(Width::of(32, 20), Width::Halves);
        assert_eq!(Width::of(33, 19), Width::Narrow);
        assert_eq!(Width::of(36, 36), Width::Estimated { terms: 64 });
        assert_eq!(Width::of(50, 20), Width::Estimated { terms: 64 });
        assert_eq!(Width::of(38, 38), Width::Estimated { terms: 16 });
        assert_eq!(Width::of(44, 44), Width::Wide);
        assert_eq!(Width::of(20, u32::MAX), Width::Wide);
        assert_eq!(Width::of(61, 15), Width::Wide, "which no double holds");
    }
}
