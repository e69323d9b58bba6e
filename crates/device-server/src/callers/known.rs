//! From what a token says to who asks: pure rules.
//!
//! Sources: `decisions.md` (Who may call, Realms); `clients.md` 4 (what a session shows).

use std::time::{Duration, SystemTime};

use device_core::{Realm, UserId};
use device_registry::Caller;
use serde::Serialize;

use super::claims::Claims;

/// Somebody whose token was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who asks.
    pub caller: Caller,
    /// The session, as its owner sees it.
    pub session: Session,
}

/// What `getSessionInfo` shows; mobile clients need all six, as strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the member of its name")]
pub struct Session {
    pub username: String,
    pub universal_id: String,
    pub realm: String,
    pub latest_access_time: String,
    pub max_idle_expiration_time: String,
    pub max_session_expiration_time: String,
}

impl Session {
    /// That of a token, which has no idle time: `now` and the end in milliseconds since 1970.
    pub(super) fn of_token(subject: &str, realm: &Realm, now_ms: u64, until_ms: u64) -> Self {
        Self {
            username: subject.to_owned(),
            universal_id: universal_id(subject, realm),
            realm: realm.as_str().to_owned(),
            latest_access_time: iso(now_ms),
            max_idle_expiration_time: iso(until_ms),
            max_session_expiration_time: iso(until_ms),
        }
    }
}

/// The name AM gives a user of a realm: `id=demo,ou=user,o=alpha,ou=services,ou=am-config`.
fn universal_id(subject: &str, realm: &Realm) -> String {
    let mut id = format!("id={},ou=user", escape(subject));
    let names: Vec<&str> = realm.names().collect();
    for name in names.iter().rev() {
        id.push_str(&format!(",o={}", escape(name)));
    }
    id.push_str(if names.is_empty() { ",ou=am-config" } else { ",ou=services,ou=am-config" });
    id
}

/// Escapes what has a meaning in a distinguished name (RFC 4514, 2.4).
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if ",+\"\\<>;=".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A time as AM writes it: `2026-01-31T12:00:00Z`.
fn iso(ms: u64) -> String {
    // The last second that has four digits for its year: a token may claim any number.
    const SECONDS_MAX: u64 = 253_402_300_799;
    let since = Duration::from_secs((ms / 1000).min(SECONDS_MAX));
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

/// Who the subjects of one issuer are.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    /// The realm of its users. Their tokens are worth nothing in any other.
    pub(super) realm: Realm,
    /// The realms of its administrators.
    pub(super) administers: Vec<Realm>,
    /// Which scope makes an administrator.
    pub(super) administrator_scope: String,
    /// Which scope makes one who may only look.
    pub(super) read_scope: Option<String>,
    /// Which groups make an administrator.
    pub(super) administrator_groups: Vec<String>,
    /// The claim with the subject's `_id`.
    pub(super) subject_claim: String,
    /// The claim with its groups.
    pub(super) groups_claim: String,
}

impl Rules {
    /// Who a token is of; `None` if it says no subject, or one that cannot be a user.
    ///
    /// AM writes subjects as `(usr!NAME)` and `(age!NAME)`: the second is a client, which is never the user of that name.
    pub(super) fn known(&self, claims: &Claims, now_ms: u64, until_ms: u64) -> Option<Known> {
        let subject = claims.text(&self.subject_claim).filter(|subject| !subject.is_empty())?;
        let typed = |kind| subject.strip_prefix(kind).and_then(|rest: &str| rest.strip_suffix(')'));
        let subject = typed("(usr!").or_else(|| typed("(age!")).unwrap_or(subject);
        let is_client = claims.text("sub").is_some_and(|subject| subject.starts_with("(age!"));
        let scopes = claims.words("scope");
        let groups = claims.names(&self.groups_claim);
        let in_group = |group: &String| groups.contains(&group.as_str());
        let administers = scopes.contains(&self.administrator_scope.as_str())
            || self.administrator_groups.iter().any(in_group);
        let looks = self.read_scope.as_ref().is_some_and(|scope| scopes.contains(&scope.as_str()));
        let caller = if administers || looks {
            Caller::Administrator {
                subject: subject.into(),
                realms: self.administers.clone(),
                may_write: administers,
            }
        } else if is_client {
            return None;
        } else {
            Caller::User {
                realm: self.realm.clone(),
                user_id: UserId::parse(subject).ok()?,
                authenticated_with: claims.words("amr").into_iter().map(Into::into).collect(),
            }
        };
        let session = Session::of_token(subject, &self.realm, now_ms, until_ms);
        Some(Known { caller, session })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm(path: &str) -> Realm {
        Realm::parse(path).unwrap()
    }

    fn rules() -> Rules {
        Rules {
            realm: realm("/alpha"),
            administers: vec![realm("/alpha"), realm("/alpha/child")],
            administrator_scope: "fr:am:*".into(),
            read_scope: Some("devices:read".into()),
            administrator_groups: vec!["Help Desk".into()],
            subject_claim: "sub".into(),
            groups_claim: "groups".into(),
        }
    }

    /// `Some(true)` is an administrator, `Some(false)` one who may only look, `None` a user.
    #[test]
    fn who_a_subject_is() {
        for (more, administrator) in [
            (r#""scope":"fr:am:*""#, Some(true)),
            (r#""scope":["openid","fr:am:*"]"#, Some(true)),
            (r#""scope":"devices:read""#, Some(false)),
            (r#""scope":"devices:read fr:am:*""#, Some(true)),
            (r#""groups":["staff","Help Desk"]"#, Some(true)),
            (r#""groups":"Help Desk""#, Some(true)),
            (r#""groups":"Help Desk2""#, None),
            (r#""scope":"Help Desk""#, None),
            (r#""scope":"fr:am:*x xfr:am:*""#, None),
            (r#""scope":"FR:AM:*""#, None),
            (r#""roles":["fr:am:*"]"#, None),
        ] {
            let claims = serde_json::from_str(&format!(r#"{{"sub":"bjensen",{more}}}"#)).unwrap();
            let known = rules().known(&claims, 0, 60_000).unwrap();
            match (administrator, known.caller) {
                (None, Caller::User { realm: of, user_id, .. }) => {
                    assert_eq!((of, user_id.as_str()), (realm("/alpha"), "bjensen"));
                }
                (Some(writes), Caller::Administrator { subject, realms, may_write }) => {
                    assert_eq!((&*subject, may_write), ("bjensen", writes), "{more}");
                    assert_eq!(realms, [realm("/alpha"), realm("/alpha/child")]);
                }
                (_, caller) => panic!("{more}: {caller:?}"),
            }
        }
    }

    #[test]
    fn without_a_subject_nobody_is_known() {
        for claims in ["{}", r#"{"sub":""}"#, r#"{"sub":7}"#, r#"{"sub":" "}"#] {
            assert_eq!(rules().known(&serde_json::from_str(claims).unwrap(), 0, 0), None);
        }
    }

    /// "Subject claims" in AM's documents.
    #[test]
    fn subjects_of_am() {
        let known = |claim: &str, claims: &str| {
            let rules = Rules { subject_claim: claim.into(), ..rules() };
            rules.known(&serde_json::from_str(claims).unwrap(), 0, 0).map(|known| known.caller)
        };
        for claims in [
            r#"{"sub":"(usr!bjensen)","subname":"bjensen"}"#,
            r#"{"sub":"bjensen","subname":"bjensen"}"#,
        ] {
            for claim in ["sub", "subname"] {
                assert_eq!(known(claim, claims).unwrap().actor(), "bjensen", "{claims}");
            }
        }
        let client = r#"{"sub":"(age!bjensen)","subname":"bjensen"}"#;
        assert_eq!(known("sub", client), None);
        assert_eq!(known("subname", client), None);
        let administrator = r#"{"sub":"(age!service)","scope":["fr:am:*"]}"#;
        assert_eq!(known("sub", administrator).unwrap().actor(), "service");
    }

    #[test]
    fn sessions_are_named_as_in_am() {
        let session = |subject, path| Session::of_token(subject, &realm(path), 0, u64::MAX);
        let in_child = session("a,b", "/alpha/child");
        let id = "id=a\\,b,ou=user,o=child,o=alpha,ou=services,ou=am-config";
        assert_eq!(in_child.universal_id, id);
        assert_eq!(in_child.latest_access_time, "1970-01-01T00:00:00Z");
        assert_eq!(in_child.max_session_expiration_time, "9999-12-31T23:59:59Z");
        assert_eq!(session("demo", "/").universal_id, "id=demo,ou=user,ou=am-config");
    }
}
