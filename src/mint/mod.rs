//! Grants parsed into profiles, and the minter that signs for them.
