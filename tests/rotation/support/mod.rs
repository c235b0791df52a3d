mod audience;
mod behind;
mod canaries;
mod double;
mod normal_form;
mod place;
mod secret;
mod servers;
mod stage;

pub use audience::{Audience, Heard};
pub use behind::behind;
pub use canaries::OtherCanary;
pub use double::Double;
pub use normal_form::normal_form;
pub use place::{Place, Ran, wait_for};
pub use secret::SecretsManager;
pub use servers::Server;
pub use stage::{OLD, Stage, Start};
