//! Names on the command line, and the user's own files.

use std::path::Path;

use super::super::Catalogue;
use super::{NETWORK, PARAMS};
use crate::bfv::PrimeSpec;

/// A configuration directory with these files.
fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, text).expect("written");
    }
    directory
}

fn load(files: &[(&str, &str)]) -> Result<Catalogue, String> {
    Catalogue::with_directory(directory(files).path()).map_err(|error| error.to_string())
}

/// What is wrong with these files, as the explorer tells it.
fn notices(files: &[(&str, &str)]) -> Vec<String> {
    load(files).expect("built in").notices().map(String::from).collect()
}

#[test]
fn no_directory_is_no_error() {
    let catalogue = Catalogue::with_directory(Path::new("/no/such/directory")).expect("valid");
    assert_eq!(catalogue, Catalogue::builtin().expect("valid"));
}

#[test]
fn user_files_add_and_replace() {
    let bench = NETWORK.replace("\"mine\"", "\"bench\"");
    let catalogue = load(&[
        ("networks/a.toml", NETWORK),
        ("networks/b.toml", &bench),
        ("networks/notes.txt", "not read"),
        ("params/n4096-t16.toml", &PARAMS.replace("= 20", "= 18")),
        ("params/own.toml", PARAMS),
    ])
    .expect("valid");
    let networks: Vec<_> = catalogue.networks().map(|network| network.name.as_str()).collect();
    assert_eq!(networks[..4], ["demo", "bench", "mine", "mobilenetv1"]);
    let layers = catalogue.layers().map(super::super::LayerPreset::full_name);
    assert_eq!(layers.take(3).collect::<Vec<_>>(), ["demo/photo", "bench/first", "mine/first"]);
    let sets: Vec<_> = catalogue.params().map(|set| set.name.as_str()).collect();
    assert_eq!(
        sets,
        [
            "n2048-q50-t16",
            "n2048-q50-t20",
            "n4096-q44-t20",
            "n4096-t16",
            "n4096-t20",
            "own",
            "n8192-t20",
            "n8192-t30"
        ]
    );
    assert_eq!(catalogue.params_set("n4096-t16").expect("found").plain, PrimeSpec::Bits(18));
    let ambiguous = catalogue.layer("first").expect_err("two").to_string();
    let expected = "layer \"first\" is in several networks; say which: bench/first, mine/first";
    assert_eq!(ambiguous, expected);
    assert_eq!(catalogue.layer("mine/first").expect("found").network.as_deref(), Some("mine"));
}

#[test]
fn broken_user_files_are_named() {
    let broken = notices(&[("params/own.toml", &PARAMS.replace("limb", "limp"))]);
    let expected = "params/own.toml:4: unknown key `limp_bits` in [params]; the nearest valid key is `limb_bits`; it is left out";
    assert_eq!(broken, [expected]);
    let twice = notices(&[("networks/a.toml", NETWORK), ("networks/b.toml", NETWORK)]);
    let expected = "networks/b.toml: \"mine\" is already defined in networks/a.toml; rename one";
    assert_eq!(twice, [expected]);
    let no_directory = notices(&[("networks", "a file, not a directory")]);
    assert!(no_directory[0].starts_with("cannot read "), "{no_directory:?}");
    assert_eq!(notices(&[("networks/a.toml", NETWORK)]), [""; 0]);
}

#[test]
fn only_what_needs_a_broken_file_fails() {
    let broken = NETWORK.replace("kernel = 3", "kernel = 2").replace("mine", "own");
    let catalogue = load(&[
        ("networks/file.toml", &broken),
        ("networks/a.toml", NETWORK),
        ("params/n4096-t16.toml", "schema = 1\n[params"),
    ])
    .expect("the others");
    for name in ["file", "own"] {
        let error = catalogue.network(name).expect_err("broken").to_string();
        let words = format!("{name:?} cannot be used: ");
        assert!(error.starts_with(&words) && error.contains("file.toml:10: kernel"), "{error}");
        let error = catalogue.layer(&format!("{name}/first")).expect_err("broken").to_string();
        assert!(error.contains("file.toml:10: kernel"), "{error}");
    }
    assert!(catalogue.network("mine").is_ok() && catalogue.layer("bench/c16-32-k3").is_ok());
    assert_eq!(
        catalogue.params_set("n4096-t16").expect("built in").plain,
        PrimeSpec::Value(40_961)
    );
    let said = catalogue.warnings().last().expect("two");
    assert!(said.ends_with("the built-in \"n4096-t16\" stays as it is"), "{said}");
}

#[test]
fn layers_are_found_by_name() {
    let catalogue = Catalogue::builtin().expect("valid");
    let full = catalogue.layer("bench/c256-14-k3").expect("found");
    assert_eq!(catalogue.layer("c256-14-k3").expect("found"), full);
    let error = |name| catalogue.layer(name).expect_err("no such layer").to_string();
    let expected = |name| {
        format!(
            "no layer {name:?}; the nearest is \"bench/c256-14-k3\"; `heconv list layers` shows all"
        )
    };
    assert_eq!(error("c256-14-k5"), expected("c256-14-k5"));
    assert_eq!(error("bench/c256-14"), expected("bench/c256-14"));
    assert_eq!(error("c256-14\nk3"), expected("c256-14\nk3"));
}

#[test]
fn parameters_are_found_by_name_file_or_text() {
    let catalogue = Catalogue::builtin().expect("valid");
    assert_eq!(catalogue.params_set("n8192-t30").expect("found").ring_degree, 8192);

    let directory = directory(&[("own.toml", PARAMS)]);
    let path = directory.path().join("own.toml");
    let from_file = catalogue.params_set(path.to_str().expect("a path")).expect("valid");
    assert_eq!(from_file.name, "own");

    let inline = catalogue.params_set("4096:35,35|36:20").expect("valid");
    assert_eq!(inline.name, "4096:35,35|36:20");
    assert_eq!((inline.limbs, inline.special), (from_file.limbs, from_file.special));
    assert_eq!((inline.plain, inline.ring_degree), (from_file.plain, from_file.ring_degree));

    let error = |text| catalogue.params_set(text).expect_err("no parameters").to_string();
    assert_eq!(
        error("n4096-t22"),
        "no parameter set \"n4096-t22\"; the nearest is \"n4096-t20\"; `heconv list params` shows all, FILE.toml or '4096:35,35|36:20' also works"
    );
    assert_eq!(
        error("4096:35,35|36"),
        "parameters \"4096:35,35|36\": must be RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS, as in '4096:35,35|36:20', or without |SPECIAL_BITS"
    );
    assert_eq!(
        error("4096:35,|36:20"),
        "parameters \"4096:35,|36:20\": limb bits \"\" must be a whole number, as in '4096:35,35|36:20'"
    );
    assert_eq!(
        error("4096:35,51|36:20"),
        "parameters \"4096:35,51|36:20\": limb of 51 bits: must have 2 to 50"
    );
    assert!(error("/no/such.toml").starts_with("cannot read /no/such.toml: "));
}
