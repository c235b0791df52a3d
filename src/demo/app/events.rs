//! What the edge decided and how far a rotation is, relayed to the page as server-sent events.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::header::{CacheControl, CacheDirective};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::rotating::Rotating;
use super::routes::{App, Counters, Sent};
use crate::edge::{Answered, Observer, RequestId};

/// More than a page asks for in a minute of seeking about.
const LONGEST_LAG: usize = 256;
/// How often the page learns new totals, if they changed.
const TOTALS_EVERY: Duration = Duration::from_millis(250);
/// A stream that says nothing for so many ticks says a comment, to notice that nobody listens.
const SILENT_TICKS: u32 = 40;

/// What those who look on are told, in the order it happens.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A request was answered or refused; the body is still to come.
    Answered(Answered),
    /// A body ended, or its viewer went away.
    Finished {
        /// The answer's id.
        id: RequestId,
        /// How much of it was sent, in bytes.
        bytes_sent: u64,
    },
    /// A rotation of the signing key got further.
    Rotating(Rotating),
}

/// Where events come from: an [`Observer`] to give to the edge, and what a rotation tells. Every event goes to
/// every open page. A page that falls more than `LONGEST_LAG` events behind misses some and says so.
#[derive(Debug, Clone)]
pub struct Happenings {
    sender: broadcast::Sender<Happening>,
    /// Told to a page when it is opened.
    rotating: Arc<Mutex<Rotating>>,
}

impl Happenings {
    /// A channel that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: broadcast::channel(LONGEST_LAG).0, rotating: Arc::default() }
    }

    /// Changes what is known of the rotation, and tells it if it differs.
    pub fn rotating(&self, change: impl FnOnce(&mut Rotating)) {
        let mut rotating = self.lock();
        let before = rotating.clone();
        change(&mut rotating);
        if *rotating != before {
            let _ = self.sender.send(Happening::Rotating(rotating.clone()));
        }
    }

    /// Says that a rotation begins; `false` if one is under way.
    pub(super) fn begin_rotation(&self) -> bool {
        let mut is_free = false;
        self.rotating(|rotating| {
            is_free = !rotating.is_running();
            if is_free {
                *rotating = std::mem::take(rotating).under_way();
            }
        });
        is_free
    }

    /// What has happened so far of the rotation, and everything that happens from now on.
    fn subscribe(&self) -> (Rotating, Receiver<Happening>) {
        let rotating = self.lock();
        (rotating.clone(), self.sender.subscribe())
    }

    /// No change leaves it half made.
    fn lock(&self) -> MutexGuard<'_, Rotating> {
        self.rotating.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Happenings {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Happenings {
    fn answered(&self, answer: &Answered) {
        // That no page is open is no error.
        let _ = self.sender.send(Happening::Answered(answer.clone()));
    }

    fn finished(&self, id: &RequestId, bytes_sent: u64) {
        let _ = self.sender.send(Happening::Finished { id: id.clone(), bytes_sent });
    }
}

impl Happening {
    fn frame(&self) -> String {
        match self {
            Self::Answered(answer) => frame("answered", answer),
            Self::Finished { id, bytes_sent } => {
                frame("finished", &json!({ "id": id, "bytes_sent": bytes_sent }))
            }
            Self::Rotating(rotating) => frame("rotating", rotating),
        }
    }
}

/// `GET /events`: `answered` and `finished` as they happen at the edge, `rotating` with how far a rotation is, at once
/// and after each of its steps, and `sent` with the totals of media bytes.
pub(super) async fn events(app: web::Data<App>) -> HttpResponse {
    let relay = Relay::new(&app.happenings, app.counters.clone());
    let frames = stream::unfold(relay, |mut relay| async move {
        let frame = relay.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(frame)), relay))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(CacheControl(vec![CacheDirective::NoStore]))
        .streaming(frames)
}

struct Relay {
    /// To be told first.
    rotating: Option<Rotating>,
    events: Receiver<Happening>,
    counters: Counters,
    told: Option<Sent>,
    tick: Interval,
    silent: u32,
}

impl Relay {
    fn new(happenings: &Happenings, counters: Counters) -> Self {
        let (rotating, events) = happenings.subscribe();
        let mut tick = interval(TOTALS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { rotating: Some(rotating), events, counters, told: None, tick, silent: 0 }
    }

    /// The next frame, or nothing more once the edge is gone.
    async fn next(&mut self) -> Option<String> {
        if let Some(rotating) = self.rotating.take() {
            return Some(frame("rotating", &rotating));
        }
        loop {
            let either = match select(pin!(self.events.recv()), pin!(self.tick.tick())).await {
                Either::Left((event, _)) => Some(event),
                Either::Right(_) => None,
            };
            let frame = match either {
                Some(Ok(event)) => Some(event.frame()),
                Some(Err(RecvError::Lagged(missed))) => Some(frame("missed", &missed)),
                Some(Err(RecvError::Closed)) => return None,
                None => self.totals(),
            };
            if frame.is_some() {
                self.silent = 0;
                return frame;
            }
        }
    }

    fn totals(&mut self) -> Option<String> {
        let sent = self.counters.sent();
        if self.told != Some(sent) {
            self.told = Some(sent);
            return Some(frame("sent", &sent));
        }
        self.silent += 1;
        (self.silent >= SILENT_TICKS).then(|| ": still here\n\n".to_owned())
    }
}

/// One event in the format of the HTML standard, *Server-sent events*. JSON has no line breaks.
fn frame(name: &str, data: &impl Serialize) -> String {
    // Numbers, strings and lists of them: there is nothing in them that JSON cannot say.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::http::header::HOST;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;
    use crate::cloudfront::TrustedKeys;
    use crate::edge::{Behaviour, Edge, Origin, configure};

    /// Asks a real edge, so many times, for a file that it protects and nobody signed for.
    async fn ask_edge(events: &Happenings, times: usize) {
        let directory = tempfile::tempdir().unwrap();
        let protected = Behaviour::new("/podcasts/*".parse().unwrap(), TrustedKeys::default());
        let origin = Origin::parse(directory.path().to_str().unwrap()).unwrap();
        let edge = Edge::new(origin).protecting(protected).observed_by(Arc::new(events.clone()));
        let edge = init_service(actix_web::App::new().configure(|config| configure(config, edge))).await;
        for _ in 0..times {
            let request = TestRequest::get()
                .uri("/podcasts/a%0Aevent:%20b.wav")
                .insert_header((HOST, "cdn.example.com"));
            let request = request.to_request();
            assert!(!read_body(call_service(&edge, request).await).await.is_empty());
        }
    }

    fn relay(events: &Happenings) -> Relay {
        Relay::new(events, Counters::default())
    }

    /// The frames up to and with the first one of that name.
    async fn until(relay: &mut Relay, name: &str) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = relay.next().await {
            frames.push(frame);
            if frames.last().is_some_and(|frame| frame.starts_with(&format!("event: {name}\n"))) {
                break;
            }
        }
        frames
    }

    #[actix_web::test]
    async fn an_event_is_one_frame_whatever_is_in_its_path() {
        let events = Happenings::new();
        let mut relay = relay(&events);
        ask_edge(&events, 1).await;
        let frame = until(&mut relay, "answered").await.pop().unwrap();
        assert_eq!(frame.matches('\n').count(), 3, "{frame}");
        assert!(frame.contains(r#""code":"MissingKey""#), "{frame}");
        let finished = until(&mut relay, "finished").await.pop().unwrap();
        assert!(!finished.contains(r#""bytes_sent":0"#), "{finished}");
    }

    #[actix_web::test]
    async fn a_page_that_is_too_slow_is_told_how_much_it_missed() {
        let events = Happenings::new();
        let mut relay = relay(&events);
        // Two events each: answered and finished.
        ask_edge(&events, LONGEST_LAG / 2 + 2).await;
        assert_eq!(until(&mut relay, "missed").await.pop().unwrap(), "event: missed\ndata: 4\n\n");
    }

    #[actix_web::test]
    async fn a_page_that_is_opened_later_is_told_how_far_the_rotation_is() {
        let events = Happenings::new();
        assert!(events.begin_rotation());
        assert!(!events.begin_rotation(), "one after the other");
        let mut relay = relay(&events);
        let first = relay.next().await.unwrap();
        assert!(first.starts_with("event: rotating\n") && first.contains(r#""is_running":true"#), "{first}");
        events.rotating(|rotating| rotating.end(None));
        let next = until(&mut relay, "rotating").await.pop().unwrap();
        assert!(next.contains(r#""is_running":false"#), "{next}");
        assert!(events.begin_rotation());
    }

    #[actix_web::test]
    async fn the_totals_come_at_once_and_the_stream_ends_with_the_edge() {
        let events = Happenings::new();
        let mut relay = relay(&events);
        let totals = until(&mut relay, "sent").await.pop().unwrap();
        assert_eq!(totals, "event: sent\ndata: {\"app\":0,\"edgemint\":0,\"edge\":0}\n\n");
        drop(events);
        assert_eq!(relay.next().await, None);
    }
}
