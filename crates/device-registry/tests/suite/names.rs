//! Users whose `_id` is not their username, and names that may not be taken twice.

use device_core::rules::{OnLimit, Restored};
use device_core::{DeviceKind, IfMatch, Owner, Skip};
use device_registry::{Error, Policy, Restore, User};
use futures_executor::block_on;

use crate::support::{draft, operator, registry, request, user, username};

const KIND: DeviceKind = DeviceKind::Push;
const PROFILE: &str = r#"{"uuid":"1"}"#;

#[test]
fn the_id_finds_the_user_and_the_username_does_not() {
    block_on(async {
        let registry = registry(Policy::default());
        let caller = operator();
        let request = request(&caller);
        let enrol = async |id: &User, name: Option<&str>, kind| {
            let profile = draft(kind, PROFILE);
            registry.enrol(&request, id, name.map(username), kind, profile, OnLimit::Refuse).await
        };
        let by_id = user("014C54BD");
        enrol(&by_id, Some("BJensen"), KIND).await.unwrap();

        for (name, devices) in
            [("014c54bd", 1), ("014C54BD", 1), ("bjensen", 0), ("BJensen", 0), ("scarter", 0)]
        {
            let listing = registry.list(&request, &user(name), KIND).await.unwrap();
            assert_eq!(listing.set.devices.len(), devices, "{name}");
        }
        // The other kinds follow the alias that the first one wrote.
        enrol(&by_id, None, DeviceKind::Oath).await.unwrap();
        let listing = registry.list(&request, &by_id, DeviceKind::Oath).await.unwrap();
        assert_eq!(listing.set.owner.as_ref().unwrap().username.as_str(), "BJensen");

        // The username is not an id: nothing there can be changed by it.
        let by_name = user("bjensen");
        registry.reset(&request, &by_name, KIND, IfMatch::Any).await.unwrap();
        assert_eq!(registry.purge(&request, &by_name).await.unwrap().sets, 0);
        assert_eq!(registry.list(&request, &by_id, KIND).await.unwrap().set.devices.len(), 1);
        let taken = registry.skip(&request, &by_name, DeviceKind::Oath, Skip::Skippable).await;
        assert!(matches!(taken, Err(Error::NameTaken(_))), "{taken:?}");

        // Neither name may be taken by others, in whatever kind.
        for (id, name) in
            [("bjensen", None), ("other", Some("bjensen")), ("014c54bd", Some("other"))]
        {
            for kind in [KIND, DeviceKind::WebAuthn] {
                let profile = draft(kind, r#"{"uuid":"2","credentialId":"c"}"#);
                let id_user = user(id);
                let name = name.map(username);
                let answer =
                    registry.enrol(&request, &id_user, name, kind, profile, OnLimit::Refuse).await;
                assert!(matches!(answer, Err(Error::NameTaken(_))), "{id} {kind}: {answer:?}");
            }
        }
        // An id that is somebody's username cannot become the alias of another user.
        enrol(&user("plain"), None, KIND).await.unwrap();
        let answer = enrol(&user("plain"), Some("hidden"), DeviceKind::Oath).await;
        assert!(matches!(answer, Err(Error::NameTaken(_))), "{answer:?}");

        assert_eq!(registry.purge(&request, &by_id).await.unwrap().sets, 2);
        enrol(&by_name, None, KIND).await.expect("free again");
    });
}

/// Not even an import that overwrites hands a user's devices to somebody else.
#[test]
fn an_import_under_another_id_is_refused() {
    block_on(async {
        let registry = registry(Policy::default());
        let caller = operator();
        let request = request(&caller);
        let restore = |id: &str, replace| Restore {
            realm: user("x").realm,
            owner: Owner { username: username("alice"), user_id: user(id).user_id },
            kind: KIND,
            devices: vec![draft(KIND, PROFILE)],
            skip: Skip::NotSet,
            replace,
        };
        assert_eq!(
            registry.restore(&request, &restore("alice", false)).await,
            Ok(Restored::Written)
        );
        assert_eq!(
            registry.restore(&request, &restore("ALICE", true)).await,
            Ok(Restored::Written),
            "the same id"
        );
        let answer = registry.restore(&request, &restore("mallory", true)).await;
        assert!(matches!(answer, Err(Error::NameTaken(_))), "{answer:?}");
        let listing = registry.list(&request, &user("alice"), KIND).await.unwrap();
        assert_eq!(listing.set.devices.len(), 1);
    });
}
