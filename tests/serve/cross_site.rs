//! Requests that pages make, and pages that may not make them.

use crate::support::{APP, Answer, MARKER, SESSION_COOKIE, Service, Setup};

const JSON: &str = "Content-Type: application/json\r\n";

/// The routes for pages, and what each answers with where all is well.
const ROUTES: [(&str, &str, u16); 3] =
    [("POST", "/renew", 200), ("GET", "/status", 200), ("POST", "/leave", 204)];

fn ask(service: &Service, (method, target): (&str, &str), headers: &str, session: &str) -> Answer {
    let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
    let cookie = format!("Cookie: {SESSION_COOKIE}={session}\r\n");
    service.ask(format!(
        "{method} {target} HTTP/1.1\r\nHost: listen.example.com\r\n{length}{headers}{cookie}\r\n"
    ))
}

/// What a page of `origin` may read.
fn assert_readable(answer: &Answer, origin: &str, what: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{what}");
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{what}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after, x-request-id"), "{what}");
    assert_eq!(answer.header("vary"), Some("Origin"), "{what}");
}

fn assert_unreadable(answer: &Answer, what: &str) {
    assert_eq!(answer.header("vary"), Some("Origin"), "{what}");
    assert!(
        answer.headers.iter().all(|(name, _)| !name.starts_with("access-control-")),
        "{what}: {:?}",
        answer.headers
    );
}

#[test]
fn pages_of_the_app_may_ask() {
    let service = Setup::with_sessions().start();
    let other = "https://m.example.com:8443";
    for (headers, origin) in [
        (format!("Origin: {APP}\r\nSec-Fetch-Site: same-site\r\n"), Some(APP)),
        (format!("Origin: {other}\r\nSec-Fetch-Site: same-site\r\n"), Some(other)),
        (format!("Origin: {APP}\r\nSec-Fetch-Site: same-origin\r\n"), Some(APP)),
        // Browsers that do not send the second.
        (format!("Origin: {APP}\r\n"), Some(APP)),
        // A GET of the same origin has no Origin.
        ("Sec-Fetch-Site: same-origin\r\n".to_owned(), None),
    ] {
        for (method, target, status) in ROUTES {
            let what = format!("{method} {target} {headers}");
            let session = service.session();
            let answer = ask(&service, (method, target), &format!("{headers}{JSON}"), &session);
            assert_eq!(answer.status, status, "{what}");
            match origin {
                Some(origin) => assert_readable(&answer, origin, &what),
                None => assert_unreadable(&answer, &what),
            }
        }
    }
}

#[test]
fn pages_of_others_may_not() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    for headers in [
        "",
        "Referer: https://www.example.com/\r\n",
        "Sec-Fetch-Site: none\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: M\r\n",
        "Sec-Fetch-Site:\r\n",
        "Sec-Fetch-Site: Same-Origin\r\n",
        "Sec-Fetch-Site: same-origin, same-origin\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: https://M.example\r\n",
        "Origin: https://M.example\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin: https://M.example\r\nSec-Fetch-Site: same-site\r\n",
        "Origin: https://M.example\r\nSec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\n",
        "Origin: null\r\nSec-Fetch-Site: same-origin\r\n",
        "Origin:\r\n",
        "Origin: *\r\n",
        "Origin: https://www.example.com/\r\n",
        "Origin: https://www.example.com:443\r\n",
        "Origin: http://www.example.com\r\n",
        "Origin: https://WWW.example.com\r\n",
        "Origin: HTTPS://www.example.com\r\n",
        "Origin: https://www.example.com.\r\n",
        "Origin: https://www.example.com.M.example\r\n",
        "Origin: https://M.www.example.com\r\n",
        "Origin: https://Mwww.example.com\r\n",
        "Origin: https://example.com\r\n",
        "Origin: https://listen.example.com\r\n",
        "Origin: https://m.example.com\r\n",
        "Origin: https://m.example.com:8444\r\n",
        "Origin: www.example.com\r\n",
        "Origin: https://www.example.com@M.example\r\n",
        "Origin: https://www.example.com https://M.example\r\n",
        "Origin: https://www.example.com, https://M.example\r\n",
        "Origin: https://www.example.com\r\nOrigin: https://M.example\r\n",
        "Origin: https://M.example\r\nOrigin: https://www.example.com\r\n",
        "Origin: https://www.example.com\r\nOrigin: https://www.example.com\r\n",
        "X-Forwarded-Host: www.example.com\r\nX-Forwarded-Proto: https\r\n",
    ] {
        for (method, target, _) in ROUTES {
            let what = format!("{method} {target} {headers}");
            let answer =
                ask(&service, (method, target), &format!("{}{JSON}", headers.replace('M', MARKER)), &session);
            service.assert_refused(&answer, 403, "origin_refused", &what);
            assert_unreadable(&answer, &what);
        }
    }
    assert_eq!(service.renew(&session).status, 200, "nobody has ended the session");
}

#[test]
fn a_page_of_the_app_can_read_why_it_is_refused() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let origin = format!("Origin: {APP}\r\n");
    let same_site = format!("{origin}Sec-Fetch-Site: same-site\r\n");
    let rows = [
        (("POST", "/renew"), format!("{same_site}{JSON}"), "", 401, "session_refused"),
        (("GET", "/status"), same_site.clone(), "", 401, "session_refused"),
        (("POST", "/renew"), same_site.clone(), &*session, 415, "content_type_refused"),
        (("POST", "/leave"), same_site.clone(), &session, 415, "content_type_refused"),
        (("PUT", "/renew"), same_site.clone(), &session, 405, "method_not_allowed"),
        (("GET", "/renew"), same_site.clone(), &session, 405, "method_not_allowed"),
        (("POST", "/status"), same_site.clone(), &session, 405, "method_not_allowed"),
        (("DELETE", "/leave"), same_site.clone(), &session, 405, "method_not_allowed"),
        // Where app and service are on different sites, browsers send no cookies: better told than guessed.
        (
            ("POST", "/renew"),
            format!("{origin}Sec-Fetch-Site: cross-site\r\n{JSON}"),
            &session,
            403,
            "origin_refused",
        ),
        (
            ("POST", "/leave"),
            format!("{origin}Sec-Fetch-Site: cross-site\r\n{JSON}"),
            &session,
            403,
            "origin_refused",
        ),
        (
            ("GET", "/status"),
            format!("{origin}Sec-Fetch-Site: cross-site\r\n"),
            &session,
            403,
            "origin_refused",
        ),
        (
            ("POST", "/renew"),
            format!("{origin}Sec-Fetch-Site: none\r\n{JSON}"),
            &session,
            403,
            "origin_refused",
        ),
        (
            ("POST", "/renew"),
            format!("{origin}Sec-Fetch-Site: {MARKER}\r\n{JSON}"),
            &session,
            403,
            "origin_refused",
        ),
        (
            ("POST", "/renew"),
            format!("{origin}Sec-Fetch-Site: same-site\r\nSec-Fetch-Site: cross-site\r\n{JSON}"),
            &session,
            403,
            "origin_refused",
        ),
    ];
    for (route, headers, session, status, code) in rows {
        let answer = ask(&service, route, &headers, session);
        let what = format!("{route:?} {headers}");
        service.assert_refused(&answer, status, code, &what);
        assert_readable(&answer, APP, &what);
    }
    assert_eq!(service.renew(&session).status, 200);
}

#[test]
fn a_form_of_another_site_can_send_nothing_that_is_taken() {
    let service = Setup::with_sessions().start();
    let session = service.session();
    let same_site = format!("Origin: {APP}\r\nSec-Fetch-Site: same-site\r\n");
    for target in ["/renew", "/leave"] {
        for declared in [
            "",
            "Content-Type: text/plain\r\n",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "Content-Type: multipart/form-data; boundary=x\r\n",
            "Content-Type: text/plain; application/json\r\n",
            "Content-Type: application/jsonp\r\n",
            "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
        ] {
            let answer = ask(&service, ("POST", target), &format!("{same_site}{declared}"), &session);
            service.assert_refused(&answer, 415, "content_type_refused", declared);
        }
        for body in ["[]", "null", "7", "{\"grants\":[]}", "{", "{}{}", MARKER, "{\"a\":1,\"a\":2}"] {
            let headers = format!("{same_site}{JSON}Cookie: {SESSION_COOKIE}={session}\r\n");
            let answer = service.ask(crate::support::post(target, &headers, body));
            service.assert_refused(&answer, 400, "body_refused", body);
        }
    }
    assert_eq!(service.renew(&session).status, 200);
    let headers = format!(
        "{same_site}Content-Type: Application/JSON; charset=utf-8\r\nCookie: {SESSION_COOKIE}={session}\r\n"
    );
    for body in ["", "{}", " {\n} "] {
        assert_eq!(service.ask(crate::support::post("/renew", &headers, body)).status, 200, "{body:?}");
    }
}

#[test]
fn browsers_are_told_what_pages_of_the_app_may_send() {
    let service = Setup::with_sessions().start();
    let asks = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
    let ask = |target: &str, headers: &str| {
        service.ask(format!("OPTIONS {target} HTTP/1.1\r\nHost: listen.example.com\r\n{headers}{asks}\r\n"))
    };
    for (target, methods) in
        [("/renew", "POST, OPTIONS"), ("/status", "GET, OPTIONS"), ("/leave", "GET, POST, OPTIONS")]
    {
        let answer =
            ask(target, &format!("Origin: {APP}\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n"));
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{target}");
        assert_readable(&answer, APP, target);
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, authorization"));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert_eq!(answer.all("set-cookie").count(), 0);
        for headers in [
            "",
            "Sec-Fetch-Site: same-origin\r\n",
            "Origin: null\r\n",
            "Origin: *\r\n",
            "Origin: https://M.example\r\n",
            "Origin: https://www.example.com/\r\n",
            "Origin: https://www.example.com.M.example\r\n",
            "Origin: https://listen.example.com\r\n",
        ] {
            let answer = ask(target, &headers.replace('M', MARKER));
            service.assert_refused(&answer, 403, "origin_refused", headers);
            assert_unreadable(&answer, headers);
        }
    }
    for target in ["/enter", "/v1/mint", "/v1/revoke", "/healthz"] {
        let answer = ask(target, &format!("Origin: {APP}\r\n"));
        service.assert_refused(&answer, 405, "method_not_allowed", target);
        assert!(answer.header("access-control-allow-origin").is_none(), "{target} is not for pages");
    }
}
