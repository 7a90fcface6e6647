//! Every kernel against plain modular arithmetic, on every backend this machine has.

use proptest::prelude::*;

use super::*;
use crate::arith::{bit_reverse, is_prime, largest_ntt_primes};

fn prime(bits: u32) -> Modulus {
    Modulus::new(largest_ntt_primes(bits, 64, 1, &[]).expect("exists")[0]).expect("in range")
}

/// The least prime of `bits` bits.
fn least_prime(bits: u32) -> Modulus {
    let prime = (1u64 << (bits - 1)..).find(|q| is_prime(*q)).expect("exists");
    Modulus::new(prime).expect("in range")
}

/// What words of a test are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Residues {
    Random,
    /// q - 1 everywhere.
    Largest,
    /// 0, 1, q - 1 and the two next to q / 2, at random.
    Edges,
}

use Residues::{Edges, Largest, Random};

const RESIDUES: [Residues; 3] = [Random, Largest, Edges];

fn residues() -> impl Strategy<Value = Residues> {
    prop::sample::select(RESIDUES.to_vec())
}

/// Words in `[0, q)`.
fn words(modulus: Modulus, len: usize, residues: Residues, seed: u64) -> Vec<u64> {
    let mut state = seed | 1;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    };
    let q = modulus.value();
    let edges = [0, 1, q / 2, q / 2 + 1, q - 1];
    let mut word = || match residues {
        Random => modulus.reduce(next()),
        Largest => q - 1,
        Edges => edges[(next() >> 33) as usize % edges.len()],
    };
    (0..len).map(|_| word()).collect()
}

fn quotients(modulus: Modulus, factors: &[u64]) -> Vec<u64> {
    factors.iter().map(|&factor| modulus.shoup(factor).quotient).collect()
}

/// Checks the tile kernels with `terms` terms cut into segments at `cut`.
fn check_tiles(modulus: Modulus, terms: usize, cut: usize, residues: Residues, seed: u64) {
    let panel = words(modulus, terms * PAIR, residues, seed);
    let (head, tail) = panel.split_at(cut.min(terms) * PAIR);
    let segments = [head, tail];
    let rows = [1, 2, 4, 5].map(|i| words(modulus, terms, residues, seed ^ i));
    let dense = words(modulus, terms * TILE, residues, seed ^ 3);
    let sum = |factor: &dyn Fn(usize) -> u64, word: usize| {
        (0..terms)
            .fold(0, |sum, k| modulus.add(sum, modulus.mul(factor(k), panel[k * PAIR + word])))
    };
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        for reduction in [Reduction::Eager, Reduction::Lazy] {
            let shoups = rows.each_ref().map(|row| quotients(modulus, row));
            let quad = [0, 1, 2, 3].map(|i| Row { factors: &rows[i], quotients: &shoups[i] });
            let mut out = [[u64::MAX; PAIR]; 4];
            kernels.scalar_quad(reduction, &segments, quad, &mut out);
            let mut both = [[u64::MAX; PAIR]; 2];
            kernels.scalar_tile(reduction, &segments, [quad[0], quad[1]], &mut both);
            assert_eq!(out[..2], both);
            let mut single = [[u64::MAX; PAIR]; 1];
            kernels.scalar_tile(reduction, &segments, [quad[0]], &mut single);
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
        bits in 8u32..=50, terms in 0usize..140, cut in 0usize..140, seed: u64,
        residues in residues(), modulus in prop::sample::select(vec![prime, least_prime]),
    ) {
        check_tiles(modulus(bits), terms, cut, residues, seed);
    }

    #[test]
    fn vector_operations_are_exact(
        bits in 8u32..=50, from_bits in 8u32..=50, seed: u64,
        residues in [residues(), residues()], modulus in prop::sample::select(vec![prime, least_prime]),
    ) {
        let (modulus, from) = (modulus(bits), prime(from_bits));
        let [a, b] = [0, 1].map(|i| words(modulus, 64, residues[i], seed ^ i as u64));
        let source = words(from, 64, residues[0], seed ^ 2);
        let factor = modulus.shoup(b[0]);
        for backend in Backend::available() {
            let kernels = Kernels::new(backend, modulus);
            let (mut scaled, mut added, mut sum) = (vec![0; 64], vec![0; 64], a.clone());
            kernels.subtract_scale(&a, &b, factor, None, &mut scaled);
            kernels.subtract_scale(&a, &b, factor, Some(&a), &mut added);
            kernels.add(&mut sum, &b);
            let mut lifted = vec![0; 64];
            kernels.lift_centred(&from, &source, &mut lifted);
            for i in 0..64 {
                prop_assert_eq!(scaled[i], modulus.mul(modulus.sub(a[i], b[i]), b[0]));
                prop_assert_eq!(added[i], modulus.add(scaled[i], a[i]));
                prop_assert_eq!(sum[i], modulus.add(a[i], b[i]));
                prop_assert_eq!(lifted[i], modulus.from_signed(from.centre(source[i])));
            }
        }
    }
}

/// Permutations move whole blocks, on every backend.
#[test]
fn permutations_are_followed() {
    const LEN: usize = 6 * TILE;
    const STRIDE: usize = 3;
    let modulus = prime(40);
    let mut permutation = BlockPermutation::default();
    for block in 0..LEN / BLOCK {
        let order = std::array::from_fn(|i| ((i * 3 + block % 2) % BLOCK) as u64);
        permutation.push((block * 5 + 1) % (LEN / BLOCK), order);
    }
    let polys = [1, 2].map(|seed| words(modulus, LEN, Random, seed));
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        let mut sum = polys[0].clone();
        kernels.add_permuted(&mut sum, &polys[1], &permutation);
        let mut pairs = vec![7; LEN / TILE * STRIDE * PAIR - PAIR];
        let both = [polys[0].as_slice(), polys[1].as_slice()];
        kernels.interleave_permuted(both, &permutation, STRIDE, &mut pairs);
        for i in 0..LEN {
            let from = permutation.source(i);
            assert_eq!(sum[i], modulus.add(polys[0][i], polys[1][from]));
            let pair = &pairs[i / TILE * STRIDE * PAIR..][..PAIR];
            assert_eq!(pair[i % TILE], polys[0][from], "{backend:?}");
            assert_eq!(pair[TILE + i % TILE], polys[1][from], "{backend:?}");
        }
        assert!(pairs[PAIR..2 * PAIR].iter().all(|word| *word == 7), "other terms stay");
    }
}

/// Rows of few terms, up to and beyond what the short reduction takes, at the largest residues.
#[test]
fn rows_are_tiles_side_by_side() {
    const TILES: usize = 3;
    let settings = [(50, 1), (50, 2), (49, 2), (49, 3), (36, 3), (20, 24), (8, 5)];
    for (bits, terms) in settings.into_iter().chain([(50, FEW_TERMS), (50, 20 * FEW_TERMS)]) {
        for residues in RESIDUES {
            let modulus = prime(bits);
            let pairs = words(modulus, TILES * terms * PAIR, residues, 5);
            let factors = words(modulus, TILES * terms * TILE, residues, 6);
            for backend in Backend::available() {
                let kernels = Kernels::new(backend, modulus);
                for reduction in Reduction::ALL {
                    let (mut first, mut second) = ([1; TILES * TILE], [1; TILES * TILE]);
                    let out = [first.as_mut_slice(), second.as_mut_slice()];
                    kernels.pair_rows(reduction, terms, &pairs, &factors, out);
                    for tile in 0..TILES {
                        let mut pair = [0; PAIR];
                        let pairs = &pairs[tile * terms * PAIR..][..terms * PAIR];
                        let factors = &factors[tile * terms * TILE..][..terms * TILE];
                        Kernels::new(Backend::Portable, modulus).pair_tile(
                            Reduction::Eager,
                            &[pairs],
                            factors,
                            &mut pair,
                        );
                        assert_eq!(first[tile * TILE..][..TILE], pair[..TILE], "{bits} {terms}");
                        assert_eq!(second[tile * TILE..][..TILE], pair[TILE..], "{bits} {terms}");
                    }
                }
            }
        }
    }
}

/// Sums that cross every bound at which accumulators are folded, at the largest residues.
#[test]
fn long_sums_of_extreme_residues_do_not_overflow() {
    for bits in [50, 36, 20] {
        check_tiles(prime(bits), 4095 + 4096 + 3, 4094, Largest, 1);
        check_tiles(prime(bits), 4096, 4096, Largest, 1);
    }
    check_tiles(least_prime(50), 4096 + 64, 1, Largest, 1);
}

/// A portable sum of 61-bit products overflows 128 bits after 63 terms unless it is folded.
#[test]
fn wide_moduli_fold_in_time() {
    check_tiles(prime(61), 200, 17, Largest, 1);
}

/// Powers of `root` in the order in which small transforms read them.
fn powers(modulus: Modulus, root: u64, log_len: u32) -> Vec<Shoup> {
    let power = |j| modulus.shoup(modulus.pow(root, bit_reverse(j, log_len) as u64));
    (0..1 << log_len).map(power).collect()
}

/// Checks the small transforms of `2^log_len` coefficients.
fn check_small_transforms(bits: u32, log_len: u32, residues: Residues) {
    let len = 1usize << log_len;
    let order = 2 * len as u64;
    let modulus = Modulus::new(largest_ntt_primes(bits, order, 1, &[]).expect("exists")[0]);
    let modulus = modulus.expect("in range");
    let omega = (2..modulus.value())
        .map(|base| modulus.pow(base, (modulus.value() - 1) / order))
        .find(|root| modulus.pow(*root, len as u64) == modulus.value() - 1)
        .expect("a field has roots of unity");
    let coefficients: Vec<[u64; BATCH]> = (0..len)
        .map(|i| words(modulus, BATCH, residues, i as u64 + 7).try_into().expect("eight"))
        .collect();
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        let mut data = coefficients.clone();
        kernels.small_forward(&powers(modulus, omega, log_len), &mut data);
        for (i, values) in data.iter().enumerate() {
            let point = modulus.pow(omega, 2 * bit_reverse(i, log_len) as u64 + 1);
            for lane in 0..BATCH {
                let expected = coefficients
                    .iter()
                    .rev()
                    .fold(0, |sum, c| modulus.add(modulus.mul(sum, point), c[lane]));
                assert_eq!(values[lane], expected, "{backend:?}, length {len}, entry {i}");
            }
        }
        kernels.small_inverse(&powers(modulus, modulus.inverse(omega), log_len), &mut data);
        kernels.small_scale(modulus.shoup(modulus.inverse(len as u64)), &mut data);
        assert_eq!(data, coefficients);
    }
}

#[test]
fn small_transforms_evaluate_and_invert() {
    for bits in [20, 40, 50] {
        for residues in RESIDUES {
            for log_len in 1..8 {
                check_small_transforms(bits, log_len, residues);
            }
        }
    }
}
