//! `_prettyPrint`: JSON that is easy to read.

/// The JSON text with a line for each member and element. Names, texts and numbers stay as they are written.
#[must_use]
pub fn pretty(json: &str) -> String {
    let mut out = String::with_capacity(2 * json.len());
    let mut depth = 0_usize;
    let (mut in_string, mut escaped) = (false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                // What is empty stays on its line.
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    push_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                push_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                push_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = character == '"';
                out.push(character);
            }
        }
    }
    out
}

fn push_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn only_the_space_between_changes() {
        let text = r#"{"a":[],"b":{"c":[1.50,"x,\"{:"],"d":null},"e":{}}"#;
        let expected = "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1.50,\n      \"x,\\\"{:\"\n    ],\n    \"d\": null\n  },\n  \"e\": {}\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(""), "");
    }
}
