//! Entries of `issuers`.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey};

use super::CallersError;
use super::entry::Entry;
use crate::callers::client::Client;
use crate::callers::introspection::Introspection;
use crate::callers::issuer::{Issuer, Signing};
use crate::callers::keys::{self, Keys, Source};
use crate::callers::known::Rules;
use crate::callers::limits::{
    KEYS_REFRESH_SECONDS, KEYS_REFRESH_SECONDS_MAX, SHARED_SECRET_BYTES_MIN,
};
use crate::callers::settings::{AlgorithmName, IssuerSettings, Scopes};

pub(super) fn rules(
    entry: &Entry<'_>,
    issuer: &IssuerSettings,
    scopes: &Scopes,
) -> Result<Rules, CallersError> {
    let realm = entry.realm(&issuer.realm)?;
    if scopes.administrator.is_empty() || scopes.read.as_deref() == Some("") {
        return Err(entry.wrong("`scopes` must not be empty"));
    }
    let claim =
        |name: &Option<String>, default: &str| name.clone().unwrap_or_else(|| default.into());
    Ok(Rules {
        administers: entry.administers(issuer.administers.as_deref(), &realm)?,
        realm,
        administrator_scope: scopes.administrator.clone(),
        read_scope: scopes.read.clone(),
        administrator_groups: issuer.administrator_groups.clone(),
        subject_claim: claim(&issuer.subject_claim, "sub"),
        groups_claim: claim(&issuer.groups_claim, "groups"),
    })
}

pub(super) fn signing_issuer(
    entry: &Entry<'_>,
    issuer: &IssuerSettings,
    rules: Rules,
    client: &Client,
) -> Result<Issuer, CallersError> {
    if issuer.audiences.is_empty() {
        return Err(entry.wrong("`audiences` is missing: a token for somebody else would be taken for one for this server"));
    }
    let secret =
        entry.secret("secret", issuer.secret_file.as_deref(), issuer.secret_env.as_deref())?;
    let algorithms = issuer.algorithms.clone().unwrap_or_else(|| match secret {
        Some(_) => vec![AlgorithmName::HS256],
        None => vec![
            AlgorithmName::RS256,
            AlgorithmName::PS256,
            AlgorithmName::ES256,
            AlgorithmName::EdDSA,
        ],
    });
    let symmetric = algorithms.contains(&AlgorithmName::HS256);
    let signing = match secret {
        Some(_)
            if issuer.jwks_file.is_some()
                || issuer.jwks_url.is_some()
                || issuer.jwks_refresh_seconds.is_some() =>
        {
            return Err(entry.wrong("a secret and a JWK Set exclude each other"));
        }
        Some(_) if algorithms != [AlgorithmName::HS256] => {
            return Err(entry.wrong("with a secret, `algorithms` can only be `HS256`"));
        }
        Some(secret) if secret.expose().len() < SHARED_SECRET_BYTES_MIN => {
            return Err(
                entry.wrong(format!("the secret has less than {SHARED_SECRET_BYTES_MIN} bytes"))
            );
        }
        Some(secret) => Signing::Secret(DecodingKey::from_secret(secret.expose().as_bytes())),
        None if symmetric => return Err(entry.wrong("`HS256` needs `secret_file` or `secret_env`")),
        None => Signing::Keys(Arc::new(keys(entry, issuer, client)?)),
    };
    if algorithms.is_empty() {
        return Err(entry.wrong("`algorithms` is empty: no token would be accepted"));
    }
    let types = issuer.types.clone().unwrap_or_else(|| vec!["at+jwt".into()]);
    let types: Vec<String> = types.iter().map(|name| name.to_ascii_lowercase()).collect();
    if types.is_empty() {
        return Err(entry.wrong("`types` is empty: no token would be accepted"));
    }
    let algorithms = algorithms.into_iter().map(algorithm).collect();
    Ok(Issuer {
        name: issuer.issuer.clone(),
        rules,
        signing,
        algorithms,
        types,
        audiences: issuer.audiences.clone(),
    })
}

fn algorithm(name: AlgorithmName) -> Algorithm {
    match name {
        AlgorithmName::RS256 => Algorithm::RS256,
        AlgorithmName::PS256 => Algorithm::PS256,
        AlgorithmName::ES256 => Algorithm::ES256,
        AlgorithmName::EdDSA => Algorithm::EdDSA,
        AlgorithmName::HS256 => Algorithm::HS256,
    }
}

fn keys(entry: &Entry<'_>, issuer: &IssuerSettings, client: &Client) -> Result<Keys, CallersError> {
    let refresh = issuer.jwks_refresh_seconds.unwrap_or(KEYS_REFRESH_SECONDS);
    if !(1..=KEYS_REFRESH_SECONDS_MAX).contains(&refresh) {
        return Err(
            entry.wrong(format!("`jwks_refresh_seconds` must be 1 to {KEYS_REFRESH_SECONDS_MAX}"))
        );
    }
    let source = match (&issuer.jwks_file, &issuer.jwks_url) {
        (Some(_), Some(_)) => {
            return Err(entry.wrong("`jwks_file` and `jwks_url` exclude each other"));
        }
        (Some(path), None) => {
            // A name that is wrong now will not be right later; a server that is away may come back.
            keys::read_file(path)
                .map_err(|error| entry.wrong(format!("`jwks_file` {}: {error}", path.display())))?;
            Source::File(path.clone())
        }
        (None, Some(url)) => Source::Url(entry.end_point("jwks_url", url)?, client.clone()),
        (None, None) => {
            let document =
                format!("{}/.well-known/openid-configuration", issuer.issuer.trim_end_matches('/'));
            Source::Discovered {
                issuer: issuer.issuer.clone(),
                document: entry.end_point("issuer", &document)?,
                plain_http: entry.plain_http,
                client: client.clone(),
            }
        }
    };
    Ok(Keys::new(source, Duration::from_secs(refresh)))
}

pub(super) fn introspection(
    entry: &Entry<'_>,
    issuer: &IssuerSettings,
    rules: Rules,
    client: &Client,
) -> Result<Introspection, CallersError> {
    let Some(settings) = &issuer.introspection else {
        return Err(entry.wrong("`introspection` is missing"));
    };
    let signed = [
        ("jwks_file", issuer.jwks_file.is_some()),
        ("jwks_url", issuer.jwks_url.is_some()),
        ("jwks_refresh_seconds", issuer.jwks_refresh_seconds.is_some()),
        ("secret_file", issuer.secret_file.is_some()),
        ("secret_env", issuer.secret_env.is_some()),
        ("algorithms", issuer.algorithms.is_some()),
        ("types", issuer.types.is_some()),
    ];
    if let Some((name, _)) = signed.iter().find(|(_, is_set)| *is_set) {
        return Err(entry.wrong(format!("`{name}` and `introspection` exclude each other")));
    }
    let secret = entry.secret(
        "client_secret",
        settings.client_secret_file.as_deref(),
        settings.client_secret_env.as_deref(),
    )?;
    Ok(Introspection {
        name: issuer.issuer.clone(),
        rules,
        end_point: entry.end_point("introspection.url", &settings.url)?,
        client: client.clone(),
        client_id: settings.client_id.clone(),
        client_secret: secret.ok_or_else(|| {
            entry.wrong("`introspection` needs `client_secret_file` or `client_secret_env`")
        })?,
        audiences: issuer.audiences.clone(),
    })
}
