//! The presets in the binary, with known answers.

use std::path::Path;

use super::super::{Catalogue, Experiment, PresetKind, check_file};
use crate::arith::Modulus;
use crate::bfv::Params;
use crate::bfv::security::SecurityPolicy;
use crate::conv::Layer;

fn catalogue() -> Catalogue {
    Catalogue::builtin().expect("valid presets")
}

#[test]
fn every_file_passes_its_check() {
    let presets = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    for (directory, kind) in [
        ("networks", PresetKind::Network),
        ("params", PresetKind::Params),
        ("experiments", PresetKind::Experiment),
    ] {
        for entry in std::fs::read_dir(presets.join(directory)).expect("a directory") {
            let path = entry.expect("an entry").path();
            let checked = check_file(&path).expect("valid");
            assert_eq!(checked.kind, kind, "{}", path.display());
        }
    }
    let odd = check_file(&presets.join("experiments/odd-shape.toml")).expect("valid").to_string();
    let expected = "experiment \"odd-shape\": 24->40, 13x9, kernel 5x5; parameters \"4096:35,35|36:20\": ring degree 4096, limbs 2, log2(QP) 106.0, t = 1032193";
    assert_eq!(odd, expected);
    let bench = check_file(&presets.join("networks/bench.toml")).expect("valid").to_string();
    assert_eq!(bench, "network \"bench\": 6 layers");
    let vgg = check_file(&presets.join("networks/vgg16.toml")).expect("valid").to_string();
    assert_eq!(vgg, "network \"vgg16\": 13 layers, runs on 3x224x224");
}

#[test]
fn layers_come_in_order() {
    let catalogue = catalogue();
    let networks: Vec<_> = catalogue.networks().map(|network| network.name.as_str()).collect();
    let expected = [
        "demo",
        "bench",
        "mobilenetv1",
        "resnet18",
        "resnet20",
        "resnet20-224",
        "resnet50",
        "vgg16",
    ];
    assert_eq!(networks, expected);
    let lists = catalogue.networks().take(2).flat_map(|network| &network.layers);
    let names: Vec<_> = lists.map(super::super::LayerPreset::full_name).collect();
    let expected = [
        "demo/photo",
        "bench/c64-56-k3",
        "bench/c128-28-k3",
        "bench/c256-14-k3",
        "bench/c512-7-k3",
        "bench/c128-28-k1",
        "bench/c16-32-k3",
    ];
    assert_eq!(names, expected);
}

#[test]
fn bench_layers_are_what_their_names_say() {
    let catalogue = catalogue();
    let bench = catalogue.networks().find(|network| network.name == "bench").expect("bench");
    for preset in &bench.layers {
        let layer = Layer::new(&preset.spec).expect("valid");
        let name = format!("c{}-{}-k{}", layer.in_channels(), layer.height(), layer.kernel()[0]);
        assert_eq!(layer.name(), name);
        assert_eq!(layer.output_shape(), layer.input_shape());
        assert_eq!((layer.weight_bits(), layer.activation_bits()), (4, 4));
        assert_eq!((&preset.filters, &preset.image), (&None, &None));
    }
}

/// A name that an experiment gives its parameters is that of the preset with these primes, or says
/// the sizes itself.
#[test]
fn experiments_name_what_they_hold() {
    let catalogue = catalogue();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets/experiments");
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let experiment = Experiment::read(&path).expect("valid");
        let named = catalogue.params_set(&experiment.params.name).expect("a name that is known");
        let primes = |spec| {
            let params = Params::new(spec, &SecurityPolicy::default()).expect("valid");
            let limbs = params.limbs().iter().map(Modulus::value).collect::<Vec<_>>();
            (
                params.ring_degree(),
                limbs,
                params.special().map_or(0, Modulus::value),
                params.plain().value(),
            )
        };
        assert_eq!(primes(&named), primes(&experiment.params), "{}", path.display());
        let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert_eq!(experiment.layer.full_name(), stem);
    }
}

/// `n4096-t20` has N = 4096 and t of 20 bits.
#[test]
fn parameter_sets_are_what_their_names_say() {
    for spec in catalogue().params() {
        let params = Params::new(spec, &SecurityPolicy::default()).expect("valid");
        // A set of one limb says its size, for all depends on it.
        let q = match params.limbs() {
            [limb] => format!("-q{}", limb.bits()),
            _ => String::new(),
        };
        let name = format!("n{}{q}-t{}", params.ring_degree(), params.plain().bits());
        assert_eq!(spec.name, name);
    }
}

#[test]
fn the_photo_fits_its_filters() {
    let catalogue = catalogue();
    let photo = catalogue.layer("photo").expect("the demo layer");
    let layer = Layer::new(&photo.spec).expect("valid");
    assert_eq!((layer.input_shape(), layer.output_shape()), ([3, 224, 224], [8, 224, 224]));
    assert_eq!((layer.activation_bits(), layer.weight_bits()), (8, 5));
    assert_eq!(photo.image.as_deref(), Some("cat-224"));
    let filters = photo.filters.as_ref().expect("filters");
    assert_eq!(filters.len(), layer.out_channels());
    for filter in filters {
        assert_eq!(filter.weights.len(), 27);
        assert!(filter.weights.iter().all(|weight| weight.abs() <= layer.max_weight()));
        let largest: i64 = filter.weights.iter().map(|weight| weight.abs() * 255).sum();
        assert!(largest < 1 << 16, "{}: {largest}", filter.name);
    }
    assert_eq!(filters[1].weights[..9], [0, -1, 0, -1, 5, -1, 0, -1, 0]);
    assert_eq!(filters[6].name, "red minus green");
    assert_eq!(filters[6].weights.iter().sum::<i64>(), 0);
}

#[test]
fn parameter_sets_have_these_primes() {
    let catalogue = catalogue();
    let found: Vec<_> = catalogue
        .params()
        .map(|spec| {
            let params = Params::new(spec, &SecurityPolicy::default()).expect("valid");
            (spec.name.as_str(), params.ring_degree(), params.limbs().len(), params.plain().value())
        })
        .collect();
    let expected = [
        ("n2048-q50-t16", 2048, 1, 61_441),
        ("n2048-q50-t20", 2048, 1, 1_032_193),
        ("n4096-q44-t20", 4096, 1, 1_032_193),
        ("n4096-t16", 4096, 2, 40_961),
        ("n4096-t20", 4096, 2, 1_032_193),
        ("n8192-t20", 8192, 3, 1_032_193),
        ("n8192-t30", 8192, 3, 1_073_692_673),
    ];
    assert_eq!(found, expected);
}
