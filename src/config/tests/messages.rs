use super::{problems, with_line};

/// The whole text of what an operator is likely to see.
#[test]
fn typical_mistakes_are_told_in_full() {
    for (line, text, expected) in [
        (
            2,
            "public_url = https://listen.example.com",
            "edgemint.toml:2:14: this is not TOML: string values must be quoted, expected literal string; correct it here or just before",
        ),
        (
            1,
            "[server]\nlisten_adress = \"0.0.0.0:80\"",
            "edgemint.toml:2:1: server.listen_adress: unknown setting; known here are listen, public_url, base_path, app_origins, default_return, trusted_proxies, workers, max_connections, max_body, head_timeout, request_timeout, keep_alive, shutdown_timeout",
        ),
        (
            2,
            "publik_url = \"https://listen.example.com\"",
            "edgemint.toml:2:1: server.publik_url: unknown setting; did you mean public_url?",
        ),
        (
            1,
            "[server]\nworkers = \"two\"",
            "edgemint.toml:2:11: server.workers: found a string, wanted a whole number; write digits without quotes, such as 2",
        ),
        (
            2,
            "public_url = \"http://listen.example.com\"",
            "edgemint.toml:2:14: server.public_url: http is accepted on localhost, *.localhost, 127.0.0.0/8 and [::1] only; write https://",
        ),
        (
            13,
            "ttl = 900",
            "edgemint.toml:13:7: grants[0].ttl: found a whole number, wanted a string; write it in quotes",
        ),
        (
            13,
            "ttl = \"900\"",
            "edgemint.toml:13:7: grants[0].ttl: \"900\" is not a time span; write a number and a unit, such as \"90s\", \"15m\" or \"1h\"",
        ),
        (
            13,
            "ttl = \"7d\"",
            "edgemint.toml:13:7: grants[0].ttl: a lifetime of 7days is too long, because minted cookies cannot be called back; write at most 24h and let the player renew",
        ),
        (
            14,
            "cookie = { domain = \"cloudfront.net\" }",
            "edgemint.toml:14:21: grants[0].cookie.domain: \"cloudfront.net\" is a public suffix, for which browsers refuse cookies; give the distribution a CNAME under the app's domain",
        ),
        (
            14,
            "",
            "edgemint.toml:10:1: grants[0]: without a domain the cookies go back only to \"listen.example.com\", the host of server.public_url, and never to \"cdn.example.com\"; give the domain that both have in common, or serve both from one host",
        ),
        (
            9,
            "secret = \"c29tZSBzZWNyZXQ\"",
            "edgemint.toml:9:10: ticket.keys[0].secret: found a string, wanted the place where it is kept; secrets and keys are never written into the configuration: write { file = \"PATH\" } or { env = \"NAME\" }",
        ),
        (
            9,
            "secret = { env = \"UNSET_SECRET\" }",
            "edgemint.toml:9:18: ticket.keys[0].secret.env: the environment variable of this name is not set; set it before edgemint starts",
        ),
        (
            9,
            "secret = { file = \"no/such.key\" }",
            "edgemint.toml:9:19: ticket.keys[0].secret.file: there is no file of this name; relative names start in the folder of the configuration",
        ),
        (
            5,
            "",
            "edgemint.toml:4:1: ticket.issuer: it is missing; name the web app, as its tickets do in iss",
        ),
    ] {
        assert_eq!(problems(&with_line(line, text)), [expected], "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "[server]\nworkers = \"2\"\nlisen = 1\ntrusted_proxies = [1, \"x\", 2]\n[sevrer]\n[x.y]\n";
    let places: Vec<_> = problems(text)
        .iter()
        .map(|problem| problem.split(": ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        "edgemint.toml:2:11 server.workers",
        "edgemint.toml:3:1 server.lisen",
        "edgemint.toml:4:20 server.trusted_proxies[0]",
        "edgemint.toml:4:28 server.trusted_proxies[2]",
        "edgemint.toml:5:2 sevrer",
        "edgemint.toml:6:2 x",
    ];
    assert_eq!(places, expected);

    let text = "[server]\nlisten = \"x\"\nworkers = 0\n[log]\nlevel = \"loud\"\n[[grants]]\nname = \"A\"\n[ticket]\n[[api_keys]]\n";
    let settings: Vec<_> = problems(text)
        .iter()
        .map(|problem| problem.split(": ").nth(1).unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "server.app_origins",
        "server.public_url",
        "server.listen",
        "server.workers",
        "log.level",
        "grants.resource",
        "grants.ttl",
        "ticket.audience",
        "ticket.issuer",
        "ticket.keys",
        "api_keys.name",
        "api_keys.secret",
    ];
    assert_eq!(settings, expected);
}

#[test]
fn an_empty_file_is_told_what_it_needs() {
    let found = problems("");
    for setting in ["server.public_url", "grants", "ticket"] {
        assert!(
            found
                .iter()
                .any(|problem| problem.starts_with(&format!("edgemint.toml: {setting}: it is missing; "))),
            "{setting}: {found:?}"
        );
    }
    assert_eq!(found.len(), 3);
}
