//! The settings of callers. `docs/settings.md` lists them, `docs/callers.md` shows them at work.

use std::fmt;
use std::path::PathBuf;

use device_core::Secret;
use serde::{Deserialize, Deserializer};

/// One of `issuers`: where tokens come from. Either keys (`jwks_file`, `jwks_url`, else discovered), a shared secret, or `introspection`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerSettings {
    /// What its tokens have in `iss`.
    pub issuer: String,
    /// The realm of its users.
    pub realm: String,
    /// The realms of its administrators; by default its own.
    pub administers: Option<Vec<String>>,
    /// One of these must be in `aud`.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// A file with its JWK Set.
    pub jwks_file: Option<PathBuf>,
    /// The URL of its JWK Set.
    pub jwks_url: Option<String>,
    /// How often keys are fetched.
    pub jwks_refresh_seconds: Option<u64>,
    /// The secret of HS256, in a file.
    pub secret_file: Option<PathBuf>,
    /// The secret of HS256, in an environment variable of this name.
    pub secret_env: Option<String>,
    /// Where to ask for its tokens instead.
    pub introspection: Option<IntrospectionSettings>,
    /// With what its tokens may be signed.
    pub algorithms: Option<Vec<AlgorithmName>>,
    /// What its tokens may have in `typ`; `none` is a token without.
    pub types: Option<Vec<String>>,
    /// The claim with a user's `_id`.
    pub subject_claim: Option<String>,
    /// The claim with the subject's groups.
    pub groups_claim: Option<String>,
    /// Groups whose members are administrators.
    #[serde(default)]
    pub administrator_groups: Vec<String>,
}

/// `issuers.introspection`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionSettings {
    /// The end point.
    pub url: String,
    /// As whom to ask.
    pub client_id: String,
    /// The client's secret, in a file.
    pub client_secret_file: Option<PathBuf>,
    /// The client's secret, in an environment variable of this name.
    pub client_secret_env: Option<String>,
}

/// One of `issuers.algorithms`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each is the algorithm of its name (RFC 7518, RFC 8037)")]
pub enum AlgorithmName {
    RS256,
    PS256,
    ES256,
    EdDSA,
    HS256,
}

/// One of `sessions`: another AM that knows whose an SSO token is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSettings {
    /// Its end point, up to `/sessions`.
    pub url: String,
    /// The realm, there and here.
    pub realm: String,
    /// The header it takes tokens in; by default `sso_name`.
    pub sso_name: Option<String>,
    /// The usernames of administrators.
    #[serde(default)]
    pub administrators: Vec<String>,
    /// Their realms; by default its own.
    pub administers: Option<Vec<String>>,
}

/// `scopes.*`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scopes {
    /// The scope of administrators.
    pub administrator: String,
    /// The scope of those who may only look.
    pub read: Option<String>,
}

/// One of `tokens.fixed`: a token of no issuer, for demonstrations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedToken {
    /// The token.
    pub token: HiddenText,
    /// In which realm.
    pub realm: String,
    /// Whose it is: a user's `_id`; without one an administrator's.
    pub user: Option<String>,
    /// How the user logged in, by names of kinds.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// A text that nobody prints.
#[derive(Clone)]
pub struct HiddenText(pub Secret);

impl fmt::Debug for HiddenText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl<'de> Deserialize<'de> for HiddenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}
