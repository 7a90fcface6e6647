//! What other tools know and heconv does not take yet, in words that say what to write today.

use super::message;

const LAYER: &str = "schema = 1\nname = \"t\"\ninput = [3, 16, 16]\n[[layer]]\nname = \"a\"\nout_channels = 4\nkernel = 3\n";

/// Asserts the message for a network of one layer with these lines, of which the last is wrong.
#[track_caller]
fn refused(lines: &str, expected: &str) {
    let text = format!("{LAYER}{lines}\n");
    let line = text.lines().count();
    assert_eq!(message(&text, "", ""), format!("my.toml:{line}: {expected}"));
}

/// As [`refused`], for a layer in which `kernel = 3` is replaced, on line `line`.
#[track_caller]
fn shape(lines: &str, line: usize, expected: &str) {
    assert_eq!(message(LAYER, "kernel = 3", lines), format!("my.toml:{line}: {expected}"));
}

const LINEAR: &str = "a layer is a convolution, or with `kind = \"dense\"` and `out_channels` one that takes all values of what it takes";

#[test]
fn keys_of_other_tools() {
    refused(
        "dilation = 2",
        "`dilation` is not taken yet; leave it out: neighbouring taps are 1 apart",
    );
    refused(
        "padding_mode = 'reflect'",
        "`padding_mode` is not taken yet; leave it out: padding is with zeros",
    );
    refused("type = \"linear\"", &format!("`type` is not taken yet; {LINEAR}"));
    refused("in_features = 10", &format!("`in_features` is not taken yet; {LINEAR}"));
    refused(
        "ceil_mode = true",
        "`ceil_mode` is not taken yet; write it in a pool: `pool = { kind, kernel, ceil_mode = true }`",
    );
    refused(
        "pool = { kind = \"max\", kernel = 3, dilation = 2 }",
        "`dilation` is not taken yet; leave it out: windows have no gaps",
    );
    refused(
        "concat = [\"a\"]",
        "`concat` is not taken yet; name the layers in `from`, like `from = [\"a\", \"b\"]`",
    );
}

#[test]
fn values_of_other_tools() {
    for word in ["SiLU", "gelu", "HardSwish"] {
        let expected = format!(
            "`activation` = {word:?} is not taken yet; write \"relu\", \"relu6\", \"leaky\", \"square\" or \"none\""
        );
        refused(&format!("activation = \"{word}\""), &expected);
    }
    refused(
        "padding = \"same\"",
        "`padding` = \"same\" is not taken yet; leave it out for half the kernel on each side, which is \"same\" at stride 1, or write a number, 0 for \"valid\"",
    );
    refused(
        "stride = [1, 2]",
        "`stride` of two sizes is not taken yet; write one number for both directions",
    );
}

#[test]
fn shapes_of_other_tools() {
    let even = |k| {
        format!(
            "kernel = [{k}, {k}] must be odd in both directions; even sizes are not taken yet: make it one larger, with weights of zero there"
        )
    };
    shape("kernel = 2", 7, &even(2));
    shape("kernel = 4\nstride = 4\npadding = 0", 7, &even(4));
    shape(
        "kernel = 1\npadding = 1",
        8,
        "padding top = 1 must be smaller than the kernel (1); more is not taken yet",
    );
}

/// A layer that is no part of a network that runs says the same.
#[test]
fn layers_alone_are_told_too() {
    super::experiment(
        "kernel = 5",
        "kernel = 5\ndilation = 2",
        "my.toml:13: `dilation` is not taken yet; leave it out: neighbouring taps are 1 apart",
    );
}
