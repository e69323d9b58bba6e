//! Requests that are too slow.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::REFRESH;
use crate::watched::Watched;

/// Whoever sends half a head does not keep a connection for long, and does not keep others waiting.
#[test]
fn too_slow() {
    const CUT_OFF_MAX: Duration = Duration::from_secs(12);
    let watched = Watched::new();
    let started = Instant::now();
    let mut slow = TcpStream::connect(watched.server.address).unwrap();
    let mut slow_body = TcpStream::connect(watched.server.address).unwrap();
    slow.write_all(b"GET /json/users/x HTTP/1.1\r\nHost: loc").unwrap();
    let head = format!(
        "POST {REFRESH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    slow_body.write_all(head.as_bytes()).unwrap();
    watched.assert_untouched();
    let mut said = String::new();
    for stream in [&mut slow, &mut slow_body] {
        stream.set_read_timeout(Some(CUT_OFF_MAX)).unwrap();
        said.clear();
        stream.read_to_string(&mut said).expect("the server closes");
    }
    assert!(started.elapsed() < CUT_OFF_MAX, "{:?}", started.elapsed());
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    watched.end();
}
