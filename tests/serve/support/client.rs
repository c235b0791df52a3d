use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::{Answer, DEADLINE};

/// One connection, over which bytes go as they are written here.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).unwrap()
    }

    pub fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, DEADLINE)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    /// The next answer to a request that was no HEAD; `None` if the connection ends before its first byte.
    ///
    /// # Errors
    /// For an answer that breaks off, besides those of the connection.
    pub fn try_answer(&mut self) -> io::Result<Option<Answer>> {
        let Some(mut answer) = self.head()? else { return Ok(None) };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(Some(answer))
    }

    pub fn answer(&mut self) -> Answer {
        self.try_answer().unwrap().expect("the connection ended without an answer")
    }

    /// The next answer without a body.
    pub fn head(&mut self) -> io::Result<Option<Answer>> {
        let status_line = self.line()?;
        if status_line.is_empty() {
            return Ok(None);
        }
        let status = status_line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {status_line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            match line.trim_end_matches("\r\n").split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None if line == "\r\n" => return Ok(Some(Answer { status, headers, body: Vec::new() })),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// A line with its end. An empty one is the end of the connection.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        match line.is_empty() || line.ends_with("\r\n") {
            true => Ok(line),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Whether the server ends the connection, without another byte.
    pub fn is_ended(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

/// One request on a connection of its own.
pub fn exchange(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut client = Client::connect(address);
    // The answer to what is too large may come before all of it has gone.
    let _ = client.send(request);
    client.answer()
}

pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: listen.example.com\r\n\r\n")
}

/// `headers`: whole lines.
pub fn post(target: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: listen.example.com\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}
