//! From the settings to who may call; what cannot be meant is refused at start.

mod entry;
mod issuers;

use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::Arc;

use axum::http::HeaderName;
use device_core::UserId;
use device_registry::Caller;
use device_wire::realms::Realms;

use self::entry::Entry;
use self::issuers::{introspection, rules, signing_issuer};
use super::am::Sessions;
use super::client::Client;
use super::known::{Known, Session};
use super::settings::{FixedToken, SessionSettings};
use super::{Digest, Verifier, digest};
use crate::settings::Settings;

/// Why callers cannot be known in the way the settings say. The first part names the setting.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct CallersError {
    what: String,
    why: String,
}

/// Everything that verifies tokens but the local key.
pub(super) fn verifier(settings: &Settings, realms: &Realms) -> Result<Verifier, CallersError> {
    // Made where somebody is to be asked: it reads the roots of the system.
    let client = LazyCell::new(Client::new);
    let entry = |name: String| Entry { name, realms, plain_http: settings.plain_http };
    let mut verifier = Verifier::default();
    for issuer in &settings.issuers {
        let entry = entry(format!("issuer `{}`", issuer.issuer));
        let known = verifier.issuers.iter().map(|issuer| &issuer.name);
        if known
            .chain(verifier.introspections.iter().map(|issuer| &issuer.name))
            .any(|name| *name == issuer.issuer)
        {
            return Err(entry.wrong("is configured twice"));
        }
        let rules = rules(&entry, issuer, &settings.scopes)?;
        match &issuer.introspection {
            None => verifier.issuers.push(signing_issuer(&entry, issuer, rules, &client)?),
            Some(_) => verifier.introspections.push(introspection(&entry, issuer, rules, &client)?),
        }
    }
    for session in &settings.sessions {
        let entry = entry(format!("sessions `{}`", session.url));
        verifier.sessions.push(sessions(&entry, session, settings, &client)?);
    }
    for (at, token) in settings.tokens.fixed.iter().enumerate() {
        let entry = entry(format!("`tokens.fixed` {}", at + 1));
        let (digest, known) = fixed(&entry, token)?;
        if verifier.fixed.insert(digest, Arc::new(known)).is_some() {
            return Err(entry.wrong("is the token of another entry"));
        }
    }
    Ok(verifier)
}

fn sessions(
    entry: &Entry<'_>,
    session: &SessionSettings,
    settings: &Settings,
    client: &Client,
) -> Result<Sessions, CallersError> {
    let realm = entry.realm(&session.realm)?;
    if !session.url.ends_with("/sessions") {
        return Err(entry.wrong("`url` must end with `/sessions`"));
    }
    let name = session.sso_name.as_ref().unwrap_or(&settings.sso_name);
    Ok(Sessions {
        administers: entry.administers(session.administers.as_deref(), &realm)?,
        realm,
        end_point: entry.end_point("url", &format!("{}?_action=getSessionInfo", session.url))?,
        client: client.clone(),
        header: HeaderName::try_from(name)
            .map_err(|_| entry.wrong(format!("`{name}` cannot be the name of a header")))?,
        administrators: session.administrators.clone(),
    })
}

fn fixed(entry: &Entry<'_>, token: &FixedToken) -> Result<(Digest, Known), CallersError> {
    let realm = entry.realm(&token.realm)?;
    let text = token.token.0.expose();
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        return Err(entry.wrong("`token` is empty or has blanks"));
    }
    let (subject, caller) = match &token.user {
        Some(user) => {
            let user_id =
                UserId::parse(user).map_err(|error| entry.wrong(format!("`user` {error}")))?;
            let authenticated_with = token.amr.iter().map(|name| name.as_str().into()).collect();
            (user.as_str(), Caller::User { realm: realm.clone(), user_id, authenticated_with })
        }
        None => {
            let subject = "administrator";
            let realms = vec![realm.clone()];
            (subject, Caller::Administrator { subject: subject.into(), realms, may_write: true })
        }
    };
    // Such a token has no end of its own.
    let session = Session::of_token(subject, &realm, 0, u64::MAX);
    Ok((digest(None, text), Known { caller, session }))
}

/// The tokens of no issuer, by digest.
pub(super) type Fixed = HashMap<Digest, Arc<Known>>;
