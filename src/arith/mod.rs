//! Integers modulo a word-sized prime: scalar arithmetic, prime search, bit packing, and the vector kernels.

mod aligned;
mod bit_packing;
pub mod kernels;
mod modulus;
mod packed;
mod primes;

pub use aligned::{AlignedWords, zeroed};
pub use bit_packing::{Packer, Unpacker};
pub use modulus::{Modulus, Shoup};
pub use packed::{PackedMut, PackedWords};
pub use primes::{PrimeError, is_prime, largest_ntt_primes, root_of_unity};

/// The `bits` lowest bits of `index`, in reverse order.
pub fn bit_reverse(index: usize, bits: u32) -> usize {
    if bits == 0 { 0 } else { index.reverse_bits() >> (usize::BITS - bits) }
}
