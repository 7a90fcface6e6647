mod builtin;
mod export;
mod forms;
mod graphs;
mod libraries;
mod mistakes;
mod nonsense;
mod not_yet;
mod sweep;
mod user;

use super::check::check_text;

/// An experiment with everything in place.
const EXPERIMENT: &str = r#"schema = 1
algorithm = "hadamard"
reduction = "lazy"
threads = 2
seed = 7

[layer]
in_channels = 24
out_channels = 2
height = 13
width = 9
kernel = 5

[params]
ring_degree = 4096
limb_bits = [35, 35]
special_bits = 36
plain_bits = 20
"#;

const NETWORK: &str = r#"schema = 1
name = "mine"

[[layer]]
name = "first"
in_channels = 1
out_channels = 1
height = 8
width = 8
kernel = 3

[[layer.filter]]
name = "blur"
kernel = [
  [1, 2, 1],
  [2, 4, 2],
  [1, 2, 1],
]
"#;

const PARAMS: &str = "schema = 1
[params]
ring_degree = 4096
limb_bits = [35, 35]
special_bits = 36
plain_bits = 20
";

/// The message for `text` in which `from` is replaced by `to`.
fn message(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the text");
    let error = check_text(&text.replacen(from, to, 1), "my.toml").expect_err("must be refused");
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// Asserts the message for the experiment in which `from` is replaced by `to`.
#[track_caller]
fn experiment(from: &str, to: &str, expected: &str) {
    assert_eq!(message(EXPERIMENT, from, to), expected);
}

/// As [`experiment`], for the network.
#[track_caller]
fn network(from: &str, to: &str, expected: &str) {
    assert_eq!(message(NETWORK, from, to), expected);
}

/// As [`experiment`], for the parameter set.
#[track_caller]
fn params(from: &str, to: &str, expected: &str) {
    assert_eq!(message(PARAMS, from, to), expected);
}
