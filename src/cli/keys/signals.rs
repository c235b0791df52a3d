//! SIGINT and SIGTERM: the first asks to stop between two steps, the second ends the process.

use std::io;

use futures_util::future::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a shell says of a process that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Passes the first signal on.
///
/// # Errors
/// What the operating system refuses.
pub(super) fn stop_on_signals(sender: watch::Sender<bool>) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::task::spawn_local(async move {
        select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
        // Who listens is gone only when there is nothing left to stop.
        let _ = sender.send(true);
        select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
        // Safe at any moment: the next round goes on from what is on disk.
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}
