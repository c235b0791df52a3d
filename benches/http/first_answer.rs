//! `first_answer ROUNDS PROGRAM ARGUMENTS…` starts a server and says how long it takes from there to
//! its first 200 at /healthz: the median in milliseconds. The server prints its address first.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).expect("a number of rounds");
    let program = arguments.next().expect("a program");
    let rest: Vec<String> = arguments.collect();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let mut command = Command::new(&program);
        command.args(&rest).stdin(Stdio::null()).stdout(Stdio::piped());
        let started = Instant::now();
        let mut server = command.spawn()?;
        let answered = first_answer(&mut server, started);
        server.kill()?;
        server.wait()?;
        times.push(answered?);
    }
    times.sort_unstable();
    writeln!(io::stdout(), "{:.1}", times[times.len() / 2].as_secs_f64() * 1000.0)
}

fn first_answer(server: &mut Child, started: Instant) -> io::Result<Duration> {
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().expect("piped")).read_line(&mut line)?;
    let address = line.trim_end().rsplit('/').next().unwrap_or_default();
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") { Ok(started.elapsed()) } else { Err(io::Error::other(answer)) }
}
