//! Tests of the form.

use super::*;
use crate::preset::Catalogue;

fn form() -> (Form, Vec<ParamsSpec>) {
    let catalogue = Catalogue::builtin().expect("valid presets");
    let form = Form {
        layer: catalogue.layer("bench/c256-14-k3").expect("exists").clone(),
        params: catalogue.params_set("n4096-t20").expect("exists"),
        algorithm: AlgorithmKind::HadamardFused,
        reduction: Reduction::Lazy,
        lanes: None,
        threads: 1,
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
