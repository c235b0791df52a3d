use std::path::{Path, PathBuf};
use std::thread;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

/// More links than lead anywhere.
const MAX_LINKS: usize = 8;

/// Watches the directory at `path`, and the names by which it is reached: a mounted secret is replaced by turning a
/// link, and a watch goes with the directory that it was put on. Such a link may also be in the directory itself.
/// What is replaced further up is left to the next poll.
///
/// # Errors
/// If the system watches nothing, or not this directory although it is there, or has no thread left.
pub(super) fn watch(path: &Path, changed: impl Fn() + Send + 'static) -> notify::Result<RecommendedWatcher> {
    // notify does not tell that the system gave it no thread, and panics when it is told what to watch.
    let _ = thread::Builder::new().spawn(|| {})?.join();
    let directory = std::path::absolute(path)?;
    let names = names_of(&directory);
    let watched = directory.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_about(&event, &watched, &names)) {
            changed();
        }
    })?;
    for name in names_of(&directory) {
        if let Some(parent) = name.parent() {
            // It tells of a directory that is put there later; without it the next poll does.
            let _ = watcher.watch(parent, RecursiveMode::NonRecursive);
        }
    }
    match watcher.watch(&directory, RecursiveMode::NonRecursive) {
        Err(error) if directory.exists() => Err(error),
        _ => Ok(watcher),
    }
}

/// The path, and where it leads as long as that is a link.
fn names_of(directory: &Path) -> Vec<PathBuf> {
    let mut names = vec![directory.to_path_buf()];
    while let Some(name) = names.last().filter(|_| names.len() < MAX_LINKS)
        && let (Ok(target), Some(parent)) = (name.read_link(), name.parent())
    {
        names.push(parent.join(target));
    }
    names
}

/// Whether an event concerns a file in the directory or one of its names. That something was opened or read, as by a
/// look, does not.
fn is_about(event: &Event, directory: &Path, names: &[PathBuf]) -> bool {
    let concerns = |path: &PathBuf| path.parent() == Some(directory) || names.contains(path);
    event.need_rescan() || !event.kind.is_access() && event.paths.iter().any(concerns)
}
