//! The XML of the CloudFront API, version 2020-05-31. Names and nesting are those of the service's own model, as
//! botocore carries it (`cloudfront/2020-05-31/service-2`).

mod distribution;
mod element;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use distribution::distribution;
pub(super) use read::{Unreadable, key_group_config, public_key_config};
pub(super) use write::{
    error, key_group, key_group_config as key_group_config_document, key_group_list, public_key,
    public_key_config as public_key_config_document, public_key_list,
};

/// The namespace of every document.
const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
