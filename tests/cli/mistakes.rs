//! Bad usage and bad input: exit code 2, nothing on stdout, one line on stderr that says what,
//! where, and what would be right.

use crate::support::{Place, command, ended, heconv};

/// The longest line that still reads as a message, in bytes.
const LONGEST: usize = 500;

/// What is wrong with how `args` are refused, if anything. `words` must be in the message.
pub fn refusal(args: &[&str], words: &[&str]) -> Option<String> {
    let ended = heconv(args);
    let one_line = ended.err.lines().count() == 1 && ended.err.ends_with('\n');
    let named = words.iter().all(|word| ended.err.contains(word));
    let plain = !["panicked", "backtrace", "RUST_BACKTRACE", "\u{1b}"]
        .iter()
        .any(|word| ended.err.contains(word));
    let short = ended.err.len() <= LONGEST && ended.err.starts_with("heconv: ");
    let right =
        ended.code == Some(2) && ended.out.is_empty() && one_line && named && plain && short;
    let shown = |text: &str| text.chars().take(LONGEST).collect::<String>();
    (!right).then(|| {
        let (out, err) = (shown(&ended.out), shown(&ended.err));
        format!(
            "{} must say {words:?}\n  code {:?}\n  out {out:?}\n  err {err}",
            shown(&args.join(" ")),
            ended.code
        )
    })
}

/// Checks all, and shows all that are wrong.
pub fn assert_refused(refusals: impl IntoIterator<Item = Option<String>>) {
    let wrong: Vec<String> = refusals.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} mistakes told badly:\n{}", wrong.len(), wrong.join("\n"));
}

/// Command lines, each with what must be said.
type Cases<'a> = &'a [(&'a str, &'a [&'a str])];

fn assert_lines_refused(cases: Cases<'_>) {
    assert_refused(
        cases
            .iter()
            .map(|(line, words)| refusal(&line.split_whitespace().collect::<Vec<_>>(), words)),
    );
}

#[test]
fn names() {
    assert_lines_refused(&[
        (
            "run --layer bench/c16-32-k5",
            &["\"bench/c16-32-k5\"", "nearest is \"bench/c16-32-k3\"", "list layers"],
        ),
        ("run --layer foto", &["\"foto\"", "demo/photo", "list layers"]),
        (
            "run --params n4096-t22",
            &["\"n4096-t22\"", "nearest is \"n4096-t20\"", "list params", "FILE.toml"],
        ),
        (
            "run --algorithm hadamrd",
            &[
                "'hadamrd'",
                "--algorithm",
                "mean hadamard?",
                "conventional, padded, hadamard, hadamard-fused, coefficient, interleaved",
            ],
        ),
        ("run --reduction lzy", &["'lzy'", "--reduction", "mean lazy?", "eager, lazy"]),
        ("run --backend avx3", &["'avx3'", "--backend", "portable, avx2, avx512ifma, auto"]),
        ("run --table he2019", &["'he2019'", "--table", "mean he2018?", "bossuat2024, he2018"]),
        ("run --security 100", &["'100'", "--security", "128, 192, 256"]),
        ("run --format yaml", &["'yaml'", "--format", "text, json"]),
        ("list layer", &["'layer'", "mean layers?", "networks, layers, params, algorithms"]),
        ("completions tcsh", &["'tcsh'", "bash, elvish, fish, powershell, zsh"]),
    ]);
}

#[test]
fn usage() {
    assert_lines_refused(&[
        ("runn", &["'runn'", "'run'", "--help"]),
        ("frobnicate", &["subcommand 'frobnicate'", "--help"]),
        ("run --layr x", &["'--layr'", "'--layer'", "--help"]),
        ("--layer demo/photo", &["no terminal", "`heconv run` takes", "--layer"]),
        ("-x", &["unexpected argument '-x' found; --help"]),
        ("run --layer", &["--layer <NAME>", "value is required"]),
        ("run a.toml b.toml", &["'b.toml'", "--help"]),
        ("run --threads 1 --threads 2", &["--threads <K>", "multiple times"]),
        ("run --image a.png --input b.npy", &["--image", "--input", "cannot be used with"]),
        ("check", &["<FILES>", "required"]),
        ("completions", &["<SHELL>", "required"]),
    ]);
}

#[test]
fn numbers() {
    assert_lines_refused(&[
        ("run --threads 0", &["--threads 0", "from 1 to 4096"]),
        ("run --threads 5000", &["--threads 5000", "from 1 to 4096"]),
        ("run --threads two", &["'two'", "--threads"]),
        ("run --threads 1,2", &["--threads", "one number", "bench"]),
        ("bench --threads 1,0", &["--threads 0", "from 1 to 4096"]),
        ("bench --repeat 0", &["'0'", "--repeat", "1..=1000"]),
        ("run --repeat 0", &["'0'", "--repeat", "1.."]),
        ("run --subset 0", &["'0'", "--subset", "1.."]),
        ("run --seed x", &["'x'", "--seed"]),
        ("run --seed=-1", &["'-1'", "--seed"]),
        ("run --bandwidth 0Mbit", &["'0Mbit'", "--bandwidth", "at least"]),
        ("run --bandwidth 100", &["'100'", "--bandwidth", "like 100Mbit"]),
        ("run --bandwidth 100MB", &["'100MB'", "--bandwidth", "like 100Mbit"]),
        ("run --rtt 10", &["'10'", "--rtt", "like 10ms"]),
        ("run --rtt=-1ms", &["'-1ms'", "--rtt", "like 10ms"]),
        ("run --max-memory lots", &["'lots'", "--max-memory", "like 8GiB"]),
        ("run --max-memory 1MB", &["the run needs", "MiB", "--max-memory allows", "--subset"]),
    ]);
}

#[test]
fn parameters() {
    assert_lines_refused(&[
        (
            "run --params 4000:35,35|36:20",
            &["4000:35,35|36:20", "ring_degree 4000", "power of two"],
        ),
        ("run --params 65536:35,35|36:20", &["ring_degree 65536", "to 32768"]),
        ("run --params 4096:35,51|36:20", &["limb of 51 bits", "2 to 50"]),
        ("run --params 4096:35,35|51:20", &["special prime of 51 bits", "2 to 50"]),
        ("run --params 4096:35,35|36:33", &["plaintext modulus of 33 bits", "to 32"]),
        ("run --params 4096:35,35|36:13", &["13-bit prime", "8192", "16 bits"]),
        ("run --params 4096:19|36:20", &["limb", "larger than the plaintext modulus"]),
        (
            "run --params 4096:35,35|36",
            &["RING_DEGREE:LIMB_BITS|SPECIAL_BITS:PLAIN_BITS", "'4096:35,35|36:20'"],
        ),
        ("run --params 4096:|36:20", &["limb bits \"\"", "whole number"]),
        (
            "run --params 4096:50,50|50:20",
            &["insecure", "log2(QP) = 150.0", "at most 106.0", "bossuat2024", "--insecure"],
        ),
        ("run --params 64:20|20:10", &["insecure", "N = 64", "no entry", "--insecure"]),
        ("run --security 256", &["insecure", "at most 56.0", "256 bits", "--insecure"]),
        ("run --params 64:20|20:10 --insecure", &["demo/photo", "does not fit", "ring_degree"]),
    ]);
}

/// One change of the small experiment, what must be said, and whether `check` says it too.
type Change<'a> = (&'a str, &'a str, &'a [&'a str], bool);

fn assert_changes_refused(changes: &[Change<'_>]) {
    let place = Place::new();
    let check = |(i, (old, new, words, in_check)): (usize, &Change<'_>)| {
        let path = place.tiny(&format!("case{i}.toml"), &[(old, new)]);
        let run = refusal(&["run", &path], words);
        run.or_else(|| in_check.then(|| refusal(&["check", &path], words)).flatten())
    };
    assert_refused(changes.iter().enumerate().map(check));
}

#[test]
fn experiment_files() {
    assert_changes_refused(&[
        ("schema = 1\n", "schema = 2\n", &["case0.toml:1:", "schema = 2", "schema = 1"], true),
        ("schema = 1\n", "", &["case1.toml:1:", "`schema`", "schema = 1"], true),
        ("threads = 1", "thread = 1", &[".toml:4:", "`thread`", "`threads`"], true),
        ("kernel = 3", "kernal = 3", &[".toml:12:", "`kernal` in [layer]", "`kernel`"], true),
        ("ring_degree", "ring", &[".toml:18:", "`ring` in [params]", "`ring_degree`"], true),
        ("threads = 1", "threads = 0", &[".toml:4:", "`threads` = 0", "from 1"], true),
        (
            "threads = 1",
            "threads = true",
            &[".toml:4:", "`threads`", "an integer, not a boolean"],
            true,
        ),
        ("\"lazy\"", "\"lzy\"", &[".toml:3:", "\"lzy\"", "\"lazy\""], true),
        ("\"hadamard-fused\"", "\"fused\"", &[".toml:2:", "\"fused\"", "hadamard-fused"], true),
        ("[layer]", "[layer", &[".toml:6:", "`]`"], true),
        ("width = 5\n", "", &["missing key `width` in [layer]"], true),
        ("height = 6", "height = 6\nheight = 7", &[".toml:11:", "duplicate key"], true),
    ]);
}

#[test]
fn layers_in_files() {
    let bits = |name| match name {
        "weight" => ["`weight_bits`", "from 2 to 8"],
        _ => ["`activation_bits`", "from 1 to 16"],
    };
    assert_changes_refused(&[
        ("in_channels = 2", "in_channels = 0", &[".toml:8:", "`in_channels` = 0", "from 1"], true),
        (
            "out_channels = 3",
            "out_channels = 0",
            &[".toml:9:", "`out_channels` = 0", "from 1"],
            true,
        ),
        ("height = 6", "height = 0", &[".toml:10:", "`height` = 0", "from 1"], true),
        ("width = 5", "width = -5", &[".toml:11:", "`width` = -5", "from 1"], true),
        ("kernel = 3", "kernel = 4", &[".toml:12:", "kernel = [4, 4]", "odd"], true),
        ("kernel = 3", "kernel = [3, 2]", &[".toml:12:", "kernel = [3, 2]", "odd"], true),
        (
            "kernel = 3",
            "kernel = 9",
            &[".toml:12:", "kernel 9", "padded height of 8", "enlarge"],
            true,
        ),
        (
            "[1, 1, 1, 1]",
            "[0, 3, 0, 0]",
            &[".toml:13:", "padding left = 3", "smaller than the kernel (3)"],
            true,
        ),
        ("[1, 1, 1, 1]", "[1, 1]", &[".toml:13:", "`padding`", "[top, left, bottom, right]"], true),
        ("weight_bits = 5", "weight_bits = 1", &bits("weight"), true),
        ("weight_bits = 5", "weight_bits = 9", &bits("weight"), true),
        ("activation_bits = 8", "activation_bits = 0", &bits("activation"), true),
        ("activation_bits = 8", "activation_bits = 17", &bits("activation"), true),
        (
            "kernel = 3",
            "kernel = 3\ngroups = 2",
            &["groups = 2", "must divide out_channels = 3"],
            true,
        ),
        (
            "width = 5",
            "width = 3000",
            &["layer tiny", "does not fit", "ring_degree 4096", "ring_degree 32768"],
            false,
        ),
        (
            "kernel = 3",
            "kernel = 3\nimage = \"cat-224\"",
            &["layer tiny", "takes 2", "3 channels"],
            false,
        ),
        (
            "kernel = 3",
            "kernel = 3\nimage = \"dog\"",
            &[".toml:13:", "\"dog\"", "\"cat-224\""],
            true,
        ),
    ]);
}

#[test]
fn parameters_in_files() {
    let plain = "plain_bits = 20";
    let cases: &[Change<'_>] = &[
        ("4096", "4000", &[".toml:18:", "ring_degree 4000", "power of two"], true),
        (
            plain,
            "plain_modulus = 1032195",
            &[".toml:21:", "plaintext modulus 1032195", "not prime"],
            true,
        ),
        (plain, "plain_modulus = 1032191", &[".toml:21:", "1032191", "not 1 mod 2N = 8192"], true),
        ("[35, 35]", "[35, 51]", &[".toml:19:", "`limb_bits[1]` = 51", "from 2 to 50"], true),
        ("[35, 35]", "[]", &[".toml:19:", "limbs: 0 given", "1 to"], true),
        (
            "[35, 35]",
            "[50, 50]",
            &["insecure", "log2(QP) = 136.0", "at most 106.0", "--insecure"],
            true,
        ),
        (plain, "", &["`plain_modulus` or `plain_bits`"], true),
    ];
    assert_changes_refused(cases);
    let place = Place::new();
    let text = "schema = 1\n[params]\nring_degree = 4096\nlimb_bits = [35, 35]\nspecial_bits = 36\nplain_bits = 20\n";
    let own = place.file("own.toml", format!("{text}sizes = 3\n"));
    let alone = place.file("alone.toml", text);
    let network = concat!(env!("CARGO_MANIFEST_DIR"), "/presets/networks/demo.toml");
    assert_refused([
        refusal(&["run", "--params", &own], &["own.toml:7:", "`sizes`", "[params]"]),
        refusal(&["check", &own], &["own.toml:7:", "`sizes`", "[params]"]),
        refusal(&["run", &alone], &["alone.toml:1:", "missing key `layer`"]),
        refusal(&["run", "--params", network], &["demo.toml:2:", "`name`"]),
    ]);
}

#[test]
fn files_that_are_no_experiments() {
    let place = Place::new();
    let line = "a".repeat(1_000_000);
    let empty = place.file("empty.toml", "");
    let binary =
        place.file("binary.toml", [0x7f, b'E', b'L', b'F', 0xff, 0xfe, 0, 1, 2, b'\n', 0x80]);
    let long = place.file("long.toml", &line);
    let text = place.file("text.toml", format!("schema = 1 # {line}"));
    let value = place.file("value.toml", format!("schema = \"{line}\""));
    let nested = place.file("nested.toml", format!("schema = {}", "[".repeat(1_000_000)));
    for subcommand in ["run", "check"] {
        assert_refused([
            refusal(&[subcommand, &empty], &["empty.toml:1:", "`schema`", "schema = 1"]),
            refusal(&[subcommand, &binary], &["binary.toml", "UTF-8"]),
            refusal(&[subcommand, &long], &["long.toml:1:", "`=`"]),
            refusal(
                &[subcommand, &text],
                &["text.toml:1:", if subcommand == "run" { "`layer`" } else { "no preset" }],
            ),
            refusal(
                &[subcommand, &value],
                &["value.toml:1:", "`schema`", "an integer, not a string"],
            ),
            refusal(&[subcommand, &nested], &["nested.toml:1:"]),
        ]);
    }
}

#[test]
fn numbers_beyond_floats() {
    let (large, tiny) = ("9".repeat(320), format!("0.{}1", "0".repeat(318)));
    let run = |flag, value: String| refusal(&["run", flag, &value], &[flag]);
    assert_refused([
        run("--rtt", format!("{large}ms")),
        run("--bandwidth", format!("{large}bit")),
        run("--bandwidth", format!("{tiny}bit")),
    ]);
}

#[test]
fn messages_stay_short() {
    let place = Place::new();
    let line = "a".repeat(1_000_000);
    let key = place.file("key.toml", format!("schema = 1\n{line} = 1\n"));
    let word = place.tiny("word.toml", &[("\"lazy\"", &format!("\"{line}\""))]);
    let number = place
        .tiny("number.toml", &[("height = 6", &format!("height = {}", "1".repeat(1_000_000)))]);
    assert_refused([
        refusal(&["run", &key], &["key.toml:2:", "unknown key"]),
        refusal(&["run", &word], &["word.toml:3:", "unknown reduction"]),
        refusal(&["run", &number], &["number.toml:10:", "`height`", "from 1"]),
        refusal(&["run", "--layer", &line[..10_000]], &["no layer"]),
        refusal(&["run", "--algorithm", &line[..10_000]], &["--algorithm"]),
    ]);
}

#[test]
fn advice_can_be_followed() {
    let place = Place::new();
    let wide = place.tiny("wide.toml", &[("width = 5", "width = 16000")]);
    assert_refused([refusal(&["run", &wide], &["does not fit", "narrower"])]);
}

#[test]
fn missing_files() {
    let place = Place::new();
    let [toml, npy, png] = ["none.toml", "none.npy", "none.png"].map(|name| place.path(name));
    let words = |name| [name, "No such file"];
    assert_refused([
        refusal(&["run", &toml], &words("none.toml")),
        refusal(&["check", &toml], &words("none.toml")),
        refusal(&["run", "--params", &toml], &words("none.toml")),
        refusal(&["run", "--image", &png], &words("none.png")),
        refusal(&["run", "--input", &npy], &words("none.npy")),
        refusal(&["run", "--weights", &npy], &words("none.npy")),
        refusal(&["run", &place.path("")], &["irectory"]),
    ]);
}

#[test]
fn arrays() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let shape = [2, 6, 5];
    let floats = |odd: f64| {
        [odd].into_iter().chain([1.0; 59]).flat_map(f64::to_le_bytes).collect::<Vec<_>>()
    };
    let input = |name: &str, descr: &str, shape: &[usize], data: &[u8], words: &[&str]| {
        let path = place.npy(&format!("{name}.npy"), descr, shape, data);
        refusal(&["run", &tiny, "--input", &path], &[&[name], words].concat())
    };
    let right = ["expected shape [2, 6, 5]", "from 0 to 255"];
    let with = |found: &'static str| [found, right[0], right[1]];
    assert_refused([
        input("flat", "|u1", &[60], &[1; 60], &with("shape [60]")),
        input("turned", "|u1", &[5, 6, 2], &[1; 60], &with("shape [5, 6, 2]")),
        input("last", "|u1", &[6, 5, 2], &[1; 60], &with("x.transpose(2, 0, 1)")),
        input("empty", "|u1", &[0, 6, 5], &[], &with("shape [0, 6, 5]")),
        input("complex", "<c8", &shape, &[0; 480], &with("type")),
        input("boolean", "|b1", &shape, &[1; 60], &with("type")),
        input("string", "<U1", &shape, &[0; 240], &with("type")),
        input("nan", "<f8", &shape, &floats(f64::NAN), &with("NaN at [0, 0, 0]")),
        input("infinite", "<f8", &shape, &floats(f64::INFINITY), &with("inf at [0, 0, 0]")),
        input("half", "<f8", &shape, &floats(0.5), &with("0.5 at [0, 0, 0]")),
        input("large", "<f8", &shape, &floats(256.0), &with("256 at [0, 0, 0]")),
        input("batch", "|u1", &[2, 2, 6, 5], &[1; 120], &with("one picture at a time: x[0]")),
        input("truncated", "|u1", &shape, &[1; 59], &["60 bytes, but 59 are there"]),
    ]);
    let weights = |name: &str, shape: &[usize], data: &[u8], words: &[&str]| {
        let path = place.npy(&format!("{name}.npy"), "|i1", shape, data);
        refusal(&["run", &tiny, "--weights", &path], &[&[name], words].concat())
    };
    let right = "expected shape [3, 2, 3, 3]";
    let whole = ["16 at [0, 0, 0, 0]", right, "+-15 at weight_bits = 5", "weight_bits = 6"];
    assert_refused([
        weights("turned", &[2, 3, 3, 3], &[1; 54], &["shape [2, 3, 3, 3]", right]),
        weights("large", &[3, 2, 3, 3], &[16; 54], &whole),
        weights("truncated", &[3, 2, 3, 3], &[1; 9], &["54 bytes, but 9 are there"]),
    ]);
    let text = place.file("text.npy", "1, 2, 3");
    let none = place.file("none.npy", "");
    assert_refused([
        refusal(&["run", &tiny, "--input", &text], &["text.npy", "no .npy file"]),
        refusal(&["run", &tiny, "--weights", &none], &["none.npy", "no .npy file"]),
    ]);
}

#[test]
fn pictures() {
    let place = Place::new();
    let five = place.tiny("five.toml", &[("in_channels = 2", "in_channels = 5")]);
    let cat = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/cat-224.png");
    let bytes = std::fs::read(cat).expect("a picture");
    let text = place.file("text.png", "no picture");
    let cut = place.file("cut.png", &bytes[..bytes.len() / 2]);
    assert_refused([
        refusal(&["run", "--image", &text], &["text.png", "no PNG or JPEG image"]),
        refusal(&["run", "--image", &cut], &["cut.png", "no PNG or JPEG image"]),
        refusal(
            &["run", &five, "--image", cat],
            &["layer tiny", "takes 5", "3 channels", "1 as grey"],
        ),
    ]);
}

#[test]
fn outputs() {
    let place = Place::new();
    for name in ["y.txt", "y", "y.npz"] {
        let path = place.path(name);
        assert_refused([refusal(&["run", "--output", &path], &["--output", name, ".npy or .png"])]);
        assert!(!std::path::Path::new(&path).exists(), "{name} is not written");
    }
}

#[test]
fn outputs_into_no_directory() {
    let place = Place::new();
    let (array, picture) = (place.path("none/y.npy"), place.path("none/y.png"));
    assert_refused([
        refusal(&["run", "--output", &array], &["none/y.npy", "no directory"]),
        refusal(&["run", "--output", &picture], &["none/y.png", "no directory"]),
    ]);
}

#[test]
#[cfg(unix)]
fn arguments_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let mut bad = command(&["run", "--layer"]);
    bad.arg(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
    let ended = ended(bad);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
    assert!(ended.err.lines().count() == 1 && ended.err.contains("UTF-8"), "{ended:?}");
}
