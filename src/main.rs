//! Parses the command line and calls the library; see `lib.rs` for the map.

use std::process::ExitCode;

/// A replay hands many small values from thread to thread, which the C library's allocator is slow at: the walk of
/// `benches/replay.rs` took a third longer with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    layerlab::cli::main()
}
