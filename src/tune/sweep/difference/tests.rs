//! Every part of a request tells rows apart, and is named.

use super::super::testing::{layer, set, settings};
use super::super::{Format, RowFile, Settings, Sweep};
use crate::arith::kernels::{Backend, Reduction};
use crate::bfv::security::{SecurityLevel, SecurityPolicy, SecurityTable};
use crate::bfv::{ParamsSpec, PrimeSpec};
use crate::conv::AlgorithmKind;
use crate::preset::LayerPreset;
use crate::report::Link;

/// The sweep's first point alone, changed.
fn one(change: impl Fn(&mut LayerPreset, &mut ParamsSpec)) -> Sweep {
    let (mut layer, mut set) = (layer("b"), set("n4096"));
    change(&mut layer, &mut set);
    Sweep::new(vec![layer], vec![set], vec![AlgorithmKind::Padded], vec![Reduction::Lazy])
        .expect("a sweep")
}

/// What is said of the row of one request, as it is resumed under another; nothing where it counts.
fn said(format: Format, was: (&Settings, &Sweep), now: (&Settings, &Sweep)) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(if format == Format::Csv { "a.csv" } else { "a.jsonl" });
    let asked = was.1.points()[0].asked(was.0);
    let row = asked.failed(&"it failed".into());
    let header = format.header().expect("a header").map_or(String::new(), |line| line + "\n");
    let line = format.line(&row).expect("a line");
    std::fs::write(&path, format!("{header}{line}\n")).expect("written");
    let found = RowFile::resume(&path, &now.1.points(), now.0).expect("resumed");
    assert_eq!(found.standings[0].is_none(), found.others.rows() == 1);
    if found.others.rows() == 1 { found.others.to_string() } else { String::new() }
}

/// Whatever part of a request differs, the row is of another one, and the part is named.
#[test]
fn every_part_of_a_request_tells_rows_apart() {
    let (usual, whole) = (settings(), one(|_, _| ()));
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        (settings, one(|_, _| ()))
    };
    let of = |change: fn(&mut LayerPreset, &mut ParamsSpec)| (settings(), one(change));
    let slow = Link { bandwidth_bits_per_second: 1e6, ..Link::default() };
    let far = Link { rtt_ms: 50.0, ..Link::default() };
    let mut links = [with(|_| ()), with(|_| ())];
    (links[0].0.link, links[1].0.link) = (slow, far);
    let [slow, far] = links;
    let cases = [
        (with(|s| s.seed = Some(9)), "seed 1, now 9"),
        (with(|s| s.seed = None), "seeded_secrets true, now false"),
        (with(|s| s.threads = 2), "threads 1, now 2"),
        (with(|s| s.repeat = 3), "repeat 1, now 3"),
        (with(|s| s.backend = Backend::Avx2), "backend portable, now avx2"),
        (with(|s| s.predicted = true), "measured, now predicted"),
        (with(|s| s.policy.table = SecurityTable::He2018), "table bossuat2024, now he2018"),
        (with(|s| s.policy.level = SecurityLevel::Bits192), "security 128, now 192"),
        (slow, "bandwidth 100000000.0, now 1000000.0"),
        (far, "rtt 10.0, now 50.0"),
        (of(|_, set| set.plain = PrimeSpec::Bits(18)), "plain_modulus 1032193, now 188417"),
        (
            of(|_, set| set.limbs[1] = PrimeSpec::Bits(34)),
            "limbs 34359697409 34359451649, now 34359697409 17",
        ),
        (of(|_, set| set.special = Some(PrimeSpec::Bits(35))), "special 68719403009, now 343"),
        (of(|layer, _| layer.spec.in_channels = 2), "in_channels 1, now 2"),
        (of(|layer, _| layer.spec.out_channels = 2), "out_channels 1, now 2"),
        (of(|layer, _| layer.spec.height = 5), "height 4, now 5"),
        (of(|layer, _| layer.spec.width = 5), "width 4, now 5"),
        (of(|layer, _| layer.spec.kernel = [3, 1]), "kernel 3 3, now 3 1"),
        (of(|layer, _| layer.spec.stride = 2), "stride 1, now 2"),
        (of(|layer, _| layer.spec.padding = Some([0; 4])), "padding 1 1 1 1, now 0 0 0 0"),
        (of(|layer, _| layer.spec.activation_bits = 5), "activation_bits 4, now 5"),
        (
            of(|layer, _| layer.spec.activation_signed = Some(true)),
            "activation_signed false, now true",
        ),
        (of(|layer, _| layer.spec.weight_bits = 5), "weight_bits 4, now 5"),
    ];
    for format in [Format::JsonLines, Format::Csv] {
        for ((settings, sweep), words) in &cases {
            let (here, there) = ((&usual, &whole), (settings, sweep));
            let found = said(format, here, there);
            assert!(found.starts_with("1 row of another request: "), "{words}: {found}");
            assert!(found.contains(words), "{words}: {found}");
            assert_eq!(said(format, there, there), "");
        }
        let data = of(|layer, _| layer.image = Some("cat".into()));
        let found = said(format, (&usual, &whole), (&data.0, &data.1));
        assert!(found.contains("weights or input none, now "), "{found}");
    }
}

/// What changes nothing in a row does not make it another.
#[test]
fn what_changes_nothing_is_no_part_of_a_request() {
    let (usual, whole) = (settings(), one(|_, _| ()));
    let primes = one(|_, set| {
        let values = [34_359_697_409, 34_359_451_649];
        set.limbs = values.map(PrimeSpec::Value).to_vec();
    });
    let policy = SecurityPolicy { insecure: true, ..SecurityPolicy::default() };
    let settings = Settings { policy, max_memory: 1 << 20, ..usual.clone() };
    let same = said(Format::Csv, (&usual, &whole), (&settings, &primes));
    assert_eq!(same, "", "the same primes, within the cap and refused by no limit");
    // Above the cap it matters; and predictions are the same however often they are made.
    let above = one(|_, set| set.limbs = vec![PrimeSpec::Bits(50); 2]);
    let words = said(Format::Csv, (&usual, &above), (&settings, &above));
    assert_eq!(words, "1 row of another request: insecure none, now true");
    let once = Settings { predicted: true, ..usual };
    let often = Settings { repeat: 9, ..once.clone() };
    assert_eq!(said(Format::Csv, (&once, &whole), (&often, &whole)), "");
}
