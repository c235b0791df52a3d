//! `tickets COUNT SECRET_FILE` writes tickets, one a line, each good once within the next minute.

use std::io::{BufWriter, Write as _};
use std::{env, fs, io};

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use time::OffsetDateTime;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [count, secret] = arguments.as_slice() else { panic!("usage: tickets COUNT SECRET_FILE") };
    let count: u64 = count.parse().expect("a count");
    let secret = EncodingKey::from_secret(fs::read_to_string(secret)?.trim_end().as_bytes());
    let now = OffsetDateTime::now_utc();
    let mut out = BufWriter::new(io::stdout().lock());
    for number in 0..count {
        let claims = json!({
            "iss": "https://app.example.com", "aud": "https://id.example.com", "sub": "listener-7",
            "jti": format!("{:020x}-{number:016x}", now.unix_timestamp_nanos()),
            "iat": now.unix_timestamp(), "exp": now.unix_timestamp() + 60,
        });
        let ticket = encode(&Header::default(), &claims, &secret).expect("strings and integers serialise");
        writeln!(out, "{ticket}")?;
    }
    out.flush()
}
