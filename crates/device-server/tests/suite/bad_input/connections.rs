//! Requests that are too large, too slow or no HTTP at all.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Watched, bad};
use crate::http::Request;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{DEVICE, USER};

#[test]
fn too_large() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let list = alpha_list(USER, "2fa/oath");
    let put = |bytes: usize| Request::new("PUT", &webauthn).json(vec![b' '; bytes]);
    let long = |length: usize| format!("{list}&x={}", "x".repeat(length));
    let table = [
        bad("a body of 64 KiB and a byte", put(65 * 1024).bearer(token), 413, "65536 bytes"),
        bad("2 MB", put(2_000_000).bearer(token), 413, "65536 bytes"),
        bad("2 MB without a token", put(2_000_000), 413, "65536 bytes"),
        bad(
            "2 MB of a message",
            Request::new("POST", REFRESH).json(vec![b'x'; 2_000_000]),
            413,
            "65536 bytes",
        ),
        bad("a target of 9,000 bytes", Request::get(&long(9_000)).bearer(token), 414, "8192 bytes"),
        bad(
            "a target of 60,000 bytes",
            Request::get(&long(60_000)).bearer(token),
            414,
            "8192 bytes",
        ),
        bad(
            "a realm of 5,000",
            Request::get(&format!("/json/realms/{}", "x".repeat(5_000))),
            404,
            "not found",
        ),
        bad(
            "17 KiB of headers",
            Request::get(&list).bearer(token).header("X-Large", &"x".repeat(17 * 1024)),
            431,
            "headers are too large",
        ),
    ];
    watched.refuses_all(&table);
    // The library below refuses these, without a body; what counts is that it does.
    let headers = (0..400)
        .fold(Request::get(&list), |request, number| request.header(&format!("X-{number}"), "x"));
    let below = [
        (Request::get(&long(70_000)), 414),
        (Request::get(&list).header("X-Large", &"x".repeat(100 * 1024)), 431),
        (headers, 431),
    ];
    for (request, status) in below {
        watched.server.ask(&request).expect(status);
        watched.assert_untouched();
    }
    // The largest that is read.
    let body = json!({"deviceName": "New Security Key", "x": "x".repeat(65_000)});
    watched.server.ask(&Request::put(&webauthn, &body).bearer(token)).expect(200);
    watched.server.ask(&Request::get(&long(8_000)).bearer(token)).expect(200);
    watched.end();
}

#[test]
fn not_http() {
    let watched = Watched::new();
    let target = alpha_list(USER, "2fa/oath");
    let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n");
    let post =
        format!("POST {REFRESH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    let malformed = [
        "garbage\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        format!("GET {target}\r\n\r\n"),
        format!("GET {target} HTTP/9.9\r\n\r\n"),
        format!("{head}no colon\r\n\r\n"),
        format!("{head}X: a\0b\r\n\r\n"),
        format!("{head} folded\r\n\r\n"),
        format!("{post}Content-Length: +2\r\n\r\n{{}}"),
        format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"),
        format!("{post}Content-Length: x\r\n\r\n{{}}"),
        format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!(
            "{post}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"
        ),
    ];
    for request in malformed {
        eprintln!("{request:?}");
        watched.server.ask_raw(request.as_bytes()).expect(400);
        watched.assert_untouched();
    }
    watched.end();
}

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
