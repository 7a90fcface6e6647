//! The `heconv` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    heconv::cli::main()
}
