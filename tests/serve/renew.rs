use crate::support::{Cookies, SESSION_COOKIE, Setup, now};

#[test]
fn a_session_is_renewed_again_and_again() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let public_key = service.setup.public_key();
    for _ in 0..3 {
        let answer = service.renew(&session);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let cookies = Cookies::set_for(&answer, "/podcasts/");
        assert!(cookies.decide(&public_key, "/podcasts/7.mp3", "127.0.0.1").is_allowed());
        let told = answer.json();
        assert!((now() - told["now"].as_i64().unwrap()).abs() <= 2, "{told}");
        let grant = &told["grants"][0];
        assert_eq!(grant["name"], "podcasts");
        assert_eq!(grant["resource"], "https://cdn.example.com/podcasts/*");
        assert_eq!(grant["expires_at"], cookies.statement()["Condition"]["DateLessThan"]["AWS:EpochTime"]);
        assert_eq!(grant["renew_at"], grant["expires_at"].as_i64().unwrap() - 100, "a third of 5m before");
        let members: Vec<_> = grant.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["expires_at", "name", "renew_at", "resource"], "nothing secret");
        // While the session is a minute old or less its cookie stays as it is.
        assert_eq!(answer.cookie(SESSION_COOKIE), None);
        let ends = told["session_ends_at"].as_i64().unwrap();
        assert!((7190..=7200).contains(&(ends - now())), "the idle time is 2h: {told}");
    }
}
