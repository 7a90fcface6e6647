//! Every algorithm, reduction mode and backend decrypts exactly to the plain convolution.

use ndarray::{Array1, Array3, Array4};
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::cost::CostTable;
use super::pipeline::{Job, Outcome, run};
use super::sizes::Sizes;
use super::testing::{LAYER, layer, layer_of};
use super::*;
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::Context;
use crate::bfv::testing::{backend, params, params_without_special};

/// Parameters with ample noise budget at a small ring degree.
fn small_context(ring_degree: usize, backend: Backend, reduction: Reduction) -> Context {
    Context::new(params(ring_degree, &[36, 36], 37, 20), backend, reduction).expect("has roots")
}

fn outcome(kind: AlgorithmKind, layer: &Layer, context: &Context, seed: u64) -> Outcome {
    outcome_with(kind, layer, context, seed, &data::weights(layer, seed))
}

fn outcome_with(
    kind: AlgorithmKind,
    layer: &Layer,
    context: &Context,
    seed: u64,
    weights: &Array4<i8>,
) -> Outcome {
    let algorithm = kind
        .plan(layer, context, &CostTable::reference(Backend::Portable), Choice::default())
        .expect("fits");
    outcome_of(algorithm.as_ref(), layer, context, seed, weights)
}

fn outcome_of(
    algorithm: &dyn Plan,
    layer: &Layer,
    context: &Context,
    seed: u64,
    weights: &Array4<i8>,
) -> Outcome {
    outcome_shared(algorithm, layer, context, (seed, 1), weights)
}

/// A run whose outputs share polynomials: its figures are those that are predicted.
fn outcome_shared(
    algorithm: &dyn Plan,
    layer: &Layer,
    context: &Context,
    of: (u64, usize),
    weights: &Array4<i8>,
) -> Outcome {
    let bias: Array1<i64> = (0..layer.out_channels() as i64).map(|i| (i * 37) % 101 - 50).collect();
    outcome_biased(algorithm, layer, context, of, weights, &bias)
}

fn outcome_biased(
    algorithm: &dyn Plan,
    layer: &Layer,
    context: &Context,
    (seed, shared_by): (u64, usize),
    weights: &Array4<i8>,
    bias: &Array1<i64>,
) -> Outcome {
    let input = data::input(layer, seed);
    let secrets = Zeroizing::new([seed as u8; 32]);
    let job = Job {
        layer,
        context,
        plan: algorithm,
        shared_by,
        input: input.view(),
        weights: weights.view(),
        bias: Some(bias.view()),
        number: 0,
    };
    let setting = Setting::from(context).shared(shared_by);
    let threads = rayon::current_num_threads();
    let outline = algorithm.outline(setting, threads);
    let needs = KeyNeeds::from(&outline);
    let session = Session::open(context, &secrets, &needs, &Silent).expect("opens");
    let keys = [session.stored_bytes(), session.sent_bytes()];
    let outcome = run(&job, &session, &Silent).expect("runs");
    let sizes = outcome.sizes;
    assert_eq!([sizes.galois_keys, sizes.keys], keys, "{algorithm:?}");
    assert_eq!(outcome.operations, algorithm.work(setting).operations(setting), "{algorithm:?}");
    let predicted = Sizes::of(&outline, setting, outcome.response, threads);
    assert_eq!(sizes, predicted, "{algorithm:?}");
    outcome
}

/// All algorithms and reductions on one layer and backend: exact, and with equal outputs.
fn check_layer(layer: &Layer, ring_degree: usize, backend: Backend, seed: u64) {
    let mut first: Option<Array3<i64>> = None;
    for kind in AlgorithmKind::ALL {
        for reduction in Reduction::ALL {
            let context = small_context(ring_degree, backend, reduction);
            let outcome = outcome(kind, layer, &context, seed);
            let what = format!("{} {} {backend:?} {layer:?}", kind.name(), reduction.name());
            assert_eq!((outcome.mismatches, outcome.overflows), (0, 0), "{what}");
            assert!(outcome.noise.last > 1.0 && outcome.noise.last.is_finite(), "{what}");
            let first = first.get_or_insert_with(|| outcome.output.clone());
            assert_eq!(*first, outcome.output, "{what}");
        }
    }
}

/// Layers that fit N = 1024, with any plane, odd kernel, stride, padding, groups, channel counts and
/// signs of activations.
fn layers() -> impl Strategy<Value = Layer> {
    let kernel = prop::sample::select(vec![1usize, 3, 5, 7]);
    let plane = (1usize..16, 1usize..16);
    let rest = (1usize..4, any::<bool>());
    (channels(), plane, [kernel.clone(), kernel], any::<[u8; 4]>(), rest).prop_map(
        |((groups, in_channels, out_channels), (height, width), kernel, pads, (stride, signed))| {
            let [top, left, bottom, right] = pads.map(usize::from);
            let [rows, columns] = kernel;
            let padding = [top % rows, left % columns, bottom % rows, right % columns];
            // Planes smaller than what is left of the kernel grow up to it.
            let height = height.max(rows.saturating_sub(padding[0] + padding[2]));
            let width = width.max(columns.saturating_sub(padding[1] + padding[3]));
            let padding = Some(padding);
            let spec = LayerSpec { height, width, kernel, stride, padding, ..LAYER };
            let spec = LayerSpec { activation_signed: Some(signed), ..spec };
            layer_of(&LayerSpec { in_channels, out_channels, groups, ..spec })
        },
    )
}

/// Groups, and channels in and out: half of them in one group, some depthwise.
fn channels() -> impl Strategy<Value = (usize, usize, usize)> {
    prop_oneof![
        2 => (Just(1usize), 1usize..7, 1usize..7),
        1 => (1usize..9).prop_map(|channels| (channels, channels, channels)),
        1 => (1usize..4, 1usize..4, 1usize..4).prop_map(|(g, i, o)| (g, g * i, g * o)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_layers_are_exact(layer in layers(), seed in 0u64..1000) {
        check_layer(&layer, 1024, backend(), seed);
    }

    #[test]
    fn random_layers_are_exact_on_every_other_backend(layer in layers(), seed in 0u64..1000) {
        for other in Backend::available().filter(|other| *other != backend()) {
            check_layer(&layer, 1024, other, seed);
        }
    }

    /// In coefficients there need be neither slots nor a special prime, and t may be any number.
    #[test]
    fn coefficients_need_no_slots_and_no_keys(
        layer in layers(),
        plain in prop_oneof![Just(1u64 << 20), Just(1_000_000), Just(1_032_193), 500_000u64..2_000_000],
        seed in 0u64..1000,
    ) {
        for reduction in Reduction::ALL {
            let params = params_without_special(1024, 50, plain);
            let context = Context::new(params, backend(), reduction).expect("has roots");
            for kind in [AlgorithmKind::Coefficient, AlgorithmKind::Interleaved] {
                let outcome = outcome(kind, &layer, &context, seed);
                prop_assert_eq!((outcome.mismatches, outcome.overflows), (0, 0), "{:?}", kind);
                prop_assert_eq!((outcome.sizes.keys, outcome.sizes.galois_keys), (0, 0));
            }
        }
    }

    /// A ring so small that most planes are cut into strips.
    #[test]
    fn random_strips_are_exact(
        height in 3usize..30,
        width in 3usize..14,
        (groups, in_channels, out_channels) in channels(),
        stride in 1usize..4,
        signed in any::<bool>(),
        seed in 0u64..1000,
    ) {
        let spec = LayerSpec { in_channels, out_channels, height, width, stride, groups, ..LAYER };
        let spec = LayerSpec { activation_signed: Some(signed), ..spec };
        check_layer(&layer_of(&spec), 128, backend(), seed);
    }

    /// Not only the plan that the planner chooses.
    #[test]
    fn every_plan_is_exact(layer in layers(), seed in 0u64..1000, choice in any::<prop::sample::Index>()) {
        let context = small_context(1024, backend(), Reduction::Lazy);
        for kind in AlgorithmKind::ALL {
            let mut plans = kind.candidates(&layer, 1024);
            let plan = plans.swap_remove(choice.index(plans.len()));
            let outcome = outcome_of(plan.as_ref(), &layer, &context, seed, &data::weights(&layer, seed));
            prop_assert_eq!(outcome.mismatches, 0, "{:?}", plan);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    #[ignore = "the same over many more shapes"]
    fn many_random_layers_are_exact(layer in layers(), seed in 0u64..100_000) {
        check_layer(&layer, 1024, backend(), seed);
    }
}

/// The corners of the geometry.
#[test]
fn corner_shapes_are_exact() {
    let shapes = [
        // (H + pad)(W + pad) = M exactly, at M = 64 and 256.
        layer(8, 8, [7, 7], [3, 3], None),
        layer(2, 2, [15, 15], [3, 3], None),
        // One more column.
        layer(2, 2, [15, 16], [3, 3], None),
        // c = 2, and planes over both rows as strips.
        layer(2, 3, [20, 20], [3, 3], None),
        layer(3, 2, [40, 25], [5, 5], None),
        // Channels that do not fill the lanes, one channel, and one output.
        layer(5, 11, [6, 5], [3, 3], None),
        layer(1, 1, [9, 4], [3, 3], None),
        layer(1, 6, [8, 8], [5, 3], None),
        layer(7, 1, [4, 4], [1, 1], None),
        // No padding, asymmetric padding, more padding than half the kernel.
        layer(4, 4, [9, 9], [3, 3], Some([0; 4])),
        layer(4, 4, [9, 6], [3, 5], Some([2, 0, 1, 4])),
        layer(2, 4, [3, 1], [3, 3], Some([2, 2, 2, 2])),
        // Kernels 1 and 7, larger than the plane with its padding taken off.
        layer(9, 4, [7, 7], [1, 1], None),
        layer(4, 4, [5, 5], [7, 7], None),
        layer(2, 2, [1, 1], [3, 3], None),
        layer(2, 2, [1, 20], [1, 7], None),
        // Strides: 7x7 and 1x1, padding below and on the right alone, strips, planes of odd sides.
        layer_of(&LayerSpec { height: 15, width: 13, kernel: [7, 7], stride: 2, ..LAYER }),
        layer_of(&LayerSpec { kernel: [1, 1], stride: 2, ..LAYER }),
        layer_of(&LayerSpec {
            height: 8,
            width: 8,
            stride: 2,
            padding: Some([0, 0, 1, 1]),
            ..LAYER
        }),
        layer_of(&LayerSpec { height: 50, width: 41, stride: 2, ..LAYER }),
        layer_of(&LayerSpec { stride: 5, ..LAYER }),
        // Depthwise with a stride, more outputs than inputs in a group, and fewer.
        layer_of(&LayerSpec { in_channels: 11, out_channels: 11, groups: 11, stride: 2, ..LAYER }),
        layer_of(&LayerSpec { in_channels: 4, out_channels: 12, groups: 4, ..LAYER }),
        layer_of(&LayerSpec { in_channels: 12, out_channels: 4, groups: 2, ..LAYER }),
    ];
    for layer in &shapes {
        check_layer(layer, 1024, backend(), 5);
    }
}

/// Five strips and more, some of them side by side, whose outputs take more than one wave.
#[test]
fn strips_with_weights_in_common_are_exact() {
    let layer = layer(2, 100, [56, 8], [3, 3], None);
    let context = small_context(128, backend(), Reduction::Lazy);
    for kind in [AlgorithmKind::Coefficient, AlgorithmKind::Interleaved] {
        for plan in kind.candidates(&layer, 128).into_iter().take(6) {
            let outcome = outcome_of(plan.as_ref(), &layer, &context, 3, &data::weights(&layer, 3));
            assert_eq!(outcome.mismatches, 0, "{plan:?}");
        }
    }
}

/// Bit widths at both ends; 16-bit activations need a larger t.
#[test]
fn extreme_bit_widths_are_exact() {
    let widths = [(1, 2, false), (8, 8, false), (16, 8, false), (2, 2, true), (16, 8, true)];
    for (activation_bits, weight_bits, signed) in widths {
        let spec = LayerSpec { activation_bits, weight_bits, ..LAYER };
        let layer = layer_of(&LayerSpec { activation_signed: Some(signed), ..spec });
        for kind in AlgorithmKind::ALL {
            let context = Context::new(params(1024, &[50, 50], 50, 30), backend(), Reduction::Lazy)
                .expect("has roots");
            let outcome = outcome(kind, &layer, &context, 2);
            assert_eq!((outcome.mismatches, outcome.overflows), (0, 0), "{}", kind.name());
        }
    }
}

/// A sum of no weights but 0 has no noise, whatever becomes of it: that of a layer without weights, and
/// those beside a single one.
#[test]
fn sums_without_weights_have_no_noise() {
    let context = Context::new(params(1024, &[35, 35], 36, 20), backend(), Reduction::Lazy);
    let context = context.expect("has roots");
    let layer = layer(6, 5, [5, 26], [1, 1], None);
    // A bias would be rounded.
    let no_bias = Array1::zeros(layer.out_channels());
    let none = Array4::zeros(layer.weight_shape());
    let mut one = none.clone();
    one[[1, 2, 0, 0]] = 1;
    for kind in AlgorithmKind::ALL {
        for weights in [&none, &one] {
            let costs = CostTable::reference(Backend::Portable);
            let plan = kind.plan(&layer, &context, &costs, Choice::default()).expect("fits");
            let outcome =
                outcome_biased(plan.as_ref(), &layer, &context, (5, 1), weights, &no_bias);
            let (measured, predicted) = (outcome.noise.last, outcome.noise.predicted.last);
            assert_eq!(outcome.mismatches, 0, "{}", kind.name());
            assert!((measured - predicted).abs() < 2.0, "{} {:?}", kind.name(), outcome.noise);
        }
    }
}

/// Measured noise against the prediction: layers with many terms, so that the average case is
/// the case.
#[test]
fn noise_follows_the_model() {
    let shapes = [
        layer(8, 8, [28, 28], [3, 3], None),
        layer(24, 40, [13, 9], [3, 3], None),
        layer(32, 32, [7, 7], [5, 5], None),
        layer(16, 16, [14, 14], [1, 1], None),
        layer(2, 2, [70, 70], [3, 3], None),
        layer_of(&LayerSpec {
            in_channels: 16,
            out_channels: 16,
            height: 14,
            width: 14,
            activation_signed: Some(true),
            ..LAYER
        }),
    ];
    let params = params(4096, &[35, 35], 36, 20);
    let context = Context::new(params, backend(), Reduction::Lazy).expect("has roots");
    for layer in &shapes {
        for kind in AlgorithmKind::ALL {
            let noise = outcome(kind, layer, &context, 11).noise;
            let error = noise.last - noise.predicted.last;
            assert!(error.abs() < 1.0, "{} {layer:?}: {noise:?}", kind.name());
            assert!(noise.predicted.floor < noise.last, "{} {layer:?}: {noise:?}", kind.name());
            let rotated = noise.rotated.unwrap_or(noise.fresh);
            assert!(noise.fresh >= rotated, "{noise:?}");
            // Sums that are to be merged in coefficients are no ciphertexts of anything yet.
            assert!(noise.multiplied.is_some() || kind == AlgorithmKind::Interleaved);
            let multiplied = noise.multiplied.unwrap_or(noise.predicted.multiplied);
            assert!(rotated > multiplied, "{noise:?}");
            assert!(multiplied + 1.0 > noise.last, "{} {noise:?}", kind.name());
            // What was measured was predicted, and the other way round.
            assert_eq!(noise.rotated.is_some(), noise.predicted.rotated.is_some(), "{noise:?}");
            if let Some((measured, predicted)) = noise.rotated.zip(noise.predicted.rotated) {
                assert!((measured - predicted).abs() < 0.6, "{} {noise:?}", kind.name());
            }
        }
    }
}

/// Equal weights add the error of an input up at the two coefficients that rotations keep, which the
/// floor must know of.
#[test]
fn floors_hold_for_equal_weights() {
    let layer = Layer::new(&LayerSpec {
        name: "equal".into(),
        in_channels: 1,
        out_channels: 1,
        height: 40,
        width: 40,
        kernel: [31, 31],
        stride: 1,
        padding: None,
        groups: 1,
        activation_bits: 4,
        activation_signed: None,
        weight_bits: 8,
    })
    .expect("valid");
    let params = params(8192, &[45], 50, 21);
    let context = Context::new(params, backend(), Reduction::Lazy).expect("has roots");
    let weights = Array4::from_elem(layer.weight_shape(), 90);
    let kinds = AlgorithmKind::ALL.into_iter().filter(|kind| *kind != AlgorithmKind::Conventional);
    for kind in kinds.filter(|kind| *kind != AlgorithmKind::Hadamard) {
        for seed in 0..6 {
            let outcome = outcome_with(kind, &layer, &context, seed, &weights);
            let noise = outcome.noise;
            assert_eq!(outcome.mismatches, 0, "{noise:?}");
            assert!(noise.last > noise.predicted.floor, "{} {noise:?}", kind.name());
        }
    }
}

/// Sums move with all limbs or with one less, as noise allows; either way results are exact, and the
/// noise is what was predicted.
#[test]
fn sums_move_on_the_level_that_noise_allows() {
    let layer = layer(6, 10, [12, 11], [3, 3], None);
    let cases = [
        (&[50][..], 17, 1),
        (&[36, 36], 20, 1),
        (&[36, 36], 28, 2),
        (&[36, 24], 20, 1),
        (&[28, 40], 20, 2),
        (&[36, 36, 36], 20, 2),
    ];
    for (limbs, plain, expected) in cases {
        for kind in AlgorithmKind::ALL.into_iter().filter(|kind| kind.is_on_slots()) {
            let context = Context::new(params(1024, limbs, 50, plain), backend(), Reduction::Lazy);
            let context = context.expect("has roots");
            let algorithm = kind
                .plan(&layer, &context, &CostTable::reference(Backend::Portable), Choice::default())
                .expect("fits");
            let what = format!("{limbs:?} {plain} {algorithm:?}");
            // Nothing moves where a channel fills a ciphertext alone.
            let outline = algorithm.outline((&context).into(), 1);
            let moves =
                outline.keys.iter().any(|key| key.limbs < limbs.len() || limbs.len() == expected);
            assert_eq!(outline.output_limbs == expected, moves, "{what}");
            let weights = data::weights(&layer, 3);
            let outcome = outcome_of(algorithm.as_ref(), &layer, &context, 3, &weights);
            let noise = outcome.noise;
            assert_eq!(outcome.mismatches, 0, "{what}");
            assert!(noise.last > noise.predicted.floor, "{what} {noise:?}");
            assert!((noise.last - noise.predicted.last).abs() < 0.7, "{what} {noise:?}");
        }
    }
}

/// Outputs that share polynomials are what they are alone, in fewer bytes; on either level, where the last
/// share with fewer.
#[test]
fn shared_polynomials_change_bytes_alone() {
    let layer = layer(6, 13, [9, 7], [3, 3], None);
    let weights = data::weights(&layer, 5);
    for (limbs, kinds) in [
        (&[36, 36][..], &AlgorithmKind::ALL[..]),
        (&[44], &[AlgorithmKind::Coefficient, AlgorithmKind::Interleaved]),
    ] {
        let context = Context::new(params(1024, limbs, 50, 20), backend(), Reduction::Lazy);
        let context = context.expect("has roots");
        for kind in kinds {
            let plan = kind
                .plan(&layer, &context, &CostTable::reference(Backend::Portable), Choice::default())
                .expect("fits");
            let of = |by| outcome_shared(plan.as_ref(), &layer, &context, (5, by), &weights);
            let alone = of(1);
            for by in [2, 4, 8] {
                let shared = of(by);
                let what = format!("{kind:?} {limbs:?} by {by}");
                assert_eq!((shared.mismatches, &shared.output), (0, &alone.output), "{what}");
                let noise = shared.noise;
                assert!((noise.last - noise.predicted.last).abs() < 0.7, "{what} {noise:?}");
                assert!(noise.last > noise.predicted.floor, "{what} {noise:?}");
                let outputs = plan.outline((&context).into(), 1).downloads.len();
                let sizes = [alone.sizes, shared.sizes];
                assert!(outputs == 1 || sizes[1].download < sizes[0].download, "{what} {sizes:?}");
                assert!(sizes[1].keys > sizes[0].keys, "{what}");
            }
        }
    }
}

/// Threads change nothing but time, and what each of them needs for itself.
#[test]
fn threads_do_not_change_results() {
    let layer = layer(6, 10, [12, 11], [3, 3], None);
    let context = small_context(1024, backend(), Reduction::Lazy);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("starts");
        pool.install(|| outcome(AlgorithmKind::HadamardFused, &layer, &context, 4))
    };
    let (one, three) = (on(1), on(3));
    assert_eq!(one.output, three.output);
    assert!(one.sizes.server_peak < three.sizes.server_peak);
    let sizes = |outcome: &Outcome| Sizes { server_peak: 0, ..outcome.sizes };
    assert_eq!((sizes(&one), one.operations), (sizes(&three), three.operations));
    assert_eq!(one.noise, three.noise);
}

/// A stop is heard at every stage.
#[test]
fn cancelled_runs_end_as_cancelled() {
    struct StopAt(Stage, std::sync::atomic::AtomicBool);
    impl Observer for StopAt {
        fn enter(&self, stage: Stage, _: u64) {
            self.1.fetch_or(stage == self.0, std::sync::atomic::Ordering::Relaxed);
        }
        fn advance(&self, _: Stage, _: u64) {}
        fn measured(&self, _: Stage, _: f64) {}
        fn is_cancelled(&self) -> bool {
            self.1.load(std::sync::atomic::Ordering::Relaxed)
        }
    }
    let layer = layer(6, 10, [12, 11], [3, 3], None);
    let context = small_context(1024, backend(), Reduction::Lazy);
    let costs = CostTable::reference(Backend::Portable);
    let algorithm = AlgorithmKind::HadamardFused.plan(&layer, &context, &costs, Choice::default());
    let algorithm = algorithm.expect("fits");
    let (input, weights) = (data::input(&layer, 1), data::weights(&layer, 1));
    let secrets = Zeroizing::new([0; 32]);
    for stage in Stage::ALL {
        let job = Job {
            layer: &layer,
            context: &context,
            plan: algorithm.as_ref(),
            shared_by: 1,
            input: input.view(),
            weights: weights.view(),
            bias: None,
            number: 0,
        };
        let observer = StopAt(stage, false.into());
        let needs = KeyNeeds::from(&algorithm.outline((&context).into(), 1));
        let session = Session::open(&context, &secrets, &needs, &observer);
        let result = session.and_then(|session| run(&job, &session, &observer));
        assert_eq!(result.err(), Some(ConvError::Cancelled), "{}", stage.name());
    }
}

#[test]
fn layers_too_wide_for_the_ring_are_refused() {
    let layer = layer(1, 1, [20, 200], [5, 5], None);
    for kind in AlgorithmKind::ALL {
        // A row of slots is half a ring.
        let ring_degree = if kind.is_on_slots() { 1024 } else { 512 };
        let context = small_context(ring_degree, backend(), Reduction::Lazy);
        let error = kind
            .plan(&layer, &context, &CostTable::reference(Backend::Portable), Choice::default())
            .expect_err("too wide");
        let (small, enough) = (ring_degree, 2 * ring_degree);
        let words =
            format!("ring_degree {small} is too small for it; use ring_degree {enough} or more");
        assert_eq!(error.to_string(), words);
    }
}

/// Every plan of a layer so narrow that different kernel positions are as many slots away: sums that
/// move alike are all added.
#[test]
fn moves_of_equal_length_are_kept_apart() {
    let spec = LayerSpec { in_channels: 2, out_channels: 3, height: 3, width: 4, ..LAYER };
    let spec = LayerSpec { kernel: [5, 7], stride: 2, padding: Some([2, 4, 2, 1]), ..spec };
    let layer = layer_of(&spec);
    let context = small_context(1024, backend(), Reduction::Lazy);
    for kind in AlgorithmKind::ALL {
        for plan in kind.candidates(&layer, 1024) {
            let weights = data::weights(&layer, 3);
            let outcome = outcome_of(plan.as_ref(), &layer, &context, 3, &weights);
            assert_eq!(outcome.mismatches, 0, "{plan:?}");
        }
    }
}

/// Where nothing rotates, algorithms on slots do without a special prime.
#[test]
fn slots_without_rotations_need_no_special_prime() {
    let layer = layer(8, 16, [8, 8], [1, 1], None);
    let params = params_without_special(1024, 50, 1_032_193);
    let context = Context::new(params, backend(), Reduction::Lazy).expect("has roots");
    let outcome = outcome(AlgorithmKind::Padded, &layer, &context, 7);
    assert_eq!(outcome.mismatches, 0);
    let noise = outcome.noise;
    assert!((noise.last - noise.predicted.last).abs() < 1.0, "{noise:?}");
}

/// What parameters lack is said, and how they get it.
#[test]
fn needs_are_told() {
    let layer = layer(6, 10, [12, 11], [3, 3], None);
    let context = |plain| {
        let params = params_without_special(1024, 50, plain);
        Context::new(params, backend(), Reduction::Lazy).expect("has roots")
    };
    let refusal = |kind: AlgorithmKind, context: &Context, pinned| {
        let plan = kind.plan(&layer, context, &CostTable::reference(Backend::Portable), pinned);
        plan.expect_err("refused").to_string()
    };
    let (slots, even) = (context(1_032_193), context(1 << 20));
    let words = refusal(AlgorithmKind::HadamardFused, &slots, Choice::default());
    assert_eq!(words, "hadamard-fused needs a special prime, as in `4096:44|50:20`");
    let words = refusal(AlgorithmKind::Padded, &even, Choice::default());
    assert_eq!(words, "padded needs slots: a plaintext modulus that is a prime = 1 mod 2N");
    let merged = Choice { lanes: Some(4), ..Choice::default() };
    let words = refusal(AlgorithmKind::Interleaved, &slots, merged);
    assert_eq!(words, "interleaved needs a special prime, as in `4096:44|50:20`");
    let none = Choice { lanes: Some(3), babies: Some(2), ..Choice::default() };
    let words = refusal(AlgorithmKind::Interleaved, &slots, none);
    assert!(words.starts_with("lanes = 3, babies = 2 is not possible with interleaved"), "{words}");
}
