//! A connection that is kept, with one request under way: HTTP/1.1 with as little work as possible, since generator and server share a machine.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);
/// Headers of an answer.
const HEADERS_MAX: usize = 32;
/// Bytes of an answer, head and body.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// What is read at once; larger than the answers that are expected.
const READ_BYTES: usize = 8 * 1024;

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a request and waits for its answer. After an error the connection is worth nothing.
    ///
    /// # Errors
    /// Whatever the network says; `InvalidData` for what is no answer of a known length; `TimedOut` above [`ANSWER_TIME_MAX`].
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let exchange = self.exchange(request);
        let (status, body_at) = tokio::time::timeout(ANSWER_TIME_MAX, exchange).await??;
        Ok(Answer { status, body: &self.received[body_at..] })
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, usize)> {
        self.received.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            self.receive().await?;
            if let Some(head) = Head::read(&self.received)? {
                break head;
            }
        };
        let end = head.bytes.saturating_add(head.body_bytes);
        while self.received.len() < end {
            self.receive().await?;
        }
        if self.received.len() > end {
            return Err(invalid("bytes behind the answer"));
        }
        Ok((head.status, head.bytes))
    }

    async fn receive(&mut self) -> io::Result<()> {
        if self.received.len() > ANSWER_BYTES_MAX {
            return Err(invalid("an answer above 1 MiB"));
        }
        self.received.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// What must be known of the head of an answer.
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// `None` while it is not whole.
    fn read(received: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut answer = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(bytes) = answer.parse(received).map_err(invalid)? else {
            return Ok(None);
        };
        let length = answer
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("content-length"))
            .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
        let body_bytes = length.ok_or_else(|| invalid("an answer without `Content-Length`"))?;
        Ok(Some(Self { status: answer.code.unwrap_or_default(), bytes, body_bytes }))
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
