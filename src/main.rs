//! Parses the command line and calls the library; see `lib.rs` for the map.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerlab::cli::main()
}
