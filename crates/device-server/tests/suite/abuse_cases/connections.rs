//! Cases 40, 41 and 43: what is no HTTP, what is too large, and methods that there are not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

use crate::http::Request;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{DEVICE, USER};
use crate::watched::{Watched, bad};

/// How long a server may leave a connection open that it should close.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(30);

/// One answer, and the end of the connection: whatever follows is not taken for a request.
#[test]
fn case_40_what_is_no_http() {
    let watched = Watched::new();
    let target = alpha_list(USER, "2fa/oath");
    let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n");
    let post =
        format!("POST {REFRESH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let next = format!(
        "DELETE {device} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        watched.administrator
    );
    for malformed in [
        "garbage\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        format!("GET {target}\r\n\r\n"),
        format!("GET {target} HTTP/9.9\r\n\r\n"),
        format!("{head}no colon\r\n\r\n"),
        format!("{head}X: a\0b\r\n\r\n"),
        format!("{head}X: a\r\n folded\r\n\r\n"),
        format!("{head} folded\r\n\r\n"),
        format!("{head}X : a\r\n\r\n"),
        format!("{post}Content-Length: +2\r\n\r\n{{}}"),
        format!("{post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"),
        format!("{post}Content-Length: x\r\n\r\n{{}}"),
        format!("{post}Content-Length: 2, 3\r\n\r\n{{}}"),
        format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}xx0\r\n\r\n"),
        format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        format!("{head}X: a\rb\r\n\r\n"),
    ] {
        eprintln!("{malformed:?}");
        let answers = everything(&watched, &format!("{malformed}{next}"));
        assert!(answers.starts_with("HTTP/1.1 400 "), "{answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        watched.assert_untouched();
    }
    // Two lengths of one body: the library takes the chunks, as RFC 9112 6.3 says, and what follows is read by nobody. The name is what it is already.
    let rename = next.replacen("DELETE", "PUT", 1).replace("Connection: close\r\n\r\n", "");
    let rename = format!("{rename}Content-Type: application/json\r\n");
    let body = json!({"deviceName": "New Security Key"}).to_string();
    let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for (first, second) in [
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
    ] {
        let both = format!("{rename}{first}\r\n{second}\r\n\r\n{chunks}");
        let answers = everything(&watched, &format!("{both}{next}"));
        assert!(answers.starts_with("HTTP/1.1 200 "), "{answers}");
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        watched.assert_untouched();
    }
    // A line feed alone ends a line of a head, as RFC 9112 2.2 allows: it hides no header, and ends no header that goes on.
    let hidden = format!("{head}X: a\nAuthorization: Bearer no-token\r\nConnection: close\r\n\r\n");
    let answers = everything(&watched, &hidden);
    assert!(answers.contains("error=\"invalid_token\""), "{answers}");
    watched.end();
}

/// Sends bytes and reads until the server closes, which it must.
fn everything(watched: &Watched, bytes: &str) -> String {
    let mut stream = TcpStream::connect(watched.server.address).unwrap();
    stream.set_read_timeout(Some(CLOSE_TIME_MAX)).unwrap();
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes.as_bytes());
    let mut answers = Vec::new();
    match stream.read_to_end(&mut answers) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
            panic!("the server does not close: {error}")
        }
        _ => String::from_utf8_lossy(&answers).into_owned(),
    }
}

#[test]
fn case_41_too_large() {
    let watched = Watched::new();
    let token = &watched.administrator;
    let list = alpha_list(USER, "2fa/oath");
    let long = |length: usize| format!("{list}&x={}", "x".repeat(length));
    for length in [9_000, 60_000] {
        let request = Request::get(&long(length)).bearer(token);
        watched.refuses(&bad(format!("{length} bytes"), request, 414, "8192 bytes"));
    }
    let large = Request::get(&list).bearer(token).header("X-Large", &"x".repeat(17 * 1024));
    watched.refuses(&bad("17 KiB of headers", large, 431, "headers are too large"));
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let body = Request::new("PUT", &webauthn).json([b' '; 64 * 1024 + 1]).bearer(token);
    watched.refuses(&bad("a body of 64 KiB and a byte", body, 413, "65536 bytes"));
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
    // The largest that is read; the name is what it is already.
    watched.server.ask(&Request::get(&long(8_000)).bearer(token)).expect(200);
    let body = json!({"deviceName": "New Security Key", "x": "x".repeat(65_000)});
    watched.server.ask(&Request::put(&webauthn, &body).bearer(token)).expect(200);
    watched.ends_as(ToOwned::to_owned);
}

#[test]
fn case_43_methods_that_there_are_not() {
    let watched = Watched::new();
    let token = &watched.administrator;
    for target in [
        alpha(USER, "2fa/webauthn"),
        alpha(USER, &format!("2fa/webauthn/{DEVICE}")),
        REFRESH.replace("?_action=refresh", ""),
    ] {
        for method in ["TRACE", "PATCH", "FOO", "OPTIONS", "get", "PROPFIND", "CONNECT"] {
            let request = Request::new(method, &target).bearer(token);
            let what = format!("{method} {target}");
            watched.refuses(&bad(what, request, 501, "Operation is not supported."));
        }
    }
    // A tunnel to somewhere else.
    let tunnel = Request::new("CONNECT", "example.com:443").bearer(token);
    watched.server.ask(&tunnel).expect(400);
    watched.end();
}
