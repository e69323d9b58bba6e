//! Somebody whom the server asks: it answers as it is told, and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A question as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method and target.
    pub(crate) line: String,
    /// The headers, names in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What it does with a question.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// An answer with this status and JSON text.
    Json(u16, String),
    /// A redirect.
    Redirect(String),
    /// Nothing, with the connection left open.
    Nothing,
}

impl Says {
    #[expect(clippy::needless_pass_by_value, reason = "callers make it in place")]
    pub(crate) fn ok(json: impl ToString) -> Self {
        Self::Json(200, json.to_string())
    }
}

type Decide = Box<dyn FnMut(&Asked) -> Says + Send>;

#[derive(Clone)]
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    decide: Arc<Mutex<Decide>>,
}

impl Neighbour {
    pub(crate) fn new(decide: impl FnMut(&Asked) -> Says + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let neighbour = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            decide: Arc::new(Mutex::new(Box::new(decide))),
        };
        let own = neighbour.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let own = own.clone();
                std::thread::spawn(move || own.answer(stream.unwrap()));
            }
        });
        neighbour
    }

    pub(crate) fn saying(says: Says) -> Self {
        Self::new(move |_| says.clone())
    }

    pub(crate) fn says(&self, says: Says) {
        *self.decide.lock().unwrap() = Box::new(move |_| says.clone());
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn answer(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let line = lines.remove(0);
        let head: Vec<String> = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
            .collect();
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        let asked = Asked { line, head: head.join("\n"), body };
        let says = (self.decide.lock().unwrap())(&asked);
        self.asked.lock().unwrap().push(asked);
        let answer = match says {
            Says::Json(status, json) => format!(
                "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{json}",
                json.len()
            ),
            Says::Redirect(to) => format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ),
            Says::Nothing => {
                // Until the other side has had enough.
                let _ = reader.read(&mut [0]);
                return;
            }
        };
        // Whoever has read enough may be gone.
        let _ = reader.get_mut().write_all(answer.as_bytes());
    }
}
