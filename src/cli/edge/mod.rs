mod command;
mod control;
mod trust;

pub use command::{EdgeArgs, run};
