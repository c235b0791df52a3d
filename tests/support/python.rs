//! Programs from the Python packages that `tests/install_python.sh` installs: the AWS CLI, boto3's Python, linters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::programs::left_out;

/// Where this program of `tests/FOLDER/requirements.txt` is. `None` if it was not installed, which is said once for
/// each program and fails where every test is asked for.
pub fn python_program(folder: &str, name: &str) -> Option<PathBuf> {
    static MISSING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{folder}/.venv/bin")).join(name);
    if file.is_file() {
        return Some(file);
    }
    assert!(
        std::env::var_os("EDGEMINT_TESTS_NEED_ALL").is_none(),
        "{name} is not in tests/{folder}/.venv, and EDGEMINT_TESTS_NEED_ALL asks for every test: see tests/run"
    );
    if MISSING.lock().unwrap().insert(file) {
        left_out(&format!("what needs {name} of tests/{folder}/requirements.txt (see tests/run)"));
    }
    None
}
