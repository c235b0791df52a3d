//! What the edge decided, relayed to the page as server-sent events.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use actix_web::http::header::{CacheControl, CacheDirective};
use actix_web::{HttpResponse, web};
use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::routes::{App, Counters, Sent};

/// How often the page learns new totals, if they changed.
const TOTALS_EVERY: Duration = Duration::from_millis(250);
/// A stream that says nothing for so many ticks says a comment, to notice that nobody listens.
const SILENT_TICKS: u32 = 40;

/// One request that the edge answered or refused.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeEvent {
    /// Counts up from 1 while the edge runs.
    pub id: u64,
    /// When it was decided, in milliseconds since 1970.
    pub time_ms: u64,
    /// The method of the request.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The `Range` header as sent.
    pub range: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// `Allowed`, or the refusal's code (rules §5).
    pub code: String,
    /// The length of the answer's body, in bytes.
    pub bytes: u64,
    /// The `Content-Range` header of the answer.
    pub content_range: Option<String>,
    /// Whether the request carried any of CloudFront's cookies.
    pub had_cookies: bool,
    /// When the policy that was shown expires, in seconds since 1970.
    pub expires: Option<i64>,
    /// The checks, in the order made.
    pub trace: Vec<EdgeCheck>,
}

/// One check of the edge's decision.
#[derive(Debug, Clone, Serialize)]
pub struct EdgeCheck {
    /// What was checked.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// What was found; never a signature or a policy.
    pub detail: String,
}

/// `GET /events`: `edge` events as they happen, and `sent` with the totals of media bytes.
pub(super) async fn events(app: web::Data<App>) -> HttpResponse {
    let relay = Relay::new(app.edge_events.subscribe(), app.counters.clone());
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
    events: Receiver<EdgeEvent>,
    counters: Counters,
    told: Option<Sent>,
    tick: Interval,
    silent: u32,
}

impl Relay {
    fn new(events: Receiver<EdgeEvent>, counters: Counters) -> Self {
        let mut tick = interval(TOTALS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { events, counters, told: None, tick, silent: 0 }
    }

    /// The next frame, or nothing more once the edge is gone.
    async fn next(&mut self) -> Option<String> {
        loop {
            let either = match select(pin!(self.events.recv()), pin!(self.tick.tick())).await {
                Either::Left((event, _)) => Some(event),
                Either::Right(_) => None,
            };
            let frame = match either {
                Some(Ok(event)) => Some(frame("edge", &event)),
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
    use tokio::sync::broadcast;

    use super::*;

    fn event(id: u64) -> EdgeEvent {
        EdgeEvent {
            id,
            time_ms: 1,
            method: "GET".to_owned(),
            path: "/podcasts/a\nb.wav".to_owned(),
            range: None,
            status: 403,
            code: "MissingKey".to_owned(),
            bytes: 0,
            content_range: None,
            had_cookies: false,
            expires: None,
            trace: vec![],
        }
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
        let (sender, receiver) = broadcast::channel(8);
        let mut relay = Relay::new(receiver, Counters::default());
        sender.send(event(7)).unwrap();
        let frame = until(&mut relay, "edge").await.pop().unwrap();
        assert_eq!(frame.lines().count(), 3, "{frame}");
        assert!(frame.contains(r#""id":7,"#) && frame.contains(r#""code":"MissingKey""#), "{frame}");
    }

    #[actix_web::test]
    async fn a_page_that_is_too_slow_is_told_how_much_it_missed() {
        let (sender, receiver) = broadcast::channel(2);
        let mut relay = Relay::new(receiver, Counters::default());
        (0..5).for_each(|id| drop(sender.send(event(id)).unwrap()));
        assert_eq!(until(&mut relay, "missed").await.pop().unwrap(), "event: missed\ndata: 3\n\n");
    }

    #[actix_web::test]
    async fn the_totals_come_at_once_and_the_stream_ends_with_the_edge() {
        let (sender, receiver) = broadcast::channel(2);
        let mut relay = Relay::new(receiver, Counters::default());
        let totals = until(&mut relay, "sent").await.pop().unwrap();
        assert_eq!(totals, "event: sent\ndata: {\"app\":0,\"edgemint\":0,\"edge\":0}\n\n");
        drop(sender);
        assert_eq!(relay.next().await, None);
    }
}
