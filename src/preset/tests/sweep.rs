//! Sweep files: what they mean, and one case per mistake with the whole message.

use super::super::check::check_text;
use super::super::{Catalogue, LayerPreset, SweepFile};
use crate::arith::kernels::Reduction;
use crate::bfv::PrimeSpec;
use crate::conv::AlgorithmKind;

const SWEEP: &str = r#"schema = 1
layers = ["bench/c64-*", "photo"]
params = ["n4096-*", "4096:35,35|36:20"]
algorithms = ["hadamard-fused", "padded"]
reductions = ["lazy"]
threads = 2
seed = 7
repeat = 3

[[grid]]
ring_degree = [2048, 4096]
limb_bits = [[30, 30], [35]]
special_bits = "35..36"
plain_bits = [16, 20]
"#;

fn read(text: &str) -> Result<SweepFile, String> {
    let catalogue = Catalogue::builtin().expect("presets");
    SweepFile::parse(text, "my.toml", &catalogue).map_err(|error| error.to_string())
}

/// Asserts the message for the sweep in which `from` is replaced by `to`.
#[track_caller]
fn mistake(from: &str, to: &str, expected: &str) {
    assert!(SWEEP.contains(from), "{from:?} is not in the text");
    assert_eq!(read(&SWEEP.replacen(from, to, 1)).expect_err("must be refused"), expected);
}

/// The names of the sets of the sweep in which `from` is replaced by `to`.
fn sets(from: &str, to: &str) -> Vec<String> {
    let sweep = read(&SWEEP.replacen(from, to, 1)).expect("valid");
    sweep.params.expect("some").into_iter().map(|set| set.name).collect()
}

#[test]
fn everything_is_read() {
    let sweep = read(SWEEP).expect("valid");
    let layers: Vec<_> = sweep.layers.iter().flatten().map(LayerPreset::full_name).collect();
    assert_eq!(layers, ["bench/c64-56-k3", "demo/photo"]);
    let algorithms = [AlgorithmKind::HadamardFused, AlgorithmKind::Padded];
    assert_eq!(sweep.algorithms.as_deref(), Some(&algorithms[..]));
    assert_eq!(sweep.reductions.as_deref(), Some(&[Reduction::Lazy][..]));
    assert_eq!((sweep.threads, sweep.seed, sweep.repeat), (Some(2), Some(7), Some(3)));
    let sets = sweep.params.expect("some");
    assert_eq!(sets.len(), 4 + 16);
    let grid: Vec<_> = sets[4..].iter().map(|set| set.name.as_str()).collect();
    assert_eq!(grid[..3], ["2048:30,30|35:16", "2048:30,30|35:20", "2048:30,30|36:16"]);
    assert_eq!(grid[15], "4096:35|36:20");
    assert_eq!(sets[4].limbs, [PrimeSpec::Bits(30); 2]);
    assert_eq!((sets[4].special, sets[4].plain), (Some(PrimeSpec::Bits(35)), PrimeSpec::Bits(16)));
}

#[test]
fn what_is_left_out_is_none() {
    assert_eq!(read("schema = 1\n"), Ok(SweepFile::default()));
    let grid = SWEEP.split_once("[[grid]]").map(|(_, grid)| format!("schema = 1\n[[grid]]{grid}"));
    let sweep = read(&grid.expect("a grid")).expect("valid");
    assert_eq!(sweep.params.map(|sets| sets.len()), Some(16));
    assert_eq!((sweep.layers, sweep.algorithms), (None, None));
}

#[test]
fn grids_take_numbers_lists_and_ranges() {
    assert_eq!(sets("[2048, 4096]", "8192").len(), 4 + 8);
    assert_eq!(sets("[[30, 30], [35]]", "[30, 30]").len(), 4 + 8);
    assert_eq!(sets("\"35..36\"", "36").len(), 4 + 8);
    assert_eq!(sets("\"35..36\"", "\" 30 .. 36 \"").len(), 4 + 4 * 7 * 2);
    assert_eq!(sets("[16, 20]", "\"16..16\"").len(), 4 + 8);
    // Sets that are none are the sweep's to tell of, point by point.
    assert_eq!(sets("[16, 20]", "13")[4], "2048:30,30|35:13");
}

#[test]
fn unknown_keys_and_words() {
    mistake(
        "layers =",
        "layer =",
        "my.toml:2: unknown key `layer`; the nearest valid key is `layers`",
    );
    mistake(
        "special_bits",
        "special",
        "my.toml:13: unknown key `special` in [[grid]]; the nearest valid key is `special_bits`",
    );
    mistake(
        "\"padded\"",
        "\"paded\"",
        "my.toml:4: unknown algorithms[1] \"paded\"; the nearest is \"padded\" (all: conventional, padded, hadamard, hadamard-fused, coefficient, interleaved)",
    );
    mistake(
        "[\"lazy\"]",
        "[\"lzy\"]",
        "my.toml:5: unknown reductions[0] \"lzy\"; the nearest is \"lazy\" (all: eager, lazy)",
    );
    mistake(
        "schema = 1\n",
        "",
        "my.toml:1: missing key `schema`; add `schema = 1` as the first line",
    );
    mistake("plain_bits = [16, 20]\n", "", "my.toml:10: missing key `plain_bits` in [[grid]]");
}

#[test]
fn names_that_find_nothing() {
    mistake(
        "\"photo\"",
        "\"foto\"",
        "my.toml:2: no layer \"foto\"; the nearest is \"demo/photo\"; `heconv list layers` shows all",
    );
    mistake(
        "n4096-*",
        "n1024-*",
        "my.toml:3: no parameter set matches \"n1024-*\"; there are n2048-q50-t16, n2048-q50-t20, n4096-q44-t20, n4096-t16, n4096-t20, n8192-t20, n8192-t30",
    );
    mistake(
        "35,35|36:20",
        "35,51|36:20",
        "my.toml:3: parameters \"4096:35,51|36:20\": limb of 51 bits: must have 2 to 50",
    );
}

#[test]
fn wrong_types_and_empty_lists() {
    mistake(
        "[\"lazy\"]",
        "\"lazy\"",
        "my.toml:5: `reductions` must be a list of names, not a string",
    );
    mistake(
        "[\"bench/c64-*\", \"photo\"]",
        "[]",
        "my.toml:2: `layers` has 0 entries, must be a list of layer names or patterns",
    );
    mistake("\"photo\"", "3", "my.toml:2: `layers[1]` must be a string, not an integer");
    mistake(
        "[\"n4096-*\", \"4096:35,35|36:20\"]",
        "\"n4096-*\"",
        "my.toml:3: `params` must be a list of parameter names, patterns, files or sets, not a string",
    );
    mistake(
        "[[grid]]",
        "[grid]",
        "my.toml:10: `grid` must be a list of [[grid]] tables, not a table",
    );
    mistake(
        "[2048, 4096]",
        "\"2048\"",
        "my.toml:11: `ring_degree` must be one ring degree or a list of them, not a string",
    );
    mistake(
        "[[30, 30], [35]]",
        "[[30, 30], 35]",
        "my.toml:12: `limb_bits[1]` must be a list of sizes in bits, not an integer",
    );
    mistake(
        "[[30, 30], [35]]",
        "[[30, 30], []]",
        "my.toml:12: `limb_bits[1]` has 0 entries, must be 1 to 24 sizes in bits",
    );
    mistake(
        "[16, 20]",
        "true",
        "my.toml:14: `plain_bits` must be one size in bits, a list of sizes, or a range like \"16..24\", not a boolean",
    );
}

#[test]
fn numbers_out_of_range() {
    mistake("repeat = 3", "repeat = 0", "my.toml:8: `repeat` = 0 must be from 1 to 1000");
    mistake("threads = 2", "threads = 0", "my.toml:6: `threads` = 0 must be from 1 to 4096");
    mistake(
        "[2048, 4096]",
        "[2048, 4000]",
        "my.toml:11: ring_degree 4000 must be a power of two from 64 to 32768",
    );
    mistake("[16, 20]", "[16, 33]", "my.toml:14: `plain_bits[1]` = 33 must be from 2 to 32");
    mistake("[35]", "[51]", "my.toml:12: `limb_bits[1][0]` = 51 must be from 2 to 50");
    for wrong in ["36..35", "35...36", "35", "1..36", "35..51", "x..36", ".."] {
        let message = format!(
            "my.toml:13: `special_bits` = {wrong:?} must be a range like \"16..24\", both ends included, within 2..50"
        );
        mistake("35..36", wrong, &message);
    }
    let many = format!("[{}]", "30, ".repeat(30_000));
    mistake(
        "[16, 20]",
        &many,
        "my.toml:10: [[grid]] makes 240000 parameter sets, at most 100000; shorten its lists",
    );
}

#[test]
fn check_knows_sweeps() {
    let checked = |text: &str| check_text(text, "dir/my.toml").map(|checked| checked.to_string());
    let all = "sweep \"my\": 2 layers, 20 parameter sets, 2 algorithms, 1 reduction";
    assert_eq!(checked(SWEEP).expect("right"), all);
    let few = "sweep \"my\": 1 parameter set";
    assert_eq!(checked("schema = 1\nparams = ['n4096-t20']\nthreads = 1").expect("right"), few);
    assert!(checked("schema = 1\nlayers = ['x']").is_err());
}
