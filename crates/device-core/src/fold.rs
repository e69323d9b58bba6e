//! How two names are compared: Unicode *simple case folding* (statuses C and S of `CaseFolding.txt`), no normalisation.
//!
//! Directories match names without regard to case, so keys and the question "is the caller this user" must too, and both
//! must agree: this is the only function that folds. Simple folding maps one character to one character, so a folded
//! name never grows; its surprises are those of Unicode: the Kelvin sign (U+212A) folds to `k`, `ß` stays `ß`
//! while `ẞ` becomes `ß`, and `İ` (U+0130) has no simple folding at all.

use std::borrow::Cow;

/// The version of the Unicode table that [`fold`] uses. Stores record it: names folded with another table would not be found.
pub const UNICODE_VERSION: (u64, u64, u64) = unicode_case_mapping::UNICODE_VERSION;

/// Folds `name` for matching. Borrows where nothing changes, which is the usual case.
#[must_use]
pub fn fold(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        // All bytes, many at a time, rather than one by one up to the first.
        if name.bytes().fold(false, |found, byte| found | byte.is_ascii_uppercase()) {
            return Cow::Owned(name.to_ascii_lowercase());
        }
        return Cow::Borrowed(name);
    }
    if name.chars().all(|character| fold_char(character) == character) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().map(fold_char).collect())
}

/// Whether two names are the same user, realm alias or host by [`fold`].
#[must_use]
pub fn same(left: &str, right: &str) -> bool {
    left == right || left.chars().map(fold_char).eq(right.chars().map(fold_char))
}

fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(character)
        .and_then(|code| char::from_u32(code.get()))
        .unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_pinned_one() {
        assert_eq!(
            UNICODE_VERSION,
            (16, 0, 0),
            "a new table needs a new store format: names would not be found"
        );
    }

    #[test]
    fn surprises_stay_as_they_are() {
        for (given, folded) in [
            ("BJensen", "bjensen"),
            ("\u{212a}elvin", "kelvin"),
            ("STRASSE", "strasse"),
            ("Straße", "straße"),
            ("STRAẞE", "straße"),
            ("\u{130}stanbul", "\u{130}stanbul"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("e\u{301}", "e\u{301}"),
            ("É", "é"),
        ] {
            assert_eq!(fold(given), folded, "{given}");
            assert!(same(given, folded));
        }
        assert!(!same("e\u{301}", "é"), "no normalisation");
    }

    proptest::proptest! {
        #[test]
        fn folding_is_idempotent_and_agrees_with_same(left in "\\PC{0,12}", right in "\\PC{0,12}") {
            let once = fold(&left).into_owned();
            proptest::prop_assert_eq!(fold(&once), once.as_str());
            proptest::prop_assert!(same(&left, &once));
            proptest::prop_assert_eq!(same(&left, &right), fold(&left) == fold(&right));
        }
    }
}
