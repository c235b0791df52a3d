//! A JWT says who is asking. The tokens were made by Node: `tests/vectors/jwts/make.mjs` makes them again.

use serde_json::{Value, json};

use crate::support::{
    APP, Answer, MARKER, Reply, SAME_SITE, Service, Setup, Ticket, Upstream, get, now, post, wait_for,
};

pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/jwts/jwts.json")).unwrap()
}

/// `[jwt]` with tokens in a cookie and keys from `upstream`, with lines for `[jwt.jwks]` besides.
pub fn fetching(upstream: &Upstream, lines: &str) -> Setup {
    let made = vectors();
    let section = format!(
        "[jwt]\ncookie = \"token\"\nissuer = {}\naudience = {}\n\
         claims = {{ show = \"/app_metadata/plan\", nothing = \"/nothing\" }}\n\
         [jwt.jwks]\nurl = \"{}\"\n{lines}\n",
        made["issuer"],
        made["audience"],
        upstream.url("/jwks.json"),
    );
    Setup::new().without_tickets().section(section.leak())
}

pub fn renew(service: &Service, token: &str) -> Answer {
    service.ask(post("/renew", &format!("{SAME_SITE}Cookie: token={token}\r\n"), ""))
}

#[test]
fn tokens_that_must_work_and_tokens_that_must_not() {
    let made = vectors();
    let upstream = Upstream::saying(Reply::json(&made["sets"]["good"]));
    let service = fetching(&upstream, "").start();
    let nobody = service.ask(post("/renew", SAME_SITE, ""));
    service.assert_refused(&nobody, 401, "session_refused", "no cookie at all");
    let (mut accepted, mut refused) = (0, 0);
    for row in made["tokens"].as_array().unwrap() {
        let (name, token) = (row["name"].as_str().unwrap(), row["token"].as_str().unwrap());
        let answer = renew(&service, token);
        if let Some(reason) = row["reason"].as_str() {
            service.assert_refused(&answer, 401, "session_refused", name);
            assert_eq!(answer.constant_part(), nobody.constant_part(), "{name}: all refusals are one answer");
            let told = service.log_line(&answer)["reason"].as_str().unwrap().to_owned();
            assert_eq!(told, format!("session refused: the credential was refused: {reason}"), "{name}");
            let longest = token.split('.').max_by_key(|part| part.len()).unwrap();
            assert!(longest.len() < 16 || !service.log().contains(longest), "{name}: it is in the log");
            refused += 1;
        } else {
            assert_eq!(answer.status, 200, "{name}: {}", service.log_line(&answer));
            let told = answer.json();
            let resources: Vec<_> =
                told["grants"].as_array().unwrap().iter().map(|grant| &grant["resource"]).collect();
            let expected = ["podcasts/*", "downloads/listener-7/*", "shows/gold/*", "near/*"];
            let expected = expected.map(|path| format!("https://cdn.example.com/{path}"));
            assert_eq!(resources, expected.each_ref(), "{name}: by its subject and a claim");
            // Its exp and the leeway.
            assert_eq!(told["session_ends_at"], 4_102_444_805_i64, "{name}");
            accepted += 1;
        }
    }
    assert!(accepted >= 8 && refused >= 60, "{accepted} {refused}");
    assert_eq!(upstream.count(), 1, "no kid of a token had the set fetched again within a minute");
    assert!(upstream.requests()[0].starts_with("GET /jwks.json HTTP/1.1\r\n"), "{:?}", upstream.requests());
}

#[test]
fn a_token_is_one_cookie_and_nothing_else() {
    let made = vectors();
    let good = made["tokens"][0]["token"].as_str().unwrap();
    let upstream = Upstream::saying(Reply::json(&made["sets"]["good"]));
    let service = fetching(&upstream, "").start();
    assert_eq!(renew(&service, good).status, 200);
    for headers in [
        format!("Authorization: Bearer {good}\r\n"),
        format!("Cookie: Token={good}\r\n"),
        format!("Cookie: token={good}; token={good}\r\n"),
        format!("Cookie: token={good}\r\nCookie: token={MARKER}\r\n"),
        format!("Cookie: token=\"{good}\"\r\n"),
        format!("Cookie: token=Bearer {good}\r\n"),
        "Cookie: token=\r\n".to_owned(),
    ] {
        let answer = service.ask(post("/renew", &format!("{SAME_SITE}{headers}"), ""));
        service.assert_refused(&answer, 401, "session_refused", &headers);
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    }
    let entered = service.ask(get("/enter").replacen("Host", &format!("Cookie: token={good}\r\nHost"), 1));
    assert_eq!(entered.status, 303, "a link is enough");
    let refused = service.ask(get(&format!("/enter?ticket={good}")));
    service.assert_refused(&refused, 401, "ticket_refused", "it is no ticket");
}

#[test]
fn a_bearer_token_is_taken_where_it_is_configured() {
    let made = vectors();
    let good = made["tokens"][0]["token"].as_str().unwrap();
    let upstream = Upstream::saying(Reply::json(&made["sets"]["good"]));
    let section = format!(
        "[jwt]\nbearer = true\nissuer = {}\naudience = {}\njwks = {{ url = \"{}\" }}\n",
        made["issuer"],
        made["audience"],
        upstream.url("/")
    );
    let service = Setup::new().shared_only().without_tickets().section(section.leak()).start();
    let ask = |headers: &str| service.ask(post("/renew", &format!("{SAME_SITE}{headers}"), ""));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(ask(&format!("Authorization: {scheme} {good}\r\n")).status, 200, "{scheme}");
    }
    for headers in [
        format!("Cookie: token={good}\r\n"),
        format!("Authorization: {good}\r\n"),
        format!("Authorization: Basic {good}\r\n"),
        format!("Authorization: Bearer{good}\r\n"),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {good}, Bearer {good}\r\n"),
        format!("Authorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n"),
    ] {
        service.assert_refused(&ask(&headers), 401, "session_refused", &headers);
    }
}

#[test]
fn a_session_that_is_revoked_by_the_issuers_name_for_it_is_refused() {
    let made = vectors();
    let upstream = Upstream::saying(Reply::json(&made["sets"]["good"]));
    let service = fetching(&upstream, "").start();
    let [named, unnamed] = ["ES256", "without iat, nbf and sid"].map(|name| {
        let rows = made["tokens"].as_array().unwrap().iter();
        rows.clone().find(|row| row["name"] == name).unwrap()["token"].as_str().unwrap().to_owned()
    });
    assert_eq!(renew(&service, &named).status, 200);
    let revoked = service.revoke(&json!({"sid": "session-7"}));
    assert!((200..300).contains(&revoked.status), "{}", String::from_utf8_lossy(&revoked.body));
    service.assert_refused(&renew(&service, &named), 401, "session_refused", "revoked");
    assert_eq!(renew(&service, &unnamed).status, 200, "another session");
}

/// `[jwt]` with tokens that the test signs itself, and more lines.
fn signing(lines: &str) -> Service {
    let section = format!(
        "[jwt]\ncookie = \"token\"\nissuer = \"https://www.example.com\"\naudience = \"https://listen.example.com\"\n\
         {lines}\n[[jwt.keys]]\nalgorithm = \"HS256\"\nsecret = {{ file = \"ticket.key\" }}\n"
    );
    Setup::new().shared_only().without_tickets().section(section.leak()).start()
}

fn token(issued_at: i64) -> Ticket {
    Ticket::of("listener-7").with("iat", issued_at).with("exp", now() + 600)
}

/// Shuts the listener out, and says in which second.
fn shut_out(service: &Service) -> i64 {
    let revoked = service.revoke(&json!({"subject": "listener-7"}));
    assert_eq!(revoked.status, 200, "{}", String::from_utf8_lossy(&revoked.body));
    revoked.json()["refused_from"].as_i64().unwrap()
}

#[test]
fn a_token_that_was_refreshed_after_a_revocation_lets_nobody_back_in() {
    let service = signing("");
    let before = now() - 100;
    for good in [token(before), token(before).with("auth_time", before), token(before).without("iat")] {
        assert_eq!(renew(&service, &good.sign()).status, 200);
    }
    let second = shut_out(&service);
    let anew = token(second + 2).with("auth_time", second + 2).sign();
    wait_for("the login after it", || renew(&service, &anew).status == 200);
    for (what, refreshed) in [
        ("by its issue alone", token(second + 2)),
        ("of a login before it", token(second + 2).with("auth_time", before)),
        ("of that very second", token(second + 2).with("auth_time", second)),
        ("of no second", token(second + 2).without("iat")),
        ("of a login still to come", token(second + 2).with("auth_time", second + 3600)),
    ] {
        service.assert_refused(&renew(&service, &refreshed.sign()), 401, "session_refused", what);
    }
    let malformed = token(second + 2).with("auth_time", "today").sign();
    service.assert_refused(&renew(&service, &malformed), 401, "session_refused", "a day is no second");
}

#[test]
fn where_the_operator_says_so_a_token_is_as_old_as_its_issue() {
    let service = signing("started = \"/iat\"");
    let second = shut_out(&service);
    let anew = token(second + 2).with("auth_time", second - 100).sign();
    wait_for("the token issued after it", || renew(&service, &anew).status == 200);
    for (what, old) in [
        ("issued before it", token(second - 1).with("auth_time", second + 2)),
        ("issued in that second", token(second)),
        ("issued in no second", token(second).without("iat")),
    ] {
        service.assert_refused(&renew(&service, &old.sign()), 401, "session_refused", what);
    }
}
