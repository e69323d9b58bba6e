//! Targets: contexts, realms, users and kinds in every spelling.

use device_core::DeviceKind;
use device_wire::call::{self, Fault, Operation, RawRequest};
use device_wire::fuzz_target::reading;
use proptest::prelude::*;

fn get(target: &str) -> Result<(String, Operation<'_>), Fault> {
    let request = RawRequest { method: "GET", target, headers: &[], body: b"" };
    let call = call::read(&request, &reading())?;
    Ok((call.realm.as_str().to_owned(), call.operation?))
}

/// The user and kind of a list.
fn listed(target: &str) -> (String, String, DeviceKind) {
    match get(target) {
        Ok((realm, Operation::List { user_id, kind, .. })) => {
            (realm, user_id.as_str().to_owned(), kind)
        }
        other => panic!("{target}: {other:?}"),
    }
}

#[test]
fn spellings_of_one_collection() {
    for target in [
        "/am/json/realms/root/realms/alpha/users/bjensen/devices/2fa/push?_queryFilter=true",
        "/json/realms/root/realms/alpha/users/bjensen/devices/2fa/push?_queryFilter=true",
        "/json/realms/alpha/users/bjensen/devices/2fa/push?_queryFilter=true",
        "/json/realms/a1/users/bjensen/devices/2fa/push?_queryFilter=true",
        "/json/realms/root%2Frealms%2Falpha/users/bjensen/devices/2fa/push/?_queryFilter=true",
        "/json/realms/root/realms/root/realms/alpha/users/bjensen/devices/push?_queryId=*",
        "/json/alpha/users/bjensen/devices/2fa/push?_QUERYFILTER=%20true+",
        "/json/alpha/users/id%3Dbjensen%2Cou%3Duser%2Cdc%3Dopenam/devices/2fa/push?_queryFilter=true",
        "/json/alpha/users/bjensen/devices/2fa/push?_queryFilter=true&unknown=1#fragment",
    ] {
        assert_eq!(
            listed(target),
            ("/alpha".into(), "bjensen".into(), DeviceKind::Push),
            "{target}"
        );
    }
}

/// Mobile clients ask for their session in every spelling, with a body and without.
#[test]
fn spellings_of_the_callers_session() {
    for (target, realm) in [
        ("/am/json/realms/root/realms/alpha/sessions?_action=getSessionInfo", "/alpha"),
        ("/json/realms/root%2Frealms%2Falpha/sessions?_action=getSessionInfo", "/alpha"),
        ("/json/alpha/sessions/?_action=getSessionInfo", "/alpha"),
        ("/json/sessions?_action=getSessionInfo&unknown=1", "/"),
        ("/json/realms/root/sessions?_action=getSessionInfo", "/"),
    ] {
        for (body, is_read) in
            [(&b""[..], true), (b"{}", true), (b"{\"tokenId\":\"x\"}", false), (b"[]", false)]
        {
            let request = RawRequest { method: "POST", target, headers: &[], body };
            let call = call::read(&request, &reading()).unwrap();
            assert!(call.needs_caller);
            assert_eq!(call.realm.as_str(), realm, "{target}");
            assert_eq!(matches!(call.operation, Ok(Operation::SessionInfo)), is_read, "{target}");
        }
    }
    for (method, target) in [
        ("GET", "/json/sessions"),
        ("DELETE", "/json/sessions"),
        ("POST", "/json/sessions"),
        ("POST", "/json/sessions?_action=logout"),
    ] {
        let request = RawRequest { method, target, headers: &[], body: b"" };
        let operation = call::read(&request, &reading()).unwrap().operation;
        assert!(matches!(operation, Err(Fault::Unsupported(_))), "{method} {target}");
    }
}

#[test]
fn what_names_nothing_is_not_found() {
    for target in [
        "/",
        "/json",
        "/json/realms/alpha",
        "/json/realms/alpha/users",
        "/json/realms/alpha/users/bjensen",
        "/json/realms/alpha/users/bjensen/devices/2fa",
        "/json/realms/alpha/users/bjensen/devices/2fa/profile",
        "/json/realms/alpha/users/bjensen/devices/2fa/OATH",
        "/json/realms/alpha/users/bjensen/devices/oath",
        "/json/realms/alpha/users/bjensen/devices/2fa/oath/1/2",
        "/json/realms/alpha/users//devices/2fa/oath/1/2",
        "/json/realms/nowhere/users/bjensen/devices/2fa/oath",
        "/openam/json/realms/alpha/users/bjensen/devices/2fa/oath",
        "/json/realms/alpha/push/sns",
        "/json/realms/%2e%2e/users/bjensen/devices/2fa/oath",
        "/json/realms/alpha%00/users/bjensen/devices/2fa/oath",
        "/json/realms/alpha;x/users/bjensen/devices/2fa/oath",
    ] {
        let answer = get(target);
        assert!(matches!(answer, Err(Fault::NotFound(_))), "{target}: {answer:?}");
    }
    for target in [
        "json",
        "*",
        "",
        "/json/%zz",
        "/json/%f",
        "/json/%ff",
        "/json/alpha/users/%00/devices/2fa/oath?_queryFilter=true",
    ] {
        let answer = get(target);
        assert!(matches!(answer, Err(Fault::Bad(_))), "{target}: {answer:?}");
    }
}

#[test]
fn queries_are_lists_and_what_cannot_be_read_is_said() {
    let path = "/json/alpha/users/bjensen/devices/2fa/oath";
    for (query, expected) in [
        ("_queryFilter=true", "ok"),
        ("_queryFilter=false", "ok"),
        ("_queryId=*", "ok"),
        ("_queryId=anything", "ok"),
        ("", "bad"),
        ("_queryFilter=true&_queryId=*", "bad"),
        ("_queryExpression=x&_queryId=*", "bad"),
        ("_queryExpression=x", "unsupported"),
        ("_queryFilter=true&_queryFilter=true", "bad"),
        ("_queryFilter=", "bad"),
        ("_action=reset&_queryFilter=true", "bad"),
        ("_queryFilter=true&_prettyPrint=true&_prettyPrint=true", "bad"),
    ] {
        let answer = match get(&format!("{path}?{query}")) {
            Ok(_) => "ok",
            Err(Fault::Bad(_)) => "bad",
            Err(Fault::Unsupported(_)) => "unsupported",
            Err(other) => panic!("{query}: {other:?}"),
        };
        assert_eq!(answer, expected, "{query}");
    }
}

proptest! {
    /// Any valid user id, fully escaped, comes back as it was.
    #[test]
    fn user_ids_survive_escaping(user in "\\PC{1,40}") {
        prop_assume!(!user.trim().is_empty() && !user.starts_with("id="));
        let escaped: String = user.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let target = format!("/json/alpha/users/{escaped}/devices/trusted?_queryFilter=true");
        prop_assert_eq!(listed(&target), ("/alpha".to_owned(), user, DeviceKind::Trusted));
    }

    #[test]
    fn nothing_makes_reading_panic(method in "GET|POST|PUT|DELETE|\\PC{0,5}", target in "/\\PC{0,60}", body in "\\PC{0,60}") {
        let head = format!("{method} {target}\ncontent-type: application/json\n\n{body}");
        device_wire::fuzz_target::request(head.as_bytes());
    }
}
