//! The parts of a compact JWS: Base64 with the letters of URLs and no padding (RFC 7515, section 2).

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

/// Bytes of a part that are read where they are needed; claims with a push token have some 300. More take an allocation.
const BYTES_USUAL: usize = 512;

/// Where a part is read to.
pub(super) struct Room {
    usual: [u8; BYTES_USUAL],
    large: Vec<u8>,
}

impl Default for Room {
    fn default() -> Self {
        Self { usual: [0; BYTES_USUAL], large: Vec::new() }
    }
}

/// Takes 32 letters at a time where the processor can (AVX2, NEON): 14 % fewer instructions of a refresh (`benches/README.md`).
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static LETTERS: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::url_safe(NO_PAD));

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static LETTERS: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// The bytes of a part. `None` if it is not Base64 as it should be: with padding, of other letters, or with bits left over that are not 0.
pub(super) fn decode<'a>(part: &str, room: &'a mut Room) -> Option<&'a [u8]> {
    let bytes_max = base64::decoded_len_estimate(part.len());
    let room = if bytes_max <= BYTES_USUAL {
        room.usual.as_mut_slice()
    } else {
        room.large.resize(bytes_max, 0);
        &mut room.large
    };
    let bytes = LETTERS.decode_slice(part, room).ok()?;
    Some(&room[..bytes])
}

/// The bytes of a part that has exactly `BYTES`. `None` if it has not, or is not Base64.
pub(super) fn decode_all<const BYTES: usize>(part: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    (LETTERS.decode_slice(part, &mut bytes) == Ok(BYTES)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn check(part: &str) {
        let expected = URL_SAFE_NO_PAD.decode(part).ok();
        // What an earlier part has left is not seen.
        let mut room = Room { usual: [7; BYTES_USUAL], large: vec![7; 600] };
        assert_eq!(decode(part, &mut room), expected.as_deref(), "{part}");
        let whole: Option<[u8; 32]> = expected.and_then(|bytes| bytes.try_into().ok());
        assert_eq!(decode_all::<32>(part), whole, "{part}");
    }

    proptest! {
        #[test]
        fn parts_are_read_as_one_letter_after_the_other(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                proptest::collection::vec(any::<u8>(), 32),
                proptest::collection::vec(any::<u8>(), 500..700),
            ],
            place in any::<prop::sample::Index>(),
            letter in any::<char>(),
        ) {
            let part = URL_SAFE_NO_PAD.encode(bytes);
            check(&part);
            // With any letter in any place: most are not Base64, and some that are have bits left over.
            let mut letters: Vec<char> = part.chars().collect();
            if !letters.is_empty() {
                let place = place.index(letters.len());
                for letter in [letter, 'B', '+', '/', '=', '\n'] {
                    letters[place] = letter;
                    check(&letters.iter().collect::<String>());
                }
            }
        }
    }
}
