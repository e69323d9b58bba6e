//! The vendor's SDKs for Android and iOS, old and new, as requests on the wire: what each sends, and what each must find in the answers to go on.
//!
//! Source: `clients.md` 1 and 2, which were read from the SDKs' own code.

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::jws::{refresh_with, sign};
use crate::place::Place;
use crate::server::Server;
use crate::users::{PHONE, USER};

/// The name of the token's header, of the random kind that Advanced Identity Cloud makes.
const SSO_NAME: &str = "5421aeddf91aa20";

/// One of the SDKs.
#[derive(Debug, Clone, Copy)]
struct Client {
    name: &'static str,
    /// What stands before `/json`.
    base: &'static str,
    /// The realm as it stands in URLs.
    realm: &'static str,
    /// Headers of every request, but for the token and the version.
    headers: &'static [(&'static str, &'static str)],
    version_header: &'static str,
    session_version: &'static str,
    /// Whether GET, DELETE and the question for the session carry a content type.
    always_json: bool,
    /// Whether a PUT says `If-Match: *`.
    if_match: bool,
    /// What a listed date becomes in the body of a PUT.
    date: fn(u64) -> Value,
    /// Members of its own in the body of a PUT, for devices and for profiles.
    device_extra: fn() -> Value,
    profile_extra: fn() -> Value,
    refresh: Refresh,
}

/// How it says that its push token has changed.
#[derive(Debug, Clone, Copy)]
struct Refresh {
    content_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    jwt_header: &'static str,
    claims: fn(&str) -> Value,
    /// The member that names the user.
    user_member: &'static str,
    push_token: &'static str,
}

const CLIENTS: [Client; 4] = [
    Client {
        name: "Android, old",
        base: "/openam",
        realm: "root%2Frealms%2Falpha",
        headers: &[
            ("x-requested-with", "forgerock-sdk"),
            ("x-requested-platform", "android"),
            ("User-Agent", "okhttp/4.12.0"),
            ("Accept-Encoding", "gzip"),
        ],
        version_header: "Accept-API-Version",
        session_version: "resource=2.1, protocol=1.0",
        always_json: true,
        if_match: false,
        date: |date| json!(date),
        device_extra: || json!({"type": "org.forgerock.android.auth.selfservice.BoundDevice", "urlSuffix": "devices/2fa/binding"}),
        profile_extra: || json!({"type": "org.forgerock.android.auth.selfservice.ProfileDevice", "urlSuffix": "devices/profile", "location": null}),
        refresh: Refresh {
            content_type: "application/json; charset=utf-8",
            headers: &[("x-requested-with", "forgerock-sdk"), ("x-requested-platform", "android")],
            jwt_header: r#"{"typ":"JWT","alg":"HS256"}"#,
            claims: |token| json!({"deviceId": token, "deviceName": "Pixel 9", "deviceType": "android", "communicationType": "gcm"}),
            user_member: "username",
            push_token: "eXaMpLe0TiKeN:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ-hQMRKRrZuJAEcl7B338qju59zJMjw2DELjzEvxwYv7hH5Ynpc1ODQ0aT4U4OFEeco8ohsN5PjL1iC2dNtk2BAokeMCg2ZXKqpc8FXKmhX94kIxQ",
        },
    },
    Client {
        name: "Android, new",
        base: "/am",
        realm: "alpha",
        headers: &[
            ("x-requested-with", "ping-sdk"),
            ("x-requested-platform", "android"),
            ("Accept", "application/json"),
            ("Accept-Charset", "UTF-8"),
        ],
        version_header: "Accept-API-Version",
        session_version: "resource=2.1, protocol=1.0",
        always_json: true,
        if_match: true,
        date: |date| json!(date),
        device_extra: || json!({}),
        profile_extra: || json!({}),
        refresh: Refresh {
            content_type: "application/json",
            headers: &[("x-requested-with", "ping-sdk")],
            jwt_header: r#"{"alg":"HS256","typ":"JWT"}"#,
            claims: |token| json!({"deviceId": token, "deviceName": "Pixel 9", "deviceType": "android", "communicationType": "gcm"}),
            user_member: "username",
            push_token: "dNeWtOkEn:APA91bE-other-one",
        },
    },
    Client {
        name: "iOS, old",
        base: "",
        realm: "root/realms/alpha",
        headers: &[
            ("x-requested-with", "forgerock-sdk"),
            ("x-requested-platform", "ios"),
            ("Accept", "application/json"),
        ],
        version_header: "accept-api-version",
        session_version: "resource=2.1",
        always_json: true,
        if_match: false,
        // A double, written without a fraction where it has none.
        date: |date| json!(date as f64),
        device_extra: || json!({}),
        profile_extra: || json!({"location": {"latitude": 51.45, "longitude": -2.58}}),
        refresh: Refresh {
            content_type: "application/json",
            headers: &[
                ("Accept", "application/json"),
                ("Set-Cookie", "amlbcookie=01"),
                ("x-requested-with", "forgerock-sdk"),
            ],
            jwt_header: r#"{"alg":"HS256","typ":"JWT"}"#,
            claims: |token| json!({"mechanismUid": PHONE.mechanism_uid, "deviceId": token, "deviceName": "iPhone", "deviceType": "ios", "communicationType": "apns"}),
            user_member: "username",
            push_token: "8D1D1AA12F8F47A2B53B3F4D0B4C6E7F8D1D1AA12F8F47A2B53B3F4D0B4C6E7F",
        },
    },
    Client {
        name: "iOS, new",
        base: "/am",
        realm: "alpha",
        headers: &[],
        version_header: "Accept-API-Version",
        session_version: "resource=2.1",
        always_json: false,
        if_match: false,
        // Divided by a thousand and multiplied again.
        date: |date| json!(date as f64 / 1000.0 * 1000.0 + 0.0002),
        device_extra: || json!({}),
        profile_extra: || json!({}),
        refresh: Refresh {
            content_type: "application/json",
            headers: &[],
            jwt_header: r#"{"typ":"JWT","alg":"HS256"}"#,
            claims: |token| json!({"deviceId": token, "deviceName": "iPhone", "deviceType": "ios", "communicationType": "apns"}),
            user_member: "userId",
            push_token: "0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F9",
        },
    },
];

impl Client {
    fn request(&self, method: &str, path: &str, token: &str, version: &str) -> Request {
        let target = format!("{}/json/realms/{}/{path}", self.base, self.realm);
        let request = Request::new(method, &target).header(SSO_NAME, token);
        let request =
            self.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = request.header(self.version_header, version);
        match self.always_json || method == "PUT" {
            true => request.header("Content-Type", "application/json"),
            false => request,
        }
    }

    /// Whose devices these are: every mobile SDK asks that first.
    fn user_id(&self, server: &Server, token: &str) -> String {
        let path = "sessions?_action=getSessionInfo";
        let answer =
            server.ask(&self.request("POST", path, token, self.session_version)).expect(200);
        let session = answer.json();
        for member in [
            "username",
            "universalId",
            "realm",
            "latestAccessTime",
            "maxIdleExpirationTime",
            "maxSessionExpirationTime",
        ] {
            assert!(session[member].is_string(), "{}: {member} in {session}", self.name);
        }
        assert_eq!(session["realm"], "/alpha", "{}", self.name);
        session["username"].as_str().unwrap().to_owned()
    }

    fn device(
        &self,
        method: &str,
        user_id: &str,
        collection: &str,
        id: &str,
        token: &str,
    ) -> Request {
        let path = format!("users/{user_id}/devices/{collection}/{id}");
        self.request(method, &path, token, "resource=1.0")
    }

    fn list(&self, server: &Server, user_id: &str, collection: &str, token: &str) -> Vec<Value> {
        let path = format!("users/{user_id}/devices/{collection}?_queryFilter=true");
        let answer = server.ask(&self.request("GET", &path, token, "resource=1.0")).expect(200);
        answer.json()["result"].as_array().unwrap().clone()
    }

    /// The body of its PUT: the listed device as its model has it, with a new name.
    fn renamed(&self, entry: &Value, collection: &str, new_name: &str) -> Value {
        let (members, name_member, extra): (&[&str], _, _) = match collection {
            "profile" => (
                &["_id", "identifier", "metadata", "lastSelectedDate"],
                "alias",
                (self.profile_extra)(),
            ),
            "2fa/webauthn" => {
                (&["_id", "credentialId", "uuid"], "deviceName", (self.device_extra)())
            }
            "2fa/binding" => (&["_id", "deviceId", "uuid"], "deviceName", (self.device_extra)()),
            _ => (&["_id", "uuid"], "deviceName", (self.device_extra)()),
        };
        let mut body = extra;
        for member in members {
            body[member] = entry[member].clone();
        }
        if collection != "profile" {
            for member in ["createdDate", "lastAccessDate"] {
                body[member] = (self.date)(entry[member].as_u64().unwrap());
            }
        }
        body[name_member] = new_name.into();
        body
    }
}

/// What the models of all four need of an entry, or the whole list is lost to them.
fn assert_decodes(client: &Client, collection: &str, entry: &Value) {
    let (texts, numbers): (&[&str], &[&str]) = match collection {
        "profile" => (&["_id", "alias", "identifier"], &["lastSelectedDate"]),
        "2fa/webauthn" => {
            (&["_id", "deviceName", "uuid", "credentialId"], &["createdDate", "lastAccessDate"])
        }
        "2fa/binding" => {
            (&["_id", "deviceName", "uuid", "deviceId"], &["createdDate", "lastAccessDate"])
        }
        _ => (&["_id", "deviceName", "uuid"], &["createdDate", "lastAccessDate"]),
    };
    assert!(texts.iter().all(|member| entry[member].is_string()), "{}: {entry}", client.name);
    assert!(numbers.iter().all(|member| entry[member].is_u64()), "{}: {entry}", client.name);
    assert!(collection != "profile" || entry["metadata"].is_object(), "{}: {entry}", client.name);
}

/// All of them take 200 with a JSON object for done.
fn assert_done(client: &Client, answer: Answer) -> Value {
    let done = answer.expect(200).json();
    assert!(done.is_object(), "{}: {done}", client.name);
    done
}

fn serve(place: &Place) -> Server {
    place.serve(&[("DEVREG_SSO_NAME", SSO_NAME), ("DEVREG_CONTEXTS", "am,openam")])
}

#[test]
fn each_lists_renames_and_deletes() {
    for client in &CLIENTS {
        let place = Place::with_users();
        let (server, token) = (serve(&place), place.user("/alpha", USER));
        let user_id = client.user_id(&server, &token);
        assert_eq!(user_id, USER);
        for (collection, can_rename) in [
            ("2fa/oath", false),
            ("2fa/push", false),
            ("2fa/webauthn", true),
            ("2fa/binding", true),
            ("profile", true),
        ] {
            let listed = client.list(&server, &user_id, collection, &token);
            let entry = listed.first().unwrap_or_else(|| panic!("{collection} is empty"));
            assert_decodes(client, collection, entry);
            let id = entry["_id"].as_str().unwrap();
            let body = client.renamed(entry, collection, "Renamed");
            let put = client.device("PUT", &user_id, collection, id, &token).body(body.to_string());
            let put = if client.if_match { put.header("If-Match", "*") } else { put };
            if can_rename {
                assert_done(client, server.ask(&put));
                let again = client.list(&server, &user_id, collection, &token);
                let name = if collection == "profile" { "alias" } else { "deviceName" };
                assert!(
                    again.iter().any(|entry| entry["_id"] == id && entry[name] == "Renamed"),
                    "{again:?}"
                );
            } else {
                // Offered by the new SDKs, refused by the vendor's documents.
                server.ask(&put).expect(501);
                assert_eq!(client.list(&server, &user_id, collection, &token), listed);
            }
            let delete = client.device("DELETE", &user_id, collection, id, &token);
            let deleted = assert_done(client, server.ask(&delete));
            assert_eq!(deleted["_id"], id);
            assert_eq!(client.list(&server, &user_id, collection, &token).len(), listed.len() - 1);
        }
        // Somebody else's, which shows as the error that the SDKs know.
        let foreign = client.device("DELETE", "scarter", "2fa/oath", "any", &token);
        server.ask(&foreign).expect_error(403, "User not permitted.");
        let nobody = client.request(
            "POST",
            "sessions?_action=getSessionInfo",
            "no-token",
            client.session_version,
        );
        server.ask(&nobody).expect_error(401, "Access Denied");
        server.stop();
    }
}

/// The addresses that phones hold, as the QR code of their registration gave them, or the documents.
#[test]
fn each_refreshes_at_the_address_it_got_at_registration() {
    for client in &CLIENTS {
        for path in [
            "/json/alpha/push/sns/message",
            "/json/realms/root/realms/alpha/push/sns/message",
            "/json/realms/alpha/push/sns/message",
        ] {
            let place = Place::with_users();
            let server = serve(&place);
            let form = client.refresh;
            let claims = (form.claims)(form.push_token);
            let mut body =
                refresh_with(&PHONE, &sign(form.jwt_header, &claims.to_string(), PHONE.key));
            let username = body.as_object_mut().unwrap().remove("username").unwrap();
            body[form.user_member] = username;
            let target = format!("{}{path}?_action=refresh", client.base);
            let request = Request::new("POST", &target)
                .header("Content-Type", form.content_type)
                .header(client.version_header, "resource=1.0, protocol=1.0")
                .body(body.to_string());
            let request = form
                .headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name, value));
            assert_eq!(server.ask(&request).expect(200).body, "{}", "{}", client.name);
            server.stop();
            let export = place.export();
            let stored: Value = export
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .find(|user| user["username"] == USER)
                .unwrap();
            let device = &stored["devices"]["push"][0];
            for member in ["deviceId", "deviceName", "deviceType", "communicationType"] {
                assert_eq!(device[member], claims[member], "{}: {member}", client.name);
            }
        }
    }
}
