//! What proves who is asking, as it is configured.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, OpenApi};

use crate::config::Config;
use crate::session::ProviderSettings;
use crate::session::jwt::JwtPlace;
use crate::session::own::OwnSessions;

/// As the handlers name it. Where several cookies may hold it, each is a scheme of its own.
const SESSION: &str = "session";

/// Describes the credentials that are taken: by whom a listener is known is a matter of the configuration.
pub(super) fn describe(api: &mut OpenApi, config: &Config) {
    let sessions = sessions(config);
    for operation in super::document::operations(api) {
        let Some(required) = &mut operation.security else { continue };
        if required.contains(&one(SESSION)) {
            required.retain(|scheme| *scheme != one(SESSION));
            required.extend(sessions.iter().map(|(name, _)| one(name)));
        }
    }
    let components = api.components.get_or_insert_with(Components::new);
    for (name, scheme) in sessions {
        components.add_security_scheme(name, scheme);
    }
    if config.ticket.is_some() {
        let description = "A JWT of the web app for one listener, good once and for a minute at most.";
        components.add_security_scheme("ticket", query("ticket", description));
    }
    if !config.api_keys.is_empty() {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key of the app's back end."));
        components.add_security_scheme("api_key", SecurityScheme::Http(key.build()));
    }
}

fn one(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, [""; 0])
}

/// None where a proxy in front of the service says who is asking: clients have no part in it.
fn sessions(config: &Config) -> Vec<(String, SecurityScheme)> {
    let schemes = match &config.provider {
        None if config.session.is_some() => {
            vec![cookie(OwnSessions::COOKIE, "Set at `/enter`, and again by renewals.")]
        }
        None | Some(ProviderSettings::Header(_)) => Vec::new(),
        Some(ProviderSettings::Jwt(settings)) => match &settings.place {
            JwtPlace::Cookie(name) => vec![cookie(name, "A JWT of the web app or its identity provider.")],
            JwtPlace::Bearer => vec![SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build(),
            )],
        },
        Some(ProviderSettings::Introspect(settings)) => {
            let place = &settings.credential;
            let cookies = place.cookie_names().iter().map(|name| cookie(name, "The web app's session."));
            cookies.chain(place.header_name().map(header)).collect()
        }
        Some(ProviderSettings::Redis(settings)) => {
            vec![cookie(settings.cookie.name(), "The web app's session.")]
        }
    };
    let name =
        |index: usize| if index == 0 { SESSION.to_owned() } else { format!("{SESSION}_{}", index + 1) };
    schemes.into_iter().enumerate().map(|(index, scheme)| (name(index), scheme)).collect()
}

fn cookie(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, description)))
}

fn header(name: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        name,
        "What the web app is asked about.",
    )))
}

fn query(name: &str, description: &str) -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(name, description)))
}
