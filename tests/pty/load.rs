//! Much input, many sizes, little time.

use std::time::{Duration, Instant};

use crate::support::{Place, Setup, alone, shared};
use crate::work::start_large_run;

#[test]
fn resizing_does_no_harm() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    start_large_run(&mut terminal);
    for i in 0..200_u16 {
        let size = match i % 8 {
            0 => (1, 1),
            1 => (0, 0),
            2 => (300, 100),
            3 => (80, 24),
            4 => (1, 60),
            5 => (200, 1),
            _ => (20 + i % 100, 5 + i % 50),
        };
        terminal.resize(size);
        // Some of them are drawn, others are passed over.
        if i % 10 == 0 {
            std::thread::sleep(Duration::from_millis(15));
        }
    }
    terminal.resize((120, 40));
    let is_whole = |screen: &str| screen.contains("noise budget") && screen.contains("c cancel");
    terminal.wait_for("the whole screen", is_whole);
    terminal.send_for("?", "arrows scroll");
    terminal.close("arrows scroll");
    terminal.send_for("c", "cancelled");
    terminal.quit();
}

#[test]
fn a_long_paste_does_no_harm() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.is_ready();
    let before = terminal.screen();
    let paste = |text: &str| format!("\x1b[200~{}\x1b[201~", text.repeat((1 << 20) / text.len()));
    // Where no text is asked for.
    terminal.send(paste("q\r\n\x03"));
    terminal.is_unchanged(&before);
    // In a prompt: what can be drawn is taken, and not too much of it.
    terminal.send_for("e", "export the experiment to");
    let start = Instant::now();
    terminal.send(paste("qy\r\n\x03\x1b[31m\u{e9}"));
    terminal.wait_for_text("qy[31m\u{e9}qy[31m\u{e9}qy");
    eprintln!("a paste of 1 MB is drawn after {:?}", start.elapsed());
    terminal.send("\x1b");
    terminal.wait_for("the screen as before", |screen| screen == before);
    // In the palette.
    terminal.send_for(":", "type to find");
    terminal.send(paste("zz\r\n"));
    terminal.wait_for_text("zzzzzzzz");
    terminal.send("\x1b");
    terminal.wait_for("the screen as before", |screen| screen == before);
    terminal.quit();
}

#[test]
fn an_unbound_key_changes_nothing() {
    let _turn = shared();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.is_ready();
    let before = terminal.screen();
    // A letter, F9, a control key, a letter with Alt, and no key at all.
    for key in ["Z", "\x1b[20~", "\x18", "\x1bw", "\x1b[99;99Q", "\u{1f980}"] {
        terminal.send(key);
        terminal.is_unchanged(&before);
    }
    terminal.quit();
}

#[test]
#[cfg(target_os = "linux")]
fn idling_costs_nothing() {
    let _turn = alone();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    terminal.is_ready();
    for state in ["at the start", "after a run"] {
        std::thread::sleep(Duration::from_secs(1));
        let before = terminal.processor_time();
        std::thread::sleep(Duration::from_secs(1));
        let spent = terminal.processor_time().saturating_sub(before);
        assert!(before > Duration::ZERO, "the program took time to start");
        eprintln!("a second of idling {state} costs {spent:?}");
        assert!(spent < Duration::from_millis(10), "{spent:?} {state}");
        if state == "at the start" {
            terminal.run();
        }
    }
    terminal.quit();
}

#[test]
fn keys_are_answered_during_a_run() {
    let _turn = alone();
    let place = Place::new();
    let mut terminal = Setup::new(&place).open();
    start_large_run(&mut terminal);
    terminal.wait_for_text("s left");
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let took = terminal.send_for("?", "arrows scroll");
            terminal.close("arrows scroll");
            took
        })
        .collect();
    assert!(terminal.screen().contains("running"), "{}", terminal.screen());
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("a key is answered during a run after {median:?}, at worst {worst:?}");
    // 50 ms are meant; a loaded machine may take longer to get around to it.
    assert!(median < Duration::from_millis(500), "{times:?}");
    assert!(worst < Duration::from_secs(2), "{times:?}");
    terminal.send_for("q", "leave?");
    terminal.quit();
}
