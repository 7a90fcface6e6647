//! What kernels read and write.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::{BLOCK, Factors};
use crate::arith::{Modulus, Shoup};

/// A permutation of blocks of [`BLOCK`] words, with few orders within them.
#[derive(Clone, Debug, Default)]
pub struct BlockPermutation {
    /// For each block of the result, the block it is taken from and the order of its words.
    sources: Vec<(u32, u32)>,
    orders: Vec<Order>,
}

/// The order of the words of a block. Each half of it is taken from one half.
#[derive(Clone, Debug)]
struct Order {
    /// For each word the word it is taken from.
    words: [u64; BLOCK],
    halves: HalfOrder,
}

/// An order by halves.
#[derive(Clone, Debug)]
pub(super) struct HalfOrder {
    /// Half `i` of a block is taken from half `i ^ swap`.
    pub(super) swap: usize,
    /// For each half the places of its words' 32-bit parts in the half that it is taken from, two in each
    /// word.
    pub(super) parts: [[u64; BLOCK / 2]; 2],
}

impl Order {
    fn new(words: [u64; BLOCK]) -> Self {
        const HALF: u64 = BLOCK as u64 / 2;
        debug_assert!(words.chunks(BLOCK / 2).all(|w| w.iter().all(|i| i / HALF == w[0] / HALF)));
        let part = |half: usize, i: usize| 2 * (words[half * BLOCK / 2 + i] % HALF);
        let parts = |half| std::array::from_fn(|i| part(half, i) | (part(half, i) + 1) << 32);
        let halves = HalfOrder { swap: (words[0] / HALF) as usize, parts: [parts(0), parts(1)] };
        Self { words, halves }
    }
}

impl BlockPermutation {
    /// Adds a block to the result: block `source`, its words in `order`, which takes each half of a block
    /// from one half.
    pub fn push(&mut self, source: usize, order: [u64; BLOCK]) {
        let known = self.orders.iter().position(|one| one.words == order);
        let place = known.unwrap_or(self.orders.len());
        if known.is_none() {
            self.orders.push(Order::new(order));
        }
        self.sources.push((source as u32, place as u32));
    }

    /// Where word `index` of the result is taken from.
    pub fn source(&self, index: usize) -> usize {
        let (block, order) = self.sources[index / BLOCK];
        block as usize * BLOCK + self.orders[order as usize].words[index % BLOCK] as usize
    }

    /// For each block of the result, the block it is taken from and the order of its words.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, &[u64; BLOCK])> {
        let words = |order: u32| &self.orders[order as usize].words;
        self.sources.iter().map(move |(block, order)| (*block as usize, words(*order)))
    }

    /// The same, with orders by halves.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn by_halves(&self) -> impl Iterator<Item = (usize, &HalfOrder)> {
        let halves = |order: u32| &self.orders[order as usize].halves;
        self.sources.iter().map(move |(block, order)| (*block as usize, halves(*order)))
    }
}

/// A key switch modulo one prime: `digits.len() / N` products for every word of a polynomial of N
/// words, each of them once per polynomial of the key, and all of it permuted.
#[derive(Clone, Copy, Debug)]
pub struct KeySwitch<'a> {
    /// The digits one after the other, N words each.
    pub digits: &'a [u64],
    /// The key, its words multiplied by [`Kernels::key_scale`](super::Kernels::key_scale): for each block
    /// of the *result* and each digit a tile, which are the [`BLOCK`] words of the first polynomial that
    /// make this block, then those of the second, in the order they had before the permutation.
    pub key: Factors<'a>,
    /// The permutation of the result.
    pub permutation: &'a BlockPermutation,
}

/// Where both polynomials of a ciphertext are written side by side.
#[derive(Debug)]
pub struct PairsMut<'a> {
    /// From the first pair on.
    pub words: &'a mut [u64],
    /// Pair i, which is tile i of each polynomial, comes this many times i pairs after the first.
    pub stride: usize,
    /// Whether to write past the caches (non-temporal stores): for results so large that they would be
    /// evicted before they are read, and evict what is still needed.
    pub streams: bool,
}

/// Where rows of [`BATCH`](super::BATCH) words are written apart from each other.
#[derive(Debug)]
pub struct RowsMut<'a> {
    /// From the first row on.
    pub words: &'a mut [u64],
    /// Words from one row to the next.
    pub stride: usize,
    /// Whether to write past the caches, as in [`PairsMut`].
    pub streams: bool,
}

/// A root of unity as transforms take it.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    pub(super) by: Shoup,
    /// Shoup's quotient of 52 bits.
    pub(super) quotient52: u64,
}

impl Root {
    /// A root by its factor and quotient.
    pub const fn new(by: Shoup) -> Self {
        Self { by, quotient52: by.quotient >> 12 }
    }
}

/// The roots of an inverse transform, and what divides by its length with its last level.
#[derive(Clone, Debug)]
pub struct InverseRoots {
    pub(super) roots: Vec<Root>,
    /// 1 over the length.
    pub(super) share: Root,
    /// The root of the last level over the length.
    pub(super) last: Root,
}

impl InverseRoots {
    /// From the inverses of the roots of a transform of `roots.len()` coefficients, at least two.
    pub fn new(modulus: &Modulus, roots: Vec<Root>) -> Self {
        let share = modulus.shoup(modulus.inverse(modulus.reduce(roots.len() as u64)));
        let last =
            roots.get(1).map_or(share.factor, |root| modulus.mul_shoup(root.by.factor, share));
        Self { roots, share: Root::new(share), last: Root::new(modulus.shoup(last)) }
    }
}

/// The roots of small transforms of one length and modulus, both ways.
#[derive(Clone, Debug)]
pub struct SmallRoots {
    pub(super) forward: Vec<Root>,
    pub(super) inverse: InverseRoots,
    #[cfg(target_arch = "x86_64")]
    pub(super) centred: avx2::CentredRoots,
}

impl SmallRoots {
    /// From the roots of a transform of `forward.len()` coefficients, a power of two from 2 on, and those of
    /// its inverse; see [`Kernels::small_forward`](super::Kernels::small_forward).
    pub fn new(modulus: &Modulus, forward: Vec<Root>, inverse: Vec<Root>) -> Self {
        let inverse = InverseRoots::new(modulus, inverse);
        #[cfg(target_arch = "x86_64")]
        let centred = avx2::CentredRoots::new(modulus, &forward, &inverse);
        Self {
            forward,
            inverse,
            #[cfg(target_arch = "x86_64")]
            centred,
        }
    }
}

/// One row of scalar factors, a factor per term.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The factors, in `[0, q)`.
    pub factors: &'a [u64],
    /// Shoup's quotients of the factors; read by eager reduction only and may be empty otherwise.
    pub quotients: &'a [u64],
    /// No factor has more bits. How lazy sums are made follows from the bits of their products: see
    /// [`Width`](super::Width).
    pub bits: u32,
}

impl Row<'_> {
    /// The row of some of its terms.
    pub fn part(self, terms: std::ops::Range<usize>) -> Self {
        let quotients = self.quotients.get(terms.clone()).unwrap_or_default();
        Self { factors: &self.factors[terms], quotients, ..self }
    }
}
