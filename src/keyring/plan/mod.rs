//! What a rotation does next.

mod forecast;
mod obstacle;
mod record;
mod remote;
mod rules;
mod settings;
mod step;
mod text;
mod view;

pub use forecast::plan;
pub use obstacle::Obstacle;
pub use record::record;
pub use remote::{Remote, RemoteKey, caller_reference};
pub use settings::{ACCOUNT_LIMIT, KEY_GROUP_LIMIT, Settings};
pub use step::{Action, Step};
