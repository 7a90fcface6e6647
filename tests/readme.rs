//! What the README shows is true: its sample files parse, and its commands exist.

use std::process::Command;

use heconv::preset::{Catalogue, Experiment, SweepFile};
use heconv::tui::config::Config;

const README: &str = include_str!("../README.md");

/// The TOML blocks of the README.
fn samples() -> Vec<&'static str> {
    let blocks = README.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

#[test]
fn sample_files_parse() {
    let (settings, experiments): (Vec<&str>, Vec<&str>) =
        samples().into_iter().partition(|sample| sample.contains("[keys]"));
    let (sweeps, experiments): (Vec<&str>, Vec<&str>) =
        experiments.into_iter().partition(|sample| sample.contains("[[grid]]"));
    let (networks, experiments): (Vec<&str>, Vec<&str>) =
        experiments.into_iter().partition(|sample| sample.contains("[[layer]]"));
    let counts = [settings.len(), experiments.len(), sweeps.len(), networks.len()];
    assert_eq!(counts, [1; 4]);
    let catalogue = Catalogue::builtin().expect("presets");
    let sweep = SweepFile::parse(sweeps[0], "README.md", &catalogue).expect("a valid sweep");
    assert_eq!(sweep.params.map(|sets| sets.len()), Some(4 + 20));
    let experiment = Experiment::parse(experiments[0], "README.md").expect("a valid experiment");
    assert_eq!(experiment.layer.spec.name, "my-layer");
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("small.toml");
    std::fs::write(&path, networks[0]).expect("writes");
    let network = catalogue.network(path.to_str().expect("UTF-8")).expect("a valid network");
    assert_eq!(network.graph.expect("a graph").nodes().len(), 3);
    std::fs::write(directory.path().join("config.toml"), settings[0]).expect("writes");
    let config = Config::load(directory.path()).expect("valid settings");
    assert_eq!(config.theme, "light");
}

/// Every `heconv SUBCOMMAND` in the README is one, and so is every flag.
#[test]
fn commands_and_flags_exist() {
    let help = |subcommand: &str| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_heconv"));
        let output = program.args([subcommand, "--help"]).output().expect("starts");
        assert!(output.status.success(), "{subcommand}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let lines = README.lines().filter_map(|line| line.strip_prefix("heconv "));
    let mut count = 0;
    for line in lines {
        let line = line.split('#').next().unwrap_or_default();
        let subcommand = line.split([' ', ';']).next().unwrap_or_default();
        let text = help(subcommand);
        for flag in line.split_whitespace().filter(|word| word.starts_with("--")) {
            assert!(text.contains(flag), "heconv {subcommand} {flag}");
            count += 1;
        }
    }
    assert!(count > 10, "{count} flags seen");
}

#[test]
fn pictures_are_there() {
    for picture in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if picture.starts_with("assets/") {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(picture);
            assert!(path.exists(), "{picture}");
        }
    }
}
