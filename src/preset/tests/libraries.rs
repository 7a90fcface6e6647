//! Parameter sets for other libraries hold the primes of the set, and nothing that names can break.

use std::path::Path;

use proptest::prelude::*;

use super::super::{Catalogue, Experiment, ExportFormat, Strictness, params};
use super::super::{experiment_toml, export_text, unknown_export_ending};
use super::EXPERIMENT;
use crate::arith::kernels::{Backend, Reduction};
use crate::arith::{Modulus, is_prime};
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{Params, ParamsError, PrimeSpec};
use crate::conv::cost::CostTable;
use crate::conv::{AlgorithmKind, Choice, Layer, Setting};
use crate::report::Record;
use crate::report::testing::record;

const LIBRARIES: [ExportFormat; 3] =
    [ExportFormat::Seal, ExportFormat::OpenFhe, ExportFormat::Lattigo];

fn example() -> Experiment {
    Experiment::parse(EXPERIMENT, "dir/other.toml").expect("valid")
}

/// The example with parameters like those of `--params`.
fn with(set: &str) -> Experiment {
    let catalogue = Catalogue::builtin().expect("valid");
    Experiment { params: catalogue.params_set(set).expect("valid"), ..example() }
}

fn checked(experiment: &Experiment) -> Params {
    params::check(&experiment.params, Strictness::Load).expect("valid")
}

fn text(format: ExportFormat, experiment: &Experiment) -> String {
    export_text(format, experiment, None).expect("well formed")
}

/// The text without what stands after `//`; no string of these texts has one.
fn code(text: &str) -> String {
    text.lines().filter_map(|line| line.split("//").next()).collect::<Vec<_>>().join("\n")
}

/// Numbers of the code of more than four digits, Galois elements apart, which come last.
fn numbers(text: &str) -> Vec<u64> {
    let code = code(text);
    let code = code.split("alois").next().unwrap_or_default();
    let words = code.split(|c: char| !c.is_ascii_alphanumeric());
    let numbers = words.filter_map(|word| word.trim_end_matches("ULL").parse().ok());
    numbers.filter(|number| *number > 9999).collect()
}

fn values(primes: &[Modulus]) -> Vec<u64> {
    primes.iter().map(Modulus::value).collect()
}

fn assert_balanced(text: &str) {
    let code = code(text);
    let mut open = Vec::new();
    for c in code.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' => assert_eq!(open.pop(), Some('('), "{code}"),
            ']' => assert_eq!(open.pop(), Some('['), "{code}"),
            '}' => assert_eq!(open.pop(), Some('{'), "{code}"),
            _ => {}
        }
    }
    assert!(open.is_empty() && code.matches('"').count().is_multiple_of(2), "{code}");
}

#[test]
fn formats_are_told_by_the_ending() {
    for (name, format) in [
        ("a.toml", Some(ExportFormat::Toml)),
        ("dir.toml/a.b.SEAL.cpp", Some(ExportFormat::Seal)),
        ("a.openfhe.cpp", Some(ExportFormat::OpenFhe)),
        ("a.lattigo.go", Some(ExportFormat::Lattigo)),
        (".toml", None),
        ("a.cpp", None),
        ("a.toml/b", None),
        ("toml", None),
        ("", None),
    ] {
        assert_eq!(ExportFormat::of(Path::new(name)), format, "{name}");
    }
    let expected = "must end in .toml, .seal.cpp, .openfhe.cpp or .lattigo.go";
    assert_eq!(unknown_export_ending(), expected);
}

#[test]
fn toml_is_the_experiment() {
    let toml = export_text(ExportFormat::Toml, &example(), Some(&record())).expect("any");
    assert_eq!(toml, experiment_toml(&example(), Some(&record())));
}

#[test]
fn predicted_figures_are_called_so() {
    let predicted = Record { predicted: true, verification: None, ..record() };
    let toml = experiment_toml(&example(), Some(&predicted));
    assert!(
        toml.contains("\n[predicted]\n") && toml.contains("\n[predicted.latency_ms]"),
        "{toml}"
    );
    assert!(!toml.contains("measured]") && !toml.contains("verified"), "{toml}");
    Experiment::parse(&toml, "x").expect("valid");
}

#[test]
fn every_prime_is_spelled_out() {
    let catalogue = Catalogue::builtin().expect("valid");
    let sets = catalogue.params().map(|set| Experiment { params: set.clone(), ..example() });
    for experiment in sets.chain([with("1024:15,16|16:14"), with("16384:50,50,49,48|50:32")]) {
        let params = checked(&experiment);
        let (limbs, special) = (values(params.limbs()), params.special().map(Modulus::value));
        let all = [&limbs[..], special.as_slice(), &[params.plain().value()]].concat();
        let two_n = 2 * params.ring_degree() as u64;
        assert!(all.iter().all(|prime| is_prime(*prime) && prime % two_n == 1), "{all:?}");
        let all: Vec<u64> = all.into_iter().filter(|prime| *prime > 9999).collect();
        for format in [ExportFormat::Seal, ExportFormat::Lattigo] {
            let mut found = numbers(&text(format, &experiment));
            found.retain(|number| *number != two_n / 2);
            assert_eq!(found, all, "{}", text(format, &experiment));
        }
    }
}

#[test]
fn exported_presets_are_within_the_cap() {
    let catalogue = Catalogue::builtin().expect("valid");
    for set in catalogue.params() {
        let experiment = Experiment { params: set.clone(), ..example() };
        let params = checked(&experiment);
        let cap = params.security().cap_log2_qp.expect("in the table");
        let found = numbers(&text(ExportFormat::Lattigo, &experiment));
        let bits: f64 = found[..found.len() - 1].iter().map(|q| (*q as f64).log2()).sum();
        assert!((bits - params.log2_qp()).abs() < 1e-9 && bits <= cap, "{bits} {cap}");
    }
}

#[test]
fn openfhe_gets_primes_with_their_roots() {
    let experiment = with("8192:50,49,48|50:20");
    let params = checked(&experiment);
    let text = text(ExportFormat::OpenFhe, &experiment);
    let order = 16_384;
    let found = numbers(&text);
    let (t, limbs) = (params.plain().value(), values(params.limbs()));
    assert_eq!(found[0], t);
    assert_eq!((&found[1..4], found[7]), (&limbs[..], order));
    assert_eq!((found[8], found[10]), (params.special().expect("P").value(), order));
    let roots = [(0, found[4]), (1, found[5]), (2, found[6])].map(|(i, r)| (params.limbs()[i], r));
    for (prime, root) in roots.into_iter().chain([(*params.special().expect("P"), found[9])]) {
        assert_eq!(prime.pow(root, order / 2), prime.value() - 1, "{root}");
    }
    assert!(text.contains("SetScalingModSize(50)") && text.contains("SetRingDim(8192)"), "{text}");
}

#[test]
fn what_the_libraries_would_refuse_is_not_asked_of_them() {
    let seal = |set| text(ExportFormat::Seal, &with(set));
    let openfhe = |set| text(ExportFormat::OpenFhe, &with(set));
    // 109 bits are SEAL's cap, though above the default table's.
    let above_default = seal("4096:36,36|37:20");
    assert!(above_default.contains("sec_level_type::tc128"), "{above_default}");
    assert!(above_default.contains("INSECURE"), "{above_default}");
    assert!(openfhe("4096:36,36|37:20").contains("SetSecurityLevel(HEStd_128_classic)"));
    let above = seal("4096:37,36|37:20");
    assert!(above.contains("at most 109 bits of QP and would refuse these 110"), "{above}");
    assert!(above.contains("sec_level_type::none"), "{above}");
    assert!(openfhe("4096:37,36|37:20").contains("SetSecurityLevel(HEStd_NotSet)"));
    let small = seal("512:20|20:14");
    assert!(small.contains("no entry for this degree") && small.contains("::none"), "{small}");
}

#[test]
fn the_security_is_that_of_the_run() {
    let policy = SecurityPolicy { table: SecurityTable::He2018, ..SecurityPolicy::default() };
    let experiment = Experiment { policy, ..with("4096:36,36|37:20") };
    for format in LIBRARIES {
        let text = text(format, &experiment);
        let said = r#"at most 109.0 for 128 bits (table "he2018"): secure"#;
        assert!(text.contains(said) && text.contains("hadamard"), "{text}");
    }
}

#[test]
fn the_level_is_asked_of_the_libraries() {
    let at = |set: &str, level: SecurityLevel| {
        let policy = SecurityPolicy { level, ..SecurityPolicy::default() };
        let experiment = Experiment { policy, ..with(set) };
        [ExportFormat::Seal, ExportFormat::OpenFhe].map(|format| text(format, &experiment))
    };
    let [seal, openfhe] = at("8192:48,48|49:20", SecurityLevel::Bits192);
    assert!(seal.contains("sec_level_type::tc192"), "{seal}");
    assert!(openfhe.contains("SetSecurityLevel(HEStd_192_classic)"), "{openfhe}");
    let table = "a table of its own, that of the 2018 standard: at most 152 bits";
    assert!(seal.contains(table) && openfhe.contains(table), "{seal}");
    let [seal, openfhe] = at("8192:48,48|49:20", SecurityLevel::Bits256);
    assert!(seal.contains("At tc256 SEAL takes at most 118 bits of QP"), "{seal}");
    assert!(seal.contains("sec_level_type::none") && openfhe.contains("HEStd_NotSet"), "{seal}");
}

/// The keys are those of the plan that a run takes.
#[test]
fn galois_elements_are_those_of_the_plan() {
    for algorithm in AlgorithmKind::ALL {
        let experiment = Experiment { algorithm: Some(algorithm.into()), ..example() };
        let (params, layer) = (checked(&experiment), Layer::new(&experiment.layer.spec));
        let setting = Setting::new(&params, Reduction::Lazy);
        let plan = algorithm.plan(
            &layer.expect("valid"),
            setting,
            &CostTable::reference(Backend::detect()),
            Choice::default(),
        );
        let keys = plan.expect("fits").outline(setting, 1).keys;
        let mut expected: Vec<u64> = keys.iter().map(|key| key.element.exponent() as u64).collect();
        expected.sort_unstable();
        expected.dedup();
        let lattigo = text(ExportFormat::Lattigo, &experiment);
        if algorithm == AlgorithmKind::Coefficient {
            assert!(expected.is_empty() && !lattigo.contains("galoisElements"), "{lattigo}");
            continue;
        }
        assert!(expected.len() > 3, "{expected:?}");
        let (_, list) = lattigo.split_once("galoisElements := []uint64{").expect("a list");
        let (list, _) = list.split_once('}').expect("its end");
        let found = list.split(',').filter_map(|word| word.trim().parse().ok());
        assert_eq!(found.collect::<Vec<u64>>(), expected, "{lattigo}");
        assert!(lattigo.lines().all(|line| line.len() <= 100), "{lattigo}");
    }
}

/// Sets without a special prime say so, and none of the texts makes one up.
#[test]
fn sets_without_a_special_prime_say_so() {
    let experiment = with("2048:50:20");
    let texts = [ExportFormat::Seal, ExportFormat::OpenFhe, ExportFormat::Lattigo];
    let [seal, openfhe, lattigo] = texts.map(|format| text(format, &experiment));
    assert!(
        seal.contains("// No special prime: SEAL cannot switch keys") && !seal.contains("// P,")
    );
    assert!(openfhe.contains("// No special prime") && !openfhe.contains("MakeP"), "{openfhe}");
    assert!(lattigo.contains("// No special prime") && !lattigo.contains("\tP: "), "{lattigo}");
    for line in [&seal, &openfhe, &lattigo].into_iter().flat_map(|text| text.lines()) {
        assert!(line.len() <= 110, "{line}");
    }
}

#[test]
fn malformed_sets_are_refused() {
    let mut experiment = example();
    experiment.params.special = Some(PrimeSpec::Value(15));
    for format in LIBRARIES {
        let refused = export_text(format, &experiment, None);
        assert!(matches!(refused, Err(ParamsError::Size { .. } | ParamsError::NotPrime { .. })));
    }
}

proptest! {
    #[test]
    fn names_stay_within_comments(
        layer in prop_oneof![any::<String>(), r#"[\\"'\n\r\u{2028}*/{}()?]{0,12}"#],
        set in prop_oneof![any::<String>(), r#"[\\"'\n\r\u{85}*/{}()?]{0,12}"#],
    ) {
        let plain = example();
        let mut odd = plain.clone();
        (odd.layer.spec.name, odd.params.name) = (layer, set);
        for format in LIBRARIES {
            let (text, plain) = (text(format, &odd), text(format, &plain));
            assert_balanced(&text);
            prop_assert_eq!(code(&text), code(&plain));
            let is_hard = |c: char| c.is_control() && !"\n\t".contains(c) || "\u{2028}\u{2029}".contains(c);
            prop_assert!(!text.contains(is_hard) && !text.contains("\\\n"), "{}", text);
        }
    }
}
