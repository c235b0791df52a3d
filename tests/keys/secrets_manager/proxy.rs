use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

/// What befalls a call.
#[derive(Clone)]
pub enum Fault {
    /// It is answered with this status and code, and does not arrive.
    Refuse(u16, &'static str),
    /// It is answered with this text, and does not arrive.
    Garble(&'static str),
    /// It arrives, and so many times its answer is lost.
    LoseAnswer(usize),
    /// It never arrives nor is answered. The sender hears of it.
    Hold(Sender<()>),
    /// It arrives and is never answered. The sender hears when it is done.
    HoldAnswer(Sender<()>),
}

#[derive(Default)]
struct State {
    faults: HashMap<String, Fault>,
    calls: HashMap<String, usize>,
}

/// An HTTP/1.1 proxy in front of the API: one request a connection.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let (shared, upstream) = (state.clone(), upstream.to_owned());
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (state, upstream) = (shared.clone(), upstream.clone());
                // A client that was killed is no failure of the test.
                std::thread::spawn(move || drop(pass(&connection, &upstream, &state)));
            }
        });
        Self { address, state }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn on(&self, action: &str, fault: Fault) {
        self.state.lock().unwrap().faults.insert(action.to_owned(), fault);
    }

    pub fn clear(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    pub fn calls(&self, action: &str) -> usize {
        self.state.lock().unwrap().calls.get(action).copied().unwrap_or_default()
    }
}

fn pass(client: &TcpStream, upstream: &str, state: &Mutex<State>) -> io::Result<()> {
    let request = Message::read(client)?;
    let action =
        request.header("x-amz-target").and_then(|target| target.rsplit('.').next()).unwrap_or_default();
    let fault = {
        let mut state = state.lock().unwrap();
        *state.calls.entry(action.to_owned()).or_default() += 1;
        let fault = state.faults.get(action).cloned();
        match &fault {
            Some(Fault::LoseAnswer(0)) => None,
            Some(Fault::LoseAnswer(times)) => {
                let left = Fault::LoseAnswer(times - 1);
                state.faults.insert(action.to_owned(), left);
                fault
            }
            _ => fault,
        }
    };
    match fault {
        None => answer(client, &forward(&request, upstream)?),
        Some(Fault::Refuse(status, code)) => {
            let message = "for a key -----BEGIN PRIVATE KEY-----\nhunter2 of marked deletion";
            let body = serde_json::json!({ "__type": code, "Message": message }).to_string();
            answer_with(client, status, &body)
        }
        Some(Fault::Garble(body)) => answer_with(client, 200, body),
        Some(Fault::LoseAnswer(_)) => forward(&request, upstream).map(drop),
        Some(Fault::Hold(heard)) => {
            let _ = heard.send(());
            until_closed(client)
        }
        Some(Fault::HoldAnswer(heard)) => {
            forward(&request, upstream)?;
            let _ = heard.send(());
            until_closed(client)
        }
    }
}

fn forward(request: &Message, upstream: &str) -> io::Result<Message> {
    let mut server = TcpStream::connect(upstream)?;
    request.write(&mut server, "connection: close\r\n")?;
    Message::read(&server)
}

fn answer(mut client: &TcpStream, answer: &Message) -> io::Result<()> {
    answer.write(&mut client, "connection: close\r\n")
}

fn answer_with(mut client: &TcpStream, status: u16, body: &str) -> io::Result<()> {
    let head = "content-type: application/x-amz-json-1.1\r\nconnection: close";
    write!(client, "HTTP/1.1 {status} Told\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn until_closed(mut client: &TcpStream) -> io::Result<()> {
    client.read_to_end(&mut Vec::new()).map(drop)
}

/// A request or an answer with a Content-Length.
struct Message {
    first: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Message {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let mut message = Self { first: lines.remove(0), headers: lines, body: Vec::new() };
        let length = message.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        message.body.resize(length, 0);
        reader.read_exact(&mut message.body)?;
        Ok(message)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter().filter_map(|line| line.split_once(':'));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    fn write(&self, to: &mut impl io::Write, more: &str) -> io::Result<()> {
        let is_kept = |line: &&String| !line.to_ascii_lowercase().starts_with("connection:");
        let headers: String = self.headers.iter().filter(is_kept).map(|line| format!("{line}\r\n")).collect();
        let mut bytes = format!("{}\r\n{headers}{more}\r\n", self.first).into_bytes();
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes)
    }
}
