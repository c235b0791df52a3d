//! The image: the Dockerfile as a linter sees it, and the root file system that it is made of, in which the binary runs
//! with nothing else. No Docker is needed, and none is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::programs::needs;
use crate::proxy::deploy;
use crate::python::python_program;
use crate::support::Setup;

#[test]
fn the_dockerfile_is_what_a_linter_wants() {
    let Some(hadolint) = python_program("operate", "hadolint") else { return };
    let judged = Command::new(hadolint)
        .args(["--no-color", "--failure-threshold", "style"])
        .arg(deploy("Dockerfile"))
        .output()
        .unwrap();
    let said = String::from_utf8([judged.stdout, judged.stderr].concat()).unwrap();
    assert!(judged.status.success() && said.is_empty(), "{said}");
}

/// The instructions of a Dockerfile, continued lines joined.
fn instructions(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    joined.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn the_final_image_has_no_shell_and_no_root() {
    let instructions = instructions(&fs::read_to_string(deploy("Dockerfile")).unwrap());
    let last_stage = instructions.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let (build, image) = instructions.split_at(last_stage);
    assert_eq!(image[0], "FROM scratch");
    assert!(!image.iter().any(|line| line.starts_with("RUN")), "there is nothing to run it with");
    assert!(
        image.contains(&"USER 65532:65532".to_owned()),
        "a number: there is no /etc/passwd to look a name up in"
    );
    // The last arguments of each are a list, as a text would be given to a shell.
    for name in ["HEALTHCHECK", "ENTRYPOINT", "CMD"] {
        let line = image.iter().find(|line| line.starts_with(name)).unwrap();
        let list: Vec<String> = serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap();
        assert!(list.iter().all(|word| !word.is_empty()), "{line}");
    }
    // The context has what is copied from it, and nothing else.
    let ignored = fs::read_to_string(deploy("Dockerfile.dockerignore")).unwrap();
    let mut rules = ignored.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(rules.next(), Some("*"));
    let mut let_in: Vec<&str> = rules.map(|rule| rule.strip_prefix('!').unwrap()).collect();
    let copies = build.iter().filter_map(|line| line.strip_prefix("COPY "));
    let mut copied: Vec<&str> = copies.flat_map(|line| line.rsplit_once(' ').unwrap().0.split(' ')).collect();
    let_in.sort_unstable();
    copied.sort_unstable();
    assert_eq!(let_in, copied);
    for path in copied {
        assert!(deploy("..").join(path).exists(), "{path}");
    }
}

/// The stand-ins of the layer of dependencies are enough for cargo to make sense of Cargo.toml; what they are then built
/// with takes minutes, and is left to a build of the image.
#[test]
fn the_layer_of_dependencies_stands_without_the_sources() {
    let instructions = instructions(&fs::read_to_string(deploy("Dockerfile")).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let layer = instructions.iter().skip_while(|line| !line.starts_with("COPY "));
    for line in layer.take_while(|line| !line.starts_with("COPY src ")) {
        let shell = match line.split_once(' ').unwrap() {
            ("RUN", commands) => commands
                .replace("cargo build --release --locked --features \"$FEATURES\" --bin edgemint", "true"),
            ("COPY", names) => {
                let (from, to) = names.rsplit_once(' ').unwrap();
                let from = from.split(' ').map(|name| deploy("..").join(name).display().to_string());
                // A folder is copied into one that is there already.
                format!("cp -r {} {}", from.collect::<Vec<_>>().join(" "), to.replace("benches", "."))
            }
            other => panic!("{other:?}"),
        };
        let done = Command::new("sh").args(["-ec", &shell]).current_dir(folder.path()).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
    // By the lints of Cargo.toml that refuse.
    for (kind, source) in [("lib", "src/lib.rs"), ("bin", "src/main.rs")] {
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition", "2024", "--emit", "metadata", "-F", "unsafe-code", "-D", "missing-docs"]);
        let built = rustc.args(["--crate-type", kind, source]).current_dir(folder.path()).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    }
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]);
    let read = metadata.current_dir(folder.path()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    let targets = read["packages"][0]["targets"].as_array().unwrap();
    assert!(
        targets.iter().any(|target| target["kind"][0] == "bin" && target["name"] == "edgemint"),
        "{targets:?}"
    );
}

/// The root file system, made by the script that the Dockerfile calls.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let mut script = Command::new(deploy("image-root.sh"));
    let made = script.arg(env!("CARGO_BIN_EXE_edgemint")).arg(root.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // Others than its owner have to come in.
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    root
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The binary in that root, and nothing outside of it: as the user of the image, or where that takes rights that we have
/// not, in a user namespace of our own.
fn inside(root: &Path, arguments: &[&str]) -> Output {
    let mut command = match rustix::process::geteuid().is_root() {
        true => Command::new("/usr/sbin/chroot"),
        false => Command::new("unshare"),
    };
    match rustix::process::geteuid().is_root() {
        true => command.arg("--userspec=65532:65532"),
        false => command.args(["--user", "--map-root-user", "--", "/usr/sbin/chroot"]),
    };
    command.env_clear().arg(root).arg("/usr/local/bin/edgemint").args(arguments).output().unwrap()
}

#[test]
fn the_binary_runs_with_nothing_else_in_its_root() {
    needs!("unshare", "ldd", "openssl");
    let root = root();
    for file in files(root.path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let is_program = fs::read(&file).unwrap().starts_with(b"\x7fELF") && !name.contains(".so");
        assert!(!is_program || name == "edgemint", "{}", file.display());
    }
    let said = inside(root.path(), &["--version"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    // A service outside is asked from inside, as the image's HEALTHCHECK does.
    let service = Setup::new().start();
    fs::write(
        root.path().join("etc/edgemint/edgemint.toml"),
        fs::read_to_string(service.setup.path("edgemint.toml"))
            .unwrap()
            .replace("127.0.0.1:0", &service.address.to_string()),
    )
    .unwrap();
    let asked = inside(root.path(), &["healthcheck", "--ready", "--config", "/etc/edgemint/edgemint.toml"]);
    assert_eq!(String::from_utf8([asked.stdout, asked.stderr].concat()).unwrap(), "ready\n");
    // Names are looked up, and TLS has authorities: an unknown one is what is wrong, not that there are none.
    fs::write(root.path().join("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
    let authority = crate::authority::Authority::new();
    let server = crate::support::WebServer::answering("HTTP/1.0 200 OK\r\n\r\n", &authority);
    let asked = inside(root.path(), &["healthcheck", "--url", &server.url("localhost")]);
    let sentence = String::from_utf8(asked.stderr).unwrap();
    assert!(asked.status.code() == Some(1) && sentence.contains("ertificate"), "{sentence}");
}
