//! What is written reads back.

use std::io::ErrorKind;

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Catalogue, Experiment, Filter, LayerPreset, Strictness, check_file, params};
use super::super::{experiment_toml, save_new, save_over};
use super::EXPERIMENT;
use crate::arith::Modulus;
use crate::arith::kernels::Reduction;
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{ParamsSpec, PrimeSpec, SHARED_BY};
use crate::conv::{AlgorithmChoice, Choice, LayerSpec, WeightForm};
use crate::report::testing::record;
use crate::report::{Extrapolated, Record};

/// Names as hard as strings get.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"["'\\\n\r\t#=\[\]{}\x00-\x1f\x7f ]{0,8}"#, "[a-z0-9-]{1,12}",]
}

/// A layer's network and name: a slash in the name needs a network before it.
fn full_name() -> impl Strategy<Value = (Option<String>, String)> {
    (option::of("[a-z0-9_.-]{1,8}"), name()).prop_map(|(network, name)| {
        let name = if network.is_none() { name.replace('/', "|") } else { name };
        (network, name)
    })
}

fn spec() -> impl Strategy<Value = LayerSpec> {
    let kernel = [select(vec![1, 3, 5, 7]), select(vec![1, 3, 5, 7])];
    let sizes = (1usize..4, 1usize..4, 7usize..40, 7usize..40);
    let rest = (1usize..3, 1usize..3, 2u32..=16, 2u32..=8);
    let signed = option::of(any::<bool>());
    (sizes, kernel, rest, signed).prop_flat_map(|(sizes, kernel, rest, signed)| {
        let [rows, columns] = kernel;
        let each = [0..rows, 0..columns, 0..rows, 0..columns];
        let equal = (0..rows.min(columns)).prop_map(|side| [side; 4]);
        option::of(prop_oneof![each, equal]).prop_map(move |padding| LayerSpec {
            name: String::new(),
            in_channels: rest.1 * sizes.0,
            out_channels: rest.1 * sizes.1,
            height: sizes.2,
            width: sizes.3,
            kernel,
            stride: rest.0,
            padding,
            groups: rest.1,
            activation_bits: rest.2,
            activation_signed: signed,
            weight_bits: rest.3,
        })
    })
}

fn layer() -> impl Strategy<Value = LayerPreset> {
    (spec(), full_name(), any::<bool>()).prop_flat_map(|(spec, (network, name), image)| {
        let max = (1i64 << (spec.weight_bits - 1)) - 1;
        let count = spec.in_channels / spec.groups * spec.kernel[0] * spec.kernel[1];
        let weights = prop::collection::vec(-max..=max, count);
        let filter = (self::name(), weights).prop_map(|(name, weights)| Filter { name, weights });
        let filters = option::of(prop::collection::vec(filter, spec.out_channels));
        filters.prop_map(move |filters| LayerPreset {
            spec: LayerSpec { name: name.clone(), ..spec.clone() },
            network: network.clone(),
            filters,
            image: image.then(|| "cat-224".into()),
            origin: None,
            data: None,
        })
    })
}

/// `spec` with the primes themselves where it is asked for.
fn resolved(spec: &ParamsSpec, limbs: &[bool], special: bool, plain: bool) -> ParamsSpec {
    let found = params::check(spec, Strictness::Load).expect("valid");
    let form = |spec: PrimeSpec, modulus: &Modulus, by_value: bool| {
        if by_value { PrimeSpec::Value(modulus.value()) } else { spec }
    };
    let limb = |i: usize| form(spec.limbs[i], &found.limbs()[i], limbs[i]);
    ParamsSpec {
        limbs: (0..limbs.len()).map(limb).collect(),
        special: spec.special.zip(found.special()).map(|(spec, found)| form(spec, found, special)),
        plain: form(spec.plain, found.plain(), plain),
        ..spec.clone()
    }
}

fn by_size(name: String, log_degree: u32, limbs: &[u32], special: bool) -> ParamsSpec {
    ParamsSpec {
        name,
        ring_degree: 1 << log_degree,
        limbs: limbs.iter().copied().map(PrimeSpec::Bits).collect(),
        special: special.then_some(PrimeSpec::Bits(40)),
        plain: PrimeSpec::Bits(20),
    }
}

fn parameters() -> impl Strategy<Value = ParamsSpec> {
    let limbs = prop::collection::vec(30u32..40, 1..5);
    let parts = (name(), 10u32..=13, limbs, any::<[bool; 4]>());
    parts.prop_map(|(name, log_degree, limbs, values)| {
        let spec = by_size(name, log_degree, &limbs, values[3]);
        resolved(&spec, &vec![values[0]; limbs.len()], values[1], values[2])
    })
}

fn seed() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0u64..10, Just(i64::MAX as u64), Just(1 << 63), Just(u64::MAX)]
}

fn experiment() -> impl Strategy<Value = Experiment> {
    let method =
        (option::of(select(AlgorithmChoice::all())), option::of(select(Reduction::ALL.to_vec())));
    let power = || option::of((0u32..=12).prop_map(|log| 1usize << log));
    let shared_by = option::of(select(SHARED_BY.to_vec()));
    let pinned = (power(), power(), option::of(select(WeightForm::ALL.to_vec())), shared_by);
    let pinned = pinned.prop_map(|(lanes, babies, weight_form, shared_by)| Choice {
        lanes,
        babies,
        weight_form,
        shared_by,
    });
    let run = (option::of(1usize..=4096), option::of(seed()), pinned);
    let policy = (select(SecurityTable::ALL.to_vec()), select(SecurityLevel::ALL.to_vec()));
    let policy = (policy, any::<bool>()).prop_map(|((table, level), insecure)| SecurityPolicy {
        table,
        level,
        insecure,
        ..SecurityPolicy::default()
    });
    let all = (layer(), parameters(), policy, method, run);
    all.prop_map(|(layer, params, policy, method, run)| Experiment {
        layer,
        params,
        policy,
        algorithm: method.0,
        reduction: method.1,
        threads: run.0,
        seed: run.1,
        pinned: run.2,
    })
}

fn parse(text: &str) -> Experiment {
    Experiment::parse(text, "dir/other.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(experiment in experiment(), cpu in name()) {
        prop_assert_eq!(&parse(&experiment_toml(&experiment, None)), &experiment);
        let mut record = record();
        record.machine.cpu = cpu;
        prop_assert_eq!(&parse(&experiment_toml(&experiment, Some(&record))), &experiment);
    }

    #[test]
    fn limbs_in_both_forms_stay_the_same_primes(
        limbs in prop::collection::vec((30u32..34, any::<bool>()), 2..6),
        (special, plain) in any::<(bool, bool)>(),
    ) {
        let (sizes, values): (Vec<_>, Vec<_>) = limbs.into_iter().unzip();
        let spec = resolved(&by_size("mixed".into(), 11, &sizes, true), &values, special, plain);
        let read = parse(&experiment_toml(&with_params(spec.clone()), None)).params;
        let check = |spec| params::check(spec, Strictness::Load).expect("valid");
        prop_assert_eq!(check(&read), check(&spec));
    }
}

fn with_params(params: ParamsSpec) -> Experiment {
    Experiment { params, ..parse(EXPERIMENT) }
}

#[test]
fn limbs_that_cannot_be_found_are_refused() {
    let mut spec = by_size("none".into(), 12, &[35, 13], true);
    spec.limbs[0] = PrimeSpec::Value(34_359_214_081);
    let text = experiment_toml(&with_params(spec), None);
    assert!(Experiment::parse(&text, "x").is_err(), "{text}");
}

#[test]
fn every_preset_reads_back() {
    let catalogue = Catalogue::builtin().expect("valid");
    for layer in catalogue.layers() {
        for params in catalogue.params() {
            // An experiment does not say what its layer takes over from a network.
            let (layer, params) = (LayerPreset { origin: None, ..layer.clone() }, params.clone());
            let experiment = Experiment { layer, params, ..parse(EXPERIMENT) };
            assert_eq!(parse(&experiment_toml(&experiment, None)), experiment);
        }
    }
    let inline = catalogue.params_set("4096:35,35|36:20").expect("valid");
    let experiment = with_params(inline);
    assert_eq!(parse(&experiment_toml(&experiment, None)), experiment);
}

#[test]
fn the_file_reads_well() {
    let catalogue = Catalogue::builtin().expect("valid");
    let mut experiment = parse(EXPERIMENT);
    experiment.layer = catalogue.layer("bench/c16-32-k3").expect("found").clone();
    let spec = &mut experiment.layer.spec;
    (spec.out_channels, spec.in_channels) = (1, 2);
    (spec.kernel, spec.padding) = ([1, 3], Some([0, 1, 0, 0]));
    let weights = vec![1, -2, 3, 0, 5, -6];
    experiment.layer.filters = Some(vec![Filter { name: "an \"edge\"".into(), weights }]);
    experiment.params = catalogue.params_set("n4096-t20").expect("found");
    experiment.params.special = Some(PrimeSpec::Value(68_719_403_009));
    let part = Extrapolated { output_ciphertexts: 1, of: 6 };
    let record = Record { extrapolated_from: Some(part), ..record() };
    let text = experiment_toml(&experiment, Some(&record));
    let expected = include_str!("export.toml").replace("VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(text, expected, "{text}");
}

#[test]
fn only_new_files_are_written_unasked() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("my.toml");
    let text = experiment_toml(&parse(EXPERIMENT), Some(&record()));
    save_new(&path, &text).expect("written");
    let checked = check_file(&path).expect("valid").to_string();
    assert!(checked.starts_with("experiment \"other\": 24->2, 13x9"), "{checked}");
    let error = save_new(&path, "other").expect_err("there is one");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
    assert!(save_new(&directory.path().join("no/my.toml"), "").is_err());
}

#[test]
fn files_are_replaced_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("my.toml");
    for text in ["long, and first", "short"] {
        save_over(&path, text).expect("written");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
    }
    assert!(save_over(directory.path(), "no file").is_err());
    assert!(save_over(&directory.path().join("no/my.toml"), "").is_err());
    assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 1);
}

#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = tempfile::tempdir().expect("a directory");
    let (path, link) = (directory.path().join("my.toml"), directory.path().join("link.toml"));
    std::fs::write(&path, "old").expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
    symlink("my.toml", &link).expect("linked");
    save_over(&link, "new").expect("written");
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "new");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
