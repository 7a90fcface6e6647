//! Instruction sets, and when sums are reduced.

#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};

/// When sums of products are reduced modulo q.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Every product and every sum at once.
    Eager,
    /// Once, after a wide accumulator has taken all terms.
    Lazy,
}

impl Reduction {
    /// Both modes.
    pub const ALL: [Self; 2] = [Self::Eager, Self::Lazy];

    /// The name used on the command line, in files and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Lazy => "lazy",
        }
    }

    /// What it is, for a list.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Eager => "every product and every sum is reduced",
            Self::Lazy => "products are summed unreduced in wide words, and sums reduced once",
        }
    }
}

/// An instruction set that kernels are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// 64-bit words and 128-bit products, on any machine.
    Portable,
    /// AVX2 with multiply-add of doubles (Intel Haswell, AMD Zen, and later).
    Avx2,
    /// AVX-512 with 52-bit integer multiply-add (Intel Cannon Lake, AMD Zen 4, and later).
    Avx512Ifma,
}

impl Backend {
    /// Every backend, best last.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512Ifma];

    /// Whether this machine has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Ifma => ifma::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512Ifma => false,
        }
    }

    /// The backends of this machine, best last.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_available())
    }

    /// The best backend of this machine.
    pub fn detect() -> Self {
        Self::available().next_back().unwrap_or(Self::Portable)
    }

    /// The name used on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512Ifma => "avx512ifma",
        }
    }

    /// Where it runs, and on what.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Portable => {
                "any machine; words of 64 bits, vectors where the compiler finds them"
            }
            Self::Avx2 => "AVX2 and FMA: Intel Haswell, AMD Zen, and later; products of doubles",
            Self::Avx512Ifma => {
                "AVX-512 IFMA: Intel Ice Lake, AMD Zen 4, and later; products of 52-bit integers"
            }
        }
    }
}
