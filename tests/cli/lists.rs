//! The commands that run nothing.

use std::path::{Path, PathBuf};

use crate::support::{ALGORITHMS, Ended, Place, command, ended, heconv};

#[test]
fn lists_name_everything() {
    let layers = heconv(&["list", "layers"]).success();
    assert!(layers.starts_with("demo/photo\t3 -> 8\t224x224\t"), "{layers}");
    let of = |network: &str| layers.lines().filter(|line| line.starts_with(network)).count();
    assert_eq!((of("demo/"), of("bench/"), of("vgg16/"), of("resnet18/")), (1, 6, 13, 20));
    assert!(layers.contains("bench/c256-14-k3"), "{layers}");
    let params = heconv(&["list", "params"]).success();
    assert!(params.starts_with("n2048-q50-t16\t") && params.contains("\tt 1032193\t"), "{params}");
    let networks = heconv(&["list", "networks"]).success();
    assert!(networks.contains("resnet20\t19 layers\truns on 3x32x32\t"), "{networks}");
    assert!(networks.contains("digits\t4 layers\truns on 1x8x8\t"), "{networks}");
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
        ("networks", &networks),
        ("layers", &layers),
        ("params", &params),
        ("algorithms", &algorithms),
        ("backends", &backends),
    ] {
        assert!(all.contains(&format!("{title}\n{}", indented(list))), "{title} in {all}");
    }
}

#[test]
fn lists_are_json_too() {
    let json = |args: &[&str]| -> serde_json::Value {
        let out = heconv(&[&["list", "--format", "json"], args].concat()).success();
        serde_json::from_str(&out).expect("one object")
    };
    let all = json(&[]);
    assert_eq!(all["schema"], 1);
    let kinds = [
        "networks",
        "layers",
        "params",
        "algorithms",
        "reductions",
        "objectives",
        "backends",
        "tables",
        "images",
    ];
    for kind in kinds {
        let list = all[kind].as_array().expect("a list");
        assert!(!list.is_empty() && list.iter().all(|one| one["name"].is_string()), "{kind}");
        let text = heconv(&["list", kind]).success();
        let names: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        let said: Vec<&str> = list.iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, said);
    }
    let params = json(&["params"]);
    assert_eq!(params.as_object().expect("an object").len(), 2);
    let set = &params["params"][1];
    assert_eq!(set["plain_modulus"], 1_032_193);
    assert_eq!((&set["security"]["level"], &set["security"]["ok"]), (&128.into(), &true.into()));
    let layer = &json(&["layers"])["layers"][0];
    assert_eq!((&layer["name"], &layer["in_channels"]), (&"demo/photo".into(), &3.into()));
    let network = json(&["networks"])["networks"][4].clone();
    assert_eq!((&network["layers"], &network["input"][0]), (&19.into(), &3.into()));
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
    assert!(heconv(&["run", "--help"]).success().contains("--weight-form <FORM>"));
}

#[test]
fn the_manual_has_the_options_of_every_command() {
    let man = heconv(&["man"]).success();
    assert!(man.contains(".TH heconv 1"), "{man}");
    let place = Place::new();
    heconv(&["man", "--directory", &place.path("pages")]).success();
    for (command, option) in [
        ("run", "image"),
        ("sweep", "shard"),
        ("estimate", "explain"),
        ("tune", "objective"),
        ("bench", "repeat"),
        ("network", "compare"),
        ("calibrate", "backend"),
        ("list", "format"),
    ] {
        let section = format!(".SH \"HECONV {}\"", command.to_uppercase());
        let (_, rest) = man.split_once(&section).expect("a section");
        let section = rest.split(".SH ").next().unwrap_or_default();
        let option = format!("\\-\\-{option}");
        assert!(section.contains(&option), "{command}: {section}");
        let page = std::fs::read_to_string(place.path(&format!("pages/heconv-{command}.1")));
        assert!(page.expect("a page").contains(&option), "{command}");
    }
    let pages = std::fs::read_dir(place.path("pages")).expect("a directory");
    let names: Vec<_> = pages.map(|page| page.expect("a page").file_name()).collect();
    let is_repeated = |name: &std::ffi::OsString| name.to_string_lossy().contains("help");
    assert!(!names.iter().any(is_repeated), "{names:?}");
}

/// What bash is offered for the last of `words`, in a place with two files and a network.
fn offered(place: &Place, words: &[&str]) -> Vec<String> {
    let mut command = command(&[&["--", "heconv"], words].concat());
    command.current_dir(place.path("")).env("XDG_CONFIG_HOME", place.path("config"));
    command.env("HECONV_COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
    let out = ended(command).success();
    out.split('\n').filter(|word| !word.is_empty()).map(String::from).collect()
}

#[test]
fn shells_complete_names_and_files() {
    let place = Place::new();
    place.file("mine.toml", "");
    place.file("notes.txt", "");
    let layer = "[[layer]]\nname = \"x\"\nin_channels = 1\nout_channels = 1\nheight = 8\nwidth = 8\nkernel = 3\n";
    place.file("config/heconv/networks/own.toml", format!("schema = 1\n{layer}"));
    let offered = |words: &[&str]| offered(&place, words);
    assert_eq!(offered(&["run", "--algorithm", ""]), [&ALGORITHMS[..], &["any"]].concat());
    assert_eq!(offered(&["run", "--algorithm", "had"]), ["hadamard", "hadamard-fused"]);
    let lists = offered(&["sweep", "--algorithm", "padded,c"]);
    assert_eq!(lists, ["padded,conventional", "padded,coefficient"]);
    assert_eq!(offered(&["tune", "--algorithm", "a"]), ["any"]);
    assert_eq!(offered(&["run", "--reduction", ""]), ["eager", "lazy"]);
    assert_eq!(offered(&["run", "--table", ""]), ["bossuat2024", "he2018"]);
    assert_eq!(offered(&["run", "--backend", "a"]), ["avx2", "avx512ifma", "auto"]);
    assert_eq!(offered(&["estimate", "--layer", "own"]), ["own/x"]);
    assert_eq!(offered(&["run", "--params", "n8192-"]), ["n8192-t20", "n8192-t30"]);
    let params = offered(&["run", "--params", ""]);
    assert!(params.contains(&"n4096-t20".into()) && params.contains(&"mine.toml".into()));
    assert!(!params.contains(&"notes.txt".into()), "{params:?}");
    let networks = offered(&["network", ""]);
    assert!(networks.contains(&"own".into()) && networks.contains(&"mine.toml".into()));
    assert_eq!(offered(&["run", "--max-m"]), ["--max-memory"]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = heconv(&["completions", shell]).success();
        assert!(script.contains("HECONV_COMPLETE"), "{shell}: {script}");
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
}

#[test]
fn a_broken_file_is_one_warning() {
    let place = Place::new();
    let broken = place.file("heconv/networks/broken.toml", "schema = 1\n[[layer]]\nname = \"x\"\n");
    place.file("heconv/params/own.toml", "schema = 1\n[params]\nlimp_bits = 3\n");
    place.file("heconv/params/latin.toml", b"schema = 1\n# caf\xe9\n");
    place.file("heconv/params/n8192-t20.toml", "schema = 1\n[params\n");
    let fine = "schema = 1\n[params]\nring_degree = 4096\nlimb_bits = [35, 35]\nspecial_bits = 36\nplain_bits = 20\n";
    place.file("heconv/params/fine.toml", fine);
    let run = |args: &[&str]| {
        let mut command = command(args);
        command.env("XDG_CONFIG_HOME", place.path(""));
        ended(command)
    };
    let warnings = [
        "broken.toml:2: missing key `in_channels` in [[layer]]; it is left out",
        "latin.toml: line 2 is not UTF-8; it is left out",
        "n8192-t20.toml:2: unclosed table, expected `]`, at \"[params\"; the built-in \"n8192-t20\" stays as it is",
        "own.toml:3: unknown key `limp_bits` in [params]; the nearest valid key is `limb_bits`; it is left out",
    ];
    let tiny = place.tiny("tiny.toml", &[]);
    for args in [
        &["list"][..],
        &["run", "--layer", "bench/c16-32-k3"],
        &["run", &tiny, "--params", "fine"],
        &["estimate", "--params", "n8192-t20"],
        &["sweep", "--layer", "photo", "--params", "fine", "--predict-only"],
    ] {
        let went_on = run(args);
        assert_eq!(went_on.code, Some(0), "{went_on:?}");
        assert_eq!(went_on.err.matches("warning").count(), 4, "{went_on:?}");
        for (line, warning) in went_on.err.lines().zip(warnings) {
            assert!(line.starts_with("heconv: warning: ") && line.ends_with(warning), "{line}");
        }
    }
    for (args, needed) in [
        (&["run", "--layer", "broken/x"][..], "\"broken\" cannot be used: "),
        (&["network", "broken"], "broken.toml:2: missing key `in_channels` in [[layer]]"),
        (&["run", "--params", "own"], "own.toml:3: unknown key `limp_bits`"),
        (&["run", "--params", "latin"], "latin.toml: line 2 is not UTF-8"),
    ] {
        let refused = run(args);
        assert_eq!((refused.code, refused.out.as_str()), (Some(2), ""), "{refused:?}");
        assert_eq!(refused.err.lines().count(), 5, "{refused:?}");
        assert!(
            refused.err.lines().last().is_some_and(|last| last.contains(needed)),
            "{refused:?}"
        );
    }
    let checked = run(&["check", &broken]);
    assert_eq!((checked.code, checked.err.lines().count()), (Some(2), 1), "{checked:?}");
    // A check goes through all of its files.
    let own = place.path("heconv/params/own.toml");
    let all = run(&["check", &broken, &tiny, &own]);
    assert_eq!((all.code, all.out.lines().count(), all.err.lines().count()), (Some(2), 1, 2));
    assert!(all.err.contains("broken.toml:2:") && all.err.contains("own.toml:3:"), "{all:?}");
}

#[test]
fn directories_that_cannot_be_read_are_one_warning() {
    let place = Place::new();
    place.file("heconv/networks", "a file in its place");
    let mut command = command(&["list", "algorithms"]);
    command.env("XDG_CONFIG_HOME", place.path(""));
    let listed = ended(command);
    assert_eq!((listed.code, listed.err.lines().count()), (Some(0), 1), "{listed:?}");
    assert!(listed.err.contains("cannot read ") && listed.err.contains("networks"), "{listed:?}");
}

/// Runs the program with `text` on its standard input.
fn fed(args: &[&str], text: &str) -> Ended {
    let command = assert_cmd::Command::from_std(command(args)).write_stdin(text).output();
    let output = command.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn a_dash_is_standard_input() {
    let place = Place::new();
    let tiny = std::fs::read_to_string(place.tiny("tiny.toml", &[])).expect("a file");
    assert_eq!(fed(&["run", "-", "--format", "json"], &tiny).record()["verified"], true);
    assert!(fed(&["estimate", "-"], &tiny).success().contains("tiny"));
    let said = fed(&["check", "-"], &tiny).success();
    assert!(said.starts_with("<stdin>: experiment \"tiny\""), "{said}");
    let params =
        tiny.split_once("[params]").map(|(_, params)| format!("schema = 1\n[params]{params}"));
    let params = params.expect("parameters");
    let estimate = fed(&["estimate", "--params", "-", "--format", "json"], &params);
    assert_eq!(estimate.record()["params"]["name"], "stdin");
    let sweep = "schema = 1\nlayers = [\"bench/c16-32-k3\"]\nalgorithms = [\"padded\"]\n";
    assert_eq!(fed(&["sweep", "-", "--predict-only"], sweep).record()["algorithm"], "padded");
    for command in ["run", "check", "estimate"] {
        let wrong = fed(&[command, "-"], &tiny.replace("threads = 1", "thread = 1"));
        assert_eq!((wrong.code, wrong.out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(wrong.err.contains("<stdin>:4: unknown key `thread`"), "{wrong:?}");
    }
    let twice = fed(&["run", "-", "--params", "-"], &tiny);
    assert!(twice.code == Some(2) && twice.err.contains("only one file can be `-`"), "{twice:?}");
}
