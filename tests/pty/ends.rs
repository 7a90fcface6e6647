//! Ways to leave, and to leave for a while.

use std::time::Duration;

use crate::support::{PROGRAM, Place, Setup, alone, shared};
use crate::work::start_large_run;

#[test]
fn signals_end_it_and_leave_the_terminal_as_it_was() {
    let _turn = shared();
    let place = Place::new();
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2), ("QUIT", 3)] {
        let mut terminal = Setup::new(&place).open();
        terminal.kill(signal);
        terminal.ends_with(128 + number);
    }
}

/// By an allocation that fails, or by whoever makes room for others.
#[test]
fn a_death_leaves_the_terminal_as_it_was_too() {
    let _turn = shared();
    let place = Place::new();
    for (signal, number) in [("ABRT", 6), ("KILL", 9)] {
        let mut terminal = Setup::new(&place).open();
        start_large_run(&mut terminal);
        terminal.kill(signal);
        terminal.dies_with(128 + number);
        terminal.wait_for_text("the explorer died");
    }
}

#[test]
fn signals_end_a_run_too() {
    let _turn = alone();
    let place = Place::new();
    for (signal, number) in [("TERM", 15), ("HUP", 1), ("INT", 2)] {
        let mut terminal = Setup::new(&place).open();
        start_large_run(&mut terminal);
        terminal.wait_for_text("s left");
        terminal.kill(signal);
        let took = terminal.ends_with(128 + number);
        eprintln!("{signal} ends a run after {took:?}");
        assert!(took < Duration::from_secs(2), "{signal}: {took:?}");
    }
}

#[test]
fn it_ends_with_its_terminal() {
    let _turn = shared();
    let place = Place::new();
    let status = Setup::new(&place).open_and_vanish();
    assert_eq!((status.exit_code(), status.signal()), (129, None));
}

#[test]
fn control_c_quits() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.send("\x03");
    terminal.ends_with(0);
    drop(terminal);
    // In a prompt, and during a run.
    let mut terminal = Setup::new(&place).open();
    start_large_run(&mut terminal);
    terminal.send_for("e", "export the experiment to");
    terminal.send_for("\x03", "leave?");
    terminal.send("\x03");
    terminal.ends_with(0);
}

#[test]
fn it_stops_and_comes_back() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup { size: (80, 24), ..Setup::new(&place) }.shell();
    terminal.send(format!("sh -c 'echo $$ > pid; exec {PROGRAM}'\r"));
    terminal.is_ready();
    let before = terminal.screen();
    terminal.send("\x1a");
    terminal.is_given_back();
    terminal.is_as_before();
    terminal.send("fg\r");
    terminal.is_taken();
    terminal.wait_for("the same screen", |screen| screen == before);
    terminal.is_unchanged(&before);
    // Stopped from outside it leaves the terminal just as well.
    terminal.kill("TSTP");
    terminal.is_given_back();
    terminal.is_as_before();
    terminal.send("fg\r");
    terminal.is_taken();
    terminal.wait_for("the same screen", |screen| screen == before);
    terminal.send("q");
    terminal.is_given_back();
    terminal.send_for("echo code=$?.\r", "code=0.");
    terminal.is_as_before();
    terminal.send("exit\r");
}
