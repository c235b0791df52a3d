//! Programs of `tests/operate/requirements.txt`.

use std::path::{Path, PathBuf};

use crate::programs::left_out;

/// Where `tests/operate/install.sh` put this program. `None` if it has not run, which is said, and fails where every
/// test is asked for.
pub fn python_program(name: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operate/.venv/bin").join(name);
    if file.is_file() {
        return Some(file);
    }
    assert!(
        std::env::var_os("EDGEMINT_TESTS_NEED_ALL").is_none(),
        "{name} is not in tests/operate/.venv, and EDGEMINT_TESTS_NEED_ALL asks for every test: run \
         tests/operate/install.sh"
    );
    left_out(&format!("what needs {name} (run tests/operate/install.sh)"));
    None
}

/// The YAML of a file, with its anchors and merges resolved by a parser that is not ours; `None` as above.
pub fn read_yaml(file: &Path) -> Option<serde_json::Value> {
    let script = "import json, sys; from ruamel.yaml import YAML; json.dump(YAML(typ='safe').load(sys.stdin), sys.stdout)";
    let mut python = std::process::Command::new(python_program("python")?);
    let output = python.args(["-c", script]).stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
