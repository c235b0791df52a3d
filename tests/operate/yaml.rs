//! YAML as a parser reads it that is not ours.

use std::path::Path;

use crate::python::python_program;

/// The YAML of a file, with its anchors and merges resolved. `None` if the parser is not installed, as of
/// [`python_program`].
pub fn read_yaml(file: &Path) -> Option<serde_json::Value> {
    let script = "import json, sys; from ruamel.yaml import YAML; json.dump(YAML(typ='safe').load(sys.stdin), sys.stdout)";
    let mut python = std::process::Command::new(python_program("operate", "python")?);
    let output = python.args(["-c", script]).stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
