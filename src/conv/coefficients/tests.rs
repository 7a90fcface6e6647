//! Plans on coefficients, and what they hold; that they are exact is tested with all algorithms.

use ndarray::Array4;

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

/// The polynomial of a giant step by its definition, weight by weight.
fn by_definition(
    plan: &CoefficientPlan,
    weights: &Array4<i8>,
    group: usize,
    (input, baby): (usize, usize),
    giant: usize,
) -> Vec<i64> {
    let (packing, (phase, in_group)) = (plan.packing(), plan.place(input));
    let (layer, n, m) = (packing.layer(), packing.ring_degree(), packing.channels());
    let turn = plan.giant(giant).inverse(n).exponent() as i64;
    let baby = plan.baby(baby).exponent() as i64;
    let channels = |group: usize, all: usize| (group * m..all.min(group * m + m)).enumerate();
    let mut expected = vec![0; n];
    for (place, output) in channels(group, layer.out_channels()) {
        for (ch, input) in channels(in_group, layer.in_channels()) {
            for tap in plan.taps(phase) {
                let [_, columns] = layer.kernel();
                let weight = weights[[output, input, tap.place / columns, tap.place % columns]];
                let exponent = place as i64 * turn - baby * (m as i64 * tap.shift + ch as i64);
                let exponent = exponent.rem_euclid(2 * n as i64) as usize;
                let sign = if exponent < n { 1 } else { -1 };
                expected[exponent % n] += sign * i64::from(weight);
            }
        }
    }
    expected
}

/// What is made for all giant steps of a term.
fn made(
    plan: &CoefficientPlan,
    weights: &Array4<i8>,
    group: usize,
    term: (usize, usize),
) -> Vec<Vec<i64>> {
    let n = plan.packing().ring_degree();
    let flat: Vec<i8> = weights.iter().copied().collect();
    let (mut held, mut spare) = (vec![0; plan.giants() * n], vec![0; n]);
    Polynomials::new(plan, &flat).fill(group, term, &mut held, &mut spare);
    held.chunks_exact(n).map(|one| one.iter().map(|c| i64::from(*c)).collect()).collect()
}

#[test]
fn polynomials_are_sums_of_monomials() {
    let layer = layer_of(&LayerSpec { in_channels: 11, out_channels: 10, stride: 2, ..LAYER });
    let weights = data::weights(&layer, 3);
    for babies in [1, 2, 8] {
        let plan = plan(&layer, 8, babies);
        for (group, input, baby) in [(0, 0, 0), (1, 5, babies - 1), (0, 7, babies / 2)] {
            let found = made(&plan, &weights, group, (input, baby));
            for (giant, found) in found.into_iter().enumerate() {
                let expected = by_definition(&plan, &weights, group, (input, baby), giant);
                assert_eq!(found, expected, "{babies} {group} {input} {giant}");
            }
        }
    }
}

/// The largest weights, all of them, do not leave 16 bits.
#[test]
fn the_widest_interleave_holds_the_largest_weights() {
    assert_eq!(max_interleave(127), 129);
    let [in_channels, out_channels, height, width] = [128, 128, 2, 2];
    let spec = LayerSpec { in_channels, out_channels, height, width, weight_bits: 8, ..LAYER };
    let layer = layer_of(&spec);
    let packing = Packing::interleaved(&layer, 4096, 128).expect("fits");
    let plan = CoefficientPlan::new(packing, 1, WeightForm::Raw);
    let weights = Array4::from_elem(layer.weight_shape(), -127);
    for (giant, found) in made(&plan, &weights, 0, (0, 0)).into_iter().enumerate().step_by(17) {
        let expected = by_definition(&plan, &weights, 0, (0, 0), giant);
        assert!(expected.iter().all(|c| c.abs() <= i64::from(i16::MAX)));
        assert_eq!(found, expected, "{giant}");
    }
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

/// Strips side by side are as even as can be, and share the space for sums.
#[test]
fn strips_are_dealt_evenly() {
    let blocks = |height| {
        let packing = Packing::blocks(&layer(2, 100, [height, 8], [3, 3], None), 128);
        CoefficientPlan::new(packing.expect("fits"), 1, WeightForm::Transformed)
    };
    let dealt = [8, 24, 48, 56, 100].map(|height| {
        let plan = blocks(height);
        (plan.strips(), plan.together(), plan.rounds(), plan.waves().len())
    });
    assert_eq!(dealt, [(1, 1, 1, 1), (2, 2, 1, 1), (4, 4, 1, 2), (5, 3, 2, 2), (9, 3, 3, 2)]);
    assert_eq!((blocks(56).wave_groups(), blocks(56).wave_sums()), (3 * 85, 3 * 85));
}
