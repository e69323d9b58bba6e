//! Makes the table of `README.md` out of the rounds of `scripts/bench`.
//!
//! `bench-table README MACHINE ROUND...`: the file whose table is replaced (`-` only prints it), a line that says what it ran on, and one folder a round.

mod table;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use devreg_benches::document::replaced;
use devreg_benches::figures::read_round;

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
