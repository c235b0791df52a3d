//! Wrong deployments: each mistake of deploy/OPERATIONS.md is made, and what comes out is what the chapter shows.

mod chapter;
mod clock;
mod configuration;
mod deployment;
mod edge;
mod keys;
mod recipes;
mod rotation;
mod secrets;
mod serving;
mod store;
