//! What asks Redis.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Arg, Cmd, FromRedisValue, Value, cmd};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument as _, Span, info_span};

use super::link::{Link, State, Use, Verdict};
use super::{RedisFailure, RedisSettings};

/// A connection to one Redis, made and remade in the background, for every thread of the service.
///
/// Commands of all threads go over one connection, in the order in which they come. While there is none, a
/// command fails at once and does not wait in a queue. Clones share the connection; it ends with the last.
#[derive(Clone)]
pub struct RedisClient(Arc<Shared>);

struct Shared {
    state: watch::Receiver<State>,
    verdicts: watch::Sender<Verdict>,
    deadline: Duration,
    place: String,
}

impl RedisClient {
    /// A client of the Redis at `settings`, which begins to connect in the background. `name` is what logs call
    /// it: the section of the configuration, say.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn open(settings: &RedisSettings, name: &'static str, purpose: Use) -> io::Result<Self> {
        let (state_sender, state) = watch::channel(State::Connecting);
        let (verdicts, verdicts_receiver) = watch::channel(Verdict::default());
        Link::start(settings, name, purpose, state_sender, verdicts_receiver)?;
        let place = settings.place().to_owned();
        Ok(Self(Arc::new(Shared { state, verdicts, deadline: settings.deadline, place })))
    }

    /// Host and port, or the path of the socket: what may be shown.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What Redis answers to `command`.
    ///
    /// # Errors
    /// [`RedisFailure`], at the deadline at the latest. The command may have been carried out all the same.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        let span = span(command);
        let answer = self.answer(command).instrument(span.clone()).await;
        if let Err(failure) = &answer {
            span.record("error.type", failure.code());
            span.record("otel.status_code", "ERROR");
        }
        answer
    }

    async fn answer<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisFailure> {
        let until = Instant::now() + self.0.deadline;
        let (mut connection, number) =
            timeout_at(until, self.connection()).await.unwrap_or(Err(RedisFailure::Late))?;
        let answer = timeout_at(until, connection.send_packed_command(command)).await;
        let answer = match answer {
            Ok(answer) => answer.and_then(Value::extract_error).map_err(RedisFailure::from),
            Err(_) => Err(RedisFailure::Late),
        };
        match answer {
            Ok(value) => T::from_redis_value(value).map_err(|_| RedisFailure::Garbage),
            Err(failure) => {
                self.0.verdicts.send_if_modified(|verdict| verdict.note(number, failure));
                Err(failure)
            }
        }
    }

    /// The string at `key`, if there is one that is not empty. No more than one byte over `most` is fetched.
    ///
    /// # Errors
    /// [`RedisFailure`], among them [`RedisFailure::TooLarge`] for a string of more than `most` bytes.
    pub async fn value(&self, key: &str, most: usize) -> Result<Option<Vec<u8>>, RedisFailure> {
        let value: Vec<u8> = self.ask(cmd("GETRANGE").arg(key).arg(0).arg(most)).await?;
        match value.len() {
            0 => Ok(None),
            length if length > most => Err(RedisFailure::TooLarge),
            _ => Ok(Some(value)),
        }
    }

    /// Whether Redis answers, as far as is known: it is asked every second. Costs no round trip.
    ///
    /// # Errors
    /// [`RedisFailure`]; while the first connection is being made, [`RedisFailure::Late`].
    pub fn health(&self) -> Result<(), RedisFailure> {
        match &*self.0.state.borrow() {
            State::Up { .. } => Ok(()),
            State::Connecting => Err(RedisFailure::Late),
            State::Away(failure) => Err(*failure),
        }
    }

    /// The same once the first attempt to connect has come to an end, which takes 5 s at most.
    ///
    /// # Errors
    /// As [`RedisClient::health`].
    pub async fn first_health(&self) -> Result<(), RedisFailure> {
        self.connection().await.map(|_| ())
    }

    /// The present connection and its number, waiting only while the outcome of an attempt is open.
    async fn connection(&self) -> Result<(MultiplexedConnection, u64), RedisFailure> {
        let mut state = self.0.state.clone();
        let decided = state.wait_for(|state| !matches!(state, State::Connecting)).await;
        match decided.as_deref() {
            Ok(State::Up { connection, number }) => Ok((connection.clone(), *number)),
            Ok(State::Away(failure)) => Err(*failure),
            Ok(State::Connecting) | Err(_) => Err(RedisFailure::Lost),
        }
    }
}

/// The command's name alone: keys are named after listeners.
fn span(command: &Cmd) -> Span {
    let name = || match command.args_iter().next() {
        Some(Arg::Simple(name)) => std::str::from_utf8(name).unwrap_or_default(),
        _ => "",
    };
    info_span!(
        "redis",
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "redis",
        db.operation.name = name(),
        error.type = Empty,
    )
}

impl fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisClient")
            .field("place", &self.0.place)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
