//! Cases 23 to 26: actions and conditions that are none, and two who want the same.

use serde_json::json;

use crate::http::Request;
use crate::place::Place;
use crate::revisions::{delete, enrol, rename, reset, revision_in_list};
use crate::server::alpha;
use crate::users::{DEVICE, OATH, USER};
use crate::watched::{Watched, bad};

const UNSUPPORTED: &str = "Operation is not supported.";

#[test]
fn case_23_actions_that_are_none() {
    let watched = Watched::new();
    let post = |rest: &str| {
        Request::post(&alpha(USER, rest), &json!({"value": true})).bearer(&watched.administrator)
    };
    for action in ["nothing", "RESET", "Reset", "reset%20", "", "delete", "purge", "recordUse"] {
        let request = post(&format!("2fa/oath?_action={action}"));
        watched.refuses(&bad(action, request, 501, UNSUPPORTED));
    }
    // Passkeys are never reset, bound devices not under `aic`; skip and check are for oath and push.
    let user = watched.place.user("/alpha", USER);
    for kind in ["2fa/webauthn", "2fa/binding", "profile", "trusted"] {
        for action in ["reset", "skip", "check"] {
            let target = alpha(USER, &format!("{kind}?_action={action}"));
            for token in [&watched.administrator, &user] {
                let request = Request::post(&target, &json!({"value": true})).bearer(token);
                watched.refuses(&bad(&target, request, 501, UNSUPPORTED));
            }
        }
    }
    let of_the_user = Request::post(&alpha(USER, "?_action=reset").replace("/?", "?"), &json!({}));
    watched.refuses_all(&[
        bad("no action", post("2fa/oath"), 501, UNSUPPORTED),
        bad("two actions", post("2fa/oath?_action=reset&_action=reset"), 400, "'_action'"),
        bad("two spellings", post("2fa/oath?_action=check&_ACTION=reset"), 400, "'_action'"),
        bad("purge of a kind", post("2fa/oath/x?_action=purge"), 501, UNSUPPORTED),
        bad("of a user", of_the_user.bearer(&watched.administrator), 501, UNSUPPORTED),
    ]);
    watched.end();
}

#[test]
fn case_24_actions_by_another_method() {
    let watched = Watched::new();
    let oath = alpha(USER, "2fa/oath?_action=reset");
    let device = alpha(USER, &format!("2fa/oath/{OATH}?_action=reset"));
    let webauthn = alpha(USER, &format!("2fa/webauthn/{DEVICE}?_action=reset"));
    let name = json!({"deviceName": "x"});
    for (what, request) in [
        ("GET of a list", Request::get(&oath)),
        ("GET of a device", Request::get(&device)),
        ("GET with a query", Request::get(&format!("{oath}&_queryFilter=true"))),
        ("PUT of a list", Request::put(&oath, &name)),
        ("PUT of a device", Request::put(&webauthn, &name)),
        ("DELETE of a list", Request::delete(&oath)),
        ("DELETE of a device", Request::delete(&device)),
    ] {
        watched.refuses(&bad(what, request.bearer(&watched.administrator), 400, "`_action`"));
    }
    watched.end();
}

/// Stale: 412. Malformed or doubled: 400. `*` is as no condition, and makes nothing that is not there.
#[test]
fn case_25_conditions_that_do_not_hold() {
    for place in Place::with_users_on_each() {
        let watched = Watched::on(place);
        let token = &watched.administrator;
        let list = watched.server.list(token, USER, "2fa/webauthn");
        let current: u64 = revision_in_list(&list, DEVICE).unwrap().parse().unwrap();
        let changes = [
            rename(DEVICE, "Changed", token),
            delete(DEVICE, token),
            reset("oath", token),
            reset("push", token),
        ];
        for change in &changes {
            let refuses = |condition: &str, status, message| {
                let request = change.clone().header("If-Match", condition);
                watched.refuses(&bad(condition, request, status, message));
            };
            for stale in [current - 1, current + 1, 0, u64::MAX] {
                for condition in [format!("\"{stale}\""), stale.to_string()] {
                    refuses(&condition, 412, "does not have the required version");
                }
            }
            for malformed in [
                "",
                "\"\"",
                "\"",
                "\"*\"",
                "abc",
                "-1",
                "+1",
                "0x1",
                "1.0",
                &format!("0{current}"),
                &format!("W/\"{current}\""),
                &format!("\"{current}\", \"1\""),
                &format!("\"{current}"),
                "99999999999999999999999",
                "* ,1",
            ] {
                refuses(malformed, 400, "`If-Match`");
            }
            for second in ["*", &current.to_string()] {
                let once = change.clone().header("If-Match", &current.to_string());
                let doubled = once.header("if-match", second);
                watched.refuses(&bad("doubled", doubled, 400, "`if-match` is given twice"));
            }
        }
        for nothing in [rename("unknown", "Changed", token), delete("unknown", token)] {
            watched.refuses(&bad("*", nothing.header("If-Match", "*"), 404, "unknown"));
        }
        watched.end();
    }
}

#[test]
fn case_26_two_deletions_at_once() {
    const ROUNDS: usize = 40;
    for place in Place::with_users_on_each() {
        let watched = Watched::on(place);
        let token = watched.administrator.clone();
        let others = || {
            let list = watched.server.list(&token, USER, "2fa/webauthn").json();
            list["result"].as_array().unwrap().clone()
        };
        let before = others();
        for round in 0..ROUNDS {
            let id = format!("device-{round}");
            enrol(&watched.server, &id, &token);
            let mut statuses = std::thread::scope(|scope| {
                let ask = || watched.server.ask(&delete(&id, &token)).status;
                let both = [scope.spawn(ask), scope.spawn(ask)];
                both.map(|caller| caller.join().unwrap())
            });
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 404]);
            assert_eq!(others(), before, "nothing else went, and nothing of it is changed");
        }
        watched.ends_as(ToOwned::to_owned);
    }
}
