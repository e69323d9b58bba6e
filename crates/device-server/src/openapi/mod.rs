//! The OpenAPI 3.1 document of everything the server answers, at `/openapi.json`.
//!
//! It is made of the table of kinds, so a kind or a member cannot be forgotten; what each operation answers is written here, and a test asks the running server. The document is checked in as `docs/openapi.json`, where a change
//! of the wire shows as a change of a file.

mod operations;
mod parameters;
mod responses;
mod schemas;

use serde_json::{Value, json};

/// The document.
#[must_use]
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "devreg",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Registered MFA devices, as in PingAM and PingOne Advanced Identity Cloud.",
            "description": "A realm may be spelled in every way that PingAM knows: `/json/realms/root/realms/alpha`, `/json/realms/alpha`, `/json/alpha`, percent-encoded in one segment, or by host name. This document shows one of them. \
                Names of parameters are compared without regard to case; one that is not in this document is not looked at.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [
            { "url": "/am", "description": "As PingAM and Advanced Identity Cloud" },
            { "url": "/", "description": "Without a context path" },
        ],
        "security": [{ "bearer": [] }, { "ssoHeader": [] }, { "ssoCookie": [] }],
        "tags": operations::tags(),
        "paths": operations::paths(),
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "An access token of a configured issuer, or one that `devreg token` made." },
                "ssoHeader": { "type": "apiKey", "in": "header", "name": "iPlanetDirectoryPro", "description": "A session token of AM; the name is the setting `sso_name`." },
                "ssoCookie": { "type": "apiKey", "in": "cookie", "name": "iPlanetDirectoryPro", "description": "The same as a cookie. Anything but GET then needs `X-Requested-With` or `Accept-API-Version`." },
            },
            "parameters": parameters::all(),
            "responses": responses::all(),
            "headers": responses::headers(),
            "schemas": schemas::all(),
        },
    })
}
