//! Device profiles that PingAM has encrypted: compact JWE (RFC 7516), `RSA1_5` with `A128CBC-HS256` or `A256CBC-HS512` (RFC 7518, 4.2 and 5.2).
//!
//! RSA1_5 can give away what it decrypts to whoever may ask often and measure. Here nobody asks: a person decrypts an own file, and
//! which of the checks failed is not told.

use std::borrow::Cow;

use aws_lc_rs::cipher::{
    AES_128, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::Pkcs1PrivateDecryptingKey;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

/// The private keys that open what is encrypted.
#[derive(Debug, Default)]
pub struct Keys(Vec<Pkcs1PrivateDecryptingKey>);

/// Why a value is not the profile of a device. Never quotes the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAProfile {
    /// Neither of the two encodings.
    #[error("neither JSON nor an encrypted profile (JWE)")]
    Neither,
    /// Not five parts in base64url with a header of JSON.
    #[error("an encrypted profile (JWE) that is not whole")]
    NotWhole,
    /// Encrypted in another way.
    #[error("encrypted otherwise than with RSA1_5 and A128CBC-HS256 or A256CBC-HS512")]
    Otherwise,
    /// There are no keys.
    #[error("encrypted, and no key was given (--jwe-key)")]
    NoKeys,
    /// None of the keys fits, or what is encrypted was changed.
    #[error("encrypted for another key than those given (--jwe-key), or damaged")]
    NoKeyFits,
}

impl Keys {
    /// These keys, which are tried in their order.
    #[must_use]
    pub fn new(keys: Vec<Pkcs1PrivateDecryptingKey>) -> Self {
        Self(keys)
    }

    /// The JSON text of a value. Which encoding it has is known by its beginning.
    ///
    /// # Errors
    /// A [`NotAProfile`].
    pub fn profile(&self, value: &str) -> Result<Zeroizing<String>, NotAProfile> {
        if value.starts_with('{') {
            return Ok(Zeroizing::new(value.to_owned()));
        }
        // Base64url of `{"`: a header of JSON.
        if !value.starts_with("eyJ") {
            return Err(NotAProfile::Neither);
        }
        let plaintext = self.open(&Jwe::parse(value)?)?;
        // Its own tag says that this is what was encrypted.
        let text = std::str::from_utf8(&plaintext).map_err(|_| NotAProfile::Neither)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn open(&self, jwe: &Jwe<'_>) -> Result<Zeroizing<Vec<u8>>, NotAProfile> {
        if self.0.is_empty() {
            return Err(NotAProfile::NoKeys);
        }
        let opened = self.0.iter().find_map(|key| {
            let mut room = Zeroizing::new(vec![0; key.min_output_size()]);
            let content_key = key.decrypt(&jwe.encrypted_key, &mut room).ok()?;
            jwe.open(content_key)
        });
        opened.ok_or(NotAProfile::NoKeyFits)
    }
}

/// The two ways to encrypt a content: its key is two halves, one for the tag and one for AES.
struct Encryption {
    half_bytes: usize,
    tag: hmac::Algorithm,
    cipher: &'static Algorithm,
}

/// A compact JWE, taken apart.
struct Jwe<'a> {
    encryption: Encryption,
    /// The header as it was sent, which the tag covers.
    header: &'a str,
    encrypted_key: Vec<u8>,
    vector: [u8; VECTOR_BYTES],
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

/// Bytes of an initialization vector of AES.
const VECTOR_BYTES: usize = 16;

/// What decides how to open it. Anything that would change that must not be passed over.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    enc: Cow<'a, str>,
    zip: Option<IgnoredAny>,
    crit: Option<IgnoredAny>,
}

impl Encryption {
    fn of(header: &Header<'_>) -> Option<Self> {
        if header.alg != "RSA1_5" || header.zip.is_some() || header.crit.is_some() {
            return None;
        }
        match &*header.enc {
            "A128CBC-HS256" => {
                Some(Self { half_bytes: 16, tag: hmac::HMAC_SHA256, cipher: &AES_128 })
            }
            "A256CBC-HS512" => {
                Some(Self { half_bytes: 32, tag: hmac::HMAC_SHA512, cipher: &AES_256 })
            }
            _ => None,
        }
    }
}

impl<'a> Jwe<'a> {
    fn parse(compact: &'a str) -> Result<Self, NotAProfile> {
        let parts: Vec<&str> = compact.splitn(6, '.').collect();
        let &[header, key, vector, ciphertext, tag] = &parts[..] else {
            return Err(NotAProfile::NotWhole);
        };
        let bytes = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| NotAProfile::NotWhole);
        let decoded = bytes(header)?;
        let parsed: Header<'_> =
            serde_json::from_slice(&decoded).map_err(|_| NotAProfile::NotWhole)?;
        let encryption = Encryption::of(&parsed).ok_or(NotAProfile::Otherwise)?;
        Ok(Self {
            encryption,
            header,
            encrypted_key: bytes(key)?,
            vector: bytes(vector)?.try_into().map_err(|_| NotAProfile::NotWhole)?,
            ciphertext: bytes(ciphertext)?,
            tag: bytes(tag)?,
        })
    }

    /// Checks the tag, and only then decrypts. `None` whatever is wrong.
    fn open(&self, content_key: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let Encryption { half_bytes, tag, cipher } = self.encryption;
        if content_key.len() != 2 * half_bytes {
            return None;
        }
        let (tag_key, cipher_key) = content_key.split_at(half_bytes);
        let mut signed = hmac::Context::with_key(&hmac::Key::new(tag, tag_key));
        let header_bits = u64::try_from(self.header.len()).ok()? * 8;
        for part in
            [self.header.as_bytes(), &self.vector, &self.ciphertext, &header_bits.to_be_bytes()]
        {
            signed.update(part);
        }
        verify_slices_are_equal(&signed.sign().as_ref()[..half_bytes], &self.tag).ok()?;
        let key = UnboundCipherKey::new(cipher, cipher_key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let mut text = Zeroizing::new(self.ciphertext.clone());
        let context = DecryptionContext::Iv128(FixedLength::from(self.vector));
        let length = key.decrypt(&mut text, context).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

#[cfg(test)]
mod tests;
