//! Randomness that is the same on every machine and in every version: the stream of ChaCha8, one for each user.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};

/// What a user is drawn from.
#[derive(Debug)]
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a user. Users do not share one, so that none depends on how many numbers the one before drew.
    pub(super) fn of(seed: u64, number: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(number);
        Self(stream)
    }

    /// A number below `end`. The upper half of the product rather than a library's range, which may be drawn otherwise in its next version.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(end)) >> 32) as u32
    }

    /// A number from `from` up to but not including `end`.
    pub(super) fn between(&mut self, from: u64, end: u64) -> u64 {
        let range = u128::from(end.saturating_sub(from));
        from + ((u128::from(self.0.next_u64()) * range) >> 64) as u64
    }

    /// One of them.
    pub(super) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        let count = u32::try_from(choices.len()).unwrap_or(u32::MAX);
        choices[self.below(count) as usize].clone()
    }

    /// Whether one of `of` cases is this one.
    pub(super) fn one_in(&mut self, of: u32) -> bool {
        self.below(of) == 0
    }

    pub(super) fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// So many random bytes in Base64, with padding.
    pub(super) fn base64(&mut self, bytes: usize) -> String {
        self.encoded(bytes, &STANDARD)
    }

    /// So many random bytes in Base64 for URLs, without padding.
    pub(super) fn base64url(&mut self, bytes: usize) -> String {
        self.encoded(bytes, &URL_SAFE_NO_PAD)
    }

    fn encoded(&mut self, bytes: usize, engine: &GeneralPurpose) -> String {
        /// Bytes of the longest value, the modulus of an RSA key.
        const BYTES_MAX: usize = 256;
        engine.encode(&self.bytes::<BYTES_MAX>()[..bytes.min(BYTES_MAX)])
    }

    /// So many characters of an alphabet.
    pub(super) fn text(&mut self, alphabet: &[u8], chars: usize) -> String {
        (0..chars).map(|_| char::from(self.pick(alphabet))).collect()
    }

    /// So many digits in base 16.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        self.text(b"0123456789abcdef", digits)
    }

    /// A random UUID, in small letters.
    pub(super) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().hyphenated().to_string()
    }
}
