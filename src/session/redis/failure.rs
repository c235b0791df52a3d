//! Why Redis gave no answer, in words that hold nothing of the URL, of a command or of an answer.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

/// Why Redis gave no answer that can be used. Nothing of the URL, of a key or of what came is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedisFailure {
    /// No connection could be made.
    #[error("Redis cannot be reached: {}", cause(*.0))]
    Unreachable(io::ErrorKind),
    /// There is no TLS between the two.
    #[error(
        "the TLS handshake with Redis failed: its certificate is not for this host, or not of the authority that is configured, or it does not speak TLS there"
    )]
    Tls,
    /// The user or the password is wrong.
    #[error("Redis refuses the user or the password")]
    Credentials,
    /// The server has no database of the configured number.
    #[error("Redis has no database of the number in the URL, or this user may not use it")]
    Database,
    /// The answer did not come before the deadline.
    #[error("Redis did not answer in time")]
    Late,
    /// The same, where TLS was asked for: a Redis without TLS waits for the rest of a command.
    #[error(
        "no TLS handshake with Redis came about in time: it is away, or speaks no TLS there, for which redis:// stands"
    )]
    NoHandshake,
    /// The connection broke; what was asked may have been done or not.
    #[error("the connection to Redis broke")]
    Lost,
    /// What came is not what was asked for, or not Redis at all.
    #[error("what came is no answer of Redis to what it was asked")]
    Garbage,
    /// Redis answers, and refuses: its own word for why, if it is one that is known.
    #[error("Redis refuses what it is asked ({0}{remedy})", remedy = remedy(.0))]
    Refused(&'static str),
    /// There is such a value, and it is larger than it may be.
    #[error("the value in Redis is larger than it may be")]
    TooLarge,
}

/// What servers begin an error with. Others are not repeated, as anything might stand there.
const KNOWN_CODES: [&str; 15] = [
    "READONLY",
    "LOADING",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "CROSSSLOT",
    "NOPERM",
    "OOM",
    "MISCONF",
    "NOREPLICAS",
    "WRONGTYPE",
    "BUSY",
    "UNKILLABLE",
];

impl RedisFailure {
    /// A stable name in snake case.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Tls => "tls",
            Self::NoHandshake => "no_handshake",
            Self::Credentials => "credentials",
            Self::Database => "database",
            Self::Late => "late",
            Self::Lost => "lost",
            Self::Garbage => "garbage",
            Self::Refused(_) => "refused",
            Self::TooLarge => "too_large",
        }
    }

    /// Whether another connection may do better: to a server that has taken over, or that has come to itself.
    pub(super) fn is_of_connection(self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Tls
            | Self::NoHandshake
            | Self::Credentials
            | Self::Database
            | Self::Lost
            | Self::Garbage => true,
            Self::Refused(code) => ["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN"].contains(&code),
            Self::Late | Self::TooLarge => false,
        }
    }
}

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Credentials,
            ErrorKind::Io if error.is_timeout() => Self::Late,
            ErrorKind::Io => match io_kind(&error) {
                Some(io::ErrorKind::InvalidData) => Self::Tls,
                Some(
                    io::ErrorKind::BrokenPipe
                    | io::ErrorKind::ConnectionReset
                    | io::ErrorKind::ConnectionAborted
                    | io::ErrorKind::UnexpectedEof,
                ) => Self::Lost,
                Some(kind) => Self::Unreachable(kind),
                None => Self::Tls,
            },
            ErrorKind::Server(ServerErrorKind::ResponseError) if is_of_select(&error) => Self::Database,
            ErrorKind::Server(ServerErrorKind::ResponseError) => Self::Refused("ERR"),
            ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
                Some("NOAUTH" | "WRONGPASS") => Self::Credentials,
                code => {
                    let known = KNOWN_CODES.into_iter().find(|known| Some(*known) == code);
                    Self::Refused(known.unwrap_or("an error of another kind"))
                }
            },
            // From rustls: a name or a store of certificates that it cannot use.
            ErrorKind::Client | ErrorKind::InvalidClientConfig => Self::Tls,
            _ => Self::Garbage,
        }
    }
}

/// The library knows it by this sentence of its own alone.
fn is_of_select(error: &RedisError) -> bool {
    error.to_string().starts_with("Redis server refused to switch database")
}

/// What to do about one of [`KNOWN_CODES`], where that is known.
fn remedy(code: &str) -> &'static str {
    match code {
        "READONLY" => ": this is a replica, which takes no writes; name the primary",
        "OOM" => ": its memory is full; raise maxmemory",
        "MISCONF" => ": it cannot save to its disk, and takes no writes until it can",
        "LOADING" => ": it reads its data from disk, and answers once it has",
        "NOPERM" => ": its access control list does not let this user do it",
        "MOVED" | "ASK" | "CLUSTERDOWN" | "CROSSSLOT" => ": this is a Redis Cluster, which is not supported",
        _ => "",
    }
}

fn cause(kind: io::ErrorKind) -> Cow<'static, str> {
    let words = match kind {
        io::ErrorKind::ConnectionRefused => "nothing listens there",
        io::ErrorKind::NotFound => "there is no such socket",
        io::ErrorKind::PermissionDenied => "this user may not open the socket",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to its network"
        }
        kind => {
            let words = "its host name is not known, or the network fails";
            // What the library has no kind for, it calls so.
            return match kind.to_string().as_str() {
                "uncategorized error" | "other error" => words.into(),
                kind => format!("{words} ({kind})").into(),
            };
        }
    };
    words.into()
}

fn io_kind(error: &RedisError) -> Option<io::ErrorKind> {
    let inner = error.source()?.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>()?;
    inner.downcast_ref::<io::Error>().map(io::Error::kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_repeats_nothing_that_came() {
        for (code, expected) in [
            ("READONLY", RedisFailure::Refused("READONLY")),
            ("NOAUTH", RedisFailure::Credentials),
            ("WRONGPASS", RedisFailure::Credentials),
            ("s3cret", RedisFailure::Refused("an error of another kind")),
        ] {
            let failure = RedisFailure::from(redis::make_extension_error(
                code.to_owned(),
                Some("with s3cret detail".to_owned()),
            ));
            assert_eq!(failure, expected);
            assert!(!failure.to_string().contains("s3cret"));
        }
    }

    #[test]
    fn the_kind_of_an_io_error_is_found() {
        for (kind, expected) in [
            (io::ErrorKind::ConnectionRefused, RedisFailure::Unreachable(io::ErrorKind::ConnectionRefused)),
            (io::ErrorKind::NotFound, RedisFailure::Unreachable(io::ErrorKind::NotFound)),
            (io::ErrorKind::BrokenPipe, RedisFailure::Lost),
            (io::ErrorKind::InvalidData, RedisFailure::Tls),
            (io::ErrorKind::TimedOut, RedisFailure::Late),
        ] {
            assert_eq!(RedisFailure::from(RedisError::from(io::Error::new(kind, "s3cret"))), expected);
        }
    }
}
