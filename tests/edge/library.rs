//! The edge inside another program: its clock, its observer, its handle.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use edgemint::cloudfront::{PublicKey, TrustedKeys};
use edgemint::edge::{Answered, Behaviour, Edge, Observer, Origin, Outcome, RequestId, Serving, serve};

use crate::programs::needs;
use crate::support::*;

#[derive(Default)]
struct Recorder {
    answered: Mutex<Vec<Answered>>,
    finished: Mutex<Vec<(RequestId, u64)>>,
}

impl Observer for Recorder {
    fn answered(&self, answer: &Answered) {
        self.answered.lock().unwrap().push(answer.clone());
    }

    fn finished(&self, id: &RequestId, bytes_sent: u64) {
        self.finished.lock().unwrap().push((id.clone(), bytes_sent));
    }
}

/// Runs `ask` on another thread while the edge serves, then stops the edge.
fn with_edge<T: Send + 'static>(edge: Edge, ask: impl FnOnce(SocketAddr) -> T + Send + 'static) -> T {
    actix_web::rt::System::new().block_on(async {
        let Serving { address, server } = serve(edge, TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let handle = server.handle();
        let served = actix_web::rt::spawn(server);
        let answer = actix_web::web::block(move || ask(address)).await.unwrap();
        handle.stop(true).await;
        served.await.unwrap().unwrap();
        answer
    })
}

#[test]
fn the_observer_sees_each_request_and_the_clock_decides() {
    needs!("openssl");
    const EXPIRY: i64 = 1_800_000_000;
    let media = media();
    let public = PublicKey::from_pem(&std::fs::read(&keys().rsa.public).unwrap()).unwrap();
    let trusted: TrustedKeys = [(keys().rsa.id.parse().unwrap(), public)].into_iter().collect();
    let (recorder, now) = (Arc::new(Recorder::default()), Arc::new(AtomicI64::new(EXPIRY - 1)));
    let clock = now.clone();
    let edge = Edge::new(Origin::directory(&media.path().join("origin")).unwrap())
        .protecting(Behaviour::new("/podcasts/*".parse().unwrap(), trusted))
        .named("cdn.example.com".parse().unwrap())
        .with_clock(Arc::new(move || clock.load(Ordering::SeqCst)))
        .observed_by(recorder.clone());
    let cookies = cookies(&keys().rsa, &policy("https://cdn.example.com/podcasts/*", EXPIRY, ""));
    let (id, refusal_length) = with_edge(edge, move |address| {
        let signed = [("Cookie", cookies.as_str()), ("Range", "bytes=1000-")];
        let allowed = get(address, "/podcasts/1.mp3?v=1", &signed);
        assert_eq!(allowed.status, 206);
        now.store(EXPIRY, Ordering::SeqCst);
        let refused = get(address, "/podcasts/1.mp3", &signed);
        assert_eq!(refused.status, 403);
        assert_eq!(get(address, "/open/cover.svg", &[]).status, 200);
        assert_eq!(send(address, "HEAD", "/open/10k.bin", &[]).status, 200);
        assert_eq!(send(address, "POST", "/open/10k.bin", &[]).status, 403);
        (allowed.header("x-amz-cf-id").unwrap().to_owned(), refused.body.len() as u64)
    });

    let answered = recorder.answered.lock().unwrap();
    let seen: Vec<_> = answered
        .iter()
        .map(|event| {
            (event.outcome, event.status, event.bytes_promised, event.had_cookies, event.expires, event.time)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Outcome::Allowed, 206, Some(9000), true, Some(EXPIRY), EXPIRY - 1),
            (Outcome::Refused("AccessDenied"), 403, Some(refusal_length), true, Some(EXPIRY), EXPIRY),
            (Outcome::Open, 200, Some(6), false, None, EXPIRY),
            (Outcome::Open, 200, Some(0), false, None, EXPIRY),
            (Outcome::Failed("MethodNotAllowed"), 403, seen[4].2, false, None, EXPIRY),
        ]
    );
    assert_eq!((answered[0].id.as_str(), answered[0].path.as_str()), (id.as_str(), "/podcasts/1.mp3"));
    assert_eq!(answered[0].range.as_deref(), Some("bytes=1000-"));
    assert_eq!(answered[0].content_range.as_deref(), Some("bytes 1000-9999/10000"));
    assert!(answered[0].trace.iter().all(|check| check.passed) && !answered[0].trace.is_empty());
    assert_eq!(answered[1].trace.iter().filter(|check| !check.passed).count(), 1);

    let finished = recorder.finished.lock().unwrap();
    let sent: Vec<_> =
        answered.iter().map(|event| finished.iter().find(|(id, _)| *id == event.id).unwrap().1).collect();
    assert_eq!(sent[..4], [9000, refusal_length, 6, 0]);
}
