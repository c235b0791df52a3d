//! `edgemint healthcheck`: for supervisors that run a command, such as Docker's, in an image without a shell.

use std::error::Error;
use std::fmt;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use crate::config::{Problems, ServerConfig, Surroundings};

use super::command::refuse;

/// It was asked, and is not well.
const UNWELL: u8 = 1;

/// The longest answer that is read, in bytes. edgemint's own have less than a hundred.
const MAX_BODY: usize = 4096;

/// Ask a running edgemint whether it is well.
///
/// Exit code 0 if it is, 1 if it is not, does not answer in time or somebody else answers, 2 if it could not be
/// asked. No secret is read, and none is said.
#[derive(Debug, clap::Args)]
pub(super) struct HealthcheckArgs {
    /// What to ask; left out, /healthz where the configuration says that edgemint listens
    #[arg(long, value_name = "URL")]
    url: Option<Target>,
    /// Configuration file of the edgemint that is asked; of it only [server] is read
    #[arg(
        long,
        value_name = "FILE",
        env = "EDGEMINT_CONFIG",
        hide_env_values = true,
        required_unless_present = "url"
    )]
    config: Option<PathBuf>,
    /// Ask /readyz, whether a request would get its cookies, rather than /healthz, whether the process answers
    #[arg(long, conflicts_with = "url")]
    ready: bool,
    /// How long the whole answer may take
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = timeout)]
    timeout: Duration,
}

/// `http` or `https`, and nothing secret in it: command lines can be read by everybody.
#[derive(Clone, Debug)]
struct Target(Url);

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        let url = url.ok_or("this is no URL to ask; write one such as http://127.0.0.1:8080/readyz")?;
        match url.username().is_empty() && url.password().is_none() {
            true => Ok(Self(url)),
            false => Err("the URL holds a user name or a password; /healthz and /readyz need none"),
        }
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_millis(10)..=Duration::from_secs(60);
    let timeout = humantime::parse_duration(text).ok().filter(|timeout| bounds.contains(timeout));
    timeout.ok_or_else(|| "write a duration from 10ms to 60s, such as 2s".to_owned())
}

/// Why it could not be asked.
#[derive(Debug, thiserror::Error)]
enum CannotAsk {
    #[error("{0}")]
    Config(Problems),
    #[error(
        "server.listen has port 0, which the system replaces by one that only the service knows; name it with --url"
    )]
    UnknownPort,
    #[error("no request can be made: {0}")]
    Client(reqwest::Error),
}

/// What is wrong with what was asked.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("nothing answered in time")]
    Late,
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it is not ready: {0}")]
    NotReady(Reason),
    #[error("something answered {0} that is not edgemint")]
    Stranger(StatusCode),
}

/// Asks once. Says what was found in one line.
pub(super) fn run(args: HealthcheckArgs) -> ExitCode {
    let timeout = args.timeout;
    let asked = args.target().and_then(|target| Ok((client(&target, timeout)?, target)));
    let (client, target) = match asked {
        Ok(asked) => asked,
        Err(error) => return refuse(&error.to_string()),
    };
    match actix_web::rt::System::new().block_on(ask(&client, target)) {
        // Whoever closed our output reads the exit code.
        Ok(status) => {
            let _ = writeln!(io::stdout(), "{status}");
            ExitCode::SUCCESS
        }
        Err(unwell) => {
            let _ = writeln!(io::stderr(), "edgemint: {unwell}");
            ExitCode::from(UNWELL)
        }
    }
}

impl HealthcheckArgs {
    fn target(self) -> Result<Url, CannotAsk> {
        if let Some(Target(url)) = self.url {
            return Ok(url);
        }
        // It is another process that needs the descriptors.
        let surroundings = Surroundings { descriptor_limit: None, ..Surroundings::of_process(Vec::new()) };
        let server = ServerConfig::load(&self.config.unwrap_or_default(), surroundings);
        let server = server.map_err(CannotAsk::Config)?;
        let path = if self.ready { "readyz" } else { "healthz" };
        let address = reachable(server.listen).ok_or(CannotAsk::UnknownPort)?;
        let url = format!("http://{address}{}/{path}", server.base_path);
        Ok(Url::parse(&url).expect("an address and a checked base path make a URL"))
    }
}

/// Where what listens there can be reached from this machine; every address is also the loopback one. `None` if the
/// port is not known.
fn reachable(listen: SocketAddr) -> Option<SocketAddr> {
    let address = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    (listen.port() != 0).then(|| SocketAddr::new(address, listen.port()))
}

fn client(target: &Url, timeout: Duration) -> Result<Client, CannotAsk> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(timeout);
    // Without TLS no certificate counts, and the system need not have any.
    let client = if target.scheme() == "http" { client.tls_certs_only([]) } else { client };
    client.build().map_err(CannotAsk::Client)
}

/// What edgemint says of itself.
#[derive(Deserialize)]
struct Said {
    status: String,
    #[serde(default)]
    reason: Reason,
}

/// A code for machines; of a stranger's answer nothing else may reach the terminal.
#[derive(Debug, Default, Deserialize)]
struct Reason(String);

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_code = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        match self.0.len() <= 64 && !self.0.is_empty() && self.0.bytes().all(is_code) {
            true => f.write_str(&self.0),
            false => f.write_str("it does not say why"),
        }
    }
}

async fn ask(client: &Client, target: Url) -> Result<&'static str, Unwell> {
    let response = client.get(target).send().await.map_err(Unwell::of)?;
    let status = response.status();
    let said: Option<Said> = serde_json::from_slice(&body(response).await?).ok();
    match (status, said) {
        (StatusCode::OK, Some(Said { status, .. })) if status == "ok" => Ok("ok"),
        (StatusCode::OK, Some(Said { status, .. })) if status == "ready" => Ok("ready"),
        (StatusCode::SERVICE_UNAVAILABLE, Some(Said { status, reason })) if status == "not_ready" => {
            Err(Unwell::NotReady(reason))
        }
        _ => Err(Unwell::Stranger(status)),
    }
}

/// As much of it as edgemint would ever say.
async fn body(mut response: Response) -> Result<Vec<u8>, Unwell> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unwell::of)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(Unwell::Stranger(response.status()));
        }
    }
    Ok(body)
}

impl Unwell {
    fn of(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Late;
        }
        // The innermost cause is the one that people know: "Connection refused".
        let error = error.without_url();
        let mut innermost: &dyn Error = &error;
        while let Some(cause) = innermost.source() {
            innermost = cause;
        }
        Self::Unreachable(innermost.to_string())
    }
}
