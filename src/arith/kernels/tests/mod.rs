//! Every kernel against plain modular arithmetic, on every backend this machine has.

use proptest::prelude::*;

use super::*;

use crate::arith::{PackedWords, bit_reverse, is_prime, largest_ntt_primes, zeroed};

mod sums;

fn prime(bits: u32) -> Modulus {
    Modulus::new(largest_ntt_primes(bits, 64, 1, &[]).expect("exists")[0]).expect("in range")
}

/// The least prime of `bits` bits.
fn least_prime(bits: u32) -> Modulus {
    let prime = (1u64 << (bits - 1)..1 << bits).find(|q| is_prime(*q)).expect("exists");
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

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

/// A permutation of `blocks` blocks, an odd number no multiple of five; of words within them as
/// automorphisms do it.
fn permutation(blocks: usize) -> BlockPermutation {
    const BITS: u32 = BLOCK.ilog2();
    let mut permutation = BlockPermutation::default();
    for block in 0..blocks {
        let from = |i: usize| bit_reverse((bit_reverse(i, BITS) * 3 + block) % BLOCK, BITS);
        let order = std::array::from_fn(|i| from(i) as u64);
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
    let polys = [1, 2].map(|seed| words(modulus, LEN, Random, seed));
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        let mut sum = polys[0].clone();
        kernels.add_permuted(&mut sum, &polys[1], &permutation);
        for i in 0..LEN {
            let from = permutation.source(i);
            assert_eq!(sum[i], modulus.add(polys[0][i], polys[1][from]), "{backend:?}");
        }
    }
}

/// Bytes of both signs and at both ends, on every backend.
#[test]
fn bytes_are_lifted() {
    const STRIDE: usize = 40;
    let bytes: Vec<i8> = (0..=255).map(|byte: u8| byte.cast_signed()).collect();
    for bits in [8, 20, 50] {
        let modulus = prime(bits);
        for backend in Backend::available() {
            let mut out = [[u64::MAX; BATCH]; 6];
            Kernels::new(backend, modulus).lift_bytes(&bytes[8..], STRIDE, &mut out);
            for (bytes, out) in bytes[8..].chunks(STRIDE).zip(out) {
                let expected =
                    bytes[..BATCH].iter().map(|byte| modulus.from_signed((*byte).into()));
                assert_eq!(out.to_vec(), expected.collect::<Vec<u64>>(), "{backend:?}");
            }
        }
    }
}

/// Factors and differences are reduced, on every backend.
#[test]
fn scaled_differences_are_reduced() {
    const LEN: usize = 6 * TILE;
    for (bits, residues) in
        [20, 36, 50].into_iter().flat_map(|b| [Random, Largest, Edges].map(|r| (b, r)))
    {
        let modulus = prime(bits);
        let [minuends, subtrahends] = [1, 2].map(|seed| words(modulus, LEN, residues, seed));
        let factor = modulus.shoup(modulus.value() - 2);
        for backend in Backend::available() {
            let mut out = vec![0; LEN];
            let kernels = Kernels::new(backend, modulus);
            kernels.scaled_difference(factor, &minuends, &subtrahends, &mut out);
            for (i, out) in out.iter().enumerate() {
                let product = modulus.mul(minuends[i], factor.factor);
                assert_eq!(*out, modulus.sub(product, subtrahends[i]), "{backend:?}");
            }
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
    fn new(modulus: Modulus, count: usize, residues: Residues) -> Self {
        let digits = words(modulus, count * SWITCHED, residues, 5);
        let key = words(modulus, 2 * count * SWITCHED, residues, 6);
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
        let key = PackedWords::of(&key, modulus.bits());
        let (digits, permutation) = (&self.digits, &self.permutation);
        let switch = KeySwitch { digits, key: key.factors(), permutation };
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
    let halves = [(32, 1), (32, 2), (31, 4), (31, 5), (26, 4095)];
    for (bits, count) in sizes.into_iter().chain(halves).chain([(50, 4095)]) {
        let modulus = prime(bits);
        let (least, most) = (vec![0; SWITCHED], vec![modulus.value() - 1; SWITCHED]);
        let random = words(modulus, SWITCHED, Random, 7);
        for residues in RESIDUES {
            let case = SwitchCase::new(modulus, count, residues);
            for backend in Backend::available() {
                for reduction in Reduction::ALL {
                    case.check(backend, reduction, [&least, &most, &most]);
                    case.check(backend, reduction, [&most, &least, &least]);
                    case.check(backend, reduction, [&random, &most, &random]);
                }
            }
        }
    }
}

/// Powers of `root` in the order in which small transforms read them.
fn powers(modulus: Modulus, root: u64, log_len: u32) -> Vec<Root> {
    let power = |j| modulus.pow(root, bit_reverse(j, log_len) as u64);
    let power = |j| Root::new(modulus.shoup(power(j)));
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
        let inverses = powers(modulus, modulus.inverse(omega), log_len);
        let roots = SmallRoots::new(&modulus, powers(modulus, omega, log_len), inverses);
        kernels.small_forward(&roots, &mut data);
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
        kernels.small_inverse(&roots, &mut data);
        assert_eq!(data, coefficients);
        // The largest words of an inverse, which no forward transform gives.
        let mut extremes = vec![[modulus.value() - 1; BATCH]; len];
        let mut expected = extremes.clone();
        kernels.small_inverse(&roots, &mut extremes);
        Kernels::new(Backend::Portable, modulus).small_inverse(&roots, &mut expected);
        assert_eq!(extremes, expected, "{backend:?}, length {len}");
    }
}

/// Against evaluation, at lengths with an odd and an even number of stages and at the largest
/// residues.
#[test]
fn small_transforms_evaluate_and_invert() {
    for bits in [20, 40, 46, 47, 50] {
        for residues in RESIDUES {
            for log_len in 1..8 {
                check_small_transforms(bits, log_len, residues);
            }
        }
    }
}
