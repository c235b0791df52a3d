//! Everything that goes wrong around a rotation, one test each: what signs goes on signing, and once the trouble is
//! over the same end is reached.

mod clock;
mod cloudfront;
mod disk;
mod edge;
mod rivals;
mod room;
mod streams;
