//! compose.yaml: its form by the published schema, and the walk that it is for with the same commands, configuration
//! and nginx, as processes of this machine. No Docker is needed, and none is asked.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::programs::needs;
use crate::proxy::{Proxy, deploy, replaced};
use crate::python::{python_program, read_yaml};
use crate::redis_server::RedisServer;
use crate::support::{Answer, exchange, wait_for};

/// What setup.sh calls its volumes, in the order of its arguments.
const VOLUMES: [&str; 5] = ["settings", "keys", "media", "passwords", "public"];

#[test]
fn it_is_of_the_published_form() {
    let Some(check) = python_program("check-jsonschema") else { return };
    let mut command = Command::new(check);
    let judged = command
        .args(["--builtin-schema", "vendor.compose-spec"])
        .arg(deploy("compose.yaml"))
        .output()
        .unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}

#[test]
fn its_services_may_do_little_and_nobody_else_reaches_them() {
    let Some(compose) = read_yaml(&deploy("compose.yaml")) else { return };
    let services = compose["services"].as_object().unwrap();
    for (name, service) in services.iter().filter(|(name, _)| *name != "setup") {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(service["security_opt"][0], "no-new-privileges:true", "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
    for name in ["edgemint-1", "edgemint-2"] {
        let volumes = services[name]["volumes"].as_array().unwrap();
        assert!(
            volumes.iter().all(|volume| volume.as_str().unwrap().ends_with(":ro")),
            "{name}: {volumes:?}"
        );
        assert!(services[name]["ports"].is_null(), "{name}");
    }
    // Whoever may say who is asking is nginx alone.
    let address = compose["services"]["web"]["networks"]["inside"]["ipv4_address"].as_str().unwrap();
    let configuration = fs::read_to_string(deploy("compose/edgemint.toml")).unwrap();
    assert_eq!(configuration.matches(&format!("[\"{address}\"]")).count(), 2, "{address}");
    let setup = services["setup"]["entrypoint"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    assert_eq!(
        setup.collect::<Vec<_>>(),
        [&["/compose/setup.sh"][..], &VOLUMES.map(|name| &*format!("/{name}").leak())].concat()
    );
}

/// A process that says where it listens, until it is dropped.
struct Listening {
    address: SocketAddr,
    stdout: BufReader<ChildStdout>,
    child: Child,
    log: tempfile::NamedTempFile,
}

impl Listening {
    fn start(command: &mut Command) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let line = next_line(&mut stdout);
        let address = line.split_once("listening on http://").and_then(|(_, address)| address.parse().ok());
        let address =
            address.unwrap_or_else(|| panic!("{line:?}: {}", fs::read_to_string(log.path()).unwrap()));
        Self { address, stdout, child, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log.path()).unwrap()
    }
}

fn next_line(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What setup.sh made, and the password that it told.
struct Volumes {
    folder: tempfile::TempDir,
    password: String,
}

impl Volumes {
    fn set_up() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As Docker makes them.
        VOLUMES.iter().for_each(|name| fs::create_dir(folder.path().join(name)).unwrap());
        let setup = |folder: &Path| {
            let mut setup = Command::new(deploy("compose/setup.sh"));
            setup.args(VOLUMES.map(|name| folder.join(name))).env("EDGEMINT", env!("CARGO_BIN_EXE_edgemint"));
            let output = setup.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        let told = setup(folder.path());
        let password = told.trim_end().rsplit(' ').next().unwrap().to_owned();
        assert_eq!(setup(folder.path()), "", "with the next start, everything is as it was");
        Self { folder, password }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// An instance, with the store and the proxy at the addresses that they have here.
    fn instance(&self, redis: &RedisServer) -> Listening {
        let text = fs::read_to_string(self.path("settings/edgemint.toml")).unwrap();
        let text = replaced(&text, &[("172.31.77.10", "127.0.0.1")]);
        fs::write(self.path("settings/here.toml"), text).unwrap();
        fs::write(self.path("settings/redis.url"), redis.url()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        command.env_clear().env("EDGEMINT_KEYRING__DIRECTORY", self.path("keys"));
        command.env("EDGEMINT_METRICS__LISTEN", "127.0.0.1:0");
        command.env("EDGEMINT_SERVER__LISTEN", "127.0.0.1:0").args([
            "serve",
            "--config",
            &self.path("settings/here.toml"),
        ]);
        Listening::start(&mut command)
    }

    fn edge(&self, compose: &Value) -> Listening {
        let words = compose["services"]["edge"]["command"].as_array().unwrap().iter();
        let words = words.map(|word| word.as_str().unwrap());
        // Without --host, each request is for the host that it names: the canary has another one here.
        let words = words.filter(|word| !word.starts_with("--host=")).map(|word| {
            let word = word.replace("0.0.0.0:8082", "127.0.0.1:0").replace("0.0.0.0:8083", "127.0.0.1:0");
            word.replace("=/media", &format!("={}", self.path("media")))
                .replace("/public", &self.path("public"))
        });
        Listening::start(Command::new(env!("CARGO_BIN_EXE_edgemint")).env_clear().args(words))
    }

    /// `keys` with these arguments, and the environment that compose.yaml gives it: its exit code, and what it said.
    fn keys(
        &self,
        compose: &Value,
        edge: &Listening,
        control: &Control,
        arguments: &[&str],
    ) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        command.env_clear().env("EDGEMINT_KEYRING__DIRECTORY", self.path("keys"));
        for (name, value) in compose["services"]["keys"]["environment"].as_object().unwrap() {
            let value =
                value.as_str().unwrap().replace("cloudfront.edgemint.localhost:8083", &control.address);
            command.env(name, value.replace("cdn.edgemint.localhost:8082", &edge.address.to_string()));
        }
        command.env("EDGEMINT_ROTATION__KEY_GROUP", &control.key_group);
        command.arg("keys").args(arguments).args(["--config", &self.path("settings/here.toml")]);
        let output = command.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), said)
    }
}

/// Where the control plane of an edge is, and the key group that it began with.
struct Control {
    address: String,
    key_group: String,
}

impl Control {
    fn of(edge: &mut Listening) -> Self {
        let lines = [(); 3].map(|()| next_line(&mut edge.stdout));
        let after =
            |line: &str, words: &str| line.strip_prefix(words).unwrap_or_else(|| panic!("{line}")).to_owned();
        Self {
            address: after(&lines[0], "control plane listening on http://"),
            key_group: after(&lines[2], "key group "),
        }
    }
}

/// The first bytes of the episode, with the cookies that an answer set.
fn listen(edge: &Listening, entered: Option<&Answer>) -> Answer {
    let cookies = entered.into_iter().flat_map(|answer| answer.all("set-cookie"));
    let cookies = cookies
        .filter(|cookie| !cookie.contains("Max-Age=0"))
        .map(|cookie| cookie.split(';').next().unwrap());
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let host = "Host: cdn.edgemint.localhost:8082";
    exchange(
        edge.address,
        format!("GET /podcasts/1.wav HTTP/1.1\r\n{host}\r\nRange: bytes=0-3\r\nCookie: {cookies}\r\n\r\n"),
    )
}

#[test]
fn its_walk_works_with_its_commands() {
    needs!("nginx", "openssl", "curl", "redis-server");
    let Some(compose) = read_yaml(&deploy("compose.yaml")) else { return };
    let volumes = Volumes::set_up();
    let redis = RedisServer::start();
    let mut instances = [volumes.instance(&redis), volumes.instance(&redis)];
    let mut edge = volumes.edge(&compose);
    let control = Control::of(&mut edge);
    let passwords = volumes.folder.path().join("passwords");
    let web = Proxy::nginx_of_compose([instances[0].address, instances[1].address], &passwords);

    assert!(
        String::from_utf8(web.get("/", &[]).body)
            .unwrap()
            .contains("href=\"/edgemint/enter?return_to=/listen.html\"")
    );
    assert_eq!(web.get("/listen.html", &[]).status, 200);
    let enter = "/edgemint/enter?return_to=/listen.html";
    let wrong = format!("Authorization: Basic {}", STANDARD.encode("listener:wrong"));
    for headers in [&[][..], &["X-Forwarded-User: listener"], &[&wrong]] {
        let answer = web.get(enter, headers);
        assert_eq!((answer.status, answer.all("set-cookie").count()), (401, 0), "{headers:?}");
    }
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("listener:{}", volumes.password)));
    let entered = web.get(enter, &[&basic]);
    assert_eq!(entered.status, 303, "{}", instances[0].log() + &instances[1].log());
    assert_eq!(entered.header("location"), Some("http://app.edgemint.localhost:8080/listen.html"));
    assert_eq!(listen(&edge, None).status, 403);
    let listened = listen(&edge, Some(&entered));
    assert_eq!((listened.status, &*listened.body), (206, &b"RIFF"[..]));

    let page = [&*basic, "Origin: http://app.edgemint.localhost:8080", "Content-Type: application/json"];
    wait_for("a renewal by each instance", || {
        let renewed = web.post("/edgemint/renew", &page);
        assert_eq!(renewed.status, 200, "{}", String::from_utf8_lossy(&renewed.body));
        assert_eq!(listen(&edge, Some(&renewed)).status, 206);
        instances.iter().all(|instance| instance.log().contains("\"route\":\"/renew\""))
    });
    // One is taken away, as in an upgrade.
    kill_process(Pid::from_child(&instances[0].child), Signal::TERM).unwrap();
    assert!(instances[0].child.wait().unwrap().success());
    for _ in 0..3 {
        assert_eq!(web.post("/edgemint/renew", &page).status, 200);
    }
    assert_eq!(web.post("/edgemint/leave", &page).status, 204);

    let canary = compose["services"]["keys"]["environment"]["EDGEMINT_ROTATION__CANARY"].as_str().unwrap();
    let canary = canary.strip_prefix("http://cdn.edgemint.localhost:8082/").unwrap();
    assert!(volumes.folder.path().join("media").join(canary).is_file(), "{canary}");
    // The key is rotated: the new one is proven at the edge, and signs. What the old one signed is good for a while.
    let (code, said) = volumes.keys(&compose, &edge, &control, &["rotate"]);
    assert_eq!(code, 3, "more remains: {said}");
    let successor = volumes.instance(&redis);
    let renewed = Proxy::nginx_of_compose([successor.address; 2], &passwords).post("/edgemint/renew", &page);
    assert_ne!(renewed.cookie("CloudFront-Key-Pair-Id"), Some("LOCAL1"), "{said}");
    assert_eq!(listen(&edge, Some(&renewed)).status, 206);
    assert_eq!(listen(&edge, Some(&entered)).status, 206);
    for instance in &instances {
        assert!(!instance.log().contains(&volumes.password) && !instance.log().contains(&basic[21..]));
    }
}

#[test]
fn what_it_sets_up_is_private_where_it_must_be() {
    needs!("openssl", "python3");
    let volumes = Volumes::set_up();
    let mode = |name: &str| fs::metadata(volumes.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("settings/redis.url"), mode("keys/keyring.json")), (0o600, 0o600));
    assert_eq!((mode("public/LOCAL1.pem"), mode("media/podcasts/1.wav")), (0o644, 0o644));
    let hash = fs::read_to_string(volumes.path("passwords/listeners")).unwrap();
    assert!(hash.starts_with("listener:$6$") && !hash.contains(&volumes.password));
    let script = "import sys, wave; w = wave.open(sys.argv[1]); print(w.getframerate(), w.getnframes(), len(w.readframes(w.getnframes())))";
    let read =
        Command::new("python3").args(["-c", script, &volumes.path("media/podcasts/1.wav")]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&read.stdout),
        "8000 1440000 1440000\n",
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
}
