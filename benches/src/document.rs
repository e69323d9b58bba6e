//! Tables in documents, between two markers.

const BEGIN: &str = "<!-- table: begin -->";
const END: &str = "<!-- table: end -->";

/// The text with everything between the markers replaced.
///
/// # Errors
/// If a marker is missing: which one, in a sentence.
pub fn replaced(text: &str, table: &str) -> Result<String, String> {
    let (before, rest) = text.split_once(BEGIN).ok_or("the file has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("the place for the table has no end")?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

/// A time as tables show it.
#[must_use]
pub fn time(nanoseconds: f64) -> String {
    if nanoseconds < 1e3 {
        format!("{nanoseconds:.0} ns")
    } else if nanoseconds < 1e5 {
        format!("{:.2} us", nanoseconds / 1e3)
    } else {
        format!("{:.0} us", nanoseconds / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_changes() {
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = replaced(&text, "new").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\nnew\n{END}\nafter\n"));
        assert!(replaced("no markers", "new").is_err());
    }
}
