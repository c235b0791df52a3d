//! Two instances, of which one has not heard of the new key yet, and an edge that trusts both keys.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use rustix::process::Signal;

use super::changes::NO_POLL;
use crate::support::{Jar, Key, Service, Setup, Ticket, exchange, write_ring};

/// `edgemint edge` over HTTP, for policies of `https://cdn.example.com`.
struct Edge {
    address: SocketAddr,
    child: Child,
    _place: Setup,
}

impl Edge {
    fn trusting(keys: &[&Key]) -> Self {
        let place = Setup::new();
        fs::create_dir_all(place.path("media/podcasts")).unwrap();
        fs::write(place.path("media/podcasts/1.mp3"), "sound").unwrap();
        let mut command = place.command(&["edge", "--listen", "127.0.0.1:0", "--origin", "media"]);
        command.args(["--protect", "/podcasts/*", "--host", "cdn.example.com", "--scheme", "https"]);
        for key in keys {
            fs::write(place.path(&format!("{}.public", key.key_pair_id)), &key.public).unwrap();
            command.args(["--trust", &format!("{0}={0}.public", key.key_pair_id)]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit_once("http://").map(|(_, address)| address.parse());
        let Some(Ok(address)) = address else { panic!("first line {line:?}") };
        Self { address, child, _place: place }
    }

    /// The status of a Range request with what the browser has.
    fn range(&self, browser: &Jar) -> u16 {
        let cookies = browser.cookies("/podcasts/").header();
        let head = "GET /podcasts/1.mp3 HTTP/1.1\r\nHost: cdn.example.com\r\nRange: bytes=0-1\r\n";
        exchange(self.address, format!("{head}{cookies}\r\n")).status
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start_again(mut service: Service) -> Service {
    service.signal(Signal::TERM);
    assert_eq!(service.wait().code(), Some(0));
    let setup = std::mem::replace(&mut service.setup, Setup::new());
    drop(service);
    setup.start()
}

#[test]
fn a_listener_who_meets_either_is_never_refused() {
    let start = || Setup::with_sessions().section(NO_POLL).start();
    let (mut one, other) = (start(), start());
    let [old, new] = [Key::of(&other.setup), Key::new("rsa-2048", "sha256", "KNEW")];
    let edge = Edge::trusting(&[&old, &new]);
    let before = [(&old, "active"), (&new, "proven")];
    let after = [(&old, "retiring"), (&new, "active")];
    // Both have the same ring, as they would from one store.
    fs::remove_file(one.setup.path(&one.setup.key_file())).unwrap();
    for service in [&one, &other] {
        write_ring(&service.setup.path("keys"), &before);
    }
    one = start_again(one);
    let mut browser = Jar::default();
    browser.take(&one.redeem(&Ticket::of("listener-7").sign()));
    assert_eq!(edge.range(&browser), 206);
    let mut visit = |service: &Service, key: &Key| {
        browser.take(&service.renew(browser.session()));
        let cookies = browser.cookies("/podcasts/");
        assert_eq!(cookies.key_pair_id(), key.key_pair_id);
        assert_eq!(edge.range(&browser), 206, "with a set of {}", key.key_pair_id);
    };
    visit(&other, &old);

    // One has followed, the other has not.
    write_ring(&one.setup.path("keys"), &after);
    one.wait_until_it_signs_with(&new);
    for _ in 0..3 {
        visit(&one, &new);
        visit(&other, &old);
    }
    // One is started again meanwhile.
    one = start_again(one);
    visit(&one, &new);
    visit(&other, &old);
    // Both have followed.
    write_ring(&other.setup.path("keys"), &after);
    other.wait_until_it_signs_with(&new);
    visit(&other, &new);
    visit(&one, &new);

    let stranger = Edge::trusting(&[&old]);
    assert_eq!(stranger.range(&browser), 403, "where the new key is not trusted");
}
