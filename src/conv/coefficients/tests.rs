//! Plans on coefficients, and what they hold; that they are exact is tested with all algorithms.

use super::packing::Packing;
use super::plan::CoefficientPlan;
use super::polynomials::{Polynomials, max_interleave};
use crate::conv::testing::{LAYER, layer, layer_of};
use crate::conv::{Layer, LayerSpec, WeightForm, data};
use crate::ring::GaloisElement;

const N: usize = 1024;

fn plan(layer: &Layer, channels: usize, babies: usize) -> CoefficientPlan {
    let packing = Packing::interleaved(layer, N, channels).expect("fits");
    CoefficientPlan::new(packing, babies, WeightForm::Raw)
}

/// Steps make every automorphism that keeps X^m, each once.
#[test]
fn baby_and_giant_steps_make_the_whole_group() {
    let layer = layer(16, 16, [5, 5], [3, 3], None);
    for babies in [1, 2, 4, 8, 16] {
        let plan = plan(&layer, 16, babies);
        let product = |a: GaloisElement, b: GaloisElement| a.exponent() * b.exponent() % (2 * N);
        let giants = (0..plan.giants()).map(|j| plan.giant(j));
        let mut all: Vec<usize> =
            giants.flat_map(|g2| plan.elements().map(move |g1| product(g1, g2))).collect();
        all.sort_unstable();
        let positions = N / 16;
        let expected: Vec<usize> = (0..16).map(|i| 1 + 2 * positions * i).collect();
        assert_eq!(all, expected, "{babies}");
        // One key for each step but the identities.
        assert_eq!(plan.galois_keys(1).len(), babies + 16 / babies - 2, "{babies}");
        assert_eq!(plan.key_count(), plan.galois_keys(1).len());
    }
}

/// The polynomials against their definition, weight by weight.
#[test]
fn polynomials_are_sums_of_monomials() {
    let layer = layer_of(&LayerSpec { in_channels: 11, out_channels: 10, stride: 2, ..LAYER });
    let weights = data::weights(&layer, 3);
    let flat: Vec<i8> = weights.iter().copied().collect();
    for babies in [1, 2, 8] {
        let plan = plan(&layer, 8, babies);
        let made = Polynomials::new(&plan, &flat);
        let mut held = vec![0; plan.giants() * N];
        let mut spare = vec![0; N];
        for (group, input, baby) in [(0, 0, 0), (1, 5, babies - 1), (0, 7, babies / 2)] {
            made.fill(group, (input, baby), &mut held, &mut spare);
            let (phase, in_group) = plan.place(input);
            for (giant, found) in held.chunks_exact(N).enumerate() {
                let turn = plan.giant(giant).inverse(N).exponent() as i64;
                let baby = plan.baby(baby).exponent() as i64;
                let mut expected = vec![0i16; N];
                for (place, output) in (group * 8..10.min(group * 8 + 8)).enumerate() {
                    for (ch, input) in (in_group * 8..11.min(in_group * 8 + 8)).enumerate() {
                        for tap in plan.taps(phase) {
                            let weight = weights[[output, input, tap.place / 3, tap.place % 3]];
                            let exponent = place as i64 * turn - baby * (8 * tap.shift + ch as i64);
                            let exponent = exponent.rem_euclid(2 * N as i64) as usize;
                            let sign = if exponent < N { 1 } else { -1 };
                            expected[exponent % N] += sign * i16::from(weight);
                        }
                    }
                }
                assert_eq!(found, expected, "{babies} {group} {input} {giant}");
            }
        }
    }
}

/// The largest weights, all of them, do not leave 16 bits.
#[test]
fn the_widest_interleave_holds_the_largest_weights() {
    assert_eq!(max_interleave(127), 129);
    let layer = layer_of(&LayerSpec {
        in_channels: 128,
        out_channels: 128,
        height: 2,
        width: 2,
        weight_bits: 8,
        ..LAYER
    });
    let packing = Packing::interleaved(&layer, 4096, 128).expect("fits");
    let plan = CoefficientPlan::new(packing, 1, WeightForm::Raw);
    let weights = vec![-127; layer.weight_count()];
    let (mut held, mut spare) = (vec![0; 128 * 4096], vec![0; 4096]);
    // Sums that leave 16 bits panic in tests, which check for overflow.
    Polynomials::new(&plan, &weights).fill(0, (0, 0), &mut held, &mut spare);
    let total: i64 = held[..4096].iter().map(|c| i64::from(*c)).sum();
    assert!(total != 0);
}

/// As many products as channels call for, and no more ciphertexts than these fill.
#[test]
fn counts_are_those_of_the_formulas() {
    let layer = layer(64, 32, [7, 7], [3, 3], None);
    let plan = plan(&layer, 16, 4);
    assert_eq!((plan.inputs(), plan.out_groups(), plan.giants()), (4, 2, 4));
    assert_eq!(plan.total_terms(), 64 * 32 / 16);
    let blocks = Packing::blocks(&layer, N).expect("fits");
    // Eight rows of eight, whose last row and column are zero.
    assert_eq!((blocks.positions(), blocks.channels()), (64, 16));
    let blocks = CoefficientPlan::new(blocks, 1, WeightForm::Transformed);
    assert_eq!((blocks.inputs(), blocks.out_groups(), blocks.total_terms()), (4, 32, 4 * 32));
    assert_eq!(blocks.packing().read()[0].count(N), 7 * 7);
    // A depthwise layer reads one ciphertext for each output.
    let depthwise = layer_of(&LayerSpec { in_channels: 32, out_channels: 32, groups: 32, ..LAYER });
    let packing = Packing::blocks(&depthwise, N).expect("fits");
    let plan = CoefficientPlan::new(packing, 1, WeightForm::Transformed);
    assert_eq!(plan.total_terms(), 32);
}
