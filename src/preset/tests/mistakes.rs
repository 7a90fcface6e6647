//! One case per mistake a user can make in writing a file, with the whole message.

use super::super::Experiment;
use super::super::check::check_text;
use super::{EXPERIMENT, NETWORK, PARAMS, experiment, message, network, params};

#[test]
fn unknown_keys() {
    experiment(
        "kernel",
        "kernal",
        "my.toml:12: unknown key `kernal` in [layer]; the nearest valid key is `kernel`",
    );
    experiment(
        "kernel",
        "activation_sign = true\nkernel",
        "my.toml:12: unknown key `activation_sign` in [layer]; the nearest valid key is \
         `activation_signed`",
    );
    experiment(
        "kernel",
        "activation_signed = 1\nkernel",
        "my.toml:12: `activation_signed` must be true or false, not an integer",
    );
    experiment(
        "kernel",
        "activation_signed = true\nactivation_bits = 1\nkernel",
        "my.toml:13: activation_bits = 1 must be from 2 to 16 where activations are signed",
    );
    experiment(
        "algorithm",
        "algoritm",
        "my.toml:2: unknown key `algoritm`; the nearest valid key is `algorithm`",
    );
    experiment(
        "limb_bits",
        "limb_bit",
        "my.toml:16: unknown key `limb_bit` in [params]; the nearest valid key is `limb_bits`",
    );
    experiment(
        "[layer]",
        "[layr]",
        "my.toml:7: unknown key `layr`; the nearest valid key is `layer`",
    );
    network(
        "[[layer]]\nname",
        "[[layer]]\nnmae",
        "my.toml:5: unknown key `nmae` in [[layer]]; the nearest valid key is `name`",
    );
    network(
        "kernel = [\n",
        "kernels = [\n",
        "my.toml:14: unknown key `kernels` in [[layer.filter]]; the nearest valid key is `kernel`",
    );
    params(
        "[params]",
        "[parms]",
        "my.toml:2: unknown key `parms`; the nearest valid key is `params`",
    );
    params(
        "schema = 1",
        "schema = 1\n\"x\\ny\\u001b\" = 1",
        "my.toml:2: unknown key `x\\ny\\u{1b}`; the nearest valid key is `layer`",
    );
}

#[test]
fn missing_keys() {
    experiment("height = 13\n", "", "my.toml:7: missing key `height` in [layer]");
    experiment(
        "limb_bits = [35, 35]\n",
        "",
        "my.toml:14: missing key `limbs` or `limb_bits` in [params]",
    );
    network("name = \"first\"\n", "", "my.toml:4: missing key `name` in [[layer]]");
    network("name = \"blur\"\n", "", "my.toml:12: missing key `name` in [[layer.filter]]");
    params(
        "plain_bits = 20\n",
        "",
        "my.toml:2: missing key `plain_modulus` or `plain_bits` in [params]",
    );
    let (layer, _) = EXPERIMENT.split_once("[params]").expect("both tables");
    assert_eq!(message(layer, "", ""), "my.toml:1: missing key `params`");
    let error = Experiment::parse(PARAMS, "my.toml").expect_err("no experiment").to_string();
    assert_eq!(error, "my.toml:1: missing key `layer`");
    let nothing = "my.toml:1: no preset: a network has [[layer]] tables, a parameter set [params], an experiment [layer] and [params], a sweep `layers` or `params` lists or [[grid]] tables";
    assert_eq!(message("schema = 1\n", "", ""), nothing);
}

#[test]
fn schema() {
    let missing = "my.toml:1: missing key `schema`; add `schema = 1` as the first line";
    experiment("schema = 1\n", "", missing);
    assert_eq!(message("", "", ""), missing);
    experiment(
        "schema = 1",
        "schema = 2",
        "my.toml:1: schema = 2 is not known; this version reads schema = 1",
    );
    experiment(
        "schema = 1",
        "schema = '1'",
        "my.toml:1: `schema` must be an integer, not a string",
    );
}

#[test]
fn wrong_types() {
    experiment("= 13", "= \"13\"", "my.toml:10: `height` must be an integer, not a string");
    experiment("= 13", "= 13.5", "my.toml:10: `height` must be an integer, not a float");
    experiment("\"lazy\"", "true", "my.toml:3: `reduction` must be a string, not a boolean");
    experiment("= 2\n", "= [2]\n", "my.toml:4: `threads` must be an integer, not a list");
    experiment(
        "kernel = 5",
        "kernel = 'five'",
        "my.toml:12: `kernel` must be one number or [height, width], not a string",
    );
    experiment(
        "kernel = 5",
        "kernel = [5,\n 5.0]",
        "my.toml:13: `kernel[1]` must be an integer, not a float",
    );
    experiment(
        "[35, 35]",
        "35",
        "my.toml:16: `limb_bits` must be a list of sizes in bits, not an integer",
    );
    let expected = "my.toml:2: `layer` must be a [layer] table, not an integer";
    assert_eq!(message("schema = 1\nlayer = 1", "", ""), expected);
    network("[2, 4, 2]", "9", "my.toml:16: `kernel[1]` must be a list of integers, not an integer");
    params(
        "[params]",
        "params = 3\n[x]",
        "my.toml:3: unknown key `x`; the nearest valid key is `schema`",
    );
    params(
        "schema = 1",
        "schema = 1\nabout = ''",
        "my.toml:2: unknown key `about`; the nearest valid key is `params`",
    );
}

#[test]
fn numbers_out_of_range() {
    experiment("= 13", "= -13", "my.toml:10: `height` = -13 must be from 1 to 16384");
    experiment("= 13", "= 0", "my.toml:10: `height` = 0 must be from 1 to 16384");
    experiment(
        "= 13",
        "= 99_999_999_999_999_999_999_999_999_999_999_999_999_999",
        "my.toml:10: `height` = 99999999999999999999999999999999999999999 must be from 1 to 16384",
    );
    experiment("threads = 2", "threads = 0", "my.toml:4: `threads` = 0 must be from 1 to 4096");
    experiment(
        "seed = 7",
        "seed = -7",
        "my.toml:5: `seed` = -7 must be from 0 to 18446744073709551615",
    );
    experiment("= 4096", "= -1", "my.toml:15: `ring_degree` = -1 must be from 64 to 32768");
    experiment("35, 35", "35, 51", "my.toml:16: `limb_bits[1]` = 51 must be from 2 to 50");
    network("= 3\n", "= 3\nweight_bits = 9\n", "my.toml:11: `weight_bits` = 9 must be from 2 to 8");
    network(
        "[1, 2, 1]",
        "[1, 200, 1]",
        "my.toml:15: `kernel[0][1]` = 200 must be from -127 to 127",
    );
}

#[test]
fn words() {
    experiment(
        "\"hadamard\"",
        "\"hadamrd\"",
        "my.toml:2: unknown algorithm \"hadamrd\"; the nearest is \"hadamard\" (all: conventional, padded, hadamard, hadamard-fused, coefficient, interleaved, any)",
    );
    experiment(
        "\"lazy\"",
        "\"Lazy\\n\"",
        "my.toml:3: unknown reduction \"Lazy\\n\"; the nearest is \"lazy\" (all: eager, lazy)",
    );
    network(
        "= 3\n",
        "= 3\nimage = \"dog\"\n",
        "my.toml:11: unknown image \"dog\"; the nearest is \"cat-224\" (all: cat-224)",
    );
}

#[test]
fn names() {
    network(
        "\"mine\"",
        "\"mine/too\"",
        "my.toml:2: `name` = \"mine/too\" must be letters, digits, `-`, `_` and `.` only, and no file name",
    );
    network(
        "\"first\"",
        "\"first.toml\"",
        "my.toml:5: `name` = \"first.toml\" must be letters, digits, `-`, `_` and `.` only, and no file name",
    );
    let twice =
        "my.toml:6: layer name \"a\" is already used on line 2; names in a network must differ";
    let layer = |_| "[[layer]]\nname = \"a\"\nin_channels = 1\nout_channels = 1\nheight = 8\nwidth = 8\nkernel = 3\n";
    let text = format!("schema = 1\n{}", (0..2).map(layer).collect::<String>());
    assert_eq!(message(&text, "", ""), twice.replace(":6", ":10"));
    let unnamed = check_text(PARAMS, "my params.toml").expect_err("no name").to_string();
    assert!(unnamed.starts_with("my params.toml:2: `name` = \"my params\" must be letters"));
}

#[test]
fn text_that_is_no_toml() {
    experiment(
        "= 13",
        "=",
        "my.toml:10: string values must be quoted, expected literal string, at \"height =\"",
    );
    experiment("height", "width", "my.toml:11: duplicate key, at \"width = 9\"");
    experiment("[layer]", "[layer", "my.toml:7: unclosed table, expected `]`, at \"[layer\"");
    experiment(
        "\"lazy\"",
        "\"lazy",
        "my.toml:3: invalid basic string, expected `\"`, at \"reduction = \\\"lazy\"",
    );
}

#[test]
fn files_that_cannot_be_read() {
    let path = std::path::Path::new("/no/such/file.toml");
    let error = Experiment::read(path).expect_err("no file").to_string();
    assert!(error.starts_with("cannot read /no/such/file.toml: No such file"), "{error}");
}

#[test]
fn any_damage_is_told_in_one_line() {
    for text in [EXPERIMENT, NETWORK, PARAMS] {
        for (i, _) in text.char_indices() {
            for insert in ["", "[", "\"", "\n", "-", "9", "\u{7}", "é"] {
                let damaged = format!("{}{insert}{}", &text[..i], &text[i + 1..]);
                let Err(error) = check_text(&damaged, "my.toml") else { continue };
                let message = error.to_string();
                assert!(message.starts_with("my.toml:"), "{message}");
                assert!(!message.contains(char::is_control), "{message:?}");
            }
        }
    }
}
