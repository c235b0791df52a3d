mod audience;
mod canaries;
mod double;
mod normal_form;
mod place;
mod servers;

pub use audience::{Audience, Heard};
pub use canaries::OtherCanary;
pub use double::Double;
pub use normal_form::normal_form;
pub use place::{Place, Ran, wait_for};
pub use servers::Server;
