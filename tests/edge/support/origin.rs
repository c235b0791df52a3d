use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// An HTTP origin whose answers are written by hand.
pub struct TestOrigin {
    pub address: SocketAddr,
    requests: Receiver<String>,
}

impl TestOrigin {
    /// Answers every connection by `answer`, which gets the request's head and the connection.
    pub fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = channel();
        let answer = std::sync::Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, seen, answer) = (stream.unwrap(), seen.clone(), answer.clone());
                std::thread::spawn(move || {
                    let mut head = String::new();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                    // The test may be over.
                    let _ = seen.send(head.clone());
                    answer(&head, &mut stream);
                });
            }
        });
        Self { address, requests }
    }

    /// Always the same bytes, then the end of the connection.
    pub fn fixed(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, stream| {
            // The edge may have all it wanted before the end.
            let _ = stream.write_all(&answer);
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The head of the next request that came in, in lower case after its first line.
    pub fn request(&self) -> String {
        let head = self.requests.recv_timeout(Duration::from_secs(10)).unwrap();
        let (first, rest) = head.split_once("\r\n").unwrap();
        format!("{first}\r\n{}", rest.to_ascii_lowercase())
    }

    /// Whether it was never asked again.
    pub fn is_quiet(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}
