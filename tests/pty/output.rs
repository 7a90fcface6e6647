//! Which bytes come out where.

use crate::support::{PROGRAM, Place, Setup, Terminal, shared};

#[test]
fn without_a_terminal_it_is_the_demo_run() {
    let _turn = shared();
    let place = Place::new();
    let output = place.heconv(&[]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.contains("exact") && !out.contains('\x1b'), "{out}");
    assert!(err.lines().count() == 1 && err.contains("heconv run"), "{err}");
}

#[test]
fn a_dumb_terminal_gets_the_demo_run() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup { variables: &[("TERM", "dumb")], ..Setup::new(&place) }.shell();
    terminal.send(format!("{PROGRAM}\n"));
    terminal.wait_for_text("TERM=dumb");
}

/// Broken files of the user are told in a line of the explorer, which opens all the same.
#[test]
fn broken_files_are_a_notice() {
    let _turn = shared();
    let place = Place::new();
    let write = |name: &str, text: &str| {
        let path = place.path("config/heconv").join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, text).expect("written");
    };
    write("networks/broken.toml", "schema = 1\n[[layer]]\nname = \"x\"\n");
    write("themes/odd.toml", "schema = 1\ntext = 3\n");
    write("config.toml", "schema = 1\nascii = 3\n");
    let mut terminal = Setup::new(&place).open();
    terminal.wait_for_text("networks/broken.toml:2: missing key");
    terminal.wait_for_text("(and 2 more)");
    terminal.run();
    terminal.quit();
}

/// Every screen and panel, a run and an export.
fn tour(terminal: &mut Terminal) {
    terminal.run();
    terminal.send_for("?", "arrows scroll");
    terminal.send_for("G", "every output value");
    terminal.close("arrows scroll");
    terminal.send_for(":", "type to find");
    terminal.close("type to find");
    terminal.send_for("b", "running");
    terminal.finish();
    terminal.send_for("2", "runs   2");
    terminal.send_for("ss", "runs   2");
    terminal.send_for("P", "runs   2");
    terminal.send_for("1", "noise budget");
    for _ in 0..4 {
        terminal.send_for("t", "theme ");
    }
    terminal.quit();
}

/// The parameters of every sequence that sets colours and attributes.
fn attributes(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let mut all = Vec::new();
    for piece in text.split("\x1b[").skip(1) {
        let digits = piece.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'));
        if let Some(end) = digits.filter(|end| piece[*end..].starts_with('m')) {
            all.extend(piece[..end].split([';', ':']).map(|n| n.parse::<u16>().unwrap_or(0)));
        }
    }
    all
}

/// Whether a parameter asks for a colour; 39, 49 and 59 ask for none.
const fn is_colour(parameter: u16) -> bool {
    matches!(parameter, 30..=38 | 40..=48 | 58 | 90..=107)
}

#[test]
fn no_color_is_heeded() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup { variables: &[("NO_COLOR", "1")], ..Setup::new(&place) }.open();
    tour(&mut terminal);
    let found = attributes(&terminal.bytes());
    assert!(!found.iter().copied().any(is_colour), "{found:?}");
}

#[test]
fn there_are_colours_otherwise() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.quit();
    assert!(attributes(&terminal.bytes()).iter().copied().any(is_colour));
}

#[test]
fn ascii_alone_is_written_where_asked_for() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup { args: &["--ascii"], ..Setup::new(&place) }.open();
    tour(&mut terminal);
    let bytes = terminal.bytes();
    let beyond = bytes.iter().position(|byte| *byte > 0x7f);
    let around = beyond.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(80)..at + 8]));
    assert!(around.is_none(), "{around:?}");
}
