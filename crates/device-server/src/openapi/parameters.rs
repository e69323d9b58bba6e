//! Parameters of the path, the query and the headers.

use serde_json::{Map, Value, json};

/// What every operation takes.
pub(super) const COMMON: [&str; 2] = ["acceptApiVersion", "prettyPrint"];

/// What a list takes besides.
pub(super) const LIST: [&str; 10] = [
    "queryFilter",
    "queryId",
    "fields",
    "sortKeys",
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

/// All that are referred to.
pub(super) fn all() -> Value {
    let text = &json!({ "type": "string" });
    let revision = &json!({ "type": "string", "pattern": "^(\\*|\"?[0-9]{1,19}\"?)$" });
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
            &json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            "014c54bd-6078-4639-8316-8ce0e7746fa4",
        ),
        path(
            "device",
            "The device's `_id`.",
            &json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            "ff1db8bf-d2d7-46e1-926a-568b877f87a5",
        ),
        query(
            "queryFilter",
            "_queryFilter",
            "Which devices: a filter of Common REST over the members the list shows, such as `deviceName co \"phone\"`; `true` is all.",
            text,
            "true",
        ),
        query(
            "queryId",
            "_queryId",
            "`*` is all devices; instead of a filter.",
            &json!({ "type": "string", "enum": ["*"] }),
            "*",
        ),
        query(
            "fields",
            "_fields",
            "Members to show, with commas; `_id` and `_rev` are always there.",
            text,
            "deviceName",
        ),
        query(
            "sortKeys",
            "_sortKeys",
            "Members to sort by, with commas; `-` before one sorts downwards.",
            text,
            "-lastAccessDate",
        ),
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
            "Whether the answer is indented.",
            &json!({ "type": "boolean" }),
            false,
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
            &json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
            "bjensen",
        ),
        header(
            "ifMatch",
            "If-Match",
            "Only if the device, or for a reset the list, still has this revision.",
            revision,
            "*",
        ),
        header(
            "ifNoneMatch",
            "If-None-Match",
            "Only if the list has another revision by now.",
            revision,
            "\"0\"",
        ),
        header(
            "acceptApiVersion",
            "Accept-API-Version",
            "Versions of protocol and resource.",
            &json!({ "type": "string", "pattern": "^(resource=1\\.0|resource=1\\.0, ?protocol=[12]\\.[01]|protocol=[12]\\.[01], ?resource=1\\.0)$" }),
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
