//! `edgemint check`: reads the configuration as `serve` would, and says what it would do.

use std::fmt::{self, Display};
use std::io::Write as _;
use std::process::ExitCode;

use crate::config::Config;
use crate::http::{StartError, minter};
use crate::keyring::{Keyring, Location, Store};
use crate::player;
use crate::session::api_key::ApiKey;
use crate::session::own::{OwnSessions, OwnSettings};
use crate::session::ticket::TicketSettings;

use super::asking::{Asking, Keys, list_or};
use super::serve::ServeError;
use super::settings::SettingsArgs;
use super::store;

/// The configuration, or its keyring, is wrong.
const WRONG: u8 = 2;

/// Check the configuration and say what it would do
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Writes a summary to standard output and returns 0; or every problem to standard error, and returns
/// 2, as `serve` does with the same configuration, keyring and key. What is taken and most likely is a mistake is a
/// warning on standard error. None of it holds a secret.
#[must_use]
pub fn run(args: CheckArgs) -> ExitCode {
    // A closed pipe behind us takes nothing from what was found.
    let refuse = |sentence: &dyn Display| {
        let _ = writeln!(std::io::stderr().lock(), "{sentence}");
        ExitCode::from(WRONG)
    };
    let config = match args.settings.load() {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    for doubt in &config.doubts {
        let _ = writeln!(std::io::stderr().lock(), "warning: {doubt}");
    }
    let keyring = actix_web::rt::System::new()
        .block_on(async { Store::open(config.keyring.location.clone()).await?.load().await });
    let _ = writeln!(std::io::stdout().lock(), "{}", Summary(&config, keyring.as_ref().ok()));
    let served = keyring.map_err(ServeError::from).and_then(|keyring| {
        let served = keyring.active().map(|key| minter(&config, key)).transpose();
        served.map_err(|error| StartError::from(error).into())
    });
    let served =
        served.and_then(|_| store::prove(&config.store).map_err(|error| ServeError::Start(error.into())));
    match served {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => refuse(&format_args!("edgemint: {error}")),
    }
}

/// What a configuration and its keyring, if that could be read, mean, for people.
struct Summary<'a>(&'a Config, Option<&'a Keyring>);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { server, grants, ticket, session, provider, api_keys, mint, store, audit, .. } = self.0;
        writeln!(f, "listens on       {}", server.listen)?;
        writeln!(f, "browsers go to   {}{}", server.public_url, server.base_path)?;
        writeln!(f, "keys are in      {}", self.0.keyring.location)?;
        if let Some(keyring) = self.1 {
            writeln!(f, "signs with       {}", Signs(keyring, &self.0.keyring.location))?;
        }
        writeln!(
            f,
            "limits           {} connections on {} workers, bodies of {} bytes",
            server.max_connections, server.workers, server.max_body
        )?;
        writeln!(f, "trusted proxies  {}", list_or(&server.trusted_proxies, "none"))?;
        writeln!(f, "expiry step      {}", humantime::format_duration(mint.expiry_step))?;
        for grant in grants {
            writeln!(f, "grant            {grant}")?;
        }
        match (ticket, provider) {
            (Some(ticket), _) => writeln!(f, "tickets          {}", Tickets(ticket))?,
            (None, Some(provider)) => writeln!(f, "who is asking    {}", Asking(provider))?,
            (None, None) => writeln!(f, "tickets          none taken: browsers cannot enter")?,
        }
        if ticket.is_some() || provider.is_some() {
            writeln!(f, "return URLs at   {}", list_or(&server.app_origins, "nowhere"))?;
            if let Some(Ok(default)) = server.return_urls.as_ref().map(|urls| urls.accept(None)) {
                writeln!(f, "returns to       {default} without one")?;
            }
        }
        match (session, ticket) {
            (Some(session), _) => writeln!(f, "sessions         {}", Sessions(session))?,
            (None, Some(_)) => {
                writeln!(f, "sessions         none: a ticket mints once, and nothing is renewed")?;
            }
            (None, None) => {}
        }
        // Where nothing is renewed, pages have nothing to keep fresh.
        if session.is_some() || provider.is_some() {
            let address = format_args!("{}{}{}", server.public_url, server.base_path, player::path());
            writeln!(f, "player           {address}")?;
        }
        writeln!(f, "remembers in     {}", store::describe(store))?;
        writeln!(f, "audit            {audit}")?;
        if let Some(traces) = &self.0.traces {
            writeln!(f, "traces           {traces}")?;
        }
        let names: Vec<_> = api_keys.iter().map(ApiKey::name).collect();
        write!(f, "API keys         {}", list_or(&names, "none: the back-end API is closed"))
    }
}

/// The active key of a keyring.
struct Signs<'a>(&'a Keyring, &'a Location);

impl Display for Signs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.active() {
            Some(key) => {
                let (algorithm, hash) = (key.key().algorithm().as_str(), key.hash().as_str());
                write!(f, "key {} ({algorithm}, {hash}) as Key-Pair-Id {}", key.id(), key.key_pair_id())
            }
            None => {
                write!(f, "nothing: no key is active; see `edgemint keys list {}`", self.1.flags())
            }
        }
    }
}

struct Tickets<'a>(&'a TicketSettings);

impl Display for Tickets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TicketSettings { issuer, audience, max_lifetime, leeway, keys } = self.0;
        let [lifetime, leeway] = [*max_lifetime, *leeway].map(humantime::format_duration);
        let keys = Keys(keys);
        write!(f, "from {issuer:?} for {audience:?}, valid {lifetime} at most, leeway {leeway}, keys: {keys}")
    }
}

struct Sessions<'a>(&'a OwnSettings);

impl Display for Sessions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OwnSettings { keys, max_age, idle } = self.0;
        let [max_age, idle] = [*max_age, *idle].map(humantime::format_duration);
        write!(
            f,
            "in the cookie {}, {max_age} from the ticket or {idle} from the last renewal",
            OwnSessions::COOKIE
        )?;
        f.write_str(if keys.len() > 1 { "; an earlier secret opens them too" } else { "" })
    }
}
