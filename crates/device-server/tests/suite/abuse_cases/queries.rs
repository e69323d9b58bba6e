//! Cases 37 to 39: queries that ask for what is not shown, for pages of others, for too much.

use crate::http::Request;
use crate::place::Place;
use crate::queries::{enrol, list};
use crate::server::alpha;
use crate::users::{DEVICE, MY_USER, USER};
use crate::watched::{Watched, bad};

const HIDDEN: &str = "is not a field that the list shows";

fn refuses(watched: &Watched, query: &str, message: &'static str) {
    for collection in ["2fa/oath", "2fa/push"] {
        let target = alpha(USER, &format!("{collection}?{query}"));
        let request = Request::get(&target).bearer(&watched.administrator);
        watched.refuses(&bad(query, request, 400, message));
    }
}

/// Filters, orders and fields see what is shown: anything else would be an oracle.
#[test]
fn case_37_fields_that_are_not_shown() {
    let watched = Watched::new();
    for member in ["sharedSecret", "recoveryCodes", "key", "counter", "nothing"] {
        for query in [
            format!("_queryFilter={member}%20sw%20%22C%22"),
            format!("_queryFilter=!({member}+pr)"),
            format!("_queryFilter=true&_fields={member}"),
            format!("_queryFilter=true&_sortKeys={member}"),
            format!("_queryFilter=true&_sortKeys=-{member}"),
        ] {
            refuses(&watched, &query, HIDDEN);
        }
    }
    // What could not be answered is not done.
    let device = alpha(USER, &format!("2fa/webauthn/{DEVICE}?_fields=key"));
    let deletion = Request::delete(&device).bearer(&watched.administrator);
    watched.refuses(&bad("a deletion", deletion, 400, HIDDEN));
    watched.end();
}

/// A cookie leads nowhere but on in its own list, whoever sends it; it outlives a restart.
#[test]
fn case_38_pages_that_are_none() {
    let watched = Watched::new();
    for (parameter, message) in [
        ("_pageSize=-1", "'_pageSize'"),
        ("_pageSize=99999999999999999999", "'_pageSize'"),
        ("_pageSize=1001", "`_pageSize` is more than 1000"),
        ("_pageSize=1&_pagedResultsCookie=x", "`_pagedResultsCookie` is not one"),
        ("_pagedResultsCookie=x", "needs a `_pageSize`"),
        ("_pagedResultsOffset=1", "needs a `_pageSize`"),
        ("_countOnly=1", "`_countOnly`"),
        ("_totalPagedResultsPolicy=SOME", "`_totalPagedResultsPolicy`"),
    ] {
        refuses(&watched, &format!("_queryFilter=true&{parameter}"), message);
    }
    watched.end();

    let place = Place::with_users();
    let server = place.serve(&[]);
    let token = place.administrator("/alpha");
    enrol(&server, &token, &["a", "b", "c"]);
    let query = "_queryFilter=true&_pageSize=1";
    let first = list(&server, &token, "walker", query).expect(200).json();
    let cookie = first["pagedResultsCookie"].as_str().unwrap();
    let next = format!("{query}&_pagedResultsCookie={cookie}");
    server.stop();
    let watched = Watched::on(place);
    let server = &watched.server;
    assert_eq!(list(server, &token, "walker", &next).expect(200).ids(), ["device-1"]);
    let walker = watched.place.user("/alpha", "walker");
    assert_eq!(list(server, &walker, "Walker", &next).expect(200).ids(), ["device-1"]);
    let foreign = "`_pagedResultsCookie` is not one that this list has given";
    for user_id in [USER, MY_USER, "nobody"] {
        list(server, &token, user_id, &next).expect_error(400, foreign);
    }
    list(server, &token, "walker", &next.replace("true", "_id+pr")).expect_error(400, foreign);
    list(server, &token, "walker", &format!("{next}&_sortKeys=uuid")).expect_error(400, foreign);
    list(server, &token, "walker", &next[..next.len() - 1]).expect_error(400, foreign);
    let other = watched.place.user("/alpha", MY_USER);
    list(server, &other, "walker", &next).expect_error(403, "");
    let binding = alpha("walker", &format!("2fa/binding?{next}"));
    server.ask(&Request::get(&binding).bearer(&token)).expect_error(400, foreign);
    let of_top = binding.replace("/realms/alpha", "").replace("binding", "webauthn");
    server.ask(&Request::get(&of_top).bearer(&watched.top)).expect_error(400, foreign);
    watched.end();
}

#[test]
fn case_39_filters_that_are_too_much() {
    let watched = Watched::new();
    for (query, message) in [
        (format!("_queryFilter={}", "(".repeat(3_000)), "longer"),
        (format!("_queryFilter={}true{}", "(".repeat(1_500), ")".repeat(1_500)), "longer"),
        (format!("_queryFilter={}", "(".repeat(100)), "deeper"),
        (format!("_queryFilter={}true", "!(".repeat(100)), "deeper"),
        (format!("_queryFilter={}", ["_id+pr"; 200].join("+or+")), "comparisons"),
        ("_queryFilter=true&_queryFilter=false".into(), "'_queryFilter'"),
        ("_queryFilter=true&_queryId=*".into(), "mutually exclusive"),
    ] {
        refuses(&watched, &query, message);
    }
    watched.end();
}
