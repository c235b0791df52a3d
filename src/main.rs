//! The `edgemint` binary.
fn main() {}
