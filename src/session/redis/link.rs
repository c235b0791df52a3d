//! Keeps the connection: makes it, looks after it, and makes it anew.
//!
//! It runs on a thread and a runtime of its own. Each worker of the server has a runtime that ends with the
//! worker, and a connection ends with the runtime on which it was made; this one has to outlive them all, and to
//! go on while they are busy.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::time::Duration;

use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, InfoDict, Value, cmd};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{RedisFailure, RedisSettings};

/// A connection is asked so often whether it still is one. Less than any idle limit between the two.
const PULSE: Duration = Duration::from_secs(1);
/// How long connecting may take where a command has less: over TLS it is several round trips.
const CONNECT_AT_LEAST: Duration = Duration::from_secs(2);
/// Between attempts to connect: from the first to the longest, doubled each time, half of it by chance, so that
/// not all instances come at once.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Commands that wait to be written; those beyond wait for room, until their deadline.
const WAITING_COMMANDS: usize = 1024;

/// What a Redis is used for, which says when it is of use.
#[derive(Clone, Debug)]
pub enum Use {
    /// Things are looked up; that it answers is enough.
    Look,
    /// Things are kept. A Redis that takes no writes (a replica, a full one) is as good as away, which is tried
    /// with this key.
    Keep {
        /// Written at each connection, and gone a second later.
        probe: String,
    },
}

/// What is known of the connection.
#[derive(Clone)]
pub(super) enum State {
    /// An attempt is under way, and there is hope.
    Connecting,
    Up {
        connection: MultiplexedConnection,
        number: u64,
    },
    Away(RedisFailure),
}

/// What the commands of a connection found out about it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    number: u64,
    failure: Option<RedisFailure>,
}

impl Verdict {
    /// Notes what a command of connection `number` met with; whether that is news. A late answer is a reason to
    /// look after the connection, a broken connection one to replace it.
    pub(super) fn note(&mut self, number: u64, failure: RedisFailure) -> bool {
        let is_known = self.number == number && self.failure.is_some_and(RedisFailure::is_of_connection);
        if self.number > number || is_known || !(failure.is_of_connection() || failure == RedisFailure::Late)
        {
            return false;
        }
        *self = Self { number, failure: Some(failure) };
        true
    }
}

/// The one that keeps the connection.
pub(super) struct Link {
    client: redis::Client,
    deadline: Duration,
    has_tls: bool,
    name: &'static str,
    purpose: Use,
    state: watch::Sender<State>,
    verdicts: watch::Receiver<Verdict>,
    number: u64,
    /// What the log said last: it tells changes.
    said: Option<Result<(), RedisFailure>>,
    is_eviction_known: bool,
}

impl Link {
    /// Starts on a thread of its own, until the sender of `verdicts` is gone.
    pub(super) fn start(
        settings: &RedisSettings,
        name: &'static str,
        purpose: Use,
        state: watch::Sender<State>,
        verdicts: watch::Receiver<Verdict>,
    ) -> io::Result<()> {
        // Threads that look host names up.
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(16).build()?;
        let mut orphaned = verdicts.clone();
        let RedisSettings { client, deadline, has_tls, .. } = settings.clone();
        let link = Self {
            client,
            deadline,
            has_tls,
            name,
            purpose,
            state,
            verdicts,
            number: 0,
            said: None,
            is_eviction_known: false,
        };
        std::thread::Builder::new().name("redis".to_owned()).spawn(move || {
            let end = async move { orphaned.wait_for(|_| false).await.map(|_| ()) };
            runtime.block_on(select(Box::pin(link.keep()), Box::pin(end)));
            // Not waiting for the name server.
            runtime.shutdown_background();
        })?;
        Ok(())
    }

    async fn keep(mut self) {
        let mut pause = Duration::ZERO;
        loop {
            let failure = match self.connect().await {
                Err(failure) => failure,
                Ok(connection) => {
                    let since = Instant::now();
                    let failure = self.look_after(connection).await;
                    if since.elapsed() > LONGEST_PAUSE {
                        // Restarted or idle for long, perhaps: there is hope.
                        pause = Duration::ZERO;
                        self.state.send_replace(State::Connecting);
                        continue;
                    }
                    failure
                }
            };
            self.say(Err(failure));
            self.state.send_replace(State::Away(failure));
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            sleep(pause / 2 + by_chance(pause / 2)).await;
        }
    }

    /// A connection that is of use.
    async fn connect(&mut self) -> Result<MultiplexedConnection, RedisFailure> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING_COMMANDS);
        let attempt = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
            self.greet(&mut connection).await?;
            Ok(connection)
        };
        let late = if self.has_tls { RedisFailure::NoHandshake } else { RedisFailure::Late };
        let connection = timeout(self.deadline.max(CONNECT_AT_LEAST), attempt).await.unwrap_or(Err(late))?;
        self.warn_of_eviction(connection.clone()).await;
        Ok(connection)
    }

    async fn greet(&self, connection: &mut MultiplexedConnection) -> Result<(), RedisFailure> {
        match &self.purpose {
            Use::Look => ping(connection).await,
            Use::Keep { probe } => {
                let mut write = cmd("SET");
                write.arg(probe).arg(1).arg("PX").arg(1000);
                match connection.send_packed_command(&write).await.and_then(Value::extract_error)? {
                    Value::Okay => Ok(()),
                    _ => Err(RedisFailure::Garbage),
                }
            }
        }
    }

    /// Serves with this connection until it is of no more use, and says why it is not.
    async fn look_after(&mut self, mut connection: MultiplexedConnection) -> RedisFailure {
        self.number += 1;
        let number = self.number;
        self.say(Ok(()));
        self.state.send_replace(State::Up { connection: connection.clone(), number });
        loop {
            if let Either::Left((Err(_), _)) =
                select(Box::pin(self.verdicts.changed()), Box::pin(sleep(PULSE))).await
            {
                // Nobody is left who asks.
                return RedisFailure::Lost;
            }
            let verdict = *self.verdicts.borrow_and_update();
            if verdict.number == number
                && let Some(failure) = verdict.failure.filter(|failure| failure.is_of_connection())
            {
                return failure;
            }
            match timeout(self.deadline, ping(&mut connection)).await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => return failure,
                Err(_) => return RedisFailure::Late,
            }
        }
    }

    /// Tells the log what has changed.
    fn say(&mut self, health: Result<(), RedisFailure>) {
        if self.said.replace(health) == Some(health) {
            return;
        }
        match health {
            Ok(()) => tracing::info!(redis = self.name, "Redis answers"),
            Err(failure) => {
                tracing::error!(redis = self.name, reason = %failure, "Redis is of no use at the moment; it is tried again until it is");
            }
        }
    }

    /// What is evicted before its time is forgotten: a used ticket would work again. Said once.
    async fn warn_of_eviction(&mut self, mut connection: MultiplexedConnection) {
        if self.is_eviction_known || matches!(self.purpose, Use::Look) {
            return;
        }
        let mut info = cmd("INFO");
        info.arg("memory");
        let answer = timeout(self.deadline, info.query_async::<InfoDict>(&mut connection)).await;
        let policy = answer.ok().and_then(Result::ok).and_then(|info| info.get::<String>("maxmemory_policy"));
        self.is_eviction_known = true;
        match policy.as_deref() {
            Some("noeviction") => {}
            Some(_) => tracing::warn!(
                redis = self.name,
                "this Redis drops keys when its memory is full (maxmemory-policy), and with them which tickets were used and who was shut out: set maxmemory-policy to noeviction"
            ),
            None => tracing::info!(
                redis = self.name,
                "whether this Redis drops keys when its memory is full cannot be told: see that its maxmemory-policy is noeviction"
            ),
        }
    }
}

/// That Redis answers this command: what comes otherwise was asked by another, who gets somebody else's answer in turn.
async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisFailure> {
    let answer = connection.send_packed_command(&cmd("PING")).await.and_then(Value::extract_error);
    match answer.map_err(RedisFailure::from) {
        Ok(Value::SimpleString(word)) if word == "PONG" => Ok(()),
        Ok(_) => Err(RedisFailure::Garbage),
        // Some users may do little.
        Err(RedisFailure::Refused("NOPERM")) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Up to so long.
fn by_chance(most: Duration) -> Duration {
    let part = RandomState::new().hash_one(0) >> 32;
    most.mul_f64(part as f64 / f64::from(u32::MAX))
}
