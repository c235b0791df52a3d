//! `edgemint demo`.

use std::io::{self, Write as _};
use std::time::Duration;

use crate::demo::{Demo, DemoError, Places, Ports};
use crate::telemetry::{self, LogConfig, LogFormat, LogLevel};

/// Show the whole flow on this machine: a web app to log in to, edgemint, and an edge that plays audio
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// Port of the web app; edgemint and the edge take the next two. 0 takes any that are free
    #[arg(long, value_name = "PORT", default_value_t = 8080, value_parser = clap::value_parser!(u16).range(..=65533))]
    port_base: u16,
    /// Port of the web app alone
    #[arg(long, value_name = "PORT")]
    app_port: Option<u16>,
    /// Port of edgemint alone
    #[arg(long, value_name = "PORT")]
    edgemint_port: Option<u16>,
    /// Port of the edge alone
    #[arg(long, value_name = "PORT")]
    edge_port: Option<u16>,
    /// How long cookies are good for, from 1s to 24h
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = lifetime)]
    ttl: Duration,
    /// Write the addresses as one line of JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Why the demo did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoCommandError {
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("a server of the demo stopped: {0}")]
    Server(#[from] io::Error),
}

/// Runs until SIGTERM or SIGINT; what was made for the demo is removed then.
pub(super) fn run(args: &DemoArgs) -> Result<(), DemoCommandError> {
    // The page shows what the edge decides; only what goes wrong belongs on the terminal.
    let _logging =
        telemetry::start(LogConfig { format: LogFormat::Text, level: LogLevel::Warn, audit: false });
    actix_web::rt::System::new().block_on(async {
        let demo = Demo::start(args.ports(), args.ttl).await?;
        // Without a reader we serve on.
        let _ = writeln!(io::stdout(), "{}", args.greeting(demo.places()));
        Ok(demo.run().await?)
    })
}

impl DemoArgs {
    fn ports(&self) -> Ports {
        let port = |offset| if self.port_base == 0 { 0 } else { self.port_base + offset };
        Ports {
            app: self.app_port.unwrap_or(port(0)),
            edgemint: self.edgemint_port.unwrap_or(port(1)),
            edge: self.edge_port.unwrap_or(port(2)),
        }
    }

    fn greeting(&self, places: &Places) -> String {
        let Places { app, edgemint, cdn } = places;
        if self.json {
            let seconds = self.ttl.as_secs();
            return serde_json::json!({ "app": app, "edgemint": edgemint, "cdn": cdn, "ttl_seconds": seconds })
                .to_string();
        }
        format!(
            "\n  Open  {app}/  in Chrome, Edge or Firefox\n\n  edgemint  {edgemint}\n  edge      {cdn}\n\n  \
             Cookies are good for {}. Ctrl-C stops the demo and removes its key and audio.\n",
            humantime::format_duration(self.ttl)
        )
    }
}

/// Whole seconds within what a grant may last.
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write 30s, 2m or 1h"))?;
    let bounds = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
    if bounds.contains(&lifetime) && lifetime.subsec_nanos() == 0 {
        Ok(lifetime)
    } else {
        Err("write whole seconds, from 1s to 24h".to_owned())
    }
}
