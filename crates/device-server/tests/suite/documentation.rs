//! The OpenAPI document, and the page that shows it in a real browser.

use std::process::Command;

use serde_json::{Value, json};

use crate::http::Request;
use crate::place::{Ended, Place};
use crate::tools::has;
use crate::users::{DEVICE, USER};

const CHECKED_IN: &str = include_str!("../../../../docs/openapi.json");

fn document() -> Value {
    serde_json::from_str(CHECKED_IN).unwrap()
}

/// Path, method and operation of everything in the document.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let methods = paths.flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    methods.collect()
}

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let place = Place::empty();
    let server = place.serve(&[]);
    let answer = server.ask(&Request::get("/openapi.json")).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json;charset=UTF-8"));
    assert_eq!(
        answer.body, CHECKED_IN,
        "the wire has changed: look at the difference, then `curl -s http://127.0.0.1:8080/openapi.json > docs/openapi.json` of a running server"
    );
    server.stop();
}

/// Each operation is asked for once as it is described, with each of its actions: the answer has a status that is described, and no operation is described that is not there.
#[test]
fn what_is_described_is_answered() {
    let document = document();
    let mut asked = 0;
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap();
        let place = Place::with_users();
        let server =
            place.serve(&[("DEVREG_COMPATIBILITY", "am"), ("DEVREG_RENAME_OATH_PUSH", "true")]);
        let administrator = place.administrator("/alpha");
        let parameters = operation["parameters"].as_array().unwrap();
        let action = parameters.iter().find(|parameter| parameter["name"] == "_action");
        let actions: Vec<Option<&str>> = match action {
            Some(action) => {
                action["schema"]["enum"].as_array().unwrap().iter().map(Value::as_str).collect()
            }
            None => vec![None],
        };
        for action in actions {
            let path = path
                .replace("{realm}", "alpha")
                .replace("{user}", USER)
                .replace("{device}", DEVICE);
            let query = match (action, id.starts_with("list")) {
                (Some(action), _) => format!("?_action={action}"),
                (None, true) => "?_queryFilter=true".to_owned(),
                (None, false) => String::new(),
            };
            let body = match action {
                Some("skip") => json!({"value": true}),
                Some("create") => {
                    json!({"identifier": "new", "deviceId": "new", "credentialId": "new", "sharedSecret": "CA4A27AA00000000000000000000000000000001"})
                }
                None if method == "put" => {
                    json!({"deviceName": "new", "alias": "new", "name": "new"})
                }
                _ => json!({}),
            };
            let target = format!("/am{path}{query}");
            let request = Request::new(&method.to_uppercase(), &target).bearer(&administrator);
            let request = if method == "get" { request } else { request.json(body.to_string()) };
            let status = server.ask(&request).status;
            let described = operation["responses"].as_object().unwrap();
            assert!(described.contains_key(&status.to_string()), "{id} {action:?}: {status}");
            // It is there, even if this user has no such device, this device no such use, or no phone has signed.
            let done = matches!(status, 200 | 201 | 409)
                || matches!((id, status), ("refresh", 400))
                || status == 404;
            let refused_by_design = id == "renameTrusted" && status == 501;
            assert!(done || refused_by_design, "{id} {action:?}: {status}");
            asked += 1;
        }
        server.stop();
    }
    assert!(asked > 40, "{asked}");
}

/// No token is needed to read what there is, and nothing is to be had from anywhere else.
#[test]
fn the_page_works_in_a_browser_that_may_ask_nobody_else() {
    if !has("chromium") {
        return;
    }
    let place = Place::empty();
    let server = place.serve(&[]);
    let mut browser = Command::new("chromium");
    browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
        .arg(format!("--user-data-dir={}", place.path("browser").display()))
        .arg(format!("http://{}/docs/", server.address));
    let shown = Ended::of(browser.output().unwrap());
    let complaints: Vec<&str> =
        shown.stderr.lines().filter(|line| line.contains(":CONSOLE")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let document = document();
    for (path, _, _) in operations(&document) {
        // A path is broken into parts, with places where a line may end between them.
        let last = path.rsplit('/').next().unwrap();
        assert!(shown.stdout.contains(last), "{path} is not on the page");
    }
    assert_eq!(
        shown.stdout.matches("class=\"opblock-summary-method\"").count(),
        operations(&document).len()
    );
    server.stop();
}
