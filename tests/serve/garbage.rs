//! Requests with bytes changed, dropped, doubled and put in: none of them ends the service.

use std::io::Read as _;
use std::net::Shutdown;

use serde_json::json;

use crate::support::{API_KEY, Client, MARKER, Setup, Ticket, get, post};

/// The same numbers each time (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn garble(&mut self, request: &str) -> Vec<u8> {
        const NASTY: [&[u8]; 12] =
            [b"\0", b"\r\n", b"\r\n\r\n", b"\xff", b"%00", b"%", b" ", b"\t", b":", b"\r", b"\n", b"{\"a\":"];
        let mut bytes = request.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let place = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[place] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(bytes.remove(place)),
                2 => bytes.truncate(place + 1),
                3 => drop(bytes.splice(place..place, NASTY[self.below(NASTY.len())].iter().copied())),
                _ => {
                    let again = bytes[..=place].to_vec();
                    bytes.splice(place..place, again);
                }
            }
        }
        bytes
    }
}

#[test]
fn two_thousand_garbled_requests_and_then_a_good_one() {
    let service = Setup::new().logging("debug").start();
    let headers =
        format!("Authorization: Bearer {API_KEY}\r\nContent-Type: application/json\r\nX-Mark: {MARKER}\r\n");
    let body =
        json!({"grants": ["downloads"], "subject": "listener-7", "claims": {"mark": MARKER}}).to_string();
    let requests = [
        get(&format!("/enter?ticket={}&return_to=/{MARKER}", Ticket::of(MARKER).sign())),
        post("/v1/mint", &headers, &body),
        post("/v1/mint", &headers, "").replace(
            "Content-Length: 0\r\n\r\n",
            &format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        ),
        get("/healthz"),
    ];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
    for round in 0..2000 {
        let garbled = dice.garble(&requests[round % requests.len()]);
        let mut client = Client::connect(service.address);
        let _ = client.send(&garbled);
        let _ = client.stream().shutdown(Shutdown::Write);
        let mut answers = Vec::new();
        // A reset, where the service did not want to read all of it, is an end like another.
        let _ = client.stream().read_to_end(&mut answers);
        let text = String::from_utf8_lossy(&answers);
        for line in text.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")) {
            let status = line[..3].parse().unwrap();
            assert!(status < 500, "{status} to {:?}", String::from_utf8_lossy(&garbled));
            *statuses.entry(status).or_default() += 1;
        }
    }
    assert!(statuses[&400] > 200 && statuses[&401] > 50 && statuses[&200] > 20, "{statuses:?}");
    service.wait_until_alone();
    service.assert_serving();
    service.assert_entering();
    assert!(!service.log().contains(MARKER));
}
