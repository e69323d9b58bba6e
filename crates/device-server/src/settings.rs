//! Settings: a flag, else the environment (`DEVREG_LISTEN`, nested with `__`), else `devreg.toml`, else the default.
//!
//! Names are those of `cli.md`; `docs/settings.md` lists them all.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat};
use device_core::rules::OnRetired;
use device_core::{DeviceKind, Realm, Show};
use device_registry::{Limits, Policy, Strength};
use ipnet::IpNet;
use serde::Deserialize;

use crate::callers::CallersError;
use crate::callers::settings::{FixedToken, IssuerSettings, Scopes, SessionSettings};
use crate::refresh_limit::RefreshLimit;
use crate::signing_key::ADMINISTRATOR_SCOPE;
use crate::stores::StoreChoice;
use device_wire::realms::{Realms, RealmsError};

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "devreg.toml";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder of store and signing key.
    pub data: PathBuf,
    /// Which store; by default [`STORE_DEFAULT`](crate::stores::STORE_DEFAULT), unless the data folder holds another one.
    pub store: Option<StoreChoice>,
    /// Connections to a database.
    pub postgres: PostgresSettings,
    /// Whose behaviour is followed where the documents differ.
    pub compatibility: Compatibility,
    /// First path segments that are skipped; by default those of [`Self::compatibility`].
    pub contexts: Option<Vec<String>>,
    /// The name of header and cookie that carry an SSO token.
    pub sso_name: String,
    /// Whether oath and push devices can be renamed.
    pub rename_oath_push: bool,
    /// Whether `reset` deletes bound devices; by default what [`Self::compatibility`] says.
    pub reset_binding: Option<bool>,
    /// Whether PUT, DELETE and reset need an `If-Match`.
    pub require_if_match: bool,
    /// What a user's session must have been opened with to delete, rename or reset: `none`, `any`, `same`.
    pub session_strength: StrengthName,
    /// What is logged: a level, or directives of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// Answers.
    pub answers: Answers,
    /// Cross-origin requests.
    pub cors: Cors,
    /// Push refresh.
    pub refresh: Refresh,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<IpNet>,
    /// Enrolment limits by kind; 0 means as many as a set holds.
    pub limits: LimitSettings,
    /// Tokens.
    pub tokens: Tokens,
    /// Whose tokens are accepted.
    pub issuers: Vec<IssuerSettings>,
    /// Whose sessions are accepted.
    pub sessions: Vec<SessionSettings>,
    /// What scopes mean.
    pub scopes: Scopes,
    /// Whether issuers and other AMs on other machines may be asked over plain http.
    pub plain_http: bool,
    /// The realms besides `/`.
    pub realms: Vec<RealmSettings>,
}

/// Whose behaviour is followed where the documents differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compatibility {
    /// PingOne Advanced Identity Cloud.
    Aic,
    /// Self-managed PingAM.
    Am,
}

/// `session_strength`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrengthName {
    /// Any session will do.
    None,
    /// Opened with some device.
    Any,
    /// Opened with a device of the same kind.
    Same,
}

/// `answers.*`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// How much of secrets PUT and DELETE show.
    pub secrets: Secrets,
}

/// `answers.secrets`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Secrets {
    /// As AM: all.
    Full,
    /// None.
    Redact,
}

/// `cors.*`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Where pages come from whose scripts may ask, with the user's cookie: `https://login.example.com`.
    pub origins: Vec<String>,
}

/// `refresh.*`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// What becomes of a genuine message that was superseded.
    pub on_retired: OnRetiredName,
    /// Messages that one source may send at once for one username.
    pub burst: NonZeroU32,
    /// And in a minute, in the long run; 0 takes any number.
    pub per_minute: u32,
}

/// `refresh.on_retired`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRetiredName {
    /// It is refused.
    Reject,
    /// It is accepted.
    Accept,
}

/// `limits.*`, in devices a user.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the limit of the kind of its name")]
pub struct LimitSettings {
    pub oath: Option<usize>,
    pub push: Option<usize>,
    pub webauthn: Option<usize>,
    pub binding: Option<usize>,
    pub profile: Option<usize>,
    pub trusted: Option<usize>,
}

/// `postgres.*`; what is not set is as `device-store-postgres` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// Connections for reads.
    pub read_connections: Option<u8>,
    /// Connections for writes.
    pub write_connections: Option<u8>,
    /// Whether statements are prepared.
    pub prepared: Option<bool>,
    /// A file of certificates that those of servers are checked with.
    pub ca_file: Option<PathBuf>,
    /// Changes that are kept.
    pub changes_kept: Option<u64>,
}

/// `tokens.*`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Whether tokens of the local signing key are accepted. By default only where the server listens on loopback.
    pub local: Option<bool>,
    /// Tokens of nobody, for demonstrations; only where tokens of the local key are accepted.
    #[serde(default)]
    pub fixed: Vec<FixedToken>,
}

/// One of `realms`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RealmSettings {
    /// Its path: `/alpha`.
    pub path: String,
    /// Other names it has in URLs.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Host names of requests that mean it when their path names no realm.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Limits of its own.
    pub limits: Option<LimitSettings>,
}

/// What the command line says; what is `None` is looked up elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<String>,
    /// `--store`
    pub store: Option<StoreChoice>,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file or a variable cannot be read as settings.
    #[error("the settings cannot be read: {0}")]
    Read(#[from] config::ConfigError),
    /// A realm cannot be configured.
    #[error(transparent)]
    Realms(#[from] RealmsError),
    /// Tokens of the local key would be accepted from the network.
    #[error(
        "`{0}` is not a loopback address: set `tokens.local = true` to accept tokens of the local signing key from the network, \
         or `false` to refuse them"
    )]
    LocalTokens(SocketAddr),
    /// Tokens of the table would be accepted where those of the local key are not.
    #[error("`tokens.fixed` is for demonstrations: it needs `tokens.local`")]
    FixedTokens,
    /// Callers cannot be known in that way.
    #[error(transparent)]
    Callers(#[from] CallersError),
}

impl Settings {
    /// Looks every setting up.
    ///
    /// # Errors
    /// [`SettingsError::Read`] names the file, variable or setting.
    pub fn load(flags: &Flags) -> Result<Self, SettingsError> {
        let file = match &flags.config {
            Some(path) => File::from(path.as_path()).format(FileFormat::Toml).required(true),
            None => File::from(Path::new(DEFAULT_FILE)).format(FileFormat::Toml).required(false),
        };
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let settings = Config::builder()
            .set_default("listen", "127.0.0.1:8080")?
            .set_default("data", "./devreg-data")?
            .set_default("compatibility", "aic")?
            .set_default("sso_name", "iPlanetDirectoryPro")?
            .set_default("rename_oath_push", false)?
            .set_default("require_if_match", false)?
            .set_default("session_strength", "none")?
            .set_default("log", "info")?
            .set_default("postgres", config::Map::<String, config::Value>::new())?
            .set_default("answers.secrets", "redact")?
            .set_default("cors.origins", Vec::<String>::new())?
            .set_default("refresh.on_retired", "reject")?
            .set_default("refresh.burst", 30)?
            .set_default("refresh.per_minute", 30)?
            .set_default("proxies", Vec::<String>::new())?
            .set_default("limits", config::Map::<String, config::Value>::new())?
            .set_default("tokens", config::Map::<String, config::Value>::new())?
            .set_default("issuers", Vec::<config::Value>::new())?
            .set_default("sessions", Vec::<config::Value>::new())?
            .set_default("scopes.administrator", ADMINISTRATOR_SCOPE)?
            .set_default("plain_http", false)?
            .set_default(
                "realms",
                vec![config::Map::from([("path".to_owned(), "/alpha".to_owned())])],
            )?
            .add_source(file)
            .add_source(
                Environment::with_prefix("DEVREG")
                    .prefix_separator("_")
                    .separator("__")
                    .try_parsing(true)
                    .list_separator(",")
                    .with_list_parse_key("contexts")
                    .with_list_parse_key("proxies")
                    .with_list_parse_key("cors.origins"),
            )
            .set_override_option("data", flags.data.as_ref().map(path))?
            .set_override_option("listen", flags.listen.clone())?
            .set_override_option("store", flags.store.as_ref().map(StoreChoice::expose))?
            .build()?;
        Ok(settings.try_deserialize()?)
    }

    /// The realms, the top level realm among them.
    ///
    /// # Errors
    /// [`SettingsError::Realms`].
    pub fn realms(&self) -> Result<Realms, SettingsError> {
        let mut realms = Realms::default();
        realms.add(Realm::top().as_str(), &[], &[])?;
        for realm in &self.realms {
            realms.add(&realm.path, &realm.aliases, &realm.hosts)?;
        }
        Ok(realms)
    }

    /// The policy of the registry.
    ///
    /// # Errors
    /// [`SettingsError::Realms`].
    pub fn policy(&self) -> Result<Policy, SettingsError> {
        let limits = self.limits.over(Limits::default());
        let mut policy = Policy {
            rename_oath_push: self.rename_oath_push,
            reset_binding: self.reset_binding.unwrap_or(self.compatibility == Compatibility::Am),
            strength: match self.session_strength {
                StrengthName::None => Strength::None,
                StrengthName::Any => Strength::Any,
                StrengthName::Same => Strength::Same,
            },
            on_retired: match self.refresh.on_retired {
                OnRetiredName::Reject => OnRetired::Reject,
                OnRetiredName::Accept => OnRetired::Accept,
            },
            limits,
            ..Policy::default()
        };
        for realm in &self.realms {
            let path = Realm::parse(&realm.path)
                .map_err(|error| RealmsError::Path(realm.path.clone(), error))?;
            if let Some(own) = realm.limits {
                policy.realm_limits.insert(path, own.over(limits));
            }
        }
        Ok(policy)
    }

    /// First path segments that are skipped.
    #[must_use]
    pub fn contexts(&self) -> Vec<String> {
        let names: &[&str] = match self.compatibility {
            Compatibility::Aic => &["am"],
            Compatibility::Am => &["am", "openam"],
        };
        self.contexts
            .clone()
            .unwrap_or_else(|| names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// How much of a profile PUT and DELETE show.
    #[must_use]
    pub fn show(&self) -> Show {
        match self.answers.secrets {
            Secrets::Full => Show::Answer,
            Secrets::Redact => Show::AnswerRedacted,
        }
    }

    /// How often one source may refresh for one username.
    #[must_use]
    pub fn refresh_limit(&self) -> Option<RefreshLimit> {
        let per_minute = NonZeroU32::new(self.refresh.per_minute)?;
        Some(RefreshLimit::new(self.refresh.burst, per_minute))
    }

    /// Whether tokens of the local signing key are accepted.
    ///
    /// # Errors
    /// [`SettingsError::LocalTokens`] where that was not decided, the address is not loopback, and nobody else's tokens are accepted;
    /// [`SettingsError::FixedTokens`] where only the table's would be.
    pub fn accepts_local_tokens(&self) -> Result<bool, SettingsError> {
        let others = !self.issuers.is_empty() || !self.sessions.is_empty();
        match self.tokens.local {
            Some(true) => Ok(true),
            None if self.listen.ip().is_loopback() => Ok(true),
            None if !others => Err(SettingsError::LocalTokens(self.listen)),
            _ if !self.tokens.fixed.is_empty() => Err(SettingsError::FixedTokens),
            _ => Ok(false),
        }
    }
}

impl LimitSettings {
    fn over(self, limits: Limits) -> Limits {
        let set = |limits: Limits, (kind, limit): (DeviceKind, Option<usize>)| match limit {
            Some(limit) => limits.with(kind, limit),
            None => limits,
        };
        let own = [self.oath, self.push, self.webauthn, self.binding, self.profile, self.trusted];
        DeviceKind::ALL.into_iter().zip(own).fold(limits, set)
    }
}
