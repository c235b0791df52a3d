use super::{problems, with_line};

/// A line of the good configuration, what to write there, the place that is blamed, the setting, and
/// a part of the message.
type Row = (usize, &'static str, &'static str, &'static str, &'static str);

#[test]
fn every_mistake_has_a_place_and_a_remedy() {
    let mut failures = Vec::new();
    for (line, text, place, setting, phrase) in ROWS {
        let found = problems(&with_line(*line, text));
        let colon = if setting.is_empty() { "" } else { ": " };
        let expected = format!("edgemint.toml{place}: {setting}{colon}");
        if found.len() != 1 || !found[0].starts_with(&expected) || !found[0].contains(phrase) {
            failures.push(format!(
                "line {line} {text:?}\n  wanted {expected}…{phrase}\n  found  {}",
                found.join("\n         ")
            ));
        }
    }
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

const ROWS: &[Row] = &[
    // Syntax.
    (2, "public_url = https://listen.example.com", ":2:14", "", "this is not TOML"),
    (1, "[server", ":1:8", "", "this is not TOML"),
    (5, "issuer \"app\"", ":5:8", "", "this is not TOML"),
    (5, "issuer = \"app", ":5:14", "", "this is not TOML"),
    (5, "issuer = \"app\"\nissuer = \"app\"", ":6:1", "", "duplicate key"),
    (5, "issuer = \"\\q\"", ":5:12", "", "this is not TOML"),
    // Unknown names.
    (1, "[sevrer]", ":1:2", "sevrer", "did you mean server?"),
    (
        1,
        "listen = \"127.0.0.1:80\"\n[server]",
        ":1:1",
        "listen",
        "unknown setting; known here are server, log,",
    ),
    (1, "[server]\nlisten_on = \"127.0.0.1:80\"", ":2:1", "server.listen_on", "did you mean listen?"),
    (1, "[server]\n\"caf\u{e9}\" = 1", ":2:1", "server.caf\u{e9}", "unknown setting; known here are listen,"),
    (1, "[log]\nlevle = \"info\"\n[server]", ":2:1", "log.levle", "did you mean level?"),
    (
        14,
        "cookie = { domian = \"example.com\" }",
        ":14:12",
        "grants[0].cookie.domian",
        "did you mean domain?",
    ),
    (
        13,
        "ttl = \"15m\"\nlifetime = \"15m\"",
        ":14:1",
        "grants[0].lifetime",
        "unknown setting; known here are name,",
    ),
    (9, "secret = { evn = \"TICKET_SECRET\" }", ":9:12", "ticket.keys[0].secret.evn", "did you mean env?"),
    // Types.
    (
        1,
        "[server]\nworkers = \"2\"",
        ":2:11",
        "server.workers",
        "found a string, wanted a whole number; write digits",
    ),
    (
        1,
        "[server]\nworkers = 2.5",
        ":2:11",
        "server.workers",
        "found a number with a fraction, wanted a whole number",
    ),
    (1, "[server]\nworkers = 99999999999999999999", ":2:11", "server.workers", "out of range"),
    (
        1,
        "[server]\nlisten = 8080",
        ":2:10",
        "server.listen",
        "found a whole number, wanted a string; write it in quotes",
    ),
    (
        1,
        "[server]\nhead_timeout = 5",
        ":2:16",
        "server.head_timeout",
        "found a whole number, wanted a string",
    ),
    (1, "[server]\nkeep_alive = 07:32:00", ":2:14", "server.keep_alive", "found a date, wanted a string"),
    (
        3,
        "app_origins = \"https://www.example.com\"",
        ":3:15",
        "server.app_origins",
        "found a string, wanted a list",
    ),
    (
        3,
        "app_origins = [\"https://www.example.com\", 1]",
        ":3:43",
        "server.app_origins[1]",
        "found a whole number, wanted a string",
    ),
    (
        13,
        "ttl = \"15m\"\nbind_address = \"yes\"",
        ":14:16",
        "grants[0].bind_address",
        "wanted a boolean; write true or false",
    ),
    (14, "cookie = \"example.com\"", ":14:10", "grants[0].cookie", "found a string, wanted a table"),
    (10, "[grants]", ":10:1", "grants", "found a table, wanted a list"),
    (
        9,
        "secret = \"swordfish\"",
        ":9:10",
        "ticket.keys[0].secret",
        "secrets and keys are never written into the configuration",
    ),
    (
        17,
        "secret = 12345",
        ":17:10",
        "api_keys[0].secret",
        "found a whole number, wanted the place where it is kept",
    ),
    // [server].
    (2, "", ":1:1", "server.public_url", "it is missing; say where browsers reach edgemint"),
    (2, "public_url = \"listen.example.com\"", ":2:14", "server.public_url", "this is no origin"),
    (2, "public_url = \"ftp://listen.example.com\"", ":2:14", "server.public_url", "this is no origin"),
    (2, "public_url = \"https://a..example.com\"", ":2:14", "server.public_url", "an origin is one host"),
    (2, "public_url = \"https://*.example.com\"", ":2:14", "server.public_url", "an origin is one host"),
    (
        2,
        "public_url = \"https://Listen.example.com/\"",
        ":2:14",
        "server.public_url",
        "write https://listen.example.com",
    ),
    (
        2,
        "public_url = \"https://listen.example.com/edgemint\"",
        ":2:14",
        "server.public_url",
        "an origin has no path, query or user name, and is spelled as browsers spell it; write https://listen.example.com",
    ),
    (
        2,
        "public_url = \"https://user@listen.example.com\"",
        ":2:14",
        "server.public_url",
        "write https://listen.example.com",
    ),
    (
        2,
        "public_url = \"http://listen.example.com\"",
        ":2:14",
        "server.public_url",
        "http is accepted on localhost",
    ),
    (1, "[server]\nlisten = \"8080\"", ":2:10", "server.listen", "is not an address with a port"),
    (1, "[server]\nlisten = \"127.0.0.1\"", ":2:10", "server.listen", "is not an address with a port"),
    (1, "[server]\nlisten = \"127.0.0.1:99999\"", ":2:10", "server.listen", "is not an address with a port"),
    (1, "[server]\nbase_path = \"edgemint\"", ":2:13", "server.base_path", "is not a base path"),
    (1, "[server]\nbase_path = \"/edgemint/\"", ":2:13", "server.base_path", "without a slash at the end"),
    (1, "[server]\nbase_path = \"/a/../b\"", ":2:13", "server.base_path", "is not a base path"),
    (3, "", ":1:1", "server.app_origins", "it is missing; browsers are let in, so list"),
    (3, "app_origins = []", ":3:15", "server.app_origins", "it is empty"),
    (
        3,
        "app_origins = [\"https://www.example.com\", \"https://*.example.com\"]",
        ":3:43",
        "server.app_origins[1]",
        "without * and without a final dot",
    ),
    (3, "app_origins = [\"http://www.example.com\"]", ":3:16", "server.app_origins[0]", "write https://"),
    (
        3,
        "app_origins = [\"https://www.example.com\"]\ndefault_return = \"//evil.example\"",
        ":4:18",
        "server.default_return",
        "begins with //",
    ),
    (
        3,
        "app_origins = [\"https://www.example.com\"]\ndefault_return = \"https://www.example.com.evil.example/\"",
        ":4:18",
        "server.default_return",
        "not at a configured origin",
    ),
    (
        1,
        "[server]\ntrusted_proxies = [\"10.0.0.0/33\"]",
        ":2:20",
        "server.trusted_proxies[0]",
        "is not an address or a network",
    ),
    (
        1,
        "[server]\ntrusted_proxies = [\"proxy.internal\"]",
        ":2:20",
        "server.trusted_proxies[0]",
        "is not an address or a network",
    ),
    (1, "[server]\nworkers = 0", ":2:11", "server.workers", "0 is out of range; write 1 to 512"),
    (1, "[server]\nworkers = -1", ":2:11", "server.workers", "-1 is out of range"),
    (
        1,
        "[server]\nmax_connections = 5000\nworkers = 2",
        ":2:19",
        "server.max_connections",
        "5000 does not fit below the limit of 4096 open files (40 are kept for 2 workers and other things); write at most 4056",
    ),
    (
        1,
        "[server]\nmax_connections = 3\nworkers = 4",
        ":2:19",
        "server.max_connections",
        "3 is less than one for each of 4 workers; write at least 4",
    ),
    (1, "[server]\nmax_body = 10", ":2:12", "server.max_body", "write 1024 to 1048576"),
    (1, "[server]\nhead_timeout = \"5 parsecs\"", ":2:16", "server.head_timeout", "is not a time span"),
    (1, "[server]\nhead_timeout = \"5\"", ":2:16", "server.head_timeout", "is not a time span"),
    (1, "[server]\nrequest_timeout = \"0s\"", ":2:19", "server.request_timeout", "write 100ms to 5m"),
    (1, "[server]\nshutdown_timeout = \"2h\"", ":2:20", "server.shutdown_timeout", "write 1s to 1h"),
    (1, "[server]\nshutdown_timeout = \"900ms\"", ":2:20", "server.shutdown_timeout", "write 1s to 1h"),
    (
        1,
        "[server]\nshutdown_timeout = \"1s 500ms\"",
        ":2:20",
        "server.shutdown_timeout",
        "not in whole seconds",
    ),
    // [log], [keyring], [mint].
    (
        1,
        "[log]\nformat = \"xml\"\n[server]",
        ":2:10",
        "log.format",
        "\"xml\" is not known; write \"json\" or \"text\"",
    ),
    (1, "[log]\nlevel = \"INFO\"\n[server]", ":2:9", "log.level", "write \"error\" or \"warn\" or \"info\""),
    (1, "[keyring]\ndirectory = \"\"\n[server]", ":2:13", "keyring.directory", "it is empty"),
    (1, "[mint]\nexpiry_step = \"500ms\"\n[server]", ":2:15", "mint.expiry_step", "write 1s to 1h"),
    (1, "[mint]\nexpiry_step = \"1s 500ms\"\n[server]", ":2:15", "mint.expiry_step", "not in whole seconds"),
    (1, "[mint]\nmax_signatures = 0\n[server]", ":2:18", "mint.max_signatures", "write 1 to 4096"),
    (
        1,
        "[mint]\nexpiry_step = \"20m\"\n[server]",
        ":15:7",
        "grants[0].ttl",
        "shorter than mint.expiry_step (20m)",
    ),
    // [[grants]].
    (11, "", ":10:1", "grants.name", "it is missing"),
    (11, "name = \"Podcasts\"", ":11:8", "grants[0].name", "cannot name a grant"),
    (12, "", ":10:1", "grants.resource", "it is missing"),
    (12, "resource = \"/podcasts/*\"", ":12:12", "grants[0].resource", "https://"),
    (
        12,
        "resource = \"http://cdn.example.com/podcasts/*\"",
        ":12:12",
        "grants[0].resource",
        "the scheme is \"http\"",
    ),
    (12, "resource = \"https://*.example.com/podcasts/*\"", ":12:12", "grants[0].resource", "is a pattern"),
    (
        12,
        "resource = \"https://cdn.example.com/{user}/*\"",
        ":12:12",
        "grants[0].resource",
        "write {sub} or {claim:NAME}",
    ),
    (
        12,
        "resource = \"https://cdn.example.com/{sub}*\"",
        ":12:12",
        "grants[0].resource",
        "must end at a / or a dot",
    ),
    (13, "", ":10:1", "grants.ttl", "it is missing"),
    (13, "ttl = \"15 minuets\"", ":13:7", "grants[0].ttl", "is not a time span"),
    (
        13,
        "ttl = \"7days\"",
        ":13:7",
        "grants[0].ttl",
        "minted cookies cannot be called back; write at most 24h",
    ),
    (13, "ttl = \"30s\"", ":13:7", "grants[0].ttl", "shorter than mint.expiry_step (1m)"),
    (
        13,
        "ttl = \"15m\"\nipv6_clients = \"omit\"",
        ":14:16",
        "grants[0].ipv6_clients",
        "add bind_address = true or drop it",
    ),
    (
        13,
        "ttl = \"15m\"\nbind_address = true\nipv6_clients = \"allow\"",
        ":15:16",
        "grants[0].ipv6_clients",
        "write \"refuse\" or \"omit\"",
    ),
    (14, "", ":10:1", "grants[0]", "without a domain the cookies go back only to \"listen.example.com\""),
    (14, "cookie = { domain = \"com\" }", ":14:21", "grants[0].cookie.domain", "is a public suffix"),
    (
        14,
        "cookie = { domain = \"example.org\" }",
        ":14:21",
        "grants[0].cookie.domain",
        "neither the CDN host \"cdn.example.com\" nor a parent",
    ),
    (
        14,
        "cookie = { domain = \"cdn.example.com\" }",
        ":14:21",
        "grants[0].cookie.domain",
        "a browser ignores \"cdn.example.com\"",
    ),
    (
        14,
        "cookie = { domain = \"example.com\", path = \"/podcasts/new\" }",
        ":14:43",
        "grants[0].cookie.path",
        "does not cover the resource, which needs \"/podcasts/\"",
    ),
    (
        14,
        "cookie = { domain = \"example.com\", path = \"/podcasts/*\" }",
        ":14:43",
        "grants[0].cookie.path",
        "cannot be a cookie's path",
    ),
    (
        14,
        "cookie = { domain = \"example.com\", same_site = \"Lax\" }",
        ":14:48",
        "grants[0].cookie.same_site",
        "write \"lax\" or \"strict\" or \"none\"",
    ),
    (
        14,
        "cookie = { domain = \"example.com\", secure = false }",
        ":14:45",
        "grants[0].cookie.secure",
        "travel in clear text",
    ),
    (
        14,
        "cookie = { domain = \"example.com\", secure = false, same_site = \"none\" }",
        ":14:64",
        "grants[0].cookie.same_site",
        "drop cookies with SameSite=None",
    ),
    (
        15,
        "[[grants]]\nname = \"all\"\nresource = \"https://cdn.example.com/*\"\nttl = \"5m\"\ncookie = { domain = \"example.com\" }\n[[api_keys]]",
        ":15:1",
        "grants[1]",
        "(Path=/podcasts/, at edgemint.toml:10:1) would be sent in one request",
    ),
    (
        15,
        "[[grants]]\nname = \"podcasts\"\nresource = \"https://cdn.example.com/x/*\"\nttl = \"5m\"\ncookie = { domain = \"example.com\" }\n[[api_keys]]",
        ":15:1",
        "grants[1]",
        "a grant named \"podcasts\" is at edgemint.toml:10:1 already",
    ),
    // [ticket] and [[api_keys]].
    (5, "", ":4:1", "ticket.issuer", "it is missing"),
    (6, "audience = \" \"", ":6:12", "ticket.audience", "it is empty"),
    (6, "audience = \"a\"\nmax_lifetime = \"2m\"", ":7:16", "ticket.max_lifetime", "write 1s to 1m"),
    (6, "audience = \"a\"\nleeway = \"31s\"", ":7:10", "ticket.leeway", "write 0s to 30s"),
    (8, "", ":7:1", "ticket.keys.algorithm", "it is missing"),
    (8, "algorithm = \"none\"", ":8:13", "ticket.keys[0].algorithm", "choose HS256, EdDSA, ES256 or RS256"),
    (8, "algorithm = \"EdDSA\"", ":9:10", "ticket.keys[0].secret", "write public_key in place of secret"),
    (
        9,
        "public_key = { env = \"TICKET_SECRET\" }",
        ":9:14",
        "ticket.keys[0].public_key",
        "write secret in place of public_key",
    ),
    (9, "", ":7:1", "ticket.keys.secret", "it is missing; HS256 is checked with it"),
    (9, "secret = { }", ":9:10", "ticket.keys[0].secret", "neither file nor env is given"),
    (
        9,
        "secret = { env = \"A\", file = \"b\" }",
        ":9:10",
        "ticket.keys[0].secret",
        "both file and env are given",
    ),
    (9, "secret = { env = \"NOT_SET\" }", ":9:18", "ticket.keys[0].secret.env", "is not set"),
    (
        9,
        "secret = { env = \"SHORT\" }",
        ":9:10",
        "ticket.keys[0].secret",
        "13 bytes long and takes at least 32",
    ),
    (
        9,
        "secret = { env = \"TICKET_SECRET\" }\n[[ticket.keys]]\nid = \"k2\"\nalgorithm = \"HS256\"\nsecret = { env = \"API_KEY\" }",
        ":7:1",
        "ticket.keys.id",
        "with several keys each needs an id",
    ),
    (
        9,
        "id = \"k\"\nsecret = { env = \"TICKET_SECRET\" }\n[[ticket.keys]]\nid = \"k\"\nalgorithm = \"HS256\"\nsecret = { env = \"API_KEY\" }",
        ":12:6",
        "ticket.keys[1].id",
        "a ticket key with this id is at edgemint.toml:9:6 already",
    ),
    (16, "", ":15:1", "api_keys.name", "it is missing"),
    (16, "name = \"My App\"", ":16:8", "api_keys[0].name", "cannot name an API key"),
    (17, "", ":15:1", "api_keys.secret", "it is missing"),
    (17, "secret = { env = \"SHORT\" }", ":17:10", "api_keys[0].secret", "at least 32 characters"),
    (
        17,
        "secret = { env = \"API_KEY\" }\n[[api_keys]]\nname = \"other\"\nsecret = { env = \"API_KEY\" }",
        ":20:10",
        "api_keys[1].secret",
        "API key \"app\" has the same secret",
    ),
    (
        17,
        "secret = { env = \"API_KEY\" }\n[[api_keys]]\nname = \"app\"\nsecret = { env = \"TICKET_SECRET\" }",
        ":19:8",
        "api_keys[1].name",
        "an API key with this name is at edgemint.toml:16:8 already",
    ),
    (
        7,
        "[[ticket.keys]]\nid = \"a\"\nalgorithm = \"EdDSA\"\npublic_key = { env = \"TICKET_SECRET\" }\n[[ticket.keys]]\nid = \"b\"",
        ":10:14",
        "ticket.keys[0].public_key",
        "PEM",
    ),
    (8, "algorithm = \"HS256\"\nid = \"\"", ":9:6", "ticket.keys[0].id", "1 to 128"),
    (17, "secret = { env = \"SPACED\" }", ":17:10", "api_keys[0].secret", "which a header cannot carry"),
    // Claims that a grant requires.
    (
        13,
        "ttl = \"15m\"\nrequire = []",
        ":14:11",
        "grants[0].require",
        "it is empty, and whoever is logged in would get",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = { claim = \"plan\", equals = \"x\" }",
        ":14:11",
        "grants[0].require",
        "found a table, wanted a list",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [\"premium\"]",
        ":14:12",
        "grants[0].require[0]",
        "found a string, wanted a table",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ equals = \"x\" }]",
        ":14:12",
        "grants.require.claim",
        "it is missing; name the claim",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"\", equals = \"x\" }]",
        ":14:22",
        "grants[0].require[0].claim",
        "it names no claim; write its name",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"/a~x\", equals = \"x\" }]",
        ":14:22",
        "grants[0].require[0].claim",
        "not a JSON pointer: ~ stands only in ~0",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = 7, equals = \"x\" }]",
        ":14:22",
        "grants[0].require[0].claim",
        "found a whole number, wanted a string",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\" }]",
        ":14:12",
        "grants[0].require[0]",
        "none of equals, any_of and contains is given; write exactly one",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", equals = \"a\", contains = \"b\" }]",
        ":14:12",
        "grants[0].require[0]",
        "more than one of equals, any_of and contains is given; write exactly one",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", any_of = [] }]",
        ":14:39",
        "grants[0].require[0].any_of",
        "it is empty, so nobody would get",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", any_of = \"a\" }]",
        ":14:39",
        "grants[0].require[0].any_of",
        "found a string, wanted a list",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", any_of = [\"a\", 1.5] }]",
        ":14:45",
        "grants[0].require[0].any_of[1]",
        "found a number with a fraction, wanted a value that a claim can be compared with; write a text in quotes",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", equals = [\"a\"] }]",
        ":14:39",
        "grants[0].require[0].equals",
        "found a list, wanted a value that a claim can be compared with",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", equals = 2026-11-21 }]",
        ":14:39",
        "grants[0].require[0].equals",
        "found a date, wanted a value",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", contains = { a = 1 } }]",
        ":14:41",
        "grants[0].require[0].contains",
        "found a table, wanted a value",
    ),
    (
        13,
        "ttl = \"15m\"\nrequire = [{ claim = \"plan\", equal = \"a\" }]",
        ":14:30",
        "grants[0].require[0].equal",
        "did you mean equals?",
    ),
    // Audit and trace tags.
    (
        13,
        "ttl = \"15m\"\ntrace = true",
        ":14:9",
        "grants[0].trace",
        "and audit.key is not given; add [audit] with key = { file",
    ),
    (13, "ttl = \"15m\"\ntrace = \"yes\"", ":14:9", "grants[0].trace", "found a string, wanted a boolean"),
    (
        1,
        "[audit]\nsubject = \"hashed\"\n[server]",
        ":2:11",
        "audit.subject",
        "hides it only with a key; add key = { file = \"PATH\" }",
    ),
    (
        1,
        "[audit]\nsubject = \"md5\"\n[server]",
        ":2:11",
        "audit.subject",
        "write \"plain\" or \"hashed\" or \"none\"",
    ),
    (
        1,
        "[audit]\nkey = { env = \"SHORT\" }\n[server]",
        ":2:7",
        "audit.key",
        "shorter than 32 bytes, so it could be guessed; make one with: openssl rand",
    ),
    (
        1,
        "[audit]\nsubject = \"hashed\"\nkey = { env = \"SHORT\" }\n[server]",
        ":3:7",
        "audit.key",
        "shorter than 32 bytes",
    ),
    (1, "[audit]\nkey = { env = \"UNSET\" }\n[server]", ":2:15", "audit.key.env", "is not set"),
    (1, "[audit]\nkey = \"c2VjcmV0\"\n[server]", ":2:7", "audit.key", "wanted the place where it is kept"),
    (1, "[audit]\nkeys = 1\n[server]", ":2:1", "audit.keys", "did you mean key?"),
    // [header], in place of lines that nothing depends on: two sections that say who is asking are two problems.
    (
        4,
        "[header]\npeers = [\"10.0.0.0/8\"]\n[ticket]",
        ":6:1",
        "ticket",
        "one section says who is asking, and [header] at edgemint.toml:4:1 does; remove one",
    ),
    (
        15,
        "[header]\npeers = [\"10.0.0.0/8\"]\n[[api_keys]]",
        ":15:1",
        "header",
        "one section says who is asking, and [ticket] at edgemint.toml:4:1 does; remove one",
    ),
];

/// What browsers prove by in place of tickets, where the tests above have lines 4 to 9.
fn with_provider(section: &str) -> String {
    let good = with_line(0, "");
    let lines: Vec<&str> = good.lines().collect();
    [&lines[..3], &[section], &lines[9..]].concat().join("\n")
}

#[test]
fn every_mistake_with_a_provider_has_a_place_and_a_remedy() {
    for (section, place, setting, phrase) in PROVIDER_ROWS {
        let found = problems(&with_provider(section));
        let expected = format!("edgemint.toml{place}: {setting}: ");
        assert!(
            found.len() == 1 && found[0].starts_with(&expected) && found[0].contains(phrase),
            "{section}\nwanted {expected}…{phrase}\nfound {found:#?}"
        );
    }
}

/// `[jwt]` with nothing wrong, but for what is added to it.
macro_rules! jwt {
    ($more:literal) => {
        concat!("[jwt]\nissuer = \"i\"\naudience = \"a\"\n", $more)
    };
}

/// The same for `[introspect]`.
macro_rules! introspect {
    ($more:literal) => {
        concat!("[introspect]\nurl = \"https://app.example.com/session\"\nsubject = \"/id\"\n", $more)
    };
}

/// A section, the place that is blamed, the setting, and a part of the message.
const PROVIDER_ROWS: &[(&str, &str, &str, &str)] = &[
    // [jwt].
    (
        "[jwt]\naudience = \"a\"\nbearer = true\njwks = { url = \"https://i.example/\" }",
        ":4:1",
        "jwt.issuer",
        "it is missing; name who signs",
    ),
    (
        "[jwt]\nissuer = \"i\"\nbearer = true\njwks = { url = \"https://i.example/\" }",
        ":4:1",
        "jwt.audience",
        "it is missing; name whom the tokens are for",
    ),
    (jwt!("jwks = { url = \"https://i.example/\" }"), ":4:1", "jwt.cookie", "it is missing; name the cookie"),
    (
        jwt!("cookie = \"c\"\nbearer = true\njwks = { url = \"https://i.example/\" }"),
        ":8:10",
        "jwt.bearer",
        "remove this line or the cookie",
    ),
    (
        jwt!("bearer = false\njwks = { url = \"https://i.example/\" }"),
        ":7:10",
        "jwt.bearer",
        "then the token has no place",
    ),
    (
        jwt!("cookie = \"__Host-edgemint\"\njwks = { url = \"https://i.example/\" }"),
        ":7:10",
        "jwt.cookie",
        "edgemint itself sets this cookie",
    ),
    (
        jwt!("cookie = \"a b\"\njwks = { url = \"https://i.example/\" }"),
        ":7:10",
        "jwt.cookie",
        "cannot be the name of a cookie",
    ),
    (
        jwt!("bearer = true\nleeway = \"61s\"\njwks = { url = \"https://i.example/\" }"),
        ":8:10",
        "jwt.leeway",
        "write 0s to 1m",
    ),
    (
        jwt!("bearer = true\nsubject = \"sub\"\njwks = { url = \"https://i.example/\" }"),
        ":8:11",
        "jwt.subject",
        "this is not a JSON pointer",
    ),
    (
        jwt!("bearer = true\nstarted = \"iat\"\njwks = { url = \"https://i.example/\" }"),
        ":8:11",
        "jwt.started",
        "this is not a JSON pointer",
    ),
    (
        jwt!("bearer = true\nclaims = { plan = \"/a~2\" }\njwks = { url = \"https://i.example/\" }"),
        ":8:19",
        "jwt.claims.plan",
        "this is not a JSON pointer",
    ),
    (jwt!("bearer = true"), ":4:1", "jwt.keys", "add a [[jwt.keys]] section, or [jwt.jwks] with the url"),
    (
        jwt!(
            "bearer = true\njwks = { url = \"https://i.example/\" }\n[[jwt.keys]]\nalgorithm = \"HS256\"\nsecret = { env = \"API_KEY\" }"
        ),
        ":8:8",
        "jwt.jwks",
        "keys are given in [[jwt.keys]] too",
    ),
    (jwt!("bearer = true\njwks = { }"), ":8:8", "jwt.jwks.url", "it is missing; write where the key set is"),
    (
        jwt!("bearer = true\njwks = { url = \"http://i.example/\" }"),
        ":8:16",
        "jwt.jwks.url",
        "http is accepted to localhost",
    ),
    (
        jwt!("bearer = true\njwks = { url = \"https://u:p@i.example/\" }"),
        ":8:16",
        "jwt.jwks.url",
        "holds a user name or a password",
    ),
    (
        jwt!("bearer = true\njwks = { url = \"https://i.example/\", ca = { env = \"SHORT\" } }"),
        ":8:43",
        "jwt.jwks.ca",
        "this holds no certificate that can be read",
    ),
    (
        jwt!("bearer = true\njwks = { url = \"https://i.example/\", refresh = \"1m\", interval = \"2m\" }"),
        ":8:65",
        "jwt.jwks.interval",
        "write 1s to 1m",
    ),
    (
        jwt!("bearer = true\njwks = { url = \"https://i.example/\", max_stale = \"9m\" }"),
        ":8:50",
        "jwt.jwks.max_stale",
        "write 10m to 7days",
    ),
    (
        jwt!("bearer = true\n[[jwt.keys]]\nalgorithm = \"ES256\"\nsecret = { env = \"API_KEY\" }"),
        ":10:10",
        "jwt.keys[0].secret",
        "write public_key in place of secret",
    ),
    (
        "[ticket]\nissuer = \"a\"\naudience = \"b\"\njwks = { url = \"https://a.example/\" }\n[[ticket.keys]]\nalgorithm = \"HS256\"\nsecret = { env = \"API_KEY\" }",
        ":7:8",
        "ticket.jwks",
        "keys are given in [[ticket.keys]] too",
    ),
    // [introspect].
    (
        "[introspect]\nsubject = \"/id\"\nheader = \"Authorization\"",
        ":4:1",
        "introspect.url",
        "it is missing; write what to ask",
    ),
    (
        "[introspect]\nurl = \"https://app.example.com/\"\nheader = \"Authorization\"",
        ":4:1",
        "introspect.subject",
        "it is missing; point to the listener's id",
    ),
    (introspect!(""), ":4:1", "introspect.cookies", "it is missing; name what is forwarded"),
    (introspect!("cookies = []"), ":7:11", "introspect.cookies", "there are 0; name 1 to 8 cookies"),
    (
        introspect!("cookies = [\"a\", \"CloudFront-Policy\"]"),
        ":7:17",
        "introspect.cookies[1]",
        "edgemint itself sets this cookie",
    ),
    (
        introspect!("cookies = [\"a\"]\nheader = \"Authorization\""),
        ":8:10",
        "introspect.header",
        "cookies are forwarded; remove this line or those",
    ),
    (introspect!("header = \"Cookie\""), ":7:10", "introspect.header", "that would forward every cookie"),
    (introspect!("header = \"Host\""), ":7:10", "introspect.header", "says nothing of who is asking"),
    (
        introspect!("header = \"Authorization\"\nmethod = \"PUT\""),
        ":8:10",
        "introspect.method",
        "write \"GET\" or \"POST\"",
    ),
    (introspect!("header = \"Authorization\"\ncache = \"2m\""), ":8:9", "introspect.cache", "write 0s to 1m"),
    (
        introspect!("header = \"Authorization\"\nmax_requests = 0"),
        ":8:16",
        "introspect.max_requests",
        "write 1 to 4096",
    ),
    (
        introspect!("header = \"Authorization\"\nuntil = \"exp\""),
        ":8:9",
        "introspect.until",
        "this is not a JSON pointer",
    ),
    (
        "[introspect]\nurl = \"http://169.254.169.254/\"\nsubject = \"/id\"\nheader = \"Authorization\"",
        ":5:7",
        "introspect.url",
        "http is accepted to localhost",
    ),
    ("[header]", ":4:1", "header.peers", "it is missing; list the addresses or networks of the proxies"),
    ("[header]\npeers = []", ":5:9", "header.peers", "it is empty; list the addresses"),
    ("[header]\npeers = [\"proxy\"]", ":5:10", "header.peers[0]", "is not an address or a network"),
    ("[header]\npeers = [\"10.0.0.1\", \"0.0.0.0/0\"]", ":5:22", "header.peers[1]", "is everybody"),
    ("[header]\npeers = [\"::/0\"]", ":5:10", "header.peers[0]", "is everybody"),
    ("[header]\npeers = [\"::ffff:0.0.0.0/96\"]", ":5:10", "header.peers[0]", "is everybody"),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nname = \"X Forwarded User\"",
        ":6:8",
        "header.name",
        "cannot be the name of a header",
    ),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nname = \"\"",
        ":6:8",
        "header.name",
        "cannot be the name of a header",
    ),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nclaims = { email = \"X-Email:\" }",
        ":6:20",
        "header.claims.email",
        "cannot be the name of a header",
    ),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nclaims = { \"e mail\" = \"X-Email\" }",
        ":6:23",
        "header.claims.e mail",
        "cannot name a claim",
    ),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nclaims = { email = 1 }",
        ":6:20",
        "header.claims.email",
        "found a whole number, wanted a string",
    ),
    (
        "[header]\npeers = [\"10.0.0.1\"]\nheader = \"X\"",
        ":6:1",
        "header.header",
        "unknown setting; known here are name",
    ),
    // [redis], of which lines 4 to 8 are right but for one.
    (
        "[redis]\n\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":4:1",
        "redis.url",
        "it is missing; write url = { file = ",
    ),
    (
        "[redis]\nurl = \"redis://:hunter2@127.0.0.1\"\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":5:7",
        "redis.url",
        "found a string, wanted the place where it is kept",
    ),
    (
        "[redis]\nurl = { env = \"UNSET\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":5:15",
        "redis.url.env",
        "is not set",
    ),
    (
        "[redis]\nurl = { env = \"SHORT\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":5:7",
        "redis.url",
        "this is not the URL of a Redis",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\nca = { env = \"SHORT\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:6",
        "redis.ca",
        "an authority is given, and the URL asks for no TLS",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\nca = { env = \"UNSET\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:14",
        "redis.ca.env",
        "is not set",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ndeadline = \"1m\"\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:12",
        "redis.deadline",
        "write 10ms to 5s",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\n\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":4:1",
        "redis.cookie",
        "it is missing; name the app's session cookie",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:10",
        "redis.cookie",
        "cannot be the name of a cookie",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:10",
        "redis.cookie",
        "cannot be the name of a cookie",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid=\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"",
        ":6:10",
        "redis.cookie",
        "cannot be the name of a cookie",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\n\nsubject = \"/user/id\"",
        ":4:1",
        "redis.key",
        "it is missing; write the key of a session",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:\"\nsubject = \"/user/id\"",
        ":7:7",
        "redis.key",
        "{id} is missing",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:*\"\nsubject = \"/user/id\"",
        ":7:7",
        "redis.key",
        "{id} is missing",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"{id}:{id}\"\nsubject = \"/user/id\"",
        ":7:7",
        "redis.key",
        "{id} is there more than once",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"{app}:{id}\"\nsubject = \"/user/id\"",
        ":7:7",
        "redis.key",
        "no other brace",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\n",
        ":4:1",
        "redis.subject",
        "it is missing; point to the listener's id",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"user.id\"",
        ":8:11",
        "redis.subject",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"\"",
        ":8:11",
        "redis.subject",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user~id\"",
        ":8:11",
        "redis.subject",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nlogged_in = true",
        ":9:13",
        "redis.logged_in",
        "found a boolean, wanted a string",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nlogged_in = \"isLoggedIn\"",
        ":9:13",
        "redis.logged_in",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nstarted = \"createdAt\"",
        ":9:11",
        "redis.started",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nexpires = \"cookie/expires\"",
        ":9:11",
        "redis.expires",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nclaims = { plan = \"user/plan\" }",
        ":9:19",
        "redis.claims.plan",
        "this is not a JSON pointer",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nclaims = { \"the plan\" = \"/plan\" }",
        ":9:25",
        "redis.claims.the plan",
        "cannot name a claim",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nid = \"sha256\"",
        ":9:6",
        "redis.id",
        "write \"plain\" or \"sha256-hex\"",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = []",
        ":9:11",
        "redis.secrets",
        "there are 0; write the app's secret",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = [\"hunter2\"]",
        ":9:12",
        "redis.secrets[0]",
        "found a string, wanted the place where it is kept",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = { env = \"SHORT\" }",
        ":9:11",
        "redis.secrets",
        "found a table, wanted a list",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = [{ env = \"UNSET\" }]",
        ":9:20",
        "redis.secrets[0].env",
        "is not set",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = [{ env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }, { env = \"SHORT\" }]",
        ":9:11",
        "redis.secrets",
        "there are 9",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\ncookie_prefix = \"\"",
        ":9:17",
        "redis.cookie_prefix",
        "there are no secrets to check signatures with",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nsecrets = [{ env = \"SHORT\" }]\ncookie_prefix = \"s: \"",
        ":10:17",
        "redis.cookie_prefix",
        "cannot begin a signed cookie",
    ),
    (
        "[redis]\nurl = { env = \"REDIS_URL\" }\ncookie = \"connect.sid\"\nkey = \"sess:{id}\"\nsubject = \"/user/id\"\nprefix = \"sess:\"",
        ":9:1",
        "redis.prefix",
        "unknown setting",
    ),
];
