//! Sizes that no machine has room for, limits on memory and on addresses: everything is refused in words
//! or done, and nothing ends in an abort.

use std::process::Command;

use crate::support::{CACHE, Ended, Place, SMALL, ended, heconv};

/// An experiment with a layer of these channels, size and kernel.
fn experiment(place: &Place, name: &str, [inputs, outputs, size, kernel]: [usize; 4]) -> String {
    let text = format!(
        "schema = 1\n\n[layer]\nname = \"{name}\"\nin_channels = {inputs}\nout_channels = {outputs}\n\
         height = {size}\nwidth = {size}\nkernel = {kernel}\npadding = 0\n\n\
         [params]\nring_degree = 4096\nlimb_bits = [36, 26]\nspecial_bits = 44\nplain_bits = 20\n"
    );
    place.file(&format!("{name}.toml"), text)
}

/// Checks that a command was refused in one line that has these words.
fn assert_refused(ended: &Ended, words: &[&str]) {
    assert_eq!((ended.code, ended.err.lines().count()), (Some(2), 1), "{ended:?}");
    assert!(words.iter().all(|word| ended.err.contains(word)), "{words:?} in {ended:?}");
    assert!(ended.err.starts_with("heconv: ") && ended.out.is_empty(), "{ended:?}");
}

/// Four billion weights.
fn huge(place: &Place) -> String {
    experiment(place, "huge", [65536, 65536, 1, 1])
}

/// The program where `ulimit -v` leaves it so many KiB of addresses.
#[cfg(target_os = "linux")]
fn limited(kilobytes: u32, args: &[&str]) -> Ended {
    let mut shell = Command::new("sh");
    shell.env("XDG_CACHE_HOME", CACHE).env("XDG_CONFIG_HOME", "/nonexistent");
    // Of the shell's arguments, $0 is the program.
    shell.args(["-c", &format!("ulimit -v {kilobytes}; exec \"$0\" \"$@\"")]);
    ended({
        shell.arg(assert_cmd::cargo::cargo_bin!("heconv")).args(args);
        shell
    })
}

#[test]
fn a_layer_of_billions_of_weights_is_refused_by_every_command() {
    let place = Place::new();
    let huge = huge(&place);
    for command in ["run", "estimate"] {
        let ended = heconv(&[command, &huge, "--max-memory", "2GiB"]);
        let words = ["needs", "GiB, --max-memory allows 2.00 GiB"];
        assert_refused(&ended, &words);
    }
    // In a network a user has, by sweeps and as a whole.
    let list = "schema = 1\nname = \"list\"\n\n[[layer]]\nname = \"fc\"\nin_channels = 65536\n\
                out_channels = 65536\nheight = 1\nwidth = 1\nkernel = 1\n";
    place.file("config/heconv/networks/list.toml", list);
    let graph = "schema = 1\nname = \"graph\"\ninput = [65536, 1, 1]\n\n[[layer]]\nname = \"fc\"\n\
                 out_channels = 65536\nkernel = 1\n";
    let graph = place.file("graph.toml", graph);
    let configured = |args: &[&str]| {
        let mut command = crate::support::command(args);
        command.env("XDG_CONFIG_HOME", place.path("config"));
        ended(command)
    };
    let tuned = configured(&["tune", "--layer", "list/fc", "--max-memory", "2GiB"]);
    assert_refused(&tuned, &["needs", "GiB, --max-memory allows 2.00 GiB"]);
    for extra in [&[][..], &["--predict-only"]] {
        let args = ["sweep", "--layer", "list/fc", "--max-memory", "2GiB"];
        let swept = configured(&[&args[..], extra].concat());
        assert_eq!(swept.code, Some(0), "{swept:?}");
        let refused = swept.out.matches("--max-memory allows 2.00 GiB").count();
        assert_eq!((refused, swept.out.lines().count()), (6, 6), "{swept:?}");
    }
    let network = configured(&["network", &graph, "--max-memory", "2GiB"]);
    assert_refused(&network, &["needs", "--max-memory allows 2.00 GiB"]);
    for args in [&["list"][..], &["check", &huge]] {
        assert_eq!(configured(args).code, Some(0), "{args:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_prediction_keeps_to_its_memory() {
    let place = Place::new();
    // A hundred million weights, of a byte each.
    let large = experiment(&place, "large", [512, 4096, 7, 7]);
    let words = ["a prediction of layer", "needs 98.0 MiB, --max-memory allows 95.4 MiB"];
    assert_refused(&heconv(&["estimate", &large, "--max-memory", "100MB"]), &words);
    // With twice as much it is made, and takes no more.
    let ended = limited(250_000, &["estimate", &large, "--max-memory", "200MB"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn few_addresses_are_enough_or_refused() {
    const KILOBYTES: u32 = 400_000;
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let sweep = [&["sweep", "--threads", "2"], &SMALL[..]].concat();
    let predict = [&sweep[..], &["--predict-only"]].concat();
    for args in [
        &[&["run"], &SMALL[..]].concat()[..],
        &[&["estimate"], &SMALL[..]].concat(),
        &sweep,
        &predict,
        &[&["tune", "--algorithm", "padded"], &SMALL[..]].concat(),
        &["list"],
        &["check", &tiny],
    ] {
        let ended = limited(KILOBYTES, args);
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    }
    let huge = huge(&place);
    for args in [
        &["run", &huge][..],
        &["estimate", &huge],
        &["run", "--layer", "bench/c64-56-k3", "--algorithm", "conventional"],
        // What a user allows, the system need not have.
        &[
            "run",
            "--layer",
            "bench/c64-56-k3",
            "--algorithm",
            "conventional",
            "--max-memory",
            "8GiB",
        ],
    ] {
        let ended = limited(KILOBYTES, args);
        assert_refused(&ended, &["needs", "iB"]);
    }
    let many = limited(KILOBYTES, &["run", "--threads", "4000", "--max-memory", "8GiB"]);
    assert_eq!(many.code, Some(2), "{many:?}");
    assert!(many.err.contains("does not give") && many.err.lines().count() == 1, "{many:?}");
}

/// Strides and kernels of the largest sizes make plans of many phases, and those with the most to say are
/// left out.
#[test]
#[cfg(target_os = "linux")]
fn plans_of_the_largest_strides_stay_small() {
    let place = Place::new();
    let wide = experiment(&place, "wide", [64, 64, 510, 255]);
    let text = std::fs::read_to_string(&wide).expect("a file");
    let wide = place.file("wide.toml", text.replace("kernel = 255", "kernel = 255\nstride = 255"));
    let ended = limited(600_000, &["run", &wide, "--max-memory", "300MB"]);
    assert_refused(&ended, &["the run needs", "--max-memory allows"]);
}

/// Headers that promise more than there is, or than there could be.
#[test]
#[cfg(target_os = "linux")]
fn headers_are_not_believed() {
    let place = Place::new();
    let tiny = place.tiny("tiny.toml", &[]);
    let large = experiment(&place, "large", [512, 4096, 7, 7]);
    let most = usize::MAX / 2;
    let bombs = [
        (&tiny, place.npy("overflow.npy", "<f8", &[most, most, 3, 3], &[0; 64]), "has shape"),
        (&tiny, place.npy("short.npy", "<i8", &[3, 2, 3, 3], &[0; 8]), "but 8 are there"),
        (&large, place.npy("large.npy", "<f8", &[4096, 512, 7, 7], &[0; 64]), "needs"),
    ];
    for (layer, weights, words) in &bombs {
        let ended = limited(400_000, &["run", layer, "--weights", weights]);
        assert_refused(&ended, &[*words]);
    }
    let header =
        br#"{"w":{"dtype":"F32","shape":[3,2,3,3],"data_offsets":[0,18446744073709551615]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    for (name, bytes) in [
        ("offsets.safetensors", [&length[..], header].concat()),
        ("length.safetensors", [&u64::MAX.to_le_bytes()[..], header].concat()),
    ] {
        let weights = place.file(name, bytes);
        let ended = limited(400_000, &["run", &tiny, "--weights", &weights]);
        assert_refused(&ended, &["no .safetensors file that can be read"]);
    }
}
