use std::net::SocketAddr;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::blocks::{Block, Kind, only};
use crate::server::{Server, clean};

/// A command that does not end by itself.
struct Serving {
    command: &'static str,
    /// The address that README.md gives it. Tests run side by side, so a free port stands for it.
    stated: Option<&'static str>,
    /// What it prints before the address that it has.
    words: &'static str,
    /// What else README.md gives it or says of it, and what it prints before what that is here.
    more: &'static [(&'static str, &'static str)],
}

/// The longer of two that begin alike comes first.
const SERVING: [Serving; 4] = [
    Serving { command: "edgemint demo", stated: None, words: "Open  http://", more: &[] },
    Serving {
        command: "edgemint serve",
        stated: Some("127.0.0.1:8080"),
        words: "edgemint listening on http://",
        more: &[],
    },
    Serving {
        command: "edgemint edge --control-plane",
        stated: Some("127.0.0.1:8084"),
        words: "edge listening on http://",
        more: &[
            ("127.0.0.1:8083", "control plane listening on http://"),
            ("2a7b1c9d-5e0f-4a61-9b7e-0c3d5f8a1b24", "key group "),
        ],
    },
    Serving {
        command: "edgemint edge",
        stated: Some("127.0.0.1:8082"),
        words: "edge listening on http://",
        more: &[],
    },
];

/// A command that ended well, and what it printed.
struct Ran {
    command: String,
    output: String,
}

/// Somebody with one terminal in an empty folder, and more terminals for servers, who does what README.md says.
pub struct Reader {
    pub folder: TempDir,
    /// Variables that were set in the terminal.
    variables: tempfile::NamedTempFile,
    ran: Vec<Ran>,
    servers: Vec<(&'static Serving, Server)>,
}

impl Reader {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: tempfile::NamedTempFile::new().unwrap(),
            ran: Vec::new(),
            servers: Vec::new(),
        }
    }

    pub fn follow(&mut self, block: &Block) {
        match block.kind {
            Kind::Configuration => {
                std::fs::write(self.folder.path().join("edgemint.toml"), &block.text).unwrap();
            }
            Kind::Shell => {
                for command in commands(&block.text) {
                    self.enter(&command, &format!("README.md:{}", block.line));
                }
            }
            // Other tests have these.
            Kind::Provider
            | Kind::Node
            | Kind::Python
            | Kind::Go
            | Kind::Page
            | Kind::HandOver
            | Kind::Renewal
            | Kind::Picture => {}
        }
    }

    fn enter(&mut self, command: &str, place: &str) {
        // The binary of this build is the one that cargo would build, only that it is there already.
        let command = command.replacen("cargo run --release -- ", "edgemint ", 1);
        if command == "tests/run" {
            return is_the_test_command();
        }
        match SERVING.iter().find(|serving| command.starts_with(serving.command)) {
            Some(serving) => self.start(serving, &command),
            None => self.run(&command, place),
        }
    }

    fn run(&mut self, command: &str, place: &str) {
        let mut command = command.to_owned();
        for (serving, server) in &self.servers {
            if let Some(stated) = serving.stated {
                command = command.replace(stated, &server.address.to_string());
            }
            for ((stated, _), told) in serving.more.iter().zip(&server.told) {
                command = command.replace(stated, told);
            }
        }
        let output = self.shell(&format!("{command}\nexport -p > \"$1\"")).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{place}: `{command}`: {}: {complaint}", output.status);
        self.ran.push(Ran { command, output: String::from_utf8(output.stdout).unwrap() });
    }

    fn start(&mut self, serving: &'static Serving, command: &str) {
        let command = match (serving.command, serving.stated) {
            // `shell` sets the environment, which changes what the configuration says.
            ("edgemint serve", Some(stated)) => {
                assert!(only(Kind::Configuration).contains(stated));
                command.to_owned()
            }
            (_, Some(stated)) => {
                assert!(command.contains(stated), "{command}");
                let others = serving.more.iter().filter(|(stated, _)| stated.parse::<SocketAddr>().is_ok());
                others.fold(command.replace(stated, "127.0.0.1:0"), |command, (stated, _)| {
                    assert!(command.contains(stated), "{command}");
                    command.replace(stated, "127.0.0.1:0")
                })
            }
            (_, None) => format!("{command} --port-base 0"),
        };
        // `exec`, so that the process that is stopped is the server and not its shell.
        let more = serving.more.iter().map(|(_, words)| *words);
        let server = Server::start(&mut self.shell(&format!("exec {command}")), serving.words, more);
        self.servers.push((serving, server));
    }

    /// A shell in the folder that stops at the first error, knows the variables set before, and exports new
    /// ones so that the next command can be given them.
    fn shell(&self, script: &str) -> Command {
        let mut shell = clean("sh", self.folder.path());
        shell.args(["-euac", &format!(". \"$1\"\n{script}"), "sh"]).arg(self.variables.path());
        shell.env("EDGEMINT_SERVER__LISTEN", "127.0.0.1:0").stdin(Stdio::null());
        shell
    }

    pub fn server(&self, command: &str) -> &Server {
        &self.servers.iter().find(|(serving, _)| serving.command == command).expect("README.md starts it").1
    }

    /// What each command with these words printed, in order.
    pub fn outputs(&self, words: &str) -> Vec<&str> {
        let found: Vec<&str> =
            self.ran.iter().filter(|ran| ran.command.contains(words)).map(|ran| &*ran.output).collect();
        assert!(!found.is_empty(), "README.md has a command with {words:?}");
        found
    }

    pub fn stop_servers(self) {
        assert_eq!(self.servers.len(), SERVING.len(), "each is started once");
        for (_, server) in self.servers {
            server.stop();
        }
    }
}

/// The commands of a block: a line each, or as many lines as it takes until `sh` sees the end of one.
fn commands(text: &str) -> Vec<String> {
    let (mut commands, mut begun) = (Vec::new(), String::new());
    for line in text.lines() {
        begun.push_str(line);
        let parsed = Command::new("sh").args(["-nc", &begun]).stderr(Stdio::null()).status().unwrap();
        if parsed.success() && !begun.ends_with('\\') {
            commands.push(std::mem::take(&mut begun));
        } else {
            begun.push('\n');
        }
    }
    assert!(begun.is_empty(), "sh does not take this as a command: {begun}");
    commands
}

/// The one command that is not run here, because it runs this.
fn is_the_test_command() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["tests/run", ".ci/run"] {
        let mode = std::fs::metadata(root.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{name} is executable");
    }
    let ci = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    assert!(ci.lines().any(|line| line == "exec tests/run"), "{ci}");
    let run = std::fs::read_to_string(root.join("tests/run")).unwrap();
    assert!(run.contains("cargo test --locked"), "{run}");
}

#[test]
fn commands_end_where_the_shell_ends_them() {
    let text = "edgemint keys list\nedgemint edge \\\n  --host h\neval \"x $(\n  y --z \\\n    1\n) w\"\n";
    assert_eq!(
        commands(text),
        ["edgemint keys list", "edgemint edge \\\n  --host h", "eval \"x $(\n  y --z \\\n    1\n) w\""]
    );
}
