//! Every kernel against plain modular arithmetic, on every backend this machine has.

use proptest::prelude::*;

use super::*;
use crate::arith::{largest_ntt_primes, zeroed};

fn backends() -> impl Iterator<Item = Backend> {
    Backend::ALL.into_iter().filter(|backend| backend.is_available())
}

fn prime(bits: u32) -> Modulus {
    Modulus::new(largest_ntt_primes(bits, 64, 1, &[]).expect("exists")[0]).expect("in range")
}

/// Words in `[0, q)`: random ones, or the largest everywhere.
fn words(modulus: Modulus, len: usize, extreme: bool, seed: u64) -> Vec<u64> {
    let mut state = seed | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
    (0..len).map(|_| if extreme { modulus.value() - 1 } else { modulus.reduce(next()) }).collect()
}

fn quotients(modulus: Modulus, factors: &[u64]) -> Vec<u64> {
    factors.iter().map(|&factor| modulus.shoup(factor).quotient).collect()
}

/// Checks both tile kernels with `terms` terms cut into segments at `cut`.
fn check_tiles(modulus: Modulus, terms: usize, cut: usize, extreme: bool, seed: u64) {
    let panel = words(modulus, terms * PAIR, extreme, seed);
    let (head, tail) = panel.split_at(cut.min(terms) * PAIR);
    let segments = [head, tail];
    let rows = [1, 2].map(|i| words(modulus, terms, extreme, seed ^ i));
    let dense = words(modulus, terms * TILE, extreme, seed ^ 3);
    let sum = |factor: &dyn Fn(usize) -> u64, word: usize| {
        (0..terms)
            .fold(0, |sum, k| modulus.add(sum, modulus.mul(factor(k), panel[k * PAIR + word])))
    };
    for backend in backends() {
        let kernels = Kernels::new(backend, modulus);
        for reduction in [Reduction::Eager, Reduction::Lazy] {
            let shoups = rows.each_ref().map(|row| quotients(modulus, row));
            let both = [0, 1].map(|i| Row { factors: &rows[i], quotients: &shoups[i] });
            let mut out = [[u64::MAX; PAIR]; 2];
            kernels.scalar_tile(reduction, &segments, both, &mut out);
            let mut single = [[u64::MAX; PAIR]; 1];
            kernels.scalar_tile(reduction, &segments, [both[0]], &mut single);
            assert_eq!(out[0], single[0]);
            let mut pair = [u64::MAX; PAIR];
            kernels.pair_tile(reduction, &segments, &dense, &mut pair);
            for word in 0..PAIR {
                for (row, out) in rows.iter().zip(&out) {
                    assert_eq!(out[word], sum(&|k| row[k], word), "{backend:?} {reduction:?}");
                }
                let expected = sum(&|k| dense[k * TILE + word % TILE], word);
                assert_eq!(pair[word], expected, "{backend:?} {reduction:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tiles_sum_products_exactly(
        bits in 8u32..=50, terms in 0usize..40, cut in 0usize..40, extreme: bool, seed: u64,
    ) {
        check_tiles(prime(bits), terms, cut, extreme, seed);
    }

    #[test]
    fn vector_operations_are_exact(bits in 8u32..=50, from_bits in 8u32..=49, seed: u64, extreme: bool) {
        let (modulus, from) = (prime(bits), prime(from_bits));
        let (a, b) = (words(modulus, 64, extreme, seed), words(modulus, 64, false, seed ^ 1));
        let source = words(from, 64, extreme, seed ^ 2);
        let factor = modulus.shoup(b[0]);
        for backend in backends() {
            let kernels = Kernels::new(backend, modulus);
            let (mut moved, mut sum, mut scaled) = (a.clone(), a.clone(), a.clone());
            kernels.add_difference(&mut moved, &a, &b);
            kernels.add(&mut sum, &b);
            kernels.scale(factor, &mut scaled);
            let (mut difference, mut product) = (a.clone(), a.clone());
            kernels.subtract(&mut difference, &b);
            kernels.multiply(&mut product, &a);
            let (mut lifted, mut multiple) = (vec![0; 64], vec![0; 64]);
            kernels.lift_centred(&from, &source, &mut lifted);
            kernels.lift_scaled(&from, factor, &source, &mut multiple);
            for i in 0..64 {
                prop_assert_eq!(moved[i], modulus.add(a[i], modulus.sub(a[i], b[i])));
                prop_assert_eq!(sum[i], modulus.add(a[i], b[i]));
                prop_assert_eq!(scaled[i], modulus.mul(a[i], b[0]));
                prop_assert_eq!(difference[i], modulus.sub(a[i], b[i]));
                prop_assert_eq!(product[i], modulus.mul(a[i], a[i]));
                prop_assert_eq!(lifted[i], modulus.from_signed(from.centre(source[i])));
                prop_assert_eq!(multiple[i], modulus.mul(lifted[i], b[0]));
            }
        }
    }
}

/// A permutation of `blocks` blocks, an odd number no multiple of five.
fn permutation(blocks: usize) -> BlockPermutation {
    let mut permutation = BlockPermutation::default();
    for block in 0..blocks {
        let order = std::array::from_fn(|i| ((i * 3 + block % 2) % BLOCK) as u64);
        permutation.push((block * 5 + 1) % blocks, order);
    }
    permutation
}

/// Permutations move whole blocks, on every backend.
#[test]
fn permutations_are_followed() {
    const LEN: usize = 6 * TILE;
    let modulus = prime(40);
    let permutation = permutation(LEN / BLOCK);
    let polys = [1, 2].map(|seed| words(modulus, LEN, false, seed));
    for backend in backends() {
        let kernels = Kernels::new(backend, modulus);
        let mut sum = polys[0].clone();
        kernels.add_permuted(&mut sum, &polys[1], &permutation);
        for i in 0..LEN {
            let from = permutation.source(i);
            assert_eq!(sum[i], modulus.add(polys[0][i], polys[1][from]), "{backend:?}");
        }
    }
}

/// A key switch of `count` digits over two polynomials of [`SWITCHED`] words, and what it is.
struct SwitchCase {
    modulus: Modulus,
    digits: Vec<u64>,
    key: Vec<u64>,
    permutation: BlockPermutation,
    expected: [Vec<u64>; 2],
}

const SWITCHED: usize = 6 * TILE;

impl SwitchCase {
    fn new(modulus: Modulus, count: usize, extreme: bool) -> Self {
        let digits = words(modulus, count * SWITCHED, extreme, 5);
        let key = words(modulus, 2 * count * SWITCHED, extreme, 6);
        let permutation = permutation(SWITCHED / BLOCK);
        let expected = [0, 1].map(|poly| {
            let word = |i: usize| {
                let from = permutation.source(i);
                let key =
                    |d: usize| key[((i / BLOCK * count + d) * 2 + poly) * BLOCK + from % BLOCK];
                let product = |d: usize| modulus.mul(digits[d * SWITCHED + from], key(d));
                (0..count).map(product).fold(0, |sum, one| modulus.add(sum, one))
            };
            (0..SWITCHED).map(word).collect()
        });
        Self { modulus, digits, key, permutation, expected }
    }

    /// Both kernels against what is expected, with words `a`, `b` and `c` to add and subtract.
    fn check(&self, backend: Backend, reduction: Reduction, [a, b, c]: [&[u64]; 3]) {
        const STRIDE: usize = 3;
        let (modulus, kernels) = (self.modulus, Kernels::new(backend, self.modulus));
        let mut key = self.key.clone();
        kernels.scale(modulus.shoup(modulus.reduce(kernels.key_scale())), &mut key);
        let switch = KeySwitch { digits: &self.digits, key: &key, permutation: &self.permutation };
        for adds in [false, true] {
            let (mut first, mut second) = (a.to_vec(), b.to_vec());
            kernels.switch_key(reduction, switch, adds, [&mut first, &mut second]);
            for i in 0..SWITCHED {
                let [x, y] = if adds { [a[i], b[i]] } else { [0, 0] };
                assert_eq!(first[i], modulus.add(self.expected[0][i], x), "{backend:?}");
                assert_eq!(second[i], modulus.add(self.expected[1][i], y), "{backend:?}");
            }
        }
        for (streams, at) in [(false, 0), (true, 0), (true, 1)] {
            let mut space = zeroed(at + SWITCHED / TILE * STRIDE * PAIR - PAIR);
            let pairs = &mut space[at..];
            let out = PairsMut { words: pairs, stride: STRIDE, streams };
            kernels.switch_key_to_pairs(reduction, switch, [a, b], c, out);
            for i in 0..SWITCHED {
                let pair = &pairs[i / TILE * STRIDE * PAIR..][..PAIR];
                let first = modulus.sub(self.expected[0][i], a[i]);
                let first = modulus.add(first, c[self.permutation.source(i)]);
                assert_eq!(pair[i % TILE], first, "{backend:?} {reduction:?}");
                let second = modulus.sub(self.expected[1][i], b[i]);
                assert_eq!(pair[TILE + i % TILE], second, "{backend:?} {reduction:?}");
            }
            assert!(pairs[PAIR..2 * PAIR].iter().all(|word| *word == 0), "other terms stay");
        }
    }
}

/// Up to and beyond what one step of Montgomery's method takes, at the largest residues and at the
/// ends of what is added and subtracted.
#[test]
fn key_switches_are_exact() {
    let sizes = [(50, 1), (50, 4), (50, 5), (49, 8), (49, 9), (36, 3), (20, 24), (8, 5), (61, 70)];
    for (bits, count) in sizes {
        let modulus = prime(bits);
        let (least, most) = (vec![0; SWITCHED], vec![modulus.value() - 1; SWITCHED]);
        let random = words(modulus, SWITCHED, false, 7);
        for extreme in [true, false] {
            let case = SwitchCase::new(modulus, count, extreme);
            for backend in backends() {
                for reduction in Reduction::ALL {
                    case.check(backend, reduction, [&least, &most, &most]);
                    case.check(backend, reduction, [&most, &least, &least]);
                    case.check(backend, reduction, [&random, &most, &random]);
                }
            }
        }
    }
}

/// Sums that cross every bound at which accumulators are folded, at the largest residues.
#[test]
fn long_sums_of_extreme_residues_do_not_overflow() {
    for bits in [50, 36, 20] {
        check_tiles(prime(bits), 4095 + 4096 + 3, 4094, true, 1);
        check_tiles(prime(bits), 4096, 4096, true, 1);
    }
}

/// A portable sum of 61-bit products overflows 128 bits after 63 terms unless it is folded.
#[test]
fn wide_moduli_fold_in_time() {
    check_tiles(prime(61), 200, 17, true, 1);
}

/// Against evaluation, at lengths with an odd and an even number of stages and at the largest
/// residues.
#[test]
fn small_transforms_evaluate_and_invert() {
    for log_len in 1..8 {
        for (bits, extreme) in [(40, false), (50, false), (50, true)] {
            check_small_transforms(log_len, bits, extreme);
        }
    }
}

fn check_small_transforms(log_len: u32, bits: u32, extreme: bool) {
    let len = 1usize << log_len;
    let primes = largest_ntt_primes(bits, 2 * len as u64, 1, &[]).expect("exists");
    let modulus = Modulus::new(primes[0]).expect("in range");
    let omega = (2..modulus.value())
        .map(|base| modulus.pow(base, (modulus.value() - 1) / (2 * len as u64)))
        .find(|root| modulus.pow(*root, len as u64) == modulus.value() - 1)
        .expect("a field has roots of unity");
    let reversed = |j: usize| crate::arith::bit_reverse(j, log_len) as u64;
    let table = |root: u64| -> Vec<Shoup> {
        (0..len).map(|j| modulus.shoup(modulus.pow(root, reversed(j)))).collect()
    };
    let row = |i| words(modulus, BATCH, extreme, i as u64 + 7).try_into().expect("eight");
    let coefficients: Vec<[u64; BATCH]> = (0..len).map(row).collect();
    for backend in backends() {
        let kernels = Kernels::new(backend, modulus);
        let mut data = coefficients.clone();
        kernels.small_forward(&table(omega), &mut data);
        for (i, values) in data.iter().enumerate() {
            let point = modulus.pow(omega, 2 * reversed(i) + 1);
            for lane in 0..BATCH {
                let horner = |sum, c: &[u64; BATCH]| modulus.add(modulus.mul(sum, point), c[lane]);
                let expected = coefficients.iter().rev().fold(0, horner);
                assert_eq!(values[lane], expected, "{backend:?}, length {len}, entry {i}");
            }
        }
        kernels.small_inverse(&table(modulus.inverse(omega)), &mut data);
        kernels.small_scale(modulus.shoup(modulus.inverse(len as u64)), &mut data);
        assert_eq!(data, coefficients);
        // The largest words of an inverse, which no forward transform gives.
        let mut extremes = vec![[modulus.value() - 1; BATCH]; len];
        let mut expected = extremes.clone();
        kernels.small_inverse(&table(modulus.inverse(omega)), &mut extremes);
        let portable = Kernels::new(Backend::Portable, modulus);
        portable.small_inverse(&table(modulus.inverse(omega)), &mut expected);
        assert_eq!(extremes, expected, "{backend:?}, length {len}");
    }
}
