use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use crate::python::python_program;

/// Secrets Manager as moto imitates it, until it is dropped.
pub struct SecretsManager {
    address: String,
    child: Child,
    secrets: AtomicU32,
}

impl SecretsManager {
    /// Nothing where moto is not installed, which is then said.
    pub fn start() -> Option<Self> {
        let mut command = Command::new(python_program("cloud", "python")?);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud/serve_moto.py"));
        // It ends with its standard input.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Some(Self { address, child, secrets: AtomicU32::new(0) })
    }

    /// Moves the files of a keyring into a new secret.
    pub fn take(&self, directory: &Path) -> Secret {
        let name = format!("keys-{}", self.secrets.fetch_add(1, Ordering::Relaxed));
        let mut files = Map::new();
        for file in fs::read_dir(directory).unwrap().map(|file| file.unwrap()) {
            let name = file.file_name().into_string().unwrap();
            files.insert(name, Value::String(fs::read_to_string(file.path()).unwrap()));
        }
        fs::remove_dir_all(directory).unwrap();
        let secret = Secret { address: self.address.clone(), name };
        let value = Value::Object(files).to_string();
        secret.call("CreateSecret", &json!({"Name": secret.name, "SecretString": value}));
        secret
    }
}

impl Drop for SecretsManager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One secret that holds a keyring.
pub struct Secret {
    address: String,
    name: String,
}

impl Secret {
    /// What leads a command to it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let endpoint = format!("http://{}", self.address);
        vec![
            ("EDGEMINT_KEYRING__STORE", format!("secretsmanager:{}", self.name)),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Writes its current files into a directory, as a volume would be mounted.
    pub fn copy_to(&self, directory: &Path) {
        let asked = json!({"SecretId": self.name, "VersionStage": "AWSCURRENT"});
        let answer = self.call("GetSecretValue", &asked);
        let files: Map<String, Value> =
            serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
        let _ = fs::remove_dir_all(directory);
        fs::create_dir(directory).unwrap();
        for (name, contents) in files {
            let path = directory.join(name);
            fs::write(&path, contents.as_str().unwrap()).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn call(&self, action: &str, body: &Value) -> Value {
        let (mut stream, body) = (TcpStream::connect(&self.address).unwrap(), body.to_string());
        let credential = "AKIAEXAMPLE/20261121/us-east-1/secretsmanager/aws4_request";
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
             X-Amz-Target: secretsmanager.{action}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={credential}, \
             SignedHeaders=host, Signature={}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            "0".repeat(64),
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        // The value holds private keys: only the head is for messages.
        assert!(head.starts_with("HTTP/1.1 200"), "{action}: {head}");
        serde_json::from_str(body).unwrap()
    }
}
