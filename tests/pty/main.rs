//! The explorer as its users meet it: every test drives the `heconv` binary in a pseudo terminal
//! and looks at the screen.
#![cfg(unix)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod afternoon;
mod ends;
mod load;
mod output;
mod support;
mod work;
