//! Private RSA keys from files: PEM (any number of keys) or DER, PKCS#8 or PKCS#1.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rsa::{KeyPair, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::limits::KEY_FILE_BYTES_MAX;

/// Why a file gives no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error(transparent)]
    Input(#[from] io::Error),
    /// It has more than [`KEY_FILE_BYTES_MAX`] bytes.
    #[error("larger than {KEY_FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// Neither PEM nor DER, or encrypted, or a certificate.
    #[error(
        "has no private key in PEM or DER that is not encrypted itself (`openssl pkcs8`, `openssl pkcs12 -nodes` make one)"
    )]
    NoKey,
    /// A key of another kind, too small, or damaged.
    #[error("a private key in it is not RSA of 2048 to 8192 bits: {0}")]
    Refused(String),
}

/// Reads the keys of a file.
///
/// # Errors
/// A [`KeyFileError`].
pub fn read(path: &Path) -> Result<Vec<Pkcs1PrivateDecryptingKey>, KeyFileError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES_MAX + 1));
    File::open(path)?.take(KEY_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::TooLarge);
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<Vec<Pkcs1PrivateDecryptingKey>, KeyFileError> {
    let keys: Vec<PrivateKeyDer<'_>> = match PrivateKeyDer::try_from(bytes) {
        Ok(key) => vec![key],
        Err(_) => PrivateKeyDer::pem_slice_iter(bytes)
            .collect::<Result<_, _>>()
            .map_err(|_| KeyFileError::NoKey)?,
    };
    if keys.is_empty() {
        return Err(KeyFileError::NoKey);
    }
    keys.iter().map(decrypting).collect()
}

fn decrypting(key: &PrivateKeyDer<'_>) -> Result<Pkcs1PrivateDecryptingKey, KeyFileError> {
    let refused = |error: KeyRejected| KeyFileError::Refused(error.to_string());
    let unspecified = |_| KeyFileError::Refused("it cannot decrypt".to_owned());
    let key = match key {
        PrivateKeyDer::Pkcs8(der) => PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(der) => {
            let pair = KeyPair::from_der(der.secret_pkcs1_der()).map_err(refused)?;
            let der: Pkcs8V1Der<'_> = pair.as_der().map_err(unspecified)?;
            PrivateDecryptingKey::from_pkcs8(der.as_ref())
        }
        _ => return Err(KeyFileError::Refused("it is for elliptic curves".to_owned())),
    };
    Pkcs1PrivateDecryptingKey::new(key.map_err(refused)?).map_err(unspecified)
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::PrivatePkcs8KeyDer;

    use super::*;

    const PEM: &str = include_str!("../../tests/suite/ldif/key.pem");

    /// PKCS#8 ends with PKCS#1: behind 26 bytes, for a key of 2,048 bits.
    const PKCS8_HEAD_BYTES: usize = 26;

    #[test]
    fn every_form_of_a_key() {
        let pkcs8 = PrivatePkcs8KeyDer::from_pem_slice(PEM.as_bytes()).unwrap();
        let pkcs8 = pkcs8.secret_pkcs8_der();
        for der in [pkcs8, &pkcs8[PKCS8_HEAD_BYTES..]] {
            assert_eq!(parse(der).unwrap()[0].key_size_bits(), 2048);
        }
        let base64 = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            &pkcs8[PKCS8_HEAD_BYTES..],
        );
        let begin = "-----BEGIN RSA PRIVATE KEY-----";
        let pkcs1 = format!("{begin}\n{base64}\n{}\n", begin.replace("BEGIN", "END"));
        let both = format!("a comment\n{pkcs1}\n{PEM}");
        assert_eq!(parse(pkcs1.as_bytes()).unwrap().len(), 1);
        assert_eq!(parse(both.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn what_gives_no_key() {
        let encrypted = PEM.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let cut = &PEM[..PEM.len() / 2];
        for bytes in ["", "nothing", &encrypted, cut, "-----BEGIN CERTIFICATE-----"] {
            assert!(matches!(parse(bytes.as_bytes()), Err(KeyFileError::NoKey)), "{bytes}");
        }
    }
}
