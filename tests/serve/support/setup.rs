use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Service, run};

pub const TICKET_SECRET: &str = "s3cret-of-the-tickets-in-this-test-alone";
pub const SESSION_SECRET: &str = "s3cret-of-the-sessions-in-this-test-alone";
pub const REDIS_PASSWORD: &str = "s3cret-of-the-redis-in-this-test-alone";
pub const AUDIT_KEY: &str = "s3cret-of-the-audit-in-this-test-alone--";
pub const API_KEY: &str = "k3y-of-the-back-end-in-this-test-alone--";

const EVERY_KIND_OF_GRANT: &str = r#"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
cookie = { domain = "example.com" }
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{sub}/*"
ttl = "5m"
cookie = { domain = "example.com" }
[[grants]]
name = "shows"
resource = "https://cdn.example.com/shows/{claim:show}/*"
ttl = "5m"
cookie = { domain = "example.com" }
[[grants]]
name = "near"
resource = "https://cdn.example.com/near/*"
ttl = "5m"
bind_address = true
ipv6_clients = "refuse"
cookie = { domain = "example.com" }
"#;

const ONE_SHARED_GRANT: &str = r#"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
cookie = { domain = "example.com" }
"#;

/// One that is traced, and one that everybody shares.
pub const TRACED_GRANT: &str = r#"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "5m"
trace = true
cookie = { domain = "example.com" }
[[grants]]
name = "open"
resource = "https://cdn.example.com/open/*"
ttl = "5m"
cookie = { domain = "example.com" }
"#;

const ONE_OWN_GRANT: &str = r#"
[[grants]]
name = "downloads"
resource = "https://cdn.example.com/downloads/{sub}/*"
ttl = "5m"
cookie = { domain = "example.com" }
"#;

const TICKETS: &str = r#"
[ticket]
issuer = "https://www.example.com"
audience = "https://listen.example.com"
leeway = "LEEWAY"
[[ticket.keys]]
algorithm = "HS256"
secret = { file = "ticket.key" }
"#;

/// A directory with a keyring, secrets and a configuration, from which the binary can be started.
pub struct Setup {
    root: TempDir,
    /// Lines of `[server]`.
    server: String,
    /// Everything else.
    sections: Vec<&'static str>,
    is_ticketed: bool,
    /// Lines of `[session]`; without any there is no such section.
    session: String,
    /// The same of `[store]`.
    store: String,
    /// The `[audit]` section, if there is one.
    audit: String,
    /// For clocks that differ.
    leeway: &'static str,
    log_level: &'static str,
}

impl Setup {
    /// An active P-256 key, every kind of grant, tickets and an API key; one worker.
    pub fn new() -> Self {
        Self::with_key(&["--algorithm", "ecdsa-p256", "--key-pair-id", "KTEST"])
    }

    /// The same with what `keys init` is told.
    pub fn with_key(arguments: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let this = Self {
            root,
            server: "workers = 1\n".to_owned(),
            sections: vec![EVERY_KIND_OF_GRANT],
            is_ticketed: true,
            session: String::new(),
            store: String::new(),
            audit: String::new(),
            leeway: "5s",
            log_level: "info",
        };
        let mut command = this.command(&[]);
        run(command.args(["keys", "init", "--dir", "keys"]).args(arguments));
        fs::write(this.path("ticket.key"), TICKET_SECRET).unwrap();
        this.set_mode("ticket.key", 0o600);
        this
    }

    /// One grant that is the same for everybody.
    pub fn shared_only(mut self) -> Self {
        self.sections = vec![ONE_SHARED_GRANT];
        self
    }

    /// One grant that is another for each listener.
    pub fn own_grant_only(mut self) -> Self {
        self.sections = vec![ONE_OWN_GRANT];
        self
    }

    /// These grants and no others.
    pub fn grants(mut self, text: &'static str) -> Self {
        self.sections = vec![text];
        self
    }

    /// [`TRACED_GRANT`], sessions, and the audit.
    pub fn traced() -> Self {
        Self::new().grants(TRACED_GRANT).sessions(&[SESSION_SECRET], "").audited("")
    }

    /// An `[audit]` section with a key and these lines.
    pub fn audited(mut self, lines: &str) -> Self {
        fs::write(self.path("audit.key"), AUDIT_KEY).unwrap();
        self.set_mode("audit.key", 0o600);
        self.audit = format!("[audit]\nkey = {{ file = \"audit.key\" }}\n{lines}\n");
        self
    }

    /// Tickets start sessions, sealed with the first of these secrets, with `lines` of `[session]` besides.
    pub fn sessions(mut self, secrets: &[&str], lines: &str) -> Self {
        let file = |number: usize| format!("session-{number}.key");
        for (number, secret) in secrets.iter().enumerate() {
            fs::write(self.path(&file(number)), secret).unwrap();
            self.set_mode(&file(number), 0o600);
        }
        let references: Vec<_> =
            (0..secrets.len()).map(|number| format!("{{ file = \"{}\" }}", file(number))).collect();
        self.session = format!("[session]\nsecrets = [{}]\n{lines}\n", references.join(", "));
        self
    }

    /// Used tickets and revocations are kept in the Redis at `url`, with `lines` of `[store]` besides.
    pub fn store(mut self, url: &str, lines: &str) -> Self {
        fs::write(self.path("redis.url"), url).unwrap();
        self.set_mode("redis.url", 0o600);
        self.store = format!("[store]\nredis = {{ file = \"redis.url\" }}\n{lines}\n");
        self
    }

    /// A `[store]` section.
    pub fn store_section(mut self, text: &str) -> Self {
        text.clone_into(&mut self.store);
        self
    }

    /// Lines of `[server]` besides or in place of the defaults here.
    pub fn server(mut self, lines: &str) -> Self {
        let named = |line: &str| line.split(" =").next().unwrap().to_owned();
        let replaced: Vec<String> = lines.lines().map(named).collect();
        let kept = self.server.lines().filter(|line| !replaced.contains(&named(line)));
        self.server = kept.chain(lines.lines()).map(|line| format!("{line}\n")).collect();
        self
    }

    /// More sections.
    pub fn section(mut self, text: &'static str) -> Self {
        self.sections.push(text);
        self
    }

    pub fn without_tickets(mut self) -> Self {
        self.is_ticketed = false;
        self
    }

    pub fn leeway(mut self, leeway: &'static str) -> Self {
        self.leeway = leeway;
        self
    }

    pub fn logging(mut self, level: &'static str) -> Self {
        self.log_level = level;
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The file of the only signing key, relative to the directory.
    pub fn key_file(&self) -> String {
        let mut files = self.key_files();
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// The files of all signing keys, relative to the directory.
    fn key_files(&self) -> Vec<String> {
        // A test may have taken the directory away.
        let names = fs::read_dir(self.path("keys")).into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(".pem")).map(|name| format!("keys/{name}")).collect()
    }

    /// What must never be seen: secrets, and the lines of the private keys.
    pub fn secrets(&self) -> Vec<String> {
        let pems = self.key_files().into_iter().map(|file| fs::read_to_string(self.path(&file)).unwrap());
        let lines = pems.flat_map(|pem| pem.lines().map(str::to_owned).collect::<Vec<_>>());
        // The last line of a key may be so short that it is found by chance.
        let lines = lines.filter(|line| !line.starts_with("-----") && line.len() >= 16);
        let secrets = [TICKET_SECRET, API_KEY, SESSION_SECRET, REDIS_PASSWORD, AUDIT_KEY];
        lines.chain(secrets.map(str::to_owned)).collect()
    }

    /// The public key of the keyring, as PEM.
    pub fn public_key(&self) -> String {
        let file = self.key_file();
        let id = file.trim_start_matches("keys/").trim_end_matches(".pem");
        run(self.command(&[]).args(["keys", "public", "--dir", "keys", id]))
    }

    /// The binary, at home here, with nothing from our own environment that it would read.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgemint"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("EDGEMINT_")) {
            command.env_remove(name);
        }
        command.args(arguments).current_dir(self.root.path()).env("EDGEMINT_API_KEY", API_KEY);
        command
    }

    /// `edgemint serve` with the configuration written down, ready to be spawned.
    pub fn serve(&self) -> Command {
        let Self { server, log_level, session, store, audit, .. } = self;
        let tickets = if self.is_ticketed { TICKETS.replace("LEEWAY", self.leeway) } else { String::new() };
        let origins = "app_origins = [\"https://www.example.com\", \"https://m.example.com:8443\"]\n";
        let configuration = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://listen.example.com\"\n{origins}{server}\
             [log]\nlevel = \"{log_level}\"\n{tickets}\
             {session}{store}{audit}[[api_keys]]\nname = \"app\"\nsecret = {{ env = \"EDGEMINT_API_KEY\" }}\n{}",
            self.sections.join("\n")
        );
        fs::write(self.path("edgemint.toml"), configuration).unwrap();
        let mut command = self.command(&["serve", "--config", "edgemint.toml"]);
        command.stdin(Stdio::null());
        command
    }

    pub fn start(self) -> Service {
        Service::start(self)
    }
}
