//! Makes the table of `README.md` out of the rounds of `scripts/bench`.
//!
//! `bench-table README MACHINE ROUND...`: the file whose table is replaced (`-` only prints it), a line that says what it ran on, and one folder a round.

mod table;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use devreg_benches::figures::read_round;

const BEGIN: &str = "<!-- table: begin -->";
const END: &str = "<!-- table: end -->";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [readme, machine, rounds @ ..] = arguments.as_slice() else {
        return Err("usage: bench-table README MACHINE ROUND...".into());
    };
    let rounds = rounds.iter().map(|folder| read_round(Path::new(folder)));
    let rounds = rounds.collect::<Result<Vec<_>, _>>()?;
    let table = format!("{machine}\n\n{}", table::markdown(&table::rows(&rounds)));
    println!("{table}");
    if readme != "-" {
        fs::write(readme, replaced(&fs::read_to_string(readme)?, &table)?)?;
    }
    Ok(())
}

/// The text with everything between the markers replaced.
fn replaced(text: &str, table: &str) -> Result<String, Box<dyn Error>> {
    let (before, rest) = text.split_once(BEGIN).ok_or("the file has no place for the table")?;
    let (_, after) = rest.split_once(END).ok_or("the place for the table has no end")?;
    Ok(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
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
