//! Programs of `tests/cloud/requirements.txt`: the AWS CLI, boto3's Python, moto's server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::programs::left_out;

/// Where `tests/cloud/install.sh` put this program (`aws`, `moto_server`, `python`). `None` if it has not run, which
/// is said once for each program and fails where every test is asked for.
pub fn python_program(name: &str) -> Option<PathBuf> {
    static MISSING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud/.venv/bin").join(name);
    if file.is_file() {
        return Some(file);
    }
    assert!(
        std::env::var_os("EDGEMINT_TESTS_NEED_ALL").is_none(),
        "{name} is not in tests/cloud/.venv, and EDGEMINT_TESTS_NEED_ALL asks for every test: run tests/cloud/install.sh"
    );
    if MISSING.lock().unwrap().insert(name.to_owned()) {
        left_out(&format!("what needs {name} (run tests/cloud/install.sh)"));
    }
    None
}
