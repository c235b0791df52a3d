//! `edgemint trace` on cookies and logs of a service that runs.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::{Answer, SESSION_COOKIE, Service, Setup, Ticket, now};

fn start() -> Service {
    Setup::traced().start()
}

/// What the service has logged so far, the lines about this answer included, in the file `name` of the setup.
fn save_log(service: &Service, answer: &Answer, name: &str) {
    let log = service.log_with(answer.header("x-request-id").unwrap());
    fs::write(service.setup.path(name), log).unwrap();
}

/// `edgemint trace` with this on its standard input.
fn trace(service: &Service, arguments: &[&str], input: &str) -> Output {
    let mut command = service.setup.command(&["trace"]);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not read it may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// The cookies of one Path as a browser sends them.
fn cookie_header(answer: &Answer, path: &str) -> String {
    let is_kept = |cookie: &&str| cookie.contains(&format!("Path={path};")) && !cookie.contains("Max-Age=0");
    let pairs: Vec<_> =
        answer.all("set-cookie").filter(is_kept).map(|cookie| cookie.split(';').next().unwrap()).collect();
    assert_eq!(pairs.len(), 3, "{path}");
    format!("Cookie: theme=dark; {}\r\n", pairs.join("; "))
}

#[test]
fn leaked_cookies_name_their_session() {
    let service = start();
    let [one, other] = ["listener-1", "listener-2"].map(|subject| {
        let entered = service.redeem(&Ticket::of(subject).sign());
        assert_eq!(entered.status, 303);
        entered
    });
    let renewed = service.renew(other.cookie(SESSION_COOKIE).unwrap());
    save_log(&service, &renewed, "all.log");
    let session_of = |answer: &Answer| service.log_line(answer)["session"].as_str().unwrap().to_owned();
    assert_ne!(session_of(&one), session_of(&other));

    // Each way to bring the cookies, from standard input and from a file.
    let header = cookie_header(&one, "/podcasts/");
    let value = header.split("CloudFront-Policy=").nth(1).unwrap().split(';').next().unwrap();
    let lines: String = one
        .all("set-cookie")
        .filter(|c| c.contains("/podcasts/"))
        .fold(String::new(), |all, c| all + "Set-Cookie: " + c + "\r\n");
    for input in [&header, value, &lines] {
        fs::write(service.setup.path("leaked"), input).unwrap();
        for (arguments, input) in [
            (&["--json", "--audit", "all.log"][..], input),
            (&["-", "--json", "--audit", "all.log"], input),
            (&["leaked", "--json", "--audit", "all.log"], ""),
        ] {
            let output = trace(&service, arguments, input);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let set = &json_of(&output)["sets"][0];
            assert_eq!((&set["outcome"], &set["more"]), (&json!("named"), &json!(0)));
            assert_eq!(set["resource"], "https://cdn.example.com/podcasts/*");
            let mint = &set["mints"][0];
            assert_eq!(set["mints"].as_array().unwrap().len(), 1, "{set}");
            assert_eq!(mint["session"], session_of(&one));
            assert_eq!(mint["request_id"], one.header("x-request-id").unwrap());
            assert_eq!((&mint["grant"], &mint["client"]), (&json!("podcasts"), &json!("127.0.0.1")));
            assert_eq!(mint["subject"], service.log_line(&one)["subject"]);
        }
    }

    // The session that renewed, in words; entering and renewing may share an expiry step.
    let output = trace(&service, &["--audit", "all.log"], &cookie_header(&renewed, "/podcasts/"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "cookies for https://cdn.example.com/podcasts/* until 20",
        "They were minted for one session.",
        &format!("session {}", session_of(&other)),
        "address 127.0.0.1  grant podcasts",
        renewed.header("x-request-id").unwrap(),
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(&session_of(&one)), "{said}");
}

#[test]
fn what_names_nobody_is_said_to() {
    let service = start();
    let entered = service.redeem(&Ticket::of("listener-1").sign());
    save_log(&service, &entered, "all.log");
    let outcome = |arguments: &[&str], input: &str| {
        let output = trace(&service, &[&["--json"], arguments].concat(), input);
        let found = json_of(&output);
        let outcomes = found["sets"].as_array().unwrap().iter();
        let outcomes: Vec<_> = outcomes.map(|set| set["outcome"].as_str().unwrap().to_owned()).collect();
        (output.status.code().unwrap(), outcomes.join(" "), found)
    };
    let traced = cookie_header(&entered, "/podcasts/");
    let shared = cookie_header(&entered, "/open/");
    assert_eq!(outcome(&["--audit", "all.log"], &shared).1, "untagged");
    let both = outcome(&["--audit", "all.log"], &format!("{shared}{traced}"));
    assert_eq!((both.0, &*both.1), (1, "untagged named"), "one of two is not enough");

    // Logs of another time: with nothing of it, and with another mint of the same session.
    let log = fs::read_to_string(service.setup.path("all.log")).unwrap();
    let lines =
        |keep: &dyn Fn(&str) -> bool| log.lines().filter(|line| keep(line)).collect::<Vec<_>>().join("\n");
    fs::write(service.setup.path("none.log"), lines(&|line| !line.contains("trace_tag"))).unwrap();
    let nothing = outcome(&["--audit", "none.log"], &traced);
    assert_eq!((nothing.0, &*nothing.1), (1, "nothing"));
    let expires = service.log_line(&entered)["expires_at"].to_string();
    fs::write(service.setup.path("later.log"), log.replace(&expires, &(now() + 9000).to_string())).unwrap();
    let later = outcome(&["--audit", "none.log", "later.log"], &traced);
    assert_eq!((later.0, &*later.1), (0, "named_by_tag"));

    // The same tag of another session.
    let session = service.log_line(&entered)["session"].as_str().unwrap().to_owned();
    fs::write(service.setup.path("twin.log"), log.replace(&session, "AAAAAAAAAAAAAAAAAAAAAA")).unwrap();
    let several = outcome(&["--audit", "all.log", "twin.log"], &traced);
    assert_eq!((several.0, &*several.1), (1, "several"));
    assert_eq!(several.2["sets"][0]["mints"].as_array().unwrap().len(), 2);
    for (arguments, input, sentence) in [
        (
            &["--audit", "all.log"][..],
            &shared,
            "They have no trace tag: every listener of the grant has the same",
        ),
        (&["--audit", "none.log"], &traced, "No mint in these logs has this tag."),
        (&["--audit", "all.log", "twin.log"], &traced, "The tag is that of several sessions"),
        (&["--audit", "later.log"], &traced, "The mint of this very set is not in these logs"),
    ] {
        let said = String::from_utf8(trace(&service, arguments, input).stdout).unwrap();
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn what_cannot_be_searched_is_told_without_repeating_a_cookie() {
    let service = start();
    let entered = service.redeem(&Ticket::of("listener-1").sign());
    save_log(&service, &entered, "all.log");
    let header = cookie_header(&entered, "/podcasts/");
    let pair = header.split("theme=dark; ").nth(1).unwrap().split(';').next().unwrap();
    let value = pair.split('=').nth(1).unwrap();
    for (arguments, input, sentence) in [
        (&[value, "--audit", "all.log"][..], "", "not the cookies themselves"),
        (&[pair, "--audit", "all.log"], "", "not the cookies themselves"),
        (&[header.trim(), "--audit", "all.log"], "", "not the cookies themselves"),
        (&["--audit", "all.log"], "", "there is no CloudFront-Policy in what was given"),
        (&["--audit", "all.log"], &value[1..], "there is no CloudFront-Policy in what was given"),
        (&["--audit", "no.log"], &header, "cannot read no.log: No such file"),
        (&["no.txt", "--audit", "all.log"], "", "cannot read no.txt: No such file"),
        (&["--audit", "-"], &header, "standard input can be read once"),
        (&[], &header, "--audit"),
    ] {
        let output = trace(&service, arguments, input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(sentence), "{sentence}: {said}");
        assert!(!said.contains(&value[1..20]) && output.stdout.is_empty(), "{said}");
    }
    fs::write(service.setup.path("large"), vec![b'x'; (4 << 20) + 1]).unwrap();
    let large = trace(&service, &["large", "--audit", "all.log"], "");
    assert!(String::from_utf8(large.stderr).unwrap().contains("large is larger than 4194304 bytes"));
}
