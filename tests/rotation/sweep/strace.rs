//! System calls of a command, counted and tampered with from outside: nothing in the binary knows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Ran, behind};

/// All calls by which a program changes a file or talks to somebody. What is read from a file is not in it: between two
/// of these calls nothing changes outside the process, so that to die before each is to die at every moment.
const WATCHED: &str = "write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,\
    link,linkat,symlinkat,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,fchmodat,flock,connect,shutdown,sendto,sendmsg,\
    sendmmsg,recvfrom,recvmsg,openat";

/// The n-th call of a name: strace counts each name by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub call: String,
    pub nth: usize,
    /// How many of this name a rotation makes.
    pub of: usize,
}

/// How a command under strace ended.
pub enum End {
    Killed,
    Ended(Ran),
}

/// Every call of a command that may matter: opening a file if it may make one, and no writing to itself, which is how
/// its parts wake each other.
pub fn points(command: &Command) -> Vec<Point> {
    let trace = tempfile::NamedTempFile::new().unwrap();
    let path = trace.path().to_str().unwrap();
    // No contents: there are private keys in them.
    let output = traced(command, &["-y", "-s", "0", "-o", path]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(path).unwrap();
    let calls: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('(')).collect();
    let threads: BTreeSet<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(threads.len(), 1, "strace counts for each thread by itself, so one must do it all");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (call, arguments) in calls {
        let nth = counts.entry(call).and_modify(|nth| *nth += 1).or_insert(1);
        let opens_what_is_there = call == "openat" && !arguments.contains("O_CREAT");
        if !opens_what_is_there && !arguments.contains("anon_inode:[eventfd]") {
            found.push(Point { call: call.to_owned(), nth: *nth, of: 0 });
        }
    }
    for point in &mut found {
        point.of = counts[point.call.as_str()];
    }
    found
}

/// Kills a command, as `kill -9` does, before it makes this call.
pub fn killed_before(command: &Command, point: &Point) -> End {
    run(command, &format!("inject={}:signal=KILL:when={}", point.call, point.nth))
}

/// From this call on none of its name succeeds.
pub fn failing_from(command: &Command, point: &Point, errno: &str) -> End {
    run(command, &format!("inject={}:error={errno}:when={}+", point.call, point.nth))
}

fn run(command: &Command, injection: &str) -> End {
    let output = traced(command, &["-o", "/dev/null", "-e", injection]).output().unwrap();
    match output.status.signal() {
        // strace ends as its child did.
        Some(signal) if signal == Signal::KILL.as_raw() => End::Killed,
        _ => End::Ended(Ran::from(output)),
    }
}

fn traced(command: &Command, flags: &[&str]) -> Command {
    let watched = format!("trace={WATCHED}");
    // Not `--seccomp-bpf`, which is faster: with it, strace 6.1 sends no signal.
    behind("strace", &[&["-f", "-qq", "-e", &watched], flags, &["--"]].concat(), command)
}
