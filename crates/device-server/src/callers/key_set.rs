//! The keys of an issuer, from a JWK Set (RFC 7517).

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::limits::KEYS_MAX;

/// Tells one key from another: a digest of its JWK.
pub(super) type KeyId = [u8; 32];

/// One key that can check signatures.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) key: DecodingKey,
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Key({:?}, {:?})", self.kid, self.algorithms)
    }
}

/// The keys of an issuer at one time.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a JWK Set. Keys that are not for signatures, or of a kind that is not known here, are passed over, as RFC 7517 (5) asks; so are symmetric ones,
    /// which whoever reads the set could sign with.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Set<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let set: Set<'_> = serde_json::from_slice(json)?;
        Ok(Self(
            set.keys.into_iter().take(KEYS_MAX).filter_map(|key| Key::parse(key.get())).collect(),
        ))
    }

    /// The key for a signature. A token without `kid` gets the only one that fits.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| {
            key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
        });
        let first = fitting.next();
        first.filter(|_| kid.is_some() || fitting.next().is_none())
    }

    pub(super) fn contains(&self, id: &KeyId) -> bool {
        self.0.iter().any(|key| key.id == *id)
    }
}

impl Key {
    fn parse(json: &str) -> Option<Self> {
        let jwk: Jwk = serde_json::from_str(json).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature)
        {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            _ => return None,
        };
        if let Some(only) = jwk.common.key_algorithm {
            let only: Algorithm = only.to_string().parse().ok()?;
            algorithms.retain(|algorithm| *algorithm == only);
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        // Over what was read, not over the text, in which members may change places.
        let id = Sha256::digest(serde_json::to_vec(&jwk).ok()?).into();
        Some(Self { id, key, kid: jwk.common.key_id, algorithms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"keys":[
        {"kty":"RSA","kid":"r","n":"sXch","e":"AQAB"},
        {"kty":"RSA","kid":"p","alg":"PS256","n":"sXch","e":"AQAB"},
        {"kty":"RSA","kid":"enc","use":"enc","n":"sXch","e":"AQAB"},
        {"kty":"RSA","kid":"oaep","alg":"RSA-OAEP","n":"sXch","e":"AQAB"},
        {"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"OKP","kid":"o","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","kid":"x","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"oct","kid":"s","k":"c2VjcmV0"},
        {"kty":"new","kid":"n"},
        7
    ]}"#;

    #[test]
    fn each_key_checks_what_it_is_for() {
        let set = KeySet::parse(SET.as_bytes()).unwrap();
        let algorithms = [
            Algorithm::HS256,
            Algorithm::RS256,
            Algorithm::PS256,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ];
        for (kid, fits) in [
            ("r", &[Algorithm::RS256, Algorithm::PS256][..]),
            ("p", &[Algorithm::PS256]),
            ("e", &[Algorithm::ES256]),
            ("o", &[Algorithm::EdDSA]),
            ("enc", &[]),
            ("oaep", &[]),
            ("x", &[]),
            ("s", &[]),
            ("n", &[]),
            ("../../r", &[]),
            ("", &[]),
        ] {
            for algorithm in algorithms {
                let found = set.find(Some(kid), algorithm).is_some();
                assert_eq!(found, fits.contains(&algorithm), "{kid} {algorithm:?}");
            }
        }
        // Without a name, only where there is no choice.
        assert!(set.find(None, Algorithm::ES256).is_some());
        assert!(set.find(None, Algorithm::PS256).is_none());
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "{}", "[]", r#"{"keys":{}}"#, "<html>"] {
            assert!(KeySet::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(KeySet::parse(br#"{"keys":[]}"#).is_ok());
    }
}
