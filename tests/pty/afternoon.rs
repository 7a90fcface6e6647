//! An afternoon in the explorer: what is done stays, what is brought is taken, what is asked is told.
//! Each at the size of a small, a usual and a large terminal.

use std::fs;
use std::time::Duration;

use crate::support::{Place, Setup, Terminal, alone, shared};
use crate::work::start_large_run;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// A layer of one's own, and parameters that suit it.
const EXPERIMENT: &str = "schema = 1\nalgorithm = \"hadamard-fused\"\nreduction = \"lazy\"\nthreads = 1\n\
    [layer]\nname = \"own/mine\"\nin_channels = 3\nout_channels = 6\nheight = 20\nwidth = 24\nkernel = 3\n\
    [params]\nring_degree = 4096\nlimb_bits = [36, 26]\nspecial_bits = 44\nplain_bits = 20\n";

/// Does a command by its name, with what follows it.
fn command(terminal: &mut Terminal, text: &str, told: &str) {
    terminal.send_for(":", "type to find");
    terminal.send(text);
    let typed = format!("> {text}");
    terminal.wait_for("what is typed", |screen| screen.contains(&typed));
    terminal.send("\r");
    // It may take more than a line.
    terminal.wait_for(told, |screen| {
        screen.split_whitespace().collect::<Vec<_>>().join(" ").contains(told)
    });
}

#[test]
fn nothing_is_lost() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        let mut terminal = Setup { size, ..Setup::new(&place) }.open();
        terminal.run();
        terminal.send_for("t", "theme light");
        terminal.send_for("3", "points   ");
        terminal.wait_for_text("predicted");
        terminal.send_for("a", "points   5");
        terminal.send_for("d", "nothing is run");
        terminal.send_for("\r", "5 points predicted");
        terminal.send_for("2", "runs   1");
        terminal.send_for("P", "pinned baseline");
        terminal.quit();
        drop(terminal);
        // All of that is there again, Compare first.
        let mut terminal = Setup { size, ..Setup::new(&place) }.open_at("runs   1");
        terminal.wait_for_text("pinned baseline");
        terminal.send_for("3", "5 points predicted");
        terminal.send_for("1", "exact  ");
        terminal.send_for("t", "theme high-contrast");
        // Leaving asks while something runs.
        start_large_run(&mut terminal);
        terminal.send_for("q", "leave?");
        terminal.send("x");
        terminal.wait_for("it stays", |screen| !screen.contains("leave?"));
        terminal.send_for("?", "arrows scroll");
        terminal.send("q");
        terminal.wait_for("help closed", |screen| !screen.contains("arrows scroll"));
        terminal.send_for("q", "leave?");
        terminal.quit();
    }
}

#[test]
fn a_broken_state_is_kept_aside() {
    let _turn = shared();
    let place = Place::new();
    let state = place.path("state/heconv");
    fs::create_dir_all(&state).expect("made");
    fs::write(state.join("explorer.json"), "{\"schema\":1,\"state\":{\"field\":\"no\"}}")
        .expect("written");
    fs::write(state.join("sweep.json"), "no JSON").expect("written");
    let mut terminal = Setup::new(&place).open();
    terminal.wait_for_text("kept as");
    terminal.run();
    terminal.quit();
    for name in ["explorer.json.broken", "sweep.json.broken", "explorer.json"] {
        assert!(state.join(name).exists(), "{name}");
    }
}

#[test]
fn one_brings_ones_own() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        fs::write(place.path("mine.toml"), EXPERIMENT).expect("written");
        let mut terminal = Setup { size, ..Setup::new(&place) }.open();
        // By its name half typed.
        terminal.send_for("\x0f", "Tab completes");
        terminal.send("mi\t");
        terminal.wait_for_text("mine.toml");
        terminal.send_for("\r", "opened mine.toml: an experiment on own/mine");
        terminal.wait_for_text("own/mine   3 to 6 channels, 20x24");
        command(&mut terminal, "save weights w.npy", "exported to w.npy");
        command(&mut terminal, "open w.npy", "opened w.npy: weights of own/mine");
        terminal.run();
        command(&mut terminal, "save output y.png", "exported to y.png");
        command(&mut terminal, "open y.png", "opened y.png: the input of own/mine");
        terminal.run();
        // What cannot be is told with what would be right.
        command(&mut terminal, "open mien.toml", "the nearest is mine.toml");
        command(&mut terminal, "open w.npz", "the nearest is w.npy");
        terminal.quit();
        drop(terminal);
        let mut terminal = Setup { size, ..Setup::new(&place) }.open_at("own/mine");
        terminal.wait_for_text("exact  ");
        terminal.quit();
    }
}

#[test]
fn it_opens_on_what_is_named() {
    let _turn = shared();
    let place = Place::new();
    fs::write(place.path("mine.toml"), EXPERIMENT).expect("written");
    let mut terminal = Setup { args: &["mine.toml"], ..Setup::new(&place) }.open();
    terminal.wait_for_text("own/mine   3 to 6 channels");
    terminal.quit();
    drop(terminal);
    let args = &["--layer", "c16-32-k3", "--params", "8192:40,40,40|45:20"];
    let mut terminal = Setup { args, ..Setup::new(&place) }.open();
    terminal.wait_for_text("bench/c16-32-k3   16 to 16 channels");
    terminal.wait_for_text("N 8192");
    terminal.quit();
    // A model to its answer, and the same again at the next start.
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits/digits.onnx");
    let digit = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/digits/digit.png");
    fs::copy(model, place.path("mine.onnx")).expect("copied");
    let mut terminal = Setup { args: &["mine.onnx"], ..Setup::new(&place) }.open_at("mine.onnx");
    terminal.wait_for_text("mine.onnx: 4 layers, on the photograph");
    command(&mut terminal, &format!("open {digit}"), "on digit.png");
    terminal.send_for("\r", "as in floats");
    terminal.wait_for_text("class 2");
    terminal.quit();
    drop(terminal);
    let mut terminal = Setup::new(&place).open_at("mine.onnx");
    terminal.wait_for_text("as in floats");
    terminal.quit();
    // Without a terminal, and where there is no such file.
    for (args, part) in [
        (vec!["mine.toml"], "heconv run"),
        (vec!["rnu"], "the nearest subcommand is 'run'"),
        (vec!["--layer", "c16-32-k4"], "heconv run"),
    ] {
        let output = place.heconv(&args);
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(part) && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_form_makes_a_layer() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        let mut terminal = Setup { size, ..Setup::new(&place) }.open();
        // The 18th field is the channels in.
        terminal.send("\t");
        terminal.send("j".repeat(17));
        terminal.send_for("i", "channels in");
        terminal.answer("5");
        terminal.wait_for_text("own/c5-8-224-k3");
        terminal.send("jj");
        terminal.send_for("i", "plane");
        terminal.answer("12x14");
        terminal.wait_for_text("own/c5-8-12x14-k3   5 to 8 channels, 12x14");
        terminal.send("j");
        terminal.send_for("i", "kernel");
        terminal.answer("3x3x3");
        terminal.wait_for_text("nothing like 28 or 28x32");
        terminal.run();
        terminal.quit();
    }
}

#[test]
fn runs_are_compared_noted_and_deleted() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        let mut terminal = Setup { size, ..Setup::new(&place) }.open();
        terminal.run();
        terminal.send_for("b", "running");
        terminal.finish();
        terminal.send_for("2", "runs   2");
        let headings = ["server ms", "total ms", "bits left", "sent"];
        terminal.wait_for("figures", |screen| headings.iter().all(|name| screen.contains(name)));
        if size.0 < 200 {
            terminal.send("\x1b[C".repeat(13));
        }
        terminal.wait_for_text("machine");
        terminal.send("\x1b[D".repeat(14));
        terminal.wait_for_text("method");
        terminal.send_for("v", "server ms");
        terminal.send("g");
        terminal.send_for("n", "note of run 2");
        terminal.send_for("by hand", "by hand");
        terminal.send("\r");
        terminal.wait_for("the note", |screen| {
            screen.contains("by hand") && !screen.contains("note of run")
        });
        terminal.send("G");
        terminal.send_for("d", "run 1 is deleted for good");
        terminal.send_for("y", "runs   1");
        terminal.quit();
        drop(terminal);
        let mut terminal = Setup { size, ..Setup::new(&place) }.open_at("runs   1");
        terminal.wait_for_text("by hand");
        terminal.quit();
    }
}

#[test]
fn help_and_figures_tell_what_they_mean() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        let mut terminal = Setup { size, ..Setup::new(&place) }.open();
        terminal.is_ready();
        terminal.send_for("2", "no runs yet");
        terminal.send_for("?", "arrows scroll");
        terminal.wait_for("its own keys first", |screen| {
            let at = |word: &str| screen.find(word);
            at("compare").is_some_and(|first| at("explore ").is_none_or(|other| first < other))
        });
        terminal.send_for("/", "shows all");
        terminal.send_for("baby", "rotations of inputs that spare");
        terminal.send("\x1b");
        terminal.wait_for_text("arrows scroll");
        terminal.close("arrows scroll");
        terminal.send_for("1", "noise budget");
        // Tab to the figures, and Enter on one.
        terminal.send("\t\tjj");
        terminal.send_for("\r", "moved by");
        terminal.send_for("\x1b[B", "final   arrows");
        terminal.close("moved by");
        terminal.quit();
    }
}

/// A click at a column and a row, counted from 1.
fn click(terminal: &mut Terminal, column: u16, row: u16) {
    terminal.send(format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
}

#[test]
fn hands_find_what_they_expect() {
    let _turn = shared();
    for size in SIZES {
        let place = Place::new();
        let config = place.path("config/heconv");
        fs::create_dir_all(&config).expect("made");
        fs::write(config.join("config.toml"), "schema = 1\nmouse = true\n").expect("written");
        let args = &["--layer", "bench/c16-32-k3"];
        let mut terminal = Setup { size, args, ..Setup::new(&place) }.open();
        terminal.is_ready();
        // A panel alone, and back.
        terminal.send("z");
        terminal.wait_for("the panel alone", |screen| !screen.contains("noise budget"));
        terminal.send_for("z", "noise budget");
        // A form is kept by a name.
        terminal.send_for("B", "keep the form as");
        terminal.answer("small");
        terminal.wait_for_text("small is kept");
        terminal.send_for("'", "d deletes, Esc closes");
        terminal.close("d deletes, Esc closes");
        terminal.run();
        terminal.send_for("2", "runs   1");
        terminal.send_for("V", "this session: 1 run");
        // To the sweep by a click on its name.
        click(&mut terminal, 33, 1);
        terminal.wait_for_text("points   ");
        terminal.send_for("i", "sweep over ranges");
        terminal.answer("t bits 14..24; limb bits 20..49; threads 1 2 3");
        terminal.wait_for_text("points   990");
        terminal.send_for("d", "predicted only");
        terminal.send_for("\r", "990 points predicted");
        terminal.wait_for("predictions of all", |screen| !screen.contains("waiting"));
        terminal.send("G");
        terminal.wait_for_text("point 990");
        terminal.wait_for("predictions of all", |screen| !screen.contains("waiting"));
        // The wheel is three rows.
        terminal.send("\x1b[<64;10;12M");
        terminal.wait_for_text("point 987");
        terminal.send_for("e", "export the points to");
        terminal.answer("rows.csv");
        terminal.wait_for_text("exported to rows.csv");
        let rows = fs::read_to_string(place.path("rows.csv")).expect("a table");
        assert_eq!(rows.lines().count(), 991);
        terminal.send_for("1", "noise budget");
        terminal.quit();
    }
}

/// A thousand points are as easy to walk over as ten.
#[test]
fn many_points_are_walked_over_smoothly() {
    let _turn = alone();
    let place = Place::new();
    let args = &["--layer", "bench/c16-32-k3"];
    let mut terminal = Setup { args, ..Setup::new(&place) }.open();
    terminal.send_for("3", "points   ");
    terminal.send_for("i", "sweep over ranges");
    terminal.answer("t bits 14..24; limb bits 20..49; threads 1 2 3");
    terminal.wait_for_text("points   990");
    terminal.send_for("d", "predicted only");
    terminal.send_for("\r", "990 points predicted");
    let mut times: Vec<Duration> =
        (2..22).map(|point| terminal.send_for("j", &format!("point {point} "))).collect();
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("a row of a thousand is reached after {median:?}, at worst {worst:?}");
    // 50 ms are meant; a loaded machine may take longer to get around to it.
    assert!(median < Duration::from_millis(500), "{times:?}");
    terminal.quit();
}
