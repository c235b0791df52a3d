//! A connection with a bound on every wait for its peer. actix-http bounds the head of a connection's
//! first request and the idle time between requests, and nothing else: a later head could drip in, and
//! an answer could stay unread, for ever.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the head of a request, from its first byte.
    pub(super) head: Duration,
    /// For a request's body and its answer.
    pub(super) request: Duration,
    /// For the next request.
    pub(super) idle: Duration,
    /// For the peer to take the last answer, and to stop sending.
    pub(super) linger: Duration,
}

/// What a connection waits for, and until when; shared with the requests that it carries.
pub(super) struct Progress {
    patience: Patience,
    waits_until: Cell<Instant>,
    /// An answer has gone out, and nothing has come since.
    is_idle: Cell<bool>,
    /// A request has come, and its answer is not there yet: what goes out is at most `100 Continue`.
    is_asked: Cell<bool>,
    /// No further request is taken: what still comes is the rest of one that was refused.
    is_ending: Cell<bool>,
}

impl Progress {
    fn new(patience: Patience) -> Self {
        // Later than actix-http, which answers a first head that takes too long with 408.
        let waits_until = Cell::new(Instant::now() + patience.idle + patience.head);
        let no = || Cell::new(false);
        Self { patience, waits_until, is_idle: no(), is_asked: no(), is_ending: no() }
    }

    /// A request's head has come whole; what follows is bounded by the service too, and a little earlier.
    pub(super) fn head_is_whole(&self) {
        self.is_idle.set(false);
        self.is_asked.set(true);
        self.wait(self.patience.request + self.patience.head);
    }

    /// What goes out from now on is the answer; `is_last` if the connection ends with it.
    pub(super) fn answer_is_ready(&self, is_last: bool) {
        self.is_asked.set(false);
        if is_last && !self.is_ending.replace(true) {
            self.is_idle.set(false);
            self.wait(self.patience.linger);
        }
    }

    fn bytes_came(&self) {
        if self.is_idle.replace(false) {
            self.wait(self.patience.head);
        }
    }

    /// Later than actix-http ends a connection that is idle, unless another request has begun and it
    /// has stopped its clock.
    fn bytes_went(&self) {
        if self.is_asked.get() || self.is_ending.get() {
            return;
        }
        self.is_idle.set(true);
        self.wait(self.patience.idle + self.patience.head);
    }

    /// Whether a wait is over that no byte prolongs. Bytes that end an idle time may be read late.
    fn is_over(&self) -> bool {
        !self.is_idle.get() && self.waits_until.get() <= Instant::now()
    }

    fn wait(&self, patience: Duration) {
        self.waits_until.set(Instant::now() + patience);
    }
}

/// A TCP connection that ends when its peer keeps it waiting.
pub(super) struct Connection {
    stream: TcpStream,
    progress: Rc<Progress>,
    /// Set to some earlier wait, and moved on when it fires: most never do.
    timer: Pin<Box<Sleep>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, patience: Patience) -> Self {
        let progress = Rc::new(Progress::new(patience));
        let timer = Box::pin(sleep_until(progress.waits_until.get()));
        Self { stream, progress, timer }
    }

    pub(super) fn progress(&self) -> Rc<Progress> {
        self.progress.clone()
    }

    /// Whether the wait is over. If not, the task is woken when it will be.
    fn is_overdue(&mut self, context: &mut Context<'_>) -> bool {
        let until = self.progress.waits_until.get();
        // A wait that became shorter must not sleep through its end.
        if until < self.timer.deadline() {
            self.timer.as_mut().reset(until);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if until <= Instant::now() {
                return true;
            }
            self.timer.as_mut().reset(until);
        }
        false
    }
}

impl AsyncRead for Connection {
    /// A peer that kept us waiting counts as gone: the end of the stream.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // A peer that always has a byte ready never lets the timer below be asked.
        if this.progress.is_over() {
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        match read {
            Poll::Ready(_) => this.progress.bytes_came(),
            Poll::Pending if this.is_overdue(context) => return Poll::Ready(Ok(())),
            Poll::Pending => {}
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        match written {
            Poll::Ready(_) => this.progress.bytes_went(),
            Poll::Pending if this.is_overdue(context) => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const DEADLINE: Duration = Duration::from_secs(10);

    async fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let patience = Patience { head: SOON, request: SOON, idle: SOON, linger: SOON };
        (Connection::new(listener.accept().await.unwrap().0, patience), peer)
    }

    #[actix_web::test]
    async fn a_peer_that_sends_nothing_is_as_good_as_gone() {
        let (mut connection, _peer) = pair().await;
        let read = timeout(DEADLINE, connection.read(&mut [0])).await.unwrap();
        assert_eq!(read.unwrap(), 0);
    }

    #[actix_web::test]
    async fn a_peer_that_reads_nothing_is_given_up() {
        let (mut connection, _peer) = pair().await;
        let flood = async {
            loop {
                if let Err(error) = connection.write_all(&[0; 65536]).await {
                    return error;
                }
            }
        };
        assert_eq!(timeout(DEADLINE, flood).await.unwrap().kind(), io::ErrorKind::TimedOut);
    }

    #[actix_web::test]
    async fn bytes_that_drip_win_no_time() {
        let (mut connection, mut peer) = pair().await;
        connection.write_all(b"an answer").await.unwrap();
        let drip = async {
            while peer.write_all(b"x").await.is_ok() {
                tokio::time::sleep(SOON / 10).await;
            }
        };
        let read = async {
            let started = Instant::now();
            while connection.read(&mut [0]).await.unwrap() > 0 {}
            drop(connection);
            started.elapsed()
        };
        let (took, ()) = timeout(DEADLINE, futures_util::future::join(read, drip)).await.unwrap();
        assert!(took >= SOON, "{took:?}");
    }

    #[actix_web::test]
    async fn a_peer_that_never_stops_sending_wins_no_time() {
        let (mut connection, mut peer) = pair().await;
        connection.progress().head_is_whole();
        connection.progress().answer_is_ready(true);
        connection.write_all(b"the last answer").await.unwrap();
        peer.write_all(b"and on and on").await.unwrap();
        sleep_until(connection.progress().waits_until.get()).await;
        let read = timeout(DEADLINE, connection.read(&mut [0])).await.unwrap();
        assert_eq!(read.unwrap(), 0, "there are bytes, and their time is over");
    }

    #[actix_web::test]
    async fn a_request_under_way_has_its_own_time() {
        let (connection, _peer) = pair().await;
        let progress = connection.progress();
        let before = progress.waits_until.get();
        tokio::time::sleep(SOON / 10).await;
        progress.head_is_whole();
        assert!(progress.waits_until.get() > before);
        let asked = progress.waits_until.get();
        progress.bytes_came();
        assert_eq!(progress.waits_until.get(), asked, "its body wins no time");
        progress.bytes_went();
        progress.bytes_came();
        assert_eq!(progress.waits_until.get(), asked, "100 Continue is no answer");
        progress.answer_is_ready(false);
        progress.bytes_went();
        assert_ne!(progress.waits_until.get(), asked);
    }
}
