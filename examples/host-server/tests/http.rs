//! Drives the example over real HTTP, as a browser and a phone would.
#![expect(clippy::unwrap_used, reason = "a test may panic, and so may what it is made of")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use device_registry::{Policy, Registry};
use device_store::MemoryStore;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// The server on a free port, as long as the test's runtime lives.
async fn start() -> SocketAddr {
    let policy = Policy { rename_oath_push: true, ..Policy::default() };
    let registry = Arc::new(Registry::new(MemoryStore::default(), policy));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, host_server::routes(registry)).await });
    address
}

/// One request on a connection of its own: status and body.
fn call(
    address: SocketAddr,
    user: Option<&str>,
    request: &str,
    content_type: &str,
    body: &str,
) -> (u16, String) {
    let mut connection = TcpStream::connect(address).unwrap();
    let user = user.map(|user| format!("X-Logged-In-As: {user}\r\n")).unwrap_or_default();
    write!(
        connection,
        "{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {content_type}\r\n{user}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A refresh message of bjensen's phone, as an authenticator app signs it.
fn refresh_message(token: &str, key: &[u8]) -> String {
    let claims =
        json!({"deviceId": token, "deviceType": "android", "communicationType": "gcm"}).to_string();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    json!({"mechanismUid": "m-1", "username": "BJensen", "jwt": format!("{signed}.{signature}")})
        .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_phone() {
    let address = start().await;
    let me = Some("bjensen");
    let text = |user: Option<&str>, request: &str, body: &str| {
        call(address, user, request, "text/plain", body)
    };
    let json = |request: &str, body: &str| call(address, None, request, "application/json", body);

    // Registered at the end of a journey, then seen on the page "my devices".
    let profile = json!({"deviceName": "Phone", "deviceMechanismUID": "m-1", "sharedSecret": STANDARD.encode(KEY),
        "deviceId": "token-1", "recoveryCodes": ["code-1", "code-2"]});
    let (status, body) = text(me, "POST /registrations/push", &profile.to_string());
    assert_eq!(status, 201, "{body}");
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    let (status, body) = text(me, "GET /me/devices/push", "");
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()[0]["name"], "Phone");
    assert!(!body.contains("code-1") && !body.contains("token-1"), "no secrets in {body}");

    // Nobody else sees it, and nobody without a session sees anything.
    assert_eq!(text(Some("scarter"), "GET /me/devices/push", ""), (200, "[]".to_owned()));
    assert_eq!(text(None, "GET /me/devices/push", "").0, 401);

    // The phone reports a new token; a message that was not signed with its key is refused.
    assert_eq!(json("POST /push/refresh", &refresh_message("token-2", KEY)).0, 204);
    assert_eq!(json("POST /push/refresh", &refresh_message("token-3", &[7; 32])).0, 400);
    assert_eq!(json("POST /push/refresh", "{}").0, 400);

    // The phone is lost: a recovery code opens the door, once.
    let login = |code| {
        let body = json!({"username": "bjensen", "kind": "push", "code": code}).to_string();
        json("POST /login/recovery-code", &body).0
    };
    assert_eq!([login("code-1"), login("code-1"), login("")], [204, 401, 401]);

    // Renamed, then deleted.
    let one = format!("/me/devices/push/{id}");
    let (status, body) = text(me, &format!("PUT {one}"), "Old phone");
    assert_eq!((status, body.contains("Old phone")), (200, true), "{body}");
    assert_eq!(text(me, &format!("PUT {one}"), " ").0, 400);
    assert_eq!(text(Some("scarter"), &format!("DELETE {one}"), "").0, 404);
    assert_eq!(text(me, &format!("DELETE {one}"), "").0, 204);
    assert_eq!(text(me, "GET /me/devices/push", "").1, "[]");
    assert_eq!(text(me, "GET /me/devices/toaster", "").0, 404);
}
