//! `edgemint check`: reads the configuration as `serve` would, and says what it would do.

use std::fmt::{self, Display};
use std::io::Write as _;
use std::process::ExitCode;

use crate::config::Config;
use crate::session::api_key::ApiKey;
use crate::session::ticket::{TicketKey, TicketSettings};

use super::settings::SettingsArgs;

/// The configuration is wrong.
const WRONG: u8 = 2;

/// Check the configuration and say what it would do
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Writes a summary to standard output and returns 0; or every problem to standard error and
/// returns 2. Neither holds a secret.
#[must_use]
pub fn run(args: CheckArgs) -> ExitCode {
    // A closed pipe behind us takes nothing from what was found.
    match args.settings.load() {
        Ok(config) => {
            let _ = writeln!(std::io::stdout().lock(), "{}", Summary(&config));
            ExitCode::SUCCESS
        }
        Err(problems) => {
            let _ = writeln!(std::io::stderr().lock(), "{problems}");
            ExitCode::from(WRONG)
        }
    }
}

/// What a configuration means, for people.
struct Summary<'a>(&'a Config);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { server, grants, ticket, api_keys, mint, .. } = self.0;
        writeln!(f, "listens on       {}", server.listen)?;
        writeln!(f, "browsers go to   {}{}", server.public_url, server.base_path)?;
        writeln!(f, "keys are in      {}", self.0.keyring_directory.display())?;
        writeln!(
            f,
            "limits           {} connections, bodies of {} bytes",
            server.max_connections, server.max_body
        )?;
        writeln!(f, "trusted proxies  {}", list_or(&server.trusted_proxies, "none"))?;
        writeln!(f, "expiry step      {}", humantime::format_duration(mint.expiry_step))?;
        for grant in grants {
            writeln!(f, "grant            {grant}")?;
        }
        match ticket {
            Some(ticket) => {
                writeln!(f, "tickets          {}", Tickets(ticket))?;
                writeln!(f, "return URLs at   {}", list_or(&server.app_origins, "nowhere"))?;
                if let Some(Ok(default)) = server.return_urls.as_ref().map(|urls| urls.accept(None)) {
                    writeln!(f, "returns to       {default} without one")?;
                }
            }
            None => writeln!(f, "tickets          none taken: browsers cannot enter")?,
        }
        let names: Vec<_> = api_keys.iter().map(ApiKey::name).collect();
        write!(f, "API keys         {}", list_or(&names, "none: the back-end API is closed"))
    }
}

struct Tickets<'a>(&'a TicketSettings);

impl Display for Tickets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TicketSettings { issuer, audience, max_lifetime, leeway, keys } = self.0;
        let [lifetime, leeway] = [*max_lifetime, *leeway].map(humantime::format_duration);
        let key = |key: &TicketKey| format!("{} ({})", key.key_id().unwrap_or("without id"), key.algorithm());
        let keys: Vec<_> = keys.iter().map(key).collect();
        let keys = keys.join(", ");
        write!(f, "from {issuer:?} for {audience:?}, valid {lifetime} at most, leeway {leeway}, keys: {keys}")
    }
}

fn list_or(items: &[impl Display], nothing: &str) -> String {
    match items {
        [] => nothing.to_owned(),
        items => items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
