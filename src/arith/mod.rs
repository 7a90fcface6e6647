//! Integers modulo a word-sized prime: scalar arithmetic, prime search, bit packing, and the vector kernels.

mod bit_packing;
pub mod kernels;
mod modulus;
mod primes;

pub use bit_packing::{Packer, Unpacker};
pub use modulus::{Modulus, Shoup};
pub use primes::{PrimeError, is_prime, largest_ntt_primes};

/// A 64-byte aligned vector of words: one cache line is one AVX-512 register.
pub type AlignedWords = aligned_vec::AVec<u64, aligned_vec::ConstAlign<64>>;

/// `len` zero words, aligned to a cache line.
pub fn zeroed(len: usize) -> AlignedWords {
    aligned_vec::avec![[64]| 0u64; len]
}

/// The `bits` lowest bits of `index`, in reverse order.
pub fn bit_reverse(index: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { index.reverse_bits() >> (usize::BITS - bits) }
}
