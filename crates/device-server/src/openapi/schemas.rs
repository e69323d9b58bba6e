//! Schemas of bodies, made of the table of kinds.

use device_core::DeviceKind;
use device_core::kind::{Hidden, KindRow, Member, Source, TABLE};
use serde_json::{Map, Value, json};

use super::parameters::{device_name, id};

/// Names of the schemas of a kind.
pub(super) fn name(row: &KindRow, what: &str) -> String {
    let mut letters = row.name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}{}{what}", first.into_iter().collect::<String>(), letters.as_str())
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All that are referred to.
pub(super) fn all() -> Value {
    let mut all: Map<String, Value> = shared();
    for row in &TABLE {
        all.insert(name(row, "NewName"), new_name(row));
        all.insert(name(row, "Entry"), entry(row));
        all.insert(name(row, "List"), list(row));
        all.insert(name(row, "Profile"), profile(row));
        all.insert(name(row, "Draft"), draft(row));
    }
    Value::Object(all)
}

fn shared() -> Map<String, Value> {
    let used = |member: &str, schema: Value| json!({ "type": "object", "required": [member], "properties": { member: schema }, "additionalProperties": false });
    let whole = || json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
    let all = [
        (
            "Error",
            json!({
                "type": "object", "required": ["code", "reason", "message"], "additionalProperties": false,
                "properties": { "code": { "type": "integer" }, "reason": { "type": "string" }, "message": { "type": "string" } },
            }),
        ),
        ("Empty", json!({ "type": "object", "additionalProperties": false })),
        ("Nothing", json!({ "type": "object", "description": "What is in it is not looked at." })),
        (
            "Result",
            json!({ "type": "object", "required": ["result"], "properties": { "result": { "type": "boolean" } }, "additionalProperties": false }),
        ),
        (
            "Skip",
            json!({ "type": "object", "required": ["value"], "properties": { "value": { "type": "boolean" } } }),
        ),
        (
            "Use",
            json!({
                "description": "What a login used.",
                "oneOf": [
                    { "type": "object", "maxProperties": 0 },
                    used("recoveryCode", json!({ "type": "string" })),
                    used("signCount", whole()),
                    used("selected", json!({ "type": "boolean", "enum": [true] })),
                    used("counter", whole()),
                    { "type": "object", "required": ["lastLogin"], "properties": { "lastLogin": whole(), "clockDriftSeconds": { "type": "integer" } }, "additionalProperties": false },
                ],
            }),
        ),
        (
            "RefreshMessage",
            json!({
                "type": "object", "required": ["mechanismUid", "jwt"],
                "properties": {
                    "mechanismUid": { "type": "string", "description": "Which of the user's push devices speaks." },
                    "username": { "type": "string", "description": "The user's name." },
                    "userId": { "type": "string", "description": "The same, as Ping's SDK for iOS calls it." },
                    "jwt": { "type": "string", "description": "Compact JWS, exactly HS256 with the device's shared secret; its claims are `deviceId` (the new push token), `deviceType`, `communicationType`, and perhaps `deviceName`, `mechanismUid`, `iat`." },
                },
            }),
        ),
        (
            "Session",
            json!({
                "type": "object", "required": ["username", "universalId", "realm", "latestAccessTime", "maxIdleExpirationTime", "maxSessionExpirationTime"],
                "properties": {
                    "username": { "type": "string" }, "universalId": { "type": "string" }, "realm": { "type": "string" },
                    "latestAccessTime": { "type": "string" }, "maxIdleExpirationTime": { "type": "string" }, "maxSessionExpirationTime": { "type": "string" },
                },
            }),
        ),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// The body of a rename.
fn new_name(row: &KindRow) -> Value {
    json!({
        "type": "object", "required": [row.name_member], "properties": { row.name_member: device_name() },
        "description": "Every other member is ignored, whatever it is: clients send whole devices.",
    })
}

/// `_id` and `_rev`.
fn head() -> Map<String, Value> {
    let id = json!({ "type": "string", "description": "The device's id." });
    let revision = json!({ "type": "string", "pattern": "^[0-9]+$", "description": "Changes with every change of the device, and never comes back." });
    [("_id".to_owned(), id), ("_rev".to_owned(), revision)].into_iter().collect()
}

fn entry(row: &KindRow) -> Value {
    let mut properties = head();
    let mut required = vec!["_id", "_rev"];
    for member in row.members.iter().filter(|member| row.listed.contains(&member.name)) {
        properties.insert(member.name.to_owned(), schema(member));
        if is_always_there(member) {
            required.push(member.name);
        }
    }
    if row.managed {
        let description =
            "Whether a user may delete and rename it in this session; false for administrators.";
        properties.insert(
            "deviceManagementStatus".to_owned(),
            json!({ "type": "boolean", "description": description }),
        );
        required.push("deviceManagementStatus");
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

fn list(row: &KindRow) -> Value {
    json!({
        "type": "object",
        "required": ["result", "resultCount", "pagedResultsCookie", "totalPagedResultsPolicy", "totalPagedResults", "remainingPagedResults"],
        "properties": {
            // With `_fields` an entry has fewer members.
            "result": { "type": "array", "items": { "anyOf": [reference(&name(row, "Entry")), { "type": "object", "required": ["_id", "_rev"] }] } },
            "resultCount": { "type": "integer", "minimum": 0 },
            "pagedResultsCookie": { "type": ["string", "null"] },
            "totalPagedResultsPolicy": { "type": "string", "enum": ["NONE", "ESTIMATE", "EXACT"] },
            "totalPagedResults": { "type": "integer", "minimum": -1 },
            "remainingPagedResults": { "type": "integer", "minimum": -1 },
        },
    })
}

/// The full stored profile. Members that nobody has documented are shown too.
fn profile(row: &KindRow) -> Value {
    let mut properties = head();
    let mut required = vec!["_id", "_rev"];
    for member in row.members {
        properties.insert(member.name.to_owned(), schema(member));
        if is_always_there(member) {
            required.push(member.name);
        }
    }
    json!({ "type": "object", "required": required, "properties": properties })
}

/// A profile to be enrolled: the same members, of which the server makes up what it can.
fn draft(row: &KindRow) -> Value {
    let schema = |member: &Member| (member.name.to_owned(), schema(member));
    let required: &[&str] = match row.kind {
        DeviceKind::WebAuthn => &["credentialId"],
        DeviceKind::Binding => &["deviceId"],
        DeviceKind::Profile => &["identifier"],
        DeviceKind::Oath | DeviceKind::Push | DeviceKind::Trusted => &[],
    };
    json!({
        "type": "object", "required": required, "properties": row.members.iter().map(schema).collect::<Map<_, _>>(),
        "description": "Members that nobody has documented are kept.",
    })
}

fn is_always_there(member: &Member) -> bool {
    !matches!(member.source, Source::Fact | Source::Cold) || member.answer_default.is_some()
}

fn schema(member: &Member) -> Value {
    let description = match member.secret {
        Hidden::Nothing => None,
        Hidden::Text => Some("Empty, unless the server is configured to show secrets."),
        Hidden::RecoveryCodes => {
            Some("A clear code is shown as `***`, unless the server is configured to show secrets.")
        }
    };
    let mut schema = match member.name {
        "createdDate" | "lastAccessDate" | "lastSelectedDate" => {
            json!({ "type": "integer", "minimum": 0, "description": "Milliseconds since 1970." })
        }
        "lastLogin" => {
            json!({ "type": "integer", "minimum": 0, "description": "Seconds since 1970." })
        }
        "counter" | "signCount" | "selectionCounter" => json!({ "type": "integer", "minimum": 0 }),
        "truncationOffset" | "clockDriftSeconds" => json!({ "type": "integer" }),
        "checksumDigit" => json!({ "type": "boolean" }),
        "recoveryCodes" => json!({ "type": "array", "items": { "type": "string" } }),
        "key" | "metadata" | "location" | "devicePrint" => json!({ "type": "object" }),
        _ if member.source == Source::Id => id(),
        _ if member.source == Source::Name => device_name(),
        _ => json!({ "type": "string" }),
    };
    if let Some(description) = description {
        schema["description"] = description.into();
    }
    schema
}
