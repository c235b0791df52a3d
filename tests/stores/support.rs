use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

use edgemint::session::redis::{RedisClient, RedisFailure, RedisSettings, Use};

/// How long anything may take on a machine that is busy with other things.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What a command may take in these tests, unless they are about that.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// On a runtime of its own, as each worker of the server has one.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub fn client(url: &str, purpose: Use) -> RedisClient {
    patient_client(url, PATIENCE, purpose)
}

pub fn patient_client(url: &str, deadline: Duration, purpose: Use) -> RedisClient {
    let settings = RedisSettings::new(url, None, deadline).unwrap();
    RedisClient::open(&settings, "test", purpose).unwrap()
}

pub fn probe() -> Use {
    Use::Keep { probe: "edgemint:probe".to_owned() }
}

pub async fn ping(client: &RedisClient) -> Result<String, RedisFailure> {
    client.ask(&redis::cmd("PING")).await
}

/// Asks again and again, and gives up at the deadline.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "{what} did not happen in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Epoch seconds.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap()
}
