//! `player.js`: what a page needs to keep its cookies fresh. The folder is an npm package as well.

mod script;

pub use script::{SCRIPT, hash, path};
