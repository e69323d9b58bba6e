//! Logs: one JSON object a line, with the request's id, without anything that would let a reader in.

use serde_json::{Value, json};

use crate::http::Request;
use crate::jws::{claims, refresh};
use crate::place::Place;
use crate::server::{REFRESH, alpha, alpha_list};
use crate::users::{CANARIES, DEVICE, MY_USER, OATH, PUSH, USER};

/// Everything that carries something a log must not, as an administrator.
fn requests(token: &str) -> Vec<Request> {
    let bearer = |request: Request| request.bearer(token);
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}"));
    let post = |rest: &str, body: Value| bearer(Request::post(&alpha(USER, rest), &body));
    let record_use = format!("2fa/oath/{OATH}?_action=recordUse");
    let new = json!({"uuid": "new", "credentialId": "x", "recoveryCodes": ["canary-code-new"], "sharedSecret": "CA4A27FF"});
    vec![
        bearer(Request::get(&alpha_list(USER, "2fa/oath"))),
        bearer(Request::put(&webauthn, &json!({"deviceName": "a-name-in-a-body"}))),
        bearer(Request::put(&webauthn, &json!({"deviceName": "a-name-in-a-body\n{\"forged\":1}"}))),
        bearer(Request::new("PUT", &webauthn).json("{\"deviceName\":\"canary-code-malformed")),
        post(&record_use, json!({"recoveryCode": "canary-code-oath-a-1"})),
        post(&record_use, json!({"recoveryCode": "canary-code-unknown"})),
        post(&record_use, json!({"recoveryCode": "canary-code-misused", "counter": 1})),
        post("2fa/webauthn?_action=create", new.clone()),
        post("2fa/webauthn?_action=create", new),
        post(
            "2fa/webauthn?_action=create",
            json!({"uuid": 1, "recoveryCodes": ["canary-code-refused"]}),
        ),
        Request::post(REFRESH, &refresh(&crate::users::PHONE, &claims("push-token-in-a-body"))),
        Request::post(
            REFRESH,
            &json!({"mechanismUid": "x", "username": USER, "jwt": "jwt-in-a-body"}),
        ),
        bearer(Request::delete(&alpha(USER, &format!("2fa/push/{PUSH}")))),
        post("2fa/oath?_action=reset", json!({"x": "canary-code-ignored"})),
        bearer(Request::delete(&alpha(MY_USER, "2fa/oath/a%0Ab"))),
        Request::get(&alpha_list("a%0A%7B%22forged%22:1%7D", "2fa/oath"))
            .header("Cookie", &format!("iPlanetDirectoryPro={token}")),
        Request::get(&alpha_list(USER, "2fa/oath")).bearer(&format!("{token}x")),
        Request::get(&format!("{}&access_token={token}", alpha_list(USER, "2fa/oath"))),
        Request::new("PUT", &webauthn).json(vec![b'x'; 100_000]).bearer(token),
    ]
}

#[test]
fn one_object_a_line_without_secrets() {
    for level in ["info", "debug", "trace"] {
        let place = Place::with_users();
        let server = place.serve(&[("DEVREG_LOG", level)]);
        let token = place.administrator("/alpha");
        let mut answered = Vec::new();
        for request in requests(&token) {
            let answer = server.ask(&request.header("User-Agent", "an-agent \"{}"));
            answered.push((answer.header("x-request-id").unwrap().to_owned(), answer.status));
        }
        server.stop();
        let log = place.log();
        let parse = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        let lines: Vec<Value> = log.lines().map(parse).collect();
        let logged: Vec<(String, u16)> = lines
            .iter()
            .filter(|line| line["message"] == "answered")
            .map(|line| {
                (
                    line["request_id"].as_str().unwrap().to_owned(),
                    serde_json::from_value(line["status"].clone()).unwrap(),
                )
            })
            .collect();
        assert_eq!(logged, answered);
        assert!(lines.iter().all(|line| line.get("forged").is_none()));
        assert!(lines.iter().any(|line| line["message"] == "stopped"), "{log}");
        let signature = token.rsplit_once('.').unwrap().1;
        let secrets = [
            signature,
            "a-name-in-a-body",
            "push-token-in-a-body",
            "jwt-in-a-body",
            "token-push-a-1",
        ];
        for secret in CANARIES.iter().chain(&secrets) {
            assert!(!log.contains(secret), "{level}: {secret}: {log}");
        }
    }
}

/// What a client calls its request is what the log calls it, if that is harmless.
#[test]
fn request_ids() {
    let place = Place::with_users();
    let server = place.serve(&[]);
    let list = || Request::get(&alpha_list(USER, "2fa/oath"));
    let id = |request: Request| server.ask(&request).header("x-request-id").unwrap().to_owned();
    for name in ["X-Request-Id", "X-ForgeRock-TransactionId"] {
        assert_eq!(id(list().header(name, "9f-client/1:a.b_c")), "9f-client/1:a.b_c");
        for bad in ["", "a b", "a\"b", "\u{e4}", "{}", &"x".repeat(129)] {
            assert_ne!(id(list().header(name, bad)), *bad);
        }
    }
    assert_ne!(id(list()), id(list()));
}
