//! Who is asking: the session providers.
