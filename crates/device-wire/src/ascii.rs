//! Splitting at a character of ASCII: of a request's few short parts, [`str::split`] makes a search for text each.

/// The parts of a text between occurrences of an ASCII character, one more than there are of it.
pub(crate) fn split(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || match split_once(rest?, at) {
        Some((part, after)) => {
            rest = Some(after);
            Some(part)
        }
        None => rest.take(),
    })
}

/// What is before and after the first occurrence of an ASCII character.
pub(crate) fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    debug_assert!(at.is_ascii());
    let place = text.bytes().position(|byte| byte == at)?;
    Some((&text[..place], &text[place + 1..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_splits_as_the_standard_library_does(text in "[/aé\u{10348}]{0,12}") {
            prop_assert_eq!(split_once(&text, b'/'), text.split_once('/'));
            prop_assert_eq!(
                split(&text, b'/').collect::<Vec<_>>(),
                text.split('/').collect::<Vec<_>>()
            );
        }
    }
}
