//! `[header]`: a proxy in front of this service says who is asking.

use ipnet::IpNet;
use serde::Deserialize;
use serde_spanned::Spanned;

use super::super::fields::Reader;
use super::super::raw::Field;
use super::super::server::network;
use super::claims::{RawClaims, read_claims};
use crate::session::{HeaderSettings, Peers};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(in super::super) struct RawHeader {
    pub(super) name: Field<String>,
    pub(super) peers: Field<Vec<Spanned<String>>>,
    pub(super) claims: Field<RawClaims>,
}

/// Settings of which a provider can be made.
pub(in super::super) fn read_header(
    raw: Field<RawHeader>,
    reader: &mut Reader<'_>,
) -> Option<HeaderSettings> {
    let raw = raw?;
    let section = raw.span();
    let raw = raw.into_inner();
    let name = match raw.name {
        None => Some(HeaderSettings::DEFAULT_NAME.to_owned()),
        name => reader.optional(name, header_name),
    };
    let claims = read_claims(raw.claims, reader, header_name);
    let remedy = "list the addresses or networks of the proxies that set the header, such as [\"10.0.0.0/8\"]; from \
                  anybody else it is not believed";
    let Some(peers) = raw.peers else {
        reader.missing(Some(&section), "header.peers", remedy);
        return None;
    };
    if peers.get_ref().is_empty() {
        reader.wrong(&peers.span(), format!("it is empty; {remedy}"));
    }
    let peers = reader.items(Some(peers), peer);
    Some(HeaderSettings { name: name?, peers, claims })
}

/// A name that a header can have (RFC 9110 §5.6.2).
pub(super) fn header_name(text: String) -> Result<String, String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match !text.is_empty() && text.len() <= 128 && text.bytes().all(is_token) {
        true => Ok(text),
        false => {
            Err(format!("{text:?} cannot be the name of a header; write one such as \"X-Forwarded-User\""))
        }
    }
}

fn peer(text: String) -> Result<IpNet, String> {
    match network(&text)? {
        everybody if Peers::is_everybody(everybody) => Err(format!(
            "{text:?} is everybody, and whoever sends the header could be any listener; write the networks of the \
             proxies that set it"
        )),
        network => Ok(network),
    }
}
