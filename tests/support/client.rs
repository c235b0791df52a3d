use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer, its header names in lower case.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// GET, with these header lines, on a connection of its own.
pub fn get(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Response {
    send(address, "GET", target, headers)
}

/// One request whose target goes over the wire as it is written here. Everything until the server closes is the body.
pub fn send(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
    let mut stream = open(address, method, target, headers);
    let (mut response, mut reader) = read_head(&mut stream);
    reader.read_to_end(&mut response.body).unwrap();
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = unchunked(&response.body);
    }
    response
}

/// The same, leaving the answer to be read.
pub fn open(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).unwrap();
    stream
}

/// The head of an answer, and a reader that stands at its body.
pub fn read_response(stream: &mut TcpStream) -> (Response, impl Read) {
    read_head(stream)
}

fn read_head(stream: &mut TcpStream) -> (Response, BufReader<&mut TcpStream>) {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end_matches("\r\n").to_owned()
    };
    let status_line = line();
    let status = status_line
        .split(' ')
        .nth(1)
        .unwrap_or_else(|| panic!("no status in {status_line:?}"))
        .parse()
        .unwrap();
    let headers = std::iter::from_fn(|| Some(line()).filter(|line| !line.is_empty()))
        .map(|line| {
            line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).unwrap()
        })
        .collect();
    (Response { status, headers, body: Vec::new() }, reader)
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a chunk begins with its size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}
