//! `edgemint demo`: a web app, edgemint and the edge on three hosts of one machine.

mod app;
mod assembly;
mod audio;
mod cloud;
mod edgemint;
mod library;
mod media_bytes;
mod ports;
mod rotation;

pub use app::Places;
pub use assembly::{Demo, DemoError};
pub use cloud::CloudError;
pub use edgemint::SetUpError;
pub use ports::{PortError, Ports};
