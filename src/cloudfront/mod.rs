//! What CloudFront defines, pure: no clock, no files, no HTTP, no async.
