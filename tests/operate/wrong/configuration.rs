//! Mistakes in edgemint.toml and in the variables over it: `check` tells of them before anybody is served.

use super::chapter::{Mistake, try_all};
use super::deployment::Deployment;

const DOMAIN: &str = "cookie = { domain = \"example.com\" }";
const RESOURCE: &str = "resource = \"https://cdn.example.com/podcasts/*\"";
const PUBLIC_URL: &str = "public_url = \"https://listen.example.com\"";
const ORIGINS: &str = "app_origins = [\"https://www.example.com\"]";
const CANARY: &str = "canary = \"https://cdn.example.com/podcasts/canary.txt\"";
const KEY_GROUP: &str = "key_group = \"2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92\"";
const PROXIES: &str = "trusted_proxies = [\"127.0.0.1\", \"::1\"]";

pub const MISTAKES: &[Mistake] = &[
    ("domain-public-suffix", || own(&[(DOMAIN, "cookie = { domain = \"com\" }")]).check()),
    ("domain-not-above-the-cdn", || own(&[(DOMAIN, "cookie = { domain = \"listen.example.com\" }")]).check()),
    ("domain-left-out", || own(&[(DOMAIN, "")]).check()),
    ("cdn-without-a-name", || {
        let resource = "resource = \"https://d111111abcdef8.cloudfront.net/podcasts/*\"";
        own(&[(RESOURCE, resource), (DOMAIN, "cookie = { domain = \"cloudfront.net\" }")]).check()
    }),
    ("public-url-is-the-cdn", || alone(&[(PUBLIC_URL, "public_url = \"https://cdn.example.com\"")]).doubt()),
    ("public-url-elsewhere", || own(&[(PUBLIC_URL, "public_url = \"https://listen.example.org\"")]).check()),
    ("resource-http", || own(&[(RESOURCE, "resource = \"http://cdn.example.com/podcasts/*\"")]).check()),
    ("resource-without-a-star", || {
        alone(&[(RESOURCE, "resource = \"https://cdn.example.com/podcasts/\"")]).doubt()
    }),
    ("public-url-http", || own(&[(PUBLIC_URL, "public_url = \"http://listen.example.com\"")]).check()),
    ("origin-http", || own(&[(ORIGINS, "app_origins = [\"http://www.example.com\"]")]).check()),
    ("origin-with-a-slash", || own(&[(ORIGINS, "app_origins = [\"https://www.example.com/\"]")]).check()),
    ("canary-http", || own(&[(CANARY, "canary = \"http://cdn.example.com/podcasts/canary.txt\"")]).check()),
    ("canary-elsewhere", || {
        alone(&[(CANARY, "canary = \"https://cdn.example.com/public/canary.txt\"")]).doubt()
    }),
    ("base-path-with-a-slash", || {
        Deployment::of("shared-host.toml").with(&[("\"/edgemint\"", "\"/edgemint/\"")]).check()
    }),
    ("base-path-in-the-url", || {
        let changes = [(
            "public_url = \"https://www.example.com\"",
            "public_url = \"https://www.example.com/edgemint\"",
        )];
        Deployment::of("shared-host.toml").with(&changes).check()
    }),
    ("grants-overlap", || {
        let second = "[[grants]]\nname = \"previews\"\nresource = \"https://cdn.example.com/podcasts/previews/*\"\n\
                      ttl = \"5m\"\ncookie = { domain = \"example.com\" }\n";
        own(&[]).and(second).check()
    }),
    ("two-providers", || {
        let second = "[jwt]\ncookie = \"access_token\"\nissuer = \"https://login.example.com/\"\n\
                      audience = \"https://www.example.com\"\n\
                      [jwt.jwks]\nurl = \"https://login.example.com/.well-known/jwks.json\"\n";
        own(&[]).and(second).check()
    }),
    ("key-group-is-a-key", || own(&[(KEY_GROUP, "key_group = \"K2JCJMDEHXQW5F\"")]).check()),
    ("distribution-is-a-key-group", || {
        let both = format!("{KEY_GROUP}\ndistribution = \"2f1c6a5e-8a0b-4a8e-9d3c-5b7f0e4d1a92\"");
        own(&[(KEY_GROUP, &both)]).check()
    }),
    ("proxies-are-everybody", || own(&[(PROXIES, "trusted_proxies = [\"0.0.0.0/0\"]")]).check()),
    ("proxies-forgotten", || {
        alone(&[(PROXIES, ""), (DOMAIN, &format!("{DOMAIN}\nbind_address = true"))]).doubt()
    }),
    ("setting-misspelt", || own(&[("issuer = ", "isuer = ")]).check()),
    ("variable-misspelt", || own(&[]).told("EDGEMINT_SERVER__LISTN", "0.0.0.0:8080").check()),
    ("variable-with-one-underscore", || alone(&[]).told("EDGEMINT_SERVER_LISTEN", "0.0.0.0:8080").doubt()),
];

fn own(changes: &[(&str, &str)]) -> Deployment {
    Deployment::of("own-host.toml").with(changes)
}

fn alone(changes: &[(&str, &str)]) -> Deployment {
    Deployment::alone().with(changes)
}

#[test]
fn mistakes_in_the_configuration_are_told_as_the_chapter_shows() {
    try_all(MISTAKES);
}

#[test]
fn the_shipped_configurations_raise_no_doubt() {
    for name in ["own-host.toml", "shared-host.toml", "existing-sessions.toml"] {
        // As Kubernetes has it for services called edgemint and edgemint-redis.
        let deployment = Deployment::of(name).told("EDGEMINT_PORT", "tcp://10.0.0.1:80");
        let deployment = deployment.told("EDGEMINT_REDIS_SERVICE_HOST", "10.0.0.2");
        let output = deployment.command(&["check", "--config", "edgemint.toml"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*said), (Some(0), ""), "{name}");
    }
}
