//! Sums of products.

use super::super::scalar::NEAR_TERMS;
use super::*;

/// Sums of words by words that are made together.
const SUMS: usize = 11;

/// `SUMS` sums over `terms` terms, by their definition: `factor` gives that of a sum and a term for a word.
fn expected(
    modulus: Modulus,
    panel: &[u64],
    factor: impl Fn(usize, usize, usize) -> u64,
) -> [[u64; PAIR]; SUMS] {
    let terms = panel.as_chunks::<PAIR>().0.iter().enumerate();
    let sum = |i: usize, word: usize| {
        let product = |k, term: &[u64; PAIR]| modulus.mul(factor(i, k, word), term[word]);
        terms.clone().fold(0, |sum, (k, term)| modulus.add(sum, product(k, term)))
    };
    std::array::from_fn(|i| std::array::from_fn(|word| sum(i, word)))
}

/// Makes one tile of sums.
fn scalar_tiles<'a>(
    kernels: &'a Kernels,
    reduction: Reduction,
    segments: &[&[u64]],
    rows: impl Iterator<Item = Row<'a>>,
    out: &mut [[u64; PAIR]],
) {
    let mut sums = ScalarSums::new(kernels, reduction);
    sums.lay(rows, None);
    sums.tile(segments, out);
}

/// Checks sums of words by scalars with the terms of `panel`, cut into segments at a term, with factors
/// of at most `bits` bits, of which there are rows for [`SUMS`] sums: however many are made together.
fn check_scalars(modulus: Modulus, panel: &[u64], cut: usize, rows: &[Vec<u64>], bits: u32) {
    let (head, tail) = panel.split_at((cut * PAIR).min(panel.len()));
    let segments = [head, tail];
    let expected = expected(modulus, panel, |i, k, _| modulus.reduce(rows[i][k]));
    let shoups: Vec<_> = rows.iter().map(|row| quotients(modulus, row)).collect();
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        for reduction in [Reduction::Eager, Reduction::Lazy] {
            for sums in [1, 3, 4, 9, 31, 37] {
                let row = |i: usize| {
                    let i = i % SUMS;
                    Row { factors: &rows[i], quotients: &shoups[i], bits }
                };
                let mut out = vec![[u64::MAX; PAIR]; sums];
                scalar_tiles(&kernels, reduction, &segments, (0..sums).map(row), &mut out);
                for (i, out) in out.iter().enumerate() {
                    assert_eq!(*out, expected[i % SUMS], "{backend:?} {reduction:?} {bits} {i}");
                }
            }
        }
    }
}

/// Checks the tile kernels with `terms` terms cut into segments at `cut`.
fn check_tiles(modulus: Modulus, terms: usize, cut: usize, residues: Residues, seed: u64) {
    let panel = words(modulus, terms * PAIR, residues, seed);
    let rows: Vec<_> =
        (0..SUMS as u64).map(|i| words(modulus, terms, residues, seed ^ i)).collect();
    check_scalars(modulus, &panel, cut, &rows, u64::BITS);
    let (head, tail) = panel.split_at(cut.min(terms) * PAIR);
    let segments = [head, tail];
    // More sums than any backend makes together.
    let dense = words(modulus, SUMS * terms * TILE, residues, seed ^ 3);
    let packed = PackedWords::of(&dense, modulus.bits());
    let expected =
        expected(modulus, &panel, |i, k, word| dense[(i * terms + k) * TILE + word % TILE]);
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        for reduction in [Reduction::Eager, Reduction::Lazy] {
            let mut pair = [u64::MAX; PAIR];
            let one = packed.factors().range(0..terms * TILE);
            kernels.pair_tile(reduction, &segments, one, &mut pair);
            assert_eq!(pair, expected[0], "{backend:?} {reduction:?}");
            for factors in [packed.factors(), Factors::of(&dense)] {
                let mut pairs = [[u64::MAX; PAIR]; SUMS];
                kernels.pair_tiles(reduction, &segments, factors, &mut pairs);
                assert_eq!(pairs, expected, "{backend:?} {reduction:?}");
            }
        }
    }
}

/// Checks sums with factors of at most so many bits, of which the largest has all of them.
fn check_small_factors(modulus: Modulus, bits: u32, terms: usize, residues: Residues, seed: u64) {
    let panel = words(modulus, terms * PAIR, residues, seed);
    let largest = ((1 << bits) - 1).min(modulus.value() - 1);
    let row = |i| {
        let row = words(modulus, terms, residues, seed ^ i).into_iter();
        let row = row.map(|word| if residues == Largest { largest } else { word & largest });
        row.map(|word| word.min(modulus.value() - 1)).collect::<Vec<_>>()
    };
    let rows: Vec<_> = (1..=SUMS as u64).map(row).collect();
    check_scalars(modulus, &panel, 5, &rows, bits);
}

/// With products that fill half of what they may, and those that fill what estimates take.
#[test]
fn products_of_small_factors_are_summed() {
    for (bits, most) in [20, 26, 36, 48, 50].into_iter().flat_map(|b| [(b, 52), (b, 72), (b, 76)]) {
        for residues in RESIDUES {
            for terms in [0, 1, 7, 64, 900] {
                check_small_factors(prime(bits), (most - bits).min(bits), terms, residues, 3);
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
}

/// Sums that cross every bound at which accumulators are folded, at the largest residues.
#[test]
fn long_sums_of_extreme_residues_do_not_overflow() {
    for bits in [50, 36, 32, 27, 26, 20] {
        check_tiles(prime(bits), 4095 + 4096 + 3, 4094, Largest, 1);
        check_tiles(prime(bits), 4096, 4096, Largest, 1);
    }
    check_tiles(least_prime(50), 4096 + 64, 1, Largest, 1);
}

/// As many estimates as a sum takes before it is folded, and more.
#[test]
fn estimates_are_folded() {
    for (bits, factor_bits) in [(38, 38), (50, 26)] {
        check_folded(prime(bits), factor_bits, (16 << 12) + 40);
    }
}

fn check_folded(modulus: Modulus, bits: u32, terms: usize) {
    let panel = words(modulus, terms * PAIR, Largest, 1);
    let row = vec![((1 << bits) - 1).min(modulus.value() - 1); terms];
    let product = modulus.mul(row[0], panel[0]);
    let sum = modulus.mul(product, modulus.reduce(terms as u64));
    for backend in Backend::available() {
        let kernels = Kernels::new(backend, modulus);
        let rows = std::iter::repeat_n(Row { factors: &row, quotients: &[], bits }, 4);
        let mut out = [[u64::MAX; PAIR]; 4];
        scalar_tiles(&kernels, Reduction::Lazy, &[&panel], rows, &mut out);
        assert_eq!(out, [[sum; PAIR]; 4], "{backend:?}");
    }
}

/// Parts are added to those before them, whatever the number of sums, what is taken off all factors is, and
/// factors that are laid out serve every tile until others are.
#[test]
fn long_sums_are_those_of_their_parts() {
    let modulus = prime(36);
    let terms = 2 * NEAR_TERMS + 52;
    let panels = [1, 2].map(|seed| words(modulus, terms * PAIR, Random, seed));
    for sums in [71, 5] {
        let rows: Vec<Vec<u64>> = (0..sums as u64)
            .map(|i| words(modulus, terms, Random, i).iter().map(|word| word >> 21).collect())
            .collect();
        let bias = words(modulus, terms, Random, 99).iter().map(|w| w >> 21).collect::<Vec<_>>();
        let row = |factors| Row { factors, quotients: &[], bits: 15 };
        for backend in Backend::available() {
            let kernels = Kernels::new(backend, modulus);
            let mut by = ScalarSums::new(&kernels, Reduction::Lazy);
            // Fewer factors than were laid out before.
            for terms in [terms, 500] {
                let rows = || rows.iter().map(|factors| row(&factors[..terms]));
                by.lay(rows(), Some(row(&bias[..terms])));
                for panel in &panels {
                    let segments: Vec<_> = panel[..terms * PAIR].chunks(400 * PAIR).collect();
                    let mut out = vec![[u64::MAX; PAIR]; sums];
                    by.tile(&segments, &mut out);
                    for (row, made) in rows().zip(&out) {
                        for (word, made) in made.iter().enumerate().step_by(5) {
                            let products = row.factors.iter().zip(&bias).enumerate();
                            let expected = products.fold(0, |all, (k, (factor, bias))| {
                                let factor = modulus.sub(*factor, *bias);
                                modulus.add(all, modulus.mul(factor, panel[k * PAIR + word]))
                            });
                            assert_eq!(*made, expected, "{backend:?} {sums} {terms}");
                        }
                    }
                }
            }
        }
    }
}

/// A row of wide factors among those of narrow ones, and one of zeros.
#[test]
fn rows_of_any_bits_stand_side_by_side() {
    let modulus = prime(36);
    let panel = words(modulus, 70 * PAIR, Edges, 1);
    let [wide, narrow] = [36, 9].map(|bits| {
        let row = words(modulus, 70, Largest, 2).into_iter();
        (row.map(|word| word & ((1 << bits) - 1)).collect::<Vec<_>>(), bits)
    });
    let rows = [narrow, wide, (vec![0; 70], 0)];
    let sum = |row: &[u64], word: usize| {
        let terms = row.iter().zip(panel.as_chunks::<PAIR>().0);
        terms.fold(0, |sum, (f, term)| modulus.add(sum, modulus.mul(*f, term[word])))
    };
    for backend in Backend::available() {
        let row = |i: usize| {
            let (factors, bits) = &rows[i % 3];
            Row { factors, quotients: &[], bits: *bits }
        };
        let mut out = [[u64::MAX; PAIR]; 5];
        let kernels = Kernels::new(backend, modulus);
        scalar_tiles(&kernels, Reduction::Lazy, &[&panel], (0..5).map(row), &mut out);
        for (i, out) in out.iter().enumerate() {
            let expected = std::array::from_fn(|word| sum(&rows[i % 3].0, word));
            assert_eq!(*out, expected, "{backend:?} {i}");
        }
    }
}

/// Factors of every size, as they are stored and as words.
#[test]
fn tiles_of_every_width_are_summed() {
    for bits in 20..=61 {
        for residues in RESIDUES {
            for terms in [0, 1, 2, 63, 65, 130] {
                check_tiles(prime(bits), terms, 3, residues, u64::from(bits));
            }
        }
    }
}

/// A portable sum of 61-bit products overflows 128 bits after 63 terms unless it is folded.
#[test]
fn wide_moduli_fold_in_time() {
    check_tiles(prime(61), 200, 17, Largest, 1);
}
