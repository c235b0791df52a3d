//! `edgemint trace`: for whom leaked cookies were minted.

mod command;
mod leaked;
mod report;
mod search;

pub(super) use command::{TraceArgs, run};
