//! The local signing key: what `devreg token` signs with and `devreg serve` accepts, until an issuer is configured.
//!
//! A file in the data folder that only its owner may read. Tokens are JWTs (RFC 7519) signed with HS256, of type `at+jwt` (RFC 9068), so that neither an ID token
//! nor a phone's refresh message passes for one.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use device_core::{Realm, UserId};
use device_registry::{Surroundings, System};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// The file in the data folder.
const FILE: &str = "signing-key";
/// Bytes of the key: as many as the hash has.
const KEY_BYTES: usize = 32;
const TYPE: &str = "at+jwt";
/// The issuer its tokens name.
pub const ISSUER: &str = "devreg-local";
/// The scope that makes an administrator, as in Advanced Identity Cloud.
pub const ADMINISTRATOR_SCOPE: &str = "fr:am:*";

/// The key, with which tokens are made and checked.
pub struct SigningKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SigningKey(***)")
    }
}

/// What a local token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who: a user's `_id`, or an administrator's name.
    pub sub: String,
    /// In which realm.
    pub realm: String,
    /// With [`ADMINISTRATOR_SCOPE`] an administrator of the realm, else the user itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// How the user logged in, by names of kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    iss: String,
    iat: u64,
    /// Until when, in seconds since 1970.
    pub exp: u64,
}

/// For whom a token is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An administrator of the realm.
    Administrator,
    /// A user of the realm.
    User(UserId),
}

impl SigningKey {
    /// Reads the key of a data folder; makes folder and key if there are none.
    ///
    /// # Errors
    /// Whatever the file system says; `InvalidData` for a file that is not a key.
    pub fn open_or_create(data: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(data)?;
        let path = data.join(FILE);
        match fs::File::open(&path) {
            Ok(file) => Self::read(&file, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(data, &path)?;
                Self::read(&fs::File::open(&path)?, &path)
            }
            Err(error) => Err(error),
        }
    }

    fn read(file: &fs::File, path: &Path) -> io::Result<Self> {
        let mut key = Vec::new();
        file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
        if key.len() != KEY_BYTES {
            let text = format!(
                "{} is not a signing key; delete it to have a new one made",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Self::from_bytes(&key))
    }

    fn from_bytes(key: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(key), decoding: DecodingKey::from_secret(key) }
    }

    /// Makes a token that is valid from now for `ttl`.
    ///
    /// # Errors
    /// What the library says; there is no known way.
    pub fn sign(
        &self,
        realm: &Realm,
        subject: &Subject,
        amr: &[String],
        ttl: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = System.now_ms() / 1000;
        let (sub, scope) = match subject {
            Subject::Administrator => ("administrator", ADMINISTRATOR_SCOPE),
            Subject::User(user_id) => (user_id.as_str(), ""),
        };
        let claims = Claims {
            sub: sub.into(),
            realm: realm.as_str().into(),
            scope: scope.into(),
            amr: amr.to_vec(),
            iss: ISSUER.into(),
            iat: now,
            exp: now.saturating_add(ttl.as_secs()),
        };
        let header = Header { typ: Some(TYPE.into()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
    }

    /// The claims of a token this key has signed and that has not expired.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        let token = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?;
        // Extensions that must be understood are not (RFC 7515, 4.1.11); the library leaves that to its callers.
        let understood = token.header.crit.is_none();
        (understood && token.header.typ.as_deref() == Some(TYPE)).then_some(token.claims)
    }
}

/// Makes a key file. A server and a `token` command that start at once must end up with one key, and neither may read half of one: the key is
/// written aside and linked to its name, which fails if somebody was faster.
fn create(data: &Path, path: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    #[expect(
        clippy::disallowed_methods,
        reason = "a key must be secret: it has no source but this, and no fallback"
    )]
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let aside = data.join(format!("{FILE}.{:032x}", System.random()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::File::open(data)?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_first_the_key_is_one() {
        let data = tempfile::tempdir().unwrap();
        let realm = Realm::top();
        let tokens: Vec<String> = std::thread::scope(|scope| {
            let open = || {
                let key = SigningKey::open_or_create(data.path()).unwrap();
                key.sign(&realm, &Subject::Administrator, &[], Duration::from_secs(60)).unwrap()
            };
            let openers: Vec<_> = (0..16).map(|_| scope.spawn(open)).collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        let key = SigningKey::open_or_create(data.path()).unwrap();
        assert!(tokens.iter().all(|token| key.verify(token).is_some()));
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
