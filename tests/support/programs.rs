//! Programs that are not ours and that some tests call. `cargo test` passes without them and says what it
//! left out; `tests/run`, which installs them, sets `EDGEMINT_TESTS_NEED_ALL`, and then one that is missing fails.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Mutex;

/// Leaves the function, a test or a check of one, if one of these programs is missing.
macro_rules! needs {
    ($($program:literal),+) => {
        if [$($crate::programs::is_installed($program)),+].contains(&false) {
            return;
        }
    };
}
pub(crate) use needs;

/// Whether this program is in PATH. That it is not is said once in each test binary.
pub fn is_installed(program: &str) -> bool {
    static MISSING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| is_executable(&folder.join(program))) {
        return true;
    }
    assert!(
        std::env::var_os("EDGEMINT_TESTS_NEED_ALL").is_none(),
        "{program} is not installed, and EDGEMINT_TESTS_NEED_ALL asks for every test: see tests/run"
    );
    if MISSING.lock().unwrap().insert(program.to_owned()) {
        left_out(&format!("what needs {program} (not installed)"));
    }
    false
}

/// Says on the terminal what the tests of this binary leave out.
pub fn left_out(what: &str) {
    // Not `eprintln!`: the harness keeps what a passing test prints to itself.
    let line = format!("left out of the tests `{}`: {what}\n", env!("CARGO_CRATE_NAME"));
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn is_executable(file: &std::path::Path) -> bool {
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
