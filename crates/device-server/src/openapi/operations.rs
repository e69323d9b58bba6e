//! Paths and what can be done at each.

use device_core::kind::{KindRow, Support, TABLE};
use serde_json::{Map, Value, json};

use super::parameters::{COMMON, LIST, of_kind, reference as parameter};
use super::responses::{body, of};
use super::schemas::{name, reference as schema};

const USER: &str = "/json/realms/{realm}/users/{user}/devices";

/// One tag a kind, and one for phones and sessions.
pub(super) fn tags() -> Value {
    let kinds = TABLE.iter().map(|row| json!({ "name": row.name, "description": format!("Devices of the kind {}", row.name) }));
    kinds
        .chain([
            json!({ "name": "phones", "description": "What phones ask by themselves" }),
            json!({ "name": "users", "description": "All kinds at once" }),
        ])
        .collect()
}

/// All paths.
pub(super) fn paths() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for row in &TABLE {
        paths.insert(format!("{USER}/{}", row.collection), collection(row));
        paths.insert(format!("{USER}/{}/{{device}}", row.collection), instance(row));
    }
    paths.insert(USER.to_owned(), user());
    paths.insert("/json/realms/{realm}/push/sns/message".to_owned(), push_message());
    paths.insert("/json/realms/{realm}/sessions".to_owned(), sessions());
    Value::Object(paths)
}

fn parameters<'a>(of_path: &[&'a str], own: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    of_path.iter().copied().chain(COMMON).chain(own).map(parameter).collect()
}

fn with<const N: usize>(mut parameters: Vec<Value>, more: [Value; N]) -> Vec<Value> {
    parameters.extend(more);
    parameters
}

/// The parameter `_action`, which must be one of these.
fn action(names: &[&str]) -> Value {
    json!({ "name": "_action", "in": "query", "required": true, "schema": { "type": "string", "enum": names }, "example": names[0] })
}

fn request_body(schemas: &[Value], required: bool) -> Value {
    let schema = match schemas {
        [one] => one.clone(),
        several => json!({ "anyOf": several }),
    };
    json!({ "required": required, "content": { "application/json": { "schema": schema } } })
}

fn collection(row: &KindRow) -> Value {
    let get = json!({
        "operationId": format!("list{}", name(row, "")), "tags": [row.name],
        "summary": format!("List a user's {} devices", row.name),
        "description": "Either `_queryFilter` or `_queryId` must be given. Of a user nobody has stored the list is empty.",
        "parameters": with(parameters(&["realm", "user"], LIST), [of_kind(row, "fields"), of_kind(row, "sortKeys")]),
        "responses": of(&[("200", body("The devices", &schema(&name(row, "List")), true))], true, &["304", "412"]),
    });
    let mut actions = vec!["create"];
    let mut bodies = vec![schema(&name(row, "Draft"))];
    if row.reset != Support::No {
        actions.insert(0, "reset");
    }
    if row.skip {
        actions.extend(["skip", "check"]);
        bodies.push(schema("Skip"));
    }
    bodies.push(schema("Nothing"));
    let mut parameters = parameters(&["realm", "user"], ["ifMatch", "onLimit", "username"]);
    parameters.push(action(&actions));
    let done = json!({ "anyOf": [schema("Result"), schema("Empty")] });
    let post = json!({
        "operationId": format!("act{}", name(row, "")), "tags": [row.name],
        "summary": format!("Act on all {} devices of a user: {}", row.name, actions.join(", ")),
        "description": "`create` enrols the device in the body, for administrators; `_onLimit` and `username` belong to it. `reset` deletes all devices of the kind, if `If-Match` fits the list's `ETag`. \
            `skip` says with `{\"value\":true}` whether the kind may be skipped at login, `check` asks.",
        "parameters": parameters,
        "requestBody": request_body(&bodies, false),
        "responses": of(&[
            ("200", body("`{\"result\":...}` for reset and check, `{}` for skip", &done, false)),
            ("201", created(row)),
        ], true, &["409", "412", "428", "501"]),
    });
    json!({ "get": get, "post": post })
}

fn created(row: &KindRow) -> Value {
    let mut created = body("The enrolled device", &schema(&name(row, "Profile")), true);
    created["headers"]["Location"] =
        json!({ "description": "Its path.", "required": true, "schema": { "type": "string" } });
    created
}

fn instance(row: &KindRow) -> Value {
    let of_path = ["realm", "user"];
    let device = || of_kind(row, "device");
    let profile = || body("The whole profile", &schema(&name(row, "Profile")), true);
    let mut operations = json!({
        "get": {
            "operationId": format!("read{}", name(row, "")), "tags": [row.name],
            "summary": format!("Read one {} device, as the list shows it", row.name),
            "parameters": with(parameters(&of_path, ["ifNoneMatch"]), [device(), of_kind(row, "fields")]),
            "responses": of(&[("200", body("The device", &json!({ "anyOf": [schema(&name(row, "Entry")), { "type": "object", "required": ["_id", "_rev"] }] }), true))], true, &["304", "412"]),
        },
        "delete": {
            "operationId": format!("delete{}", name(row, "")), "tags": [row.name],
            "summary": format!("Delete one {} device", row.name),
            "description": "A body is not looked at.",
            "parameters": with(parameters(&of_path, ["ifMatch"]), [device()]),
            "responses": of(&[("200", profile())], true, &["412", "428"]),
        },
        "post": {
            "operationId": format!("use{}", name(row, "")), "tags": [row.name],
            "summary": format!("Record that a login used a {} device", row.name),
            "description": "For administrators, that is for the login journey. Not in the vendor's API.",
            "parameters": with(parameters(&of_path, ["ifMatch"]), [device(), action(&["recordUse"])]),
            "requestBody": request_body(&[schema("Use")], false),
            "responses": of(&[("200", profile())], true, &["409", "412", "501"]),
        },
    });
    let unsupported: &[&str] = if row.rename == Support::Yes { &[] } else { &["501"] };
    let mut own = vec!["412", "428"];
    own.extend(unsupported);
    operations["put"] = json!({
        "operationId": format!("rename{}", name(row, "")), "tags": [row.name],
        "summary": match row.rename {
            Support::Yes => format!("Rename one {} device", row.name),
            Support::IfConfigured => format!("Rename one {} device, where the server is configured to", row.name),
            Support::No => format!("{} devices cannot be renamed", row.name),
        },
        "description": "Always an update, never an upsert. Unconditional without `If-Match`.",
        "parameters": with(parameters(&of_path, ["ifMatch"]), [device()]),
        "requestBody": request_body(&[schema(&name(row, "NewName"))], true),
        "responses": of(&[("200", profile())], true, &own),
    });
    operations
}

fn user() -> Value {
    let mut parameters = parameters(&["realm", "user"], []);
    parameters.push(action(&["purge"]));
    json!({ "post": {
        "operationId": "purge", "tags": ["users"],
        "summary": "Forget everything of a user",
        "description": "For administrators. Not in the vendor's API.",
        "parameters": parameters,
        "requestBody": request_body(&[schema("Nothing")], false),
        "responses": of(&[("200", body("`{\"result\":true}`", &schema("Result"), false))], true, &["412", "501"]),
    } })
}

fn push_message() -> Value {
    let mut parameters = parameters(&["realm"], []);
    parameters.push(action(&["refresh"]));
    json!({ "post": {
        "operationId": "refresh", "tags": ["phones"],
        "summary": "A phone's push token has changed",
        "description": "Needs no token: the message is signed with the key the phone got at registration. Every refusal is the same 400.",
        "security": [],
        "parameters": parameters,
        "requestBody": request_body(&[schema("RefreshMessage")], true),
        "responses": of(&[("200", body("`{}`", &schema("Empty"), false))], false, &["429", "501"]),
    } })
}

fn sessions() -> Value {
    let mut parameters = parameters(&["realm"], []);
    parameters.push(action(&["getSessionInfo"]));
    json!({ "post": {
        "operationId": "sessionInfo", "tags": ["phones"],
        "summary": "Who the caller is",
        "parameters": parameters,
        "requestBody": request_body(&[schema("Nothing")], false),
        "responses": of(&[("200", body("The session", &schema("Session"), false))], true, &["412", "501"]),
    } })
}
