use super::{App, EXPRESS, SECRET, cookie, enter, renew, setup, signed, status};
use crate::programs::needs;
use crate::redis_server::RedisServer;
use crate::support::{Service, get, wait_for};

fn assert_unavailable(service: &Service, cookies: &str, reason: &str) {
    for answer in [enter(service, cookies), renew(service, cookies), status(service, cookies)] {
        service.assert_refused(&answer, 503, "session_provider_unavailable", reason);
        let retry: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(retry >= 1);
        let logged = service.log_line(&answer)["reason"].to_string();
        assert!(logged.contains("the session provider cannot tell") && logged.contains(reason), "{logged}");
    }
    assert_eq!(service.ask(get("/healthz")).status, 200);
}

#[test]
fn while_redis_cannot_tell_nobody_is_let_in() {
    needs!("redis-server");
    let mut app = App::start(EXPRESS);
    let cookies = app.log_in("session-7");
    let renewed = |app: &App| wait_for("a renewal", || renew(&app.service, &cookies).status == 200);
    renewed(&app);
    app.redis.freeze();
    assert_unavailable(&app.service, &cookies, "Redis");
    app.redis.thaw();
    renewed(&app);
    assert_eq!(app.service.ask(get("/readyz")).status, 200);
    app.redis.kill();
    wait_for("unreadiness", || app.service.ask(get("/readyz")).status == 503);
    assert_eq!(app.service.ask(get("/readyz")).json()["reason"], "session_provider_unavailable");
    assert_unavailable(&app.service, &cookies, "Redis");
    // What proves nothing by itself is refused without asking.
    app.assert_refused(&cookie(&signed("session-7", "another")), "bad_signature", "while Redis is away");
    app.redis.restart();
    app.log_in("session-7");
    renewed(&app);
}

#[test]
fn a_redis_that_refuses_to_tell_is_no_yes() {
    needs!("redis-server");
    let redis = RedisServer::with(&["--requirepass", "s3cret-of-this-redis-alone"]);
    let service = setup(EXPRESS, &redis.url()).start();
    let cookies = cookie(&signed("session-7", SECRET));
    assert_unavailable(&service, &cookies, "password");
    let with_password = redis.url().replace("//", "//:s3cret-of-this-redis-alone@");
    let service = setup(EXPRESS, &with_password).start();
    let answer = renew(&service, &cookies);
    service.assert_refused(&answer, 401, "session_refused", "it says that there is none");
    assert!(!service.log().contains("s3cret"), "{}", service.log());
}

#[test]
fn a_user_of_redis_needs_no_more_than_the_readme_says() {
    needs!("redis-server");
    let readme = include_str!("../../../README.md");
    let command = readme.split('`').find(|code| code.starts_with("ACL SETUSER ")).unwrap();
    let command = command.replace("PASSWORD", "s3cret-of-this-user-alone");
    let redis = RedisServer::start();
    redis.ask::<()>(&command.split(' ').collect::<Vec<_>>());
    let url = redis.url().replace("//", "//edgemint:s3cret-of-this-user-alone@");
    let app = App { service: setup(EXPRESS, &url).start(), redis };
    let cookies = app.log_in("session-7");
    app.assert_entering(&cookies);
    assert_eq!(app.service.ask(get("/readyz")).status, 200);
    let elsewhere = EXPRESS.replace("sess:{id}", "other:{id}");
    assert_ne!(elsewhere, EXPRESS);
    let service = setup(elsewhere.leak(), &url).start();
    assert_unavailable(&service, &cookies, "NOPERM");
    assert!(!app.service.log().contains("s3cret"), "{}", app.service.log());
}

#[test]
fn what_is_no_redis_is_no_yes() {
    needs!("redis-server");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    // Until the process ends: whoever comes is told what no Redis says.
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let _ = std::io::Write::write_all(&mut connection.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let service = setup(EXPRESS, &url).start();
    let cookies = cookie(&signed("session-7", SECRET));
    assert_unavailable(&service, &cookies, "Redis");
}
