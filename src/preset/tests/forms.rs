//! The ways to write the same thing.

use super::super::{Experiment, LayerPreset, check::check_text};
use super::{EXPERIMENT, NETWORK};
use crate::arith::Modulus;
use crate::arith::kernels::Reduction;
use crate::bfv::security::SecurityPolicy;
use crate::bfv::{Params, PrimeSpec};
use crate::conv::{AlgorithmKind, Layer, LayerError, LayerSpec};

fn layer(lines: &str) -> LayerPreset {
    let text = EXPERIMENT.replace("kernel = 5", lines);
    Experiment::parse(&text, "dir/my.toml").expect("valid").layer
}

#[test]
fn an_experiment_says_all_of_a_run() {
    let experiment = Experiment::parse(EXPERIMENT, "dir/my.toml").expect("valid");
    assert_eq!(experiment.algorithm, Some(AlgorithmKind::Hadamard.into()));
    assert_eq!(experiment.reduction, Some(Reduction::Lazy));
    assert_eq!((experiment.threads, experiment.seed), (Some(2), Some(7)));
    assert_eq!(experiment.layer.full_name(), "my");
    assert_eq!(experiment.params.name, "my");
    assert_eq!(experiment.params.limbs, [PrimeSpec::Bits(35); 2]);
    let spec = experiment.layer.spec;
    assert_eq!((spec.stride, spec.groups, spec.padding), (1, 1, None));
    assert_eq!((spec.activation_bits, spec.weight_bits), (4, 4));
}

#[test]
fn only_layer_and_params_are_needed() {
    let (_, tables) = EXPERIMENT.split_once("[layer]").expect("a layer");
    let experiment =
        Experiment::parse(&format!("schema = 1\n[layer]{tables}"), "x").expect("valid");
    assert_eq!((experiment.algorithm, experiment.reduction), (None, None));
    assert_eq!((experiment.threads, experiment.seed), (None, None));
}

#[test]
fn what_an_export_adds_is_ignored() {
    let text = format!(
        "heconv_version = \"9.9\"\n{EXPERIMENT}[predicted]\na = 1\n[measured]\nb.c = 2.5\n"
    );
    let plain = Experiment::parse(EXPERIMENT, "x").expect("valid");
    assert_eq!(Experiment::parse(&text, "x").expect("valid"), plain);
}

#[test]
fn seeds_reach_the_largest_word() {
    let text = EXPERIMENT.replace("seed = 7", "seed = 0xffff_ffff_ffff_ffff");
    assert_eq!(Experiment::parse(&text, "x").expect("valid").seed, Some(u64::MAX));
}

#[test]
fn kernels_and_paddings_are_numbers_or_lists() {
    assert_eq!(layer("kernel = 3").spec, layer("kernel = [3, 3]").spec);
    assert_eq!(layer("kernel = [5, 3]").spec.kernel, [5, 3]);
    let padding = |lines| Layer::new(&layer(lines).spec).expect("valid").padding();
    assert_eq!(padding("kernel = [5, 3]"), [2, 1, 2, 1]);
    assert_eq!(padding("kernel = 5\npadding = 1"), [1; 4]);
    assert_eq!(padding("kernel = 5\npadding = [1, 1, 1, 1]"), [1; 4]);
    assert_eq!(padding("kernel = 5\npadding = [0, 1, 2, 3]"), [0, 1, 2, 3]);
}

#[test]
fn primes_are_numbers_or_sizes() {
    let resolve = |text: &str| {
        let spec = Experiment::parse(text, "x").expect("valid").params;
        Params::new(&spec, &SecurityPolicy::default()).expect("valid")
    };
    let by_size = resolve(EXPERIMENT);
    let limbs: Vec<u64> = by_size.limbs().iter().map(Modulus::value).collect();
    let text = EXPERIMENT
        .replace("limb_bits = [35, 35]", &format!("limbs = {limbs:?}"))
        .replace(
            "special_bits = 36",
            &format!("special = {}", by_size.special().expect("P").value()),
        )
        .replace("plain_bits = 20", "plain_modulus = 1032193");
    assert_eq!(resolve(&text), by_size);
}

#[test]
fn weights_in_full_equal_kernel_times_gain() {
    let network = |text: &str| {
        let source = super::super::reader::Source { origin: "x", text };
        super::super::network::parse(source).expect("valid")
    };
    let (head, _) = NETWORK.split_once("kernel = [\n").expect("a filter");
    let short = NETWORK.replace("in_channels = 1", "in_channels = 2") + "channels = [1, -1]\n";
    let full = head.replace("in_channels = 1", "in_channels = 2")
        + "weights = [1,2,1,2,4,2,1,2,1,-1,-2,-1,-2,-4,-2,-1,-2,-1]\n";
    assert_eq!(network(&short), network(&full));
    let error = check_text(&full.replace("[1,2,", "["), "x").expect_err("too short").to_string();
    assert!(error.ends_with("must be 18: in_channels x kernel height x kernel width"), "{error}");
}

#[test]
fn ranges_are_those_of_the_layer() {
    use super::super::layer::{ACTIVATION_BITS, CHANNELS, KERNEL, SIDE, WEIGHT_BITS};
    let base = layer("kernel = 255\npadding = 254").spec;
    for (range, set) in [
        (CHANNELS, (|s, v| s.in_channels = v) as fn(&mut LayerSpec, usize)),
        (CHANNELS, |s, v| s.out_channels = v),
        (SIDE, |s, v| s.height = v),
        (SIDE, |s, v| s.width = v),
        (KERNEL, |s, v| (s.kernel[0], s.padding) = (v, Some([0; 4]))),
        (ACTIVATION_BITS, |s, v| s.activation_bits = v as u32),
        (WEIGHT_BITS, |s, v| s.weight_bits = v as u32),
    ] {
        let valid = |value: i128| {
            let mut spec = LayerSpec { height: 300, width: 300, ..base.clone() };
            set(&mut spec, value as usize);
            // Even kernels are in range, though refused for that.
            !matches!(Layer::new(&spec), Err(LayerError::Range { .. }))
        };
        assert!(valid(*range.start()) && valid(*range.end()));
        assert!(!valid(range.start() - 1) && !valid(range.end() + 1));
    }
}

#[test]
fn activations_are_signed_where_a_layer_says_so() {
    for (line, said) in [("", None), ("true", Some(true)), ("false", Some(false))] {
        let line =
            if line.is_empty() { String::new() } else { format!("\nactivation_signed = {line}") };
        let spec = layer(&format!("kernel = 3{line}")).spec;
        assert_eq!(spec.activation_signed, said);
        assert_eq!(Layer::new(&spec).expect("valid").activation_signed(), said == Some(true));
    }
}
