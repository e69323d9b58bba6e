//! Cases 21 and 22: bodies that no reader may take for an object, and content types.

use crate::http::Request;
use crate::server::{REFRESH, alpha};
use crate::users::{DEVICE, USER};
use crate::watched::{Watched, bad};

pub(crate) const NOT_AN_OBJECT: &str = "The body is not a JSON object";

/// What no reader of JSON may take for `{"deviceName": "Changed"}`.
pub(crate) fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    const GOOD: &str = r#"{"deviceName":"Changed"}"#;
    let text = |text: String| text.into_bytes();
    let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_with_mark: Vec<u8> = [b"\xff\xfe".to_vec(), utf16.clone()].concat();
    vec![
        ("nothing", Vec::new()),
        ("blanks", b" \n".to_vec()),
        ("a cut object", b"{\"deviceName\":\"Chan".to_vec()),
        ("single quotes", b"{'deviceName':'Changed'}".to_vec()),
        ("a comment", b"{\"deviceName\":\"Changed\"/*x*/}".to_vec()),
        ("a comma too many", b"{\"deviceName\":\"Changed\",}".to_vec()),
        ("a raw line end", b"{\"deviceName\":\"Chan\nged\"}".to_vec()),
        ("an array", b"[{\"deviceName\":\"Changed\"}]".to_vec()),
        ("a string", b"\"Changed\"".to_vec()),
        ("a number", b"1".to_vec()),
        ("null", b"null".to_vec()),
        ("trailing data", text(format!("{GOOD}x"))),
        ("a second object", text(format!("{GOOD}{GOOD}"))),
        ("a trailing NUL", text(format!("{GOOD}\0"))),
        (
            "20,000 levels",
            text(format!(
                "{{\"deviceName\":\"Changed\",\"x\":{}{}}}",
                "[".repeat(20_000),
                "]".repeat(20_000)
            )),
        ),
        ("20,000 levels, open", text("{\"a\":".repeat(10_000) + &"[".repeat(10_000))),
        ("a number that is none", br#"{"deviceName":"Changed","x":10e999999}"#.to_vec()),
        ("bad UTF-8", b"{\"deviceName\":\"Chan\xffged\"}".to_vec()),
        ("an overlong form", b"{\"deviceName\":\"Chan\xc0\xafged\"}".to_vec()),
        ("a surrogate in UTF-8", b"{\"deviceName\":\"Chan\xed\xa0\x80ged\"}".to_vec()),
        ("UTF-16", utf16),
        ("UTF-16 with its mark", utf16_with_mark),
        ("a byte order mark", text(format!("\u{feff}{GOOD}"))),
    ]
}

/// Deep, endless, in another encoding, too large: refused, and the server goes on.
#[test]
fn case_21_bodies_that_are_none() {
    let watched = Watched::new();
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let put = |body: &[u8]| Request::new("PUT", &target).json(body);
    for (what, body) in malformed() {
        let rename = put(&body).bearer(&watched.administrator);
        watched.refuses(&bad(what, rename, 400, NOT_AN_OBJECT));
        let refresh = Request::new("POST", REFRESH).json(&body);
        watched.refuses(&bad(what, refresh, 400, "Bad request."));
    }
    let large = vec![b' '; 2_000_000];
    let of_phone = Request::new("POST", REFRESH).json(&large);
    for request in [put(&large).bearer(&watched.administrator), put(&large), of_phone] {
        watched.refuses(&bad("2 MB", request, 413, "65536 bytes"));
    }
    watched.end();
}

#[test]
fn case_22_content_types() {
    let watched = Watched::new();
    let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let put = || {
        Request::new("PUT", &target)
            .body(r#"{"deviceName":"Changed"}"#)
            .bearer(&watched.administrator)
    };
    let reset = || {
        Request::new("POST", &alpha(USER, "2fa/oath?_action=reset"))
            .body("{}")
            .bearer(&watched.administrator)
    };
    let delete = || Request::delete(&target).bearer(&watched.administrator);
    const MESSAGE: &str = "The content type must be application/json";
    let mut table = vec![
        bad("PUT without one", put(), 400, MESSAGE),
        bad(
            "two",
            put()
                .header("Content-Type", "application/json")
                .header("Content-Type", "application/json"),
            400,
            "`content-type` is given twice",
        ),
    ];
    let wrong = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
        "application/merge-patch+json",
        "json",
        "",
    ];
    for content_type in wrong {
        for request in [put(), reset(), delete()] {
            let request = request.header("Content-Type", content_type);
            table.push(bad(format!("`{content_type}`"), request, 400, MESSAGE));
        }
    }
    watched.refuses_all(&table);
    // Reading has no body, and clients send any type with it.
    let list =
        Request::get(&alpha(USER, "2fa/oath?_queryFilter=true")).bearer(&watched.administrator);
    watched.server.ask(&list.header("Content-Type", "text/plain")).expect(200);
    watched.end();
}
