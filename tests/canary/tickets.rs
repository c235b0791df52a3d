//! The service with tickets and sessions of its own, and its API.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::control::assert_is_found;
use crate::hostile::send_everything_wrong;
use crate::secrets::{Place, TO_LISTENER};
use crate::stage::{Running, Stage};
use crate::support::{Answer, SAME_SITE, SESSION_COOKIE, encode, get, now, post, sign_ticket};

/// A service that takes tickets, its configuration and the secret of the tickets.
pub struct Ticketed {
    pub stage: Stage,
    pub secret: String,
}

impl Ticketed {
    pub fn new(format: &str, sections: &str) -> Self {
        let stage = Stage::new();
        stage.make_keyring("keys", "KTEST");
        let secret = stage.secret_file("ticket.key");
        for name in ["session.key", "session.old.key"] {
            stage.secret_file(name);
        }
        let ticket = "[ticket]\nissuer = \"https://www.example.com\"\naudience = \"https://listen.example.com\"\n\
                      [[ticket.keys]]\nid = \"one\"\nalgorithm = \"HS256\"\nsecret = { file = \"ticket.key\" }\n\
                      [session]\nsecrets = [{ file = \"session.key\" }, { file = \"session.old.key\" }]\n";
        stage.configure(format, &format!("{ticket}{sections}"));
        Self { stage, secret }
    }

    /// Claims of which all that a listener could be known by is secret, and a header that goes with them.
    pub fn claims(&self, expires_in: i64) -> Value {
        let secrets = &self.stage.secrets;
        json!({
            "iss": "https://www.example.com", "aud": "https://listen.example.com", "iat": now(), "exp": now() + expires_in,
            "sub": secrets.make_for("a subject", TO_LISTENER), "jti": secrets.make("a jti"), "plan": "gold",
            "show": secrets.make_for("a claim in a resource", TO_LISTENER), "note": secrets.make("another claim"),
        })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.plant(sign_ticket(&self.secret, &header.to_string(), &claims.to_string()))
    }

    pub fn ticket(&self) -> String {
        self.sign(&json!({"alg": "HS256", "kid": "one"}), &self.claims(60))
    }

    /// Its signature; what is secret in its claims is planted by itself, and found in base64 too.
    pub fn plant(&self, ticket: String) -> String {
        if let Some((_, signature)) = ticket.rsplit_once('.').filter(|(_, signature)| signature.len() > 20) {
            self.stage.secrets.plant("the signature of a ticket", signature);
        }
        ticket
    }

    fn bad_tickets(&self) -> Vec<String> {
        let secrets = &self.stage.secrets;
        let head = json!({"alg": "HS256", "kid": "one"});
        let changed = |name: &str, value: Value| {
            let mut claims = self.claims(60);
            claims[name] = value;
            self.sign(&head, &claims)
        };
        let forged =
            sign_ticket("another secret, of somebody else", &head.to_string(), &self.claims(60).to_string());
        let none = format!(
            "{}.{}.",
            encode(json!({"alg": "none"}).to_string()),
            encode(self.claims(60).to_string())
        );
        let good = self.ticket();
        let secret = |name: &str| secrets.make(&format!("what stands in the {name} of a ticket"));
        vec![
            self.plant(forged),
            self.plant(none),
            good[..good.len() - 1].to_owned(),
            format!("{good}x"),
            good.replace('.', "%252E"),
            format!("{good}&ticket={good}"),
            self.sign(&head, &self.claims(-120)),
            self.sign(&head, &self.claims(900)),
            self.sign(&json!({"alg": "HS256", "kid": secret("kid")}), &self.claims(60)),
            self.sign(&json!({"alg": secret("alg"), "kid": "one"}), &self.claims(60)),
            self.sign(&json!({"alg": "HS256", "kid": "one", "crit": [secret("crit")]}), &self.claims(60)),
            self.sign(&json!({"alg": "HS256", "kid": "one", "jku": secret("jku")}), &self.claims(60)),
            changed("iss", secret("iss").into()),
            changed("aud", secret("aud").into()),
            changed("exp", secret("exp").into()),
            changed("iat", secret("iat").into()),
            changed("sub", json!({"a": secret("sub")})),
            changed("sub", format!("a\n{}", secret("sub")).into()),
            changed("sub", secret("sub").repeat(20).into()),
            changed("jti", secret("jti").repeat(20).into()),
            changed("note", secret("oversize").repeat(200).into()),
            self.plant(format!("a.{}.c", encode(format!("{{{}", secret("JSON"))))),
            secret("place"),
        ]
    }
}

fn session_of(answer: &Answer) -> String {
    answer.cookie(SESSION_COOKIE).expect("a session was started").to_owned()
}

fn page(service: &Running<'_>, method: &str, route: &str, cookies: &str) -> Answer {
    let headers = format!("{SAME_SITE}Cookie: {cookies}\r\n");
    let request = post(route, &headers, "");
    service.ask(if method == "POST" { request } else { request.replacen("POST", method, 1) })
}

fn use_and_abuse_tickets(place: &Ticketed, service: &Running<'_>) {
    let secrets = &place.stage.secrets;
    let ticket = place.ticket();
    let entered = service.ask(get(&format!("/enter?ticket={ticket}&return_to=/after")));
    assert_eq!(entered.status, 303);
    assert!(entered.all("set-cookie").count() >= 10, "every grant and a session");
    assert_eq!(service.ask(get(&format!("/enter?ticket={ticket}"))).status, 401, "used");
    for bad in place.bad_tickets() {
        let answer = service.ask(get(&format!("/enter?ticket={bad}")));
        assert!([400, 401].contains(&answer.status), "{}: {}", answer.status, bad.split('.').next().unwrap());
    }
    // Claims that no resource takes, or no grant asks for.
    for (claim, value) in [("show", "*/SECRET"), ("plan", "SECRET")] {
        let mut claims = place.claims(60);
        claims[claim] = value.replace("SECRET", &secrets.make(claim)).into();
        let ticket = place.sign(&json!({"alg": "HS256", "kid": "one"}), &claims);
        assert_eq!(service.ask(get(&format!("/enter?ticket={ticket}"))).status, 303, "{claim}");
    }
    for place_of in ["//", "https://", "/\\", "javascript:", "https://user:", "https://www.example.com@"] {
        let secret = secrets.make("a return URL that is refused");
        let answer =
            service.ask(get(&format!("/enter?ticket={}&return_to={place_of}{secret}", place.ticket())));
        assert_eq!(answer.status, 400, "{place_of}");
    }
    let fragment = secrets.make_for("a return URL", TO_LISTENER);
    let target = format!("/enter?ticket={}&return_to=/a%3Ftoken%3D{fragment}", place.ticket());
    let session = session_of(&service.ask(get(&target)));
    let other = session_of(&service.ask(get(&format!("/enter?ticket={}", place.ticket()))));
    let mine = format!("{SESSION_COOKIE}={session}");
    for (method, route) in [("POST", "/renew"), ("GET", "/status")] {
        assert_eq!(page(service, method, route, &mine).status, 200, "{route}");
        let (wrong, app) = (secrets.make("a session that is none"), secrets.make("a cookie of the app"));
        for cookies in [
            String::new(),
            format!("{SESSION_COOKIE}={wrong}"),
            format!("{mine}{wrong}"),
            format!("{mine}; {SESSION_COOKIE}={other}"),
            format!("{SESSION_COOKIE}={}", &session[..session.len() - 6]),
            format!("{SESSION_COOKIE}={}", session.replacen('A', "B", 3).chars().rev().collect::<String>()),
            format!("app={app}"),
        ] {
            assert_eq!(page(service, method, route, &cookies).status, 401, "{route}");
        }
    }
    assert_eq!(page(service, "POST", "/leave", &mine).status, 204);
    assert_eq!(page(service, "POST", "/renew", &mine).status, 401, "left");
    assert_eq!(service.ask(get(&format!("/leave?ticket={}&return_to=/", place.ticket()))).status, 303);
}

fn call(service: &Running<'_>, route: &str, authorization: &str, body: &str) -> Answer {
    let headers = format!("Authorization: {authorization}\r\nContent-Type: application/json\r\n");
    service.ask(post(route, &headers, body))
}

fn use_and_abuse_the_api(place: &Ticketed, service: &Running<'_>) {
    let Stage { secrets, api_key, .. } = &place.stage;
    let good = format!("Bearer {api_key}");
    let subject = secrets.make_for("a subject of the API", TO_LISTENER);
    let mint = json!({"grants": ["podcasts", "downloads"], "subject": subject}).to_string();
    let minted = call(service, "/v1/mint", &good, &mint);
    assert_eq!(minted.status, 200, "{}", String::from_utf8_lossy(&minted.body));
    let grants = minted.json()["grants"].take();
    let cookies =
        grants.as_array().unwrap().iter().flat_map(|grant| grant["cookies"].as_object().unwrap().values());
    secrets.plant_cookies("a cookie of the API", cookies.map(|value| value.as_str().unwrap()));
    let wrong = secrets.make("an API key that is wrong") + &secrets.make("its end");
    for authorization in [
        format!("Bearer {wrong}"),
        format!("Bearer {api_key}x"),
        format!("Bearer {}", &api_key[1..]),
        format!("Basic {api_key}"),
        api_key.clone(),
        format!("{good}, {good}"),
    ] {
        for route in ["/v1/mint", "/v1/revoke"] {
            assert_eq!(call(service, route, &authorization, &mint).status, 401, "{route}");
        }
    }
    assert_eq!(service.ask(post(&format!("/v1/mint?key={api_key}"), "", &mint)).status, 401);
    let secret = |name: &str| secrets.make(&format!("the {name} of a call that is refused"));
    for body in [
        secret("body"),
        format!("\"{}\"", secret("text")),
        format!("{{\"grants\": [\"podcasts\"], \"subject\": \"{}", secret("end")),
        format!("{{\"grants\": [\"podcasts\"], \"{}\": 1}}", secret("member")),
        json!({"grants": [secret("grant")], "subject": "a"}).to_string(),
        json!({"grants": ["downloads"], "subject": format!("*{}", secret("subject"))}).to_string(),
        json!({"grants": ["downloads"], "subject": [secret("subject")]}).to_string(),
        json!({"grants": secret("grants"), "subject": "a"}).to_string(),
        json!({"grants": ["shows"], "subject": "a", "claims": {"plan": "gold", "show": format!("../{}", secret("claim"))}})
            .to_string(),
        json!({"grants": ["podcasts"], "subject": "a", "address": secret("address")}).to_string(),
        json!({"subject": secret("subject").repeat(30)}).to_string(),
        json!({"session": {"a": secret("session")}}).to_string(),
    ] {
        for route in ["/v1/mint", "/v1/revoke"] {
            let answer = call(service, route, &good, &body);
            assert!(answer.status < 500, "{route}: {}", answer.status);
        }
    }
    let (gone, session) =
        (secrets.make("a subject that is shut out"), secrets.make("a session that is ended"));
    for body in [json!({"subject": gone}), json!({"sid": session})] {
        assert_eq!(call(service, "/v1/revoke", &good, &body.to_string()).status, 200);
    }
}

/// The other of the two formats is another service's.
#[test]
fn tickets_sessions_and_the_api_in_json() {
    let place = Ticketed::new("json", "[store]\nfile = \"revocations\"\n");
    let service = place.stage.start();
    use_and_abuse_tickets(&place, &service);
    use_and_abuse_the_api(&place, &service);
    send_everything_wrong(&service);
    service.note_file("revocations");
    service.ends_clean();
}

#[test]
fn tickets_sessions_and_the_api_in_text_where_the_audit_names_nobody() {
    let place = Ticketed::new("text", "[audit]\nkey = { file = \"audit.key\" }\nsubject = \"none\"\n");
    let service = place.stage.start();
    use_and_abuse_tickets(&place, &service);
    use_and_abuse_the_api(&place, &service);
    service.signal(Signal::HUP);
    service.wait_for_log("SIGHUP");
    send_everything_wrong(&service);
    service.ends_clean();
}

/// Were nothing found anywhere, the tests above would prove nothing.
#[test]
fn the_control_a_subject_that_the_audit_names_is_found() {
    let place = Ticketed::new("json", "[audit]\nkey = { file = \"audit.key\" }\nsubject = \"plain\"\n");
    let service = place.stage.start();
    let subject = place.stage.secrets.make_for("the subject", TO_LISTENER);
    let body = json!({"grants": ["downloads"], "subject": subject}).to_string();
    let minted = call(&service, "/v1/mint", &format!("Bearer {}", place.stage.api_key), &body);
    assert_eq!(minted.status, 200);
    assert_is_found(&service.end(), "the subject", Place::Log);
}
