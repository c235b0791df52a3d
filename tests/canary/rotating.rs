//! Rotations with credentials of AWS, against endpoints and edges that repeat whatever they are sent.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::secrets::Place;
use crate::stage::Stage;
use crate::support::{Reply, Upstream};

/// `edgemint edge` with a control plane, until it is dropped.
struct Double {
    child: Child,
    edge: String,
    control: String,
    group: String,
}

impl Double {
    fn start(stage: &Stage) -> Self {
        std::fs::create_dir_all(stage.path("origin/podcasts")).unwrap();
        stage.write("origin/podcasts/canary.txt", "canary");
        let mut command = stage.command(&[
            "edge",
            "--listen",
            "127.0.0.1:0",
            "--control-plane",
            "127.0.0.1:0",
            "--origin",
            "origin",
            "--protect",
            "/podcasts/*",
            "--propagation",
            "0s",
            "--nodes",
            "1",
        ]);
        let log = std::fs::File::create(stage.path("edge.log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last_word = || lines.next().unwrap().unwrap().rsplit(' ').next().unwrap().to_owned();
        let (edge, control, _, group) = (last_word(), last_word(), last_word(), last_word());
        Self { child, edge, control, group }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A stage with credentials, and commands that rotate there.
struct Rotating {
    stage: Stage,
    key: String,
    token: String,
}

impl Rotating {
    fn new() -> Self {
        let stage = Stage::new();
        let key = stage.secrets.make("the secret access key");
        let token = stage.secrets.make("the session token") + &stage.secrets.make("its end");
        Self { stage, key, token }
    }

    fn configure(&self, control: &str, canary: &str, group: &str) {
        self.stage.configure(
            "json",
            &format!(
                "[rotation]\nkey_group = \"{group}\"\ncanary = \"{canary}\"\nendpoint_url = \"{control}\"\nproofs = 2\n\
                 proof_interval = \"100ms\"\nproof_deadline = \"1s\"\nmargin = \"0s\"\n"
            ),
        );
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stage.command(arguments);
        command
            .env("HOME", self.stage.path(""))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_REGION", "eu-central-1");
        command.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", &self.key);
        command.env("AWS_SESSION_TOKEN", &self.token).env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    /// Runs a command; whatever it comes to, nothing that it says is secret. What it says.
    fn says(&self, what: &str, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        self.stage.plant_keys("keys");
        for text in [&output.stdout, &output.stderr] {
            self.stage.assert_none(Place::Log, text, what);
        }
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }
}

const COMMANDS: [&[&str]; 7] = [
    &["keys", "status", "--config", "edgemint.toml"],
    &["keys", "plan", "--config", "edgemint.toml"],
    &["keys", "advance", "--config", "edgemint.toml"],
    &["keys", "rotate", "--config", "edgemint.toml"],
    &["keys", "rollback", "--config", "edgemint.toml"],
    &["keys", "rotate", "--manual", "--config", "edgemint.toml"],
    &["keys", "status", "--json", "--config", "edgemint.toml"],
];

#[test]
fn a_rotation_says_nothing_secret() {
    let rotating = Rotating::new();
    let stage = &rotating.stage;
    let double = Double::start(stage);
    rotating.configure(&double.control, &format!("{}/podcasts/canary.txt", double.edge), &double.group);
    stage.succeeds("init", &mut rotating.command(&["keys", "init", "--algorithm", "ecdsa-p256"]));
    for arguments in [&["keys", "advance", "--config", "edgemint.toml"][..]].iter().chain(&COMMANDS) {
        let said = rotating.says(&arguments.join(" "), arguments);
        assert!(!said.is_empty(), "{arguments:?}");
    }
    let list = rotating.says("list", &["keys", "list", "--json"]);
    assert!(list.contains("\"active\""), "a rotation took place: {list}");
    let keys: serde_json::Value = serde_json::from_str(&list).unwrap();
    let active = keys["keys"].as_array().unwrap().iter().find(|key| key["state"] == "active").unwrap();
    let id = active["id"].as_str().unwrap();
    rotating.says("revoke", &["keys", "revoke", id, "--manual", "--config", "edgemint.toml"]);
    let log = std::fs::read(stage.path("edge.log")).unwrap();
    stage.assert_none(Place::Log, &log, "the log of the edge");
}

/// Real ones repeat the request that they made up, with the session token, where a signature is wrong.
#[test]
fn an_aws_that_repeats_the_request_is_not_repeated() {
    let rotating = Rotating::new();
    let stage = &rotating.stage;
    stage.succeeds(
        "init",
        &mut rotating.command(&["keys", "init", "--algorithm", "ecdsa-p256", "--key-pair-id", "K1"]),
    );
    for code in [
        "",
        "SignatureDoesNotMatch",
        "AccessDenied",
        "ExpiredToken",
        "InvalidArgument",
        "InternalError",
        "RequestExpired",
        "NoSuchResource",
    ] {
        let upstream = Upstream::answering(move |head| {
            let message = format!("The Canonical String for this request should have been '{head}'");
            let error = json!({"__type": code, "message": message, "Message": message}).to_string();
            match head.contains("x-amz-target") {
                _ if code.is_empty() => Reply::new("403 Forbidden", "", &format!("<html>{head}")),
                true => Reply::new("400 Bad Request", "Content-Type: application/x-amz-json-1.1\r\n", &error),
                false => Reply::new(
                    "403 Forbidden",
                    "Content-Type: text/xml\r\n",
                    &format!(
                        "<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
                    ),
                ),
            }
        });
        rotating.configure(&upstream.url(""), &upstream.url("/podcasts/canary.txt"), "a-group");
        for arguments in &COMMANDS[..4] {
            rotating.says(&format!("{code}: {}", arguments.join(" ")), arguments);
        }
        let before = upstream.count();
        assert!(before >= 3, "{code}: AWS was asked: {before}");
        assert!(upstream.requests()[0].contains(&rotating.token), "the token is sent");
        let mut list = rotating.command(&["keys", "list", "--store", "secretsmanager:a"]);
        stage.refused(code, list.env("AWS_ENDPOINT_URL", upstream.url("")));
        assert!(upstream.count() > before, "{code}: Secrets Manager was asked");
    }
}

#[test]
fn a_keyring_in_secrets_manager_is_not_repeated() {
    let rotating = Rotating::new();
    let made =
        |name: &str| rotating.stage.secrets.make(&format!("the {name} of a keyring in Secrets Manager"));
    let values = [
        made("text"),
        json!({"keyring.json": made("document")}).to_string(),
        json!({"keyring.json": {"version": 1, "keys": []}, "a.pem": made("key")}).to_string(),
        json!({made("member"): {}}).to_string(),
        format!("{{\"keyring.json\": \"{}", made("end")),
    ];
    for value in values {
        let answer = json!({"ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf", "Name": "a", "SecretString": value, "VersionId": "v", "VersionStages": ["AWSCURRENT"], "CreatedDate": 1.0});
        let headers = "Content-Type: application/x-amz-json-1.1\r\n";
        let upstream = Upstream::saying(Reply::new("200 OK", headers, &answer.to_string()));
        for arguments in [
            &["keys", "list", "--store", "secretsmanager:a"][..],
            &["keys", "init", "--store", "secretsmanager:a"],
        ] {
            let mut command = rotating.command(arguments);
            rotating.stage.refused(&arguments.join(" "), command.env("AWS_ENDPOINT_URL", upstream.url("")));
        }
    }
}

/// The cookies with which it asks are good for minutes.
#[test]
fn the_cookies_of_the_canary_are_not_repeated() {
    let rotating = Rotating::new();
    let stage = &rotating.stage;
    let double = Double::start(stage);
    for shape in ["403 body", "302 location", "500 header", "200 other", "no HTTP"] {
        let edge = Upstream::answering(move |head| {
            // It is asked without cookies first.
            if !head.contains("cookie: ") {
                return Reply::new("403 Forbidden", "", "");
            }
            let line = head.replace("\r\n", " ");
            match shape {
                "403 body" => Reply::new("403 Forbidden", "", head),
                "302 location" => {
                    Reply::new("302 Found", &format!("Location: https://x.example.com/{line}\r\n"), "")
                }
                "500 header" => Reply::new(
                    &format!("500 {line}"),
                    &format!("X-Cache: {line}\r\nServer: {line}\r\nX-Amz-Cf-Pop: {line}\r\n"),
                    "",
                ),
                "200 other" => Reply::new("200 OK", "", head),
                _ => Reply::Bytes(head.into()),
            }
        });
        let _ = std::fs::remove_dir_all(stage.path("keys"));
        rotating.configure(&double.control, &edge.url("/podcasts/canary.txt"), &double.group);
        stage.succeeds("init", &mut rotating.command(&["keys", "init", "--algorithm", "ecdsa-p256"]));
        let output = rotating.command(&["keys", "advance", "--config", "edgemint.toml"]).output().unwrap();
        let requests = edge.requests();
        let cookies =
            requests.iter().flat_map(|head| head.lines()).filter_map(|line| line.strip_prefix("cookie: "));
        let values: Vec<_> =
            cookies.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('=')).collect();
        let (before, secret) =
            (values.len(), values.iter().filter(|(name, _)| *name != "CloudFront-Key-Pair-Id"));
        assert!(
            before >= 3,
            "{shape}: the canary was sent with cookies: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for (name, value) in secret {
            stage.secrets.plant(&format!("the canary's {name}"), value);
        }
        for text in [&output.stdout, &output.stderr] {
            stage.assert_none(Place::Log, text, shape);
        }
    }
}
