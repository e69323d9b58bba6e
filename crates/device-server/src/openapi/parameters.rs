//! Parameters of the path, the query and the headers.

use device_core::DeviceKind;
use device_core::kind::KindRow;
use device_core::limits::NAME_CHARS_MAX;
use serde_json::{Map, Value, json};

/// What every operation takes.
pub(super) const COMMON: [&str; 2] = ["acceptApiVersion", "prettyPrint"];

/// What a list takes besides.
pub(super) const LIST: [&str; 8] = [
    "queryFilter",
    "queryId",
    "pageSize",
    "pagedResultsCookie",
    "pagedResultsOffset",
    "totalPagedResultsPolicy",
    "countOnly",
    "ifNoneMatch",
];

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// An id, or the name of a user: not blank, no control characters.
pub(super) fn id() -> Value {
    text_without("\\u0000-\\u001F\\u007F-\\u009F")
}

/// The name of a device: nothing either that turns the direction of text.
pub(super) fn device_name() -> Value {
    text_without("\\u0000-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069")
}

fn text_without(excluded: &str) -> Value {
    let pattern = format!("^[^{excluded}]*[^\\s{excluded}][^{excluded}]*$");
    json!({ "type": "string", "maxLength": NAME_CHARS_MAX, "pattern": pattern })
}

/// Those that differ from kind to kind: members of its entries, and an id that `devreg serve --demo` knows.
pub(super) fn of_kind(row: &KindRow, name: &str) -> Value {
    let members = || ["_id", "_rev"].iter().chain(row.listed);
    let downwards = members().map(|member| format!("-{member}"));
    let ((_, parameter), is_list) = match name {
        "device" => {
            let schema = id();
            (path("device", "The device's `_id`.", &schema, demo_id(row.kind)), false)
        }
        "fields" => {
            let schema = json!({ "type": "array", "items": { "type": "string", "enum": members().collect::<Vec<_>>() } });
            (
                query(
                    name,
                    "_fields",
                    "Members to show; `_id` and `_rev` are always there.",
                    &schema,
                    json!([row.name_member]),
                ),
                true,
            )
        }
        _ => {
            let keys: Vec<String> = members().map(ToString::to_string).chain(downwards).collect();
            let schema = json!({ "type": "array", "items": { "type": "string", "enum": keys } });
            (
                query(
                    name,
                    "_sortKeys",
                    "Members to sort by; `-` before one sorts downwards.",
                    &schema,
                    json!([row.name_member]),
                ),
                true,
            )
        }
    };
    let mut parameter = parameter;
    if is_list {
        parameter["style"] = "form".into();
        parameter["explode"] = false.into();
    }
    parameter
}

fn demo_id(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Oath => "35a65ddc-a334-4450-8d38-a9c47a6792ff",
        DeviceKind::Push => "9b44bc35-6351-4e98-875e-3707e23be0be",
        DeviceKind::WebAuthn | DeviceKind::Binding => "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
        DeviceKind::Profile => "demo-profile-1",
        DeviceKind::Trusted => "51b7e05e-b0d6-46f7-8d95-4f915571f1e8",
    }
}

/// All that are referred to.
pub(super) fn all() -> Value {
    let text = &json!({ "type": "string" });
    let condition =
        &json!({ "type": "string", "pattern": "^(\\*|[1-9][0-9]{0,14}|\"[1-9][0-9]{0,14}\")$" });
    let all = [
        path(
            "realm",
            "A realm by name or alias; `root` is the top level realm.",
            &json!({ "type": "string", "minLength": 1 }),
            "alpha",
        ),
        path(
            "user",
            "The user's `_id`. Compared without regard to case. A universal id (`id=NAME,ou=user,...`) is taken as its name.",
            &id(),
            "014c54bd-6078-4639-8316-8ce0e7746fa4",
        ),
        query(
            "queryFilter",
            "_queryFilter",
            "Which devices: a filter of Common REST over the members the list shows, such as `deviceName co \"phone\"`; `true` is all.",
            text,
            "true",
        ),
        query("queryId", "_queryId", "Any value is all devices; instead of a filter.", text, "*"),
        query(
            "pageSize",
            "_pageSize",
            "Entries of a page; 0 is all of them.",
            &json!({ "type": "integer", "minimum": 0, "maximum": 1000 }),
            10,
        ),
        query(
            "pagedResultsCookie",
            "_pagedResultsCookie",
            "Where the page before said that this one begins.",
            text,
            "",
        ),
        query(
            "pagedResultsOffset",
            "_pagedResultsOffset",
            "Entries to pass over.",
            &json!({ "type": "integer", "minimum": 0, "maximum": 1000 }),
            0,
        ),
        query(
            "totalPagedResultsPolicy",
            "_totalPagedResultsPolicy",
            "Whether all matching entries are counted.",
            &json!({ "type": "string", "enum": ["NONE", "ESTIMATE", "EXACT"] }),
            "EXACT",
        ),
        query(
            "countOnly",
            "_countOnly",
            "Whether their number is all that is asked.",
            &json!({ "type": "boolean" }),
            false,
        ),
        query(
            "prettyPrint",
            "_prettyPrint",
            "With `true` the answer is indented; any other value is none.",
            text,
            "true",
        ),
        query(
            "onLimit",
            "_onLimit",
            "Whether the least recently used device makes room where the limit is reached.",
            &json!({ "type": "string", "enum": ["refuse", "replace"], "default": "refuse" }),
            "refuse",
        ),
        query(
            "username",
            "username",
            "The user's name, where it is not the `_id`.",
            &id(),
            "bjensen",
        ),
        header(
            "ifMatch",
            "If-Match",
            "Only if the device, or for a reset the list, still has this revision.",
            condition,
            "*",
        ),
        header(
            "ifNoneMatch",
            "If-None-Match",
            "Only if the revision is none of these: `ETag`s with commas. What is no revision matches none.",
            text,
            "\"0\"",
        ),
        header(
            "acceptApiVersion",
            "Accept-API-Version",
            "Versions of protocol and resource.",
            &json!({ "type": "string", "enum": ["resource=1.0", "resource=1.0, protocol=1.0", "protocol=2.1,resource=1.0"] }),
            "resource=1.0",
        ),
    ];
    Value::Object(all.into_iter().collect::<Map<_, _>>())
}

fn path(name: &str, description: &str, schema: &Value, example: &str) -> (String, Value) {
    let parameter = json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example });
    (name.to_owned(), parameter)
}

fn query(
    key: &str,
    name: &str,
    description: &str,
    schema: &Value,
    example: impl Into<Value>,
) -> (String, Value) {
    let parameter = json!({ "name": name, "in": "query", "description": description, "schema": schema, "example": example.into() });
    (key.to_owned(), parameter)
}

fn header(
    key: &str,
    name: &str,
    description: &str,
    schema: &Value,
    example: &str,
) -> (String, Value) {
    let parameter = json!({ "name": name, "in": "header", "description": description, "schema": schema, "example": example });
    (key.to_owned(), parameter)
}
