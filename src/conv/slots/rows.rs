//! The factors of the multiply stage: scalars, one per block of a ciphertext, or small integers.

use rayon::prelude::*;

use crate::arith::kernels::{Reduction, Row};
use crate::arith::{AlignedWords, Shoup, zeroed};
use crate::bfv::Context;
use crate::conv::ConvError;
use crate::conv::panel::APART;
use crate::conv::setting::Setting;

/// Scalar factors for every sum: for each sum, each limb and each block of the ciphertext, one
/// factor per term. Terms run over inputs, and within an input over the shifts the sum uses.
///
/// Small integers are the same modulo every limb, once those below zero are made positive: each is
/// held with a bias, and the sum of all words times the bias, which all sums share, is taken off.
#[derive(Debug, Default)]
pub struct ScalarRows {
    factors: AlignedWords,
    /// Shoup's quotients, for eager reduction only.
    quotients: AlignedWords,
    /// How many limbs have factors of their own: all, or one, where factors are integers and so the
    /// same modulo every limb.
    limbs: usize,
    blocks: usize,
    terms: usize,
    /// Words from one sum to the next.
    stride: usize,
    /// For each of those limbs, an upper bound of the bits of its factors.
    bits: Vec<u32>,
    /// What was added to integers, for each term; empty where nothing was.
    bias: Vec<u64>,
}

/// Words from the factors of one sum to those of the next. For a block, a kernel reads the factors of
/// several sums side by side: see [`APART`].
const fn stride(words: usize) -> usize {
    const PAGE: usize = 512;
    if words < PAGE {
        if words == 0 { 1 } else { words }
    } else {
        words.next_multiple_of(PAGE) + APART
    }
}

impl ScalarRows {
    /// Space for factors as [`ScalarRows::build`] makes them, with all memory taken.
    pub fn taken(context: &Context, sums: usize, [blocks, terms]: [usize; 2]) -> Self {
        Self::with_limbs(context, context.ciphertext_basis().len(), sums, blocks * terms)
    }

    /// Space for factors as [`ScalarRows::build_integers`] makes them, with all memory taken.
    pub fn taken_for_integers(context: &Context, sums: usize, terms: usize) -> Self {
        let is_lazy = context.reduction() == Reduction::Lazy;
        let limbs = if is_lazy { 1 } else { context.ciphertext_basis().len() };
        Self::with_limbs(context, limbs, sums, terms)
    }

    fn with_limbs(context: &Context, limbs: usize, sums: usize, per_limb: usize) -> Self {
        let take = |is_needed: bool| {
            let words = sums * stride(limbs * per_limb);
            let mut words = zeroed(if is_needed { words } else { 0 });
            words.take();
            words
        };
        let quotients = take(context.reduction() == Reduction::Eager);
        Self { factors: take(true), quotients, ..Self::default() }
    }

    /// Makes it hold integers as factors of `sums` sums of at most `terms` terms: `integers` gives
    /// those of a sum, none larger than `largest` in absolute value. `proceed` is asked before each
    /// sum.
    ///
    /// # Errors
    /// That of `proceed`.
    pub fn build_integers<I: Iterator<Item = i64>>(
        &mut self,
        context: &Context,
        [sums, terms]: [usize; 2],
        largest: u64,
        proceed: impl Fn() -> Result<(), ConvError> + Sync,
        integers: impl Fn(usize) -> I + Sync,
    ) -> Result<(), ConvError> {
        let limbs = context.ciphertext_basis().limbs();
        if context.reduction() == Reduction::Eager {
            return self.build(context, [sums, 1], [1, terms], proceed, |sum, factors| {
                let by_limb =
                    factors.into_iter().flat_map(|sum| sum.chunks_exact_mut(terms.max(1)));
                for (limb, factors) in limbs.iter().zip(by_limb) {
                    for (factor, integer) in factors.iter_mut().zip(integers(sum)) {
                        *factor = limb.modulus().from_signed(integer);
                    }
                }
            });
        }
        let per_sum = stride(terms);
        (self.limbs, self.blocks, self.terms, self.stride) = (1, 1, terms, per_sum);
        (self.bits, self.bias) = (vec![integer_bits(largest)], vec![largest; terms]);
        let factors = space(&mut self.factors, sums * per_sum);
        factors.par_chunks_mut(per_sum.max(1)).enumerate().try_for_each(|(sum, factors)| {
            proceed()?;
            for (factor, integer) in factors.iter_mut().zip(integers(sum)) {
                *factor = largest.wrapping_add_signed(integer);
            }
            Ok(())
        })
    }

    /// Makes it hold factors for `sums` sums of at most `terms` terms, made by `fill` for `together`
    /// sums at a time: it gets the index of such a group and the factors of its sums, for each limb
    /// and each block `terms` words, to be set to `[0, q)`; they hold anything before. `proceed` is
    /// asked before each group.
    ///
    /// # Errors
    /// That of `proceed`.
    pub fn build(
        &mut self,
        context: &Context,
        [sums, together]: [usize; 2],
        [blocks, terms]: [usize; 2],
        proceed: impl Fn() -> Result<(), ConvError> + Sync,
        fill: impl Fn(usize, Vec<&mut [u64]>) + Sync,
    ) -> Result<(), ConvError> {
        let limbs = context.ciphertext_basis().limbs();
        let words = limbs.len() * blocks * terms;
        let per_sum = stride(words);
        (self.limbs, self.blocks, self.terms, self.stride) = (limbs.len(), blocks, terms, per_sum);
        self.bits = limbs.iter().map(|limb| limb.modulus().bits()).collect();
        self.bias.clear();
        let factors = space(&mut self.factors, sums * per_sum);
        let groups = factors.par_chunks_mut((together * per_sum).max(1)).enumerate();
        groups.try_for_each(|(i, group)| {
            proceed()?;
            fill(i, group.chunks_mut(per_sum).map(|sum| &mut sum[..words]).collect());
            Ok::<_, ConvError>(())
        })?;
        if context.reduction() == Reduction::Lazy {
            return Ok(());
        }
        let per_limb = (blocks * terms).max(1);
        let quotients = space(&mut self.quotients, factors.len()).par_chunks_mut(per_sum);
        quotients.zip(factors.par_chunks(per_sum)).for_each(|(quotients, factors)| {
            let pairs = quotients.chunks_exact_mut(per_limb).zip(factors.chunks_exact(per_limb));
            for (limb, (quotients, factors)) in limbs.iter().zip(pairs) {
                for (quotient, factor) in quotients.iter_mut().zip(factors) {
                    *quotient = limb.modulus().shoup(*factor).quotient;
                }
            }
        });
        Ok(())
    }

    /// Bytes of integers as factors.
    pub fn integer_bytes(setting: Setting<'_>, sums: usize, terms: usize) -> u64 {
        match setting.reduction {
            Reduction::Eager => Self::bytes(setting, sums, 1, terms),
            Reduction::Lazy => ((sums * stride(terms) + terms) * size_of::<u64>()) as u64,
        }
    }

    /// Bytes of other factors.
    pub fn bytes(setting: Setting<'_>, sums: usize, blocks: usize, terms: usize) -> u64 {
        let words = sums * stride(setting.limbs() * blocks * terms);
        let each = if setting.reduction == Reduction::Eager {
            size_of::<Shoup>()
        } else {
            size_of::<u64>()
        };
        (words * each) as u64
    }

    /// Blocks of a ciphertext that have factors of their own.
    pub const fn blocks(&self) -> usize {
        self.blocks
    }

    /// The factors of one block of one sum, `terms` of them.
    pub fn row(&self, sum: usize, limb: usize, block: usize, terms: usize) -> Row<'_> {
        let limb = limb.min(self.limbs.saturating_sub(1));
        let start = sum * self.stride + (limb * self.blocks + block) * self.terms;
        let range = start..start + terms;
        Row {
            factors: &self.factors[range.clone()],
            quotients: self.quotients.get(range).unwrap_or_default(),
            bits: self.bits.get(limb).copied().unwrap_or(u64::BITS),
        }
    }

    /// What all words of a sum of `terms` terms are to be multiplied by and taken off, if anything.
    pub fn bias(&self, terms: usize) -> Option<Row<'_>> {
        let factors = self.bias.get(..terms).filter(|_| !self.bias.is_empty())?;
        Some(Row { factors, quotients: &[], bits: *self.bits.first()? })
    }
}

/// Bits of integers of at most `largest` in absolute value, with a bias that makes all of them
/// positive.
pub const fn integer_bits(largest: u64) -> u32 {
    u64::BITS - (2 * largest).leading_zeros()
}

/// `len` words of `words`, which are enlarged where they are too few.
fn space(words: &mut AlignedWords, len: usize) -> &mut [u64] {
    if words.len() < len {
        *words = zeroed(len);
    }
    &mut words[..len]
}
