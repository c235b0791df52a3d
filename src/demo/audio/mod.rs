//! Several minutes of quiet generated music, as WAV: nothing to download, nothing to license, and a
//! byte offset is a time, so that a seek can be drawn exactly.

mod score;
mod synth;
mod wav;

pub use score::Piece;
pub use wav::{HEADER_BYTES, SAMPLE_RATE};
