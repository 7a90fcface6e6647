//! The hot loops, once per instruction set.
//!
//! `portable` runs everywhere and is the oracle the others are tested against; `ifma` uses the
//! 52-bit multiply-add of AVX-512, `avx2` the multiply-add of doubles. A kernel works on *tiles* of
//! [`TILE`] consecutive words of a ciphertext polynomial. Where both polynomials of a ciphertext
//! meet the same factor they lie side by side, [`PAIR`] words: the words of c0, then those of c1.
//!
//! All factors and words lie in `[0, q)`, and so do all results, in both reduction modes and on
//! every backend: results are equal bit for bit.
#![expect(unsafe_code, reason = "vector intrinsics; every block states why it is sound")]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod backend;
mod chunks;
mod double;
mod factors;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod limit;
mod operands;
mod portable;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod space;
#[cfg(target_arch = "x86_64")]
mod stream;
mod width;

use super::{Modulus, Shoup};

pub use backend::{Backend, Reduction};
pub(in crate::arith) use factors::margin;
pub use factors::{Factors, word_bytes};
pub use limit::multiply_adds;
pub use operands::{
    BlockPermutation, InverseRoots, KeySwitch, PairsMut, Root, Row, RowsMut, SmallRoots,
};
pub use scalar::ScalarSums;
pub use width::{NARROW_BITS, Width};

/// Words of one polynomial that a kernel handles at once: two AVX-512 registers.
pub const TILE: usize = 16;

/// A tile of both polynomials of a ciphertext.
pub const PAIR: usize = 2 * TILE;

/// Polynomials that the batched small transforms handle side by side: one AVX-512 register.
pub const BATCH: usize = 8;

/// Entries that a permutation moves together: one AVX-512 register.
pub const BLOCK: usize = 8;

/// Terms that a lazy accumulator of AVX-512 IFMA takes before it must be reduced: its low half then
/// holds less than 2^50 (a reduced value) and each term adds less than 2^52, so 4095 terms stay below
/// 2^64. The high half gains less than 2^48 a term and stays below 2^60.
pub const LAZY_TERMS: usize = 4095;

/// Asks memory for words that will be read soon, where the machine has an instruction for it: not for the
/// nearest cache, which other words are in.
pub fn ask_for(words: &[u64]) {
    #[cfg(target_arch = "x86_64")]
    for line in words.chunks(BLOCK) {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every processor of this architecture has SSE, and the instruction reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = words;
}

/// The kernels for one modulus on one backend.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    modulus: Modulus,
    engine: Engine,
}

#[derive(Clone, Copy, Debug)]
enum Engine {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Constants),
    #[cfg(target_arch = "x86_64")]
    Ifma(ifma::Constants),
}

/// Calls the kernel of the engine's instruction set.
macro_rules! dispatch {
    ($self:ident, $name:ident ( $($argument:expr),* )) => {
        match &$self.engine {
            Engine::Portable => portable::$name(&$self.modulus, $($argument),*),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2 and FMA.
            Engine::Avx2(constants) => unsafe { avx2::$name(constants, $($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX-512 IFMA.
            Engine::Ifma(constants) => unsafe { ifma::$name(constants, $($argument),*) },
        }
    };
}

impl Kernels {
    /// Kernels for `modulus` on `backend`; the portable ones where the machine lacks the backend
    /// or the modulus has more than the 50 bits it handles.
    pub fn new(backend: Backend, modulus: Modulus) -> Self {
        let engine = match backend {
            _ if !backend.is_available() || modulus.bits() > 50 => Engine::Portable,
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => Engine::Avx2(avx2::Constants::new(&modulus)),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512Ifma => Engine::Ifma(ifma::Constants::new(&modulus)),
            _ => Engine::Portable,
        };
        Self { modulus, engine }
    }

    /// The modulus.
    pub const fn modulus(&self) -> &Modulus {
        &self.modulus
    }

    /// Sums of whole products.
    fn whole_tile<const O: usize>(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        rows: [Row<'_>; O],
        out: &mut [[u64; PAIR]; O],
    ) {
        match reduction {
            Reduction::Eager => dispatch!(self, scalar_tile_eager(segments, rows, out)),
            Reduction::Lazy => {
                let is_narrow = self.width(self.factor_bits(&rows)).is_narrow();
                dispatch!(self, scalar_tile_lazy(is_narrow, segments, rows, out));
            }
        }
    }

    /// Bits that no factor of these rows has more of, and no word.
    fn factor_bits(&self, rows: &[Row<'_>]) -> u32 {
        let most = rows.iter().map(|row| row.bits).max();
        most.unwrap_or(u32::MAX).min(self.modulus.bits())
    }

    /// How wide products of words with factors of so many bits are.
    const fn width(&self, factor_bits: u32) -> Width {
        Width::of(self.modulus.bits(), factor_bits)
    }

    /// `out = sum over terms k of factors[k] * panel[k]`, word by word: a term has [`TILE`]
    /// factors, which meet both halves of its [`PAIR`] of panel words.
    pub fn pair_tile(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        factors: Factors<'_>,
        out: &mut [u64; PAIR],
    ) {
        self.pair_tiles(reduction, segments, factors, std::slice::from_mut(out));
    }

    /// [`Kernels::pair_tile`] of several sums with the same panel, whose factors come one sum after the
    /// other. Together they may take less, and factors that lie in memory come sooner.
    pub fn pair_tiles(
        &self,
        reduction: Reduction,
        segments: &[&[u64]],
        factors: Factors<'_>,
        out: &mut [[u64; PAIR]],
    ) {
        match reduction {
            Reduction::Eager => {
                let each = factors.len() / out.len().max(1);
                for (i, out) in out.iter_mut().enumerate() {
                    let factors = factors.range(i * each..(i + 1) * each);
                    dispatch!(self, pair_tile_eager(segments, factors, out));
                }
            }
            Reduction::Lazy => {
                let width = self.width(self.modulus.bits());
                dispatch!(self, pair_tiles_lazy(width, segments, factors, out));
            }
        }
    }

    /// What the words of a key must be multiplied by for [`KeySwitch`]: it spares this backend work
    /// with every sum.
    pub const fn key_scale(&self) -> u64 {
        match &self.engine {
            Engine::Portable => 1,
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2(_) => 1,
            #[cfg(target_arch = "x86_64")]
            Engine::Ifma(constants) => constants.key_scale(),
        }
    }

    /// The two polynomials of a key switch, added to `sums` where `adds` and written over them
    /// otherwise. There are at most 4095 digits.
    pub fn switch_key(
        &self,
        reduction: Reduction,
        switch: KeySwitch<'_>,
        adds: bool,
        sums: [&mut [u64]; 2],
    ) {
        dispatch!(self, switch_key(reduction, switch, adds, sums));
    }

    /// The two polynomials of a key switch less `subtrahends`, plus `addend` under the permutation
    /// for the first, laid side by side. There are at most 4095 digits.
    pub fn switch_key_to_pairs(
        &self,
        reduction: Reduction,
        switch: KeySwitch<'_>,
        subtrahends: [&[u64]; 2],
        addend: &[u64],
        out: PairsMut<'_>,
    ) {
        dispatch!(self, switch_key_to_pairs(reduction, switch, subtrahends, addend, out));
    }

    /// `words[i] += addends[i] - subtrahends[i]`. Lengths are equal multiples of [`BATCH`].
    pub fn add_difference(&self, words: &mut [u64], addends: &[u64], subtrahends: &[u64]) {
        dispatch!(self, add_difference(words, addends, subtrahends));
    }

    /// `out[i] = factor * minuends[i] - subtrahends[i]`. Lengths are equal multiples of [`BATCH`].
    pub fn scaled_difference(
        &self,
        factor: Shoup,
        minuends: &[u64],
        subtrahends: &[u64],
        out: &mut [u64],
    ) {
        dispatch!(self, scaled_difference(factor, minuends, subtrahends, out));
    }

    /// `words[i] += addends[permutation.source(i)]`. Lengths are equal.
    pub fn add_permuted(&self, words: &mut [u64], addends: &[u64], permutation: &BlockPermutation) {
        dispatch!(self, add_permuted(words, addends, permutation));
    }

    /// `words[i] += addends[i]`. Lengths are equal multiples of [`BATCH`].
    pub fn add(&self, words: &mut [u64], addends: &[u64]) {
        dispatch!(self, add(words, addends));
    }

    /// `words[i] -= subtrahends[i]`. Lengths are equal multiples of [`BATCH`].
    pub fn subtract(&self, words: &mut [u64], subtrahends: &[u64]) {
        dispatch!(self, subtract(words, subtrahends));
    }

    /// `words[i] *= factors[i]`. Lengths are equal multiples of [`BATCH`].
    pub fn multiply(&self, words: &mut [u64], factors: &[u64]) {
        dispatch!(self, multiply(words, factors));
    }

    /// `out[i]` is the integer in `(-p/2, p/2]` that `words[i]` in `[0, p)` stands for modulo
    /// `from = p < 2^50`, reduced. Lengths are equal multiples of [`BATCH`].
    pub fn lift_centred(&self, from: &Modulus, words: &[u64], out: &mut [u64]) {
        self.lift_scaled(from, self.modulus.shoup(1), words, out);
    }

    /// [`Kernels::lift_centred`], multiplied by `factor`.
    pub fn lift_scaled(&self, from: &Modulus, factor: Shoup, words: &[u64], out: &mut [u64]) {
        dispatch!(self, lift_scaled(from, factor, words, out));
    }

    /// `out[i][j]` is byte `i * stride + j` of `bytes`, a signed integer, modulo q > 128. For every i,
    /// `bytes` has all [`BATCH`] bytes from `i * stride` on.
    pub fn lift_bytes(&self, bytes: &[i8], stride: usize, out: &mut [[u64; BATCH]]) {
        match &self.engine {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX-512.
            Engine::Ifma(constants) => unsafe { ifma::lift_bytes(constants, bytes, stride, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2.
            Engine::Avx2(constants) => unsafe { avx2::lift_bytes(constants, bytes, stride, out) },
            Engine::Portable => {
                for (bytes, out) in bytes.chunks(stride).zip(out) {
                    for (out, byte) in out.iter_mut().zip(bytes) {
                        *out = self.modulus.from_signed((*byte).into());
                    }
                }
            }
        }
    }

    /// `words[i] *= factor`. Lengths are multiples of [`BATCH`].
    pub fn scale(&self, factor: Shoup, words: &mut [u64]) {
        self.small_scale(factor, words.as_chunks_mut().0);
    }

    /// Negacyclic transform of [`BATCH`] polynomials of `data.len()` coefficients at once, in
    /// place; `data[i]` holds coefficient i of each. Root j is omega^bitrev(j) for a primitive
    /// `2 * len`-th root omega; entry i of the result is the value at omega^(2 bitrev(i) + 1).
    pub fn small_forward(&self, roots: &SmallRoots, data: &mut [[u64; BATCH]]) {
        dispatch!(self, small_forward(roots, data));
    }

    /// Undoes [`Kernels::small_forward`].
    pub fn small_inverse(&self, roots: &SmallRoots, data: &mut [[u64; BATCH]]) {
        dispatch!(self, small_inverse(roots, data));
    }

    /// The transform of one long polynomial, given the roots as for the small ones, which are asked for
    /// only where this backend has transforms of its own. `None` where it has none, or not of this length.
    pub fn long_transform(
        &self,
        roots: impl FnOnce() -> (Vec<Root>, InverseRoots),
    ) -> Option<LongTransform> {
        match &self.engine {
            #[cfg(target_arch = "x86_64")]
            Engine::Ifma(constants) => {
                let (roots, inverse) = roots();
                ifma::LongRoots::new(constants, &roots, &inverse)
                    .map(|roots| LongTransform(LongEngine::Ifma(*constants, roots)))
            }
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2(constants) => {
                let (roots, inverse) = roots();
                avx2::LongRoots::new(constants, &roots, &inverse)
                    .map(|roots| LongTransform(LongEngine::Avx2(*constants, roots)))
            }
            Engine::Portable => None,
        }
    }

    /// Writes `rows` to their places, which are for whole rows each.
    pub fn spread(&self, rows: &[[u64; BATCH]], out: RowsMut<'_>) {
        match &self.engine {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX-512.
            Engine::Ifma(_) => unsafe { ifma::spread(rows, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::new` makes this engine only where the processor has AVX2.
            Engine::Avx2(_) => unsafe { avx2::spread(rows, out) },
            Engine::Portable => {
                for (row, words) in rows.iter().zip(out.words.chunks_mut(out.stride)) {
                    if let Some((words, _)) = words.split_first_chunk_mut() {
                        *words = *row;
                    }
                }
            }
        }
    }

    /// `data[i] *= factor` throughout.
    pub fn small_scale(&self, factor: Shoup, data: &mut [[u64; BATCH]]) {
        dispatch!(self, small_scale(factor, data));
    }
}

/// The transform of one long polynomial modulo one modulus.
#[derive(Clone, Debug)]
pub struct LongTransform(LongEngine);

#[derive(Clone, Debug)]
enum LongEngine {
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Constants, avx2::LongRoots),
    #[cfg(target_arch = "x86_64")]
    Ifma(ifma::Constants, ifma::LongRoots),
}

impl LongTransform {
    /// Negacyclic transform in place, of as many words as it was made for, in `[0, q)`; the order of
    /// values is that of [`Kernels::small_forward`].
    pub fn forward(&self, words: &mut [u64]) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::long_transform` makes this engine only for kernels of AVX2 and FMA.
            LongEngine::Avx2(ref constants, ref roots) => unsafe {
                avx2::long_forward(constants, roots, words);
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::long_transform` makes this engine only for kernels of AVX-512 IFMA.
            LongEngine::Ifma(ref constants, ref roots) => unsafe {
                ifma::long_forward(constants, roots, words);
            },
        }
    }

    /// Undoes [`LongTransform::forward`], or all but a factor of `words.len()`.
    pub fn inverse(&self, words: &mut [u64], times_len: bool) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            LongEngine::Avx2(ref constants, ref roots) => unsafe {
                avx2::long_inverse(constants, roots, times_len, words);
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            LongEngine::Ifma(ref constants, ref roots) => unsafe {
                ifma::long_inverse(constants, roots, times_len, words);
            },
        }
    }
}

#[cfg(test)]
mod tests;
