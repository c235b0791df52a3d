use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use rustix::process::{Pid, Signal, kill_process};

use super::aws::Aws;
use super::proxy::Fault;
use crate::support::Ran;

const CONFIGURATION: &str = r#"
[server]
listen = "127.0.0.1:0"
public_url = "https://listen.example.com"
workers = 1

[log]
level = "trace"

[keyring]
store = "STORE"

[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "15m"
cookie = { domain = "example.com" }

[[api_keys]]
name = "app"
secret = { file = "api.key" }
"#;

fn configured(aws: &Aws) {
    fs::write(aws.home().join("edgemint.toml"), CONFIGURATION.replace("STORE", &aws.store)).unwrap();
    let key = aws.home().join("api.key");
    fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    crate::support::set_mode(&key, 0o600);
}

#[test]
fn check_reads_the_secret() {
    let Some((aws, id)) = Aws::with_key(&["--key-pair-id", "K1"]) else { return };
    configured(&aws);
    let told = aws.succeeds(&["check", "--config", "edgemint.toml"]);
    assert!(told.stdout.contains(&format!("keys are in      {}", aws.store)), "{}", told.stdout);
    assert!(
        told.stdout.contains(&format!("key {id} (ecdsa-p256, SHA1) as Key-Pair-Id K1")),
        "{}",
        told.stdout
    );

    aws.on("GetSecretValue", Fault::Refuse(400, "AccessDeniedException"));
    let told = aws.run(&["check", "--config", "edgemint.toml"]);
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("may not secretsmanager:GetSecretValue"), "{}", told.stderr);
}

#[test]
fn the_service_starts_from_the_secret_and_its_log_holds_none_of_it() {
    let Some((aws, id)) = Aws::with_key(&["--key-pair-id", "K1"]) else { return };
    configured(&aws);
    let pem = aws.files()[&format!("{id}.pem")].as_str().unwrap().to_owned();
    let mut child = aws.command(&["serve", "--config", "edgemint.toml"]).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("edgemint listening on http://127.0.0.1:"), "{line:?}");
    let address = line.trim().rsplit("//").next().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let head = "host: listen.example.com\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2";
    write!(client, "POST /v1/mint HTTP/1.1\r\n{head}\r\n\r\n{{}}").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let mut log = String::new();
    out.read_to_string(&mut log).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    child.wait().unwrap();
    // What was refused is in it; what the AWS SDK says of its requests at this level is not.
    assert!(log.contains("/v1/mint") || log.contains("refused"), "{log}");
    assert!(!log.contains("aws_smithy"), "the log holds what the SDK says");
    for secret in pem.lines().filter(|line| !line.starts_with("-----")).chain(["the-secret-access-key"]) {
        assert!(!log.contains(secret), "the log holds a secret");
    }
}

#[test]
fn the_service_does_not_start_without_its_keys() {
    let Some(aws) = Aws::new() else { return };
    configured(&aws);
    let refused = |words: &[&str]| {
        let mut told: Ran = aws.run(&["serve", "--config", "edgemint.toml"]);
        // Above the refusal stands the log.
        told.stderr = told.stderr.lines().filter(|line| line.starts_with("edgemint: ")).collect();
        told.is_refusal(words);
    };
    refused(&["there is no secret"]);
    aws.succeeds(&["keys", "init", "--algorithm", "ecdsa-p256"]);
    aws.on("GetSecretValue", Fault::Refuse(400, "ThrottlingException"));
    refused(&["takes no more requests"]);
}
