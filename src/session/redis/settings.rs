//! Where Redis is, as the operator writes it down.

use std::fmt;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};
use thiserror::Error;
use url::Url;

/// Where a Redis or Valkey server is and how long it may take.
///
/// ```
/// # use std::time::Duration;
/// use edgemint::session::redis::RedisSettings;
///
/// let url = "rediss://app:correct-horse@redis.example.com/2";
/// let settings = RedisSettings::new(url, None, Duration::from_millis(500))?;
/// assert_eq!(settings.place(), "redis.example.com:6379");
/// # Ok::<(), edgemint::session::redis::RedisSettingsError>(())
/// ```
#[derive(Clone)]
pub struct RedisSettings {
    pub(super) client: Client,
    pub(super) deadline: Duration,
    pub(super) has_tls: bool,
    place: String,
}

impl RedisSettings {
    /// How long a command may take unless told otherwise. A Redis nearby answers in less than 2 ms.
    pub const DEFAULT_DEADLINE: Duration = Duration::from_millis(500);
    /// The shortest deadline that can be configured.
    pub const MIN_DEADLINE: Duration = Duration::from_millis(10);
    /// The longest deadline that can be configured.
    pub const MAX_DEADLINE: Duration = Duration::from_secs(5);

    /// The server at `url`: `redis://[USER][:PASSWORD@]HOST[:PORT][/DATABASE]`, the same with `rediss://` for
    /// TLS, or `unix:///PATH[?db=…&user=…&pass=…]`; `valkey` in place of `redis` is the same. `ca` is PEM
    /// certificates of the authorities of which one has to have signed the server's (default: the system's).
    /// Each command has `deadline` to be answered, the time to wait for a connection included.
    ///
    /// # Errors
    /// [`RedisSettingsError`]; it quotes nothing of the URL.
    pub fn new(url: &str, ca: Option<&str>, deadline: Duration) -> Result<Self, RedisSettingsError> {
        let info = connection_info(url)?;
        let place = info.addr().to_string();
        let has_tls = matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. });
        let client = match ca {
            None => Client::open(info).map_err(|_| RedisSettingsError::Url)?,
            Some(_) if !has_tls => return Err(RedisSettingsError::AuthorityWithoutTls),
            Some(ca) => {
                let is_certificate = |block: &pem::Pem| block.tag() == "CERTIFICATE";
                if !pem::parse_many(ca).is_ok_and(|blocks| blocks.iter().any(is_certificate)) {
                    return Err(RedisSettingsError::Authority);
                }
                let certificates =
                    TlsCertificates { client_tls: None, root_cert: Some(ca.as_bytes().to_vec()) };
                Client::build_with_tls(info, certificates).map_err(|_| RedisSettingsError::Authority)?
            }
        };
        Ok(Self { client, deadline, has_tls, place })
    }

    /// Host and port, or the path of the socket: what may be shown.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("place", &self.place)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The library's reading of a URL of which nothing is left unread.
fn connection_info(url: &str) -> Result<ConnectionInfo, RedisSettingsError> {
    use RedisSettingsError as Wrong;
    let url = Url::parse(url).map_err(|_| Wrong::Url)?;
    let is_socket = match url.scheme() {
        "redis" | "rediss" | "valkey" | "valkeys" => false,
        "unix" | "redis+unix" | "valkey+unix" => true,
        _ => return Err(Wrong::Scheme),
    };
    // Among them is #insecure, which would take any certificate.
    if url.fragment().is_some() {
        return Err(Wrong::Fragment);
    }
    let known: &[&str] = if is_socket { &["db", "user", "pass"] } else { &[] };
    if url.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
        return Err(Wrong::Query);
    }
    if !is_socket && url.host_str().is_none_or(str::is_empty) {
        return Err(Wrong::Host);
    }
    if is_socket && (url.has_host() || url.path().len() < 2) {
        return Err(Wrong::Socket);
    }
    let info = url.into_connection_info().map_err(|error| match error.to_string() {
        text if text.starts_with("Invalid database") => Wrong::Database,
        text if text.contains("wildcard") => Wrong::Host,
        _ => Wrong::Url,
    })?;
    let redis = info.redis_settings();
    if redis.db() < 0 {
        return Err(Wrong::Database);
    }
    // The library would leave a user without a password out, and ask as nobody.
    if redis.username().is_some() && redis.password().is_none_or(str::is_empty) {
        return Err(Wrong::UserWithoutPassword);
    }
    let redis = redis.clone().set_lib_name("edgemint", env!("CARGO_PKG_VERSION"));
    Ok(info.set_redis_settings(redis).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// Why no settings can be made of a URL. What the URL says is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedisSettingsError {
    /// It is no URL, or not one of this form.
    #[error(
        "this is not the URL of a Redis; write redis://USER:PASSWORD@HOST:6379/0, rediss:// for TLS, or unix:///PATH; characters of a password besides letters, digits, - and _ are percent-encoded"
    )]
    Url,
    /// A URL of something else.
    #[error("this URL is of another kind; it begins with redis://, rediss:// (TLS) or unix://")]
    Scheme,
    /// No host, or one that means every address.
    #[error("this URL names no host to connect to; write redis://HOST:6379")]
    Host,
    /// No path, or a host besides.
    #[error("this URL names no socket; write unix:///PATH with three slashes")]
    Socket,
    /// Something after a `#`.
    #[error(
        "this URL has a part after #, which is not supported (certificates are always checked); percent-encode a # of the password as %23"
    )]
    Fragment,
    /// A parameter that nothing reads.
    #[error(
        "this URL has parameters after ? that are not known; unix:// takes db, user and pass, the others none; percent-encode a ? of the password as %3F"
    )]
    Query,
    /// The number of the database is none.
    #[error("what follows the host is not the number of a database; write /0, /1, …, or nothing")]
    Database,
    /// A user without a password.
    #[error(
        "this URL has a user and no password; write redis://USER:PASSWORD@HOST or redis://:PASSWORD@HOST"
    )]
    UserWithoutPassword,
    /// An authority for a connection without TLS.
    #[error("an authority is given, and the URL asks for no TLS; write rediss:// or remove the authority")]
    AuthorityWithoutTls,
    /// The authority is no certificate.
    #[error(
        "this holds no certificate of an authority; write PEM that begins with -----BEGIN CERTIFICATE-----"
    )]
    Authority,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<RedisSettings, RedisSettingsError> {
        RedisSettings::new(url, None, RedisSettings::DEFAULT_DEADLINE)
    }

    #[test]
    fn every_kind_of_url_is_read_and_shows_no_secret() {
        for (url, place, user, password, database) in [
            ("redis://localhost", "localhost:6379", None, None, 0),
            ("redis://:s3cret@127.0.0.1:7000/3", "127.0.0.1:7000", None, Some("s3cret"), 3),
            (
                "rediss://app:s3cret@redis.example.com",
                "redis.example.com:6379",
                Some("app"),
                Some("s3cret"),
                0,
            ),
            ("valkeys://app:s3cret%2F%23%40@[::1]:1/1", "::1:1", Some("app"), Some("s3cret/#@"), 1),
            ("unix:///run/redis.sock", "/run/redis.sock", None, None, 0),
            (
                "redis+unix:///run/r.sock?db=2&user=app&pass=s3cret",
                "/run/r.sock",
                Some("app"),
                Some("s3cret"),
                2,
            ),
        ] {
            let settings = read(url).unwrap();
            let redis = settings.client.get_connection_info().redis_settings();
            assert_eq!(settings.place(), place, "{url}");
            assert_eq!((redis.username(), redis.password(), redis.db()), (user, password, database), "{url}");
            assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_it() {
        use RedisSettingsError as Wrong;
        for (url, expected) in [
            ("", Wrong::Url),
            ("s3cret", Wrong::Url),
            ("s3cret:6379", Wrong::Scheme),
            ("https://s3cret", Wrong::Scheme),
            ("redis://", Wrong::Host),
            ("redis:///0", Wrong::Host),
            ("redis://:s3cret@0.0.0.0", Wrong::Host),
            ("redis://:s3cret/x@host", Wrong::Url),
            ("redis://:s3cret#x@host", Wrong::Url),
            ("rediss://host/#insecure", Wrong::Fragment),
            ("redis://:s3cret?x@host", Wrong::Url),
            ("redis://host?protocol=s3cret", Wrong::Query),
            ("redis://host/s3cret", Wrong::Database),
            ("redis://host/-1", Wrong::Database),
            ("redis://host:70000", Wrong::Url),
            ("redis://s3cret@host", Wrong::UserWithoutPassword),
            ("redis://s3cret:@host", Wrong::UserWithoutPassword),
            ("unix://run/redis.sock", Wrong::Socket),
            ("unix:", Wrong::Socket),
            ("unix:///run/redis.sock?pas=s3cret", Wrong::Query),
        ] {
            let wrong = read(url).unwrap_err();
            assert_eq!(wrong, expected, "{url}");
            assert!(!wrong.to_string().contains("s3cret"), "{wrong}");
        }
    }

    #[test]
    fn an_authority_is_a_certificate_and_for_tls() {
        use RedisSettingsError as Wrong;
        let with = |url, ca| RedisSettings::new(url, Some(ca), RedisSettings::DEFAULT_DEADLINE).unwrap_err();
        assert_eq!(with("redis://host", "-----BEGIN CERTIFICATE-----"), Wrong::AuthorityWithoutTls);
        let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for ca in ["", "s3cret", private, empty] {
            assert_eq!(with("rediss://host", ca), Wrong::Authority, "{ca}");
        }
    }
}
