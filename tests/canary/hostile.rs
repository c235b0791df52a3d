//! What no client should send, with something secret in every part of it, for any service.

use std::thread;
use std::time::Duration;

use crate::secrets::random;
use crate::stage::Running;
use crate::support::Client;

const ROUTES: [&str; 10] = [
    "/enter",
    "/renew",
    "/status",
    "/leave",
    "/v1/mint",
    "/v1/revoke",
    "/player.js",
    "/healthz",
    "/readyz",
    "/nothing",
];

/// Every route with every method, and bytes that are no request. Takes some two seconds.
pub fn send_everything_wrong(service: &Running<'_>) {
    let secrets = &service.stage.secrets;
    let mut made = 0;
    let mut secret = |name: &str| {
        made += 1;
        secrets.make(&format!("what a client wrote into the {name}"))
    };
    for route in ROUTES {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
            let (query, body) = (secret("query"), secret("body"));
            let headers = strange_headers(&mut secret);
            let length = body.len() + 2;
            service.try_ask(format!(
                "{method} {route}?ticket={query}&{query}=%zz HTTP/1.1\r\nHost: listen.example.com\r\n{headers}\
                 Content-Length: {length}\r\n\r\n{{{body}}}"
            ));
        }
        let (path, body) = (secret("path"), secret("body"));
        service.try_ask(format!("GET {route}/{path}/../%2e%2e/{path} HTTP/1.1\r\nHost: {path}\r\n\r\n"));
        let json = "Content-Type: application/json\r\nOrigin: https://www.example.com\r\n";
        service.try_ask(format!(
            "POST {route} HTTP/1.1\r\nHost: a\r\n{json}Content-Length: 9000\r\n\r\n{}",
            body.repeat(375)
        ));
        // Broken off.
        service
            .try_ask(format!("POST {route} HTTP/1.1\r\nHost: a\r\n{json}Content-Length: 900\r\n\r\n{body}"));
        service.try_ask(format!(
            "POST {route} HTTP/1.1\r\nHost: a\r\n{json}Transfer-Encoding: chunked\r\n\r\n18\r\n{body}\r\nzz\r\n{body}"
        ));
    }
    for head in malformed_heads(&mut secret("head")) {
        service.try_ask(head);
    }
    wait_too_long(service, &secret("slow request"));
    assert!(made > 500, "{made}");
}

fn strange_headers(secret: &mut impl FnMut(&str) -> String) -> String {
    let names = [
        "Authorization: Bearer ",
        "Cookie: session=",
        "Cookie: __Host-edgemint=",
        "Cookie: CloudFront-Policy=",
        "Origin: https://",
        "Referer: https://listen.example.com/enter?ticket=",
        "User-Agent: ",
        "X-Request-Id: ",
        "Traceparent: 00-",
        "Tracestate: a=",
        "Baggage: a=",
        "X-Forwarded-For: ",
        "Forwarded: for=",
        "X-Forwarded-User: ",
        "Content-Type: ",
        "Accept-Language: ",
        "Sec-Fetch-Site: ",
        "If-None-Match: ",
        "Access-Control-Request-Headers: ",
        "Upgrade: ",
        "X-Api-Key: ",
        "Proxy-Authorization: Basic ",
    ];
    names.map(|name| format!("{name}{}\r\n", secret(name.split(':').next().unwrap()))).concat()
}

fn malformed_heads(secret: &mut String) -> Vec<Vec<u8>> {
    let texts = [
        "SECRET\r\n\r\n",
        "GET /SECRET\r\n\r\n",
        "GET /SECRET HTTP/SECRET\r\n\r\n",
        "GET SECRET HTTP/1.1\r\n\r\n",
        "GET http://SECRET:SECRET@SECRET/ HTTP/1.1\r\n\r\n",
        "SECRET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT SECRET:443 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nSECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nA: SECRET\r\n SECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nA B: SECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: SECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nA: SECRET\r\n\r\nSECRET",
        "GET / HTTP/1.1\r\nTransfer-Encoding: SECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nExpect: SECRET\r\n\r\n",
        "GET /renew HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRET",
        "GET /?a=\u{fc}SECRET HTTP/1.1\r\nHost: \u{fc}SECRET\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: SECRET\u{0}SECRET\r\n\r\n",
    ];
    let mut heads: Vec<Vec<u8>> =
        texts.iter().map(|text| text.replace("SECRET", secret).into_bytes()).collect();
    // A greeting of TLS, random bytes.
    heads.push([b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", secret.as_bytes(), &[0xff; 64]].concat());
    heads.push([&[0xfe; 300], secret.as_bytes(), random().as_bytes()].concat());
    // Too long: the line, the head, the number of headers.
    heads.push(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", secret.repeat(900)).into());
    heads.push(format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}\r\n\r\n", secret.repeat(6000)).into());
    heads.push(format!("GET / HTTP/1.1\r\n{}\r\n", format!("A: {secret}\r\n").repeat(120)).into());
    heads
}

/// A head and a body that do not come to an end, and a connection that says nothing more.
fn wait_too_long(service: &Running<'_>, secret: &str) {
    let starts = [
        format!("GET /enter?ticket={secret} HTTP/1.1\r\nHost: a\r\nCookie: {secret}"),
        format!(
            "POST /v1/mint HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: 200\r\n\r\n{{\"subject\":\"{secret}",
            service.stage.api_key
        ),
    ];
    let mut clients = starts.map(|start| {
        let mut client = Client::connect(service.address);
        client.send(start).unwrap();
        client
    });
    thread::sleep(Duration::from_millis(50));
    let answers = clients.each_mut().map(|client| client.try_answer().unwrap().expect("an answer").status);
    assert_eq!(answers, [408, 408]);
}
