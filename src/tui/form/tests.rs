//! Tests of the form.

use super::*;
use crate::conv::Choice;
use crate::preset::Catalogue;

fn form() -> (Form, Vec<ParamsSpec>) {
    let catalogue = Catalogue::builtin().expect("valid presets");
    let form = Form {
        layer: catalogue.layer("bench/c256-14-k3").expect("exists").clone(),
        params: catalogue.params_set("n4096-t20").expect("exists"),
        algorithm: AlgorithmKind::HadamardFused,
        reduction: Reduction::Lazy,
        pinned: Choice::default(),
        threads: 1,
        policy: SecurityPolicy::default(),
        link: Link::default(),
        data: DataFiles::default(),
        seed: None,
    };
    (form, catalogue.params().cloned().collect())
}

#[test]
fn steps_skip_what_is_invalid() {
    let (form, presets) = form();
    // 36 + 26 + 44 is at the cap, so limbs cannot grow; at N = 8192 they can.
    assert!(form.next_valid(Field::LimbBits, true, &presets, 2).is_err());
    let larger = form.next_valid(Field::RingDegree, true, &presets, 2).expect("more room");
    assert_eq!(larger.params.ring_degree, 8192);
    assert_eq!(larger.params.name, "8192:36,26|44:20");
    assert!(larger.next_valid(Field::LimbBits, true, &presets, 2).is_ok());
    // There are no suitable 17-bit primes at every N; steps pass over the gaps.
    let smaller = form.next_valid(Field::PlainBits, false, &presets, 2).expect("some size");
    assert!(smaller.check().is_ok());
    let preset = form.next_valid(Field::Preset, true, &presets, 2).expect("next preset");
    assert_eq!(preset.params.name, "n8192-t20");
}

#[test]
fn typed_values_read_back() {
    let (form, presets) = form();
    for field in Field::ALL {
        let same = form.parse(field, &form.value(field), &presets).expect("its own value");
        assert_eq!(same.value(field), form.value(field));
        assert!(form.parse(field, "nonsense!", &presets).is_err(), "{field:?}");
    }
    let unequal = form.parse(Field::LimbBits, "30, 40", &presets).expect("a list");
    assert_eq!(unequal.value(Field::LimbBits), "30 40");
}

#[test]
fn activations_may_be_signed() {
    let (form, presets) = form();
    let typed = |form: &Form, text: &str| form.parse(Field::ActivationBits, text, &presets);
    let signed = typed(&form, "6 signed").expect("bits and a sign");
    assert_eq!(
        (signed.layer.spec.activation_bits, signed.value(Field::ActivationBits)),
        (6, "6 signed".into())
    );
    assert_eq!(typed(&signed, &signed.value(Field::ActivationBits)), Ok(signed.clone()));
    assert!(signed.check().expect("valid").1.activation_signed());
    // A number alone says nothing of the sign, and steps do not either.
    assert_eq!(typed(&signed, "5").expect("bits").value(Field::ActivationBits), "5 signed");
    let more = signed.next_valid(Field::ActivationBits, true, &presets, 1).expect("steps");
    assert_eq!(more.value(Field::ActivationBits), "7 signed");
    assert_eq!(typed(&signed, "5 unsigned").expect("bits").value(Field::ActivationBits), "5");
    let problem = typed(&form, "6 singed").expect_err("no such word");
    assert!(problem.contains("8 signed"), "{problem}");
    let one = typed(&form, "1 signed").expect("parses").check().expect_err("no room for a sign");
    assert!(one.contains("from 2 to 16"), "{one}");
}

#[test]
fn invalid_forms_say_why_and_offer_a_fix() {
    let (form, presets) = form();
    let broken = form.parse(Field::LimbBits, "36 36", &presets).expect("parses");
    let problem = broken.check().expect_err("above the cap");
    assert!(problem.contains("log2(QP)"), "{problem}");
    let (change, fixed) = broken.fix().expect("a fix");
    assert!(fixed.check().is_ok());
    assert_eq!(change, "limb bits 36 36 -> 31 31");
    assert!(fixed.fix().is_none());
}

#[test]
fn primes_given_by_value_do_not_outlive_their_ring() {
    let (_, presets) = form();
    let (mut form, _) = form();
    form.params = presets.iter().find(|p| p.name == "n4096-t16").expect("exists").clone();
    let larger = form.step(Field::RingDegree, true, &presets, 2).expect("steps");
    assert_eq!(larger.params.plain, PrimeSpec::Bits(16));
}

#[test]
fn a_layer_of_ones_own_is_named_and_checked() {
    let (form, presets) = form();
    let set = |form: &Form, field, text: &str| form.parse(field, text, &presets);
    let own = set(&form, Field::InChannels, "24").expect("a number");
    assert_eq!(own.layer.full_name(), "own/c24-256-14-k3");
    let own = set(&own, Field::Plane, "20x30").expect("sides");
    let own = set(&own, Field::Stride, "2").expect("a number");
    assert_eq!(own.layer.full_name(), "own/c24-256-20x30-k3-s2");
    assert_eq!((own.layer.spec.height, own.layer.spec.width), (20, 30));
    // A name of one's choice stays.
    let named = set(&own, Field::LayerName, "mine").expect("a name");
    let named = set(&named, Field::Padding, "0 1 0 1").expect("sides");
    assert_eq!(named.layer.full_name(), "own/mine");
    assert_eq!(named.layer.spec.padding, Some([0, 1, 0, 1]));
    for (field, value) in [
        (Field::Plane, "20x30"),
        (Field::Padding, "0 1 0 1"),
        (Field::Kernel, "3"),
        (Field::LayerName, "own/mine"),
    ] {
        assert_eq!(named.value(field), value);
        assert_eq!(set(&named, field, value), Ok(named.clone()), "{field:?}");
    }
    assert!(named.check().is_ok());
    // Groups go over the divisors there are, by doubling.
    let grouped = named.next_valid(Field::Groups, true, &presets, 1).expect("a divisor");
    assert_eq!(grouped.layer.spec.groups, 2);
    // What cannot be is told, with what would be right.
    for (field, text, part) in [
        (Field::Kernel, "3x3x3", "nothing like 28 or 28x32"),
        (Field::Padding, "half", "half the kernel"),
        (Field::InChannels, "many", "no number up to 65536"),
        (Field::LayerName, "a b", "letters, digits"),
        (Field::Bandwidth, "fast", "100Mbit"),
        (Field::RoundTrip, "10", "10ms"),
        (Field::SecurityLevel, "100", "128, 192, 256"),
        (Field::Weights, "w.bin", ".safetensors"),
        (Field::Seed, "-1", "whole number"),
        (Field::Plan, "mine", "neither free nor pinned"),
    ] {
        let error = set(&form, field, text).expect_err("no value");
        assert!(error.contains(part), "{error}");
    }
    let wide = set(&form, Field::Kernel, "31").expect("a kernel");
    assert!(wide.check().is_ok() || wide.check().is_err_and(|error| error.contains("kernel")));
}

#[test]
fn link_and_security_are_those_of_the_run() {
    let (form, presets) = form();
    let form = form.parse(Field::Bandwidth, "1.5Gbit", &presets).expect("a bandwidth");
    let form = form.parse(Field::RoundTrip, "250us", &presets).expect("a time");
    assert_eq!(
        (form.value(Field::Bandwidth), form.value(Field::RoundTrip)),
        ("1.5Gbit".into(), "0.25ms".into())
    );
    assert!((form.spec(1).link.bandwidth_bits_per_second - 1.5e9).abs() < 1.0);
    let slower = form.next_valid(Field::Bandwidth, false, &presets, 1).expect("a step");
    assert_eq!(slower.value(Field::Bandwidth), "1Gbit");
    // At 192 bits the set is above the cap, and a fix is offered.
    let strict = form.parse(Field::SecurityLevel, "192", &presets).expect("a level");
    assert!(strict.check().is_err() && strict.fix().is_some());
    let older = form.parse(Field::SecurityTable, "he2018", &presets).expect("a table");
    assert_eq!(older.spec(1).policy.table.name(), "he2018");
}
