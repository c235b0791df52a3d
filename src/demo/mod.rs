//! `edgemint demo`: a web app, edgemint and the edge on three hosts of one machine.

pub mod app;
mod audio;
mod library;
mod ports;

pub use library::{Episode, PROTECTED, write};
pub use ports::{Listeners, PortError, Ports};
