//! Who is asking: the session providers.

pub mod api_key;
