//! Users with a set of each of three kinds, one device each, made one at a time: for populations that should not be in memory as a whole.

use std::sync::Arc;

use device_core::rules::{self, Room};
use device_core::{
    Change, DeviceId, DeviceKind, DeviceSet, Draft, Moment, Owner, Realm, SetKey, What,
};

use crate::population::{NOW_MS, change, realm, username};

/// The kinds that each user has.
pub const KINDS: [DeviceKind; 3] = [DeviceKind::Oath, DeviceKind::Push, DeviceKind::WebAuthn];

const OATH: &str = r#"{"uuid":"35a65ddc-a334-4450-8d38-a9c47a6792ff","recoveryCodes":["Vg1RWvyZpP","TyQwp64mf9","jxRzYqCPiU","Vg1RWvyZpQ","TyQwp64mf8","jxRzYqCPiV"],"createdDate":1749572704744,"lastAccessDate":1749658704744,"sharedSecret":"CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8","deviceName":"OATH Device","lastLogin":0,"counter":3,"checksumDigit":false,"truncationOffset":0,"clockDriftSeconds":0}"#;

const PUSH: &str = r#"{"uuid":"9b44bc35-6351-4e98-875e-3707e23be0be","recoveryCodes":["Vg1RWvyZpP","TyQwp64mf9","jxRzYqCPiU","Vg1RWvyZpQ","TyQwp64mf8","jxRzYqCPiV"],"createdDate":1749572704744,"lastAccessDate":1749658704744,"sharedSecret":"I2TrGrrSeDTWCBKCQPlLtViEHMJfp1bgMmECukj/jiw=","deviceName":"Push Device","communicationId":"arn:aws:sns:eu-west-1:000000000000:endpoint/GCM/demo/2f1b3f0c-8a53-4bd6-9d1e-6a0a1d9f5c11","communicationType":"gcm","deviceId":"cX1-Tk3bRgeL0Zs9d1KfAb:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx3Wv0TqPqDk1kmB5h0v0kJ5m2nN1sH8oQ4yZc0bXlW2rT6uI9pAeFgHjKlMnBvCxZaQwErTyUiOpLkJhGfDsAzXcVbNmQwErTyUiOpAsDfGhJkLzX","deviceMechanismUID":"0b8f8c5e-4a5e-4b58-9a3c-7a1d6e1f2c3b","deviceType":"android","issuer":"Example"}"#;

const WEBAUTHN: &str = r#"{"uuid":"c11b4047-9e14-40c1-8657-86f0c3572d04","recoveryCodes":["EeExnVDOgf","PX6FGwMeIx","6iYiiYvODB"],"createdDate":1749572704744,"lastAccessDate":1749658650801,"credentialId":"Umd2iCLuYk1I_OFexcp5y9","algorithm":"SHA256withECDSA","deviceName":"Security Key","signCount":0,"key":{"kty":"EC","x":"zwVoMS6w2_v7vE0VqVUvbJw2VBGdVgg0rDzKSahGxHh","y":"wTNySU2vQX_Jep74L3nSxxSVt5DPfdWdBXDY_ByP7HS","crv":"P-256"}}"#;

/// Makes the sets.
#[derive(Debug)]
pub struct Households {
    /// The realm of all of them.
    pub realm: Realm,
    templates: [DeviceSet; 3],
}

impl Default for Households {
    fn default() -> Self {
        let template = |kind: DeviceKind, profile: &str| {
            let draft = Draft::parse(kind, profile).expect("a profile");
            let moment = Moment { now_ms: NOW_MS, random: 1 };
            let owner = Owner::named(username(0));
            let room = Room::up_to(1);
            let step = rules::enrol(&DeviceSet::default(), kind, &owner, draft, room, moment);
            step.expect("room").write.expect("an enrolment writes").next
        };
        let profiles = [OATH, PUSH, WEBAUTHN];
        let templates = [0, 1, 2].map(|at| template(KINDS[at], profiles[at]));
        Self { realm: realm(), templates }
    }
}

impl Households {
    /// The key of one of a user's sets; `kind` is a place in [`KINDS`].
    #[must_use]
    pub fn key(&self, user: usize, kind: usize) -> SetKey {
        SetKey::new(&self.realm, &username(user), KINDS[kind])
    }

    /// The set as it is stored first.
    ///
    /// # Panics
    /// Never: the id is valid.
    #[must_use]
    pub fn set(&self, user: usize, kind: usize) -> Arc<DeviceSet> {
        let mut set = self.templates[kind].clone();
        set.owner = Some(Owner::named(username(user)));
        let id = format!("{user:08x}-0000-4000-8000-00000000000{kind}");
        set.devices.change(0, |device| device.id = DeviceId::parse(&id).expect("an id"));
        Arc::new(set)
    }

    /// The change that comes with a set.
    #[must_use]
    pub fn change(&self, set: &DeviceSet, kind: usize, id: u128) -> Change {
        let mut change = change(&self.realm, set, &[0], id);
        if let What::Set { kind: of, .. } = &mut change.what {
            *of = KINDS[kind];
        }
        change
    }
}
