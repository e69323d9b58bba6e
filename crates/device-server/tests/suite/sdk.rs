//! The vendor's JavaScript SDK, as published, against the server: every operation of its device client, with its cookie and with a bearer token.

use serde_json::Value;

use crate::node;
use crate::place::Place;
use crate::users::USER;

/// What the SDK got from one operation.
#[derive(Debug)]
struct Step {
    name: String,
    answer: Value,
    error: Option<String>,
    requests: Vec<(String, u64)>,
}

fn step(line: &str) -> Step {
    let step: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let request = |request: &Value| {
        let method = request["method"].as_str().unwrap().to_owned();
        (method, request["status"].as_u64().unwrap())
    };
    Step {
        name: step["name"].as_str().unwrap().to_owned(),
        answer: step["answer"].clone(),
        error: step["error"].as_str().map(str::to_owned),
        requests: step["requests"].as_array().unwrap().iter().map(request).collect(),
    }
}

/// Kind, whether the SDK renames it, the member that is its name.
const KINDS: [(&str, Option<&str>); 5] = [
    ("oath", None),
    ("push", None),
    ("webAuthn", Some("deviceName")),
    ("bound", Some("deviceName")),
    ("profile", Some("alias")),
];

fn check(steps: &mut impl Iterator<Item = Step>, carrier: &str) {
    let mut expect = |name: String, method: &str| {
        let step = steps.next().unwrap_or_else(|| panic!("`{name}` was not done"));
        assert_eq!(step.name, name);
        assert_eq!(step.requests, [(method.to_owned(), 200)], "{step:?}");
        step
    };
    for (kind, name_member) in KINDS {
        let listed = expect(format!("{kind}.get"), "GET");
        assert_eq!(listed.error, None);
        let devices = listed.answer.as_array().unwrap().len();
        assert!(devices > 0, "{kind}");
        if let Some(member) = name_member {
            let renamed = expect(format!("{kind}.update"), "PUT");
            let new_name = format!("Renamed by {carrier}");
            assert_eq!(renamed.error, None);
            assert_eq!(renamed.answer[member], *new_name, "{kind}");
            let again = expect(format!("{kind}.get"), "GET").answer;
            assert_eq!(again[0][member], *new_name, "{kind}");
            assert_ne!(again[0]["_rev"], listed.answer[0]["_rev"], "{kind}");
        }
        let deleted = expect(format!("{kind}.delete"), "DELETE");
        // It looks for a list in the answer that the vendor documents as the deleted device, and reports an error for lack of one.
        let misread = (kind == "bound").then(|| "response did not contain data".to_owned());
        assert_eq!(deleted.error, misread, "{kind}");
        if kind != "bound" {
            assert_eq!(deleted.answer["_id"], listed.answer[0]["_id"], "{kind}");
        }
        let left = expect(format!("{kind}.get"), "GET").answer;
        assert_eq!(left.as_array().unwrap().len(), devices - 1, "{kind}");
    }
    assert!(steps.next().is_none());
}

#[test]
fn every_operation_of_the_device_client_works_with_its_cookie_and_with_a_bearer_token() {
    let Some(node) = node::with_packages("sdk") else { return };
    for carrier in ["cookie", "bearer"] {
        // The two spellings that its own examples use; with the second one it writes `root` twice.
        for realm_path in ["alpha", "root/realms/alpha"] {
            let place = Place::with_users();
            let server = place.serve(&[]);
            let token = place.user("/alpha", USER);
            let base = format!("http://{}/am/", server.address);
            let printed = node.run("drive.mjs", &[&base, realm_path, USER, carrier, &token]).done();
            check(&mut printed.lines().map(step), carrier);
            server.stop();
        }
    }
}
