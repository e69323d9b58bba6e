//! The three requests, as `devreg-load` sends them and demands to be answered.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use device_server::signing_key::{SigningKey, Subject};
use devreg_benches::messages::signed;
use devreg_benches::population::{
    DEVICES, mechanism, profile, realm, signing_key, token, username,
};
use devreg_rivals::engines::Sqlite;
use devreg_rivals::group::Group;
use devreg_rivals::server::router;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Status and body.
async fn ask(router: &Router, method: &str, path: &str, caller: &str, body: &[u8]) -> (u16, Value) {
    let mut request =
        Request::builder().method(method).uri(format!("/json/realms/root/realms/alpha/{path}"));
    if !caller.is_empty() {
        request = request.header("Authorization", format!("Bearer {caller}"));
    }
    let request = request.body(Body::from(body.to_vec())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn phones_are_enrolled_listed_and_refreshed() {
    let folder = tempfile::tempdir().unwrap();
    let sign = |key: &SigningKey, subject| {
        key.sign(&realm(), &subject, &[], Duration::from_secs(60)).unwrap()
    };
    let key = SigningKey::open_or_create(folder.path()).unwrap();
    let administrator = sign(&key, Subject::Administrator);
    let user = |number| Subject::User((&username(number)).into());
    let (own, foreign) = (sign(&key, user(1)), sign(&key, user(2)));
    let router = router(Group::start(Sqlite::open(folder.path()).unwrap(), 8).unwrap(), key);

    let collection = format!("users/{}/devices/2fa/push", username(1));
    let create = format!("{collection}?_action=create&_onLimit=replace");
    // Twice: devreg-load stores its users over those of an earlier run.
    for device in (0..DEVICES).chain(0..DEVICES) {
        let body = profile(1, device);
        let (status, _) = ask(&router, "POST", &create, &administrator, body.as_bytes()).await;
        assert_eq!(status, 201);
    }
    let (status, _) = ask(&router, "POST", &create, &own, profile(1, 0).as_bytes()).await;
    assert_eq!(status, 403, "administrators enrol");

    let list = format!("{collection}?_queryFilter=true");
    for caller in [&administrator, &own] {
        let (status, listed) = ask(&router, "GET", &list, caller, b"").await;
        assert_eq!((status, &listed["resultCount"]), (200, &3.into()));
        assert_eq!(listed["result"][2]["deviceName"], "Phone 2");
    }
    assert_eq!(ask(&router, "GET", &list, &foreign, b"").await.0, 403);
    assert_eq!(ask(&router, "GET", &list, "", b"").await.0, 401);
    assert_eq!(ask(&router, "GET", &list, "x.y.z", b"").await.0, 401);

    let message = |serial, key: &[u8; 32]| {
        signed(username(1).as_str(), &mechanism(1, 2), &token(1, serial), key)
    };
    let refresh = "push/sns/message?_action=refresh";
    for serial in 1..4 {
        let body = message(serial, &signing_key(1, 2));
        let answer = ask(&router, "POST", refresh, "", &body).await;
        assert_eq!(answer, (200, serde_json::json!({})));
    }
    let forged = message(9, &signing_key(1, 1));
    assert_eq!(ask(&router, "POST", refresh, "", &forged).await.0, 400);
    let replayed = message(2, &signing_key(1, 2));
    assert_eq!(ask(&router, "POST", refresh, "", &replayed).await.0, 400);
}
