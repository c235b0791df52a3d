mod behind;
mod double;
mod normal_form;
mod place;
mod secret;
mod stage;

pub use behind::behind;
pub use double::Double;
pub use normal_form::normal_form;
pub use place::{Place, Ran, wait_for};
pub use secret::SecretsManager;
pub use stage::{OLD, Stage, Start};
