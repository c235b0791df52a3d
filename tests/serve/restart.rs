//! What one process used up, and the next does not know.

use rustix::process::Signal;

use crate::support::{Service, Setup, Ticket, now, wait_for};

/// What is left of a service that is killed.
pub fn killed(mut service: Service) -> Setup {
    service.signal(Signal::KILL);
    service.wait();
    std::mem::replace(&mut service.setup, Setup::new())
}

pub fn kill_and_start_again(service: Service) -> Service {
    killed(service).start()
}

#[test]
fn a_ticket_that_was_used_before_a_crash_is_not_taken_after_it() {
    let service = Setup::new().leeway("0s").start();
    let issued = now();
    let used = Ticket::of("listener-7").with("iat", issued).with("exp", issued + 60).sign();
    assert_eq!(service.redeem(&used).status, 303);
    wait_for("another second", || now() > issued);
    let service = kill_and_start_again(service);
    let answer = service.redeem(&used);
    service.assert_refused(&answer, 401, "ticket_refused", "used before the crash");
    let reason = &service.log_line(&answer)["reason"];
    assert!(reason.as_str().unwrap().contains("before this process began"), "{reason}");
    service.assert_entering();
}

#[test]
fn whoever_logs_in_after_a_start_enters_at_once() {
    let service = kill_and_start_again(Setup::new().start());
    let at = |issued: i64| Ticket::of("listener-7").with("iat", issued).with("exp", issued + 30).sign();
    service.assert_entering();
    // By an app whose clock is ahead by what is allowed for.
    let ahead = now() + 4;
    assert_eq!(service.redeem(&at(ahead)).status, 303);
    // One that is behind has to wait until its clock, too, has come to when the service began.
    let behind = at(now() - 5);
    service.assert_refused(&service.redeem(&behind), 401, "ticket_refused", "as if from before the start");
}
