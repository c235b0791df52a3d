//! `edgemint demo`: a web app, edgemint and the edge on three hosts of one machine.

pub mod app;
pub mod audio;
mod library;

pub use library::{Episode, PROTECTED, write};
