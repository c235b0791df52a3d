//! One walk through everything, with all that a log can say switched on. That nothing secret came out is checked
//! when the service ends, as it is in every test here.

use std::fs;

use serde_json::json;

use crate::support::{API_KEY, Client, MARKER, Setup, TICKET_SECRET, Ticket, get, post};

#[test]
fn with_everything_logged_nothing_secret_is() {
    let service = Setup::new().logging("trace").start();
    service.assert_entering();
    service.assert_serving();
    let ticket = Ticket::of(MARKER).with("note", MARKER).sign();
    for return_to in ["", "&return_to=/", &format!("&return_to=//{MARKER}"), &format!("&return_to=/{MARKER}")]
    {
        service.redeem(&format!("{ticket}{return_to}"));
    }
    let body =
        json!({"grants": ["downloads", "shows"], "subject": "Listener-7-of-M", "claims": {"show": "S"}});
    assert_eq!(service.mint(&body).status, 200);
    let headers = [
        format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\n"),
        format!("Authorization: Basic {API_KEY}\r\nContent-Type: {MARKER}\r\n"),
        format!("Cookie: session={MARKER}\r\nX-Forwarded-For: {MARKER}\r\nOrigin: https://{MARKER}\r\n"),
        format!("Content-Length: {MARKER}\r\n"),
        format!("Transfer-Encoding: {MARKER}\r\n"),
        format!("Expect: {MARKER}\r\nUpgrade: {MARKER}\r\nConnection: upgrade\r\nHost: {MARKER}\r\n"),
    ];
    for header in &headers {
        for request in [
            post("/v1/mint", header, &format!("{{\"{MARKER}\":{API_KEY}")),
            get(&format!("/{MARKER}?{TICKET_SECRET}")),
        ] {
            let request = request.replacen("Host:", &format!("{header}Host:"), 1);
            let mut client = Client::connect(service.address);
            client.send(request).unwrap();
            let _ = client.try_answer();
        }
    }
    let log = service.log();
    assert!(log.contains("\"level\":\"DEBUG\""), "the log says much: {log}");
    let place = log.find(MARKER).map(|place| &log[place.saturating_sub(300)..place + 30]);
    assert_eq!(place, None);
    let environment = fs::read(format!("/proc/{}/cmdline", service.pid())).unwrap();
    assert!(!environment.windows(API_KEY.len()).any(|part| part == API_KEY.as_bytes()));
}
