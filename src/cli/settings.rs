use std::path::PathBuf;

use crate::config::{Config, Override, Problems, Surroundings};

/// Where the configuration comes from: shared by the subcommands that read it.
#[derive(Debug, Clone, clap::Args)]
pub struct SettingsArgs {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "EDGEMINT_CONFIG", hide_env_values = true)]
    config: PathBuf,
    /// Address and port to listen on [server.listen]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// json or text [log.format]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// error, warn, info, debug or trace [log.level]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Directory of the signing keys [keyring.directory]
    #[arg(long, value_name = "DIR")]
    keys: Option<String>,
}

impl SettingsArgs {
    /// The configuration, from the file, this process's environment and the flags.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(self) -> Result<Config, Problems> {
        let flags = [
            ("--listen", "server.listen", self.listen),
            ("--log-format", "log.format", self.log_format),
            ("--log-level", "log.level", self.log_level),
            ("--keys", "keyring.directory", self.keys),
        ];
        let flags =
            flags.into_iter().filter_map(|(flag, setting, text)| Some(Override::flag(flag, setting, text?)));
        Config::load(&self.config, Surroundings::of_process(flags.collect()))
    }
}
