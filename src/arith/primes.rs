//! Primality and the search for NTT-friendly primes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Modulus;

/// Why no suitable primes were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrimeError {
    /// There are fewer primes `= 1 mod 2N` of this size than asked for.
    #[error("no {bits}-bit prime = 1 mod {modulus} is left{}", nearest_text(*.nearest))]
    NoneLeft {
        /// The size asked for: a prime in `[2^(bits-1), 2^bits)`.
        bits: u32,
        /// `2N`.
        modulus: u64,
        /// The nearest size that does have such a prime.
        nearest: Option<u32>,
    },
}

fn nearest_text(nearest: Option<u32>) -> String {
    nearest.map_or_else(String::new, |bits| format!("; the nearest size with one is {bits} bits"))
}

/// Whether `n` is prime: Miller-Rabin with the first twelve primes as bases, which decides every
/// 64-bit integer (Sorenson and Webster, Math. Comp. 86 (2017)). `n` must be below `2^62`, and is
/// reported composite from there on.
pub fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    let Some(modulus) = Modulus::new(n) else { return false };
    if BASES.contains(&n) {
        return true;
    }
    if BASES.iter().any(|b| n.is_multiple_of(*b)) {
        return false;
    }
    let twos = (n - 1).trailing_zeros();
    let odd = (n - 1) >> twos;
    BASES.iter().all(|&base| {
        let mut x = modulus.pow(base, odd);
        if x == 1 || x == n - 1 {
            return true;
        }
        (1..twos).any(|_| {
            x = modulus.mul(x, x);
            x == n - 1
        })
    })
}

/// The `count` largest primes `p` with `p = 1 mod two_n` and exactly `bits` bits, in falling
/// order, none of them in `taken`.
///
/// # Errors
/// [`PrimeError::NoneLeft`] where there are fewer.
pub fn largest_ntt_primes(
    bits: u32,
    two_n: u64,
    count: usize,
    taken: &[u64],
) -> Result<Vec<u64>, PrimeError> {
    // However many of them are taken, this is enough.
    let first = largest(bits, two_n, count + taken.len());
    let found: Vec<u64> = first.into_iter().filter(|p| !taken.contains(p)).take(count).collect();
    if found.len() == count {
        return Ok(found);
    }
    let has_one = |bits: u32| candidates(bits, two_n).any(|p| !taken.contains(&p) && is_prime(p));
    let nearest = (1..62)
        .flat_map(|step| [bits.checked_sub(step), Some(bits + step)])
        .flatten()
        .find(|&size| (2..=61).contains(&size) && has_one(size));
    Err(PrimeError::NoneLeft { bits, modulus: two_n, nearest })
}

/// The primes `= 1 mod two_n` of a size that were looked for, from the largest on, and for how many: a
/// tuner asks for the same ones thousands of times.
type Known = BTreeMap<(u32, u64), (Vec<u64>, usize)>;

/// The `count` largest primes `= 1 mod two_n` of exactly `bits` bits, or all where there are fewer.
fn largest(bits: u32, two_n: u64, count: usize) -> Vec<u64> {
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let (primes, sought) = known.entry((bits, two_n)).or_default();
    if *sought < count {
        *primes = candidates(bits, two_n).filter(|p| is_prime(*p)).take(count).collect();
        *sought = count;
    }
    primes.iter().copied().take(count).collect()
}

/// All numbers `= 1 mod two_n` of exactly `bits` bits, falling.
fn candidates(bits: u32, two_n: u64) -> impl Iterator<Item = u64> {
    let (low, high) =
        if (2..=61).contains(&bits) { (1u64 << (bits - 1), 1u64 << bits) } else { (1, 1) };
    let top = ((high - 1) / two_n).checked_mul(two_n).map_or(0, |m| m + 1);
    let top = if top >= high { top.saturating_sub(two_n) } else { top };
    std::iter::successors(Some(top), move |p| p.checked_sub(two_n))
        .take_while(move |&p| p >= low && p > 1)
}

/// A primitive root of unity of order `order` modulo a prime; `None` unless `order` is a power of
/// two from 2 on that divides `q - 1`.
pub fn root_of_unity(prime: &Modulus, order: u64) -> Option<u64> {
    let last = prime.value() - 1;
    if order < 2 || !order.is_power_of_two() || !last.is_multiple_of(order) {
        return None;
    }
    // Every second base gives one: those that are no squares.
    (2..last)
        .map(|base| prime.pow(base, last / order))
        .find(|&root| prime.pow(root, order / 2) == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_of_unity_are_primitive() {
        let prime = Modulus::new(1_032_193).expect("a modulus");
        let root = root_of_unity(&prime, 8192).expect("1 mod 8192");
        assert_eq!(prime.pow(root, 4096), prime.value() - 1);
        assert_eq!(root_of_unity(&prime, 1 << 20), None);
        assert_eq!(root_of_unity(&prime, 3), None);
        assert_eq!(root_of_unity(&prime, 1), None);
    }

    #[test]
    fn agrees_with_a_sieve() {
        let mut composite = vec![false; 20_000];
        for i in 2..composite.len() {
            if !composite[i] {
                (i * i..composite.len()).step_by(i).for_each(|j| composite[j] = true);
            }
        }
        for n in 2..composite.len() {
            assert_eq!(is_prime(n as u64), !composite[n], "{n}");
        }
        // Strong pseudoprimes to several small bases, and a Carmichael number.
        for n in [3_215_031_751, 3_474_749_660_383, 341_550_071_728_321, 561] {
            assert!(!is_prime(n), "{n}");
        }
    }

    #[test]
    fn known_answers_for_the_example_set() {
        assert_eq!(largest_ntt_primes(20, 8192, 1, &[]), Ok(vec![1_032_193]));
        assert_eq!(largest_ntt_primes(16, 8192, 1, &[]), Ok(vec![65_537 - 24_576]));
        let limbs = largest_ntt_primes(35, 8192, 2, &[]).expect("exist");
        assert!(limbs[0] > limbs[1] && limbs.iter().all(|p| p % 8192 == 1 && p.ilog2() == 34));
        assert_eq!(largest_ntt_primes(35, 8192, 1, &limbs[..1]).expect("exists"), vec![limbs[1]]);
    }

    #[test]
    fn names_the_nearest_size_where_there_is_none() {
        let error = largest_ntt_primes(13, 8192, 1, &[]).expect_err("8193 is composite");
        assert_eq!(error, PrimeError::NoneLeft { bits: 13, modulus: 8192, nearest: Some(16) });
        assert!(error.to_string().contains("nearest size with one is 16 bits"));
        assert!(largest_ntt_primes(0, 8192, 1, &[]).is_err());
        assert!(largest_ntt_primes(200, 8192, 1, &[]).is_err());
    }
}
