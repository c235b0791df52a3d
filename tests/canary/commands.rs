//! Commands that are given wrong files, wrong settings and wrong words, with secrets in the place of what is wrong.

use std::fs;

use edgemint::cloudfront::{KeyAlgorithm, SigningKey};

use crate::secrets::IN_ENVIRONMENT;
use crate::stage::Stage;
use crate::support::{Reply, Upstream};
use crate::tickets::Ticketed;

/// `check` and `serve` with a changed configuration.
fn configuration_is_refused(place: &Ticketed, what: &str, change: impl Fn(&str) -> String) {
    let stage = &place.stage;
    let good = fs::read_to_string(stage.path("edgemint.toml")).unwrap();
    let changed = change(&good);
    assert_ne!(good, changed, "{what}");
    stage.write("edgemint.toml", changed);
    for command in ["check", "serve"] {
        stage.refused(what, &mut stage.command(&[command, "--config", "edgemint.toml"]));
    }
    stage.write("edgemint.toml", good);
}

const TICKET_SECRET: &str = "secret = { file = \"ticket.key\" }";

/// What people write who have a secret in hand and are told that something is wrong.
#[test]
fn no_error_of_a_configuration_repeats_a_secret() {
    let place = Ticketed::new("json", "");
    let made = |name: &str| place.stage.secrets.make(&format!("a secret as {name}"));
    for line in [
        "secret = \"SECRET\"",
        "secret = \"SECRET",
        "secret = SECRET",
        "secret = \"SECRET\" # old: SECRET\n= 3",
        "secret = { file = \"SECRET\" }",
        "secret = { env = \"SECRET\" }",
        "secret = { value = \"SECRET\" }",
        "secret = \"\"\"\nSECRET\n",
        "secret: SECRET",
        "SECRET",
        "SECRET = 1",
        "public_key = \"-----BEGIN PRIVATE KEY-----\\nSECRET\\n-----END PRIVATE KEY-----\"",
        "secret = { file = \"ticket.key\" }\nsecret = \"SECRET\"",
        "secret = { file = \"ticket.key\" }\n[[ticket.keys.SECRET]]\na = \"SECRET\"",
    ] {
        let line = line.replace("SECRET", &made(line));
        configuration_is_refused(&place, &line.replace(char::is_numeric, "0")[..12], |good| {
            good.replace(TICKET_SECRET, &line)
        });
    }
    for section in [
        "[store]\nredis = \"redis://:SECRET@redis.example.com\"",
        "[store]\nredis = { env = \"redis://:SECRET@redis.example.com\" }",
        "[store]\nredis = redis://:SECRET@redis.example.com",
        "[store]\nfile = \"redis://:SECRET@redis.example.com\"",
        "[rotation]\nkey_group = \"SECRET SECRET\"\ncanary = \"https://cdn.example.com/podcasts/a\"",
        "[rotation]\nkey_group = \"a\"\ncanary = \"https://me:SECRET@cdn.example.com/podcasts/a\"",
        "[rotation]\nkey_group = \"a\"\ncanary = \"https://cdn.example.com/podcasts/a\"\nendpoint_url = \"https://me:SECRET@aws.example.com\"",
        "[introspect]\nurl = \"https://me:SECRET@app.example.com\"\ncookies = [\"a\"]\nsubject = \"/id\"",
        "[[api_keys]]\nname = \"SECRET SECRET\"\nsecret = { env = \"EDGEMINT_API_KEY\" }",
        "[[api_keys]]\nname = \"other\"\nsecret = \"SECRET\"",
        "[[api_keys]]\nname = \"other\"\nkey = \"SECRET\"",
        "[[api_keys]]\nSECRET = \"other\"",
    ] {
        let section = section.replace("SECRET", &made(section));
        configuration_is_refused(&place, section.split('=').next().unwrap(), |good| {
            format!("{good}\n{section}\n")
        });
    }
    for (setting, wrong) in [
        ("listen = \"127.0.0.1:0\"", "listen = \"redis://:SECRET@redis.example.com\""),
        (
            "public_url = \"https://listen.example.com\"",
            "public_url = \"https://me:SECRET@listen.example.com\"",
        ),
        (
            "app_origins = [\"https://www.example.com\"]",
            "app_origins = [\"https://me:SECRET@www.example.com\"]",
        ),
        ("level = \"trace\"", "level = \"SECRET\""),
        ("format = \"json\"", "format = \"SECRET\""),
        ("workers = 1", "workers = \"SECRET\""),
        ("head_timeout = \"1s\"", "head_timeout = \"SECRET\""),
        ("head_timeout = \"1s\"", "trusted_proxies = [\"SECRET\"]"),
        ("algorithm = \"HS256\"", "algorithm = \"SECRET\""),
        ("key = { file = \"audit.key\" }", "key = { file = \"audit.key\" }\nsubject = \"SECRET\""),
        ("directory = \"keys\"", "store = \"SECRET\""),
    ] {
        let wrong = wrong.replace("SECRET", &made(wrong));
        configuration_is_refused(&place, setting, |good| good.replacen(setting, &wrong, 1));
    }
}

#[test]
fn no_error_about_the_environment_repeats_it() {
    let place = Ticketed::new("json", "");
    let stage = &place.stage;
    for name in [
        "EDGEMINT_SERVER__LISTEN",
        "EDGEMINT_SERVER__WORKERS",
        "EDGEMINT_SERVER__PUBLIC_URL",
        "EDGEMINT_LOG__LEVEL",
        "EDGEMINT_STORE__REDIS",
        "EDGEMINT_API_KEYS__0__SECRET",
        "EDGEMINT_TICKET__KEYS",
        "EDGEMINT_TICKET__SECRET",
        "EDGEMINT_SESSION__SECRETS",
        "EDGEMINT_AUDIT__KEY",
        "EDGEMINT_KEYRING__STORE",
        "EDGEMINT_NOTHING__AT_ALL",
    ] {
        let secret = stage.secrets.make_for(&format!("what stands in {name}"), IN_ENVIRONMENT);
        for value in [format!("redis://me:{secret}@redis.example.com"), format!("\"{secret}"), secret] {
            for command in ["check", "serve"] {
                let mut command = stage.command(&[command, "--config", "edgemint.toml"]);
                stage.refused(name, command.env(name, &value));
            }
        }
    }
    // Too short, and what is no text.
    let short = "0123456789ab";
    stage.secrets.plant("a short API key", short);
    stage.refused(
        "short",
        stage.command(&["check", "--config", "edgemint.toml"]).env("EDGEMINT_API_KEY", short),
    );
    let secret = stage.secrets.make("a secret that is no text");
    let bytes = [b"\xff", secret.as_bytes()].concat();
    let bytes = <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes);
    stage.refused(
        "bytes",
        stage.command(&["check", "--config", "edgemint.toml"]).env("EDGEMINT_API_KEY", &bytes),
    );
    stage.refused("bytes", stage.command(&["keys", "list"]).env("EDGEMINT_KEYRING__STORE", &bytes));
}

#[test]
fn no_error_about_a_secret_file_repeats_what_is_in_it() {
    let place = Ticketed::new("json", "[store]\nredis = { file = \"redis.url\" }\n");
    let stage = &place.stage;
    let made = |name: &str| stage.secrets.make(&format!("what stands in {name}"));
    let check = |what: &str| {
        for command in ["check", "serve"] {
            stage.refused(what, &mut stage.command(&[command, "--config", "edgemint.toml"]));
        }
    };
    for url in [
        "SECRET",
        "redis://:SECRET@@/redis.example.com",
        "redis://:SECRET/x@redis.example.com",
        "redis://SECRET@redis.example.com",
        "redis://:SECRET@redis.example.com/SECRET",
        "redis://:SECRET@redis.example.com:99999",
        "redis://:SECRET@redis.example.com?a=SECRET",
        "redis://:SECRET@redis.example.com#SECRET",
        "https://:SECRET@redis.example.com",
        "unix://SECRET",
    ] {
        stage.write("redis.url", url.replace("SECRET", &made("redis.url")));
        check(url);
    }
    stage.write("redis.url", "redis://127.0.0.1:1");
    let good = fs::read(stage.path("ticket.key")).unwrap();
    let short = made("ticket.key");
    for contents in
        [short.clone().into_bytes(), [short.as_bytes(), &[0xff; 40]].concat(), short.repeat(4000).into()]
    {
        stage.write("ticket.key", contents);
        check("ticket.key");
    }
    stage.write("ticket.key", good);
    // Somebody has given the private key in the place of the public one, or half of it.
    let pem = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem().unwrap();
    stage.secrets.plant_private_key("a private key for a public one", &pem);
    let text = fs::read_to_string(stage.path("edgemint.toml")).unwrap();
    let asymmetric = text
        .replace("\"HS256\"", "\"ES256\"")
        .replace(TICKET_SECRET, "public_key = { file = \"public.pem\" }");
    stage.write("edgemint.toml", asymmetric);
    for contents in [
        pem.to_string(),
        pem[..120].to_owned(),
        made("public.pem"),
        format!("-----BEGIN {}-----", made("a label")),
    ] {
        stage.write("public.pem", contents);
        check("public.pem");
    }
}

/// Files that are to be a key, and are one that is damaged, or something else.
fn damaged_keys(stage: &Stage) -> Vec<String> {
    let pem = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem().unwrap();
    stage.secrets.plant_private_key("a key to sign with", &pem);
    let lines: Vec<&str> = pem.lines().collect();
    let made = |name: &str| stage.secrets.make(&format!("the {name} of a damaged key"));
    vec![
        pem.replace(lines[2], &format!("{}!{}", &lines[2][..8], made("line"))),
        pem.replace(lines[1], &made("base64")),
        pem.replace("PRIVATE KEY", &format!("{} KEY", made("label"))),
        // The end of the first line is lost.
        pem.replace("KEY-----\n", "KEY\n"),
        format!("-----BEGIN {0}\n{0}\n-----END {0}\n{0}-----\n", made("label of many lines")),
        pem.replace(lines[3], ""),
        format!("{}{}", *pem, *pem),
        pem.replace(
            lines[0],
            &format!("{}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,{}\n", lines[0], made("header")),
        ),
        format!("{}\n", made("text")),
        "-----BEGIN RSA PRIVATE KEY-----\n".to_owned() + &made("end"),
    ]
}

#[test]
fn no_command_repeats_a_key_that_it_refuses() {
    let stage = Stage::new();
    stage.make_keyring("keys", "KTEST");
    for (number, damaged) in damaged_keys(&stage).into_iter().enumerate() {
        stage.write("a.pem", &damaged);
        let what = format!("key {number}");
        for arguments in [
            &[
                "mint",
                "--resource",
                "https://cdn.example.com/*",
                "--ttl",
                "5m",
                "--key-pair-id",
                "K1",
                "--key",
                "a.pem",
            ][..],
            &[
                "url",
                "--url",
                "https://cdn.example.com/a",
                "--ttl",
                "5m",
                "--key-pair-id",
                "K1",
                "--key",
                "a.pem",
            ],
            &["keys", "import", "a.pem", "--key-pair-id", "K1"],
            &["edge", "--listen", "127.0.0.1:0", "--origin", ".", "--protect", "/a/*", "--trust", "K1=a.pem"],
        ] {
            // Two keys in one file are a key to some.
            if number != 6 {
                stage.refused(&format!("{what}: {}", arguments[0]), &mut stage.command(arguments));
            }
        }
        // The key itself where its file is to be named.
        for flag in ["--key", "--key-pair-id", "--ttl", "--resource"] {
            let line = damaged.replace('\n', " ");
            let mut command = stage.command(&["mint", flag, &damaged]);
            if damaged.contains("-----BEGIN") {
                stage.refused(&format!("{what} as {flag}"), &mut command);
                stage.refused(&format!("{what} as {flag}"), &mut stage.command(&["mint", flag, &line]));
            }
        }
    }
}

#[test]
fn no_command_repeats_a_damaged_keyring() {
    let stage = Stage::new();
    stage.make_keyring("keys", "KTEST");
    let document = fs::read_to_string(stage.path("keys/keyring.json")).unwrap();
    let made = |name: &str| stage.secrets.make(&format!("the {name} of a damaged keyring"));
    for damaged in [
        document.replacen('{', &format!("{{\"{}\": 1,", made("member")), 1),
        document.replace("\"active\"", &format!("\"{}\"", made("state"))),
        document.replace("\"ecdsa-p256\"", &format!("\"{}\"", made("algorithm"))),
        format!("{}{document}", made("beginning")),
        format!("{document}{}", made("end")),
        made("text"),
    ] {
        stage.write("keys/keyring.json", damaged);
        for arguments in [
            &["keys", "list"][..],
            &["keys", "init"],
            &["keys", "public", "00000000"],
            &["keys", "activate", "00000000", "--key-pair-id", "K2"],
        ] {
            stage.refused(&arguments.join(" "), &mut stage.command(arguments));
        }
    }
}

#[test]
fn the_commands_that_make_cookies_say_them_on_standard_output_alone() {
    let stage = Stage::new();
    let pem = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap().to_pem().unwrap();
    stage.secrets.plant_private_key("a key to sign with", &pem);
    stage.write("a.pem", &*pem);
    let flags = ["--ttl", "5m", "--key-pair-id", "K1", "--key", "a.pem"];
    for first in [
        &["mint", "--resource", "https://cdn.example.com/*"][..],
        &["url", "--url", "https://cdn.example.com/a"],
    ] {
        let output = stage.command(&[first, &flags[..]].concat()).output().unwrap();
        assert!(output.status.success() && output.stdout.len() > 100, "{first:?}");
        assert_eq!(output.stderr, b"", "{first:?}");
        stage.assert_none(crate::secrets::Place::Output, &output.stdout, "the key is not in what it signed");
    }
    stage.make_keyring("keys", "KTEST");
    let import = ["keys", "import", "a.pem", "--key-pair-id", "K1"];
    for command in [&import[..], &["keys", "list"], &["keys", "list", "--json"]] {
        let said = stage.succeeds(&command.join(" "), &mut stage.command(command));
        stage.assert_none(crate::secrets::Place::Output, said.as_bytes(), &command.join(" "));
    }
}

#[test]
fn trace_and_healthcheck_repeat_nothing_of_what_they_read() {
    let stage = Stage::new();
    let made = |name: &str| stage.secrets.make(&format!("the {name}"));
    for cookies in [
        made("cookies that are none"),
        format!("CloudFront-Policy={}", made("policy")),
        format!(
            "Cookie: CloudFront-Policy=eyJ{}; CloudFront-Signature={}",
            made("policy"),
            made("signature")
        ),
        format!("#HttpOnly_.example.com\tTRUE\t/\tTRUE\t0\tsession\t{}\n", made("cookie of a jar")),
    ] {
        stage.write("cookies", &cookies);
        for log in [
            made("line of a log"),
            format!("{{\"timestamp\":\"{}\"", made("line that breaks off")),
            format!(
                "{{\"message\":\"minted\",\"target\":\"edgemint::audit\",\"trace_tag\":\"{}\"}}",
                made("tag")
            ),
        ] {
            stage.write("log", log);
            let output = stage.command(&["trace", "cookies", "--audit", "log"]).output().unwrap();
            assert!([Some(1), Some(2)].contains(&output.status.code()), "{:?}", output.status);
            for text in [&output.stdout, &output.stderr] {
                stage.assert_none(crate::secrets::Place::Log, text, "trace");
            }
        }
        // One of them could be the name of a file.
        if cookies.contains("CloudFront") {
            stage.refused(
                "cookies on the command line",
                &mut stage.command(&["trace", &cookies, "--audit", "log"]),
            );
        }
    }
    let secret = made("answer to a healthcheck");
    let location = format!("Location: https://{secret}/\r\n");
    for reply in [
        Reply::new(&format!("200 {secret}"), "", &secret),
        Reply::new(&format!("503 {secret}"), "", &secret),
        Reply::new("302 Found", &location, &secret),
        Reply::json(format!("{{\"status\":\"{secret}\",\"reason\":\"{secret}\"}}")),
        Reply::Bytes(secret.clone().into()),
    ] {
        let upstream = Upstream::saying(reply);
        let output = stage.command(&["healthcheck", "--url", &upstream.url("/readyz")]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        for text in [&output.stdout, &output.stderr] {
            stage.assert_none(crate::secrets::Place::Log, text, "healthcheck");
        }
    }
    let url = format!("http://me:{}@127.0.0.1:1/", made("user of a URL"));
    stage.refused("a URL with a password", &mut stage.command(&["healthcheck", "--url", &url]));
}
