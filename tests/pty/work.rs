//! What the explorer is for: runs, comparisons, exports.

use std::fs;
use std::time::Duration;

use crate::support::{Place, Setup, Terminal, alone, shared};

/// The demo run from the first frame to the shell.
fn demo(size: (u16, u16)) {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup { size, ..Setup::new(&place) }.open();
    terminal.wait_for("a hint", |screen| {
        screen.contains("Press Enter") && screen.contains("Enter run")
    });
    terminal.is_taken();
    terminal.run();
    terminal.wait_for_text("bits left");
    terminal.quit();
}

#[test]
fn the_demo_runs_on_a_small_terminal() {
    demo((80, 24));
}

#[test]
fn the_demo_runs_on_a_large_terminal() {
    demo((120, 40));
}

/// Chooses a large layer and a slow algorithm, and starts the run.
pub fn start_large_run(terminal: &mut Terminal) {
    terminal.send_for("/", "layers whose name contains");
    terminal.answer("bench/c512-7-k3");
    terminal.wait_for_text("512 to 512 channels");
    terminal.send("\t");
    terminal.send("jjjjjj");
    terminal.send_for("i", "Enter takes the value");
    terminal.answer("conventional");
    terminal.wait_for_text("conventional   lazy");
    terminal.send_for("\r", "running");
}

#[test]
fn a_large_run_is_cancelled_at_once() {
    let _turn = alone();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    start_large_run(&mut terminal);
    terminal.wait_for("progress", |screen| screen.contains("s left"));
    let took = terminal.send_for("c", "cancelled");
    eprintln!("cancelled after {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(terminal.screen().contains("idle"), "{}", terminal.screen());
    // The explorer goes on.
    terminal.send_for("\r", "running");
    terminal.send_for("c", "cancelled");
    terminal.quit();
}

#[test]
fn the_best_parameters_are_found_and_run() {
    let _turn = alone();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    // A small layer, so that the runs take little time.
    terminal.send_for("/", "layers whose name contains");
    terminal.answer("bench/c16-32-k3");
    terminal.wait_for_text("16 to 16 channels");
    terminal.send_for("o", "minimise");
    terminal.send_for("\r", "optimise: ");
    terminal.wait_for_text("optimised for the least total");
    let screen = terminal.screen();
    for words in ["measured: server", "predicted front", "which wins where"] {
        assert!(screen.contains(words), "{words:?} in\n{screen}");
    }
    terminal.send_for("\u{1b}", "exact");
    terminal.send_for("u", "Press Enter");
    // Another search is cancelled at once.
    terminal.send_for("o", "minimise");
    terminal.send_for("\r", "optimise: search");
    terminal.send_for("c", "optimisation cancelled");
    terminal.quit();
}

#[test]
fn a_sweep_is_predicted_and_written() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.send_for("3", "points   ");
    terminal.wait_for_text("predicted");
    terminal.send_for("d", "nothing is run");
    terminal.send_for("\r", "points predicted");
    assert!(terminal.screen().contains("idle"), "{}", terminal.screen());
    terminal.send_for("e", "export the points to");
    terminal.answer("rows.md");
    terminal.wait_for_text("exported to rows.md");
    let table = fs::read_to_string(place.path("rows.md")).expect("a table");
    assert!(table.contains("hadamard-fused"), "{table}");
    terminal.quit();
}

/// What has no room is said, and all else goes on.
#[test]
#[cfg(target_os = "linux")]
fn layers_without_room_are_told_and_others_run() {
    let _turn = shared();
    let place = Place::new();
    let networks = place.path("config/heconv/networks");
    fs::create_dir_all(&networks).expect("created");
    let layer = "schema = 1\nname = \"zbig\"\n\n[[layer]]\nname = \"fc\"\nin_channels = 65536\n\
                 out_channels = 65536\nheight = 1\nwidth = 1\nkernel = 1\n";
    fs::write(networks.join("zbig.toml"), layer).expect("written");
    let variables = &[("LIMIT", "400000")];
    let mut terminal = Setup { variables, ..Setup::new(&place) }.open();
    terminal.send_for("/", "layers whose name contains");
    terminal.answer("zbig/fc");
    terminal.wait_for_text("a prediction of layer zbig/fc needs 4.00 GiB");
    terminal.send_for("\r", "the run needs");
    terminal.close("the run needs");
    // The search for the best parameters, the points of a sweep, and another layer.
    terminal.send_for("o", "minimise");
    terminal.send_for("\r", "any key closes");
    terminal.close("any key closes");
    terminal.send_for("3", "waiting");
    terminal.send_for("1", "noise budget");
    terminal.send_for("/", "layers whose name contains");
    terminal.answer("bench/c16-32-k3");
    terminal.wait_for_text("16 to 16 channels");
    terminal.run();
    terminal.quit();
}

#[test]
fn two_runs_compare() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.run();
    terminal.send_for("b", "running");
    terminal.finish();
    terminal.send_for("2", "runs   2");
    // The newest is at the top and the baseline; the other one is held against it.
    terminal.send_for("j", "less storage");
    let screen = terminal.screen();
    for words in ["hadamard-fused", "conventional lazy", "demo/photo", "less storage"] {
        assert!(screen.contains(words), "{words:?} in\n{screen}");
    }
    let is_ratio = |word: &str| word.strip_suffix('x').is_some_and(|n| n.parse::<f64>().is_ok());
    assert!(screen.split_whitespace().any(is_ratio), "{screen}");
    terminal.quit();
}

#[test]
fn an_export_repeats_the_run_and_replaces_nothing_unasked() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.run();
    let export = |terminal: &mut Terminal, answer: &str| {
        terminal.send_for("e", "export the experiment to");
        terminal.answer("mine.toml");
        terminal.wait_for_text(answer);
    };
    export(&mut terminal, "exported to mine.toml");
    let path = place.path("mine.toml");
    let first = fs::read_to_string(&path).expect("a file");
    assert!(first.contains("hadamard-fused"), "{first}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let checked = place.heconv(&["check", "mine.toml"]);
    assert!(checked.status.success(), "{}", text(checked.stderr));
    let repeated = place.heconv(&["run", "mine.toml"]);
    assert!(repeated.status.success(), "{}", text(repeated.stderr));
    assert!(text(repeated.stdout).contains("exact"));
    // What is there is kept, unless the answer is yes.
    fs::write(&path, "precious").expect("written");
    export(&mut terminal, "is there already");
    terminal.send_for("\x1b", "not exported");
    assert_eq!(fs::read_to_string(&path).expect("a file"), "precious");
    export(&mut terminal, "is there already");
    terminal.send_for("y", "exported to mine.toml");
    let second = fs::read_to_string(&path).expect("a file");
    assert_eq!(second, first);
    terminal.quit();
}

#[test]
fn runs_are_remembered() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.send_for("2", "no runs yet");
    terminal.send_for("1", "noise budget");
    terminal.run();
    terminal.quit();
    drop(terminal);
    let mut terminal = Setup::new(&place).open();
    terminal.send_for("2", "runs   1");
    let screen = terminal.screen();
    assert!(screen.contains("demo/photo") && screen.contains("hadamard-fused"), "{screen}");
    terminal.quit();
}

#[test]
fn a_panic_of_the_worker_is_an_error_on_the_screen() {
    let _turn = shared();
    let place = Place::new();
    let variables = &[("HECONV_TEST_PANIC", "multiply")];
    let mut terminal = Setup { variables, ..Setup::new(&place) }.open();
    terminal.send_for("\r", "The run panicked");
    assert!(terminal.screen().contains("noise budget"), "{}", terminal.screen());
    terminal.is_taken();
    terminal.send("x");
    terminal.wait_for("the error closed", |screen| !screen.contains("The run panicked"));
    // The explorer goes on, and so does its worker.
    terminal.send_for("\r", "The run panicked");
    terminal.is_taken();
    terminal.close("The run panicked");
    terminal.quit();
    assert!(!String::from_utf8_lossy(&terminal.bytes()).contains("panicked at"));
}

#[test]
fn a_network_runs_and_its_layers_open() {
    let _turn = alone();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.send_for("4", "What does the model make of a digit?");
    terminal.send_for("\r", "as in floats");
    terminal.send("j");
    terminal.send_for("\r", "digits/conv2");
    terminal.quit();
}
