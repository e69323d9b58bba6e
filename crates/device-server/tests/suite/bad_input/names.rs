//! Device names that are unusual, and names all the same.

use serde_json::json;

use crate::http::Request;
use crate::place::Place;
use crate::server::alpha;
use crate::users::{DEVICE, USER};

#[test]
fn names_that_are_kept_as_given() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.user("/alpha", USER);
    let longest = "\u{1f511}".repeat(255);
    for name in [
        "Work Laptop",
        " leading and trailing ",
        "Büro \u{1f511} مفتاح",
        "\"quoted\" \\ </script>",
        &longest,
        "New Security Key",
    ] {
        let target = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
        let answer = server
            .ask(&Request::put(&target, &json!({"deviceName": name})).bearer(&token))
            .expect(200);
        assert_eq!(answer.json()["deviceName"], name);
        let list = server.list(&token, USER, "2fa/webauthn").json();
        assert_eq!(list["result"][0]["deviceName"], name);
    }
    // Both devices may have the same name.
    let binding = alpha(USER, &format!("2fa/binding/{DEVICE}"));
    server
        .ask(&Request::put(&binding, &json!({"deviceName": "New Security Key"})).bearer(&token))
        .expect(200);
}
