//! Refresh: only the phone's own, newest word counts, and it changes nothing but what it says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_core::limits::{PUSH_KEY_BYTES_MIN, RETIRED_DIGESTS_MAX};
use device_core::push::Malformed;
use device_core::rules::{OnRetired, RefreshRefused};
use device_core::strategies::{Signed, device_set, refresh_body, sign};
use device_core::{
    Action, Device, DeviceKind, DeviceSet, Devices, Facts, PushFacts, RefreshMessage, Revision,
    rules,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{draft, id, moment, others};

/// A set with the phone that [`Signed::default`] speaks for.
fn with_phone(mut set: DeviceSet, key: &[u8]) -> DeviceSet {
    let secret = STANDARD.encode(key);
    let json = format!(
        r#"{{"deviceMechanismUID":"mechanism","sharedSecret":"{secret}","deviceId":"first token","communicationId":"arn:1","issuer":"x","more":1.50}}"#
    );
    let device =
        draft(DeviceKind::Push, &json).into_device(id("phone"), Revision::from_record(3), 1_000);
    let mut devices: Vec<Device> = set.devices.iter().cloned().collect();
    devices.insert(devices.len() / 2, device);
    set.devices = devices.into_iter().collect();
    set
}

fn phone(set: &DeviceSet) -> (&Device, &PushFacts) {
    let device = set.device(&id("phone")).unwrap();
    let Facts::Push(push) = &device.facts else { panic!("not a phone") };
    (device, push)
}

fn parse(signed: &Signed<'_>) -> RefreshMessage<'static> {
    RefreshMessage::parse(signed.body().as_bytes()).unwrap().into_owned()
}

fn lone_phone() -> DeviceSet {
    with_phone(DeviceSet { revision: Revision::from_record(9), ..DeviceSet::default() }, &[7; 32])
}

fn refresh(
    set: &DeviceSet,
    signed: &Signed<'_>,
    on_retired: OnRetired,
) -> Result<Option<DeviceSet>, RefreshRefused> {
    let step = rules::refresh(set, &parse(signed), on_retired, moment(1))?;
    Ok(step.write.map(|write| write.next))
}

/// Few uids, which begin alike or end where others go on.
fn mechanism_uid() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![
        None,
        Some("7f3b1c52"),
        Some("7f3b1c52-0c63"),
        Some("7f3b1c52-0c64"),
        Some("7"),
        Some("\0"),
    ])
}

proptest! {
    /// A mechanism is found where plain looking finds it, also after its device was changed; states of the set that share the device stay as they are.
    #[test]
    fn mechanisms_are_found_by_the_whole_uid(
        uids in vec((mechanism_uid(), mechanism_uid()), 1..5),
        sought in mechanism_uid(),
        set in device_set(DeviceKind::Push),
    ) {
        let sought = sought.unwrap_or("");
        let named = |device: &mut Device, uid: Option<&str>| {
            let Facts::Push(push) = &mut device.facts else { panic!("not a push device") };
            push.mechanism_uid = uid.map(Into::into);
        };
        let plain = |devices: &Devices| devices.iter().position(|device| {
            matches!(&device.facts, Facts::Push(push) if push.mechanism_uid.as_deref() == Some(sought))
        });
        let Some(any) = set.devices.first() else { return Ok(()) };
        let mut before = Devices::default();
        for (uid, _) in &uids {
            let mut device = any.clone();
            named(&mut device, *uid);
            before.push(device);
        }
        prop_assert_eq!(before.position_of_mechanism(sought), plain(&before));
        let (mut after, unchanged) = (before.clone(), format!("{before:?}"));
        for (at, (_, uid)) in uids.iter().enumerate() {
            after.change(at, |device| named(device, *uid));
            prop_assert_eq!(after.position_of_mechanism(sought), plain(&after));
        }
        prop_assert_eq!(format!("{before:?}"), unchanged);
    }
}

/// What a phone may say: the number of a token, a name, a time. Few of each, so that messages come twice.
type Word = (u8, Option<u8>, Option<u8>);

fn word() -> impl Strategy<Value = Word> {
    (0..12_u8, option::weighted(0.2, 0..2_u8), option::weighted(0.2, 0..4_u8))
}

fn claims((_, name, issued_at): Word) -> String {
    let name = name.map(|name| format!(",\"deviceName\":\"name {name}\"")).unwrap_or_default();
    let issued_at = issued_at.map(|seconds| format!(",\"iat\":{seconds}")).unwrap_or_default();
    name + &issued_at
}

/// What a phone's memory should be, said plainly.
#[derive(Default)]
struct Model {
    token: Option<u8>,
    name: Option<u8>,
    in_force: Option<Word>,
    retired: Vec<Word>,
    issued_at: Option<u8>,
    typed: bool,
}

impl Model {
    /// Whether the word is accepted and whether it changes anything.
    fn hear(&mut self, word: Word, on_retired: OnRetired) -> Result<bool, RefreshRefused> {
        let (token, name, issued_at) = word;
        if on_retired == OnRetired::Reject && self.retired.contains(&word) {
            return Err(RefreshRefused::Retired);
        }
        if issued_at.is_some() && issued_at < self.issued_at {
            return Err(RefreshRefused::OutOfDate);
        }
        if self.typed && self.token == Some(token) && (name.is_none() || name == self.name) {
            return Ok(false);
        }
        self.typed = true;
        self.token = Some(token);
        self.name = name.or(self.name);
        self.issued_at = issued_at.max(self.issued_at);
        self.retired.retain(|retired| *retired != word);
        if let Some(superseded) = self.in_force.replace(word)
            && superseded != word
        {
            self.retired.push(superseded);
        }
        if self.retired.len() > RETIRED_DIGESTS_MAX {
            self.retired.remove(0);
        }
        Ok(true)
    }
}

proptest! {
    #[test]
    fn a_phone_s_words_are_heard_as_the_model_says(words in vec(word(), 1..40), accept in any::<bool>()) {
        let on_retired = if accept { OnRetired::Accept } else { OnRetired::Reject };
        let mut model = Model::default();
        let mut set = lone_phone();
        for word in words {
            let (token, more_claims) = (format!("token {}", word.0), claims(word));
            let signed = Signed { device_token: &token, more_claims: &more_claims, ..Signed::default() };
            let expected = model.hear(word, on_retired);
            let heard = refresh(&set, &signed, on_retired);
            prop_assert_eq!(heard.as_ref().map(Option::is_some), expected.as_ref().copied());
            if let Ok(Some(next)) = heard {
                prop_assert_eq!(next.revision, set.revision.next(0));
                set = next;
            }
            let (device, push) = phone(&set);
            if let Some(token) = model.token {
                prop_assert_eq!(push.device_token.as_deref(), Some(&*format!("token {token}")));
            }
            if let Some(name) = model.name {
                prop_assert_eq!(device.name.as_str(), format!("name {name}"));
            }
            prop_assert_eq!(push.refreshes.issued_at_seconds, model.issued_at.map(u64::from));
            prop_assert_eq!(push.refreshes.retired.len(), model.retired.len());
            prop_assert!(push.refreshes.retired.len() <= RETIRED_DIGESTS_MAX);
        }
    }

    #[test]
    fn a_refresh_changes_what_it_says_and_nothing_else(
        set in device_set(DeviceKind::Push), token in "[!-~]{1,40}", name in option::of("[a-z ]{1,9}")
    ) {
        let set = with_phone(set, &[7; 32]);
        let more_claims = name.as_ref().map(|name| format!(",\"deviceName\":\"x{name}\"")).unwrap_or_default();
        let signed = Signed { device_token: &token, more_claims: &more_claims, ..Signed::default() };
        let message = parse(&signed);
        let write = rules::refresh(&set, &message, OnRetired::Reject, moment(1)).unwrap().write.unwrap();
        let (device, push) = phone(&set);
        let mut expected = device.clone();
        expected.revision = set.revision.next(0);
        expected.name = message.device_name.clone().unwrap_or(expected.name);
        let mut facts = push.clone();
        facts.device_token = Some(token.as_str().into());
        facts.device_type = Some("android".into());
        facts.communication_type = Some("gcm".into());
        facts.refreshes.current = Some(message.digest());
        expected.facts = Facts::Push(facts);
        prop_assert_eq!(phone(&write.next).0, &expected, "key, cold members and dates stay");
        prop_assert_eq!(others(&write.next, &device.id), others(&set, &device.id));
        prop_assert_eq!((write.next.skip, write.skip, &write.next.owner), (set.skip, None, &set.owner));
        prop_assert_eq!(write.devices.len(), 1);
        prop_assert_eq!(write.devices[0].action, Action::TokenRefreshed);
        prop_assert_eq!(refresh(&write.next, &signed, OnRetired::Reject), Ok(None), "again");
    }

    #[test]
    fn only_the_right_key_signs(key in vec(any::<u8>(), 0..40), other in vec(any::<u8>(), 0..40)) {
        let set = with_phone(lone_phone_less(), &key);
        let good = refresh(&set, &Signed { key: &key, ..Signed::default() }, OnRetired::Reject);
        if key.len() < PUSH_KEY_BYTES_MIN {
            prop_assert_eq!(good, Err(RefreshRefused::BadSignature), "a short key signs nothing");
        } else {
            prop_assert!(good.is_ok());
        }
        prop_assume!(key != other);
        let bad = refresh(&set, &Signed { key: &other, ..Signed::default() }, OnRetired::Reject);
        // HMAC fills a short key up with zeros, so two keys may be one.
        let padded = |key: &[u8]| [key, &[0; 40]].concat()[..40].to_vec();
        prop_assume!(padded(&key) != padded(&other));
        prop_assert_eq!(bad, Err(RefreshRefused::BadSignature));
    }

    #[test]
    fn a_changed_character_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let token = Signed::default().token();
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != to && &token[at..=at] != ".");
        let changed = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        refused(&lone_phone(), &refresh_body("mechanism", "bjensen", &changed));
        refused(&lone_phone(), &refresh_body("mechanism", "bjensen", &token[..at]));
    }
}

fn lone_phone_less() -> DeviceSet {
    DeviceSet { revision: Revision::from_record(9), ..DeviceSet::default() }
}

/// Whatever reads it, the body changes nothing.
fn refused(set: &DeviceSet, body: &str) {
    let Ok(message) = RefreshMessage::parse(body.as_bytes()) else { return };
    let refused = rules::refresh(set, &message, OnRetired::Accept, moment(1));
    assert!(refused.is_err(), "{body} was accepted");
}

#[test]
fn forgeries_are_refused() {
    let set = lone_phone();
    let good = Signed::default();
    assert!(
        refresh(&set, &good, OnRetired::Reject).unwrap().is_some(),
        "the message itself is good"
    );

    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"nOnE"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
    ] {
        let body = Signed { header, ..good.clone() }.body();
        let parsed = RefreshMessage::parse(body.as_bytes());
        assert_eq!(parsed.err(), Some(Malformed::Algorithm), "{header}");
    }
    let token = good.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let other = Signed { device_token: "mine", key: &[8; 32], ..good.clone() }.token();
    let (other_signed, other_signature) = other.rsplit_once('.').unwrap();
    for forged in [
        format!("{signed}."),
        format!("{signed}.{}", &signature[..42]),
        format!("{signed}.{other_signature}"),
        format!("{other_signed}.{signature}"),
        format!("{header}.{payload}"),
        format!("{token}.{signature}"),
        format!(".{payload}.{signature}"),
    ] {
        refused(&set, &refresh_body("mechanism", "bjensen", &forged));
    }
    let nobodys_key =
        sign(&[0; 32], good.header, r#"{"deviceId":"x","deviceType":"y","communicationType":"z"}"#);
    refused(&set, &refresh_body("mechanism", "bjensen", &nobodys_key));
    let keyless = draft(DeviceKind::Push, r#"{"deviceMechanismUID":"mechanism"}"#);
    let keyless = keyless.into_device(id("phone"), Revision::from_record(1), 1);
    let keyless = DeviceSet { devices: Devices::from_iter([keyless]), ..DeviceSet::default() };
    refused(&keyless, &refresh_body("mechanism", "bjensen", &nobodys_key));
}

#[test]
fn a_message_speaks_for_its_mechanism_only() {
    let set = lone_phone();
    for mechanism_uid in ["Mechanism", "other", "mechanism "] {
        let signed = Signed { mechanism_uid, ..Signed::default() };
        assert_eq!(refresh(&set, &signed, OnRetired::Reject), Err(RefreshRefused::NoSuchMechanism));
    }
    let claimed = Signed { more_claims: r#","mechanismUid":"other""#, ..Signed::default() };
    let body = claimed.body();
    let parsed = RefreshMessage::parse(body.as_bytes());
    assert_eq!(parsed.err(), Some(Malformed::Mechanism));
    let unknown = rules::refresh(
        &DeviceSet::default(),
        &parse(&Signed::default()),
        OnRetired::Reject,
        moment(1),
    );
    assert_eq!(unknown, Err(RefreshRefused::NoSuchMechanism));
}

#[test]
fn a_new_name_alone_is_not_a_new_token() {
    let signed =
        |more_claims| Signed { device_token: "first token", more_claims, ..Signed::default() };
    let set = refresh(&lone_phone(), &signed(""), OnRetired::Reject).unwrap().unwrap();
    let message = parse(&signed(r#","deviceName":"New""#));
    let write =
        rules::refresh(&set, &message, OnRetired::Reject, moment(1)).unwrap().write.unwrap();
    assert_eq!(write.devices[0].action, Action::Refreshed);
    assert_eq!(write.devices[0].name.as_str(), "New");
}
