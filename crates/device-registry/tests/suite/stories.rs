//! What people do, told through the public operations.

use device_core::rules::{OnLimit, Use};
use device_core::{Action, DeviceKind, DeviceName, IfMatch, Refusal, Secret, Skip, What};
use device_registry::{Caller, Denied, Error, Policy};
use device_store::DeviceStore as _;
use futures_executor::block_on;

use crate::support::{draft, operator, registry, request, user};

const KIND: DeviceKind = DeviceKind::Oath;

#[test]
fn a_lost_phone_is_replaced_with_a_recovery_code() {
    block_on(async {
        let registry = registry(Policy::default());
        let caller = operator();
        let (request, user) = (request(&caller), user("bjensen"));
        let profile =
            draft(KIND, r#"{"uuid":"old","recoveryCodes":["one","two"],"createdDate":1}"#);
        registry.enrol(&request, &user, None, KIND, profile, OnLimit::Refuse).await.unwrap();
        let second =
            registry.enrol(&request, &user, None, KIND, draft(KIND, "{}"), OnLimit::Refuse).await;
        assert!(matches!(second, Err(Error::Refused(Refusal::LimitReached { limit: 1, .. }))));

        let id = device_core::DeviceId::parse("old").unwrap();
        let code = Use::RecoveryCode(Secret::new("two"));
        registry.record_use(&request, &user, KIND, &id, &code, IfMatch::Any).await.unwrap();
        let again = registry.record_use(&request, &user, KIND, &id, &code, IfMatch::Any).await;
        assert_eq!(again, Err(Error::Refused(Refusal::NoSuchCode)), "a code is good once");
        registry.delete(&request, &user, KIND, &id, IfMatch::Any).await.unwrap();
        assert_eq!(registry.list(&request, &user, KIND).await.unwrap().set.skip, Skip::NotSet);
        registry
            .enrol(&request, &user, None, KIND, draft(KIND, "{}"), OnLimit::Refuse)
            .await
            .unwrap();
        assert_eq!(
            registry.list(&request, &user, KIND).await.unwrap().set.skip,
            Skip::NotSkippable
        );

        // The change log tells the story, with who asked and why, and without the code.
        let changes = registry.store().changes(None, 9).await.unwrap();
        let actions = changes.iter().flat_map(|entry| match &entry.change.what {
            What::Set { devices, .. } => devices.iter().map(|device| device.action).collect(),
            What::Purged => Vec::new(),
        });
        let told: Vec<_> = actions.collect();
        assert_eq!(
            told,
            [Action::Enrolled, Action::RecoveryCodeUsed, Action::Deleted, Action::Enrolled]
        );
        assert!(changes.iter().all(|entry| &*entry.change.actor == "test"
            && entry.change.request_id.as_deref() == Some("request-7")
            && entry.change.reason.as_deref() == Some("ticket 12")));
        assert!(!format!("{changes:?}").contains("two"));
    });
}

#[test]
fn a_user_manages_its_own_devices_and_nobody_elses() {
    block_on(async {
        let registry = registry(Policy::default());
        let operator = operator();
        let bjensen = user("bjensen");
        let kind = DeviceKind::WebAuthn;
        let profile = draft(kind, r#"{"uuid":"1","credentialId":"cred"}"#);
        let journey = request(&operator);
        let device =
            registry.enrol(&journey, &bjensen, None, kind, profile, OnLimit::Refuse).await.unwrap();

        let own = |name: &str| Caller::User {
            realm: bjensen.realm.clone(),
            user_id: user(name).user_id,
            authenticated_with: vec![],
        };
        let (herself, other) = (own("BJENSEN"), own("scarter"));
        assert!(registry.list(&request(&herself), &bjensen, kind).await.unwrap().may_manage);
        for name in ["bjensen", "nobody"] {
            let refused = registry.list(&request(&other), &user(name), kind).await;
            assert!(
                matches!(refused, Err(Error::Denied(Denied::Forbidden))),
                "the same whether the user exists"
            );
        }
        let name = DeviceName::parse("Key").unwrap();
        let refused = registry
            .rename(&request(&other), &bjensen, kind, &device.id, name.clone(), IfMatch::Any)
            .await;
        assert_eq!(refused, Err(Error::Denied(Denied::Forbidden)));
        let renamed = registry
            .rename(&request(&herself), &bjensen, kind, &device.id, name, IfMatch::Any)
            .await
            .unwrap();
        assert!(renamed.revision > device.revision);

        let by_credential = device_core::DeviceId::parse("cred").unwrap();
        let (read, _) =
            registry.read(&request(&herself), &bjensen, kind, &by_credential).await.unwrap();
        assert_eq!(read, renamed);
    });
}

#[test]
fn the_policy_switches_what_the_documents_disagree_on() {
    block_on(async {
        let caller = operator();
        let (request, user) = (request(&caller), user("bjensen"));
        let am = Policy { rename_oath_push: true, reset_binding: true, ..Policy::default() };
        for (policy, allowed) in [(Policy::default(), false), (am, true)] {
            let registry = registry(policy);
            let id = registry
                .enrol(&request, &user, None, KIND, draft(KIND, "{}"), OnLimit::Refuse)
                .await
                .unwrap()
                .id;
            let name = DeviceName::parse("New").unwrap();
            let renamed = registry.rename(&request, &user, KIND, &id, name, IfMatch::Any).await;
            assert_eq!(renamed.is_ok(), allowed);
            let reset = registry.reset(&request, &user, DeviceKind::Binding, IfMatch::Any).await;
            assert_eq!(reset.is_ok(), allowed);
            for kind in [DeviceKind::WebAuthn, DeviceKind::Profile, DeviceKind::Trusted] {
                let reset = registry.reset(&request, &user, kind, IfMatch::Any).await;
                assert!(matches!(reset, Err(Error::Unsupported { .. })), "{kind}");
                assert!(
                    registry.check(&request, &user, kind).await.is_err(),
                    "{kind} has no skip setting"
                );
            }
        }
    });
}
