//! Users of whom nothing is stored: lists are empty, a reset is done, there is nothing to delete or rename, and nothing comes to be stored.

use serde_json::json;

use super::{Watched, bad};
use crate::http::Request;
use crate::server::{alpha, alpha_list};
use crate::users::{BJENSEN, COLLECTIONS, DEVICE};

#[test]
fn unknown_users() {
    let watched = Watched::new();
    let token = &watched.administrator;
    // The username of a user whose `_id` is another finds nothing in a URL.
    for user_id in [
        "nobody",
        "*",
        "%2A",
        BJENSEN,
        "014c54bd",
        "..%2F..",
        "%27%3B--",
        "(uid%3D*)",
        &"x".repeat(255),
    ] {
        for collection in COLLECTIONS {
            let list = watched
                .server
                .ask(&Request::get(&alpha_list(user_id, collection)).bearer(token))
                .expect(200);
            assert_eq!(
                list.body,
                r#"{"result":[],"resultCount":0,"pagedResultsCookie":null,"totalPagedResultsPolicy":"NONE","totalPagedResults":-1,"remainingPagedResults":-1}"#
            );
            let device = alpha(user_id, &format!("{collection}/{DEVICE}"));
            watched.refuses(&bad(
                user_id,
                Request::delete(&device).bearer(token),
                404,
                "User device, ",
            ));
            watched.refuses(&bad(
                user_id,
                Request::get(&device).bearer(token),
                404,
                "User device, ",
            ));
        }
        for kind in ["oath", "push"] {
            let post = |action: &str| {
                Request::post(&alpha(user_id, &format!("2fa/{kind}?_action={action}")), &json!({}))
                    .bearer(token)
            };
            assert_eq!(watched.server.ask(&post("reset")).expect(200).body, r#"{"result":true}"#);
            assert_eq!(watched.server.ask(&post("check")).expect(200).body, r#"{"result":false}"#);
        }
        for kind in ["webauthn", "binding"] {
            let device = alpha(user_id, &format!("2fa/{kind}/{DEVICE}"));
            let rename = Request::put(&device, &json!({"deviceName": "New"})).bearer(token);
            watched.refuses(&bad(user_id, rename, 404, "User device, "));
        }
    }
    for user_id in ["", "%00", "%20", "a%0Db", &"x".repeat(256)] {
        let list = Request::get(&alpha_list(user_id, "2fa/oath")).bearer(token);
        watched.refuses(&bad(user_id, list, 400, "The user's id"));
    }
    watched.end();
}
