//! The multiply-add of a backend alone, on registers: no kernel that sums products is faster.

use std::hint::black_box;

use super::Backend;
#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};

/// Sums of the portable loop, as many as its kernels hold.
const SUMS: usize = 4;

/// Does about `count` multiply-adds of words to sums that lazy kernels keep, all in registers, and
/// gives how many they were; `None` where this machine lacks the instructions. Where products are
/// `narrow`, as [`super::NARROW_BITS`] has it, a backend may do less.
pub fn multiply_adds(backend: Backend, narrow: bool, count: u64) -> Option<u64> {
    if !backend.is_available() {
        return None;
    }
    let words = black_box([0x000a_5297_a4d3, 3, 5, 7, 11, 13, 17, 19]);
    let (result, done) = match backend {
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512Ifma => {
            let rounds = count.div_ceil(ifma::ROUND);
            let result = if narrow {
                // SAFETY: the backend is available: the processor has AVX-512 IFMA.
                unsafe { ifma::multiply_adds::<true>(&words, rounds) }
            } else {
                // SAFETY: as above.
                unsafe { ifma::multiply_adds::<false>(&words, rounds) }
            };
            (result, rounds * ifma::ROUND)
        }
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => {
            let rounds = count.div_ceil(avx2::ROUND);
            let [a, b, c, d, ..] = words;
            // SAFETY: the backend is available: the processor has AVX2 and FMA.
            (unsafe { avx2::multiply_adds(&[a, b, c, d], rounds) }, rounds * avx2::ROUND)
        }
        _ => {
            let rounds = count.div_ceil(SUMS as u64);
            (portable(&words, rounds), rounds * SUMS as u64)
        }
    };
    // Else there would be no need to do them.
    black_box(result);
    Some(done)
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
            for narrow in [false, true] {
                let done = multiply_adds(backend, narrow, 1000);
                assert!(done.is_some_and(|done| (1000..1064).contains(&done)), "{done:?}");
            }
        }
        assert_eq!(multiply_adds(Backend::Portable, false, 1000), Some(1000));
    }

    #[test]
    fn the_portable_loop_sums_products() {
        let words = [10, 3, 5, 7, 11, 0, 0, 0];
        // Factors 10 and 13, with each of 3, 5, 7 and 11.
        assert_eq!(portable(&words, 2), (23 * 3) ^ (23 * 5) ^ (23 * 7) ^ (23 * 11));
    }
}
