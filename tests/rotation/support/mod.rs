mod double;
mod normal_form;
mod place;

pub use double::Double;
pub use normal_form::normal_form;
pub use place::{Place, Ran, wait_for};
