//! The multiply-add of a backend alone, on registers: no kernel that sums products is faster.

use std::hint::black_box;

use super::Backend;
#[cfg(target_arch = "x86_64")]
use super::ifma;

/// Sums of the portable loop, as many as its kernels hold.
const SUMS: usize = 4;

/// Does about `count` multiply-adds of words to sums that lazy kernels keep, all in registers, and
/// gives how many they were; `None` where that was written for other backends alone, or this machine
/// lacks the instructions.
pub fn multiply_adds(backend: Backend, count: u64) -> Option<u64> {
    let words = black_box([0x000b_5297_a4d3_e1c9, 3, 5, 7, 11, 13, 17, 19]);
    if !backend.is_available() {
        return None;
    }
    if backend == Backend::Portable {
        let rounds = count.div_ceil(SUMS as u64);
        black_box(portable(&words, rounds));
        return Some(rounds * SUMS as u64);
    }
    #[cfg(target_arch = "x86_64")]
    if backend == Backend::Avx512Ifma {
        let rounds = count.div_ceil(ifma::ROUND);
        // SAFETY: the backend is available: the processor has AVX-512 IFMA.
        black_box(unsafe { ifma::multiply_adds(&words, rounds) });
        return Some(rounds * ifma::ROUND);
    }
    None
}

/// 128-bit sums of 64-bit products, one factor of which changes: products that stay the same would
/// be made once.
fn portable(words: &[u64; 8], rounds: u64) -> u64 {
    let mut factor = words[0];
    let mut sums = [0u128; SUMS];
    for _ in 0..rounds {
        for (sum, word) in sums.iter_mut().zip(&words[1..]) {
            *sum = sum.wrapping_add(u128::from(factor) * u128::from(*word));
        }
        factor = factor.wrapping_add(words[1]);
    }
    sums.iter().fold(0, |all, sum| all ^ (*sum as u64) ^ (*sum >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_do_what_they_were_asked_for() {
        for backend in Backend::ALL.into_iter().filter(|backend| backend.is_available()) {
            if let Some(done) = multiply_adds(backend, 1000) {
                assert!((1000..1064).contains(&done), "{done}");
            }
        }
        assert_eq!(multiply_adds(Backend::Portable, 1000), Some(1000));
    }

    #[test]
    fn the_portable_loop_sums_products() {
        let words = [10, 3, 5, 7, 11, 0, 0, 0];
        // Factors 10 and 13, with each of 3, 5, 7 and 11.
        assert_eq!(portable(&words, 2), (23 * 3) ^ (23 * 5) ^ (23 * 7) ^ (23 * 11));
    }
}
