//! Environment variables that were most likely meant as settings, and are none.

use std::ffi::OsString;

use super::overlay::Override;
use super::problem::{Place, Problem};
use super::shape;

const PREFIX: &str = "EDGEMINT_";

/// `EDGEMINT_SERVER_LISTEN` and its like: a section and a setting with one underscore between them instead of two, which
/// nobody reads. What the text of the configuration names is not among them: secrets may be kept there.
pub(super) fn settings(environment: &[(OsString, OsString)], text: &str) -> Vec<Problem> {
    let names = environment.iter().filter_map(|(name, _)| name.to_str());
    let candidates = names.filter(|name| !name.contains("__") && !text.contains(*name));
    candidates.filter_map(misspelt).collect()
}

fn misspelt(name: &str) -> Option<Problem> {
    let words = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    let breaks = words.match_indices('_').map(|(at, _)| (&words[..at], &words[at + 1..]));
    let (section, setting) =
        breaks.into_iter().find(|(section, setting)| shape::is_setting(section, setting))?;
    let meant = Override::variable(&[section, setting]);
    Some(Problem {
        place: Place::Variable(name.to_owned()),
        setting: format!("{section}.{setting}"),
        message: format!(
            "nobody reads this variable; the setting is {meant}, with two underscores after the section"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubts(name: &str, text: &str) -> Vec<String> {
        settings(&[(name.into(), "s3cret".into())], text).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn one_underscore_is_no_setting_and_is_said() {
        assert_eq!(
            doubts("EDGEMINT_SERVER_TRUSTED_PROXIES", ""),
            [
                "environment variable EDGEMINT_SERVER_TRUSTED_PROXIES: server.trusted_proxies: nobody reads this variable; \
                 the setting is EDGEMINT_SERVER__TRUSTED_PROXIES, with two underscores after the section"
            ]
        );
        for name in ["EDGEMINT_ROTATION_KEY_GROUP", "EDGEMINT_LOG_LEVEL", "EDGEMINT_KEYRING_DIRECTORY"] {
            assert_eq!(doubts(name, "").len(), 1, "{name}");
        }
    }

    #[test]
    fn what_others_put_there_is_let_alone() {
        for name in [
            "EDGEMINT_CONFIG",
            "EDGEMINT_API_KEY",
            "EDGEMINT_TICKET_SECRET",
            "EDGEMINT_OLD_SESSION_SECRET",
            // Kubernetes, for services called edgemint, edgemint-redis and edgemint-metrics.
            "EDGEMINT_PORT",
            "EDGEMINT_SERVICE_HOST",
            "EDGEMINT_SERVICE_PORT_HTTP",
            "EDGEMINT_PORT_8080_TCP_ADDR",
            "EDGEMINT_REDIS_SERVICE_HOST",
            "EDGEMINT_REDIS_PORT",
            "EDGEMINT_REDIS_PORT_6379_TCP",
            "EDGEMINT_METRICS_SERVICE_PORT",
            "EDGEMINT_SERVER__LISTEN",
            "EDGEMINT_SERVER",
            "EDGEMINT_",
            "SERVER_LISTEN",
        ] {
            assert_eq!(doubts(name, ""), [""; 0], "{name}");
        }
        assert_eq!(doubts("EDGEMINT_AUDIT_KEY", "key = { env = \"EDGEMINT_AUDIT_KEY\" }"), [""; 0]);
        assert_eq!(doubts("EDGEMINT_AUDIT_KEY", "").len(), 1);
    }
}
