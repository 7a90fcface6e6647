//! Which coefficients of inputs outputs are made of.

use super::packing::Packing;
use super::plan::CoefficientPlan;
use crate::bfv::Coefficients;

/// Of each input ciphertext, in upload order, the coefficients that a tap of some output reads; of c0 no
/// others are of use. Coefficient X^e of an output is the sum of weights w times coefficients X^(e + d) of
/// inputs, where X^-d is the monomial of w, whatever the other coefficients of c0 are. With steps it is so
/// of the sum over all automorphisms: what else they bring there cancels.
pub fn touched(plan: &CoefficientPlan) -> Vec<Coefficients> {
    let packing = plan.packing();
    // They depend on the rows of the strip, the phase and the channels of the group alone.
    let mut known: Vec<([usize; 3], Coefficients)> = Vec::new();
    let mut of = |kind: [usize; 3]| {
        if let Some((_, same)) = known.iter().find(|(other, _)| *other == kind) {
            return same.clone();
        }
        let [rows, phase, channels] = kind;
        let touched = spread(packing, &positions(plan, rows, phase), channels);
        known.push((kind, touched.clone()));
        touched
    };
    let strips = (0..plan.strips()).map(|strip| packing.strip_rows(strip));
    strips
        .flat_map(|rows| (0..plan.inputs()).map(move |input| (rows, input)))
        .map(|(rows, input)| {
            let (phase, group) = plan.place(input);
            of([rows, phase, packing.group_channels(group)])
        })
        .collect()
}

/// The positions of a phase, from that of the first pixel, that outputs in the first `rows` rows of a strip
/// are made of.
fn positions(plan: &CoefficientPlan, rows: usize, phase: usize) -> Vec<i64> {
    let packing = plan.packing();
    let outputs = packing.output_positions(rows);
    let taps = plan.taps(phase);
    let mut positions: Vec<i64> = outputs
        .flat_map(|position| taps.iter().map(move |tap| position as i64 + tap.shift))
        .collect();
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// The same positions of the first `channels` channels of a ciphertext.
fn spread(packing: &Packing, positions: &[i64], channels: usize) -> Coefficients {
    let n = packing.ring_degree();
    let mut are_used = vec![false; n];
    for channel in 0..channels {
        for position in positions {
            let exponent =
                packing.input_exponent(channel) as i64 + packing.step() as i64 * position;
            // X^N = -1.
            are_used[exponent.rem_euclid(n as i64) as usize] = true;
        }
    }
    Coefficients::used(&are_used)
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use proptest::prelude::*;

    use super::*;
    use crate::arith::kernels::Reduction;
    use crate::bfv::testing::{backend, params, seeds};
    use crate::bfv::{Ciphertext, Context, Evaluator, GaloisKeys, SecretKey, SeededGaloisKeys};
    use crate::conv::testing::{LAYER, layer_of};
    use crate::conv::work::Units;
    use crate::conv::{
        AlgorithmKind, Clock, Layer, LayerSpec, Plan, Server, Silent, Stage, Steps, data,
    };
    use crate::ring::sampling::{generator, uniform};
    use crate::ring::{Coeff, Poly};

    const N: usize = 256;

    fn layers() -> impl Strategy<Value = Layer> {
        let plane = (1usize..24, 1usize..14);
        let channels = (1usize..7, 1usize..7, any::<bool>());
        (channels, plane, [0usize..3, 0usize..3], any::<[u8; 4]>(), 1usize..4).prop_map(
            |((inputs, outputs, is_grouped), (height, width), kernel, pads, stride)| {
                let [rows, columns] = kernel.map(|half| 2 * half + 1);
                let [top, left, bottom, right] = pads.map(usize::from);
                let padding = [top % rows, left % columns, bottom % rows, right % columns];
                let height = height.max(rows.saturating_sub(padding[0] + padding[2]));
                let width = width.max(columns.saturating_sub(padding[1] + padding[3]));
                let [in_channels, out_channels, groups] =
                    if is_grouped { [2 * inputs, 2 * outputs, 2] } else { [inputs, outputs, 1] };
                let spec = LayerSpec { in_channels, out_channels, height, width, stride, ..LAYER };
                let (kernel, padding) = ([rows, columns], Some(padding));
                layer_of(&LayerSpec { kernel, padding, groups, ..spec })
            },
        )
    }

    /// Outputs of ciphertexts: what is read of c0, limb after limb, and all of c1.
    fn outputs(
        plan: &dyn Plan,
        evaluator: &Evaluator<'_>,
        weights: &Array4<i8>,
        inputs: &[Ciphertext],
    ) -> Vec<[Vec<u64>; 2]> {
        let context = evaluator.context();
        let clock = Clock::default();
        let units = Units::default();
        let server = Server::new(evaluator, &Silent, &clock, units, &|_, _, _| ());
        let steps = Steps::enter(&Silent, Stage::Weights, 1).expect("goes on");
        let prepared = plan.prepare(context, weights.view(), steps).expect("prepared");
        let outputs = prepared.convolve(&server, inputs).expect("runs");
        let read = |(output, read): (Ciphertext, Coefficients)| {
            let c0 = output.c0.into_coeff();
            let limbs = (0..context.params().limbs().len()).map(|i| c0.limb(i));
            let c0 = limbs.flat_map(|limb| read.places(N).map(|place| limb[place])).collect();
            [c0, output.c1.words().to_vec()]
        };
        let downloads = plan.outline(context.into(), 1).downloads;
        outputs.into_iter().zip(downloads).map(read).collect()
    }

    /// Adds `poly` to c0 of each input at the coefficients that are not touched.
    fn add_elsewhere(poly: &Poly<Coeff>, inputs: &mut [Ciphertext], touched: &[Coefficients]) {
        for (input, touched) in inputs.iter_mut().zip(touched) {
            let mut poly = poly.clone();
            for limb in poly.limbs_mut() {
                touched.places(N).for_each(|place| limb[place] = 0);
            }
            input.c0.add_assign(&poly.into_ntt());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever the other coefficients of c0 are, what is read is the same to the bit, with every
        /// interleave, number of baby steps and form of weights; and what is touched is read.
        #[test]
        fn outputs_depend_on_what_is_touched_alone(layer in layers(), seed in 0u64..1000) {
            for limbs in [&[36][..], &[30, 33]] {
                let context = Context::new(params(N, limbs, 37, 20), backend(), Reduction::Lazy);
                let context = context.expect("has roots");
                let [secret, errors, _] = seeds(seed as u8);
                let secret = SecretKey::generate(&context, &secret);
                let random = |stream| uniform(context.ciphertext_basis(), &mut generator(&[1; 32], stream));
                for kind in [AlgorithmKind::Coefficient, AlgorithmKind::Interleaved] {
                    for algorithm in kind.candidates(&layer, N) {
                        let proceed = || Ok::<_, std::convert::Infallible>(());
                        let outline = algorithm.outline((&context).into(), 1);
                        let ids = outline.keys;
                        let Ok(sent) = SeededGaloisKeys::generate(&context, &secret, &ids, &errors, &[2; 32], proceed);
                        let Ok(keys) = GaloisKeys::expand(&context, &sent, proceed);
                        let evaluator = Evaluator::new(&context, &keys);
                        let touched = outline.uploads;
                        let ciphertext = |i: u64| Ciphertext { c0: random(2 * i), c1: random(2 * i + 1) };
                        let mut inputs: Vec<_> = (0..touched.len() as u64).map(ciphertext).collect();
                        let weights = data::weights(&layer, seed).mapv(|w| w.abs().max(1));
                        let of = |inputs: &[_]| outputs(algorithm.as_ref(), &evaluator, &weights, inputs);
                        let before = of(&inputs);
                        add_elsewhere(&random(1 << 20).into_coeff(), &mut inputs, &touched);
                        prop_assert_eq!(&of(&inputs), &before, "{:?}", algorithm);
                        // One more in a place that is touched.
                        let (i, touched) = (seed as usize % touched.len(), &touched[seed as usize % touched.len()]);
                        let place = touched.places(N).nth(seed as usize % touched.count(N)).expect("one");
                        let mut one = Poly::<Coeff>::zero(context.ciphertext_basis());
                        one.limbs_mut().for_each(|limb| limb[place] = 1);
                        inputs[i].c0.add_assign(&one.into_ntt());
                        prop_assert_ne!(&of(&inputs), &before, "{:?}: {}", algorithm, place);
                    }
                }
            }
        }
    }
}
