//! The multiply-add of a backend alone, on registers: no kernel that sums products is faster.

use std::hint::black_box;

use super::portable::and_product;
use super::{Backend, Width};
#[cfg(target_arch = "x86_64")]
use super::{avx2, ifma};

/// Sums of the portable loops, as many as fill the time that one of them takes.
const SUMS: usize = 4;
const HALF_SUMS: usize = 16;
const ESTIMATED_SUMS: usize = 8;

/// Does about `count` multiply-adds of words to sums that lazy kernels keep, all in registers, and
/// gives how many they were; `None` where this machine lacks the instructions.
pub fn multiply_adds(backend: Backend, width: Width, count: u64) -> Option<u64> {
    if !backend.is_available() {
        return None;
    }
    let words = black_box([0x000a_5297_a4d3, 3, 5, 7, 11, 13, 17, 19]);
    let (result, done) = match backend {
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512Ifma => {
            let rounds = count.div_ceil(ifma::ROUND);
            let result = if width.is_narrow() {
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
            let rounds = count.div_ceil(avx2::round(width));
            let [a, b, c, d, ..] = words;
            // SAFETY: the backend is available: the processor has AVX2 and FMA.
            let result = unsafe { avx2::multiply_adds(width, &[a, b, c, d], rounds) };
            (result, rounds * avx2::round(width))
        }
        _ => portable(width, &words, count),
    };
    // Else there would be no need to do them.
    black_box(result);
    Some(done)
}

/// The loops of portable kernels, and how many multiply-adds they did.
fn portable(width: Width, words: &[u64; 8], count: u64) -> (u64, u64) {
    let rounds = |sums: usize| count.div_ceil(sums as u64);
    let (result, sums) = match width {
        Width::Halves => (halves(words, rounds(HALF_SUMS)), HALF_SUMS),
        Width::Narrow | Width::Estimated { .. } => {
            (estimated(words, rounds(ESTIMATED_SUMS)), ESTIMATED_SUMS)
        }
        Width::Wide => (exact(words, rounds(SUMS)), SUMS),
    };
    (result, rounds(sums) * sums as u64)
}

/// 64-bit sums of products of halves. Factors change, here and below: products that stay the same would
/// be made once.
fn halves(words: &[u64; 8], rounds: u64) -> u64 {
    let mut factor = words[0] as u32;
    let words: [u32; HALF_SUMS] = std::array::from_fn(|i| words[i % 8] as u32 ^ i as u32);
    let mut sums = [0u64; HALF_SUMS];
    for _ in 0..rounds {
        let product = |i: usize| u64::from(words[i]) * u64::from(factor);
        sums = std::array::from_fn(|i| sums[i].wrapping_add(product(i)));
        factor = factor.wrapping_add(1);
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

/// Sums of doubles, and of halves.
fn estimated(words: &[u64; ESTIMATED_SUMS], rounds: u64) -> u64 {
    let (mut factor, mut double) = (words[0] as u32, words[0] as f64);
    let (words, doubles) = (words.map(|word| word as u32), words.map(|word| word as f64));
    let (mut sums, mut residues) = ([0.0; ESTIMATED_SUMS], [0u64; ESTIMATED_SUMS]);
    for _ in 0..rounds {
        let product = |i: usize| u64::from(words[i]) * u64::from(factor);
        sums = std::array::from_fn(|i| and_product(sums[i], doubles[i], double));
        residues = std::array::from_fn(|i| residues[i].wrapping_add(product(i)));
        (factor, double) = (factor.wrapping_add(1), double + 1.0);
    }
    let sums = sums.iter().map(|sum| sum.to_bits());
    sums.zip(residues).fold(0, |all, (sum, residue)| all ^ sum ^ residue)
}

/// 128-bit sums of 64-bit products.
fn exact(words: &[u64; 8], rounds: u64) -> u64 {
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
            for (word_bits, factor_bits) in [(26, 26), (36, 16), (36, 36), (50, 50)] {
                let done = multiply_adds(backend, Width::of(word_bits, factor_bits), 1000);
                assert!(done.is_some_and(|done| (1000..1064).contains(&done)), "{done:?}");
            }
        }
        assert_eq!(multiply_adds(Backend::Portable, Width::Wide, 1000), Some(1000));
    }

    #[test]
    fn the_portable_loops_sum_products() {
        let words = [10, 3, 5, 7, 11, 0, 0, 0];
        // Factors 10 and 13, with each of 3, 5, 7 and 11.
        assert_eq!(exact(&words, 2), (23 * 3) ^ (23 * 5) ^ (23 * 7) ^ (23 * 11));
        // Factors 10 and 11: the estimates of small sums are the sums.
        let sums = words.map(|word| 21 * word);
        let expected = sums.map(|sum| (sum as f64).to_bits() ^ sum);
        assert_eq!(estimated(&words, 2), expected.iter().fold(0, |all, one| all ^ one));
        let of_halves = (0..HALF_SUMS).map(|i| 21 * (words[i % 8] ^ i as u64));
        assert_eq!(halves(&words, 2), of_halves.fold(0, |all, one| all ^ one));
    }
}
