//! Experiments and parameter sets written by `--export`.

use crate::support::{Place, heconv, record};

#[test]
fn an_exported_experiment_runs_again() {
    let place = Place::new();
    let (tiny, file) = (place.tiny("tiny.toml", &[]), place.path("again.toml"));
    let first = record(&[&tiny, "--seed", "7", "--export", &file]);
    let again = record(&[&file]);
    for part in ["layer", "params", "algorithm", "reduction", "threads", "seed", "lanes"] {
        assert_eq!(first[part], again[part], "{part}");
    }
    let text = std::fs::read_to_string(&file).expect("written");
    assert!(text.contains("[measured]") && text.contains("verified = true"), "{text}");
}

#[test]
fn parameter_sets_are_written_for_other_libraries() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    for (name, part) in [
        ("a.seal.cpp", "seal::Modulus(34359697409ULL)"),
        ("a.openfhe.cpp", "NativeInteger(34359697409ULL)"),
        ("a.lattigo.go", "[]uint64{34359697409, "),
    ] {
        let file = place.path(name);
        record(&[&tiny, "--export", &file]);
        let text = std::fs::read_to_string(&file).expect("written");
        assert!(text.contains(part) && text.contains("\"tiny\""), "{text}");
    }
}

#[test]
fn security_and_keys_are_written_too() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let set = "4096:24,24|25:16";
    let asked = ["--params", set, "--table", "he2018", "--security", "192"];
    let text = |name: &str, asked: &[&str]| {
        let file = place.path(name);
        record(&[&[tiny.as_str(), "--export", &file], asked].concat());
        std::fs::read_to_string(file).expect("written")
    };
    let toml = text("again.toml", &asked);
    assert!(toml.contains("[security]\ntable = \"he2018\"\nlevel = 192"), "{toml}");
    let elements = |text: &str, before: &str| -> Vec<u64> {
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} in {text}"));
        let list = rest.split(['}', ']']).next().unwrap_or_default();
        list.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
    };
    let expected = elements(&toml, "automorphisms X -> X^g");
    assert!(!expected.is_empty() && expected.iter().all(|g| g % 2 == 1), "{expected:?}");
    for (name, security, before) in [
        ("a.seal.cpp", "sec_level_type::tc192", "galois_elements{"),
        (
            "a.openfhe.cpp",
            "SetSecurityLevel(HEStd_192_classic)",
            "GaloisElements()\n{\n    return {",
        ),
        ("a.lattigo.go", "at most 75.0 for 192 bits (table \"he2018\"): secure", "[]uint64{\n"),
    ] {
        let text = text(name, &asked);
        assert!(text.contains(security), "{text}");
        assert_eq!(elements(&text, before), expected, "{text}");
    }
    // The file repeats the policy; flags override it.
    let again = place.path("again.toml");
    let security =
        |flags: &[&str]| record(&[&[again.as_str()], flags].concat())["security"].clone();
    assert_eq!((&security(&[])["table"], &security(&[])["level"]), (&"he2018".into(), &192.into()));
    assert_eq!(security(&["--security", "128"])["cap_log2_qp"], 109.0);
    assert_eq!(security(&["--table", "bossuat2024"])["cap_log2_qp"], 73.0);
    // So is leave to run what is above the cap.
    let file = place.path("insecure.toml");
    let above = ["--params", "4096:36,36|37:20", "--insecure", "--export", &file];
    assert_eq!(heconv(&[&["run", &tiny], &above[..]].concat()).code, Some(0));
    let again = heconv(&["run", &file, "--format", "json"]);
    assert_eq!((again.code, &again.record()["security"]["ok"]), (Some(0), &false.into()));
}

#[test]
fn files_are_replaced_only_by_force() {
    let place = Place::new();
    let (tiny, file) = (place.tiny("tiny.toml", &[]), place.file("a.seal.cpp", "mine"));
    let refused = heconv(&["run", &tiny, "--export", &file]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
    assert!(
        refused.err.contains("there already") && refused.err.contains("--force"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_to_string(&file).expect("kept"), "mine");
    record(&[&tiny, "--export", &file, "--force"]);
    assert!(std::fs::read_to_string(&file).expect("replaced").contains("seal::Modulus"));
}

#[test]
fn what_cannot_be_written_is_refused_before_the_run() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    std::fs::create_dir(place.path("d.toml")).expect("created");
    for (name, problem) in [
        ("a.cpp", "must end in .toml, .seal.cpp, .openfhe.cpp or .lattigo.go"),
        ("a.csv", "must end in"),
        ("none/a.toml", "no directory"),
        ("d.toml", "is a directory"),
    ] {
        let ended = heconv(&["run", &tiny, "--export", &place.path(name), "--force"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        assert!(ended.err.lines().count() == 1 && ended.err.contains(problem), "{ended:?}");
    }
    let ended = heconv(&["run", &tiny, "--force"]);
    assert!(ended.code == Some(2) && ended.err.contains("--export"), "{ended:?}");
}

#[test]
fn data_that_the_file_does_not_hold_are_named() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let data = place.npy("x.npy", "|u1", &[2, 6, 5], &[1; 60]);
    for (name, warned) in [("a.toml", true), ("a.seal.cpp", false)] {
        let file = place.path(name);
        let ended = heconv(&["run", &tiny, "--input", &data, "--export", &file]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.err.contains("--export does not hold"), warned, "{ended:?}");
    }
}
