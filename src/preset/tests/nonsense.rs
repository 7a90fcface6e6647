//! Files in good form that describe what cannot be, with the whole message.

use super::super::Experiment;
use super::{EXPERIMENT, experiment, message, network, params};

#[test]
fn layers_that_are_none() {
    experiment(
        "kernel = 5",
        "kernel = 4",
        "my.toml:12: kernel = [4, 4] must be odd in both directions; even sizes are not taken yet: make it one larger, with weights of zero there",
    );
    experiment(
        "kernel = 5",
        "kernel = [5]",
        "my.toml:12: `kernel` has 1 entries, must be one number or [height, width]",
    );
    experiment(
        "kernel = 5",
        "kernel = 5\npadding = [0, 5, 0, 0]",
        "my.toml:13: padding left = 5 must be smaller than the kernel (5); more is not taken yet",
    );
    experiment(
        "kernel = 5",
        "kernel = 5\ngroups = 7",
        "my.toml:13: groups = 7 must divide in_channels = 24",
    );
    network(
        "schema = 1\n",
        "schema = 1\nlayers = 1\n",
        "my.toml:2: unknown key `layers`; the nearest valid key is `layer`",
    );
    let empty = "my.toml:2: `layer` has 0 entries, must be at least one [[layer]] table";
    assert_eq!(message("schema = 1\nlayer = []\n", "", ""), empty);
}

#[test]
fn filters_that_do_not_fit() {
    network(
        "[2, 4, 2]",
        "[2, 8, 2]",
        "my.toml:14: weight 8 of input channel 0 at kernel row 1, column 1 must be within +-7 (weight_bits)",
    );
    network(
        "name = \"blur\"",
        "name = \"blur\"\nchannels = [-2]",
        "my.toml:15: weight -8 of input channel 0 at kernel row 1, column 1 must be within +-7 (weight_bits)",
    );
    network(
        "name = \"blur\"",
        "name = \"blur\"\nchannels = [1, 1]",
        "my.toml:14: `channels` has 2 entries, must be one per input channel (in_channels = 1)",
    );
    network(
        "[2, 4, 2],\n",
        "",
        "my.toml:14: `kernel` has 2 entries, must be 3 rows, as the layer's kernel",
    );
    network(
        "[2, 4, 2]",
        "[2, 4]",
        "my.toml:16: `kernel[1]` has 2 entries, must be 3 columns, as the layer's kernel",
    );
    network(
        "out_channels = 1",
        "out_channels = 2",
        "my.toml:12: `filter` has 1 entries, must be one per output channel (out_channels = 2)",
    );
    network(
        "name = \"blur\"",
        "name = \"blur\"\nweights = [1]",
        "my.toml:15: `weights` and `kernel` say the same; keep one of them",
    );
}

#[test]
fn parameters_that_are_none() {
    experiment(
        "plain_bits = 20",
        "plain_bits = 20\nplain_modulus = 40961",
        "my.toml:18: `plain_modulus` and `plain_bits` say the same; keep one of them",
    );
    experiment(
        "= 4096",
        "= 5000",
        "my.toml:15: ring_degree 5000 must be a power of two from 64 to 32768",
    );
    experiment("[35, 35]", "[]", "my.toml:16: limbs: 0 given, must be 1 to 24");
    experiment(
        "plain_bits = 20",
        "plain_modulus = 1_000_003",
        "my.toml:18: plaintext modulus 1000003 is not 1 mod 2N = 8192 (it is 579 mod 8192)",
    );
    experiment(
        "plain_bits = 20",
        "plain_bits = 13",
        "my.toml:18: plaintext modulus: no 13-bit prime = 1 mod 8192 is left; the nearest size with one is 16 bits",
    );
    params(
        "[35, 35]",
        "[50, 50]",
        "my.toml:2: insecure: log2(QP) = 136.0 at N = 4096, at most 106.0 for 128 bits by table bossuat2024; `heconv run --insecure` runs it anyway",
    );
    let insecure = EXPERIMENT.replace("[35, 35]", "[50, 50]");
    assert!(Experiment::parse(&insecure, "my.toml").is_ok());
}
