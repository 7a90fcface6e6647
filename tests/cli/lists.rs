//! The commands that run nothing.

use std::path::{Path, PathBuf};

use crate::support::{ALGORITHMS, Place, command, ended, heconv};

#[test]
fn lists_name_everything() {
    let layers = heconv(&["list", "layers"]).success();
    assert!(layers.starts_with("demo/photo "), "{layers}");
    let of = |network: &str| layers.lines().filter(|line| line.starts_with(network)).count();
    assert_eq!((of("demo/"), of("bench/"), of("vgg16/"), of("resnet18/")), (1, 6, 13, 20));
    assert!(layers.contains("bench/c256-14-k3"), "{layers}");
    let params = heconv(&["list", "params"]).success();
    assert!(params.starts_with("n4096-t16 ") && params.contains("t 1032193 "), "{params}");
    let algorithms = heconv(&["list", "algorithms"]).success();
    let names: Vec<_> = algorithms.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(names, ALGORITHMS);
    let backends = heconv(&["list", "backends"]).success();
    assert_eq!(backends.matches("chosen by auto").count(), 1, "{backends}");
    let names: Vec<_> = backends.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(names, ["portable", "avx2", "avx512ifma"]);
    let all = heconv(&["list"]).success();
    let indented = |text: &str| format!("  {}\n", text.trim_end().replace('\n', "\n  "));
    for (title, list) in [
        ("layers", &layers),
        ("params", &params),
        ("algorithms", &algorithms),
        ("backends", &backends),
    ] {
        assert!(all.contains(&format!("{title}\n{}", indented(list))), "{title} in {all}");
    }
}

/// Every TOML file under `directory`.
fn toml_files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { toml_files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_preset_is_right() {
    let presets = toml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("presets"));
    assert!(presets.len() >= 7, "{presets:?}");
    for path in &presets {
        let path = path.to_str().expect("UTF-8");
        let said = heconv(&["check", path]).success();
        assert!(said.starts_with(&format!("{path}: ")) && said.lines().count() == 1, "{said}");
    }
    let paths = presets.iter().filter_map(|path| path.to_str());
    let all = heconv(&std::iter::once("check").chain(paths).collect::<Vec<_>>()).success();
    assert_eq!(all.lines().count(), presets.len());
    for kind in [
        ": network \"bench\": 6 layers",
        ": parameter set \"n4096-t20\"",
        ": experiment \"odd-shape\"",
    ] {
        assert!(all.contains(kind), "{kind} in {all}");
    }
}

#[test]
fn the_program_describes_itself() {
    let help = heconv(&["--help"]).success();
    for subcommand in ["run", "list", "check", "completions", "man"] {
        assert!(help.contains(&format!("\n  {subcommand} ")), "{subcommand} in {help}");
        assert!(heconv(&[subcommand, "--help"]).success().contains("Usage:"));
    }
    let version = format!("heconv {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(heconv(&["--version"]).success(), version);
    assert!(heconv(&["run", "--help"]).success().contains("--algorithm <NAME>"));
    assert!(heconv(&["man"]).success().contains(".TH heconv 1"));
}

#[test]
fn shells_complete_the_flags() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = heconv(&["completions", shell]).success();
        assert!(script.contains("heconv") && script.contains("max-memory"), "{shell}");
    }
}

#[test]
fn users_add_their_own_presets() {
    let place = Place::new();
    let layer = "[[layer]]\nname = \"photo\"\nin_channels = 1\nout_channels = 1\nheight = 8\nwidth = 8\nkernel = 3\n";
    place.file("heconv/networks/mine.toml", format!("schema = 1\nname = \"mine\"\n{layer}"));
    let run = |args: &[&str]| {
        let mut command = command(args);
        command.env("XDG_CONFIG_HOME", place.path(""));
        ended(command)
    };
    assert!(run(&["list", "layers"]).success().contains("mine/photo"));
    let mine = run(&["run", "--layer", "mine/photo", "--format", "json"]);
    assert_eq!(mine.record()["values"], 64);
    let both = run(&["run", "--layer", "photo"]);
    assert_eq!((both.code, both.out.as_str()), (Some(2), ""));
    for words in ["\"photo\" is in several networks", "demo/photo, mine/photo"] {
        assert!(both.err.contains(words), "{}", both.err);
    }
    // A mistake in a user's file stops every command that reads presets, and says where it is.
    place.file("heconv/params/own.toml", "schema = 1\n[params]\nlimp_bits = 3\n");
    for args in [&["list"][..], &[], &["run"]] {
        let broken = run(args);
        assert_eq!((broken.code, broken.out.as_str()), (Some(2), ""));
        assert!(broken.err.contains("own.toml:3: unknown key `limp_bits`"), "{}", broken.err);
    }
}
