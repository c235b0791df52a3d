//! Settings: file, then environment, then flags, parsed into the types of the modules below.
