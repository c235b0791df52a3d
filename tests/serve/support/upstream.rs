use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::wait_for;

/// What is answered to one request.
#[derive(Clone)]
pub enum Reply {
    /// These bytes, and the end of the connection.
    Bytes(Vec<u8>),
    /// The same, so much later.
    Late(Duration, Vec<u8>),
    /// Nothing, until the server is dropped.
    Never,
}

impl Reply {
    pub fn new(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into())
    }

    pub fn json(body: impl ToString) -> Self {
        Self::new("200 OK", "Content-Type: application/json\r\n", &body.to_string())
    }

    pub fn late(self, by: Duration) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Late(by, bytes),
            other => other,
        }
    }
}

type Answering = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// An HTTP server of somebody else: it answers each request as it is told at the moment, and keeps what it was sent.
pub struct Upstream {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    answering: Arc<Mutex<Answering>>,
    is_dropped: Arc<AtomicBool>,
}

impl Upstream {
    pub fn answering(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            answering: Arc::new(Mutex::new(Arc::new(answer))),
            is_dropped: Arc::default(),
        };
        let (requests, answering, is_dropped) =
            (this.requests.clone(), this.answering.clone(), this.is_dropped.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_dropped.load(Ordering::SeqCst) {
                    return;
                }
                let (requests, answering, is_dropped) =
                    (requests.clone(), answering.clone(), is_dropped.clone());
                thread::spawn(move || serve(&stream.unwrap(), &requests, &answering, &is_dropped));
            }
        });
        this
    }

    /// The same answer to every request.
    pub fn saying(reply: Reply) -> Self {
        Self::answering(move |_| reply.clone())
    }

    /// From now on.
    pub fn say(&self, reply: Reply) {
        *self.answering.lock().unwrap() = Arc::new(move |_| reply.clone());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Waits until there were so many requests.
    pub fn wait_for_requests(&self, count: usize) {
        wait_for(&format!("request {count}"), || self.count() >= count);
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::SeqCst);
        // So that it looks.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: &TcpStream,
    requests: &Mutex<Vec<String>>,
    answering: &Mutex<Answering>,
    is_dropped: &AtomicBool,
) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    requests.lock().unwrap().push(head.clone());
    let answer = answering.lock().unwrap().clone();
    let bytes = match answer(&head) {
        Reply::Bytes(bytes) => bytes,
        Reply::Late(by, bytes) => {
            thread::sleep(by);
            bytes
        }
        Reply::Never => {
            while !is_dropped.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(20));
            }
            return;
        }
    };
    let mut writer = stream;
    // Whoever reads no further has seen enough.
    if writer.write_all(&bytes).is_ok() {
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = reader.read_to_end(&mut Vec::new());
    }
}
