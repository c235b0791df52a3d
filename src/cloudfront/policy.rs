//! The policy and the parts it is made of. Each part has one door, which refuses whatever
//! CloudFront would refuse or read otherwise than it was meant (rules §2).

mod epoch;
mod resource;
mod source_ip;

pub use epoch::EpochSeconds;
pub use resource::Resource;
pub(super) use resource::request_bytes_only;
pub use source_ip::SourceIp;

use serde::Serialize;

/// Why a part of a policy was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A time outside what CloudFront reads.
    #[error(
        "{0} is not a time that CloudFront accepts: give seconds since 1970 between 1 and 2147483647 (milliseconds are a common mistake)"
    )]
    EpochOutOfRange(i64),
    /// Access would begin at or after it ends.
    #[error("access would begin at {start}, which is not before it ends at {end}")]
    EmptyPeriod {
        /// `DateGreaterThan`, epoch seconds.
        start: EpochSeconds,
        /// `DateLessThan`, epoch seconds.
        end: EpochSeconds,
    },
    /// Not an IPv4 address or network.
    #[error("CloudFront takes one IPv4 address or CIDR such as 203.0.113.0/24, and no IPv6")]
    SourceIp,
    /// The scheme of a resource is missing or unknown.
    #[error("a resource begins with https:// (or http://, *://, http*://) followed by a host")]
    ResourceScheme,
    /// The host of a resource is empty or holds what no host holds.
    #[error(
        "the host of a resource is the name that listeners ask for: letters, digits, dots, hyphens, a port; internationalised names in punycode"
    )]
    ResourceHost,
    /// There is no path.
    #[error("a resource needs a path: write / after the host, or /* for everything below it")]
    ResourcePath,
    /// A byte that no request URL holds, so that the resource could never match.
    #[error(
        "a resource holds the byte 0x{byte:02x} at offset {offset}, which no request URL holds: percent-encode it as the player's URLs do"
    )]
    ResourceByte {
        /// The byte that was found.
        byte: u8,
        /// Bytes from the start of the resource.
        offset: usize,
    },
    /// A backslash that escapes nothing.
    #[error("a backslash in a resource may only stand before ? (as \\? for a literal question mark)")]
    ResourceBackslash,
    /// Longer than any URL that CloudFront takes.
    #[error("a resource may be {limit} bytes long at most: CloudFront takes no longer URL")]
    ResourceLength {
        /// Bytes.
        limit: usize,
    },
}

/// What is granted: one resource until one time, optionally not before a time and only to one
/// IPv4 network. One statement with one resource is all that CloudFront accepts (rules §2).
///
/// ```
/// use edgemint::cloudfront::{EpochSeconds, Policy, Resource};
/// let policy = Policy::new(Resource::parse("https://cdn.example.com/a/*")?, EpochSeconds::new(1800000000)?);
/// assert_eq!(
///     policy.canonical(),
///     r#"{"Statement":[{"Resource":"https://cdn.example.com/a/*","Condition":{"DateLessThan":{"AWS:EpochTime":1800000000}}}]}"#
/// );
/// # Ok::<(), edgemint::cloudfront::PolicyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    resource: Resource,
    expires: EpochSeconds,
    starts_after: Option<EpochSeconds>,
    source_ip: Option<SourceIp>,
}

impl Policy {
    /// Access to `resource` before the second `expires`.
    #[must_use]
    pub fn new(resource: Resource, expires: EpochSeconds) -> Self {
        Self { resource, expires, starts_after: None, source_ip: None }
    }

    /// Access begins strictly after `start`. CloudFront allows for no clock skew: date it back.
    ///
    /// # Errors
    /// [`PolicyError::EmptyPeriod`] if that leaves no second of access.
    pub fn starting_after(mut self, start: EpochSeconds) -> Result<Self, PolicyError> {
        if start >= self.expires {
            return Err(PolicyError::EmptyPeriod { start, end: self.expires });
        }
        self.starts_after = Some(start);
        Ok(self)
    }

    /// Access only from this address or network.
    #[must_use]
    pub fn from_address(mut self, source_ip: SourceIp) -> Self {
        self.source_ip = Some(source_ip);
        self
    }

    /// What is granted.
    #[must_use]
    pub fn resource(&self) -> &Resource {
        &self.resource
    }

    /// When it ends.
    #[must_use]
    pub fn expires(&self) -> EpochSeconds {
        self.expires
    }

    /// After which second access begins, if that is said.
    #[must_use]
    pub fn starts_after(&self) -> Option<EpochSeconds> {
        self.starts_after
    }

    /// The bytes that are signed, which are the bytes that are encoded. No whitespace; the
    /// conditions stand in botocore's order, so that an RSA signature is botocore's to the byte. The
    /// AWS SDK for JavaScript writes a start before an address; CloudFront asks for no order.
    #[must_use]
    pub fn canonical(&self) -> String {
        let document = Document {
            statement: [Statement {
                resource: self.resource.as_str(),
                condition: Condition {
                    date_less_than: Epoch { epoch_time: self.expires.get() },
                    ip_address: self.source_ip.map(|ip| Address { source_ip: ip.to_string() }),
                    date_greater_than: self.starts_after.map(|start| Epoch { epoch_time: start.get() }),
                },
            }],
        };
        serde_json::to_string(&document).expect("strings and integers always serialise")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    statement: [Statement<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    resource: &'a str,
    condition: Condition,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Condition {
    date_less_than: Epoch,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_greater_than: Option<Epoch>,
}

#[derive(Serialize)]
struct Epoch {
    #[serde(rename = "AWS:EpochTime")]
    epoch_time: i64,
}

#[derive(Serialize)]
struct Address {
    #[serde(rename = "AWS:SourceIp")]
    source_ip: String,
}
