//! Answers that many operations share.

use serde_json::{Map, Value, json};

use crate::reply::JSON;

/// What may be answered to every request.
const COMMON: [&str; 8] = ["400", "404", "408", "413", "414", "431", "500", "503"];

/// What besides to one that needs a token.
const WITH_TOKEN: [&str; 2] = ["401", "403"];

/// A name, a status and what it means.
const PROBLEMS: [(&str, &str, &str); 16] = [
    (
        "BadRequest",
        "400",
        "The request is malformed; the message names what is wrong with it. A refresh message that is refused gets the same answer whatever the reason.",
    ),
    ("Unauthorized", "401", "No token, or one that is not accepted."),
    (
        "Forbidden",
        "403",
        "The token is good, but not for this: another user, another realm, a scope that may only read, a session that is too weak.",
    ),
    ("NotFound", "404", "No such realm, resource or device."),
    ("Slow", "408", "The request did not come in time."),
    (
        "Conflict",
        "409",
        "The limit of devices is reached, the device or name is there already, or the login that is recorded is a replay.",
    ),
    ("PreconditionFailed", "412", "The revision is another one by now; nothing was changed."),
    ("BodyTooLarge", "413", "The body has more than 64 KiB."),
    ("TargetTooLong", "414", "The target has more than 8 KiB."),
    ("PreconditionRequired", "428", "This server is configured to ask for `If-Match`."),
    ("TooManyRequests", "429", "Too many refresh messages for this username from this source."),
    ("HeadersTooLarge", "431", "The headers have more than 16 KiB."),
    (
        "ServerError",
        "500",
        "A fault of the server, or a stored record that is damaged and was left as it is.",
    ),
    ("NotImplemented", "501", "The resource does not have this operation."),
    (
        "Unavailable",
        "503",
        "The store takes no changes now, or it is not known whether the change was stored.",
    ),
    ("NotModified", "304", "The list still has the revision of `If-None-Match`."),
];

/// The answers of an operation: what it answers if all is well, and the problems it may have.
pub(super) fn of(done: &[(&str, Value)], needs_token: bool, own: &[&str]) -> Value {
    let tokens: &[&str] = if needs_token { &WITH_TOKEN } else { &[] };
    let problems = COMMON
        .iter()
        .chain(tokens)
        .chain(own)
        .map(|status| ((*status).to_owned(), reference(status)));
    let done = done.iter().map(|(status, response)| ((*status).to_owned(), response.clone()));
    Value::Object(done.chain(problems).collect())
}

fn reference(status: &str) -> Value {
    let (name, ..) = PROBLEMS.iter().find(|(_, known, _)| *known == status).unwrap_or(&PROBLEMS[0]);
    json!({ "$ref": format!("#/components/responses/{name}") })
}

/// An answer with a body of this schema, and perhaps an `ETag`.
pub(super) fn body(description: &str, schema: &Value, has_revision: bool) -> Value {
    let mut headers = common_headers();
    if has_revision {
        headers.insert("ETag".to_owned(), json!({ "$ref": "#/components/headers/ETag" }));
    }
    json!({ "description": description, "headers": headers, "content": { JSON: { "schema": schema } } })
}

fn common_headers() -> Map<String, Value> {
    let reference = |(header, name): (&str, &str)| {
        (header.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    [
        ("Content-API-Version", "ContentApiVersion"),
        ("X-Request-Id", "RequestId"),
        ("Cache-Control", "CacheControl"),
    ]
    .map(reference)
    .into_iter()
    .collect()
}

/// All that are referred to.
pub(super) fn all() -> Value {
    let problem = |(name, status, description): &(&str, &str, &str)| {
        let mut headers = common_headers();
        let mut add = |header: &str, component: &str| {
            headers.insert(
                header.to_owned(),
                json!({ "$ref": format!("#/components/headers/{component}") }),
            );
        };
        match *status {
            "401" => add("WWW-Authenticate", "Challenge"),
            "429" | "503" => add("Retry-After", "RetryAfter"),
            "304" => add("ETag", "ETag"),
            _ => {}
        }
        let mut response = json!({ "description": description, "headers": headers });
        if *status != "304" {
            response["content"] =
                json!({ JSON: { "schema": { "$ref": "#/components/schemas/Error" } } });
        }
        ((*name).to_owned(), response)
    };
    Value::Object(PROBLEMS.iter().map(problem).collect())
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    json!({
        "ContentApiVersion": { "description": "The versions that were answered.", "required": true, "schema": { "type": "string" } },
        "RequestId": { "description": "What the log calls this request.", "required": true, "schema": { "type": "string" } },
        "CacheControl": { "description": "Nothing is to be kept.", "required": true, "schema": { "type": "string", "enum": ["no-store"] } },
        "ETag": { "description": "The revision, in quotes.", "required": true, "schema": { "type": "string", "pattern": "^\"[0-9]+\"$" } },
        "Challenge": { "description": "RFC 6750.", "required": true, "schema": { "type": "string" } },
        "RetryAfter": { "description": "Seconds to wait.", "required": true, "schema": { "type": "integer", "minimum": 0 } },
    })
}
