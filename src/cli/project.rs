//! From the command line's flags to a project: its Dockerfile, its scanned contexts, its options.
//!
//! One place for all commands that read a folder and a Dockerfile.
