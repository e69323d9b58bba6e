//! The configured realms and the ways a URL may spell them.
//!
//! Sources: `decisions.md` (Realms), `clients.md` 0.1 and 2.1 (all of these spellings are produced by real clients), `am-behaviour.md` 1.1.

use std::collections::BTreeMap;

use device_core::{Realm, RealmError, fold};

/// Names of endpoints: a realm called so could not be told from them in the legacy spelling. The list is AM's.
const RESERVED: [&str; 41] = [
    "agents",
    "api",
    "applications",
    "applicationtypes",
    "authenticate",
    "cache",
    "conditiontypes",
    "dashboard",
    "decisioncombiners",
    "docs",
    "email",
    "global-audit",
    "global-config",
    "groups",
    "health",
    "metrics",
    "policies",
    "push",
    "realm-audit",
    "realm-config",
    "realms",
    "records",
    "resourcetypes",
    "root",
    "scripts",
    "selfservice",
    "serverinfo",
    "sessions",
    "subjectattributes",
    "subjecttypes",
    "things",
    "timetravel",
    "token",
    "tokens",
    "users",
    "json",
    "am",
    "openam",
    "oauth2",
    "ui",
    "devices",
];

/// The realms this server knows, by path, alias and host name.
#[derive(Debug, Clone, Default)]
pub struct Realms {
    by_path: BTreeMap<Realm, ()>,
    by_name: BTreeMap<String, Vec<Realm>>,
    by_host: BTreeMap<String, Realm>,
}

/// Why a realm cannot be configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RealmsError {
    /// Its path is not one.
    #[error("realm `{0}`: {1}")]
    Path(String, RealmError),
    /// It, or an alias, has the name of an endpoint.
    #[error("realm `{0}`: `{1}` is the name of an endpoint")]
    Reserved(String, String),
    /// Another realm has the host name.
    #[error("host name `{0}` belongs to two realms")]
    HostTwice(String),
}

/// The part of a URL that named no realm we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRealm(pub String);

impl Realms {
    /// Adds a realm with its aliases and host names.
    ///
    /// # Errors
    /// [`RealmsError`].
    pub fn add(
        &mut self,
        path: &str,
        aliases: &[String],
        hosts: &[String],
    ) -> Result<(), RealmsError> {
        let realm = Realm::parse(path).map_err(|error| RealmsError::Path(path.into(), error))?;
        for name in realm.names().chain(aliases.iter().map(String::as_str)) {
            if RESERVED.contains(&fold::fold(name).as_ref()) {
                return Err(RealmsError::Reserved(path.into(), name.into()));
            }
        }
        for name in realm.names().last().into_iter().chain(aliases.iter().map(String::as_str)) {
            let named = self.by_name.entry(name.to_owned()).or_default();
            if !named.contains(&realm) {
                named.push(realm.clone());
            }
        }
        for host in hosts {
            if self
                .by_host
                .insert(host.to_ascii_lowercase(), realm.clone())
                .is_some_and(|other| other != realm)
            {
                return Err(RealmsError::HostTwice(host.clone()));
            }
        }
        self.by_path.insert(realm, ());
        Ok(())
    }

    /// All realms, in tree order of their paths.
    pub fn all(&self) -> impl Iterator<Item = &Realm> {
        self.by_path.keys()
    }

    /// Whether the realm is configured.
    #[must_use]
    pub fn contains(&self, realm: &Realm) -> bool {
        self.by_path.contains_key(realm)
    }

    /// Takes the realm off the front of the decoded path segments after `json`, and gives it with how many segments it took.
    ///
    /// `is_resource` says of a segment whether a resource starts there; such a name is never a realm.
    ///
    /// # Errors
    /// [`UnknownRealm`] with the name as it stands in the URL.
    pub fn take(
        &self,
        segments: &[impl AsRef<str>],
        host: Option<&str>,
        is_resource: impl Fn(&str) -> bool,
    ) -> Result<(Realm, usize), UnknownRealm> {
        let mut realm = None;
        let mut at = 0;
        let segment = |at: usize| segments.get(at).map(AsRef::as_ref);
        while segment(at) == Some("realms") {
            let Some(name) = segment(at + 1) else { return Err(UnknownRealm(String::new())) };
            // One percent-encoded segment may hold a whole path: `root%2Frealms%2Falpha`.
            let mut parts =
                name.split('/').filter(|part| !part.is_empty() && *part != "realms").peekable();
            if parts.peek().is_none() {
                return Err(UnknownRealm(name.into()));
            }
            for part in parts {
                realm = Some(
                    self.below(realm.as_ref(), part).ok_or_else(|| UnknownRealm(name.into()))?,
                );
            }
            at += 2;
        }
        if let Some(realm) = realm {
            return Ok((realm, at));
        }
        // The legacy spelling: leading names are realms as long as they are known.
        while let Some(name) = segment(at).filter(|name| !is_resource(name)) {
            let Some(next) = self.below(realm.as_ref(), name) else { break };
            realm = Some(next);
            at += 1;
        }
        let realm = match (realm, segment(at)) {
            (Some(realm), _) => realm,
            (None, Some(name)) if !is_resource(name) => return Err(UnknownRealm(name.into())),
            _ => self.of_host(host),
        };
        Ok((realm, at))
    }

    /// The realm called `name`: any by name or alias if it comes first, else a child.
    fn below(&self, parent: Option<&Realm>, name: &str) -> Option<Realm> {
        if name.eq_ignore_ascii_case("root") && parent.is_none_or(|parent| *parent == Realm::top())
        {
            return Some(Realm::top());
        }
        if let Some(parent) = parent {
            let path = [parent.as_str().trim_end_matches('/'), "/", name].concat();
            let known = self.by_path.get_key_value(path.as_str()).filter(|_| !name.contains('/'));
            return known.map(|(realm, ())| realm.clone());
        }
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([only]) => Some(only.clone()),
            _ => None,
        }
    }

    /// The realm of a request that names none: its host's, else the top level.
    fn of_host(&self, host: Option<&str>) -> Realm {
        let name = host.map(|host| {
            let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
            // The colons of an IPv6 address stand in brackets.
            let name = if port.ends_with(']') { host } else { name };
            name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
        });
        name.and_then(|name| self.by_host.get(&name)).cloned().unwrap_or_else(Realm::top)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realms() -> Realms {
        let mut realms = Realms::default();
        realms.add("/", &[], &[]).unwrap();
        realms.add("/alpha", &["a1".into()], &["alpha.example.com".into()]).unwrap();
        realms.add("/customers", &[], &["[::1]".into()]).unwrap();
        realms.add("/customers/europe", &[], &[]).unwrap();
        realms.add("/customers/europe/north", &[], &[]).unwrap();
        realms.add("/partners", &[], &[]).unwrap();
        realms.add("/partners/europe", &["eu".into()], &[]).unwrap();
        realms
    }

    fn take(path: &str) -> Result<(String, usize), String> {
        let segments: Vec<String> =
            path.split(' ').filter(|part| !part.is_empty()).map(Into::into).collect();
        let answer = realms().take(&segments, Some("other.example.com:8443"), |name| {
            matches!(name, "users" | "push")
        });
        answer.map(|(realm, taken)| (realm.as_str().into(), taken)).map_err(|unknown| unknown.0)
    }

    #[test]
    fn every_spelling_of_the_clients() {
        for (path, realm, taken) in [
            ("realms root users", "/", 2),
            ("realms ROOT users", "/", 2),
            ("realms root realms alpha users", "/alpha", 4),
            ("realms root realms root realms alpha users", "/alpha", 6),
            ("realms root realms customers realms europe users", "/customers/europe", 6),
            ("realms alpha users", "/alpha", 2),
            ("realms a1 users", "/alpha", 2),
            ("realms eu users", "/partners/europe", 2),
            ("realms root/realms/alpha users", "/alpha", 2),
            ("realms /customers/europe users", "/customers/europe", 2),
            ("alpha push", "/alpha", 1),
            ("customers europe users", "/customers/europe", 2),
            ("customers europe/north users", "/customers", 1),
            ("users", "/", 0),
            ("push", "/", 0),
            ("", "/", 0),
        ] {
            assert_eq!(take(path), Ok((realm.into(), taken)), "{path}");
        }
    }

    #[test]
    fn unknown_and_ambiguous_realms_are_refused() {
        for (path, name) in [
            ("realms nowhere users", "nowhere"),
            ("realms europe users", "europe"),
            ("realms root realms europe users", "europe"),
            ("realms alpha realms root users", "root"),
            ("realms Alpha users", "Alpha"),
            ("realms .. users", ".."),
            ("realms realms users", "realms"),
            ("realms alpha realms / users", "/"),
            ("nowhere users", "nowhere"),
            ("realms", ""),
        ] {
            assert_eq!(take(path), Err(name.into()), "{path}");
        }
    }

    #[test]
    fn hosts_decide_where_the_path_does_not() {
        let host = |host| realms().take(&["users"], Some(host), |name| name == "users").unwrap().0;
        assert_eq!(host("ALPHA.example.com:8443").as_str(), "/alpha");
        assert_eq!(host("alpha.example.com").as_str(), "/alpha");
        assert_eq!(host("alpha.example.com.").as_str(), "/alpha");
        assert_eq!(host("[::1]").as_str(), "/customers");
        assert_eq!(host("[::1]:8443").as_str(), "/customers");
        assert_eq!(host("elsewhere").as_str(), "/");
    }

    #[test]
    fn names_of_endpoints_are_refused() {
        let add = |path: &str, alias: &str| Realms::default().add(path, &[alias.to_owned()], &[]);
        assert!(matches!(add("/users", "x"), Err(RealmsError::Reserved(..))));
        assert!(matches!(add("/x", "Push"), Err(RealmsError::Reserved(..))));
        assert!(matches!(add("x", "y"), Err(RealmsError::Path(..))));
    }
}
