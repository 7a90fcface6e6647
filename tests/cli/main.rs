//! The program as its users meet it: every test starts the `heconv` binary and looks at its exit
//! code, its two streams and the files it writes.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod bench;
#[path = "../../src/network/onnx/tests/build.rs"]
mod builder;
mod data;
mod ends;
mod exports;
mod lists;
mod memory;
mod mistakes;
mod models;
mod network;
mod runs;
mod support;
mod sweep;
mod trained;
mod tune;
mod verdicts;
