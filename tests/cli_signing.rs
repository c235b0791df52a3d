//! `edgemint mint` and `edgemint url`, run as a script runs them.
#![cfg(feature = "service")]
#![expect(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

#[path = "support/programs.rs"]
mod programs;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use edgemint::cloudfront::{Decision, PublicKey, Refusal, TrustedKeys, ViewerRequest, decide};
use programs::needs;
use serde_json::Value;

const RESOURCE: &str = "https://cdn.example.com/podcasts/*";
const URL: &str = "https://cdn.example.com/podcasts/1.mp3?v=1";
const EXPIRES: &str = "1800000000";

fn keys() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/keys")
}

/// A copy of a test key that only we can read, as `openssl genrsa -out` leaves it.
fn private_copy(name: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("private-{name}"));
    let fresh = copy.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::copy(keys().join(name), &fresh).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::rename(fresh, &copy).unwrap();
    copy
}

fn edgemint(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_edgemint")).args(arguments).output().unwrap()
}

/// The command with a good key and id, and `more`.
fn with_key(command: &str, more: &[&str]) -> Output {
    let key = private_copy("test-p256.pkcs8.pem");
    let mut arguments = vec![command, "--key", key.to_str().unwrap(), "--key-pair-id", "KTESTEC"];
    arguments.extend(more);
    edgemint(&arguments)
}

#[track_caller]
fn printed(output: &Output) -> String {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    out
}

/// Exit code 2, nothing on standard output, and one line on standard error that is this one.
#[track_caller]
fn refused(output: &Output, sentence: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(err, format!("edgemint: {sentence}\n"));
}

fn decision(url: &str, cookies: &[(&str, &str)], now: i64, address: Option<&str>) -> Decision {
    let public = |name| PublicKey::from_pem(&std::fs::read(keys().join(name)).unwrap()).unwrap();
    let trusted: TrustedKeys = [
        ("KTESTEC".parse().unwrap(), public("test-p256.public.pem")),
        ("KTESTRSA".parse().unwrap(), public("test-rsa-2048.public.pem")),
    ]
    .into_iter()
    .collect();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (host, path_and_query) = rest.split_at(rest.find('/').unwrap());
    let address = address.map(|address| address.parse().unwrap());
    decide(&ViewerRequest { scheme, host, path_and_query, cookies, address }, &trusted, now)
}

fn json_pairs(text: &str) -> Vec<(String, String)> {
    let Value::Object(cookies) = serde_json::from_str(text).unwrap() else { panic!("not an object") };
    cookies.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

#[test]
fn json_is_one_object_that_opens_the_resource() {
    let before = now();
    let text = printed(&with_key("mint", &["--resource", RESOURCE, "--ttl", "15m"]));
    let pairs = json_pairs(&text);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["CloudFront-Key-Pair-Id", "CloudFront-Policy", "CloudFront-Signature"]);
    assert_eq!(text.lines().count(), 1);
    let at = |when| decision(URL, &borrowed(&pairs), when, None).refusal;
    assert_eq!(at(before + 15 * 60 - 1), None);
    assert_eq!(at(now() + 15 * 60), Some(Refusal::AccessDenied));
}

#[test]
fn the_cookies_are_those_of_the_vectors() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/openssl.json")).unwrap();
    let key = private_copy("test-rsa-2048.pkcs1.pem");
    for hash in ["sha1", "sha256"] {
        let output = edgemint(&[
            "mint",
            "--key",
            key.to_str().unwrap(),
            "--key-pair-id",
            "KTESTRSA",
            "--resource",
            RESOURCE,
            "--expires",
            EXPIRES,
            "--not-before",
            "1700000000",
            "--ip",
            "203.0.113.0/24",
            "--hash",
            hash,
        ]);
        let made: Value = serde_json::from_str(&printed(&output)).unwrap();
        assert_eq!(made, vectors[&format!("everything rsa {hash}")]["cookies"]);
    }
}

#[test]
fn header_prints_set_cookie_lines() {
    let arguments = ["--resource", RESOURCE, "--expires", EXPIRES, "--hash", "sha256", "--format", "header"];
    let text = printed(&with_key("mint", &arguments));
    assert_eq!(text.lines().count(), 5);
    let mut pairs = Vec::new();
    for line in text.lines() {
        let cookie = line.strip_prefix("Set-Cookie: ").unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        if let Some(deleted) = pair.strip_suffix('=') {
            let at_once = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
            assert_eq!(deleted, "CloudFront-Expires");
            assert_eq!(attributes, format!("HttpOnly; SameSite=Lax; Secure; Path=/podcasts/{at_once}"));
            continue;
        }
        assert_eq!(attributes, "HttpOnly; SameSite=Lax; Secure; Path=/podcasts/");
        pairs.push(pair.split_once('=').unwrap());
    }
    assert!(decision(URL, &pairs, 1_799_999_999, None).is_allowed());
}

/// A server that answers one request and hands over its Cookie header.
fn cookie_header_of(ask: impl FnOnce(&str) -> std::io::Result<Output>) -> String {
    use std::io::{BufRead as _, BufReader};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        head.into_iter().find_map(|line| line.strip_prefix("Cookie: ").map(str::to_owned))
    });
    let answer = ask(&format!("http://cdn.example.com:{port}/podcasts/1.mp3")).unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    server.join().unwrap().expect("curl sent cookies")
}

fn parsed(header: &str) -> Vec<(&str, &str)> {
    header.split("; ").map(|pair| pair.split_once('=').unwrap()).collect()
}

const CURL: [&str; 6] = ["--silent", "--noproxy", "*", "--max-time", "20", "--resolve"];

/// What `--resolve` takes, so that the host of the URL is this machine.
fn to_loopback(url: &str) -> String {
    let port = url.split([':', '/']).nth(4).unwrap();
    format!("cdn.example.com:{port}:127.0.0.1")
}

#[test]
fn curl_takes_the_arguments_as_a_shell_splits_them() {
    needs!("curl");
    let resource = "http://cdn.example.com:*/podcasts/*";
    let made =
        printed(&with_key("mint", &["--resource", resource, "--expires", EXPIRES, "--format", "curl"]));
    let mut asked = String::new();
    let header = cookie_header_of(|url| {
        url.clone_into(&mut asked);
        let script = format!("exec curl \"$@\" {}", made.trim());
        let mut curl = Command::new("sh");
        curl.args(["-c", &script, "sh"]).args(CURL).arg(to_loopback(url)).arg(url).output()
    });
    let decision = decision(&asked, &parsed(&header), 1_799_999_999, None);
    assert!(decision.is_allowed(), "{:?}", decision.trace);
}

#[test]
fn curl_reads_the_netscape_file() {
    needs!("curl");
    let resource = "http://cdn.example.com:*/podcasts/*";
    let made =
        printed(&with_key("mint", &["--resource", resource, "--expires", EXPIRES, "--format", "netscape"]));
    let jar = Path::new(env!("CARGO_TARGET_TMPDIR")).join("curl.jar");
    std::fs::write(&jar, made).unwrap();
    let mut asked = String::new();
    let header = cookie_header_of(|url| {
        url.clone_into(&mut asked);
        let mut curl = Command::new("curl");
        curl.args(CURL).arg(to_loopback(url)).arg("-b").arg(&jar).arg(url).output()
    });
    let decision = decision(&asked, &parsed(&header), 1_799_999_999, None);
    assert!(decision.is_allowed(), "{:?}", decision.trace);
}

#[test]
fn python_reads_the_netscape_file() {
    needs!("python3");
    let arguments =
        ["--resource", RESOURCE, "--expires", EXPIRES, "--hash", "sha256", "--format", "netscape"];
    let made = printed(&with_key("mint", &arguments));
    let jar = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python.jar");
    std::fs::write(&jar, &made).unwrap();
    let program = "import http.cookiejar, json, sys\n\
        jar = http.cookiejar.MozillaCookieJar(sys.argv[1])\n\
        jar.load(ignore_discard=True, ignore_expires=True)\n\
        print(json.dumps([[c.domain, c.path, c.secure, c.name, c.value] for c in jar]))";
    let run = Command::new("python3").args(["-c", program]).arg(&jar).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let read: Vec<(String, String, bool, String, String)> = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(read.len(), 4);
    for (domain, path, secure, ..) in &read {
        assert_eq!((domain.as_str(), path.as_str(), *secure), ("cdn.example.com", "/podcasts/", true));
    }
    let pairs: Vec<(&str, &str)> =
        read.iter().map(|(.., name, value)| (name.as_str(), value.as_str())).collect();
    assert!(decision(URL, &pairs, 1_799_999_999, None).is_allowed());
    assert!(made.lines().skip(1).all(|line| line.split('\t').count() == 7));
}

#[test]
fn a_plain_url_is_signed_canned() {
    let signed = printed(&with_key("url", &["--url", URL, "--ttl", "1h"]));
    assert!(signed.starts_with(&format!("{URL}&Expires=")), "the query stays in front");
    assert!(decision(signed.trim(), &[], now(), None).is_allowed());
    assert_eq!(decision(signed.trim(), &[], now() + 3600, None).refusal, Some(Refusal::AccessDenied));
}

#[test]
fn conditions_make_a_custom_url() {
    for (more, address, expected) in [
        (&["--ip", "203.0.113.7"] as &[&str], "203.0.113.7", None),
        (&["--ip", "203.0.113.7"], "203.0.113.8", Some(Refusal::AccessDenied)),
        (&["--not-before", "1799999998"], "203.0.113.7", None),
        (&["--not-before", "1799999999"], "203.0.113.7", Some(Refusal::AccessDenied)),
        (&["--resource", RESOURCE, "--hash", "SHA256"], "::1", None),
    ] {
        let arguments = [&["--url", URL, "--expires", EXPIRES], more].concat();
        let signed = printed(&with_key("url", &arguments));
        assert!(signed.contains("&Policy="), "{more:?}");
        let decision = decision(signed.trim(), &[], 1_799_999_999, Some(address));
        assert_eq!(decision.refusal, expected, "{more:?}");
    }
}

#[test]
fn an_expiry_in_the_past_is_signed_with_a_warning() {
    let output = with_key("mint", &["--resource", RESOURCE, "--expires", "1"]);
    assert_eq!(output.status.code(), Some(0));
    let warning = "edgemint: warning: --expires 1 has passed: the edge will refuse this\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), warning);
    assert_eq!(json_pairs(&String::from_utf8_lossy(&output.stdout)).len(), 3);
}

#[test]
fn a_key_that_others_can_read_is_used_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;

    let key = Path::new(env!("CARGO_TARGET_TMPDIR")).join("open.pem");
    std::fs::copy(keys().join("test-p256.sec1.pem"), &key).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let key = key.to_str().unwrap();
    let output = edgemint(&["url", "--key", key, "--key-pair-id", "K1", "--url", URL, "--expires", EXPIRES]);
    assert_eq!(output.status.code(), Some(0));
    let warning =
        format!("edgemint: warning: `{key}` is open to other users (mode 0644): run `chmod 600 {key}`\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), warning);
}

#[test]
fn a_key_from_a_pipe_is_used_without_a_warning() {
    let key = std::fs::File::open(private_copy("test-p256.sec1.pem")).unwrap();
    let mut cat = Command::new("cat");
    let mut cat = cat.stdin(key).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .args(["url", "--key", "/dev/stdin", "--key-pair-id", "K1", "--url", URL, "--expires", EXPIRES])
        .stdin(cat.stdout.take().unwrap())
        .output()
        .unwrap();
    cat.wait().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

const SEE_HELP: &str = "(--help shows every flag)";

#[test]
fn mint_refuses_what_cannot_be_signed() {
    let year_2038 = "is not a time that CloudFront accepts: give seconds since 1970 between 1 and 2147483647 \
                     (milliseconds are a common mistake)";
    for (arguments, sentence) in [
        (&["--resource", RESOURCE] as &[&str], format!("the following required arguments were not provided: <--ttl <DURATION>|--expires <EPOCH>> {SEE_HELP}")),
        (&["--ttl", "15m"], format!("the following required arguments were not provided: --resource <URL> {SEE_HELP}")),
        (&["--resource", RESOURCE, "--ttl", "15m", "--expires", EXPIRES], format!("the argument '--ttl <DURATION>' cannot be used with '--expires <EPOCH>' {SEE_HELP}")),
        (&["--resource", RESOURCE, "--ttl", "15"], format!("invalid value '15' for '--ttl <DURATION>': time unit needed, for example 15sec or 15ms {SEE_HELP}")),
        (&["--resource", RESOURCE, "--ttl", "0s"], "--ttl has to be one second or more, such as 15m".into()),
        (&["--resource", RESOURCE, "--ttl", "999ms"], "--ttl has to be one second or more, such as 15m".into()),
        (&["--resource", RESOURCE, "--expires", "soon"], format!("invalid value 'soon' for '--expires <EPOCH>': give whole seconds since 1970, such as 1800000000 {SEE_HELP}")),
        (&["--resource", RESOURCE, "--expires", "1800000000000"], format!("invalid value '1800000000000' for '--expires <EPOCH>': 1800000000000 {year_2038} {SEE_HELP}")),
        (&["--resource", RESOURCE, "--expires", "-1"], format!("invalid value '-1' for '--expires <EPOCH>': -1 {year_2038} {SEE_HELP}")),
        (&["--resource", RESOURCE, "--expires", EXPIRES, "--not-before", EXPIRES], "access would begin at 1800000000, which is not before it ends at 1800000000".into()),
        (&["--resource", RESOURCE, "--expires", EXPIRES, "--ip", "::1"], format!("invalid value '::1' for '--ip <CIDR>': CloudFront takes one IPv4 address or CIDR such as 203.0.113.0/24, and no IPv6 {SEE_HELP}")),
        (&["--resource", RESOURCE, "--expires", EXPIRES, "--hash", "md5"], format!("invalid value 'md5' for '--hash <HASH>': unknown hash algorithm: write sha1 or sha256 {SEE_HELP}")),
        (&["--resource", "/podcasts/*", "--ttl", "15m"], format!("invalid value '/podcasts/*' for '--resource <URL>': a resource begins with https:// (or http://, *://, http*://) followed by a host {SEE_HELP}")),
        (&["--resource", "https://cdn.example.com/a\"b", "--ttl", "15m"], format!("invalid value 'https://cdn.example.com/a\"b' for '--resource <URL>': a resource holds the byte 0x22 at offset 25, which no request URL holds: percent-encode it as the player's URLs do {SEE_HELP}")),
        (&["--resource", "https://*/a", "--expires", EXPIRES, "--format", "netscape"], "a cookie file names hosts without wildcards, so * cannot be written as netscape: choose another --format".into()),
        (&["--resource", RESOURCE, "--ttl", "15m", "--format", "yaml"], format!("invalid value 'yaml' for '--format <FORMAT>' [possible values: json, header, curl, netscape] {SEE_HELP}")),
        (&["--resource", RESOURCE, "--ttl", "15m", "--resource", RESOURCE], format!("the argument '--resource <URL>' cannot be used multiple times {SEE_HELP}")),
        (&["--resource", RESOURCE, "--ttl", "15m", "--url", URL], format!("unexpected argument '--url' found {SEE_HELP}")),
    ] {
        refused(&with_key("mint", arguments), &sentence);
    }
}

#[test]
fn a_ttl_beyond_2038_is_refused() {
    let output = with_key("mint", &["--resource", RESOURCE, "--ttl", "100years"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), err.lines().count()), (Some(2), 1));
    assert!(err.contains("is not a time that CloudFront accepts"), "{err}");
}

#[test]
fn url_refuses_what_would_open_nothing() {
    let not_covered = |resource: &str| {
        format!("--resource {resource} does not cover --url {URL}, so the signed URL would open nothing")
    };
    for (arguments, sentence) in [
        (
            &["--ttl", "1h"] as &[&str],
            format!("the following required arguments were not provided: --url <URL> {SEE_HELP}"),
        ),
        (
            &["--url", URL],
            format!(
                "the following required arguments were not provided: <--ttl <DURATION>|--expires <EPOCH>> {SEE_HELP}"
            ),
        ),
        (
            &["--url", URL, "--ttl", "1h", "--resource", "https://cdn.example.com/videos/*"],
            not_covered("https://cdn.example.com/videos/*"),
        ),
        (
            &["--url", URL, "--ttl", "1h", "--resource", "http://cdn.example.com/*"],
            not_covered("http://cdn.example.com/*"),
        ),
        (
            &["--url", URL, "--ttl", "1h", "--resource", "https://cdn.example.com/podcasts/1.mp3"],
            not_covered("https://cdn.example.com/podcasts/1.mp3"),
        ),
        (
            &["--url", RESOURCE, "--ttl", "1h"],
            format!(
                "invalid value '{RESOURCE}' for '--url <URL>': the URL to sign is one file, so it holds no *: percent-encode a literal one as %2A, or give a pattern as the resource {SEE_HELP}"
            ),
        ),
        (
            &["--url", "cdn.example.com/1.mp3", "--ttl", "1h"],
            format!(
                "invalid value 'cdn.example.com/1.mp3' for '--url <URL>': the URL to sign begins with https:// or http:// {SEE_HELP}"
            ),
        ),
        (
            &["--url", "https://cdn.example.com/1.mp3?Policy=x", "--ttl", "1h"],
            format!(
                "invalid value 'https://cdn.example.com/1.mp3?Policy=x' for '--url <URL>': the URL to sign already has the query parameter Policy, which signing adds: sign the plain URL {SEE_HELP}"
            ),
        ),
        (
            &["--url", URL, "--ttl", "1h", "--format", "json"],
            format!("unexpected argument '--format' found {SEE_HELP}"),
        ),
    ] {
        refused(&with_key("url", arguments), &sentence);
    }
}

#[test]
fn url_refuses_what_no_browser_asks_for() {
    let refused = |url: &str, sentence: &str| {
        refused(
            &with_key("url", &["--url", url, "--ttl", "1h"]),
            &format!("invalid value '{url}' for '--url <URL>': {sentence} {SEE_HELP}"),
        );
    };
    refused(
        "https://CDN.example.com/1.mp3",
        "the host \"CDN.example.com\" is not as browsers send it; write it in lower case and punycode, without a final dot",
    );
    refused(
        "https://cdn.example.com:443/1.mp3",
        "the port of \"cdn.example.com:443\" is not as browsers send it; write 1 to 65535, and none where it is the scheme's own (443 for https, 80 for http)",
    );
    refused(
        "https://cdn.example.com/a/..%2f1.mp3",
        "the path holds a . or .. segment, which browsers resolve before they ask; write the resulting path",
    );
    refused(
        &format!("https://cdn.example.com/{}", "?".repeat(4100)),
        "a resource may be 8192 bytes long at most: CloudFront takes no longer URL",
    );
}

#[test]
fn a_signed_url_that_is_too_long_is_refused() {
    let url = format!("https://cdn.example.com/{}", "a".repeat(8100));
    let output = with_key("url", &["--url", &url, "--ttl", "1h"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), err.lines().count()), (Some(2), 1), "{err}");
    assert!(
        err.contains("and CloudFront takes no URL longer than 8192: shorten the URL or the resource"),
        "{err}"
    );
    assert!(output.stdout.is_empty());
}

fn mint_with(key: &str) -> Output {
    edgemint(&["mint", "--key", key, "--key-pair-id", "K1", "--resource", RESOURCE, "--ttl", "15m"])
}

#[test]
fn keys_that_are_none_are_refused_by_name() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    refused(
        &mint_with("/nowhere/key.pem"),
        "there is no file `/nowhere/key.pem`: put it back from a backup, or give another path",
    );
    refused(
        &mint_with(folder),
        &format!(
            "`{folder}` is a directory, not a regular file: put the file itself there, then run `chmod 600 {folder}`"
        ),
    );
    refused(
        &mint_with("/dev/zero"),
        "`/dev/zero` is larger than 65536 bytes, so it is not what belongs there: give another path",
    );
    for (name, reason) in [
        (
            "test-p256.public.pem",
            "this is a public key: signing needs the private key (PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)",
        ),
        (
            "refused-rsa-8192.pkcs1.pem",
            "this is an RSA key of 8192 bits: CloudFront takes RSA keys of exactly 2048 bits",
        ),
        (
            "refused-rsa-2048-encrypted.pkcs8.pem",
            "the private key is encrypted: decrypt it with `openssl pkey -in KEY -out PLAIN` and keep the result readable by you alone",
        ),
    ] {
        let key = private_copy(name);
        let key = key.to_str().unwrap();
        refused(&mint_with(key), &format!("the key file {key} was refused: {reason}"));
    }
}

#[test]
fn a_key_on_the_command_line_is_not_repeated() {
    let pem = std::fs::read_to_string(keys().join("test-p256.pkcs8.pem")).unwrap();
    let secret = &pem.lines().nth(1).unwrap()[..16];
    let joined = format!("--key={pem}");
    let resource = ["--key-pair-id", "K1", "--resource", RESOURCE, "--ttl", "15m"];
    refused(
        &edgemint(&[&["mint", joined.as_str()] as &[&str], &resource].concat()),
        "--key takes the name of a PEM file, not the key itself",
    );
    for place in [&["mint", "--key", pem.as_str()] as &[&str], &["mint", pem.as_str()], &[pem.as_str()]] {
        let output = edgemint(&[place, &resource].concat());
        assert!(!String::from_utf8_lossy(&output.stderr).contains(secret), "the key is shown");
        refused(&output, "a flag takes the name of a PEM file, not the key itself");
    }
}

#[test]
fn wrong_ids_and_commands_are_refused() {
    let id = "a Key-Pair-Id is 1 to 64 letters, digits, - or _, as CloudFront shows it for the public key (K2JCJMDEHXQW5F)";
    for wrong in ["K 1", "", "K1;", "../K1"] {
        let output =
            edgemint(&["mint", "--key", "k", "--key-pair-id", wrong, "--resource", RESOURCE, "--ttl", "1m"]);
        refused(&output, &format!("invalid value '{wrong}' for '--key-pair-id <ID>': {id} {SEE_HELP}"));
    }
    refused(
        &edgemint(&["mnt"]),
        &format!("unrecognized subcommand 'mnt'; a similar subcommand exists: 'mint' {SEE_HELP}"),
    );
    refused(
        &edgemint(&["mint", "--resource", RESOURCE, "--ttl", "1m"]),
        &format!(
            "the following required arguments were not provided: --key <FILE> --key-pair-id <ID> {SEE_HELP}"
        ),
    );
}

#[test]
fn a_closed_output_is_told() {
    let key = private_copy("test-p256.pkcs8.pem");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_edgemint"))
        .args([
            "url",
            "--key",
            key.to_str().unwrap(),
            "--key-pair-id",
            "K1",
            "--url",
            URL,
            "--expires",
            EXPIRES,
        ])
        .stdout(full)
        .output()
        .unwrap();
    refused(&output, "the result could not be written: No space left on device (os error 28)");
}
