//! The examples against the documents themselves, where those lie beside the project. They are no part of it.

use std::fs;
use std::path::Path;

use super::DOCUMENTS;

/// Where the documents are, seen from the workspace.
const FOLDER: &str = "../shared/seeds";

fn without_blanks(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

#[test]
fn no_example_is_missing() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Ok(folder) = fs::read_dir(workspace.join(FOLDER)) else { return };
    let mut pages: Vec<String> =
        folder.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(pages.len(), DOCUMENTS.len());
    for document in DOCUMENTS {
        let has_all = |page: &String| {
            let page = without_blanks(page);
            document.examples.iter().all(|example| page.contains(&without_blanks(example.text)))
        };
        let page = pages.iter().position(has_all);
        let page = page.unwrap_or_else(|| panic!("no page has the examples of {}", document.of));
        let examples = pages.swap_remove(page).matches("$ curl").count();
        assert_eq!(document.examples.len(), examples, "{}", document.of);
        let numbers: Vec<u8> = document.examples.iter().map(|example| example.number).collect();
        assert_eq!(
            numbers,
            (1..=numbers.len()).map(|number| u8::try_from(number).unwrap()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn there_are_as_many_examples_as_said() {
    assert_eq!(DOCUMENTS.map(|document| document.examples.len()), [6, 5, 5, 4]);
}
